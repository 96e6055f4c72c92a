//! Whole copies through a proxy that breaks things, with equality at the end; and what
//! registries refuse.

use std::sync::Arc;
use std::time::Duration;

use porthole::config::{Network, Retry};
use porthole::copy::{CopyOptions, Report};
use porthole::engine::{Command, CopyId, CopyRequest, Failure, Remote};
use porthole::model::{Document, MediaType};
use porthole::transport::registry::Client;

use super::layout::two_platforms;
use super::{
    at, busybox, content, copy, digest, docker_registry, open, prepare_by, refusal, repository,
    root,
};
use crate::support::peers;
use crate::support::proxy::{Fault, Proxy};
use crate::support::referrer::network;
use crate::support::watch::{Watch, config};

/// A client that waits for nobody long.
fn impatient() -> Client {
    let network = Network {
        stall_timeout: Duration::from_secs(3),
        retry: Retry {
            limit: 4,
            ..network().retry
        },
        ..network()
    };
    Client::new(network).unwrap()
}

fn failed() -> Fault {
    Fault::answer(500, "", "out of order")
}

fn slower() -> Fault {
    Fault::answer(
        429,
        "Retry-After: 0\r\n",
        r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#,
    )
}

#[tokio::test]
async fn a_copy_survives_what_passes() {
    let Some(host) = docker_registry() else {
        return;
    };
    let first = Proxy::before(&host);
    let there = first.reference(&format!("{}:1", repository()));
    copy(&busybox(), &there, &CopyOptions::default()).await;
    let expected = content(&there).await;
    let second = Proxy::before(&host);
    type Case = (&'static str, &'static str, usize, Fault);
    let reading: [Case; 8] = [
        ("GET", "/blobs/", 2, Fault::CutAnswer(1000)),
        ("GET", "/blobs/", 1, Fault::CutAnswer(0)),
        ("GET", "/blobs/", 1, Fault::Stall(500)),
        ("GET", "/blobs/", 2, failed()),
        ("GET", "/blobs/", 1, slower()),
        ("GET", "/manifests/", 2, failed()),
        ("GET", "/manifests/", 1, slower()),
        ("GET", "/manifests/", 1, Fault::CutAnswer(10)),
    ];
    let writing: [Case; 8] = [
        ("PUT", "/blobs/uploads/", 1, Fault::CutRequest(300)),
        ("PUT", "/blobs/uploads/", 2, failed()),
        ("PUT", "/blobs/uploads/", 1, slower()),
        ("HEAD", "/blobs/", 1, failed()),
        ("HEAD", "/manifests/", 1, slower()),
        ("PUT", "/manifests/", 2, failed()),
        ("PUT", "/manifests/", 1, slower()),
        ("PUT", "/manifests/", 1, Fault::CutRequest(20)),
    ];
    let reading = reading.into_iter().map(|case| (&first, case));
    let writing = writing.into_iter().map(|case| (&second, case));
    for (proxy, (method, path, times, fault)) in reading.chain(writing) {
        let name = format!("{method} {path} {fault:?}");
        let other = second.reference(&format!("{}:1", repository()));
        proxy.fault(method, path, times, fault.clone());
        let prepared = prepare_by(&impatient(), &there, &other, &CopyOptions::default()).await;
        let copied = prepared.unwrap().run().await;
        copied.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(proxy.faults_left(), 0, "{name}");
        assert_eq!(content(&other).await, expected, "{name}");
        // the same into a folder
        if std::ptr::eq(proxy, &raw const first) {
            proxy.fault(method, path, times, fault);
            let folder = tempfile::tempdir().unwrap();
            let to = at("oci", folder.path(), "x");
            let prepared = prepare_by(&impatient(), &there, &to, &CopyOptions::default()).await;
            let copied = prepared.unwrap().run().await;
            copied.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(proxy.faults_left(), 0, "{name}");
            assert_eq!(content(&to).await, expected, "{name}");
        }
        proxy.forget_faults();
    }
}

