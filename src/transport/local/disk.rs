//! Writing files so that whoever is killed leaves nothing half: a temporary file, then a name.
//! What takes the place of something is forced to the disk before it does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::target::try_hold;
use crate::transport::Problem;

/// What parts of blobs are called that are still to become whole, before their digest.
pub(super) const PARTIAL: &str = ".partial-";

/// How often a file is written again where somebody removed its temporary one.
pub(super) const REPLACING: usize = 5;

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
