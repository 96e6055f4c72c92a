//! Into a container engine: a real Podman.

use porthole::config::Engines;
use porthole::copy::{self, CopyOptions, CopyProgress};
use porthole::model::Document;
use porthole::transport::registry::Client;
use serde_json::Value;
use std::sync::Arc;

use super::{busybox, entries, host, no_referrers, open, parsed, platforms, refusal};
use crate::daemon::podman::Podman;
use crate::support::engine::{Answer, FakeEngine, network, ping};

async fn load(
    client: &Client,
    from: &str,
    name: &str,
    options: &CopyOptions,
) -> Result<copy::Report, copy::CopyError> {
    let source = open(from);
    let to = parsed(&format!("docker-daemon:{name}"));
    let destination = porthole::transport::open_destination(&to, client)?;
    let plan = copy::plan(
        Arc::clone(&source),
        Arc::clone(&destination),
        None,
        options,
        &host(),
    )
    .await?;
    let progress = Arc::new(CopyProgress::of(&plan));
    copy::run(&plan, source, destination, progress).await
}

#[tokio::test]
async fn podman_loads_what_is_copied_to_it() {
    let Some(podman) = tokio::task::spawn_blocking(Podman::start).await.unwrap() else {
        return;
    };
    let client = Client::new(network(Engines {
        sockets: vec![podman.socket()],
        ..Engines::default()
    }))
    .unwrap();
    let options = CopyOptions {
        also: vec!["example.org/copied:again".to_owned()],
        ..no_referrers()
    };
    let report = load(&client, &busybox(), "example.org/copied:1", &options)
        .await
        .unwrap();
    let amd64 = entries(&busybox()).await[0].clone();
    assert_eq!(report.digest, amd64.digest);
    let manifest = Document::read(open(&busybox()).manifest(&amd64).await.unwrap());
    let manifest = manifest.manifest().cloned().unwrap();
    for name in ["example.org/copied:1", "example.org/copied:again"] {
        let inspected: Value =
            serde_json::from_str(&podman.run(&["image", "inspect", name])).unwrap();
        assert_eq!(inspected[0]["Id"], manifest.config.digest.hex(), "{name}");
        let layers = inspected[0]["RootFS"]["Layers"].as_array().unwrap();
        assert_eq!(layers.len(), manifest.layers.len());
        let stored = report
            .blobs
            .iter()
            .filter_map(|blob| blob.stored_as.as_ref());
        for (layer, stored) in layers.iter().zip(stored) {
            assert_eq!(*layer, stored.to_string());
        }
    }
    // what the engine calls by this name is told before another one takes it
    assert_eq!(report.replaced, None);
    let to = parsed("docker-daemon:example.org/copied:1");
    let destination = porthole::transport::open_destination(&to, &client).unwrap();
    let there = destination.current().await.unwrap();
    assert_eq!(there.as_ref(), Some(&manifest.config.digest));
    let arm64 = platforms(&["linux/arm64"]);
    let options = CopyOptions {
        no_referrers: true,
        ..arm64
    };
    let host = host();
    let planned = copy::plan(open(&busybox()), destination, None, &options, &host);
    let plan = planned.await.unwrap();
    assert_eq!(plan.replaces, there);
    assert!(plan.text(&[]).contains("now, and moves"));
    let options = no_referrers();
    let again = load(&client, &busybox(), "example.org/copied:1", &options).await;
    assert_eq!(again.unwrap().replaced, None, "it is the same one");
    // what the engine has is what was copied
    let back = porthole::transport::open(&parsed("docker-daemon:example.org/copied:1"), &client);
    let called = |name: &str| {
        let called = back.reference().called(name)?;
        Some(porthole::transport::open(&called, &client))
    };
    let items = copy::check(&report, Arc::clone(&back), called).await;
    assert!(items.iter().all(|item| item.problem.is_none()), "{items:?}");
    assert_eq!(items.len(), 1 + manifest.layers.len() + 1);
}

#[tokio::test]
async fn an_engine_that_fails_is_told() {
    for (answer, words) in [
        (
            Answer::Json(500, serde_json::json!({"message": "no room"})),
            "answered 500",
        ),
        (
            Answer::Json(200, serde_json::json!({"error": "bad archive"})),
            "answered 200",
        ),
    ] {
        let engine = FakeEngine::start(move |path: &str| match path {
            "/_ping" => ping(),
            "/images/load" => answer.clone(),
            _ => Answer::Json(404, serde_json::json!({"message": "no"})),
        });
        let client = Client::new(engine.network()).unwrap();
        let failed = load(&client, &busybox(), "a:1", &no_referrers()).await;
        let failed = failed.unwrap_err();
        assert!(failed.to_string().contains(words), "{failed}");
        assert!(engine.requests().contains(&"/images/load".to_owned()));
    }
    let why = refusal(&busybox(), "docker-daemon:UPPER", &no_referrers()).await;
    assert!(why.contains("UPPER"), "{why}");
}
