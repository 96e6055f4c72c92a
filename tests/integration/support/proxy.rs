//! A proxy before a real registry: it remembers what goes through, and breaks it on request.
//!
//! It listens on a port of its own, so what lies behind it is another registry to whoever
//! asks. It serves from a thread of its own and stops when it is dropped.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// First byte of every TLS connection.
const TLS: u8 = 0x16;

/// What goes wrong with one exchange.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not passed on; the whole answer, head and body, is this.
    Answer(String),
    /// So many bytes of the request's body are passed on; then both connections end.
    CutRequest(u64),
    /// So many bytes of the answer's body are passed on; then the connection ends.
    CutAnswer(u64),
    /// As that, and then nothing more comes.
    Stall(u64),
    /// The byte at this position of the answer's body is another one.
    Corrupt(u64),
    /// The answer comes whole, and its `Content-Length` says this; then the connection ends.
    Length(u64),
    /// The server is not told that only a part is wanted.
    IgnoreRange,
}

impl Fault {
    /// An answer of a status, a line of headers (each ended by CRLF) and a body.
    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Answer(format!(
            "HTTP/1.1 {status} Answer\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
    }
}

/// An exchange that went through.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With its query.
    pub path: String,
    /// In lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request's body.
    pub sent: u64,
    /// 0 where no head of an answer was passed on.
    pub status: u16,
    /// Bytes of the answer's body.
    pub received: u64,
}

impl Seen {
    /// The first header called `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

struct Rule {
    method: &'static str,
    path: String,
    times: usize,
    fault: Fault,
}

struct State {
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

/// A running proxy.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Proxy {
    /// One before the registry at `upstream`, which speaks plain http.
    pub fn before(upstream: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            rules: Mutex::default(),
            seen: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let serving = serve(Arc::clone(&state), listener, stop.clone());
        let thread = std::thread::spawn(move || runtime.block_on(serving));
        Self {
            address,
            state,
            stop,
            thread: Some(thread),
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `docker://127.0.0.1:PORT/NAME`.
    pub fn reference(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.address)
    }

    /// The next `times` requests of `method` whose path holds `path` go wrong. Of several
    /// faults the one given first counts until it is used up.
    pub fn fault(&self, method: &'static str, path: &str, times: usize, fault: Fault) {
        self.state.rules.lock().unwrap().push(Rule {
            method,
            path: path.to_owned(),
            times,
            fault,
        });
    }

    /// From now on everything goes through as it is.
    pub fn forget_faults(&self) {
        self.state.rules.lock().unwrap().clear();
    }

    /// How many faults have not happened yet.
    pub fn faults_left(&self) -> usize {
        let rules = self.state.rules.lock().unwrap();
        rules.iter().map(|rule| rule.times).sum()
    }

    /// What went through so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Forgets what went through.
    pub fn forget(&self) {
        self.state.seen.lock().unwrap().clear();
    }

    /// Method and path of what went through so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(state: Arc<State>, listener: std::net::TcpListener, stop: CancellationToken) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                let state = Arc::clone(&state);
                connections.spawn(async move {
                    // either side may hang up whenever it likes
                    let _ = connection(&state, stream).await;
                });
            }
        }
    }
    connections.shutdown().await;
}

struct Head {
    first: String,
    headers: Vec<(String, String)>,
    raw: Vec<u8>,
}

impl Head {
    /// Nothing where the connection ended.
    async fn read(from: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut raw = Vec::new();
        loop {
            let before = raw.len();
            if from.read_until(b'\n', &mut raw).await? == 0 {
                return Ok(None);
            }
            if &raw[before..] == b"\r\n" {
                break;
            }
        }
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(key, value)| (key.to_lowercase(), value.to_owned()));
        let headers = headers.collect();
        Ok(Some(Self {
            first,
            headers,
            raw,
        }))
    }

    fn length(&self) -> Option<u64> {
        header(&self.headers, "content-length")?.parse().ok()
    }

    fn is_chunked(&self) -> bool {
        header(&self.headers, "transfer-encoding") == Some("chunked")
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(key, _)| key == name)?;
    Some(&found.1)
}

