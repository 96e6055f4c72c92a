//! Between OCI's and Docker's manifests: the same JSON with other types, around the same
//! blobs. What the other format has no word for is refused.

use serde_json::Value;

use crate::model::{
    Algorithm, Compression, Content, Document, Index, MediaKind, MediaType, RawDocument,
};

use super::error::CopyError;
use super::options::Format;
use super::plan::{Plan, Role};
use crate::transport::{Problem, Refusal};

impl Format {
    /// Whether it asks for another type of a manifest or index than `media_type`.
    pub fn changes(self, media_type: &MediaType) -> bool {
        let docker = matches!(
            media_type.kind(),
            MediaKind::DockerManifest | MediaKind::DockerManifestList
        );
        match self {
            Self::Keep => false,
            Self::Oci => docker,
            Self::Docker => !docker,
        }
    }
}

/// The format to try where a place did not take what `plan` wrote for its type: the other one.
pub fn other_format(plan: &Plan, error: &CopyError) -> Option<Format> {
    refused(error).filter(|problem| !beside(plan, problem))?;
    let image = plan.documents.last()?;
    match image.media_type.kind() {
        MediaKind::DockerManifest | MediaKind::DockerManifestList => Some(Format::Oci),
        MediaKind::OciManifest | MediaKind::OciIndex => Some(Format::Docker),
        _ => None,
    }
}

/// Whether what a place did not take for its type is no part of the image, but refers to it.
pub fn is_beside(plan: &Plan, error: &CopyError) -> bool {
    refused(error).is_some_and(|problem| beside(plan, problem))
}

/// What a place did not take for its type.
fn refused(error: &CopyError) -> Option<&Problem> {
    match error {
        CopyError::Transport(error) => Some(&error.problem).filter(|problem| {
            matches!(
                problem,
                Problem::NotTaken {
                    why: Refusal::MediaType | Refusal::Invalid,
                    ..
                }
            )
        }),
        CopyError::Refused { .. } | CopyError::Stuck { .. } | CopyError::Lost { .. } => None,
    }
}

/// Whether it is a manifest that is none of the image: one that comes along, or one that was
/// made of what lies there and what comes, under a tag or as a list of referrers.
fn beside(plan: &Plan, problem: &Problem) -> bool {
    let Problem::NotTaken {
        manifest: Some(manifest),
        ..
    } = problem
    else {
        return false;
    };
    let own = |role: &Role| matches!(role, Role::Image | Role::Child(_) | Role::Attestation);
    let mut documents = plan.documents.iter();
    !documents.any(|document| document.digest == *manifest && own(&document.role))
}

/// A manifest in the other format. The config and the layers stay as they are.
///
/// # Errors
/// Where something would be lost; says what.
pub(super) fn manifest(document: &Document, format: Format) -> Result<RawDocument, String> {
    let Content::Manifest(manifest) = document.content() else {
        return Err(format!("it is {}, and no image", document.kind()));
    };
    if manifest.is_artifact() {
        return Err("it is an artifact, and no image".to_owned());
    }
    if manifest.subject.is_some() && format == Format::Docker {
        return Err("it refers to another manifest, for which Docker has no word".to_owned());
    }
    let mut value: Value =
        serde_json::from_slice(document.bytes()).map_err(|error| error.to_string())?;
    let (own, config) = match format {
        Format::Docker => (MediaType::DOCKER_MANIFEST, MediaType::DOCKER_CONFIG),
        Format::Oci | Format::Keep => (MediaType::OCI_MANIFEST, MediaType::OCI_CONFIG),
    };
    let types = manifest.layers.iter().enumerate().map(|(position, layer)| {
        let kind = layer_type(&layer.media_type, format);
        let kind = kind.map_err(|why| format!("layer {position}: {why}"))?;
        Ok((format!("/layers/{position}"), kind))
    });
    let types: Vec<_> = types.collect::<Result<_, String>>()?;
    let config = ("/config".to_owned(), config);
    for (place, kind) in types.into_iter().chain([config]) {
        let named = value.pointer_mut(&place).and_then(Value::as_object_mut);
        let named = named.ok_or_else(|| format!("it has no descriptor at {place}"))?;
        named.insert("mediaType".to_owned(), kind.into());
    }
    value["mediaType"] = own.into();
    Ok(written(&value, document.raw().digest().algorithm(), own))
}

/// The type of a list of the entries at `positions` of `index` in `format`; nothing where it
/// stays.
///
/// # Errors
/// Where something would be lost, or be missing; says what.
pub(super) fn index_type(
    index: &Index,
    positions: &[usize],
    format: Format,
) -> Result<Option<&'static str>, String> {
    if !format.changes(&index.media_type) {
        return Ok(None);
    }
    if format != Format::Docker {
        return Ok(Some(MediaType::OCI_INDEX));
    }
    if index.artifact_type.is_some() {
        return Err("it is an artifact, for which Docker has no word".to_owned());
    }
    if index.subject.is_some() {
        return Err("it refers to another manifest, for which Docker has no word".to_owned());
    }
    let nameless = positions.iter().find(|position| {
        let entry = index.entries.get(**position);
        entry.is_some_and(|entry| entry.as_ref().is_ok_and(|entry| entry.platform.is_none()))
    });
    match nameless {
        Some(position) => Err(format!(
            "entry {position} of it says no platform, which Docker wants of each"
        )),
        None => Ok(Some(MediaType::DOCKER_MANIFEST_LIST)),
    }
}

/// `value` as a document.
pub(super) fn written(value: &Value, algorithm: Algorithm, media_type: &str) -> RawDocument {
    let bytes = serde_json::to_vec(value).expect("a JSON value can be written");
    RawDocument::hash(bytes.into(), algorithm, MediaType::new(media_type))
}

fn layer_type(media_type: &MediaType, format: Format) -> Result<&'static str, String> {
    let MediaKind::Layer {
        compression,
        foreign,
        encrypted,
    } = media_type.kind()
    else {
        return Err(format!("{media_type} is no layer of an image"));
    };
    if encrypted {
        return Err("it is encrypted, for which Docker has no word".to_owned());
    }
    match (format, compression, foreign) {
        (Format::Docker, Compression::None, false) => {
            Ok("application/vnd.docker.image.rootfs.diff.tar")
        }
        (Format::Docker, Compression::Gzip, false) => {
            Ok("application/vnd.docker.image.rootfs.diff.tar.gzip")
        }
        (Format::Docker, Compression::Gzip, true) => {
            Ok("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
        }
        (Format::Docker, Compression::Zstd, _) => {
            Err("it is compressed with zstd, for which Docker has no word".to_owned())
        }
        (Format::Oci | Format::Keep, Compression::None, false) => {
            Ok("application/vnd.oci.image.layer.v1.tar")
        }
        (Format::Oci | Format::Keep, Compression::Gzip, false) => {
            Ok("application/vnd.oci.image.layer.v1.tar+gzip")
        }
        (Format::Oci | Format::Keep, Compression::Zstd, false) => {
            Ok("application/vnd.oci.image.layer.v1.tar+zstd")
        }
        (Format::Oci | Format::Keep, Compression::None, true) => {
            Ok("application/vnd.oci.image.layer.nondistributable.v1.tar")
        }
        (Format::Oci | Format::Keep, Compression::Gzip, true) => {
            Ok("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
        }
        _ => Err(format!("{media_type} has no counterpart there")),
    }
}
