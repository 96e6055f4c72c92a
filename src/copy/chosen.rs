//! Which images of an index are to be copied, and of the indexes that lie in it.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{
    Descriptor, Digest, Document, ImageConfig, Index, MediaKind, Platform, annotation, choose,
    limits,
};
use crate::transport::{Source, read_blob};

use super::error::CopyError;
use super::gather::{Gather, Node, called, named};
use super::options::{Format, Selection, Wanted};
use super::plan::LeftBehind;

/// Most platforms that are named where one that is wanted is not there.
pub(super) const PLATFORMS: usize = 20;

/// What was seen of an index, and of those that lie in it.
#[derive(Default)]
pub(super) struct Seen {
    /// Positions in what is wanted, of what is there.
    found: HashSet<usize>,
    /// What there is, each once.
    platforms: Vec<String>,
    /// Indexes that the source does not have, each once: what is wanted may lie elsewhere.
    unread: Vec<Digest>,
    /// Images that are not chosen, each once.
    left_out: Vec<LeftBehind>,
    /// How many manifests were to be read.
    manifests: usize,
    /// What attests an image and lies in an index beside it, by the image.
    pub(super) attesting: Vec<(Digest, LeftBehind)>,
}

impl Gather<'_> {
    pub(super) fn wanted(&self) -> Option<&[Wanted]> {
        self.wanted.as_deref()
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts manifests that are to be read.
    ///
    /// # Errors
    /// Where they are too many: indexes can name each other so often that no copy would end.
    pub(super) fn count(&self, manifests: usize) -> Result<(), CopyError> {
        let mut seen = self.seen();
        seen.manifests += manifests;
        if seen.manifests <= limits::COPIED_MANIFESTS {
            return Ok(());
        }
        Err(CopyError::refused(
            format!(
                "the index and those in it name more than {} manifests",
                limits::COPIED_MANIFESTS
            ),
            "Choose some of them (--platform OS/ARCH), or copy one of the inner indexes by its digest",
        ))
    }

    /// The indexes that the source does not have, and that the copy goes on without.
    pub(super) fn unread(&self) -> Vec<Digest> {
        self.seen().unread.clone()
    }

    /// The images of the index that are not chosen.
    pub(super) fn left_out(&self) -> Vec<LeftBehind> {
        self.seen().left_out.clone()
    }

    /// Notes the images of `index` that are at none of the `chosen` positions.
    pub(super) fn not_chosen(&self, index: &Index, chosen: &[usize]) {
        let chosen: HashSet<_> = chosen.iter().collect();
        let mut seen = self.seen();
        let mut known: HashSet<_> = seen.left_out.iter().map(|l| l.digest.clone()).collect();
        let others = index.descriptors().filter(|(position, entry)| {
            !chosen.contains(position) && !entry.is_buildkit_attestation()
        });
        for (_, entry) in others {
            let digest = Some(entry.digest.clone());
            if known.insert(digest.clone()) {
                seen.left_out.push(LeftBehind {
                    what: named(entry),
                    digest,
                    why: "it is not chosen".to_owned(),
                });
            }
        }
    }

    fn goes_without(&self, index: &Descriptor) {
        let mut seen = self.seen();
        if !seen.unread.contains(&index.digest) {
            seen.unread.push(index.digest.clone());
        }
    }

    /// Refuses where something that is wanted is in no index that was read.
    pub(super) fn all_found(&self) -> Result<(), CopyError> {
        let seen = self.seen();
        let mut wanted = self.wanted().unwrap_or_default().iter().enumerate();
        match wanted.find(|(position, _)| !seen.found.contains(position)) {
            None => Ok(()),
            Some((_, one)) => Err(not_there(&seen, one)),
        }
    }

    /// The one image that is wanted of an index, where one is written.
    pub(super) async fn single(&self, index: &Index) -> Result<Descriptor, CopyError> {
        if let (Selection::Usual, Some([Wanted::Platform(platform)])) =
            (&self.options.selection, self.wanted())
        {
            return match self.best(index, platform).await? {
                Some((image, _)) => Ok(image),
                None => Err(not_there(&self.seen(), &Wanted::Platform(platform.clone()))),
            };
        }
        let mut images = self.images(index, self.wanted(), 1).await?;
        self.all_found()?;
        let mut digests = HashSet::new();
        images.retain(|image| digests.insert(image.digest.clone()));
        match images.as_slice() {
            [one] => Ok(one.clone()),
            several => Err(self.several(several)),
        }
    }

    /// The image for `platform`, in the index or in one that lies in it: one that `says` what
    /// it is for, or one that does not.
    pub(super) fn usual<'b>(
        &'b self,
        index: &'b Index,
        (platform, says): (&'b Platform, bool),
        depth: usize,
    ) -> BoxFuture<'b, Result<Option<Descriptor>, CopyError>> {
        async move {
            self.look(index);
            let docker = index.media_type.kind() == MediaKind::DockerManifestList;
            let own = index
                .descriptors()
                .filter(|(_, entry)| !is_open(entry, &[]) && entry.platform.is_some() == says)
                .filter(|(_, entry)| !entry.is_buildkit_attestation());
            let own = choose(own, platform, docker).filter(|choice| choice.fits());
            let open = index.descriptors().filter(|(_, entry)| is_open(entry, &[]));
            let positions = own.map(|choice| choice.position).into_iter();
            for position in positions.chain(open.map(|(position, _)| position)) {
                let Ok(entry) = &index.entries[position] else {
                    continue;
                };
                if !entry.media_type.is_index() {
                    self.note_attesting(index, entry);
                    return Ok(Some(entry.clone()));
                }
                let open = is_open(entry, &[]);
                let Some(inner) = self.inner(entry, depth, open).await? else {
                    continue;
                };
                let Some(inner) = inner.index() else {
                    // whoever reads it as an image says what is wrong with it
                    return Ok(Some(entry.clone()));
                };
                // what an index says holds for those in it that say nothing
                let both = [true, false];
                let tried = if open { &[says][..] } else { &both };
                for says in tried {
                    let found = self.usual(inner, (platform, *says), depth + 1).await?;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
            }
            Ok(None)
        }
        .boxed()
    }

    /// The images that are wanted of an index and of those that lie in it.
    fn images<'b>(
        &'b self,
        index: &'b Index,
        wanted: Option<&'b [Wanted]>,
        depth: usize,
    ) -> BoxFuture<'b, Result<Vec<Descriptor>, CopyError>> {
        async move {
            let mut images = Vec::new();
            for position in self.chosen(index, wanted) {
                let Ok(entry) = &index.entries[position] else {
                    continue;
                };
                if entry.is_buildkit_attestation() {
                    continue;
                }
                if !entry.media_type.is_index() {
                    self.note_attesting(index, entry);
                    images.push(entry.clone());
                    continue;
                }
                let wanted = inside(entry, wanted);
                let inner = self.inner(entry, depth, wanted.is_some()).await?;
                if let Some(inner) = inner.as_ref().and_then(Document::index) {
                    images.extend(self.images(inner, wanted, depth + 1).await?);
                }
            }
            Ok(images)
        }
        .boxed()
    }

    /// An index that lies in another one; nothing where the source does not have it and what
    /// is wanted may lie `elsewhere`.
    async fn inner(
        &self,
        entry: &Descriptor,
        depth: usize,
        elsewhere: bool,
    ) -> Result<Option<Document>, CopyError> {
        if depth >= limits::INDEX_DEPTH {
            return Err(too_deep());
        }
        self.count(1)?;
        match self.source.manifest(entry).await {
            Ok(raw) => Ok(Some(Document::read(raw))),
            Err(error) if elsewhere && error.problem.is_missing() => {
                self.goes_without(entry);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Notes what there is in an index, and what of it is wanted.
    fn look(&self, index: &Index) {
        let mut seen = self.seen();
        let images = index.descriptors();
        for (_, entry) in images.filter(|(_, entry)| !entry.is_buildkit_attestation()) {
            // also where all of the index is taken
            let wanted = self.wanted().unwrap_or_default().iter().enumerate();
            let found = wanted.filter(|(_, one)| one.fits(entry));
            seen.found.extend(found.map(|(position, _)| position));
            if let Some(platform) = &entry.platform {
                let platform = called(platform);
                if !seen.platforms.contains(&platform) && seen.platforms.len() < PLATFORMS {
                    seen.platforms.push(platform);
                }
            }
        }
    }

    /// The positions of the entries that are to be copied; those of indexes, too, that may
    /// have something in them that is wanted.
    pub(super) fn chosen(&self, index: &Index, wanted: Option<&[Wanted]>) -> Vec<usize> {
        self.look(index);
        let rewritten = self.options.format != Format::Keep || self.wanted.is_some();
        let attestation = |entry: &Descriptor| entry.is_buildkit_attestation();
        let Some(wanted) = wanted else {
            let all = index.entries.iter().enumerate();
            let all = all.filter(|(_, entry)| {
                !(self.options.no_referrers && rewritten && entry.as_ref().is_ok_and(attestation))
            });
            return all.map(|(position, _)| position).collect();
        };
        let fits = |entry: &Descriptor| {
            !attestation(entry)
                && (is_open(entry, wanted) || wanted.iter().any(|one| one.fits(entry)))
        };
        let images: HashSet<_> = index
            .descriptors()
            .filter(|(_, entry)| fits(entry))
            .map(|(_, entry)| entry.digest.to_string())
            .collect();
        let chosen = index.descriptors().filter(|(_, entry)| {
            fits(entry) || (!self.options.no_referrers && is_about(entry, &images))
        });
        chosen.map(|(position, _)| position).collect()
    }

    /// Takes out of what was read of an index the indexes that nothing is wanted of, those
    /// that may have had something and are not there, and what attests something of them.
    pub(super) fn leave_out(
        &self,
        index: &Index,
        wanted: Option<&[Wanted]>,
        read: &mut Vec<(usize, Result<Node, Descriptor>)>,
    ) {
        if wanted.is_none() {
            return;
        }
        read.retain(|(_, child)| {
            let (entry, is_empty) = match child {
                Ok(node) => (&node.from, node.children.is_empty()),
                Err(entry) => (entry, true),
            };
            let open = inside(entry, wanted).is_some_and(|wanted| is_open(entry, wanted));
            let out = is_empty && open;
            if out && child.is_err() {
                self.goes_without(entry);
            }
            !out
        });
        let entry = |position: usize| index.entries[position].as_ref().ok();
        let images = read.iter().filter_map(|(position, _)| entry(*position));
        let images = images.filter(|entry| !entry.is_buildkit_attestation());
        let images: HashSet<_> = images.map(|entry| entry.digest.to_string()).collect();
        read.retain(|(position, _)| {
            entry(*position)
                .is_some_and(|entry| !entry.is_buildkit_attestation() || is_about(entry, &images))
        });
    }
}

/// Whether an entry attests something of one of `images`.
pub(super) fn is_about(entry: &Descriptor, images: &HashSet<String>) -> bool {
    let subject = entry.annotation(annotation::BUILDKIT_SUBJECT);
    entry.is_buildkit_attestation() && subject.is_some_and(|subject| images.contains(subject))
}

/// Whether an entry is an index of which only its own entries tell whether something of
/// `wanted` is in it: it does not say what it is for, or a digest is wanted.
fn is_open(entry: &Descriptor, wanted: &[Wanted]) -> bool {
    let digests = wanted.iter().any(|one| matches!(one, Wanted::Digest(_)));
    entry.media_type.is_index() && (entry.platform.is_none() || digests)
}

/// What is wanted of what lies in the index `entry`: all of it, where it is wanted itself.
pub(super) fn inside<'a>(entry: &Descriptor, wanted: Option<&'a [Wanted]>) -> Option<&'a [Wanted]> {
    wanted.filter(|wanted| !wanted.iter().any(|one| one.fits(entry)))
}

