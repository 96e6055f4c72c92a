//! Manifests and indexes that a digest stands for.

use bytes::Bytes;

use super::{Files, Work, read_content};
use crate::model::{Descriptor, Digest, MediaType, RawDocument, limits};
use crate::transport::Problem;

/// Reads the file `name` as the manifest with this digest, of which nothing else is known,
/// and checks the digest.
pub(in crate::transport) fn read_digest(
    files: &dyn Files,
    name: &str,
    digest: &Digest,
    work: &Work,
) -> Result<RawDocument, Problem> {
    let content = files.open(name, None, work)?;
    let bytes = read_content(content, limits::MANIFEST_BYTES)?;
    // what it is, it says itself
    RawDocument::verify_manifest(Bytes::from(bytes), digest, MediaType::default()).map_err(
        |found| Problem::WrongDigest {
            expected: digest.clone(),
            found,
        },
    )
}

/// Reads the file `name` as what `descriptor` points at and checks its size, before it is
/// read, and its digest.
pub(in crate::transport) fn read_document(
    files: &dyn Files,
    name: &str,
    descriptor: &Descriptor,
    work: &Work,
) -> Result<RawDocument, Problem> {
    if descriptor.size > limits::MANIFEST_BYTES {
        return Err(Problem::TooLarge {
            found: Some(descriptor.size),
            limit: limits::MANIFEST_BYTES,
        });
    }
    let wrong_size = |found| Problem::WrongSize {
        expected: descriptor.size,
        found: Some(found),
    };
    let content = files.open(name, None, work)?;
    if content.length != descriptor.size {
        return Err(wrong_size(content.length));
    }
    let bytes = read_content(content, limits::MANIFEST_BYTES)?;
    if bytes.len() as u64 != descriptor.size {
        return Err(wrong_size(bytes.len() as u64));
    }
    RawDocument::verify_manifest(
        Bytes::from(bytes),
        &descriptor.digest,
        descriptor.media_type.clone(),
    )
    .map_err(|found| Problem::WrongDigest {
        expected: descriptor.digest.clone(),
        found,
    })
}
