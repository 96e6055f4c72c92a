//! What fuzzers feed: each function takes any bytes as they could come from a registry, and
//! panics where what is made of them breaks a promise.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LINK, WWW_AUTHENTICATE};

use super::address::Host;
use super::auth::challenge_schemes;
use super::error_body::{ErrorBody, SHOWN};
use super::page;

/// Headers with each line of `bytes` under `name`; what no header may hold is left out.
fn headers(name: &HeaderName, bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    headers
}

/// Challenges: a scheme is a token, and there are no more of them than bytes.
pub fn challenge(bytes: &[u8]) {
    let schemes = challenge_schemes(&headers(&WWW_AUTHENTICATE, bytes));
    assert!(schemes.len() <= bytes.len());
    for scheme in schemes {
        assert!(!scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_graphic()));
        assert!(!scheme.contains(['"', ',', '=', '(', ')', '<', '>', '@', '[', ']']));
    }
}

/// Links: a next page lies on the host that was asked, under a path.
pub fn link(bytes: &[u8]) {
    let host = Host::new("registry.example.com:5000");
    let path = "/v2/team/app/tags/list?n=2";
    if let Some(Ok(next)) = page::next_page(&headers(&LINK, bytes), &host, path) {
        assert!(next.starts_with('/'), "{next}");
        let url = host
            .url(super::address::Scheme::Https, &next)
            .expect("a path of a host");
        assert_eq!(Host::of(&url), host, "{next}");
        assert!(url.username().is_empty() && url.password().is_none());
    }
}

/// Bodies of errors: what is shown of them is short and visible.
pub fn error_body(bytes: &[u8]) {
    for kind in ["application/json", "text/html", "text/plain", ""] {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            let kind = HeaderValue::from_static(kind);
            headers.insert(reqwest::header::CONTENT_TYPE, kind);
        }
        let read = ErrorBody::read(&headers, bytes);
        // what cannot be seen is written with up to ten characters
        assert!(read.message.chars().count() <= 10 * (SHOWN + 200));
        assert!(!read.message.chars().any(char::is_control));
        assert!(read.codes.len() <= 4);
        for code in &read.codes {
            assert!(!code.chars().any(char::is_control));
        }
    }
}
