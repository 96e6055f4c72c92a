//! https first, and plain http only where it may be.

use porthole::config::Network;
use porthole::transport::{Problem, Security};

use super::{BUSYBOX, certs_dir, client, document, network, problem, source};
use crate::support::registry::{Certificate, Fault, Registry};

#[tokio::test]
async fn on_loopback_https_is_tried_first_and_only_once() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let client = client(network());
    for name in ["busybox:1.37.0", "busybox:1.37.0"] {
        document(&*source(&client, &registry.reference(name)))
            .await
            .unwrap();
    }
    assert_eq!(registry.tls_greetings(), 1);
    assert_eq!(registry.lines(), ["GET /v2/busybox/manifests/1.37.0"; 2]);
}

#[tokio::test]
async fn localhost_is_loopback() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let reference = format!("docker://localhost:{}/busybox:1.37.0", registry.port());
    let source = source(&client(network()), &reference);
    document(&*source).await.unwrap();
    assert_eq!(
        source.connection().unwrap().security,
        Security::HttpLoopback
    );
}

#[tokio::test]
async fn what_the_user_allowed_is_asked_by_http_at_once() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let network = Network {
        plain_http: vec![registry.host()],
        ..network()
    };
    document(&*source(
        &client(network),
        &registry.reference("busybox:1.37.0"),
    ))
    .await
    .unwrap();
    assert_eq!(registry.tls_greetings(), 0);
}

#[tokio::test]
async fn a_folder_of_certificates_forbids_plain_http() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let (_dir, certs_dirs) = certs_dir(&registry.host(), &[]);
    let network = Network {
        certs_dirs,
        ..network()
    };
    match problem(network, &registry.reference("busybox:1.37.0")).await {
        Problem::Address { why } => assert!(why.contains("without TLS"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(registry.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_error_is_never_followed_by_plain_http() {
    let registry = Registry::with_tls(Certificate::Right);
    registry.put_layout("busybox", BUSYBOX);
    for _ in 0..2 {
        match problem(network(), &registry.reference("busybox:1.37.0")).await {
            Problem::Certificate { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(registry.plain_connections(), 0);
    assert_eq!(registry.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_tls_is_asked_by_http_on_loopback() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // the TLS greeting: no answer at all
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let read = stream.read(&mut head).unwrap();
        let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    match problem(network(), &format!("docker://{host}/a:b")).await {
        Problem::Forbidden { status: 403, .. } => {}
        other => panic!("{other:?}"),
    }
    let head = server.join().unwrap();
    assert!(
        head.starts_with("GET /v2/a/manifests/b HTTP/1.1\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn after_a_failure_the_scheme_is_looked_for_again() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let source = source(&client(network()), &registry.reference("busybox:1.37.0"));
    document(&*source).await.unwrap();
    assert_eq!(registry.tls_greetings(), 1);
    // another server may be there now, and it may speak TLS
    registry.fault_times("/v2/", 1, Fault::Close);
    document(&*source).await.unwrap();
    assert_eq!(registry.tls_greetings(), 2);
}
