//! The manifest that carries an envelope, in its three forms: an OCI manifest with
//! `artifactType`, one whose config's type says it, and the artifact manifest that never
//! was finished (signature-specification.md, "Storage").

use serde_json::Value;

use crate::model::{Descriptor, DescriptorProblem};
use crate::signature::json;

/// The type of Notation's signatures.
pub const ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";

/// The annotation with the fingerprints of the chain. It is a filter, never a proof.
pub const THUMBPRINTS: &str = "io.cncf.notary.x509chain.thumbprint#S256";

const ARTIFACT_MANIFEST: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// What a signature's manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureManifest {
    /// The one blob with the envelope.
    pub envelope: Descriptor,
    /// What it says it is about. What is signed says it better.
    pub subject: Option<Descriptor>,
}

/// Why a manifest carries no Notation signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest cannot be read: {0}")]
    Unreadable(String),
    #[error("the manifest is not of a Notation signature")]
    OtherType,
    #[error("the manifest has {0} blobs where a signature has one")]
    Blobs(usize),
    #[error("the manifest points at its signature wrongly: {0}")]
    Descriptor(#[from] DescriptorProblem),
}

impl SignatureManifest {
    /// Reads the manifest in any of its forms.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value = json::read(bytes).map_err(|why| ManifestError::Unreadable(why.to_string()))?;
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let by_type = text("/artifactType") == Some(ARTIFACT_TYPE);
        let is_artifact = text("/mediaType") == Some(ARTIFACT_MANIFEST);
        let by_config = text("/config/mediaType") == Some(ARTIFACT_TYPE);
        if !by_type && !by_config {
            return Err(ManifestError::OtherType);
        }
        let list = value.get(if is_artifact { "blobs" } else { "layers" });
        let list = list
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let [envelope] = list else {
            return Err(ManifestError::Blobs(list.len()));
        };
        let subject = value
            .get("subject")
            .map(Descriptor::from_json)
            .transpose()?;
        Ok(Self {
            envelope: Descriptor::from_json(envelope)?,
            subject,
        })
    }
}
