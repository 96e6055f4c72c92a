//! A web server of a thread for each connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// What was asked.
pub struct Question {
    /// With its query.
    pub path: String,
    pub headers: String,
    pub body: Vec<u8>,
}

/// What is answered; nothing for a service that says nothing and hangs on, and the status 0
/// for one that hangs up.
pub type Answer = Option<(u16, &'static str, Vec<u8>)>;

/// Listens and gives the address, `http://127.0.0.1:PORT`. It runs until the test ends.
pub fn serve(answer: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            // a client that goes away is none of the service's business
            std::thread::spawn(move || serve_one(&stream, &*answer));
        }
    });
    address
}

fn serve_one(stream: &TcpStream, answer: &dyn Fn(&Question) -> Answer) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        headers.push_str(&lower);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let question = Question {
        path,
        headers,
        body,
    };
    let mut stream = stream;
    match answer(&question) {
        None => {
            // until the other side gives up
            let _ = stream.read(&mut [0]);
        }
        Some((0, ..)) => {}
        Some((status, kind, body)) => {
            // of an answer that sends on, says where it lies or when to come again, the body
            // is that
            let header = match status {
                302 | 409 => Some("Location"),
                429 | 503 if !body.is_empty() => Some("Retry-After"),
                _ => None,
            };
            let (more, body) = match header {
                Some(name) => {
                    let value = String::from_utf8(body).ok()?;
                    (format!("{name}: {value}\r\n"), Vec::new())
                }
                None => (String::new(), body),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body).ok()?;
        }
    }
    Some(())
}
