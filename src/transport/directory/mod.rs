//! skopeo's flat folders (`dir:`, containers/image `directory`), read, and written
//! ([`DirectoryDestination`]).
//!
//! `manifest.json` is the image, whatever its type; the manifests that an index lists are
//! `<hex>.manifest.json`, blobs are `<hex>`. Signatures lie beside them (`signature-1`, …).

mod blob;
mod commit;
mod destination;
mod manifest;
mod signature;
mod version;

use std::ops::Range;

use bytes::Bytes;

use crate::model::{Annotations, Descriptor, Digest, ImageName, PathReference, RawDocument};

use super::local::{Content, Files, Folder, LocalImage, LocalSource, Trouble, Work, presence};
use super::{BlobState, Note, Problem, Resolved};

pub use destination::DirectoryDestination;

/// The image of a flat folder.
pub type DirectorySource = LocalSource<Directory>;

/// The files of a flat folder.
pub struct Directory {
    folder: Folder,
}

impl LocalImage for Directory {
    const HAS_SIGNATURES: bool = true;

    fn open(path: &PathReference, work: &Work) -> Result<Self, Problem> {
        let folder = Folder::open(&path.path, path.transport)?;
        version::check(&folder, work)?;
        Ok(Self { folder })
    }

    fn resolve(&self, _: Option<&ImageName>, work: &Work) -> Result<Resolved, Trouble> {
        let raw = manifest::primary(&self.folder, work)?;
        let count = signature::count(&self.folder, raw.digest(), true);
        let notes = (count > 0).then_some(Note::DetachedSignatures { count });
        Ok(Resolved::Document {
            raw,
            annotations: Annotations::new(),
            notes: notes.into_iter().collect(),
        })
    }

    fn manifest(&self, descriptor: &Descriptor, work: &Work) -> Result<RawDocument, Problem> {
        manifest::pointed_at(&self.folder, descriptor, work)
    }

    fn blob(
        &self,
        descriptor: &Descriptor,
        range: Option<Range<u64>>,
        work: &Work,
    ) -> Result<Content, Problem> {
        self.folder
            .open(&blob::name(&descriptor.digest), range, work)
    }

    fn presence(&self, descriptor: &Descriptor) -> BlobState {
        let name = blob::name(&descriptor.digest);
        presence(&self.folder, &name, descriptor)
    }

    fn signatures(&self, manifest: &Digest, work: &Work) -> Result<Vec<Bytes>, Problem> {
        let primary = manifest::primary(&self.folder, work)?;
        let is_primary = primary.digest() == manifest;
        signature::read(&self.folder, manifest, is_primary, work)
    }
}
