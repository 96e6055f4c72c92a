//! Uploads that were broken off: what becomes of them when the same is sent again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, StreamExt, stream};
use porthole::config::Network;
use porthole::transport::registry::Client;
use porthole::transport::{BlobStream, Payload, Problem, TransportError};

use super::uploads::{LARGE, blob, bytes, destination, held, put, steps};
use super::{client, network};
use crate::support::registry::{Fault, Registry, Writes};

/// Its first bytes, and then nothing more; or why.
struct Stuck(Bytes, Option<Problem>);

impl Payload for Stuck {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        let pieces = self.0[from as usize..]
            .chunks(1 << 20)
            .map(Bytes::copy_from_slice);
        let pieces: Vec<_> = pieces.map(Ok).collect();
        let end = self
            .1
            .clone()
            .map(|problem| Err(TransportError::new("it", "here", problem)));
        let rest = match end {
            Some(end) => stream::once(ready(end)).boxed(),
            None => stream::pending().boxed(),
        };
        ready(Ok(stream::iter(pieces).chain(rest).boxed())).boxed()
    }
}

/// A client whose program goes on when an upload is broken off.
fn keeping() -> Client {
    client(Network {
        keep_uploads: true,
        ..network()
    })
}

#[tokio::test]
async fn an_upload_that_was_broken_off_goes_on_when_it_is_tried_again() {
    let registry = Registry::with_writes(Writes::default());
    let (client, bytes) = (keeping(), bytes(LARGE));
    registry.fault_times("PUT ", 1, Fault::CutRequest(18 << 20));
    registry.fault_times("GET ", 1, Fault::Silence);
    let asked = async {
        while !steps(&registry).contains(&"GET".to_owned()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // the registry does not answer, and whoever sends gives up
    tokio::select! {
        ended = put(&client, &registry, &bytes) => panic!("{ended:?}"),
        () = asked => {}
    }
    assert_eq!(steps(&registry), ["POST", "PUT", "GET"]);
    // somebody else's blob is another upload
    put(&client, &registry, &self::bytes(1000)).await.unwrap();
    put(&client, &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    assert_eq!(
        steps(&registry)[3..],
        [
            "POST",
            "PUT",
            "GET",
            "PATCH 18874368-35651583",
            "PATCH 35651584-41943039",
            "PUT"
        ]
    );
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_for_now_leaves_its_upload() {
    let bytes = bytes(LARGE);
    let broken_off = Problem::BrokenOff {
        why: "no".to_owned(),
    };
    let registry = Registry::with_writes(Writes::default());
    let client = keeping();
    let to = destination(&client, &registry.reference("team/app:1"));
    let stuck = Arc::new(Stuck(bytes.slice(..20 << 20), Some(broken_off)));
    let error = to.put_blob(&blob(&bytes), stuck).await.unwrap_err();
    assert!(error.problem.is_unanswered(), "{error:?}");
    assert_eq!(registry.open_uploads(), 1);
    put(&client, &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    let steps = steps(&registry);
    assert_eq!(steps.iter().filter(|step| *step == "POST").count(), 1);
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn what_was_left_and_is_of_no_use_begins_anew() {
    let bytes = bytes(10 << 20);
    let gone = || Fault::error(404, "BLOB_UPLOAD_UNKNOWN", "unknown");
    let invalid = || Fault::error(400, "DIGEST_INVALID", "provided digest did not match");
    for (line, fault) in [("GET ", gone()), ("PATCH ", gone()), ("PUT ", invalid())] {
        let registry = Registry::with_writes(Writes::default());
        let client = keeping();
        let to = destination(&client, &registry.reference("team/app:1"));
        let blob = blob(&bytes);
        let putting = to.put_blob(&blob, Arc::new(Stuck(bytes.slice(..5 << 20), None)));
        let wait = Duration::from_millis(700);
        tokio::time::timeout(wait, putting).await.unwrap_err();
        registry.fault_times(line, 1, fault);
        put(&client, &registry, &bytes).await.unwrap();
        assert!(held(&registry, &bytes), "{line}");
        let steps = steps(&registry);
        assert_eq!(
            steps[steps.len() - 3..],
            ["DELETE", "POST", "PUT"],
            "{line}"
        );
        assert_eq!(registry.open_uploads(), 0, "{line}");
    }
}

#[tokio::test]
async fn bytes_that_were_wrong_are_not_gone_on_with() {
    let right = bytes(LARGE);
    let mut wrong = right.to_vec();
    wrong[5] ^= 1;
    let registry = Registry::with_writes(Writes::default());
    let client = keeping();
    let to = destination(&client, &registry.reference("team/app:1"));
    let wrong = Arc::new(Bytes::from(wrong));
    to.put_blob(&blob(&right), wrong).await.unwrap_err();
    assert_eq!(registry.open_uploads(), 0);
    put(&client, &registry, &right).await.unwrap();
    assert_eq!(steps(&registry)[1..], ["DELETE", "POST", "PUT"]);
}
