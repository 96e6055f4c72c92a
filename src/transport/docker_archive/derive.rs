//! The manifest that an image in `manifest.json` would have: a Docker manifest of schema 2,
//! made of config and layers as containers/image makes it.
//!
//! The config's digest is that of its bytes. A layer is its tar stream, not compressed, so
//! its digest is its DiffID, which the config promises; it is compared when the layer is
//! read. containers/image calls such layers gzip all the same; here they are called what
//! they are, so the digests of the two derived manifests differ.

use std::io::Read;

use bytes::Bytes;
use serde_json::{Value, json};

use super::DERIVED;
use super::manifest_json::{FILE, Listed, broken};
use crate::model::{Algorithm, Digest, ImageConfig, MediaType, RawDocument, limits};
use crate::transport::archive::{Archive, Packing, normal_name, unpack};
use crate::transport::local::{Files, Work, problem_of};
use crate::transport::{Note, Problem};

/// Docker's type of a layer that is not compressed.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// A manifest that was derived, and what is to be said of it.
pub(super) struct Derived {
    pub(super) raw: RawDocument,
    pub(super) notes: Vec<Note>,
}

/// Where a blob lies in the archive.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) name: String,
    /// How it is compressed there; as a blob it is not.
    pub(super) packing: Packing,
    /// In bytes, unpacked.
    pub(super) size: u64,
}

/// Derives the manifest of `image`, and says where its blobs lie. A layer that is compressed
/// in the archive is read through for its size.
pub(super) fn derive(
    archive: &Archive,
    image: &Listed,
    work: &Work,
) -> Result<(Derived, Vec<(Digest, Stored)>), Problem> {
    let raw = read_config(archive, image, work)?;
    let mut notes = vec![DERIVED];
    notes.extend(other_name(&image.config, raw.digest()));
    let config = ImageConfig::read(raw);
    let of_config = |why: String| Problem::Broken {
        file: image.config.clone(),
        why,
    };
    if let Some(problem) = &config.problem {
        return Err(of_config(problem.to_string()));
    }
    if config.diff_ids.len() != image.layers.len() {
        return Err(of_config(format!(
            "it is of {} layers, and {FILE} lists {}",
            config.diff_ids.len(),
            image.layers.len()
        )));
    }
    let mut blobs = vec![(
        config.raw().digest().clone(),
        Stored {
            name: inside(&image.config)?,
            packing: Packing::None,
            size: config.raw().size(),
        },
    )];
    for (name, diff_id) in image.layers.iter().zip(&config.diff_ids) {
        let digest: Digest = diff_id
            .parse()
            .map_err(|error| of_config(format!("a DiffID is wrong: {error}")))?;
        blobs.push((digest, find_layer(archive, name, work)?));
    }
    let raw = manifest(config.raw(), blobs.get(1..).unwrap_or_default());
    Ok((Derived { raw, notes }, blobs))
}

/// The config's bytes with the digest that they have.
pub(super) fn read_config(
    archive: &Archive,
    image: &Listed,
    work: &Work,
) -> Result<RawDocument, Problem> {
    let name = inside(&image.config)?;
    let read = archive.read(&name, limits::DOCKER_CONFIG_BYTES, work);
    let bytes = read.map_err(|problem| not_there(&image.config, problem))?;
    Ok(RawDocument::hash(
        Bytes::from(bytes),
        Algorithm::Sha256,
        MediaType::new(MediaType::DOCKER_CONFIG),
    ))
}

/// Looks at a layer, and counts its bytes where that takes unpacking it.
fn find_layer(archive: &Archive, name: &str, work: &Work) -> Result<Stored, Problem> {
    let inner = inside(name)?;
    let look = archive.look(&inner, work);
    let look = look.map_err(|problem| not_there(name, problem))?;
    let size = match look.packing {
        Packing::None => look.size,
        packing => {
            let packed = archive.open(&inner, None, work)?;
            let unpacked = unpack(packing, packed.reader, packed.length, work)?;
            count(unpacked).map_err(|error| match problem_of(&error) {
                Problem::Io { why } => Problem::Broken {
                    file: name.to_owned(),
                    why,
                },
                stopped => stopped,
            })?
        }
    };
    Ok(Stored {
        name: inner,
        packing: look.packing,
        size,
    })
}

fn manifest(config: &RawDocument, layers: &[(Digest, Stored)]) -> RawDocument {
    let layer = |(digest, stored): &(Digest, Stored)| json!({"mediaType": LAYER, "size": stored.size, "digest": digest});
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::DOCKER_MANIFEST,
        "config": {
            "mediaType": MediaType::DOCKER_CONFIG,
            "size": config.size(),
            "digest": config.digest(),
        },
        "layers": layers,
    });
    RawDocument::hash(
        Bytes::from(manifest.to_string()),
        Algorithm::Sha256,
        MediaType::new(MediaType::DOCKER_MANIFEST),
    )
}

/// A name from `manifest.json`, brought into the form that entries have.
fn inside(name: &str) -> Result<String, Problem> {
    normal_name(name.as_bytes()).ok_or_else(|| {
        broken(format!(
            "it names {name:?}, which lies outside of the archive"
        ))
    })
}

/// A file that `manifest.json` names is not there.
fn not_there(name: &str, problem: Problem) -> Problem {
    match problem {
        Problem::NotInArchive { cut_off: true } => Problem::CutOff {
            file: name.to_owned(),
        },
        problem if problem.is_missing() => {
            broken(format!("it names {name:?}, which is not in the archive"))
        }
        other => other,
    }
}

/// A config is named after its digest: `<hex>.json`, `sha256:<hex>` or `blobs/sha256/<hex>`.
fn other_name(name: &str, found: &Digest) -> Option<Note> {
    let last = name.rsplit('/').next()?;
    let hex = last.strip_suffix(".json").unwrap_or(last);
    let hex = hex.strip_prefix("sha256:").unwrap_or(hex);
    let promised: Digest = format!("sha256:{hex}").parse().ok()?;
    (promised != *found).then(|| Note::ConfigName {
        promised,
        found: found.clone(),
    })
}

fn count(mut unpacked: impl Read) -> std::io::Result<u64> {
    std::io::copy(&mut unpacked, &mut std::io::sink())
}
