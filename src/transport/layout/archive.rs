//! A layout in a tar archive as a place to write to.
//!
//! What is copied is gathered in a layout folder beside the archive, by the same rules as in
//! any other ([`LayoutDestination`]). At the end the archive is written anew with what was
//! in it and what was gathered, under another name, and takes the old one's place.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::archive_edit::Edits;
use super::destination::{LayoutDestination, check_name, check_other_name};
use super::rewrite::{New, read_index, write};
use super::{blob, entries, index_json};
use crate::model::{
    Descriptor, Digest, Document, ImageName, PathReference, RawDocument, Reference, Transport,
    limits,
};
use crate::transport::archive::{Archive, Packing};
use crate::transport::local::{
    Disk, Files, Stage, Target, Turn, Work, parent, presence, write_problem,
};
use crate::transport::{
    BlobState, Destination, Naming, Payload, Problem, ReferrerRemove, ReferrerWrite, Stamp,
    TagEdit, Takes, TransportError, stamp,
};

/// One image of a layout in an archive, to be written.
pub struct LayoutArchiveDestination {
    target: Target,
    path: PathReference,
    stage: Arc<Stage>,
    /// The archive that is there, once it was looked at.
    there: Mutex<Option<There>>,
    /// From the first change of a name to the commit.
    turn: tokio::sync::Mutex<Option<Turn>>,
    /// The folder where it is gathered, once something is.
    gathering: OnceLock<LayoutDestination>,
    /// The names of what the copy needs. An earlier one may have left more.
    needed: Mutex<BTreeSet<String>>,
    /// The names of what was found in the archive that is there, and need not come again.
    relied: Mutex<BTreeSet<String>>,
    edits: Mutex<Edits>,
}

/// An archive as it was when it was looked at.
#[derive(Clone)]
pub(super) struct There {
    /// Nothing where there was none.
    pub(super) archive: Option<Arc<Archive>>,
    /// By which it is known again.
    pub(super) seen: Option<Stamp>,
}

impl LayoutArchiveDestination {
    /// Writes the image that `path` names. Nothing is changed yet.
    pub fn new(path: PathReference) -> Self {
        Self::on(path, Disk::default())
    }

    /// As [`LayoutArchiveDestination::new`], by way of `disk`.
    pub fn on(path: PathReference, disk: Disk) -> Self {
        Self {
            stage: Arc::new(Stage::new(path.path.clone())),
            target: Target::new(Reference::Path(path.clone()), path.path.clone(), disk),
            path,
            there: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            gathering: OnceLock::new(),
            needed: Mutex::default(),
            relied: Mutex::default(),
            edits: Mutex::default(),
        }
    }

    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    /// What waits for the commit.
    pub(super) fn edits(&self) -> MutexGuard<'_, Edits> {
        self.edits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an edit needed no more once it was edited again.
    pub(super) fn need_no_more(&self, digest: &Digest) {
        let needed = self.needed.lock();
        let mut needed = needed.unwrap_or_else(PoisonError::into_inner);
        needed.remove(&blob::name(digest));
    }

    fn need(&self, digest: &Digest) {
        let needed = self.needed.lock();
        let mut needed = needed.unwrap_or_else(PoisonError::into_inner);
        needed.insert(blob::name(digest));
    }

    /// Remembers that what is called `name` is in the archive.
    fn rely(&self, name: String) {
        let mut relied = self.relied.lock().unwrap_or_else(PoisonError::into_inner);
        relied.insert(name);
    }

    /// The manifest or index with this digest, wherever it lies already.
    async fn document(&self, of: &Descriptor) -> Result<Option<RawDocument>, TransportError> {
        let there = self.there().await?;
        let gathering = self.gathering(false).await?;
        let folder = gathering.map(|gathering| gathering.folder().to_owned());
        let wanted = of.clone();
        let read = self
            .target
            .run(format!("manifest {}", of.digest), move |_| {
                let name = blob::name(&wanted.digest);
                let limit = limits::MANIFEST_BYTES.min(wanted.size);
                let gathered = folder
                    .map(|folder| folder.join(&name))
                    .filter(|path| fs::metadata(path).is_ok_and(|there| there.len() == limit));
                let is_there = gathered.is_none();
                let bytes = match (gathered, there) {
                    (Some(path), _) => fs::read(path).ok(),
                    (None, Some(there)) => there.read(&name, limit, &Work::default()).ok(),
                    (None, None) => None,
                };
                let verified = bytes.and_then(|bytes| {
                    let media_type = wanted.media_type.clone();
                    RawDocument::verify_manifest(bytes.into(), &wanted.digest, media_type).ok()
                });
                Ok(verified.map(|raw| (raw, is_there)))
            });
        let read = read.await?;
        Ok(read.map(|(raw, is_there)| {
            if is_there {
                self.rely(blob::name(&of.digest));
            }
            raw
        }))
    }

