//! Writing files so that whoever is killed leaves nothing half: a temporary file, then a name.
//! What takes the place of something is forced to the disk before it does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::target::try_hold;
use crate::model::{Descriptor, Hasher};
use crate::transport::buffer::Buffer;
use crate::transport::{Payload, Problem, TransportError};

/// What parts of blobs are called that are still to become whole, before their digest.
pub(super) const PARTIAL: &str = ".partial-";

/// How much is read at once where a part is hashed again, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// How often a file is written again where somebody removed its temporary one.
const REPLACING: usize = 5;

/// A step of writing: a test may let the program die at any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Create,
    Write,
    Sync,
    Rename,
    Remove,
}

/// Asked before each step; where it fails, so does the step, and nothing is done.
pub type StepHook = Arc<dyn Fn(Step, &Path) -> io::Result<()> + Send + Sync>;

/// The steps that change the disk. Clones share the hook.
#[derive(Clone, Default)]
pub struct Disk {
    hook: Option<StepHook>,
}

impl Disk {
    /// One that asks `hook` before each step.
    pub fn with_hook(hook: StepHook) -> Self {
        Self { hook: Some(hook) }
    }

    fn step(&self, step: Step, path: &Path) -> io::Result<()> {
        match &self.hook {
            Some(hook) => hook(step, path),
            None => Ok(()),
        }
    }

    /// Makes a folder and those above it.
    pub(in crate::transport) fn create_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        self.step(Step::Create, path)?;
        fs::create_dir_all(path)
    }

    /// As [`Disk::create_folder`], and what lies in the folder is for its owner alone.
    pub(in crate::transport) fn create_private_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        self.step(Step::Create, path)?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    /// Puts `bytes` at `path`, whole or not at all, and forced to the disk before they are
    /// there. What was there stays until then; who may read and write it stays so.
    pub(in crate::transport) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.put(path, bytes, true)
    }

    /// Puts `bytes` at `path`, whole or not at all; `forced` to the disk first, or left to
    /// the system where nothing is lost with them.
    pub(in crate::transport) fn put(
        &self,
        path: &Path,
        bytes: &[u8],
        forced: bool,
    ) -> io::Result<()> {
        let mut tries = 0;
        loop {
            match self.try_put(path, bytes, forced) {
                // whoever tidied up may have come before it was held
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < REPLACING => {
                    tries += 1;
                }
                ended => return ended,
            }
        }
    }

    fn try_put(&self, path: &Path, bytes: &[u8], forced: bool) -> io::Result<()> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PARTIAL}{}-{count}", std::process::id());
        let temporary = path.with_file_name(name);
        let written = (|| {
            self.step(Step::Create, &temporary)?;
            let mut file = File::create_new(&temporary)?;
            file.lock()?;
            keep_mode(&file, path)?;
            self.write(&mut file, &temporary, bytes)?;
            if forced {
                self.sync(&file, &temporary)?;
            }
            self.rename(&temporary, path)
        })();
        if written.is_err() {
            // it may never have been made
            let _ = self.remove(&temporary);
        }
        written
    }

    pub(in crate::transport) fn create(&self, path: &Path) -> io::Result<File> {
        self.step(Step::Create, path)?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    pub(in crate::transport) fn write(
        &self,
        file: &mut File,
        path: &Path,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.step(Step::Write, path)?;
        file.write_all(bytes)
    }

    /// Copies what `from` gives; how many bytes.
    pub(in crate::transport) fn copy(
        &self,
        from: &mut io::Take<&mut File>,
        to: &mut File,
        path: &Path,
    ) -> io::Result<u64> {
        self.step(Step::Write, path)?;
        io::copy(from, to)
    }

    /// Removes a folder with everything in it.
    pub(in crate::transport) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Remove, path)?;
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    pub(in crate::transport) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.step(Step::Sync, path)?;
        file.sync_data()
    }

    pub(in crate::transport) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Step::Rename, to)?;
        fs::rename(from, to)
    }

    pub(in crate::transport) fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Remove, path)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Makes the names in a folder safe.
    pub(in crate::transport) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Sync, path)?;
        if cfg!(unix) {
            File::open(path)?.sync_all()?;
        }
        Ok(())
    }

    /// Removes parts of blobs in `folder` that nobody is writing any more.
    pub(in crate::transport) fn sweep(&self, folder: &Path) -> io::Result<()> {
        // a program that is being started may hold what nobody writes: that is waited for once
        let mut waited = false;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if !name.is_some_and(|name| name.starts_with(PARTIAL)) {
                continue;
            }
            let Ok(file) = File::open(&path) else {
                continue;
            };
            // whoever writes it holds it
            let held = if waited {
                file.try_lock().is_ok()
            } else {
                try_hold(&file).unwrap_or(false)
            };
            waited |= !held;
            if held {
                self.remove_held(&file, &path)?;
            }
        }
        Ok(())
    }

    /// Removes what lies at `path`, where that is `file` still, which is held: whoever held it
    /// before may have put another one there.
    fn remove_held(&self, file: &File, path: &Path) -> io::Result<()> {
        if is_at(file, path) {
            self.remove(path)?;
        }
        Ok(())
    }
}