#[tokio::test]
async fn bytes_that_are_not_the_blobs_never_arrive() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    let there = first.reference(&format!("{}:1", repository()));
    copy(&busybox(), &there, &CopyOptions::default()).await;
    let other = second.reference(&format!("{}:1", repository()));
    let folder = tempfile::tempdir().unwrap();
    for to in [other, at("oci", folder.path(), "x")] {
        first.fault("GET", "/blobs/", usize::MAX, Fault::Corrupt(0));
        let why = refusal(&there, &to, &CopyOptions::default()).await;
        assert!(
            why.contains("blob sha256:") && why.contains("hash"),
            "{why}"
        );
        assert!(open(&to).resolve().await.is_err(), "no name stands for it");
        first.forget_faults();
        copy(&there, &to, &CopyOptions::default()).await;
        assert_eq!(content(&there).await, content(&to).await);
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_asked_for_again() {
    let (Some(host), Some(tokens)) = (peers::registry(4), peers::registry(5)) else {
        peers::skip("the registry token does not run");
        return;
    };
    let proxy = Proxy::before(&host);
    let folder = tempfile::tempdir().unwrap();
    let auth = folder.path().join("auth.json");
    let login = r#"{"auths":{"HOST":{"auth":"YWxpY2U6czNjcmV0"}}}"#;
    std::fs::write(&auth, login.replace("HOST", &proxy.host())).unwrap();
    let network = Network {
        auth_files: vec![auth],
        ..network()
    };
    let client = Client::new(network).unwrap();
    let repository = repository();
    let to = proxy.reference(&format!("{repository}:1"));
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"http://{tokens}/token\",service=\"peers\",\
         scope=\"repository:{repository}:pull,push\",error=\"invalid_token\"\r\n"
    );
    let refused = Fault::answer(401, &challenge, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#);
    proxy.fault("PUT", "/blobs/uploads/", 1, refused.clone());
    proxy.fault("PUT", "/manifests/", 1, refused);
    let prepared = prepare_by(&client, &busybox(), &to, &CopyOptions::default()).await;
    let report = prepared.unwrap().run().await.unwrap();
    assert_eq!(proxy.faults_left(), 0);
    assert_eq!(report.digest, digest(&busybox()).await);
    // anyone may pull
    assert_eq!(content(&busybox()).await, content(&to).await);
    // and nobody else may push
    let to = proxy.reference(&format!("{repository}:2"));
    let why = refusal(&busybox(), &to, &CopyOptions::default()).await;
    assert!(why.contains("login") || why.contains("push"), "{why}");
}

#[tokio::test]
async fn what_a_registry_refuses_is_told_with_the_reason() {
    let Some(host) = docker_registry() else {
        return;
    };
    let proxy = Proxy::before(&host);
    let denied = r#"{"errors":[{"code":"DENIED","message":"no right"}]}"#;
    let invalid = r#"{"errors":[{"code":"MANIFEST_INVALID","message":"no OCI"}]}"#;
    let unknown = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"gone"}]}"#;
    for (path, status, body, words, hint) in [
        (
            "/manifests/",
            403,
            denied,
            "does not let this login push",
            "Log in",
        ),
        (
            "/manifests/",
            415,
            "",
            "takes nothing of this type",
            "takes manifests of this type",
        ),
        (
            "/manifests/",
            400,
            invalid,
            "valid manifest",
            "takes manifests of this type",
        ),
        ("/manifests/", 400, unknown, "misses something", "whole"),
        ("/manifests/", 413, "", "larger", "limit"),
        (
            "/blobs/uploads/",
            403,
            denied,
            "does not let this login push",
            "Log in",
        ),
        ("/blobs/uploads/", 507, "", "no room", "Delete"),
    ] {
        let to = proxy.reference(&format!("{}:1", repository()));
        proxy.fault("PUT", path, usize::MAX, Fault::answer(status, "", body));
        let prepared = prepare_by(&impatient(), &busybox(), &to, &CopyOptions::default()).await;
        let error = prepared.unwrap().run().await.unwrap_err();
        assert!(error.to_string().contains(words), "{status}: {error}");
        assert!(error.hint().contains(hint), "{status}: {}", error.hint());
        proxy.forget_faults();
        assert!(open(&to).resolve().await.is_err(), "{status}: no tag");
    }
}

