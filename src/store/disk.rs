//! The part of the cache on disk: `blobs/ALGORITHM/HEX`, as in an OCI layout.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use crate::model::Digest;
use crate::model::limits;

/// Files by digest up to a limit; the least recently read go first.
pub(super) struct Disk {
    folder: PathBuf,
    limit: u64,
    /// Largest file that is read.
    largest: u64,
    /// Bytes held as far as this process knows; other processes may add to the folder.
    held: AtomicU64,
    counted: AtomicBool,
}

impl Disk {
    pub(super) fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            limit,
            largest: limits::MANIFEST_BYTES.max(limits::CONFIG_BYTES),
            held: AtomicU64::new(0),
            counted: AtomicBool::new(false),
        }
    }

    /// The same for files of up to `largest` bytes.
    pub(super) fn with_largest(self, largest: u64) -> Self {
        Self { largest, ..self }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let algorithm = digest.algorithm().name();
        self.folder.join("blobs").join(algorithm).join(digest.hex())
    }

    /// The bytes under this digest, not yet checked.
    pub(super) fn read(&self, digest: &Digest) -> Option<Bytes> {
        let mut bytes = Vec::new();
        let opened = self.open(digest)?;
        let largest = self.largest;
        opened.take(largest).read_to_end(&mut bytes).ok()?;
        Some(bytes.into())
    }

    /// The file under this digest, to be read from its start.
    pub(super) fn open(&self, digest: &Digest) -> Option<File> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        if file.metadata().ok()?.len() > self.largest {
            return None;
        }
        if let Ok(file) = File::options().append(true).open(&path) {
            // the time of modification is the time of use; without it only the order of
            // eviction suffers
            let _ = file.set_modified(SystemTime::now());
        }
        Some(file)
    }

    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        fs::remove_file(self.path(digest))
    }

    pub(super) fn write(&self, digest: &Digest, bytes: &Bytes) -> io::Result<()> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let path = self.path(digest);
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".tmp-{}-{count}", std::process::id()));
        let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            // nothing was there before
            let _ = fs::remove_file(&temporary);
            return written;
        }
        if !self.counted.swap(true, Ordering::Relaxed) {
            let held = self.files()?.iter().map(|file| file.size).sum();
            self.held.store(held, Ordering::Relaxed);
        } else {
            self.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        if self.held.load(Ordering::Relaxed) > self.limit {
            self.evict()?;
        }
        Ok(())
    }

    /// Removes the least recently used down to four fifths of the limit.
    fn evict(&self) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.used);
        let mut held: u64 = files.iter().map(|file| file.size).sum();
        for file in files {
            if held <= self.limit / 5 * 4 {
                break;
            }
            match fs::remove_file(&file.path) {
                Ok(()) => held -= file.size,
                // another process was quicker
                Err(error) if error.kind() == io::ErrorKind::NotFound => held -= file.size,
                Err(error) => return Err(error),
            }
        }
        self.held.store(held, Ordering::Relaxed);
        Ok(())
    }

    /// Bytes in the folder now, whoever put them there.
    pub(super) fn size(&self) -> u64 {
        let files = self.files().unwrap_or_default();
        files.iter().map(|file| file.size).sum()
    }

    /// Removes every file of the cache, and gives the bytes that they held.
    pub(super) fn clear(&self) -> io::Result<u64> {
        let files = match self.files() {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut freed = 0;
        for file in files {
            match fs::remove_file(&file.path) {
                Ok(()) => freed += file.size,
                // another process was quicker
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // counted anew with the next write
        self.counted.store(false, Ordering::Relaxed);
        self.held.store(0, Ordering::Relaxed);
        Ok(freed)
    }

    fn files(&self) -> io::Result<Vec<Kept>> {
        let mut files = Vec::new();
        for algorithm in fs::read_dir(self.folder.join("blobs"))? {
            for entry in fs::read_dir(algorithm?.path())? {
                let entry = entry?;
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                files.push(Kept {
                    path: entry.path(),
                    size: metadata.len(),
                    used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
        }
        Ok(files)
    }
}

struct Kept {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn document(n: u8) -> (Digest, Bytes) {
        let bytes = Bytes::from(vec![n; 100]);
        (Digest::sha256(&bytes), bytes)
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().join("cache"), 1000);
        let (digest, bytes) = document(1);
        assert_eq!(disk.read(&digest), None);
        disk.write(&digest, &bytes).unwrap();
        assert_eq!(disk.read(&digest), Some(bytes));
        let names: Vec<_> = fs::read_dir(folder.path().join("cache/blobs/sha256"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, [digest.hex()]);
    }

    #[test]
    fn it_is_measured_and_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().join("cache"), 1000);
        assert_eq!((disk.size(), disk.clear().unwrap()), (0, 0), "never used");
        let documents: Vec<_> = (0..3).map(document).collect();
        for (digest, bytes) in &documents {
            disk.write(digest, bytes).unwrap();
        }
        let beside = folder.path().join("cache/notes.txt");
        fs::write(&beside, "not of the cache").unwrap();
        assert_eq!(disk.size(), 300);
        assert_eq!(disk.clear().unwrap(), 300);
        assert_eq!((disk.size(), disk.read(&documents[0].0)), (0, None));
        assert!(beside.exists(), "only what the cache wrote is removed");
        disk.write(&documents[0].0, &documents[0].1).unwrap();
        assert_eq!(disk.size(), 100, "it can be used again");
    }

    #[test]
    fn past_the_limit_the_least_recently_read_go() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().to_owned(), 500);
        let documents: Vec<_> = (0..5).map(document).collect();
        for (age, (digest, bytes)) in documents.iter().enumerate() {
            disk.write(digest, bytes).unwrap();
            let file = File::options().append(true).open(disk.path(digest));
            let used = SystemTime::now() - Duration::from_secs(100 - age as u64);
            file.unwrap().set_modified(used).unwrap();
        }
        assert!(disk.read(&documents[0].0).is_some(), "read: now the newest");
        let (digest, bytes) = document(9);
        disk.write(&digest, &bytes).unwrap();
        let left: Vec<_> = documents
            .iter()
            .map(|(d, _)| disk.read(d).is_some())
            .collect();
        assert_eq!(left, [true, false, false, true, true]);
        assert!(disk.read(&digest).is_some());
    }
}
