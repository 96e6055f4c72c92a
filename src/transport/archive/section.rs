//! A part of an open file that several readers share, each at a place of its own.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes `at..end` of a file. The file stays the same one whatever its name stands for
/// meanwhile.
#[derive(Clone, Debug)]
pub(in crate::transport) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Section {
    /// All of `file`.
    pub(super) fn whole(file: File) -> io::Result<Self> {
        let end = file.metadata()?.len();
        Ok(Self {
            file: Arc::new(file),
            at: 0,
            end,
        })
    }

    /// `length` bytes from `start` of the file on, fewer where this section ends before.
    pub(super) fn part(&self, start: u64, length: u64) -> Self {
        Self {
            file: Arc::clone(&self.file),
            at: start.min(self.end),
            end: start.saturating_add(length).min(self.end),
        }
    }

    /// Bytes that are left to read.
    pub(in crate::transport) const fn length(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }

    /// Steps over `bytes`, fewer where it ends, and says how many these were.
    pub(super) const fn skip(&mut self, bytes: u64) -> u64 {
        let left = self.length();
        let skipped = if bytes < left { bytes } else { left };
        self.at += skipped;
        skipped
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer
            .len()
            .min(usize::try_from(self.length()).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = read_at(&self.file, &mut buffer[..wanted], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
