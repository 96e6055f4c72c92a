//! One connection: HTTP/1.1 by hand, so that every byte can be wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::auth::{Access, basic};
use super::content::{Item, Missing};
use super::{Fault, Request, State, http2, lists, writes};

/// First byte of every TLS connection.
const TLS: u8 = 0x16;

/// An answer on its way out.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Serves `stream` until either side ends it.
pub async fn serve(state: Arc<State>, stream: TcpStream) {
    // head and body are sent one after the other, and neither waits for the other's receipt
    stream.set_nodelay(true).unwrap();
    let mut first = [0];
    if !matches!(stream.peek(&mut first).await, Ok(1)) {
        return;
    }
    let served = match (&state.setup.tls, first[0] == TLS) {
        (None, false) => requests(&state, stream).await,
        (None, true) => refuse_tls(&state, stream).await,
        (Some(tls), true) => match tls.acceptor().accept(stream).await {
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(&b"h2"[..]) => {
                state.connections.fetch_add(1, Ordering::SeqCst);
                let served = http2::serve(&state, stream).await;
                served.map_err(io::Error::other)
            }
            Ok(stream) => requests(&state, stream).await,
            Err(_) => Ok(()),
        },
        (Some(_), false) => {
            state.plain_to_tls.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    };
    // the other side may hang up whenever it likes
    drop(served);
}

/// As Go's net/http answers a TLS greeting.
async fn refuse_tls(state: &State, mut stream: TcpStream) -> io::Result<()> {
    state.tls_greetings.fetch_add(1, Ordering::SeqCst);
    let mut greeting = [0; 8192];
    let _read = stream.read(&mut greeting).await?;
    let answer = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request";
    stream.write_all(answer.as_bytes()).await
}

async fn requests<S: AsyncRead + AsyncWrite + Unpin>(state: &State, stream: S) -> io::Result<()> {
    state.connections.fetch_add(1, Ordering::SeqCst);
    state.open.fetch_add(1, Ordering::SeqCst);
    let served = answers(state, stream).await;
    state.open.fetch_sub(1, Ordering::SeqCst);
    served
}

async fn answers<S: AsyncRead + AsyncWrite + Unpin>(
    state: &State,
    mut stream: S,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break buffer.drain(..end + 4).collect::<Vec<_>>();
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let mut request = parse(&head);
        let fault = state.rules.lock().unwrap().take(&request.line());
        let length = request.header("content-length").unwrap_or("0");
        let length: usize = length.parse().unwrap();
        let wanted = match fault {
            Some(Fault::CutRequest(bytes)) => bytes.min(length),
            _ => length,
        };
        while buffer.len() < wanted {
            if stream.read_buf(&mut buffer).await? == 0 {
                // who sends less than it said has not asked
                request.status = 0;
                state.requests.lock().unwrap().push(request);
                return Ok(());
            }
        }
        request.body = buffer.drain(..wanted).collect();
        if let Some(Fault::CutRequest(_)) = fault {
            writes::keep_part(state, &request);
            request.status = 0;
            state.requests.lock().unwrap().push(request);
            return stream.shutdown().await;
        }
        let keep = answer(state, &mut stream, request, fault).await?;
        if !keep {
            return stream.shutdown().await;
        }
    }
}

fn parse(head: &[u8]) -> Request {
    let head = str::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut words = lines.next().unwrap().split(' ');
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Request {
        method: words.next().unwrap().to_owned(),
        path: words.next().unwrap().to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
        status: 0,
    }
}

