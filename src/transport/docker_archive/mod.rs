//! What `docker save` and `podman save` write (`docker-archive:`), read in place; one image is
//! also written ([`DockerArchiveDestination`]).
//!
//! `manifest.json` lists images: a config, names, and layers that are plain tar streams. No
//! manifest is stored, so one is derived as containers/image does ([`derive`]), and every
//! image says so ([`Note::DerivedManifest`]). Docker 25 and later write an OCI layout into
//! the same archive; then the image is read from that, where its digests are those of the
//! registry ([`hybrid`]).

mod derive;
pub(super) mod destination;
mod hybrid;
mod legacy;
mod manifest_json;
mod pick;
pub(super) mod unpacked;
pub(super) mod write;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Annotations, Descriptor, Digest, ImageName, PathReference, RawDocument};

use super::archive::{Archive, Packing, unpack};
use super::layout::{Layout, Referrers};
use super::local::{Content, Files, LocalImage, LocalSource, Trouble, Work, part_of};
use super::{BlobState, NamedImage, Note, Problem, Resolved};
use derive::{Derived, Stored, derive};
use manifest_json::Listed;
use pick::{Pick, pick};

pub use destination::DockerArchiveDestination;

/// One image of an archive that Docker or Podman saved.
pub type DockerArchiveSource = LocalSource<DockerArchive>;

/// The images of an archive that Docker or Podman saved.
pub struct DockerArchive {
    archive: Arc<Archive>,
    /// The layout in it, which Docker 25 and later write.
    layout: Option<Layout>,
    known: Mutex<Known>,
}

/// What was derived so far.
#[derive(Default)]
struct Known {
    manifests: HashMap<Digest, RawDocument>,
    blobs: HashMap<Digest, Stored>,
}

impl DockerArchive {
    /// The images in an archive that is open.
    pub(super) fn in_archive(archive: Archive) -> Self {
        let archive = Arc::new(archive);
        let layout = archive.has("index.json");
        Self {
            layout: layout.then(|| Layout::in_archive(Arc::clone(&archive))),
            archive,
            known: Mutex::default(),
        }
    }

    /// The images of `manifest.json`, or why there are none.
    fn listed(&self, work: &Work) -> Result<Vec<Listed>, Problem> {
        match manifest_json::read(&self.archive, work) {
            Err(problem) if problem.is_missing() && self.archive.has("repositories") => {
                Err(Problem::OldDocker)
            }
            Err(problem) if problem.is_missing() => Err(self.archive.describe()),
            other => other,
        }
    }

    /// The image in the layout beside `manifest.json`. A name is looked up in
    /// `manifest.json` first, so that it means what it means to Docker; what only the layout
    /// names is found there.
    fn in_layout(
        &self,
        layout: &Layout,
        wanted: Option<&ImageName>,
        work: &Work,
    ) -> Result<Resolved, Trouble> {
        let wanted = match wanted {
            None | Some(ImageName::Digest(_)) => return layout.resolve(wanted, work),
            Some(wanted) => wanted,
        };
        let picked = match manifest_json::read(&self.archive, work) {
            Err(problem) if problem.is_missing() => return layout.resolve(Some(wanted), work),
            listed => {
                let listed = listed?;
                pick(&listed, Some(wanted)).map(|pick| match pick {
                    Pick::One(position) => listed.into_iter().nth(position),
                    Pick::Several => None,
                })
            }
        };
        match picked {
            Ok(Some(image)) => match hybrid::entry(layout, &self.archive, &image, work)? {
                Some(entry) => layout.at_entry(&entry, work),
                None => self.derived(&image, work),
            },
            Ok(None) => layout.resolve(Some(wanted), work),
            Err(problem @ Problem::NoSuchName { .. }) => {
                let found = layout.resolve(Some(wanted), work);
                found.map_err(|trouble| match trouble.problem {
                    Problem::NoSuchName { .. } => problem.into(),
                    _ => trouble,
                })
            }
            Err(problem) => Err(problem.into()),
        }
    }

    /// The image with a manifest that was derived.
    fn derived(&self, image: &Listed, work: &Work) -> Result<Resolved, Trouble> {
        let Derived { raw, mut notes } = self.derive(image, work)?;
        notes.extend(self.archive.notes());
        Ok(Resolved::Document {
            raw,
            annotations: Annotations::new(),
            notes,
        })
    }

    fn derive(&self, image: &Listed, work: &Work) -> Result<Derived, Problem> {
        let (derived, blobs) = derive(&self.archive, image, work)?;
        let mut known = self.known();
        let raw = &derived.raw;
        known.manifests.insert(raw.digest().clone(), raw.clone());
        known.blobs.extend(blobs);
        Ok(derived)
    }

    /// The image whose derived manifest has this digest.
    fn with_digest(
        &self,
        listed: &[Listed],
        digest: &Digest,
        work: &Work,
    ) -> Result<Resolved, Trouble> {
        for image in listed {
            // what cannot be derived has no digest
            if let Ok(derived) = self.derive(image, work)
                && derived.raw.digest() == digest
            {
                return self.derived(image, work);
            }
        }
        Err(Trouble::of_manifest(
            digest,
            Problem::NotInArchive { cut_off: false },
        ))
    }

