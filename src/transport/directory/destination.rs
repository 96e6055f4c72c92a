//! A flat folder as a place to write to.
//!
//! Such a folder holds one image. Blobs and the manifests of an index go under their digests
//! at once, beside those of the image that is there; `manifest.json` is replaced when all of
//! the new image is there, and what only the old one needed goes after that. Whoever writes
//! holds the folder, so that nobody else tidies up meanwhile.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::commit::{self, New, Signed};
use super::{blob, version};
use crate::model::{Descriptor, Digest, PathReference, RawDocument, Reference, limits};
use crate::transport::local::{Disk, Folder, Target, Work, is_left_over, lock_of, write_problem};
use crate::transport::{
    Destination, Naming, Payload, Problem, SignatureWrite, Takes, TransportError,
};

/// How long until it is looked again whether somebody else still writes to the folder.
const AGAIN: Duration = Duration::from_millis(50);

/// The image of a flat folder, to be written.
pub struct DirectoryDestination {
    target: Target,
    /// Held from the first thing that is written on.
    held: OnceCell<File>,
    new: Mutex<New>,
}

impl DirectoryDestination {
    /// Writes the image that `path` names. Nothing is changed yet.
    pub fn new(path: PathReference) -> Self {
        Self::on(path, Disk::default())
    }

    /// As [`DirectoryDestination::new`], by way of `disk`.
    pub fn on(path: PathReference, disk: Disk) -> Self {
        Self {
            target: Target::new(Reference::Path(path.clone()), path.path, disk),
            held: OnceCell::new(),
            new: Mutex::default(),
        }
    }

    /// Makes the folder one of this kind, and has it alone from then on.
    async fn begin(&self) -> Result<(), TransportError> {
        let holding = self.held.get_or_try_init(|| async {
            let io = |error: io::Error| write_problem(&error);
            let lock = self.target.run("folder", move |target| {
                target.disk.create_folder(&target.root).map_err(io)?;
                lock_of(&target.root).map_err(io)
            });
            let lock = lock.await?;
            loop {
                match lock.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(AGAIN).await,
                    Err(TryLockError::Error(error)) => {
                        return Err(self.target.fail("folder", io(error)));
                    }
                }
            }
            let marking = self.target.run("version", move |target| {
                check(target)?;
                version::ensure(target, false)
            });
            marking.await?;
            Ok(lock)
        });
        holding.await.map(drop)
    }

    fn new_image(&self) -> MutexGuard<'_, New> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file of a blob is called.
pub(super) fn path(digest: &Digest) -> PathBuf {
    blob::name(digest).into()
}

/// What the file of a manifest is called that an index lists.
pub(super) fn manifest_path(digest: &Digest) -> PathBuf {
    format!("{}.manifest.json", blob::name(digest)).into()
}

/// Whether an image may be written to the folder: it is one of this kind, it is empty, or it
/// is not there (containers/image writes to no other either).
fn check(target: &Target) -> Result<(), Problem> {
    let entries = match fs::read_dir(&target.root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Problem::NotOurs {
                found: "it is a file".to_owned(),
            });
        }
        Err(error) => return Err(write_problem(&error)),
    };
    if target.root.join("version").is_file() {
        let folder = Folder::open(&target.root, crate::model::Transport::Dir)?;
        return version::check(&folder, &Work::default());
    }
    for entry in entries {
        let name = entry.map_err(|error| write_problem(&error))?.file_name();
        let found = name.to_string_lossy().into_owned();
        if !is_left_over(&found) {
            return Err(Problem::NotOurs { found });
        }
    }
    Ok(())
}

/// The bytes of `manifest.json` where there is one that can be an image's.
pub(super) fn primary(target: &Target) -> Result<Option<Vec<u8>>, Problem> {
    let path = target.root.join("manifest.json");
    match fs::metadata(&path) {
        Ok(there) if there.len() > limits::MANIFEST_BYTES => Ok(None),
        Ok(_) => fs::read(&path)
            .map(Some)
            .map_err(|error| write_problem(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(write_problem(&error)),
    }
}

impl Destination for DirectoryDestination {
    fn reference(&self) -> &Reference {
        &self.target.reference
    }

    fn takes(&self) -> Takes {
        Takes {
            indexes: true,
            manifests: true,
            names: false,
            tags: false,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        self.target.run("folder", check).boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        let reading = self.target.run("manifest.json", |target| {
            let there = primary(target)?.map(|bytes| Digest::sha256(&bytes));
            if there.is_some() {
                target.will_replace();
            }
            Ok(there)
        });
        reading.boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        let what = format!("blob {}", blob.digest);
        self.target.has(what, path(&blob.digest), blob.size).boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            self.begin().await?;
            let path = path(&blob.digest);
            self.target.put_blob(&path, blob, payload).await
        }
        .boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        let name = manifest_path(&manifest.digest);
        self.target.has_whole(name, manifest, path).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            self.begin().await?;
            match naming {
                Naming::Own => {
                    self.new_image().manifest = Some(raw.clone());
                    Ok(())
                }
                Naming::Digest => {
                    let name = manifest_path(raw.digest());
                    self.target.put_document(name, raw).await
                }
                Naming::Tag(_) => {
                    let what = "a second name";
                    let about = format!("manifest {}", raw.digest());
                    Err(self.target.fail(about, Problem::CannotHold { what }))
                }
            }
        }
        .boxed()
    }

    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async move {
            self.begin().await?;
            let new = std::mem::take(&mut *self.new_image());
            let committing = self
                .target
                .run("manifest.json", move |target| commit::commit(target, new));
            committing.await
        }
        .boxed()
    }

    fn signature_writing(&self) -> Option<&dyn SignatureWrite> {
        Some(self)
    }
}

impl SignatureWrite for DirectoryDestination {
    fn place(&self) -> Result<String, TransportError> {
        Ok(self.target.place())
    }

    fn takes_all(&self) -> bool {
        true
    }

    fn put_signatures<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
        signatures: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        self.new_image().signed.push(Signed {
            manifest: manifest.clone(),
            own,
            signatures,
        });
        std::future::ready(Ok(())).boxed()
    }
}

/// The names of everything in the folder that is an image's, by what it belongs to.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) manifests: HashSet<PathBuf>,
    pub(super) blobs: HashSet<PathBuf>,
    /// Whether a digest is of another algorithm than SHA-256.
    pub(super) other_algorithm: bool,
}
