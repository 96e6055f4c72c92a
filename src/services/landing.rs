//! Where a browser lands when somebody has signed in: a web server of one page, on this
//! machine, for as long as it is waited for (RFC 8252, section 7.3).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::model::text;

/// Where browsers are sent to. Issuers know the name for programs on people's machines.
const PATH: &str = "/auth/callback";
/// Longest wait for somebody to sign in.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Longest wait for a browser to say what it wants.
const QUESTION: Duration = Duration::from_secs(10);
/// Longest head of a request that is read, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// Most browsers at the same time: they open connections ahead of need.
const CONNECTIONS: usize = 16;

/// What a browser brought.
pub(super) enum Landed {
    Code(Secret),
    /// Why there is none, for people.
    Refused(String),
}

/// The web server.
pub(super) struct Landing {
    listener: TcpListener,
    /// The same port of the other kind of address: `localhost` is either.
    second: Option<TcpListener>,
    port: u16,
}

impl Landing {
    pub async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let second = TcpListener::bind(("::1", port)).await.ok();
        Ok(Self {
            listener,
            second,
            port,
        })
    }

    /// Its address, as issuers know it.
    pub fn address(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Waits for a browser with this `state`, sent by `issuer`; nothing where none comes in
    /// time. Whoever comes with another state is sent away.
    pub async fn wait(&self, state: &Secret, issuer: &str) -> Option<Landed> {
        tokio::time::timeout(PATIENCE, self.landed(state, issuer))
            .await
            .ok()?
    }

    async fn landed(&self, state: &Secret, issuer: &str) -> Option<Landed> {
        let (sender, mut landed) = mpsc::channel(1);
        // dropped with this, and everything that runs with it
        let mut running = JoinSet::new();
        loop {
            let stream = tokio::select! {
                // it is sent when the page has gone out
                landed = landed.recv() => return landed,
                Some(_) = running.join_next() => continue,
                accepted = accept(&self.listener, self.second.as_ref()),
                    if running.len() < CONNECTIONS => accepted,
            };
            let (sender, state, issuer) = (sender.clone(), state.clone(), issuer.to_owned());
            running.spawn(async move {
                let answered = tokio::time::timeout(QUESTION, answer(stream?, &state, &issuer));
                if let Some(landed) = answered.await.ok().flatten() {
                    // one that comes second is of no use
                    let _ = sender.try_send(landed);
                }
                Some(())
            });
        }
    }
}

async fn accept(one: &TcpListener, other: Option<&TcpListener>) -> Option<TcpStream> {
    let other = async {
        match other {
            Some(listener) => listener.accept().await,
            None => std::future::pending().await,
        }
    };
    let accepted = tokio::select! {
        accepted = one.accept() => accepted,
        accepted = other => accepted,
    };
    match accepted {
        Ok((stream, _)) => Some(stream),
        Err(_) => {
            // out of file descriptors, say: not in a tight loop
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Answers one browser. Gives what it brought, where that is what is waited for.
async fn answer(mut stream: TcpStream, state: &Secret, issuer: &str) -> Option<Landed> {
    let mut head = Zeroizing::new(Vec::<u8>::with_capacity(HEAD_BYTES));
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() == HEAD_BYTES {
            return None;
        }
        let mut piece = Zeroizing::new([0_u8; 1024]);
        let room = piece.len().min(HEAD_BYTES - head.len());
        match stream.read(&mut piece[..room]).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => head.extend_from_slice(&piece[..read]),
        }
    }
    let landed = landed(&head, state, issuer);
    let (status, title, words) = match &landed {
        Some(Landed::Code(_)) => (
            "200 OK",
            "Signed in",
            "You can close this page and go back.",
        ),
        Some(Landed::Refused(_)) => (
            "200 OK",
            "Not signed in",
            "The identity service refused. Go back to see why.",
        ),
        None => (
            "404 Not Found",
            "Nothing here",
            "This is not what is waited for.",
        ),
    };
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <body style=\"font:16px sans-serif;margin:4em auto;max-width:30em\">\
         <h1>{title}</h1><p>{words}</p>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    );
    // whether the page arrives changes nothing
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    landed
}

/// What the head of a request brings.
fn landed(head: &[u8], state: &Secret, issuer: &str) -> Option<Landed> {
    let head = std::str::from_utf8(head).ok()?;
    let mut line = head.lines().next()?.split(' ');
    if line.next() != Some("GET") {
        return None;
    }
    let (path, query) = line.next()?.split_once('?')?;
    if path != PATH {
        return None;
    }
    let pairs: Vec<(&str, Zeroizing<String>)> = query
        .split('&')
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key, decoded(value)?))
        })
        .collect();
    let get = |key: &str| {
        let mut found = pairs.iter().filter(|(name, _)| *name == key);
        // what is said twice is said by nobody
        found
            .next()
            .filter(|_| found.next().is_none())
            .map(|(_, value)| value.as_str())
    };
    if get("state") != Some(state.expose()) {
        return None;
    }
    if let Some(error) = get("error") {
        let why = get("error_description").unwrap_or(error);
        let why: String = why.chars().take(300).collect();
        return Some(Landed::Refused(text::visible(&why).into_owned()));
    }
    // who sent the browser, where it says so (RFC 9207)
    if get("iss").is_some_and(|by| by != issuer) {
        return Some(Landed::Refused(
            "another issuer sent the browser here".to_owned(),
        ));
    }
    get("code").map(|code| Landed::Code(Secret::new(code.to_owned())))
}

/// A value of a query, percent-decoded; wiped when it is dropped, as it may be the code.
fn decoded(value: &str) -> Option<Zeroizing<String>> {
    // never longer than that: growing would leave copies of it behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                (high << 4 | low) as u8
            }
            byte => byte,
        });
    }
    std::str::from_utf8(&bytes).ok()?;
    let text = String::from_utf8(std::mem::take(&mut *bytes)).ok()?;
    Some(Zeroizing::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<Landed> {
        let head = format!("GET /auth/callback?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let state = Secret::new("right".to_owned());
        landed(head.as_bytes(), &state, "https://issuer.example.com")
    }

    #[test]
    fn only_the_answer_to_this_question_counts() {
        assert!(
            matches!(read("code=a%2Bb&state=right"), Some(Landed::Code(code))
            if code.expose() == "a+b")
        );
        assert!(matches!(
            read("error=access_denied&error_description=not+you&state=right"),
            Some(Landed::Refused(why)) if why == "not you"
        ));
        assert!(matches!(
            read("code=a&state=right&iss=https%3A%2F%2Fevil.example.com"),
            Some(Landed::Refused(_))
        ));
        for other in [
            "code=a&state=wrong",
            "code=a",
            "state=right",
            "code=a&state=right&state=right",
            "code=a&code=b&state=right",
            "",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
        let state = Secret::new("right".to_owned());
        for head in [
            "POST /auth/callback?code=a&state=right HTTP/1.1",
            "GET /other?code=a&state=right HTTP/1.1",
            "GET /auth/callback",
        ] {
            assert!(landed(head.as_bytes(), &state, "i").is_none(), "{head}");
        }
    }
}