/// Lets those read and write `file` who may do that with what lies at `path`, whose place it
/// is going to take. Where nothing lies there it stays as it is.
pub(super) fn keep_mode(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let there = match fs::metadata(path) {
            Ok(there) => there.permissions(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // some file systems know no modes, and let none be set
        if file.metadata()?.permissions().mode() != there.mode() {
            file.set_permissions(there)?;
        }
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}

/// What writing failed of.
pub(in crate::transport) fn write_problem(error: &io::Error) -> Problem {
    let why = match error.kind() {
        io::ErrorKind::NotFound => return Problem::Gone,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "there is no room left".to_owned()
        }
        io::ErrorKind::PermissionDenied => "it is not allowed".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the place is read only".to_owned(),
        _ => error.to_string(),
    };
    Problem::Write { why }
}

/// A file that becomes a blob, in the hands of one writer.
struct Partial {
    file: File,
    path: PathBuf,
    at: u64,
    hasher: Hasher,
}

impl Partial {
    /// Opens what an earlier writer left, or begins anew. Where another one is writing the
    /// same, this one gets a file of its own.
    fn open(disk: &Disk, folder: &Path, blob: &Descriptor) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let common = folder.join(format!("{PARTIAL}{}", blob.digest.hex()));
        let file = disk.create(&common)?;
        let (mut file, path) = if try_hold(&file).unwrap_or(false) && is_at(&file, &common) {
            (file, common)
        } else {
            let mut tries = 0;
            loop {
                let count = COUNTER.fetch_add(1, Ordering::Relaxed);
                let own = format!("{}-{}-{count}", blob.digest.hex(), std::process::id());
                let own = folder.join(format!("{PARTIAL}{own}"));
                let file = disk.create(&own)?;
                file.lock()?;
                tries += 1;
                // whoever tidied up may have come before it was held
                if is_at(&file, &own) || tries > REPLACING {
                    break (file, own);
                }
            }
        };
        let mut hasher = Hasher::new(blob.digest.algorithm());
        let mut at = 0;
        let length = file.metadata()?.len();
        if length > 0 && length < blob.size {
            let mut buffer = Buffer::new(PIECE_BYTES);
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
                at += read as u64;
            }
        }
        let mut partial = Self {
            file,
            path,
            at,
            hasher,
        };
        if at == 0 {
            partial.restart(blob)?;
        }
        Ok(partial)
    }

    fn restart(&mut self, blob: &Descriptor) -> io::Result<()> {
        self.at = 0;
        self.hasher = Hasher::new(blob.digest.algorithm());
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok(())
    }
}

/// How many bytes lie between two beginnings of [`Ahead`].
const AHEAD_BYTES: u64 = 16 << 20;

/// Lets the disk begin with a large file while the rest of it still comes, so that little is
/// left to wait for at the end, where all of it is forced there.
struct Ahead {
    /// Nothing where it is not going to be forced.
    wanted: bool,
    next: u64,
    flushing: Option<std::thread::JoinHandle<()>>,
}

impl Ahead {
    /// So much of `file` is written.
    fn at(&mut self, at: u64, file: &File) {
        if !self.wanted || at < self.next.max(AHEAD_BYTES) {
            return;
        }
        self.next = at + AHEAD_BYTES;
        if self.flushing.as_ref().is_some_and(|one| !one.is_finished()) {
            return;
        }
        // what fails here fails again at the end, where it is told
        if let Ok(file) = file.try_clone() {
            self.flushing = Some(std::thread::spawn(move || {
                let _ = file.sync_data();
            }));
        }
    }
}

