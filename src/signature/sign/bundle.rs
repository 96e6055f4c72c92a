//! Sigstore bundles, version 0.3, as cosign 3 attaches them (cosign `BUNDLE_SPEC.md`).

use bytes::Bytes;
use serde_json::json;

use super::artifact::{Artifact, artifact, blob};
use super::dsse;
use super::proof::Proof;
use crate::model::{Annotations, Descriptor, annotation};

/// What bundles are called, as a type of bundle, layer and artifact.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The bundle of a signed statement.
pub fn bundle(statement: &[u8], signature: &[u8], proof: &Proof) -> Bytes {
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": proof.material(),
        "dsseEnvelope": dsse::envelope(statement, signature),
    });
    bundle.to_string().into_bytes().into()
}

/// The referrer that carries a bundle about `subject`. `created` is RFC 3339.
pub fn bundle_artifact(
    bundle: Bytes,
    predicate_type: &str,
    subject: &Descriptor,
    created: String,
) -> Artifact {
    let layer = blob(BUNDLE, bundle);
    let annotations: Annotations = [
        (annotation::CREATED, created.as_str()),
        ("dev.sigstore.bundle.content", "dsse-envelope"),
        (annotation::SIGSTORE_PREDICATE, predicate_type),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    let mut made = artifact(
        BUNDLE,
        std::slice::from_ref(&layer.0),
        subject,
        &annotations,
    );
    made.blobs.push(layer);
    made
}
