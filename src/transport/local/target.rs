//! A folder that an image is written to: what the places on this machine do alike.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::disk::{Disk, write_problem};
use super::partial::write_blob;
use crate::model::{Descriptor, Digest, Document, RawDocument, Reference, limits, text};
use crate::transport::{Payload, Problem, TransportError};

/// How many files are forced to the disk at once.
const FORCED_AT_ONCE: usize = 6;

/// A folder that is written to, and what it is called. Clones write to the same one.
#[derive(Clone)]
pub(in crate::transport) struct Target {
    pub reference: Reference,
    pub root: PathBuf,
    pub disk: Disk,
    unforced: Arc<Unforced>,
}

/// What a copy needs and nobody has forced to the disk yet: what it wrote, and what it found
/// there, which another one may have written a moment ago.
#[derive(Default)]
struct Unforced {
    files: Mutex<BTreeSet<PathBuf>>,
    /// Whether it is going to be.
    wanted: AtomicBool,
}

impl Target {
    pub fn new(reference: Reference, root: PathBuf, disk: Disk) -> Self {
        Self {
            reference,
            root,
            disk,
            unforced: Arc::default(),
        }
    }

    /// Says that what is written takes the place of something, and is going to be forced.
    pub fn will_replace(&self) {
        self.unforced.wanted.store(true, Ordering::Relaxed);
    }

    /// Remembers a file that the copy needs.
    pub fn note(&self, path: PathBuf) {
        let mut files = self.unforced.lock();
        files.insert(path);
    }

