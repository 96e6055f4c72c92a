//! Where an engine listens, as Docker writes it.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;

use crate::transport::Problem;

/// Docker's port without TLS.
const PORT: u16 = 2375;

/// How an engine is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A Unix socket.
    Socket(PathBuf),
    /// A port of this machine, without TLS.
    Loopback(Url),
}

/// Reads an address. `unix://PATH` and `tcp://` on this machine are understood; the API
/// gives whoever speaks it the whole engine, so it is never spoken in the clear over a
/// network. TLS and ssh are not spoken at all.
pub(super) fn parse(address: &str) -> Result<Way, Problem> {
    let refuse = |why: &str| {
        Err(Problem::EngineAddress {
            address: without_password(address),
            why: why.to_owned(),
        })
    };
    let Some((scheme, rest)) = address.split_once("://") else {
        return refuse("it begins with neither unix:// nor tcp://");
    };
    match scheme {
        "unix" if !rest.starts_with('/') => refuse("its path is not absolute"),
        "unix" if cfg!(unix) => Ok(Way::Socket(PathBuf::from(rest))),
        "unix" => refuse("this system has no such sockets"),
        "tcp" | "http" => match loopback(rest) {
            Some(url) => Ok(Way::Loopback(url)),
            None => refuse("tcp:// is spoken with this machine only"),
        },
        "ssh" => refuse("engines are not reached over ssh"),
        "https" => refuse("engines are not reached over TLS"),
        "npipe" => refuse("named pipes are not read"),
        _ => refuse("it begins with neither unix:// nor tcp://"),
    }
}

/// The address of a port of this machine.
fn loopback(rest: &str) -> Option<Url> {
    let mut url = Url::parse(&format!("http://{rest}")).ok()?;
    let bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
    let host = url.host_str()?.to_owned();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    let here = match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    };
    // a port that was left out is Docker's, not the web's
    if url.port().is_none() && !rest.trim_end_matches('/').ends_with(":80") {
        url.set_port(Some(PORT)).ok()?;
    }
    (bare && here && url.query().is_none()).then_some(url)
}

/// An address for a message, without what may stand before an `@`.
fn without_password(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_this_machine_are_understood() {
        assert_eq!(
            parse("unix:///run/docker.sock").unwrap(),
            Way::Socket("/run/docker.sock".into())
        );
        for (address, expected) in [
            ("tcp://127.0.0.1:2375", "http://127.0.0.1:2375/"),
            ("tcp://localhost", "http://localhost:2375/"),
            ("tcp://localhost:80", "http://localhost/"),
            ("tcp://127.8.9.1:99/", "http://127.8.9.1:99/"),
            ("tcp://[::1]:2375", "http://[::1]:2375/"),
        ] {
            let Way::Loopback(url) = parse(address).unwrap() else {
                panic!("{address}");
            };
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn nothing_else_is() {
        for (address, words) in [
            ("tcp://192.0.2.1:2375", "this machine only"),
            ("tcp://localhost.example.com:1", "this machine only"),
            ("tcp://localhost@192.0.2.1:1", "this machine only"),
            ("tcp://user:secret@localhost:1", "this machine only"),
            ("tcp://127.0.0.1:1/path", "this machine only"),
            ("ssh://me@host", "ssh"),
            ("https://127.0.0.1:2376", "TLS"),
            ("npipe:////./pipe/docker_engine", "pipes"),
            ("fd://", "neither"),
            ("/run/docker.sock", "neither"),
            ("unix://docker.sock", "absolute"),
        ] {
            let error = parse(address).unwrap_err();
            assert!(error.to_string().contains(words), "{address}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
