//! Redirects: followed to storages, and never where credentials or plain text would go.

use porthole::config::Network;
use porthole::model::Descriptor;
use porthole::transport::{Problem, read_blob};

use super::{BUSYBOX, auth_file, certs_dir, client, document, network, problem, resolve, source};
use crate::support::registry::{Access, Certificate, Fault, Registry};

const BASIC: Access = Access::Basic {
    user: "alice",
    password: "s3cret",
};

#[tokio::test]
async fn a_storage_gets_no_credentials() {
    let storage = Registry::start();
    let digest = storage.put_blob("storage", b"content");
    let registry = Registry::with_access(BASIC);
    registry.put_layout("busybox", BUSYBOX);
    let (_dir, auth_files) = auth_file(&[
        (&registry.host(), "alice", "s3cret"),
        (&storage.host(), "mallory", "other"),
    ]);
    let source = source(
        &client(Network {
            auth_files,
            ..network()
        }),
        &registry.reference("busybox:1.37.0"),
    );
    // the first one opens the door, so that the redirect comes to a known guest
    document(&*source).await.unwrap();
    let location = storage.url(&format!("/v2/storage/blobs/{digest}?signature=xyz"));
    registry.fault("/blobs/", Fault::redirect(307, &location));
    let descriptor = Descriptor::new("application/octet-stream", digest.clone(), 7);
    let raw = read_blob(&*source, &descriptor, 100).await.unwrap();
    assert_eq!(raw.bytes(), &b"content"[..]);

    let asked = registry.requests().pop().unwrap();
    assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    let stored = storage.requests();
    assert_eq!(stored.len(), 1);
    assert_eq!(
        stored[0].path,
        format!("/v2/storage/blobs/{digest}?signature=xyz")
    );
    assert_eq!(stored[0].header("authorization"), None);
}

#[tokio::test]
async fn the_same_host_keeps_them() {
    let registry = Registry::with_access(BASIC);
    registry.put_layout("busybox", BUSYBOX);
    registry.fault(
        "/old/manifests/",
        Fault::redirect(308, "/v2/busybox/manifests/1.37.0"),
    );
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    resolve(network, &registry.reference("old:1.37.0"))
        .await
        .unwrap();
    let statuses: Vec<_> = registry.requests().iter().map(|r| r.status).collect();
    assert_eq!(statuses, [308, 401, 308, 200]);
}

#[tokio::test]
async fn a_login_that_another_host_wants_is_not_answered() {
    let storage = Registry::with_access(BASIC);
    storage.put_layout("busybox", BUSYBOX);
    let registry = Registry::start();
    registry.fault(
        "/manifests/",
        Fault::redirect(302, &storage.url("/v2/busybox/manifests/1.37.0")),
    );
    let (_dir, auth_files) = auth_file(&[
        (&registry.host(), "alice", "s3cret"),
        (&storage.host(), "alice", "s3cret"),
    ]);
    let network = Network {
        auth_files,
        ..network()
    };
    match problem(network, &registry.reference("busybox:1.37.0")).await {
        Problem::Unauthorized { message, .. } => {
            assert!(message.contains(&storage.host()), "{message}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(storage.requests().len(), 1);
    assert_eq!(storage.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn from_https_nothing_leads_to_http() {
    let storage = Registry::start();
    storage.put_layout("busybox", BUSYBOX);
    let registry = Registry::with_tls(Certificate::Right);
    registry.fault(
        "/manifests/",
        Fault::redirect(307, &storage.url("/v2/busybox/manifests/1.37.0")),
    );
    let (_dir, certs_dirs) = certs_dir(&registry.host(), &[("authority.pem", "ca.crt")]);
    let network = Network {
        certs_dirs,
        ..network()
    };
    match problem(network, &registry.reference("busybox:1.37.0")).await {
        Problem::Address { why } => assert!(why.contains("from https"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(storage.requests().len(), 0);
}

#[tokio::test]
async fn plain_http_elsewhere_is_refused() {
    let registry = Registry::start();
    for location in [
        "http://storage.example.com/blob",
        "ftp://127.0.0.1/blob",
        "file:///etc/passwd",
        "http://alice:s3cret@127.0.0.1:1/blob",
    ] {
        registry.fault_times("/manifests/", 1, Fault::redirect(307, location));
        match problem(network(), &registry.reference("busybox:1.37.0")).await {
            Problem::Address { why } => assert!(!why.contains("s3cret"), "{why}"),
            other => panic!("{location}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_circle_ends() {
    let registry = Registry::start();
    registry.fault(
        "/manifests/",
        Fault::redirect(302, "/v2/busybox/manifests/1.37.0"),
    );
    match problem(network(), &registry.reference("busybox:1.37.0")).await {
        Problem::Protocol { why } => assert!(why.contains("more than 5 times"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(registry.requests().len(), 6);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error() {
    let registry = Registry::start();
    for fault in [Fault::status(302), Fault::redirect(302, "http://[")] {
        registry.fault_times("/manifests/", 1, fault);
        match problem(network(), &registry.reference("busybox:1.37.0")).await {
            Problem::Protocol { why } => assert!(why.contains("302"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_storage_answers_is_checked_all_the_same() {
    let storage = Registry::start();
    storage.put_layout("busybox", BUSYBOX);
    storage.fault("/manifests/", Fault::Corrupt);
    let registry = Registry::start();
    registry.fault(
        "/manifests/",
        Fault::redirect(307, &storage.url("/v2/busybox/manifests/1.37.0")),
    );
    let problem = problem(network(), &registry.reference("busybox:1.37.0")).await;
    assert!(
        matches!(problem, Problem::WrongDigest { .. }),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_storage_that_fails_is_named() {
    let storage = Registry::start();
    storage.fault(
        "/",
        Fault::answer(
            403,
            "application/xml",
            "<Error><Code>AccessDenied</Code></Error>",
        ),
    );
    let registry = Registry::start();
    registry.fault(
        "/manifests/",
        Fault::redirect(307, &storage.url("/x?signature=s3cret")),
    );
    let error = resolve(network(), &registry.reference("busybox:1.37.0"))
        .await
        .unwrap_err();
    match &error.problem {
        Problem::Forbidden { message, .. } => {
            assert!(
                message.contains(&storage.host()) && message.contains("AccessDenied"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}
