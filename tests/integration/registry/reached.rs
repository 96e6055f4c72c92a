//! Ways to a registry: options for TLS, proxies, IPv6.

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use porthole::config::Network;
use porthole::transport::{Problem, Security};

use super::{BUSYBOX, client, document, network, problem, source};
use crate::support::registry::{Access, Certificate, Registry, Setup, tls_file};

fn porthole(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// How the command line says that it reached a registry.
fn security(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    json["connection"]["security"].as_str().unwrap().to_owned()
}

fn tls(certificate: Certificate) -> Registry {
    let registry = Registry::with_tls(certificate);
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

#[test]
fn options_for_tls_hold_for_the_host_that_they_name() {
    let (registry, expired) = (tls(Certificate::Right), tls(Certificate::Expired));
    let authority = tls_file("authority.pem");
    let authority = authority.to_str().unwrap();
    let reference = registry.reference("team/busybox:1.37.0");
    let (host, other) = (registry.host(), expired.host());
    let refused = porthole(&["inspect", &reference], &[]);
    assert_eq!(refused.status.code(), Some(1));
    let inspect = ["inspect", &reference, "--json"];
    let with = |more: &[&str]| porthole(&[&inspect[..], more].concat(), &[]);
    assert_eq!(
        security(&with(&["--ca-file", authority])),
        "https-own-roots"
    );
    assert_eq!(
        security(&with(&["--skip-tls-verify", &host])),
        "https-unverified"
    );
    // another host is checked all the same
    let refused = with(&["--skip-tls-verify", &other]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("certificate is not trusted"), "{said}");
    // an authority does not make an expired certificate good
    let reference = expired.reference("team/busybox:1.37.0");
    let refused = porthole(&["inspect", &reference, "--ca-file", authority], &[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("it has expired"), "{said}");
    assert_eq!(
        registry.plain_connections() + expired.plain_connections(),
        0
    );
}

#[test]
fn a_file_of_authorities_that_is_none_is_named() {
    let registry = tls(Certificate::Right);
    let reference = registry.reference("team/busybox:1.37.0");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let path = file.to_str().unwrap();
    for path in [path, "/does/not/exist.pem"] {
        let refused = porthole(&["inspect", &reference, "--ca-file", path], &[]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.contains(path), "{said}");
    }
}

#[tokio::test]
async fn what_is_not_checked_is_never_called_checked() {
    let registry = tls(Certificate::OtherName);
    let network = Network {
        unverified: vec![registry.host()],
        ..network()
    };
    let read = source(&client(network), &registry.reference("team/busybox:1.37.0"));
    document(&*read).await.unwrap();
    assert_eq!(
        read.connection().unwrap().security,
        Security::HttpsUnverified
    );
}

#[tokio::test]
async fn unverified_is_https_all_the_same() {
    let registry = Registry::start();
    let network = Network {
        unverified: vec![registry.host()],
        ..network()
    };
    let found = problem(network, &registry.reference("team/busybox:1.37.0")).await;
    assert!(
        matches!(found, Problem::Unreachable { .. } | Problem::Address { .. }),
        "{found:?}"
    );
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn registries_are_reached_by_ipv6() {
    let here = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    if here.is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    for access in [
        Access::Anybody,
        Access::Basic {
            user: "alice",
            password: "s3cret",
        },
    ] {
        let registry = Registry::start_with(Setup {
            access,
            address: Some(Ipv6Addr::LOCALHOST.into()),
            ..Setup::default()
        });
        registry.put_layout("team/busybox", BUSYBOX);
        let host = registry.host();
        assert!(host.starts_with("[::1]:"), "{host}");
        let (_dir, auth_files) = super::auth_file(&[(&host, "alice", "s3cret")]);
        let network = Network {
            auth_files,
            ..network()
        };
        let read = source(&client(network), &registry.reference("team/busybox:1.37.0"));
        document(&*read).await.unwrap();
        let connection = read.connection().unwrap();
        assert_eq!(connection.host, host);
        assert_eq!(connection.security, Security::HttpLoopback);
    }
}

/// A proxy on loopback. Whatever it is asked for lies at one address.
struct Proxy {
    address: String,
    /// The first line of each request, and whether it came with credentials for a registry.
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Proxy {
    fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (own, to) = (listener.local_addr().unwrap(), address.to_owned());
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (to, seen) = (to.clone(), Arc::clone(&seen));
                std::thread::spawn(move || serve(client.unwrap(), &to, &seen));
            }
        });
        Self {
            address: format!("http://{own}"),
            asked,
        }
    }

    fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(line, _)| line.clone()).collect()
    }
}