/// Answers `request`; whether the connection goes on.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    state: &State,
    stream: &mut S,
    mut request: Request,
    fault: Option<Fault>,
) -> io::Result<bool> {
    // what is answered wrongly is not done either
    let mut answer = match fault {
        Some(Fault::Answer { .. }) => other(0, "", ""),
        _ => right_answer(state, &request, matches!(fault, Some(Fault::IgnoreRange))),
    };
    match &fault {
        Some(Fault::Answer {
            status,
            headers,
            body,
        }) => {
            answer = Answer {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
            };
        }
        Some(Fault::Header { name, value }) => {
            answer
                .headers
                .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
            answer.headers.push((name.clone(), value.clone()));
        }
        Some(Fault::Headers(headers)) => answer.headers.extend_from_slice(headers),
        Some(Fault::Corrupt) => {
            let middle = answer.body.len() / 2;
            answer.body[middle] ^= 1;
        }
        _ => {}
    }
    let no_head = matches!(fault, Some(Fault::Silence | Fault::Close | Fault::Bytes(_)));
    request.status = if no_head { 0 } else { answer.status };
    let head_only = request.method == "HEAD";
    state.requests.lock().unwrap().push(request);

    let length = answer.body.len();
    let said = match &fault {
        Some(Fault::Length(said)) => Some(*said),
        Some(Fault::Endless { said }) => *said,
        _ => Some(length as u64),
    };
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match said {
        Some(said) => head.push_str(&format!("Content-Length: {said}\r\n")),
        None => head.push_str("Transfer-Encoding: chunked\r\n"),
    }
    head.push_str("\r\n");
    match fault {
        Some(Fault::Silence) => return silence(stream).await,
        Some(Fault::Close) => return Ok(false),
        Some(Fault::Bytes(bytes)) => {
            stream.write_all(&bytes).await?;
            return Ok(false);
        }
        Some(Fault::Held(ref permits)) => {
            permits.acquire().await.unwrap().forget();
            stream.write_all(head.as_bytes()).await?;
        }
        _ => stream.write_all(head.as_bytes()).await?,
    }
    if head_only {
        return Ok(true);
    }
    match fault {
        Some(Fault::CutAfter(bytes)) => {
            stream.write_all(&answer.body[..bytes.min(length)]).await?;
            stream.flush().await?;
            return Ok(false);
        }
        Some(Fault::SilenceAfter(bytes)) => {
            stream.write_all(&answer.body[..bytes.min(length)]).await?;
            stream.flush().await?;
            return silence(stream).await;
        }
        Some(Fault::Slow(pause)) => {
            for part in answer.body.chunks(length.div_ceil(10).max(1)) {
                tokio::time::sleep(pause).await;
                stream.write_all(part).await?;
                stream.flush().await?;
            }
        }
        Some(Fault::Endless { said }) => {
            let spaces = vec![b' '; 1 << 16];
            loop {
                if said.is_none() {
                    stream.write_all(b"10000\r\n").await?;
                }
                stream.write_all(&spaces).await?;
                if said.is_none() {
                    stream.write_all(b"\r\n").await?;
                }
            }
        }
        _ => stream.write_all(&answer.body).await?,
    }
    stream.flush().await?;
    // with another length than was said the connection has no next answer
    Ok(said == Some(length as u64))
}

/// Says nothing until the other side has gone.
async fn silence<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<bool> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(false)
}

/// What docker-registry 2.8 answers.
pub fn right_answer(state: &State, request: &Request, ignore_range: bool) -> Answer {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if path == "/token" {
        return token(state, request, query);
    }
    if path == "/v2/" || path == "/v2/_catalog" {
        if let Some(refusal) = refusal(state, request, "", "*") {
            return refusal;
        }
        let content = state.content.lock().unwrap();
        return match path {
            "/v2/" => other(200, "application/json; charset=utf-8", "{}"),
            _ => lists::catalog(&content, query, state.setup.tags),
        };
    }
    let parts = path.strip_prefix("/v2/").and_then(|rest| {
        [
            "/manifests/",
            "/blobs/uploads/",
            "/blobs/",
            "/referrers/",
            "/tags/list",
        ]
        .iter()
        .find_map(|kind| {
            let (repository, identifier) = rest.split_once(kind)?;
            Some((repository, *kind, identifier))
        })
    });
    let Some((repository, kind, identifier)) = parts else {
        return other(404, "text/plain; charset=utf-8", "404 page not found\n");
    };
    let action = match request.method.as_str() {
        "DELETE" if kind != "/blobs/uploads/" => "delete",
        "GET" | "HEAD" if kind != "/blobs/uploads/" => "pull",
        _ => "push",
    };
    if let Some(refusal) = refusal(state, request, repository, action) {
        return refusal;
    }
    if kind == "/blobs/uploads/" || !matches!(request.method.as_str(), "GET" | "HEAD") {
        return writes::answer(state, request, (repository, kind, identifier), query);
    }
    let content = state.content.lock().unwrap();
    match kind {
        "/referrers/" => {
            let api = state.setup.referrers;
            return lists::referrers(&content, repository, identifier, query, api);
        }
        "/tags/list" => return lists::tags(&content, repository, query, state.setup.tags),
        _ => {}
    }
    match content.get(repository, identifier) {
        Ok(item) if kind == "/blobs/" && !ignore_range => blob(item, request.header("range")),
        Ok(item) => whole(item),
        Err(missing) => {
            let (code, message) = match (missing, kind) {
                (Missing::Repository, _) => {
                    ("NAME_UNKNOWN", "repository name not known to registry")
                }
                (Missing::Item, "/blobs/") => ("BLOB_UNKNOWN", "blob unknown to registry"),
                (Missing::Item, _) => ("MANIFEST_UNKNOWN", "manifest unknown"),
            };
            let errors = serde_json::json!({"errors": [{"code": code, "message": message}]});
            other(404, "application/json; charset=utf-8", &errors.to_string())
        }
    }
}