    /// Forces everything to the disk that the copy needs, with its names. Waits for the disk.
    ///
    /// # Errors
    /// Where something of it is gone, or the disk fails.
    pub fn force(&self) -> io::Result<()> {
        let files = std::mem::take(&mut *self.unforced.lock());
        let folders: BTreeSet<_> = files.iter().filter_map(|file| file.parent()).collect();
        let next = Mutex::new(files.iter());
        let one_by_one = || loop {
            let file = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(file) = file else { return Ok(()) };
            self.disk.sync(&File::open(file)?, file)?;
        };
        let forced: io::Result<()> = std::thread::scope(|scope| {
            let others = FORCED_AT_ONCE.min(files.len());
            let others: Vec<_> = (1..others).map(|_| scope.spawn(one_by_one)).collect();
            let mut ended = one_by_one();
            for other in others {
                match other.join() {
                    Ok(other) => ended = ended.and(other),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            ended
        });
        forced?;
        folders
            .into_iter()
            .try_for_each(|folder| self.disk.sync_folder(folder))
    }

    /// The place as it is named in errors.
    pub fn place(&self) -> String {
        text::visible(&self.reference.to_string()).into_owned()
    }

    /// `problem` with `what` of this place.
    pub fn fail(&self, what: impl Into<String>, problem: Problem) -> TransportError {
        TransportError::new(what, self.place(), problem)
    }

    /// Does `work` on a thread that may wait for the disk.
    pub async fn run<T: Send + 'static>(
        &self,
        what: impl Into<String>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, TransportError> {
        let this = self.clone();
        let done = spawn_blocking(move || work(&this)).await;
        let done = done.unwrap_or(Err(Problem::Cancelled));
        done.map_err(|problem| self.fail(what, problem))
    }

    /// Whether the file `name` is there with `size` bytes. One of another size was damaged,
    /// and is replaced.
    pub async fn has(
        &self,
        what: String,
        name: PathBuf,
        size: u64,
    ) -> Result<bool, TransportError> {
        self.run(what, move |this| {
            let path = this.root.join(name);
            let there = fs::metadata(&path).is_ok_and(|there| there.len() == size);
            if there {
                this.note(path);
            }
            Ok(there)
        })
        .await
    }

    /// Writes a blob as the file `name`.
    pub async fn put_blob(
        &self,
        name: &Path,
        blob: &Descriptor,
        payload: Arc<dyn Payload>,
    ) -> Result<(), TransportError> {
        let path = self.root.join(name);
        let disk = (&self.disk, self.unforced.wanted.load(Ordering::Relaxed));
        write_blob(disk, &path, blob, payload, &self.place()).await?;
        self.note(path);
        Ok(())
    }

    /// Writes a manifest as the file `name`, where it is not there already.
    pub async fn put_document(
        &self,
        name: PathBuf,
        raw: &RawDocument,
    ) -> Result<(), TransportError> {
        let raw = raw.clone();
        self.run(format!("manifest {}", raw.digest()), move |this| {
            let path = this.root.join(name);
            this.note(path.clone());
            if fs::metadata(&path).is_ok_and(|there| there.len() == raw.size()) {
                // a manifest is small: that it is right is soon seen
                if fs::read(&path).is_ok_and(|there| raw.digest().matches(&there)) {
                    return Ok(());
                }
            }
            let folder = path.parent().unwrap_or(&this.root);
            this.disk
                .create_folder(folder)
                .and_then(|()| this.disk.put(&path, raw.bytes(), false))
                .map_err(|error| write_problem(&error))
        })
        .await
    }

    /// Whether the manifest in the file `name` is there and right, and so is every blob that
    /// it names, as far as can be seen without reading them. `blob` says what a blob's file
    /// is called. Nobody but this looks whether a folder is whole.
    pub async fn has_whole(
        &self,
        name: PathBuf,
        manifest: &Descriptor,
        blob: fn(&Digest) -> PathBuf,
    ) -> Result<bool, TransportError> {
        let manifest = manifest.clone();
        self.run(format!("manifest {}", manifest.digest), move |this| {
            if manifest.size > limits::MANIFEST_BYTES {
                return Ok(false);
            }
            let path = this.root.join(name);
            if !fs::metadata(&path).is_ok_and(|there| there.len() == manifest.size) {
                return Ok(false);
            }
            let Ok(bytes) = fs::read(&path) else {
                return Ok(false);
            };
            let media_type = manifest.media_type.clone();
            let Ok(raw) = RawDocument::verify_manifest(bytes.into(), &manifest.digest, media_type)
            else {
                return Ok(false);
            };
            this.note(path);
            let document = Document::read(raw);
            Ok(document.blobs().iter().all(|named| {
                let path = this.root.join(blob(&named.digest));
                match fs::metadata(&path) {
                    Ok(there) => {
                        this.note(path);
                        named.has_size(there.len())
                    }
                    // one that is not to be distributed may stay elsewhere
                    Err(_) => !named.urls.is_empty(),
                }
            }))
        })
        .await
    }
}

impl Unforced {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until nobody else changes the folder, in this program or another one, and keeps
/// others from it until what is given is dropped.
pub(in crate::transport) fn hold(root: &Path) -> io::Result<File> {
    let file = lock_of(root)?;
    file.lock()?;
    Ok(file)
}

/// What is locked to have the folder alone.
pub(in crate::transport) fn lock_of(root: &Path) -> io::Result<File> {
    // a folder can be locked itself where systems let one open it, and no file is left behind
    if cfg!(unix) {
        return File::open(root);
    }
    let path = root.join(".lock");
    File::options()
        .create(true)
        .append(true)
        .truncate(false)
        .open(path)
}

/// How often it is tried to hold something that somebody else holds, and how long lies
/// between two tries.
const HOLDING: (usize, Duration) = (10, Duration::from_millis(5));

/// Holds `file` where nobody else does; whether it is held. A program that is being started
/// holds what was open here until it runs, so it is tried for a moment. Waits for that.
///
/// # Errors
/// Where the system cannot tell.
pub(in crate::transport) fn try_hold(file: &File) -> io::Result<bool> {
    try_hold_while(file, |tries| {
        let again = tries < HOLDING.0;
        if again {
            std::thread::sleep(HOLDING.1);
        }
        again
    })
}

/// As [`try_hold`], as long as `again` says so when it was tried so many times.
fn try_hold_while(file: &File, mut again: impl FnMut(usize) -> bool) -> io::Result<bool> {
    for tries in 1.. {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if again(tries) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether a file of this name is left by a copy that was interrupted, or by holding the
/// folder.
pub(in crate::transport) fn is_left_over(name: &str) -> bool {
    name.starts_with(super::disk::PARTIAL) || name == ".lock"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_for_a_moment_is_waited_for_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let other = File::create(&path).unwrap();
        other.lock().unwrap();
        let file = File::open(&path).unwrap();
        let mut asked = Vec::new();
        let held = try_hold_while(&file, |tries| {
            asked.push(tries);
            tries < 3
        });
        assert!(!held.unwrap());
        assert_eq!(asked, [1, 2, 3]);
        let held = try_hold_while(&file, |tries| {
            if tries == 2 {
                other.unlock().unwrap();
            }
            true
        });
        assert!(held.unwrap());
    }
}
