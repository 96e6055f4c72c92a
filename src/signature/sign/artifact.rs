//! Artifacts that refer to a manifest: image-spec `manifest.md`, "Guidelines for Artifact
//! Usage".

use bytes::Bytes;
use serde_json::{Map, json};

use crate::model::{Algorithm, Annotations, Descriptor, MediaType, RawDocument};

/// The config of an artifact that has none.
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");

/// A manifest that is about another one, with its small blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Config and layers as far as they are at hand; others are put by whoever has them.
    pub blobs: Vec<(Descriptor, Bytes)>,
    pub manifest: RawDocument,
}

/// A blob and what points at it.
pub fn blob(media_type: &str, bytes: impl Into<Bytes>) -> (Descriptor, Bytes) {
    let bytes = bytes.into();
    let raw = RawDocument::hash(bytes.clone(), Algorithm::Sha256, MediaType::new(media_type));
    let descriptor = Descriptor::new(media_type, raw.digest().clone(), raw.size());
    (descriptor, bytes)
}

/// The artifact of `artifact_type` with these layers that refers to `subject`.
pub fn artifact(
    artifact_type: &str,
    layers: &[Descriptor],
    subject: &Descriptor,
    annotations: &Annotations,
) -> Artifact {
    let config = blob(EMPTY.0, EMPTY.1);
    let subject = Descriptor::new(
        subject.media_type.as_str(),
        subject.digest.clone(),
        subject.size,
    );
    let mut object = Map::new();
    object.insert("schemaVersion".to_owned(), 2.into());
    object.insert("mediaType".to_owned(), MediaType::OCI_MANIFEST.into());
    object.insert("artifactType".to_owned(), artifact_type.into());
    object.insert("config".to_owned(), json!(config.0));
    // an artifact without a layer has the empty blob for one
    let layers = match layers {
        [] => json!([config.0]),
        layers => json!(layers),
    };
    object.insert("layers".to_owned(), layers);
    object.insert("subject".to_owned(), json!(subject));
    if !annotations.is_empty() {
        object.insert("annotations".to_owned(), json!(annotations));
    }
    Artifact {
        blobs: vec![config],
        manifest: document(&serde_json::Value::Object(object)),
    }
}

/// A manifest of JSON, hashed.
pub(super) fn document(value: &serde_json::Value) -> RawDocument {
    let bytes = serde_json::to_vec(value).expect("a JSON value can be written");
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    RawDocument::hash(bytes.into(), Algorithm::Sha256, media_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Content, Digest, Document};

    #[test]
    fn an_artifact_is_a_manifest_that_refers_and_has_the_empty_config() {
        let subject = Descriptor::new(MediaType::OCI_INDEX, Digest::sha256(b"x"), 1);
        let layer = blob("text/plain", &b"hello"[..]);
        let annotations = [("a".to_owned(), "b".to_owned())].into();
        let made = artifact("application/x", &[layer.0], &subject, &annotations);
        let document = Document::read(made.manifest);
        let Content::Manifest(manifest) = document.content() else {
            panic!("{document:?}");
        };
        assert_eq!(manifest.subject.as_ref(), Some(&subject));
        assert_eq!(
            manifest.artifact_type.as_ref().unwrap().as_str(),
            "application/x"
        );
        assert_eq!(manifest.config.size, 2);
        assert_eq!(manifest.annotations, annotations);
        assert_eq!(document.problem(), None);
    }
}