/// Refuses an image that lies in no index where something else is wanted. Reads its config
/// where a platform is. `host` is this system's.
pub(super) async fn alone(
    source: &dyn Source,
    image: &Document,
    wanted: &[Wanted],
    host: &Platform,
) -> Result<(), CopyError> {
    let digest = image.raw().digest();
    let mut own = Descriptor::new(image.media_type().as_str(), digest.clone(), 0);
    let by_platform = |one: &Wanted| matches!(one, Wanted::Platform(_) | Wanted::Local);
    let manifest = image.manifest().filter(|manifest| !manifest.is_artifact());
    if let Some(manifest) = manifest.filter(|_| wanted.iter().any(by_platform)) {
        let config = read_blob(source, &manifest.config, limits::CONFIG_BYTES).await?;
        let platform = ImageConfig::read(config).platform;
        own.platform = (platform != Platform::default()).then_some(platform);
    }
    let fits_host = own.platform.is_some()
        && choose([(0, &own)], host, false).is_some_and(|choice| choice.fits());
    let fits = |one: &Wanted| one.fits(&own) || (*one == Wanted::Local && fits_host);
    let other = match wanted.iter().find(|one| !fits(one)) {
        None => return Ok(()),
        Some(Wanted::Local) => &Wanted::Platform(host.clone()),
        Some(other) => other,
    };
    let is = match (&own.platform, other) {
        (Some(platform), Wanted::Platform(_)) => format!("for {}", called(platform)),
        (None, Wanted::Platform(_)) => "which does not say what it is for".to_owned(),
        (_, Wanted::Digest(_) | Wanted::Local) => digest.to_string(),
    };
    Err(CopyError::refused(
        format!("the source is no index but one image, {is}, and {other} is wanted"),
        "Copy it without choosing (without --platform), or name the index that has what is wanted",
    ))
}

pub(super) fn too_deep() -> CopyError {
    CopyError::refused(
        format!(
            "more than {} indexes lie in each other",
            limits::INDEX_DEPTH
        ),
        "Copy one of the inner ones by its digest",
    )
}

pub(super) fn not_there(seen: &Seen, wanted: &Wanted) -> CopyError {
    let mut hint = if seen.platforms.is_empty() {
        "It names no platforms; choose by digest".to_owned()
    } else {
        format!("There are: {}", seen.platforms.join(", "))
    };
    if let Some(index) = seen.unread.first() {
        hint += &format!(". The source does not have the index {index}, which may name it");
    }
    CopyError::refused(format!("the index has no image for {wanted}"), hint)
}
