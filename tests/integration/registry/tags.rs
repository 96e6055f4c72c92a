//! Changing what several tags stand for: each keeps what others put there meanwhile.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::join_all;
use porthole::model::{
    Algorithm, Descriptor, Digest, Document, MediaType, RawDocument, RegistryReference,
};
use porthole::signature::sign::{append, join};
use porthole::transport::registry::RegistryDestination;
use porthole::transport::{Edited, TagChange, TagEdit};

use super::{client, network};
use crate::support::referrer::SIMPLE_SIGNING;
use crate::support::registry::{Fault, Registry, Writes};

fn place(registry: &Registry) -> RegistryDestination {
    let image: RegistryReference = format!("{}/team/app", registry.host()).parse().unwrap();
    RegistryDestination::new(client(network()), image)
}

/// A layer that `mark` tells from others.
fn layer(mark: &str) -> (Descriptor, Bytes) {
    let bytes = Bytes::from(mark.to_owned());
    let length = bytes.len() as u64;
    let descriptor = Descriptor::new(SIMPLE_SIGNING, Digest::sha256(&bytes), length);
    (descriptor, bytes)
}

/// A change that adds a layer with this mark to what `tag` stands for.
fn adding(tag: &str, mark: &str) -> TagChange<'static> {
    let new = [layer(mark)];
    TagChange {
        tag: tag.to_owned(),
        edit: Box::new(move |there| append(there, &new)),
    }
}

/// The marks of the layers that lie under `tag`.
fn marks(registry: &Registry, tag: &str) -> BTreeSet<String> {
    let bytes = registry.held("team/app", tag).unwrap_or_default();
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    let raw = RawDocument::hash(bytes.into(), Algorithm::Sha256, media_type);
    let document = Document::read(raw);
    let layers = document.manifest().unwrap().layers.iter();
    let read = layers.map(|layer| {
        let bytes = registry.held("team/app", &layer.digest.to_string());
        String::from_utf8(bytes.unwrap()).unwrap()
    });
    read.collect()
}

fn set(marks: &[&str]) -> BTreeSet<String> {
    marks.iter().map(|mark| (*mark).to_owned()).collect()
}

#[tokio::test]
async fn two_changes_of_one_tag_are_both_made() {
    let registry = Registry::with_writes(Writes::default());
    let place = place(&registry);
    place.edit_tags(&[adding("sig", "there")]).await.unwrap();
    let Edited::Other { manifest, blobs } = append(None, &[layer("joined")]).unwrap() else {
        panic!();
    };
    for (_, bytes) in blobs {
        registry.put_blob("team/app", &bytes);
    }
    let joined = TagChange {
        tag: "sig".to_owned(),
        edit: Box::new(|there| join(there, &manifest)),
    };
    place
        .edit_tags(&[joined, adding("sig", "added")])
        .await
        .unwrap();
    assert_eq!(marks(&registry, "sig"), set(&["there", "joined", "added"]));
}

#[tokio::test]
async fn two_that_change_the_same_tags_at_once_lose_nothing() {
    let registry = Registry::with_writes(Writes::default());
    let (one, other) = (place(&registry), place(&registry));
    let of = |tags: [&str; 2], mark: &str| tags.map(|tag| adding(tag, mark));
    // two of one program, whose tags are in other orders, and one of another program
    let changes = [
        of(["a", "b"], "first"),
        of(["c", "b"], "second"),
        of(["b", "a"], "third"),
    ];
    let edits = [
        one.edit_tags(&changes[0]),
        one.edit_tags(&changes[1]),
        other.edit_tags(&changes[2]),
    ];
    for ended in join_all(edits).await {
        ended.unwrap();
    }
    assert_eq!(marks(&registry, "a"), set(&["first", "third"]));
    assert_eq!(marks(&registry, "b"), set(&["first", "second", "third"]));
    assert_eq!(marks(&registry, "c"), set(&["second"]));
}

#[tokio::test]
async fn what_cannot_be_changed_is_told_and_no_index_is_written_over() {
    let registry = Registry::with_writes(Writes::default());
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    registry.put_manifest("team/app", Some("b"), MediaType::OCI_INDEX, index);
    registry.fault("PUT /v2/team/app/manifests/c", Fault::status(403));
    let place = place(&registry);
    for (tag, others) in [("b", ["a", "d"]), ("c", ["a", "d"])] {
        let changes = [others[0], tag, others[1]].map(|tag| adding(tag, "mark"));
        let error = place.edit_tags(&changes).await.unwrap_err();
        assert_eq!(error.what, format!("tag {tag}"), "{error}");
    }
    assert_eq!(registry.held("team/app", "b").unwrap(), index);
    assert_eq!(registry.held("team/app", "c"), None);
}
