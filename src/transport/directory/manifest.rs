//! `manifest.json`, and `<hex>.manifest.json` for what it lists.

use bytes::Bytes;

use super::blob;
use crate::model::{Algorithm, Descriptor, MediaType, RawDocument, limits};
use crate::transport::Problem;
use crate::transport::local::{Files, Folder, Work, read_document};

/// The image itself. The folder does not say of which type it is: its own words and its
/// shape do ([`crate::model::Document::read`]).
pub(super) fn primary(folder: &Folder, work: &Work) -> Result<RawDocument, Problem> {
    let bytes = match folder.read("manifest.json", limits::MANIFEST_BYTES, work) {
        Err(problem) if problem.is_missing() => return Err(folder.describe()),
        other => other?,
    };
    Ok(RawDocument::hash_manifest(
        Bytes::from(bytes),
        Algorithm::Sha256,
        MediaType::default(),
    ))
}

/// What `descriptor` points at: a manifest of its own, or the image itself.
pub(super) fn pointed_at(
    folder: &Folder,
    descriptor: &Descriptor,
    work: &Work,
) -> Result<RawDocument, Problem> {
    let name = format!("{}.manifest.json", blob::name(&descriptor.digest));
    match read_document(folder, &name, descriptor, work) {
        Err(problem) if problem.is_missing() => {
            let itself = read_document(folder, "manifest.json", descriptor, work);
            // another content under that name is not a damaged one of this digest
            itself.map_err(|_| problem)
        }
        other => other,
    }
}
