//! Documents: the exact bytes of a manifest or index beside what they say.

use bytes::Bytes;
use serde_json::Value;

use super::index::IndexProblem;
use super::manifest::ManifestProblem;
use super::{
    ArtifactManifest, Descriptor, Index, Manifest, MediaKind, MediaType, RawDocument, other_case,
    schema1, text,
};

/// A manifest or index: bytes, and the parsed view of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    raw: RawDocument,
    media_type: MediaType,
    content: Content,
}

/// What a document was found to be.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one in each document, which is shared and never moved"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Index(Index),
    Manifest(Manifest),
    /// JSON of a type that is not read here; shown as what it is.
    Unknown,
    /// Bytes that are not what they were said to be; only the bytes can be shown.
    Invalid(DocumentError),
}

/// Why bytes are not a document.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("it is JSON, but not an object")]
    NotAnObject,
    #[error("it can be read in two ways: it has {0}")]
    Ambiguous(String),
    #[error("it is not a valid index: {0}")]
    Index(#[from] IndexProblem),
    #[error("it is not a valid manifest: {0}")]
    Manifest(#[from] ManifestProblem),
}

impl Document {
    /// Reads `raw`. Its own `mediaType` decides what it is; where it has none, the type
    /// that the place gave; where neither is known, its shape, as containers/image guesses.
    ///
    /// Bytes that cannot be read are a document all the same ([`Content::Invalid`]). One
    /// that has the lists of two formats is invalid, so that no two readers see different
    /// things in it (CVE-2021-41190), and so is one with members that are those of the formats
    /// but for their case.
    pub fn read(raw: RawDocument) -> Self {
        // what the digest does not cover is not believed
        let (media_type, content) = match object(raw.covered()) {
            Ok(value) => {
                let media_type = media_type_of(&value, &raw);
                let content = content_of(&value, &media_type).unwrap_or_else(Content::Invalid);
                (media_type, content)
            }
            Err(error) => (raw.media_type().clone(), Content::Invalid(error)),
        };
        Self {
            raw,
            media_type,
            content,
        }
    }

    /// The exact bytes with their digest.
    pub fn raw(&self) -> &RawDocument {
        &self.raw
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &Bytes {
        self.raw.bytes()
    }

    /// What it was found to be.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The type that decided how it was read.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The index, where it is one.
    pub fn index(&self) -> Option<&Index> {
        match &self.content {
            Content::Index(index) => Some(index),
            _ => None,
        }
    }

    /// The manifest, where it is one.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.content {
            Content::Manifest(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// The blobs that it names: config and layers, or the files of an artifact manifest of the
    /// drafts. An index names none.
    pub fn blobs(&self) -> Vec<Descriptor> {
        match &self.content {
            Content::Manifest(manifest) => {
                let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
                blobs.cloned().collect()
            }
            Content::Unknown if ArtifactManifest::is_type(&self.media_type) => {
                ArtifactManifest::read(self).blobs
            }
            _ => Vec::new(),
        }
    }

    /// Whether readers may see different things in it, whatever it is.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self.content, Content::Invalid(DocumentError::Ambiguous(_)))
    }

    /// Why it could not be read, where it could not.
    pub fn problem(&self) -> Option<&DocumentError> {
        match &self.content {
            Content::Invalid(error) => Some(error),
            _ => None,
        }
    }

    /// What the image or artifact is, in one word: `index`, `manifest`, `artifact`,
    /// `unknown` or `invalid`.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Index(_) => "index",
            Content::Manifest(manifest) if manifest.is_artifact() => "artifact",
            Content::Manifest(_) => "manifest",
            Content::Unknown => "unknown",
            Content::Invalid(_) => "invalid",
        }
    }
}

fn content_of(value: &Value, media_type: &MediaType) -> Result<Content, DocumentError> {
    refuse_ambiguous(value)?;
    let kind = media_type.kind();
    if !matches!(kind, MediaKind::Other) || ArtifactManifest::is_type(media_type) {
        refuse_other_case(value)?;
    }
    Ok(match kind {
        MediaKind::OciIndex | MediaKind::DockerManifestList => {
            Content::Index(Index::from_json(value, media_type.clone())?)
        }
        MediaKind::OciManifest | MediaKind::DockerManifest => {
            Content::Manifest(Manifest::from_json(value, media_type.clone())?)
        }
        MediaKind::DockerSchema1 | MediaKind::DockerSchema1Signed => {
            Content::Manifest(schema1::manifest(value, media_type.clone())?)
        }
        _ => Content::Unknown,
    })
}

/// Each format has lists that no other may have beside them; what is null is not there.
fn refuse_ambiguous(value: &Value) -> Result<(), DocumentError> {
    let has = |key: &str| value.get(key).is_some_and(|v| !v.is_null());
    let index = has("manifests");
    let manifest = has("config") || has("layers");
    let schema1 = has("fsLayers") || has("history");
    let lists = match (index, manifest, schema1) {
        (true, true, _) => "manifests beside a config or layers",
        (true, false, true) => "manifests beside the layers of Docker's schema 1",
        (false, true, true) => "a config or layers beside those of Docker's schema 1",
        _ => return Ok(()),
    };
    Err(DocumentError::Ambiguous(lists.to_owned()))
}

/// Where readers take different members for what is listed, they see different images.
fn refuse_other_case(value: &Value) -> Result<(), DocumentError> {
    let Some((key, meant)) = other_case::find(value) else {
        return Ok(());
    };
    let key = text::visible(&text::middle(&key, 40)).into_owned();
    Err(DocumentError::Ambiguous(format!(
        "\"{key}\", which programs written in Go take for \"{meant}\""
    )))
}

fn object(bytes: &[u8]) -> Result<Value, DocumentError> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|e| DocumentError::NotJson(e.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(DocumentError::NotAnObject)
    }
}

/// The document's own type, the one it was said to have, or the one its shape suggests.
fn media_type_of(value: &Value, raw: &RawDocument) -> MediaType {
    let said = raw.media_type();
    let own = value.get("mediaType").and_then(Value::as_str);
    if let Some(own) = own.map(MediaType::new).filter(|t| !t.is_empty()) {
        return own;
    }
    if said.is_index() || said.is_manifest() {
        return said.clone();
    }
    let config = value.pointer("/config/mediaType").and_then(Value::as_str);
    if value.get("schemaVersion").and_then(Value::as_u64) == Some(1) {
        return MediaType::new(if raw.is_signed() || value.get("signatures").is_some() {
            MediaType::DOCKER_SCHEMA1_SIGNED
        } else {
            MediaType::DOCKER_SCHEMA1
        });
    }
    if value.get("manifests").is_some() {
        return MediaType::new(MediaType::OCI_INDEX);
    }
    match config {
        Some(MediaType::DOCKER_CONFIG) => MediaType::new(MediaType::DOCKER_MANIFEST),
        Some(_) => MediaType::new(MediaType::OCI_MANIFEST),
        None => said.clone(),
    }
}
