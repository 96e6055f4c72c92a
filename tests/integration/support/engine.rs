//! A container engine of the test's own: a few answers on a Unix socket or a port.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use porthole::config::{Engines, Network, Retry};
use serde_json::{Value, json};

/// What is answered to a request.
#[derive(Clone)]
pub enum Answer {
    Json(u16, Value),
    Body(Vec<u8>),
    /// Says that it has more bytes than it sends.
    CutOff(Vec<u8>),
    /// As that, and then nothing more comes.
    Stall(Vec<u8>),
    /// Bytes that need not be HTTP.
    Raw(Vec<u8>),
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// An engine that runs until it is dropped.
pub struct FakeEngine {
    /// As `DOCKER_HOST` has it.
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
    socket: PathBuf,
}

type Handler = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

impl FakeEngine {
    /// Answers on a Unix socket as `handler` says to each path.
    pub fn start(handler: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let engine = Self {
            address: format!("unix://{}", socket.display()),
            requests: Arc::default(),
            stop: Arc::default(),
            _folder: folder,
            socket,
        };
        let (requests, stop) = (Arc::clone(&engine.requests), Arc::clone(&engine.stop));
        let handler: Handler = Arc::new(handler);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, requests) = (Arc::clone(&handler), Arc::clone(&requests));
                thread::spawn(move || serve(stream.unwrap(), &handler, &requests));
            }
        });
        engine
    }

    /// An engine with one image: its archive by name and by ID.
    pub fn with_image(name: &str, id: &str, archive: Vec<u8>) -> Self {
        Self::start(image(name, id, archive))
    }

    /// What was asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Settings that lead to this engine alone.
    pub fn network(&self) -> Network {
        network(Engines {
            docker_host: Some(self.address.clone()),
            ..Engines::default()
        })
    }

    pub fn socket(&self) -> PathBuf {
        self.socket.clone()
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // the loop sees it with the next connection
        let _ = UnixStream::connect(&self.socket);
    }
}

/// The answers of an engine with one image.
pub fn image(name: &str, id: &str, archive: Vec<u8>) -> impl Fn(&str) -> Answer + use<> {
    let paths = [name, id].map(|name| format!("/images/{name}"));
    let id = id.to_owned();
    let tag = name.to_owned();
    move |path| {
        let about = json!({
            "Id": id, "Size": archive.len(), "RepoTags": [tag],
            "RepoDigests": [format!("{tag}@{id}")],
        });
        match path {
            "/_ping" => ping(),
            "/images/json" => Answer::Json(200, json!([about])),
            path if paths.iter().any(|p| path == format!("{p}/json")) => Answer::Json(200, about),
            path if paths.iter().any(|p| path == format!("{p}/get")) => {
                Answer::Body(archive.clone())
            }
            _ => Answer::Json(404, json!({"message": "No such image"})),
        }
    }
}

/// What Docker answers to `/_ping`.
pub fn ping() -> Answer {
    let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nServer: Docker/28.2.2 (linux)\r\n\
                Content-Length: 2\r\nConnection: close\r\n\r\nOK";
    Answer::Raw(head.into())
}

/// Settings with these engines and short patience.
pub fn network(engines: Engines) -> Network {
    Network {
        engines,
        connect_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        retry: Retry::default(),
        ..Network::default()
    }
}

/// Answers one request on a port of this machine; gives its address.
pub fn on_port(handler: impl Fn(&str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handler: Handler = Arc::new(handler);
    // as long as the test's process
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap(), &handler, &Mutex::default());
        }
    });
    format!("tcp://127.0.0.1:{port}")
}

fn serve(mut stream: impl Read + Write, handler: &Handler, requests: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let length = head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<u64>().unwrap())
    });
    // what is sent is read, and forgotten
    let _ = std::io::copy(
        &mut (&mut stream).take(length.unwrap_or_default()),
        &mut std::io::sink(),
    );
    requests.lock().unwrap().push(path.clone());
    let reason = |status: u16| if status == 200 { "OK" } else { "Not Well" };
    let answer = match handler(&path) {
        Answer::Json(status, value) => {
            let body = value.to_string();
            let length = body.len();
            let reason = reason(status);
            format!(
                "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .into_bytes()
        }
        Answer::Body(body) => {
            // chunked, as engines stream archives
            let head =
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
            let mut answer = head.to_vec();
            for piece in body.chunks(100_000) {
                answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                answer.extend_from_slice(piece);
                answer.extend_from_slice(b"\r\n");
            }
            answer.extend_from_slice(b"0\r\n\r\n");
            answer
        }
        Answer::CutOff(body) => {
            let length = body.len() * 2 + 1;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            [head.as_bytes(), &body].concat()
        }
        Answer::Stall(body) => {
            let length = body.len() * 2 + 1;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            thread::sleep(Duration::from_secs(20));
            return;
        }
        Answer::Raw(bytes) => bytes,
        Answer::Silence => {
            thread::sleep(Duration::from_secs(20));
            return;
        }
    };
    // whoever asked may have gone
    let _ = stream.write_all(&answer);
}