    /// The archive that is there; nothing where there is none yet.
    pub(super) async fn there(&self) -> Result<Option<Arc<Archive>>, TransportError> {
        Ok(self.look().await?.archive)
    }

    /// As [`Self::there`], with what it is known by.
    async fn look(&self) -> Result<There, TransportError> {
        if let Some(there) = &*self.looked() {
            return Ok(there.clone());
        }
        let found = self.target.run("archive", There::of).await?;
        Ok(self.looked().get_or_insert(found).clone())
    }

    fn looked(&self) -> MutexGuard<'_, Option<There>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else writes the archive, and keeps others from it until the commit.
    /// What they wrote meanwhile is read anew.
    pub(super) async fn take_turn(&self) -> Result<(), TransportError> {
        let mut turn = self.turn.lock().await;
        if turn.is_some() {
            return Ok(());
        }
        let before = self.look().await?;
        let cancelled = CancellationToken::new();
        let _guard = cancelled.clone().drop_guard();
        let stage = Arc::clone(&self.stage);
        let taking = self.target.run("archive", move |target| {
            let work = Work::new(cancelled, None);
            let turn = stage.turn(&target.disk, &work);
            let turn = turn.map_err(|error| write_problem(&error))?;
            let there = match stamp(&target.reference) == before.seen {
                true => before,
                false => There::of(target)?,
            };
            Ok((turn, there))
        });
        let (taken, there) = taking.await?;
        *self.looked() = Some(there);
        *turn = Some(taken);
        Ok(())
    }

    /// Where it is gathered. An earlier copy's folder is taken; `make` makes one.
    async fn gathering(&self, make: bool) -> Result<Option<&LayoutDestination>, TransportError> {
        if let Some(gathering) = self.gathering.get() {
            return Ok(Some(gathering));
        }
        let stage = Arc::clone(&self.stage);
        let found = self.target.run("archive", move |target| {
            let folder = if make {
                target
                    .disk
                    .create_folder(parent(&target.root))
                    .and_then(|()| stage.folder(&target.disk).map(Some))
            } else {
                stage.left()
            };
            folder.map_err(|error| write_problem(&error))
        });
        let Some(folder) = found.await? else {
            return Ok(None);
        };
        let gathering = self
            .gathering
            .get_or_init(|| LayoutDestination::gathered(&self.target, folder, &self.path));
        Ok(Some(gathering))
    }

    pub(super) async fn making(&self) -> Result<&LayoutDestination, TransportError> {
        let made = self.gathering(true).await?;
        made.ok_or_else(|| self.target.fail("archive", Problem::Cancelled))
    }

    /// The digest of what is called `name` in the archive that is there.
    async fn digest_of(&self, name: String) -> Result<Option<Digest>, TransportError> {
        let Some(there) = self.there().await? else {
            return Ok(None);
        };
        let reading = self.target.run("index.json", move |_| {
            let work = Work::default();
            let index = read_index(&there, &work)?;
            let digest = entries::named(&index, &name).and_then(|digest| digest.parse().ok());
            Ok(digest.filter(|digest| is_there(&there, digest, &work)))
        });
        reading.await
    }
}

impl There {
    /// What lies at `target` now.
    fn of(target: &Target) -> Result<Self, Problem> {
        // before it is read: what is written meanwhile is noticed
        let seen = stamp(&target.reference);
        let archive = open(&target.root)?;
        Ok(Self { archive, seen })
    }
}

/// Opens the archive that is to be added to; nothing where there is none.
fn open(path: &Path) -> Result<Option<Arc<Archive>>, Problem> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(write_problem(&error)),
        // an empty file is a place that somebody has made
        Ok(there) if there.is_file() && there.len() == 0 => return Ok(None),
        Ok(_) => {}
    }
    let not_added = |why: String| Problem::NotAddedTo { why };
    let not_ours = |problem: &Problem| not_added(problem.to_string());
    let work = Work::default();
    let archive = Archive::open(path, Transport::OciArchive, &work).map_err(|e| not_ours(&e))?;
    if !archive.notes().is_empty() {
        // what is lost of it would be lost for good
        return Err(Problem::CutOff {
            file: "the archive".to_owned(),
        });
    }
    if archive.has("manifest.json") {
        return Err(not_added(
            "it is what docker save writes, and its manifest.json would not name what comes".into(),
        ));
    }
    let packing = match archive.packing() {
        Packing::None => None,
        Packing::Gzip => Some("gzip"),
        Packing::Zstd => Some("zstd"),
        Packing::Other(how) => Some(how),
    };
    if let Some(packing) = packing {
        return Err(not_added(format!(
            "it is compressed with {packing}, and would be written without that"
        )));
    }
    index_json::read(&archive, &work).map_err(|problem| not_ours(&problem))?;
    Ok(Some(Arc::new(archive)))
}

