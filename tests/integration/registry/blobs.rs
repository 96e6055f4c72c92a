//! Blobs: streams, parts of them, and connections that break off.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use porthole::config::Network;
use porthole::model::{Descriptor, Digest};
use porthole::transport::{BlobState, Problem, Source, TransportError, hash_blob, read_blob};

use super::{client, network, source};
use crate::support::registry::{Fault, Registry};

/// A registry with one blob of `size` bytes, of which no two pieces are the same.
fn blob(size: usize) -> (Registry, Vec<u8>, Descriptor, Arc<dyn Source>) {
    let registry = Registry::start();
    let bytes: Vec<u8> = (0..size as u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .take(size)
        .collect();
    let digest = registry.put_blob("a", &bytes);
    let descriptor = Descriptor::new("application/octet-stream", digest, size as u64);
    let source = source(&client(network()), &registry.reference("a:b"));
    (registry, bytes, descriptor, source)
}

async fn read(
    source: &dyn Source,
    descriptor: &Descriptor,
    range: Option<Range<u64>>,
) -> Result<Vec<u8>, TransportError> {
    let mut pieces = source.blob(descriptor, range).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// The `Range` of each request.
fn ranges(registry: &Registry) -> Vec<Option<String>> {
    let requests = registry.requests();
    requests
        .iter()
        .map(|r| r.header("range").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_blob_comes_whole_and_is_asked_for_without_a_range() {
    let (registry, bytes, descriptor, source) = blob(300_000);
    assert_eq!(read(&*source, &descriptor, None).await.unwrap(), bytes);
    assert_eq!(
        registry.lines(),
        [format!("GET /v2/a/blobs/{}", descriptor.digest)]
    );
    assert_eq!(ranges(&registry), [None]);
}

#[tokio::test]
async fn a_part_is_asked_for_with_both_ends() {
    let (registry, bytes, descriptor, source) = blob(1000);
    for (range, header) in [
        (0..1, "bytes=0-0"),
        (10..20, "bytes=10-19"),
        (990..1000, "bytes=990-999"),
        (990..5000, "bytes=990-999"),
    ] {
        let part = read(&*source, &descriptor, Some(range.clone()))
            .await
            .unwrap();
        let end = range.end.min(1000) as usize;
        assert_eq!(part, bytes[range.start as usize..end], "{range:?}");
        assert_eq!(ranges(&registry).pop().unwrap().as_deref(), Some(header));
    }
    let before = registry.requests().len();
    for nothing in [5..5, 2000..3000] {
        let part = read(&*source, &descriptor, Some(nothing)).await.unwrap();
        assert!(part.is_empty());
    }
    assert_eq!(
        registry.requests().len(),
        before,
        "nothing is not asked for"
    );
}

#[tokio::test]
async fn a_registry_that_ignores_ranges_is_read_past_what_is_not_wanted() {
    let (registry, bytes, descriptor, source) = blob(300_000);
    registry.fault("/blobs/", Fault::IgnoreRange);
    for range in [0..10, 100_000..100_010, 299_990..300_000] {
        let part = read(&*source, &descriptor, Some(range.clone()))
            .await
            .unwrap();
        assert_eq!(part, bytes[range.start as usize..range.end as usize]);
    }
}

#[tokio::test]
async fn another_part_than_was_asked_for_is_an_error() {
    let (registry, _, descriptor, source) = blob(1000);
    for wrong in [
        "bytes 0-9/1000",
        "bytes 10-18/1000",
        "bytes 10-19/999",
        "bytes */1000",
        "",
    ] {
        registry.fault_times("/blobs/", 1, Fault::header("Content-Range", wrong));
        let error = read(&*source, &descriptor, Some(10..20)).await.unwrap_err();
        match error.problem {
            Problem::Protocol { why } => assert!(why.contains("bytes 10-19 of 1000"), "{why}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
    registry.fault_times("/blobs/", 1, Fault::status(206));
    let error = read(&*source, &descriptor, None).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn a_blob_that_breaks_off_goes_on_from_where_it_was() {
    let (registry, bytes, descriptor, source) = blob(300_000);
    registry.fault_times("/blobs/", 2, Fault::CutAfter(100_000));
    assert_eq!(read(&*source, &descriptor, None).await.unwrap(), bytes);
    assert_eq!(
        ranges(&registry),
        [
            None,
            Some("bytes=100000-299999".to_owned()),
            Some("bytes=200000-299999".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_part_that_breaks_off_goes_on_within_its_end() {
    let (registry, bytes, descriptor, source) = blob(300_000);
    registry.fault_times("/blobs/", 1, Fault::CutAfter(7));
    let part = read(&*source, &descriptor, Some(1000..2000)).await.unwrap();
    assert_eq!(part, bytes[1000..2000]);
    assert_eq!(ranges(&registry)[1].as_deref(), Some("bytes=1007-1999"));
}

#[tokio::test]
async fn a_broken_blob_goes_on_where_ranges_are_ignored() {
    let (registry, bytes, descriptor, source) = blob(300_000);
    registry.fault_times("/blobs/", 1, Fault::CutAfter(100_000));
    registry.fault("/blobs/", Fault::IgnoreRange);
    assert_eq!(read(&*source, &descriptor, None).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_blob_that_always_breaks_off_is_an_error() {
    let (registry, _, descriptor, source) = blob(300_000);
    registry.fault("/blobs/", Fault::CutAfter(10));
    let error = read(&*source, &descriptor, None).await.unwrap_err();
    assert!(
        matches!(error.problem, Problem::BrokenOff { .. }),
        "{error}"
    );
    assert_eq!(registry.requests().len(), 4);
}

#[tokio::test]
async fn what_comes_slowly_is_waited_for_as_long_as_it_comes() {
    let (registry, bytes, descriptor, _) = blob(300_000);
    let network = Network {
        stall_timeout: Duration::from_secs(1),
        ..network()
    };
    let source = source(&client(network), &registry.reference("a:b"));
    let pause = Duration::from_millis(200);
    registry.fault("/blobs/", Fault::Slow(pause));
    let began = Instant::now();
    assert_eq!(read(&*source, &descriptor, None).await.unwrap(), bytes);
    assert!(
        began.elapsed() >= 10 * pause,
        "longer than any stall may be"
    );
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn lying_lengths_never_pass_for_the_blob() {
    let (registry, bytes, descriptor, source) = blob(1000);
    // more is said than comes: all of it had come, and its digest is right
    registry.fault_times("/blobs/", 1, Fault::Length(5000));
    let raw = read_blob(&*source, &descriptor, 1 << 20).await.unwrap();
    assert_eq!(raw.bytes(), &bytes[..]);
    // less is said than comes
    registry.fault_times("/blobs/", 1, Fault::Length(400));
    let error = read_blob(&*source, &descriptor, 1 << 20).await.unwrap_err();
    let (expected, found) = (1000, Some(400));
    assert_eq!(error.problem, Problem::WrongSize { expected, found });
    // far more comes than the descriptor says
    registry.fault_times("/blobs/", 1, Fault::Endless { said: None });
    let error = read_blob(&*source, &descriptor, 1 << 20).await.unwrap_err();
    assert_eq!(
        error.problem,
        Problem::WrongSize {
            expected,
            found: None
        }
    );
}

#[tokio::test]
async fn a_changed_byte_is_found() {
    let (registry, bytes, descriptor, source) = blob(1000);
    registry.fault("/blobs/", Fault::Corrupt);
    let mut changed = bytes;
    changed[500] ^= 1;
    let found = Digest::sha256(&changed);
    let error = read_blob(&*source, &descriptor, 1 << 20).await.unwrap_err();
    let expected = descriptor.digest.clone();
    assert_eq!(
        error.problem,
        Problem::WrongDigest {
            expected,
            found: found.clone()
        }
    );
    let state = hash_blob(&*source, &descriptor, |_| ()).await.unwrap();
    assert_eq!(state, BlobState::WrongDigest { found });
}

#[tokio::test]
async fn a_blob_that_is_not_there_is_told_so() {
    let (registry, _, _, source) = blob(10);
    let digest = Digest::sha256(b"nope");
    let missing = Descriptor::new("application/octet-stream", digest.clone(), 4);
    let error = read(&*source, &missing, None).await.unwrap_err();
    let place = format!("{}/a", registry.host());
    assert_eq!(
        error.to_string(),
        format!("blob {digest} of {place}: it is not there")
    );
}

#[tokio::test]
async fn a_dropped_blob_is_not_read_on() {
    let (registry, _, descriptor, source) = blob(300_000);
    registry.fault("/blobs/", Fault::Endless { said: None });
    let mut pieces = source.blob(&descriptor, None).await.unwrap();
    pieces.next().await.unwrap().unwrap();
    drop(pieces);
    // the registry's end of the connection notices that nobody reads any more
    for _ in 0..200 {
        if registry.open_connections() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the connection is still open");
}
