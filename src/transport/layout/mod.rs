//! OCI layouts: image-spec `image-layout.md`, in a folder (`oci:`) or in a tar archive that
//! is read in place (`oci-archive:`). Both are also written ([`LayoutDestination`],
//! [`LayoutArchiveDestination`]).
//!
//! `index.json` lists images by name ([`pick`] says which one a reference means), and
//! everything they consist of lies in `blobs/` under its digest. Names from the layout are
//! never used as paths.

mod archive;
mod archive_edit;
mod blob;
mod destination;
mod edit;
mod entries;
mod index_json;
mod pick;
mod referrer;
mod rewrite;

use std::ops::Range;
use std::sync::Arc;

use crate::model::{
    Annotations, Descriptor, Digest, ImageName, Index, PathReference, RawDocument, Transport,
};

use super::archive::Archive;
use super::local::{
    Content, Files, Folder, LocalImage, LocalSource, Trouble, Work, presence, read_digest,
    read_document,
};
use super::{BlobState, Note, Problem, Resolved, TransportError};
pub use archive::LayoutArchiveDestination;
pub use destination::LayoutDestination;
pub(super) use pick::can_be_typed;
use pick::{Pick, names, pick};
pub(super) use referrer::{Referrers, not_read};

/// One image of a layout in a folder or in an archive.
pub type LayoutSource = LocalSource<Layout>;

impl LayoutSource {
    /// The names of all images in the layout, each once.
    ///
    /// # Errors
    /// Where its list cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, TransportError> {
        self.run(None, |layout, work| Ok(names(&layout.index(work)?)))
            .await
    }
}

/// The files of a layout.
pub struct Layout {
    files: Arc<dyn Files>,
    /// What is to be told of every image in it.
    notes: Vec<Note>,
}

impl Layout {
    /// The layout in an archive.
    pub(super) fn in_archive(archive: Arc<Archive>) -> Self {
        Self {
            notes: archive.notes(),
            files: archive,
        }
    }

    /// Whether some of it is lost.
    fn is_broken_off(&self) -> bool {
        let lost = |note: &Note| matches!(note, Note::BrokenOff { .. });
        self.notes.iter().any(lost)
    }

    /// The list of its images.
    pub(super) fn index(&self, work: &Work) -> Result<Index, Problem> {
        index_json::read(&*self.files, work)
    }

    /// The image that an entry of the list points at.
    pub(super) fn at_entry(&self, entry: &Descriptor, work: &Work) -> Result<Resolved, Trouble> {
        let read = self.manifest(entry, work);
        Ok(Resolved::Document {
            raw: read.map_err(|problem| Trouble::of_manifest(&entry.digest, problem))?,
            annotations: entry.annotations.clone(),
            notes: self.notes.clone(),
        })
    }

    /// The manifest with this digest, which no entry of `index.json` points at.
    fn unlisted(&self, digest: &Digest, work: &Work) -> Result<Resolved, Trouble> {
        let read = read_digest(&*self.files, &blob::name(digest), digest, work);
        Ok(Resolved::Document {
            raw: read.map_err(|problem| Trouble::of_manifest(digest, problem))?,
            annotations: Annotations::new(),
            notes: self.notes.clone(),
        })
    }
}

impl LocalImage for Layout {
    const LISTS_REFERRERS: bool = true;

    fn open(path: &PathReference, work: &Work) -> Result<Self, Problem> {
        if path.transport == Transport::OciArchive {
            let archive = Archive::open(&path.path, path.transport, work)?;
            return Ok(Self::in_archive(Arc::new(archive)));
        }
        Ok(Self {
            files: Arc::new(Folder::open(&path.path, path.transport)?),
            notes: Vec::new(),
        })
    }

    fn resolve(&self, wanted: Option<&ImageName>, work: &Work) -> Result<Resolved, Trouble> {
        match pick(&self.index(work)?, wanted)? {
            Pick::One(entry) => self.at_entry(&entry, work),
            Pick::Unlisted(digest) => self.unlisted(&digest, work),
            Pick::Several(images) => Ok(Resolved::Several(images)),
        }
    }

    fn manifest(&self, descriptor: &Descriptor, work: &Work) -> Result<RawDocument, Problem> {
        let name = blob::name(&descriptor.digest);
        read_document(&*self.files, &name, descriptor, work)
    }

    fn blob(
        &self,
        descriptor: &Descriptor,
        range: Option<Range<u64>>,
        work: &Work,
    ) -> Result<Content, Problem> {
        self.files
            .open(&blob::name(&descriptor.digest), range, work)
    }

    fn presence(&self, descriptor: &Descriptor) -> BlobState {
        let name = blob::name(&descriptor.digest);
        presence(&*self.files, &name, descriptor)
    }

    fn referrers(&self, work: &Work) -> Result<Option<Referrers>, Problem> {
        referrer::scan(self, work).map(Some)
    }
}
