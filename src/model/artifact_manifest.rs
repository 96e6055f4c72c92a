//! The artifact manifest of the drafts of image-spec 1.1, and ORAS's before it, which old
//! versions of oras and notation wrote: `artifactType`, `blobs`, `subject`.

use serde_json::Value;

use super::{Annotations, Descriptor, Document, MediaType};

/// The types that such manifests have.
const TYPES: [&str; 2] = [
    "application/vnd.oci.artifact.manifest.v1+json",
    "application/vnd.cncf.oras.artifact.manifest.v1+json",
];

/// What such a manifest says. What cannot be read of it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactManifest {
    pub artifact_type: Option<MediaType>,
    pub blobs: Vec<Descriptor>,
    /// Whether some of the blobs, or their list, could not be read.
    pub is_cut: bool,
    pub subject: Option<Descriptor>,
    pub annotations: Annotations,
}

impl ArtifactManifest {
    /// Whether a document of this type is one.
    pub fn is_type(media_type: &MediaType) -> bool {
        TYPES.contains(&media_type.as_str())
    }

    /// Reads `document` as one, of whatever type it is.
    pub fn read(document: &Document) -> Self {
        let value: Value = serde_json::from_slice(document.bytes()).unwrap_or_default();
        // what Go writes for an empty list
        let listed = value.get("blobs").filter(|listed| !listed.is_null());
        let is_list = listed.is_none_or(Value::is_array);
        let listed = listed.and_then(Value::as_array);
        let listed = listed.map_or(&[][..], Vec::as_slice);
        let blobs = listed.iter().filter_map(|b| Descriptor::from_json(b).ok());
        let blobs: Vec<_> = blobs.collect();
        let texts = value.get("annotations").and_then(Value::as_object);
        let texts = texts.into_iter().flatten();
        let annotations = texts
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let artifact_type = value.get("artifactType").and_then(Value::as_str);
        Self {
            artifact_type: artifact_type.filter(|t| !t.is_empty()).map(MediaType::new),
            is_cut: !is_list || blobs.len() < listed.len(),
            blobs,
            subject: value
                .get("subject")
                .and_then(|subject| Descriptor::from_json(subject).ok()),
            annotations,
        }
    }
}