/// One connection: a tunnel, or a request that is sent on.
fn serve(mut client: TcpStream, to: &str, seen: &Mutex<Vec<(String, bool)>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match client.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let text = String::from_utf8(head).unwrap();
    let line = text.lines().next().unwrap().to_owned();
    let credentials = text.to_ascii_lowercase().contains("\nauthorization:");
    seen.lock().unwrap().push((line.clone(), credentials));
    let mut server = TcpStream::connect(to).unwrap();
    if line.starts_with("CONNECT ") {
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
    } else {
        // `GET http://host/path HTTP/1.1` is asked for by its path
        let address = line.split(' ').nth(1).unwrap();
        let rest = address.split_once("://").unwrap().1;
        let path = &rest[rest.find('/').unwrap()..];
        let text = text.replacen(address, path, 1);
        server.write_all(text.as_bytes()).unwrap();
    }
    let (mut from, mut back) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        // either side may end it
        let _ = std::io::copy(&mut from, &mut back);
    });
    let _ = std::io::copy(&mut server, &mut client);
}

const ELSEWHERE: &str = "docker://registry.example.com/team/busybox:1.37.0";

#[test]
fn https_goes_through_the_proxy_of_the_environment_as_a_tunnel() {
    let registry = tls(Certificate::OtherName);
    let proxy = Proxy::to(&registry.host());
    let authority = tls_file("authority.pem");
    let arguments = [
        "inspect",
        ELSEWHERE,
        "--json",
        "--ca-file",
        authority.to_str().unwrap(),
    ];
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let shown = porthole(&arguments, &[(variable, &proxy.address)]);
        assert_eq!(security(&shown), "https-own-roots", "{variable}");
        let lines = std::mem::take(&mut *proxy.asked.lock().unwrap());
        assert!(!lines.is_empty(), "{variable}");
        for (line, credentials) in lines {
            assert!(
                line.starts_with("CONNECT registry.example.com:443 "),
                "{line}"
            );
            assert!(!credentials);
        }
    }
    assert!(!registry.requests().is_empty());
}

#[test]
fn plain_http_goes_through_its_own_proxy() {
    let registry = Registry::start();
    registry.put_layout("team/busybox", BUSYBOX);
    let proxy = Proxy::to(&registry.host());
    let arguments = [
        "inspect",
        ELSEWHERE,
        "--json",
        "--plain-http",
        "registry.example.com",
    ];
    let shown = porthole(&arguments, &[("HTTP_PROXY", &proxy.address)]);
    assert_eq!(security(&shown), "http-allowed");
    let first = &proxy.lines()[0];
    assert_eq!(
        first,
        "GET http://registry.example.com/v2/team/busybox/manifests/1.37.0 HTTP/1.1"
    );
}

#[test]
fn what_no_proxy_names_and_this_machine_are_reached_without_one() {
    let registry = tls(Certificate::Right);
    let proxy = Proxy::to(&registry.host());
    let all = [
        ("HTTPS_PROXY", proxy.address.as_str()),
        ("HTTP_PROXY", proxy.address.as_str()),
    ];
    for exception in ["registry.example.com", ".example.com", "*"] {
        let mut variables = all.to_vec();
        variables.push(("NO_PROXY", exception));
        let shown = porthole(&["inspect", ELSEWHERE], &variables);
        assert_eq!(shown.status.code(), Some(1), "{exception}");
    }
    // a proxy's loopback is another machine
    let reference = registry.reference("team/busybox:1.37.0");
    let host = registry.host();
    let arguments = ["inspect", &reference, "--json", "--skip-tls-verify", &host];
    assert_eq!(security(&porthole(&arguments, &all)), "https-unverified");
    assert_eq!(proxy.lines(), [""; 0]);
}

#[test]
fn a_proxy_that_is_not_there_or_refuses_is_an_error() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in refusing.incoming() {
            let mut client = client.unwrap();
            let mut head = [0; 1024];
            let _read = client.read(&mut head).unwrap();
            let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            client.write_all(answer).unwrap();
        }
    });
    for proxy in [nobody, address] {
        let variable = format!("http://user:w0rd@{proxy}");
        let shown = porthole(&["inspect", ELSEWHERE], &[("HTTPS_PROXY", &variable)]);
        assert_eq!(shown.status.code(), Some(1));
        let said = String::from_utf8_lossy(&shown.stderr);
        let named = format!("no connection: through the proxy {proxy}: ");
        assert!(said.contains(&named), "{said}");
        assert!(!said.contains("w0rd"), "{said}");
    }
}