/// Whether `path` still names `file`: whoever tidied up may have removed it meanwhile.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
            return false;
        };
        open.ino() == named.ino() && open.dev() == named.dev()
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Writes a blob as `target`, hashed on the way. Goes on where an earlier
/// try stopped; what turns out to be wrong is thrown away. `ahead` says that it is going to
/// be forced to the disk, which begins with it then.
///
/// # Errors
/// Where the payload cannot be read or is not what `blob` says, or the disk fails. `place`
/// is the destination as it is named in errors.
pub(super) async fn write_blob(
    (disk, ahead): (&Disk, bool),
    target: &Path,
    blob: &Descriptor,
    payload: Arc<dyn Payload>,
    place: &str,
) -> Result<(), TransportError> {
    let folder = target.parent().unwrap_or(target);
    let fail = |problem| TransportError::new(format!("blob {}", blob.digest), place, problem);
    let opened = {
        let (disk, folder, blob) = (disk.clone(), folder.to_owned(), blob.clone());
        spawn_blocking(move || {
            disk.create_folder(&folder)?;
            Partial::open(&disk, &folder, &blob)
        })
    };
    let partial = opened
        .await
        .map_err(|_| fail(Problem::Cancelled))?
        .map_err(|error| fail(write_problem(&error)))?;
    let continued = partial.at > 0;
    let mut stream = payload.open(partial.at).await?;
    // one waits while another is written: writing overlaps reading, in little memory
    let (pieces, waiting) = mpsc::channel::<bytes::Bytes>(1);
    let writing = {
        let (disk, blob, target) = (disk.clone(), blob.clone(), target.to_owned());
        spawn_blocking(move || write_pieces((&disk, ahead), partial, waiting, &blob, &target))
    };
    let mut at_end = Ok(());
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) if piece.is_empty() => {}
            Ok(piece) => {
                if pieces.send(piece).await.is_err() {
                    // the writer has failed, and says why
                    break;
                }
            }
            Err(error) => {
                at_end = Err(error);
                break;
            }
        }
    }
    if at_end.is_ok() {
        // a mark that this is the end: without it, nobody waits for the rest any more
        let _ = pieces.send(bytes::Bytes::new()).await;
    }
    drop(pieces);
    let written = writing.await.map_err(|_| fail(Problem::Cancelled))?;
    at_end?;
    match written {
        Ok(()) => Ok(()),
        // what was left by an earlier try may have been wrong
        Err(Problem::WrongDigest { .. } | Problem::WrongSize { .. }) if continued => {
            Box::pin(write_blob((disk, ahead), target, blob, payload, place)).await
        }
        Err(problem) => Err(fail(problem)),
    }
}

/// Writes what comes and gives it its name, where it is what `blob` says. An empty piece is
/// the end; where it does not come, what is there stays for the next try.
fn write_pieces(
    (disk, ahead): (&Disk, bool),
    mut partial: Partial,
    mut waiting: mpsc::Receiver<bytes::Bytes>,
    blob: &Descriptor,
    target: &Path,
) -> Result<(), Problem> {
    let io = |error: io::Error| write_problem(&error);
    let wrong = |partial: &Partial, problem| {
        // where even that fails, the next try finds it out
        let _ = disk.remove(&partial.path);
        Err(problem)
    };
    let mut ahead = Ahead {
        wanted: ahead,
        next: 0,
        flushing: None,
    };
    loop {
        let piece = waiting.blocking_recv().ok_or(Problem::Cancelled)?;
        if piece.is_empty() {
            break;
        }
        ahead.at(partial.at, &partial.file);
        partial.at += piece.len() as u64;
        if partial.at > blob.size {
            let (expected, found) = (blob.size, None);
            return wrong(&partial, Problem::WrongSize { expected, found });
        }
        partial.hasher.update(&piece);
        disk.write(&mut partial.file, &partial.path, &piece)
            .map_err(io)?;
    }
    if partial.at != blob.size {
        let (expected, found) = (blob.size, Some(partial.at));
        return wrong(&partial, Problem::WrongSize { expected, found });
    }
    let found = partial.hasher.clone().finish();
    if found != blob.digest {
        let expected = blob.digest.clone();
        return wrong(&partial, Problem::WrongDigest { expected, found });
    }
    disk.rename(&partial.path, target).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_the_place_of_a_part_is_not_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{PARTIAL}00"));
        let disk = Disk::default();
        // another writer threw its part away and begins anew while this one waits to hold it
        let old = File::create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let new = File::create(&path).unwrap();
        new.lock().unwrap();
        old.lock().unwrap();
        disk.remove_held(&old, &path).unwrap();
        assert!(path.exists(), "it is another one's");
        disk.sweep(folder.path()).unwrap();
        assert!(path.exists(), "it is held");
        drop(new);
        disk.sweep(folder.path()).unwrap();
        assert!(!path.exists());
    }
}