async fn connection(state: &State, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    if stream.peek(&mut first).await? != 1 {
        return Ok(());
    }
    let mut client = BufReader::new(stream);
    if first[0] == TLS {
        let mut greeting = [0; 8192];
        let _read = client.read(&mut greeting).await?;
        let answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request";
        return client.get_mut().write_all(answer.as_bytes()).await;
    }
    let mut upstream: Option<BufReader<TcpStream>> = None;
    while let Some(head) = Head::read(&mut client).await? {
        let mut words = head.first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let position = {
            let mut seen = state.seen.lock().unwrap();
            seen.push(Seen {
                method: method.clone(),
                path: path.clone(),
                headers: head.headers.clone(),
                sent: 0,
                status: 0,
                received: 0,
            });
            seen.len() - 1
        };
        let note = |change: &dyn Fn(&mut Seen)| {
            if let Some(seen) = state.seen.lock().unwrap().get_mut(position) {
                change(seen);
            }
        };
        let fault = {
            let mut rules = state.rules.lock().unwrap();
            let rule = rules
                .iter_mut()
                .find(|rule| rule.times > 0 && rule.method == method && path.contains(&rule.path));
            rule.map(|rule| {
                rule.times -= 1;
                rule.fault.clone()
            })
        };
        if let Some(Fault::Answer(answer)) = &fault {
            let length = head.length().unwrap_or_default();
            copy(&mut client, &mut tokio::io::sink(), length).await?;
            client.get_mut().write_all(answer.as_bytes()).await?;
            let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
            note(&|seen| seen.status = status.unwrap_or_default());
            continue;
        }
        if upstream.is_none() {
            let stream = TcpStream::connect(&state.upstream).await?;
            stream.set_nodelay(true)?;
            upstream = Some(BufReader::new(stream));
        }
        let server = upstream.as_mut().unwrap();
        let asked = match fault {
            Some(Fault::IgnoreRange) => without(&head.raw, "range"),
            _ => head.raw.clone(),
        };
        server.get_mut().write_all(&asked).await?;
        let length = head.length().unwrap_or_default();
        let passed = match fault {
            Some(Fault::CutRequest(at)) => at.min(length),
            _ => length,
        };
        let sent = copy(&mut client, server.get_mut(), passed).await?;
        note(&|seen| seen.sent = sent);
        if let Some(Fault::CutRequest(_)) = fault {
            return Ok(());
        }
        let Some(answer) = Head::read(server).await? else {
            return Ok(());
        };
        let status: u16 = answer.first.split(' ').nth(1).unwrap().parse().unwrap();
        note(&|seen| seen.status = status);
        let told = match fault {
            Some(Fault::Length(said)) => {
                let mut told = without(&answer.raw, "content-length");
                told.truncate(told.len() - 2);
                told.extend(format!("Content-Length: {said}\r\n\r\n").into_bytes());
                told
            }
            _ => answer.raw.clone(),
        };
        client.get_mut().write_all(&told).await?;
        if method == "HEAD" || status == 204 || status == 304 || status < 200 {
            continue;
        }
        assert!(
            !answer.is_chunked() || fault.is_none(),
            "no fault in chunks"
        );
        if answer.is_chunked() {
            chunks(server, client.get_mut()).await?;
            continue;
        }
        let length = answer.length().unwrap_or_default();
        let received = match fault {
            Some(Fault::CutAnswer(at)) => {
                copy(server, client.get_mut(), at.min(length)).await?;
                note(&|seen| seen.received = at);
                return Ok(());
            }
            Some(Fault::Length(_)) => {
                copy(server, client.get_mut(), length).await?;
                note(&|seen| seen.received = length);
                return client.get_mut().shutdown().await;
            }
            Some(Fault::Stall(at)) => {
                // what has come whole would be an answer, and the next question hang
                let at = at.min(length.saturating_sub(1));
                copy(server, client.get_mut(), at).await?;
                note(&|seen| seen.received = at);
                std::future::pending::<()>().await;
                return Ok(());
            }
            Some(Fault::Corrupt(at)) => {
                let at = at.min(length - 1);
                copy(server, client.get_mut(), at).await?;
                let byte = server.read_u8().await?;
                client.get_mut().write_u8(!byte).await?;
                copy(server, client.get_mut(), length - at - 1).await? + at + 1
            }
            _ => copy(server, client.get_mut(), length).await?,
        };
        note(&|seen| seen.received = received);
    }
    Ok(())
}

/// A head without the header called `name`, which is in lower case.
fn without(head: &[u8], name: &str) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let lines = head.split_inclusive("\r\n");
    let kept = lines.filter(|line| {
        let key = line.split(':').next().unwrap_or_default();
        key.to_lowercase() != name
    });
    kept.collect::<String>().into_bytes()
}

async fn copy(
    from: &mut BufReader<TcpStream>,
    to: &mut (impl AsyncWrite + Unpin),
    length: u64,
) -> io::Result<u64> {
    let mut left = length;
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        let wanted = buffer.len().min(usize::try_from(left).unwrap());
        let read = from.read(&mut buffer[..wanted]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_all(&buffer[..read]).await?;
        left -= read as u64;
    }
    Ok(length)
}

async fn chunks(from: &mut BufReader<TcpStream>, to: &mut TcpStream) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line).await?;
        to.write_all(&line).await?;
        let digits = String::from_utf8_lossy(&line);
        let length = u64::from_str_radix(digits.trim(), 16).map_err(io::Error::other)?;
        // the chunk and its line end
        copy(from, to, length + 2).await?;
        if length == 0 {
            return Ok(());
        }
    }
}
