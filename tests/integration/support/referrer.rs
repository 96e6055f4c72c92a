//! Makes manifests that refer to others, and looks for them.

use std::sync::Arc;

use porthole::config::{Network, Retry};
use porthole::model::{Descriptor, Digest, MediaType, Reference};
use porthole::referrers::{Referrer, ReferrerTree, Search, search};
use porthole::transport::registry::Client;
use porthole::transport::{self, Source};
use serde_json::{Value, json};
use std::time::Duration;

use super::registry::Registry;

pub const SPDX: &str = "application/spdx+json";
pub const NOTATION: &str = "application/vnd.cncf.notary.signature";
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A descriptor of a manifest with these bytes.
pub fn descriptor(bytes: &[u8]) -> Descriptor {
    let digest = Digest::sha256(bytes);
    Descriptor::new(MediaType::OCI_MANIFEST, digest, bytes.len() as u64)
}

/// A manifest of `artifact_type` that refers to `subject`; `mark` tells it from others.
pub fn manifest(artifact_type: &str, subject: &Descriptor, mark: &str) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "artifactType": artifact_type,
        "config": {"mediaType": MediaType::OCI_EMPTY, "digest": Digest::sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": artifact_type, "digest": Digest::sha256(mark.as_bytes()), "size": mark.len()}],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
        "annotations": {"org.opencontainers.image.created": "2026-11-19T14:02:00Z", "mark": mark},
    })
}

/// A manifest as cosign writes it under a tag: it says nothing of what it is about.
pub fn cosign(layer_type: &str, mark: &str) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
        "config": {"mediaType": MediaType::OCI_CONFIG, "digest": Digest::sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": layer_type, "digest": Digest::sha256(mark.as_bytes()), "size": mark.len()}],
    })
}

/// An index of `entries`.
pub fn index(entries: &[Value]) -> Vec<u8> {
    let index = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
    });
    serde_json::to_vec(&index).unwrap()
}

/// Puts a manifest into `name` of the registry, under `tag` where there is one.
pub fn put(registry: &Registry, tag: Option<&str>, value: &Value) -> Descriptor {
    let bytes = serde_json::to_vec(value).unwrap();
    registry.put_manifest("name", tag, MediaType::OCI_MANIFEST, &bytes);
    descriptor(&bytes)
}

/// Puts an image into `name` of the registry as `v1`.
pub fn put_image(registry: &Registry) -> Descriptor {
    put_image_as(registry, "v1")
}

/// Puts an image into `name` of the registry under `tag`, which tells it from others.
pub fn put_image_as(registry: &Registry, tag: &str) -> Descriptor {
    put(registry, Some(tag), &cosign(MediaType::OCI_LAYER, tag))
}

/// The tag under which referrers of `subject` are listed without an API.
pub fn fallback(subject: &Descriptor) -> String {
    subject.digest.to_string().replace(':', "-")
}

/// No file of the user, and pauses that a test can wait for.
pub fn network() -> Network {
    Network {
        connect_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        retry: Retry {
            limit: 2,
            pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(8),
            patience: Duration::from_secs(5),
        },
        ..Network::default()
    }
}

/// The place that `reference` names, through a client of its own.
pub fn source(reference: &str) -> Arc<dyn Source> {
    source_of(&Client::new(network()).unwrap(), reference)
}

/// The place that `reference` names.
pub fn source_of(client: &Client, reference: &str) -> Arc<dyn Source> {
    let reference = Reference::parse_prefixed(reference).unwrap().unwrap();
    transport::open(&reference, client)
}

/// What to search for.
pub fn question(source: &Arc<dyn Source>, subject: &Digest) -> Search {
    Search {
        source: Arc::clone(source),
        manifests: Arc::new(Arc::clone(source)),
        subject: subject.clone(),
        in_index: Vec::new(),
        listed: None,
    }
}

/// The whole tree of `subject`.
pub async fn tree(source: &Arc<dyn Source>, subject: &Digest) -> ReferrerTree {
    whole(question(source, subject)).await
}

/// The whole tree that `question` leads to.
pub async fn whole(question: Search) -> ReferrerTree {
    use futures_util::StreamExt as _;
    let mut last = None;
    let mut trees = search(question);
    while let Some(tree) = trees.next().await {
        last = Some(tree);
    }
    last.unwrap()
}

/// Each referrer as a line: two spaces for each step down, what it is, and its digest's
/// first characters.
pub fn lines(tree: &ReferrerTree) -> Vec<String> {
    tree.walk()
        .map(|(depth, node)| format!("{}{}", "  ".repeat(depth), line(node)))
        .collect()
}

fn line(node: &Referrer) -> String {
    format!("{} {}", node.kind, &node.descriptor.digest.hex()[..8])
}

/// The line that [`lines`] gives for a referrer `depth` steps down.
pub fn expected(depth: usize, kind: &str, descriptor: &Descriptor) -> String {
    format!(
        "{}{kind} {}",
        "  ".repeat(depth),
        &descriptor.digest.hex()[..8]
    )
}
