//! Whether what listens on this machine speaks TLS: found out with a greeting that is always
//! the same, before anything of TLS is set up here. Setting that up, its random numbers above
//! all, takes longer than all else that a small copy does.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::{Host, Scheme};

/// Records of TLS begin with these (RFC 8446, section 5.1): change cipher spec, alert,
/// handshake, application data.
const RECORDS: std::ops::RangeInclusive<u8> = 20..=23;

/// A ClientHello (RFC 8446, section 4.1.2) that no session comes of: it offers no share of a
/// key and holds no randomness. Its end of a head is for servers that read plain HTTP: they
/// answer at once, and do not wait for the end of a line.
const HELLO: &[u8] = b"\x16\x03\x01\x00\x5e\x01\x00\x00\x5a\x03\x03\
    does it speak TLS or not?   \r\n\r\n\
    \x00\
    \x00\x0c\x13\x01\x13\x02\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\
    \x01\x00\
    \x00\x25\
    \x00\x2b\x00\x05\x04\x03\x04\x03\x03\
    \x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17\
    \x00\x0d\x00\x08\x00\x06\x04\x03\x08\x04\x04\x01\
    \x00\x33\x00\x02\x00\x00";

/// Whether `host`, on this machine, answers a greeting of TLS in plain words, or hangs up on
/// it. Where it cannot be reached or says nothing within `limit`, that is not known: no.
pub(super) async fn answers_plainly(host: &Host, limit: Duration) -> bool {
    let Ok(url) = host.url(Scheme::Https, "/") else {
        return false;
    };
    let (Some(name), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    // an address in brackets, without them
    let name = name.trim_start_matches('[').trim_end_matches(']');
    timeout(limit, greet(name, port)).await.unwrap_or(false)
}

async fn greet(name: &str, port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((name, port)).await else {
        return false;
    };
    let mut first = [0];
    let answered = async {
        stream.write_all(HELLO).await?;
        stream.read(&mut first).await
    };
    match answered.await {
        Ok(0) => true,
        Ok(_) => !RECORDS.contains(&first[0]),
        Err(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_in_the_greeting_are_right() {
        let two = |at: usize| usize::from(HELLO[at]) << 8 | usize::from(HELLO[at + 1]);
        assert_eq!(two(3), HELLO.len() - 5);
        assert_eq!(two(7), HELLO.len() - 9);
        let ciphers = 5 + 4 + 2 + 32 + 1;
        let extensions = ciphers + 2 + two(ciphers) + 2;
        assert_eq!(two(extensions), HELLO.len() - extensions - 2);
        let mut at = extensions + 2;
        while at < HELLO.len() {
            at += 4 + two(at + 2);
        }
        assert_eq!(at, HELLO.len());
    }
}