/// Whether the manifest or index with this digest is in the archive, and right.
fn is_there(archive: &Archive, digest: &Digest, work: &Work) -> bool {
    let read = archive.read(&blob::name(digest), limits::MANIFEST_BYTES, work);
    read.is_ok_and(|bytes| digest.matches(&bytes))
}

impl Destination for LayoutArchiveDestination {
    fn reference(&self) -> &Reference {
        &self.target.reference
    }

    fn takes(&self) -> Takes {
        Takes {
            indexes: true,
            manifests: true,
            names: true,
            tags: true,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            check_name(&self.target, self.path.name.as_ref())?;
            self.there().await?;
            self.gathering(false).await.map(drop)
        }
        .boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        async {
            match &self.path.name {
                Some(ImageName::Name(name)) => self.digest_of(name.clone()).await,
                Some(ImageName::Digest(digest)) => {
                    let there = self.there().await?;
                    let digest = digest.clone();
                    let looking = self.target.run("index.json", move |_| {
                        let work = Work::default();
                        let found = there.is_some_and(|there| is_there(&there, &digest, &work));
                        Ok(found.then_some(digest))
                    });
                    looking.await
                }
                _ => Ok(None),
            }
        }
        .boxed()
    }

    fn named<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        async move {
            check_other_name(&self.target, name)?;
            self.digest_of(name.to_owned()).await
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        async move {
            self.need(&blob.digest);
            if let Some(there) = self.there().await? {
                let name = blob::name(&blob.digest);
                if presence(&*there, &name, blob) == BlobState::Present {
                    self.rely(name);
                    return Ok(true);
                }
            }
            match self.gathering(false).await? {
                Some(gathering) => gathering.has_blob(blob).await,
                None => Ok(false),
            }
        }
        .boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        self.need(&blob.digest);
        async move { self.making().await?.put_blob(blob, payload).await }.boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        async move {
            let Some(raw) = self.document(manifest).await? else {
                return Ok(false);
            };
            self.need(&manifest.digest);
            let document = Document::read(raw);
            for named in document.blobs() {
                // one that is not to be distributed may stay elsewhere
                if !self.has_blob(&named).await? && named.urls.is_empty() {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        .boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        self.need(raw.digest());
        async move { self.making().await?.put_manifest(raw, naming).await }.boxed()
    }

    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            let removed = std::mem::take(&mut *self.edits()).removed;
            let Some(gathering) = self.gathering(!removed.is_empty()).await? else {
                *self.turn.lock().await = None;
                let stage = Arc::clone(&self.stage);
                let sweeping = self.target.run("archive", move |target| {
                    stage.sweep(&target.disk);
                    Ok(())
                });
                return sweeping.await;
            };
            self.take_turn().await?;
            let turn = self.turn.lock().await.take();
            let there = self.look().await?;
            let listed = gathering.take_listed();
            let names = |names: &Mutex<BTreeSet<String>>| {
                let names = names.lock().unwrap_or_else(PoisonError::into_inner);
                names.clone()
            };
            let (needed, relied) = (names(&self.needed), names(&self.relied));
            let cancelled = CancellationToken::new();
            let _guard = cancelled.clone().drop_guard();
            let stage = Arc::clone(&self.stage);
            let writing = self.target.run("archive", move |target| {
                // the next one begins when all is written, whoever still waits for that
                let _turn = turn;
                let work = Work::new(cancelled, None);
                let new = New {
                    listed: &listed,
                    needed: &needed,
                    relied: &relied,
                    removed: &removed,
                };
                write(target, &stage, &there, &new, &work)?;
                stage.sweep(&target.disk);
                Ok(())
            });
            writing.await
        }
        .boxed()
    }

    fn gathers(&self) -> bool {
        true
    }

    fn give_up(&self) -> BoxFuture<'_, ()> {
        async {
            let stage = Arc::clone(&self.stage);
            let removing = self.target.run("archive", move |target| {
                stage
                    .give_up(&target.disk)
                    .map_err(|error| write_problem(&error))
            });
            // what cannot be removed does no harm: it is never taken for the archive
            drop(removing.await);
        }
        .boxed()
    }

    fn referrer_writing(&self) -> Option<&dyn ReferrerWrite> {
        Some(self)
    }

    fn tag_editing(&self) -> Option<&dyn TagEdit> {
        Some(self)
    }

    fn referrer_removal(&self) -> Option<&dyn ReferrerRemove> {
        Some(self)
    }
}

impl ReferrerWrite for LayoutArchiveDestination {
    fn put_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        self.need(raw.digest());
        async move { self.making().await?.put_referrer(raw).await }.boxed()
    }
}

impl LayoutDestination {
    /// The folder where an archive's layout is gathered; errors name the archive.
    fn gathered(archive: &Target, folder: PathBuf, path: &PathReference) -> Self {
        let target = Target::new(archive.reference.clone(), folder, archive.disk.clone());
        Self::of(target, path.name.clone())
    }
}
