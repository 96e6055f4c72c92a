//! A folder beside an archive, where what goes into the archive is gathered: an archive can
//! only be written from its first byte to its last, and its parts come in any order.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, PARTIAL};
use super::target::{lock_of, try_hold};

/// Where an archive's parts are gathered. What an interrupted copy left is found again by
/// the next copy to the same archive.
pub(in crate::transport) struct Stage {
    archive: PathBuf,
    held: Mutex<Option<Held>>,
    /// Whether somebody else was seen to gather there: for what lies there nobody waits again.
    taken: AtomicBool,
}

struct Held {
    folder: PathBuf,
    /// Whether it was made for this, and holds nothing of anybody else.
    new: bool,
    /// As long as it is open nobody else gathers there.
    _lock: File,
}

impl Stage {
    /// For the archive at `archive`. Nothing is made yet.
    pub(in crate::transport) fn new(archive: PathBuf) -> Self {
        Self {
            archive,
            held: Mutex::default(),
            taken: AtomicBool::new(false),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn common(&self) -> PathBuf {
        let name = self.archive.file_name().unwrap_or_default();
        let name = format!("{PARTIAL}{}", name.to_string_lossy());
        self.archive.with_file_name(name)
    }

    /// The folder, where an earlier copy left one that nobody else uses.
    pub(in crate::transport) fn left(&self) -> io::Result<Option<PathBuf>> {
        let mut held = self.held();
        if held.is_none() && !self.taken.load(Ordering::Relaxed) {
            let common = self.common();
            if !common.is_dir() {
                return Ok(None);
            }
            *held = hold(common, false)?;
            self.taken.store(held.is_none(), Ordering::Relaxed);
        }
        Ok(held.as_ref().map(|held| held.folder.clone()))
    }

    /// The folder, made where there is none.
    pub(in crate::transport) fn folder(&self, disk: &Disk) -> io::Result<PathBuf> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut held = self.held();
        if let Some(held) = &*held {
            return Ok(held.folder.clone());
        }
        let common = self.common();
        let new = !common.exists();
        disk.create_folder(&common)?;
        let mut found = hold(common, new)?;
        if found.is_none() {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let mut own = self.common().into_os_string();
            own.push(format!("-{}-{count}", std::process::id()));
            let own = PathBuf::from(own);
            disk.create_folder(&own)?;
            found = hold(own, true)?;
        }
        let found = found.ok_or_else(|| io::Error::other("somebody else took the folder"))?;
        let folder = found.folder.clone();
        *held = Some(found);
        Ok(folder)
    }

    /// Where the archive is written before it gets its name.
    pub(in crate::transport) fn unfinished(&self, disk: &Disk) -> io::Result<PathBuf> {
        Ok(self.folder(disk)?.join(".archive"))
    }

    /// Gives the finished archive its name, and makes that safe where it is `forced`.
    pub(in crate::transport) fn name(&self, disk: &Disk, forced: bool) -> io::Result<()> {
        let unfinished = self.unfinished(disk)?;
        disk.rename(&unfinished, &self.archive)?;
        if forced {
            disk.sync_folder(parent(&self.archive))?;
        }
        Ok(())
    }

    /// Removes the folder where it was made for this: what a copy left stays for the next.
    pub(in crate::transport) fn give_up(&self, disk: &Disk) -> io::Result<()> {
        let mut held = self.held();
        match held.take_if(|held| held.new) {
            Some(held) => disk.remove_folder(&held.folder),
            None => Ok(()),
        }
    }

    /// Removes the folder.
    pub(in crate::transport) fn remove(&self, disk: &Disk) -> io::Result<()> {
        match self.held().take() {
            Some(held) => disk.remove_folder(&held.folder),
            None => Ok(()),
        }
    }
}

/// Has the folder alone; nothing where somebody else has it.
fn hold(folder: PathBuf, new: bool) -> io::Result<Option<Held>> {
    let lock = lock_of(&folder)?;
    Ok(try_hold(&lock)?.then(|| Held {
        folder,
        new,
        _lock: lock,
    }))
}

/// The folder that `path` lies in.
pub(in crate::transport) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_another_copy_gathers_in_is_looked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.tar");
        let disk = Disk::default();
        let other = Stage::new(archive.clone());
        let left = other.folder(&disk).unwrap();
        let stage = Stage::new(archive.clone());
        assert_eq!(stage.left().unwrap(), None);
        // each blob asks: none waits for it again
        drop(other);
        assert_eq!(stage.left().unwrap(), None);
        assert_eq!(Stage::new(archive).left().unwrap(), Some(left.clone()));
        // what is gathered anew lies there all the same
        assert_eq!(stage.folder(&disk).unwrap(), left);
        assert_eq!(stage.left().unwrap(), Some(left));
    }
}
