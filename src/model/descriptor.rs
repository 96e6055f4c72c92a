//! Descriptors: image-spec `descriptor.md`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Annotations, Digest, DigestError, MediaType, Platform, limits};

/// What points at content: its type, digest and size, and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: MediaType,
    pub digest: Digest,
    /// Size in bytes of the raw content; 0 where it is not known.
    pub size: u64,
    /// Whether the size is known: it always is but for layers of Docker's first schema.
    #[serde(skip)]
    pub size_known: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<MediaType>,
    /// The content itself in base64, embedded; never believed before it was hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What keeps a JSON value from being a descriptor.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DescriptorProblem {
    #[error("it is not a JSON object")]
    NotAnObject,
    #[error("it has no {0:?}")]
    Missing(&'static str),
    #[error("its {field:?} is not {expected}")]
    Type {
        field: &'static str,
        expected: &'static str,
    },
    #[error("its size is {0}: a size is a whole number of bytes from 0 to 2^63 - 1")]
    Size(String),
    #[error("its {field:?} has {found} bytes, more than the {limit} that are read")]
    TooLong {
        field: &'static str,
        found: usize,
        limit: usize,
    },
    #[error("its digest is wrong: {0}")]
    Digest(#[from] DigestError),
}

impl Descriptor {
    /// A descriptor with the three required properties only.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: MediaType::new(media_type),
            digest,
            size,
            size_known: true,
            urls: Vec::new(),
            annotations: Annotations::new(),
            platform: None,
            artifact_type: None,
            data: None,
        }
    }

    /// Points at content of which only the digest is known.
    pub fn of_unknown_size(media_type: &str, digest: Digest) -> Self {
        Self {
            size_known: false,
            ..Self::new(media_type, digest, 0)
        }
    }

    /// Whether content of `found` bytes may be what this points at.
    pub const fn has_size(&self, found: u64) -> bool {
        !self.size_known || self.size == found
    }

    /// Its size for people.
    pub fn size_text(&self) -> String {
        if self.size_known {
            super::text::size(self.size)
        } else {
            "size not said".to_owned()
        }
    }

    /// Reads a descriptor; properties that are optional and malformed are left out,
    /// required ones are errors. Only `mediaType` may be missing, although the
    /// specification requires it: then the document itself says what it is.
    pub fn from_json(value: &Value) -> Result<Self, DescriptorProblem> {
        let object = value.as_object().ok_or(DescriptorProblem::NotAnObject)?;
        let digest = text(object, "digest")?.ok_or(DescriptorProblem::Missing("digest"))?;
        let media_type = text(object, "mediaType")?.unwrap_or_default();
        if media_type.len() > limits::MEDIA_TYPE_BYTES {
            return Err(DescriptorProblem::TooLong {
                field: "mediaType",
                found: media_type.len(),
                limit: limits::MEDIA_TYPE_BYTES,
            });
        }
        Ok(Self {
            media_type: MediaType::new(media_type),
            digest: digest.parse()?,
            size: size(object)?,
            size_known: true,
            urls: texts(object.get("urls")),
            annotations: annotations(object.get("annotations")),
            platform: object.get("platform").and_then(Platform::from_json),
            artifact_type: object
                .get("artifactType")
                .and_then(Value::as_str)
                .map(MediaType::new),
            data: object
                .get("data")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned),
        })
    }

    /// The annotation by `key`.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// Whether this is an attestation manifest as BuildKit writes them into an index.
    pub fn is_buildkit_attestation(&self) -> bool {
        self.annotation(super::annotation::BUILDKIT_TYPE) == Some("attestation-manifest")
    }

    /// Whether anybody may run it: engines choose by the platform alone, whatever the
    /// annotations say. Only what BuildKit attests, under `unknown/unknown`, nobody chooses.
    pub fn may_be_image(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(Platform::is_unknown);
        !(self.is_buildkit_attestation() && unknown)
    }
}

fn text<'a>(
    object: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a str>, DescriptorProblem> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(DescriptorProblem::Type {
            field,
            expected: "a text",
        }),
    }
}

/// image-spec: an int64, so that readers in Go take the same numbers.
fn size(object: &Map<String, Value>) -> Result<u64, DescriptorProblem> {
    let size = object
        .get("size")
        .filter(|size| !size.is_null())
        .ok_or(DescriptorProblem::Missing("size"))?;
    size.as_u64()
        .filter(|size| i64::try_from(*size).is_ok())
        .ok_or_else(|| DescriptorProblem::Size(size.to_string().chars().take(40).collect()))
}

/// Every text of a JSON array; what is not a text is passed over.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

/// Every text property of a JSON object; what is not a text is passed over.
pub(super) fn annotations(value: Option<&Value>) -> Annotations {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
        .collect()
}
