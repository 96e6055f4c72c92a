//! A folder beside an archive, where what goes into the archive is gathered: an archive can
//! only be written from its first byte to its last, and its parts come in any order.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::disk::{Disk, PARTIAL, is_at, keep_mode};
use super::target::{lock_of, try_hold};
use super::work::Work;

/// Where an archive's parts are gathered. What an interrupted copy left is found again by
/// the next copy to the same archive; a folder that none would find goes with this.
pub(in crate::transport) struct Stage {
    /// The file itself, where a link leads to it.
    archive: PathBuf,
    held: Mutex<Option<Held>>,
    /// Whether somebody else was seen to gather there: for what lies there nobody waits again.
    taken: AtomicBool,
    /// Whether nobody goes on with what lies there.
    abandoned: AtomicBool,
}

/// The right to write an archive, which one at a time has.
pub(in crate::transport) struct Turn {
    path: PathBuf,
    lock: File,
}

impl Drop for Turn {
    fn drop(&mut self) {
        // elsewhere whoever waits could not tell that it is gone
        if cfg!(unix) && is_at(&self.lock, &self.path) {
            // what cannot be removed is taken by the next one
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct Held {
    folder: PathBuf,
    /// Whether it was made for this, and holds nothing of anybody else.
    new: bool,
    /// Whether it has a name of its own, where nobody looks again.
    own: bool,
    /// As long as it is open nobody else gathers there.
    _lock: File,
}

impl Stage {
    /// For the archive at `archive`. Nothing is made yet.
    pub(in crate::transport) fn new(archive: PathBuf) -> Self {
        // what is written takes the place of the file, and the link stays one
        let real = archive.is_symlink().then(|| fs::canonicalize(&archive));
        Self {
            archive: real.and_then(Result::ok).unwrap_or(archive),
            held: Mutex::default(),
            taken: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
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
            match hold(common, false)? {
                Holding::Held(there) => *held = Some(there),
                Holding::Taken => self.taken.store(true, Ordering::Relaxed),
                Holding::Gone => {}
            }
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
        let mut found = Holding::Gone;
        for _ in 0..HOLDING {
            let new = !common.exists();
            disk.create_private_folder(&common)?;
            found = hold(common.clone(), new)?;
            if !matches!(found, Holding::Gone) {
                break;
            }
        }
        for _ in 0..HOLDING {
            if matches!(found, Holding::Held(_)) {
                break;
            }
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let mut own = common.clone().into_os_string();
            own.push(format!("-{}-{count}", std::process::id()));
            let own = PathBuf::from(own);
            disk.create_private_folder(&own)?;
            // whoever tidies up may have come before it was held
            found = hold(own, true)?;
            if let Holding::Held(held) = &mut found {
                held.own = true;
            }
        }
        let Holding::Held(found) = found else {
            return Err(io::Error::other("somebody else took the folder"));
        };
        let folder = found.folder.clone();
        *held = Some(found);
        Ok(folder)
    }

    /// Waits until nobody else writes the archive, in this program or another one, and keeps
    /// others from it until what is given is dropped.
    ///
    /// # Errors
    /// Where nobody waits for it any more, or the disk fails.
    pub(in crate::transport) fn turn(&self, disk: &Disk, work: &Work) -> io::Result<Turn> {
        let mut path = self.common().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            disk.create_folder(parent(&self.archive))?;
            let lock = match disk.create(&path) {
                // another user's, who may write here too
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    File::open(&path).map_err(|_| error)?
                }
                opened => opened?,
            };
            loop {
                work.go_on()?;
                match lock.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) => std::thread::sleep(WAITING),
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
            // whoever had it has removed it, and the next one may have made another
            if is_at(&lock, &path) {
                return Ok(Turn { path, lock });
            }
        }
    }

    /// Removes what copies to this archive that were killed gathered in folders of their own,
    /// which nobody else would find. What cannot be removed does no harm.
    pub(in crate::transport) fn sweep(&self, disk: &Disk) {
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let (Some(archive), Some(common)) = (name(&self.archive), name(&self.common())) else {
            return;
        };
        let Ok(entries) = fs::read_dir(parent(&self.archive)) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let own = name(&path).and_then(|name| {
                let own = name.strip_prefix(&common)?.strip_prefix('-')?;
                let (process, count) = own.split_once('-')?;
                let number = |text: &str| text.parse::<u64>().is_ok();
                (number(process) && number(count)).then(|| own.to_owned())
            });
            // what another archive may be called is not told from it
            let Some(own) = own.filter(|own| {
                let other = self.archive.with_file_name(format!("{archive}-{own}"));
                fs::symlink_metadata(other).is_err()
            }) else {
                continue;
            };
            let Ok(lock) = lock_of(&path) else {
                continue;
            };
            // whoever gathers there holds it
            if lock.try_lock().is_ok() && is_at(&lock, &path) {
                let removed = disk.remove_folder(&path);
                tracing::debug!(%own, removed = removed.is_ok(), "what a killed copy left");
            }
        }
    }

    /// Where the archive is written before it gets its name.
    pub(in crate::transport) fn unfinished(&self, disk: &Disk) -> io::Result<PathBuf> {
        Ok(self.folder(disk)?.join(".archive"))
    }

    /// Gives the finished archive its name, and makes that safe where it is `forced`. Who may
    /// read and write what it takes the place of may do that with it.
    pub(in crate::transport) fn name(&self, disk: &Disk, forced: bool) -> io::Result<()> {
        let unfinished = self.unfinished(disk)?;
        keep_mode(&File::open(&unfinished)?, &self.archive)?;
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

    /// What lies there is of no use to anybody: it goes when nobody writes there any more.
    pub(in crate::transport) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Removes the folder.
    pub(in crate::transport) fn remove(&self, disk: &Disk) -> io::Result<()> {
        match self.held().take() {
            Some(held) => disk.remove_folder(&held.folder),
            None => Ok(()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let abandoned = self.abandoned.load(Ordering::Relaxed);
        let held = self.held().take_if(|held| held.own || abandoned);
        if let Some(held) = held {
            // what cannot be removed does no harm
            let _ = fs::remove_dir_all(held.folder);
        }
    }
}

/// How long lies between two looks whether it is one's turn.
const WAITING: Duration = Duration::from_millis(20);

/// How often a folder is made again that somebody else removed before it was held.
const HOLDING: usize = 5;

/// What came of holding a folder.
enum Holding {
    Held(Held),
    /// Somebody else has it.
    Taken,
    /// Whoever had it has removed it.
    Gone,
}

/// Has the folder alone.
fn hold(folder: PathBuf, new: bool) -> io::Result<Holding> {
    let lock = match lock_of(&folder) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holding::Gone),
        // another user's
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(Holding::Taken);
        }
        Err(error) => return Err(error),
    };
    hold_open(lock, folder, new)
}

/// As [`hold`], by the folder's lock.
fn hold_open(lock: File, folder: PathBuf, new: bool) -> io::Result<Holding> {
    if !try_hold(&lock)? {
        return Ok(Holding::Taken);
    }
    // whoever had it may have removed it, and the next one has made another
    if !is_at(&lock, &folder) {
        return Ok(Holding::Gone);
    }
    Ok(Holding::Held(Held {
        folder,
        new,
        own: false,
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
    use tokio_util::sync::CancellationToken;

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

    #[test]
    fn a_folder_that_was_removed_before_it_was_held_is_not_taken_for_held() {
        let folder = tempfile::tempdir().unwrap();
        let common = folder.path().join("common");
        let gone = |held| matches!(held, Ok(Holding::Gone));
        assert!(gone(hold(common.clone(), false)));
        fs::create_dir(&common).unwrap();
        let lock = lock_of(&common).unwrap();
        fs::remove_dir_all(&common).unwrap();
        assert!(gone(hold_open(
            lock.try_clone().unwrap(),
            common.clone(),
            false
        )));
        fs::create_dir(&common).unwrap();
        assert!(
            gone(hold_open(lock, common.clone(), false)),
            "it is another one"
        );
        assert!(matches!(hold(common, false), Ok(Holding::Held(_))));
    }

    #[test]
    fn what_a_killed_copy_gathered_by_itself_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let archive = folder.path().join("a.tar");
        let (first, second) = (Stage::new(archive.clone()), Stage::new(archive.clone()));
        let (common, own) = (first.folder(&disk).unwrap(), second.folder(&disk).unwrap());
        let dead = ".partial-a.tar-4194305-0";
        let (dead, named) = (
            folder.path().join(dead),
            folder.path().join("a.tar-4194305-1"),
        );
        // another archive's, and what is called otherwise
        let others = [
            ".partial-a.tar-4194305-1",
            ".partial-a.tar-4-x",
            ".partial-b.tar-4-1",
        ];
        let others = others.map(|name| folder.path().join(name));
        fs::write(&named, "an archive").unwrap();
        for left in others.iter().chain([&dead]) {
            fs::create_dir(left).unwrap();
            fs::write(left.join("blob"), "blob").unwrap();
        }
        first.sweep(&disk);
        assert!(!dead.exists());
        for kept in others.iter().chain([&common, &own, &named]) {
            assert!(kept.exists(), "{kept:?}");
        }
    }

    #[test]
    fn one_after_the_other_has_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.tar");
        let disk = Disk::default();
        let at_once = AtomicU64::new(0);
        // what somebody who was killed left is taken
        fs::write(folder.path().join(".partial-a.tar.lock"), "").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let stage = Stage::new(archive.clone());
                    let turn = stage.turn(&disk, &Work::default()).unwrap();
                    assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::sleep(Duration::from_millis(2));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // who does not want it any more does not wait
        let (stage, cancelled) = (Stage::new(archive), CancellationToken::new());
        let _turn = stage.turn(&disk, &Work::default()).unwrap();
        cancelled.cancel();
        assert!(stage.turn(&disk, &Work::new(cancelled, None)).is_err());
    }

    #[test]
    fn a_folder_that_nobody_would_find_again_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.tar");
        let disk = Disk::default();
        let (first, second) = (Stage::new(archive.clone()), Stage::new(archive));
        let (common, own) = (first.folder(&disk).unwrap(), second.folder(&disk).unwrap());
        assert_ne!(common, own);
        drop((first, second));
        assert!(common.is_dir() && !own.exists());
    }
}