    /// Every image that can be read; what is wrong with the first where none can.
    fn several(&self, listed: &[Listed], work: &Work) -> Result<Resolved, Trouble> {
        let mut images = Vec::new();
        let mut first = None;
        for (position, image) in listed.iter().enumerate() {
            match self.derive(image, work) {
                Ok(derived) => {
                    let raw = derived.raw;
                    images.push(NamedImage {
                        name: pick::name(listed, position),
                        descriptor: Descriptor::new(
                            raw.media_type().as_str(),
                            raw.digest().clone(),
                            raw.size(),
                        ),
                    });
                }
                Err(Problem::Cancelled) => return Err(Problem::Cancelled.into()),
                Err(problem) => {
                    first.get_or_insert(problem);
                }
            }
        }
        match first {
            Some(problem) if images.is_empty() => Err(problem.into()),
            _ => Ok(Resolved::Several(images)),
        }
    }

    /// Where a blob of a derived manifest lies.
    fn stored(&self, digest: &Digest) -> Option<Stored> {
        self.known().blobs.get(digest).cloned()
    }

    /// Held for one look; a panic cannot leave it half changed.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalImage for DockerArchive {
    const LISTS_REFERRERS: bool = true;

    fn open(path: &PathReference, work: &Work) -> Result<Self, Problem> {
        Archive::open(&path.path, path.transport, work).map(Self::in_archive)
    }

    fn resolve(&self, wanted: Option<&ImageName>, work: &Work) -> Result<Resolved, Trouble> {
        if let Some(layout) = &self.layout {
            return self.in_layout(layout, wanted, work);
        }
        let listed = self.listed(work)?;
        if let Some(ImageName::Digest(digest)) = wanted {
            return self.with_digest(&listed, digest, work);
        }
        match pick(&listed, wanted)? {
            Pick::One(position) => match listed.get(position) {
                Some(image) => self.derived(image, work),
                None => Err(Problem::NoImages.into()),
            },
            Pick::Several => self.several(&listed, work),
        }
    }

    fn manifest(&self, descriptor: &Descriptor, work: &Work) -> Result<RawDocument, Problem> {
        let derived = self.known().manifests.get(&descriptor.digest).cloned();
        match (derived, &self.layout) {
            (Some(raw), _) if raw.size() == descriptor.size => Ok(raw),
            (Some(raw), _) => Err(Problem::WrongSize {
                expected: descriptor.size,
                found: Some(raw.size()),
            }),
            (None, Some(layout)) => layout.manifest(descriptor, work),
            (None, None) => Err(Problem::NotInArchive { cut_off: false }),
        }
    }

    fn blob(
        &self,
        descriptor: &Descriptor,
        range: Option<Range<u64>>,
        work: &Work,
    ) -> Result<Content, Problem> {
        match (self.stored(&descriptor.digest), &self.layout) {
            (Some(stored), _) => stored.open(&self.archive, range, work),
            (None, Some(layout)) => layout.blob(descriptor, range, work),
            (None, None) => Err(Problem::NotInArchive { cut_off: false }),
        }
    }

    fn presence(&self, descriptor: &Descriptor) -> BlobState {
        match (self.stored(&descriptor.digest), &self.layout) {
            (Some(stored), _) => stored.presence(&self.archive, descriptor),
            (None, Some(layout)) => layout.presence(descriptor),
            (None, None) => BlobState::Missing,
        }
    }

    /// Only a layout beside the list has room for them.
    fn referrers(&self, work: &Work) -> Result<Option<Referrers>, Problem> {
        match &self.layout {
            Some(layout) => layout.referrers(work),
            None => Ok(None),
        }
    }
}

impl Stored {
    /// Opens `range` of the blob, unpacked.
    fn open(
        &self,
        archive: &Archive,
        range: Option<Range<u64>>,
        work: &Work,
    ) -> Result<Content, Problem> {
        if self.packing == Packing::None {
            return archive.open(&self.name, range, work);
        }
        let packed = archive.open(&self.name, None, work)?;
        let (start, length) = part_of(self.size, range);
        let unpacked = unpack(self.packing, packed.reader, packed.length, work)?;
        Ok(Content {
            reader: super::archive::behind(unpacked, start),
            length,
        })
    }

    fn presence(&self, archive: &Archive, descriptor: &Descriptor) -> BlobState {
        match archive.length(&self.name) {
            Ok(_) if self.size == descriptor.size => BlobState::Present,
            Ok(_) => BlobState::WrongSize {
                expected: descriptor.size,
                found: self.size,
            },
            Err(problem) => BlobState::Unreadable {
                why: problem.to_string(),
            },
        }
    }
}

/// The notes of an image with a derived manifest.
const DERIVED: Note = Note::DerivedManifest {
    from: "manifest.json",
};
