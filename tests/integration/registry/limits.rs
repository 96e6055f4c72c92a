//! How often registries may be asked: limits shown, waits said and kept, requests counted.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use porthole::config::Network;

use super::{BUSYBOX, client, document, network, source};
use crate::support::registry::{Fault, Registry};
use crate::support::watch::Watch;

fn registry() -> Registry {
    let registry = Registry::start();
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

fn inspect(reference: &str, more: &[&str]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["inspect", reference])
        .args(more)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap()
}

/// The right answer, with what Docker Hub says of its limit.
fn with_limit() -> Fault {
    let headers = [
        ("RateLimit-Limit", "100;w=21600"),
        ("RateLimit-Remaining", "76;w=21600"),
        ("Docker-RateLimit-Source", "203.0.113.7"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Fault::Headers(headers.to_vec())
}

#[test]
fn the_pulls_that_are_left_are_told() {
    let registry = registry();
    registry.fault("/manifests/", with_limit());
    let reference = registry.reference("team/busybox:1.37.0");
    let shown = inspect(&reference, &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(
        json["connection"]["rateLimit"],
        serde_json::json!({"limit": 100, "remaining": 76, "windowSeconds": 21600})
    );
    let text = String::from_utf8(inspect(&reference, &[]).stdout).unwrap();
    assert!(
        text.contains("76 of 100 pulls are left, counted by address over 6 h"),
        "{text}"
    );
}

#[test]
fn a_wait_is_said_while_it_lasts() {
    let registry = registry();
    let later = Fault::status(429).with_header("Retry-After", "2");
    registry.fault_times("/manifests/", 1, later);
    let shown = inspect(&registry.reference("team/busybox:1.37.0"), &[]);
    assert!(shown.status.success());
    let said = String::from_utf8(shown.stderr).unwrap();
    let expected = format!("waiting 2 s: {} asked to be left alone", registry.host());
    assert_eq!(said.matches(&expected).count(), 1, "{said}");
}

#[test]
fn the_engine_tells_who_is_waited_for() {
    let registry = registry();
    let later = Fault::status(429).with_header("Retry-After", "20");
    registry.fault_times("/manifests/", 1, later);
    let watch = Watch::start();
    let id = watch.open(&registry.reference("team/busybox:1.37.0"));
    let waiting = watch.wait(|| watch.engine.waiting().into_iter().next());
    assert_eq!(waiting.host, registry.host());
    assert!(waiting.left().unwrap() <= Duration::from_secs(20));
    watch
        .engine
        .send(porthole::engine::Command::Close { image: id });
}

#[tokio::test]
async fn one_host_that_wants_to_be_left_alone_holds_up_all_who_ask_it_and_nobody_else() {
    let (limited, other) = (registry(), registry());
    let client = client(network());
    let later = Fault::status(429).with_header("Retry-After", "1");
    limited.fault_times("/manifests/", 1, later);
    let began = Instant::now();
    let reference = limited.reference("team/busybox:1.37.0");
    let first = source(&client, &reference);
    let first = tokio::spawn(async move { document(&*first).await.map(drop) });
    while client.waiting().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let elsewhere = source(&client, &other.reference("team/busybox:1.37.0"));
    document(&*elsewhere).await.unwrap();
    assert!(!client.waiting().is_empty(), "the other host waited too");
    let second = source(&client, &reference);
    document(&*second).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    first.await.unwrap().unwrap();
    assert_eq!(limited.requests().len(), 3);
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way_to_one_host() {
    let registry = registry();
    registry.fault_times("/manifests/", 2, Fault::Silence);
    let network = Network {
        requests_per_host: 2,
        stall_timeout: Duration::from_millis(700),
        ..network()
    };
    let client = client(network);
    let sources: Vec<_> = (0..6)
        .map(|_| source(&client, &registry.reference("team/busybox:1.37.0")))
        .collect();
    let reading = sources
        .into_iter()
        .map(|source| tokio::spawn(async move { document(&*Arc::clone(&source)).await.map(drop) }));
    let reading: Vec<_> = reading.collect();
    while registry.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(registry.requests().len(), 2, "others did not wait");
    // those that are not answered give their places up
    let ended = join_all(reading).await;
    let failed = ended
        .iter()
        .filter(|ended| ended.as_ref().unwrap().is_err());
    assert_eq!(failed.count(), 2);
    assert_eq!(registry.requests().len(), 6);
}