/// The answer to a request that may not do `action`; nothing for one that may.
fn refusal(state: &State, request: &Request, repository: &str, action: &str) -> Option<Answer> {
    let shown = request.header("authorization");
    let challenge = match &state.setup.access {
        Access::Anybody => None,
        Access::Basic { user, password } => (shown != Some(basic(user, password).as_str()))
            .then(|| r#"Basic realm="test""#.to_owned()),
        Access::Token(token) if token.takes(shown, repository, action) => None,
        Access::Token(token) => {
            let here = format!("http://{}/token", state.address);
            let realm = token.realm.as_ref().unwrap_or(&here);
            let scope = match action {
                "*" => String::new(),
                "push" => format!(",scope=\"repository:{repository}:pull,push\""),
                action => format!(",scope=\"repository:{repository}:{action}\""),
            };
            let more = token.also.map(|also| format!(",scope=\"{also}\""));
            let scope = more.unwrap_or(scope);
            Some(format!(r#"Bearer realm="{realm}",service="test"{scope}"#))
        }
    }?;
    let errors =
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#;
    let mut answer = other(401, "application/json; charset=utf-8", errors);
    let header = ("Www-Authenticate".to_owned(), challenge);
    answer.headers.push(header);
    Some(answer)
}

fn token(state: &State, request: &Request, query: &str) -> Answer {
    let Access::Token(token) = &state.setup.access else {
        return other(404, "text/plain; charset=utf-8", "404 page not found\n");
    };
    let (status, body) = if request.method == "POST" {
        token.exchange(str::from_utf8(&request.body).unwrap())
    } else if token.by_get {
        token.give(&super::auth::scopes(query), request.header("authorization"))
    } else {
        (405, String::new())
    };
    other(status, "application/json", &body)
}

pub fn other(status: u16, content_type: &str, body: &str) -> Answer {
    Answer {
        status,
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

fn whole(item: Item) -> Answer {
    Answer {
        status: 200,
        headers: vec![
            ("Content-Type".to_owned(), item.media_type),
            ("Docker-Content-Digest".to_owned(), item.digest.to_string()),
            (
                "Docker-Distribution-Api-Version".to_owned(),
                "registry/2.0".to_owned(),
            ),
        ],
        body: item.bytes,
    }
}

fn blob(item: Item, range: Option<&str>) -> Answer {
    let range = range.map(|range| {
        let range = range.strip_prefix("bytes=").unwrap();
        let (first, last) = range.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        (first, last)
    });
    let total = item.bytes.len();
    let mut answer = whole(item);
    if let Some((first, last)) = range {
        answer.status = 206;
        answer.body = answer.body[first..=last.min(total - 1)].to_vec();
        let value = format!("bytes {first}-{last}/{total}");
        answer.headers.push(("Content-Range".to_owned(), value));
    }
    answer
}