/// Copies by the engine, and waits for the end.
fn by_engine(from: &str, to: &str, options: CopyOptions) -> Result<Arc<Report>, Arc<Failure>> {
    let watch = Watch::start_with(config());
    let copy = CopyId::next();
    let request = Box::new(CopyRequest {
        source: from.to_owned(),
        destination: to.to_owned(),
        options,
    });
    watch.engine.send(Command::Copy { copy, request });
    watch.wait(|| match &watch.engine.copy(copy)?.report {
        Remote::Ready(report) => Some(Ok(Arc::clone(report))),
        Remote::Failed { error, .. } => Some(Err(Arc::clone(error))),
        _ => None,
    })
}

#[tokio::test]
async fn what_is_not_taken_is_converted_where_nothing_is_lost() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = two_platforms(&folder.path().join("from")).reference("x");
    let proxy = Proxy::before(&host);
    let refused = || Fault::answer(415, "", "");
    // the name is what the registry does not take
    let to = proxy.reference(&format!("{}:1", repository()));
    proxy.fault("PUT", "/manifests/1", 1, refused());
    let report = {
        let (from, to) = (from.clone(), to.clone());
        let copying = move || by_engine(&from, &to, CopyOptions::default());
        tokio::task::spawn_blocking(copying).await.unwrap().unwrap()
    };
    assert_ne!(report.digest, report.from);
    assert!(
        report
            .documents
            .iter()
            .all(|document| document.how == "converted")
    );
    let document = Document::read(root(&*open(&to)).await);
    assert_eq!(
        document.media_type().as_str(),
        MediaType::DOCKER_MANIFEST_LIST
    );
    // not where the digests are to stay, nor where something would be lost
    for (from, options, hint) in [
        (
            from,
            CopyOptions {
                preserve_digests: true,
                ..CopyOptions::default()
            },
            "without --preserve-digests",
        ),
        (
            busybox(),
            CopyOptions::default(),
            "It cannot be converted: ",
        ),
    ] {
        let to = proxy.reference(&format!("{}:1", repository()));
        proxy.forget_faults();
        proxy.fault("PUT", "/manifests/1", usize::MAX, refused());
        let copying = move || by_engine(&from, &to, options);
        let failure = tokio::task::spawn_blocking(copying)
            .await
            .unwrap()
            .unwrap_err();
        assert!(
            failure.to_string().contains("takes nothing of this type"),
            "{failure}"
        );
        assert!(failure.hint.contains(hint), "{}", failure.hint);
    }
}

#[tokio::test]
async fn a_blob_that_a_registry_lost_is_told_with_its_platforms() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = two_platforms(&folder.path().join("from")).reference("x");
    let proxy = Proxy::before(&host);
    let there = proxy.reference(&format!("{}:1", repository()));
    copy(&from, &there, &CopyOptions::default()).await;
    let lost = porthole::model::Digest::sha256(b"b");
    let gone = Fault::answer(404, "", r#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#);
    proxy.fault("GET", &format!("/blobs/{lost}"), usize::MAX, gone);
    let to = at("oci", &folder.path().join("to"), "x");
    let prepared = prepare_by(&impatient(), &there, &to, &CopyOptions::default()).await;
    let error = prepared.unwrap().run().await.unwrap_err();
    assert!(
        error.to_string().contains("image for linux/arm64"),
        "{error}"
    );
    assert!(error.to_string().contains(&lost.to_string()), "{error}");
    assert!(
        error.hint().contains("--platform linux/amd64"),
        "{}",
        error.hint()
    );
}
