//! Writing tar archives (POSIX.1-1988 ustar, with PAX records for long names): the same
//! bytes for the same files, whoever writes them and when.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use tar::{EntryType, Header};

use super::walk::BLOCK;
use crate::model::pax;
use crate::transport::buffer::Buffer;
use crate::transport::local::{Disk, Work};

/// How much is copied between two looks whether somebody still waits, in bytes.
const PIECE_BYTES: u64 = 8 << 20;

/// Longest name in a header of its own, in bytes.
const NAME_BYTES: usize = 100;

/// An archive that is written to a file, entry by entry.
pub(in crate::transport) struct Writer<'a> {
    file: File,
    path: PathBuf,
    disk: &'a Disk,
    work: &'a Work,
    /// The permissions of files.
    mode: u32,
}

impl<'a> Writer<'a> {
    /// Writes to `file`, which is empty; `path` is what it is called.
    pub(in crate::transport) const fn new(
        file: File,
        path: PathBuf,
        mode: u32,
        disk: &'a Disk,
        work: &'a Work,
    ) -> Self {
        Self {
            file,
            path,
            disk,
            work,
            mode,
        }
    }

    /// A file with these bytes.
    pub(in crate::transport) fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        self.header(name, EntryType::Regular, "", length)?;
        self.put(bytes)?;
        self.pad(length)
    }

    /// A file with the `length` bytes that `from` has.
    pub(in crate::transport) fn copy(
        &mut self,
        name: &str,
        from: &mut File,
        length: u64,
    ) -> io::Result<()> {
        self.header(name, EntryType::Regular, "", length)?;
        let mut left = length;
        while left > 0 {
            self.work.go_on()?;
            let piece = left.min(PIECE_BYTES);
            // the system copies between the files
            let copied = self
                .disk
                .copy(&mut from.take(piece), &mut self.file, &self.path)?;
            if copied != piece {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= piece;
        }
        self.pad(length)
    }

    /// A file with the `length` bytes that `from` gives.
    pub(in crate::transport) fn stream(
        &mut self,
        name: &str,
        mut from: impl Read,
        length: u64,
    ) -> io::Result<()> {
        self.header(name, EntryType::Regular, "", length)?;
        self.pour(&mut from, length)?;
        self.pad(length)
    }

    /// Entries as another archive has them, `length` bytes with headers and padding.
    pub(in crate::transport) fn entries(
        &mut self,
        mut from: impl Read,
        length: u64,
    ) -> io::Result<()> {
        self.pour(&mut from, length)?;
        self.pad(length)
    }

    fn pour(&mut self, from: &mut impl Read, length: u64) -> io::Result<()> {
        let mut buffer = Buffer::new(256 << 10);
        let mut left = length;
        while left > 0 {
            self.work.go_on()?;
            let wanted = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = from.read(&mut buffer[..wanted])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.put(&buffer[..read])?;
            left -= read as u64;
        }
        Ok(())
    }

    /// A folder.
    pub(in crate::transport) fn folder(&mut self, name: &str) -> io::Result<()> {
        self.header(&format!("{name}/"), EntryType::Directory, "", 0)
    }

    /// A symbolic link.
    pub(in crate::transport) fn symlink(&mut self, name: &str, target: &str) -> io::Result<()> {
        self.header(name, EntryType::Symlink, target, 0)
    }

    /// Ends the archive; `forced` to the disk where it takes the place of something.
    pub(in crate::transport) fn finish(mut self, forced: bool) -> io::Result<File> {
        self.put(&[0; 2 * BLOCK as usize])?;
        self.work.go_on()?;
        if forced {
            self.disk.sync(&self.file, &self.path)?;
        }
        Ok(self.file)
    }

    fn header(&mut self, name: &str, kind: EntryType, link: &str, size: u64) -> io::Result<()> {
        self.work.go_on()?;
        let mut records = Vec::new();
        if name.len() > NAME_BYTES {
            pax::append(&mut records, "path", name.as_bytes());
        }
        if link.len() > NAME_BYTES {
            pax::append(&mut records, "linkpath", link.as_bytes());
        }
        if !records.is_empty() {
            let length = records.len() as u64;
            self.put_header("pax", EntryType::XHeader, "", length)?;
            self.put(&records)?;
            self.pad(length)?;
        }
        self.put_header(name, kind, link, size)
    }

    fn put_header(&mut self, name: &str, kind: EntryType, link: &str, size: u64) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(match kind {
            EntryType::Directory => 0o755,
            EntryType::Symlink => 0o777,
            _ => self.mode,
        });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let fields = header.as_old_mut();
        put_name(&mut fields.name, name);
        put_name(&mut fields.linkname, link);
        header.set_cksum();
        let bytes = *header.as_bytes();
        self.put(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(&mut self.file, &self.path, bytes)
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        let padding = length.next_multiple_of(BLOCK) - length;
        if padding == 0 {
            return Ok(());
        }
        self.put(&[0; BLOCK as usize][..usize::try_from(padding).unwrap_or_default()])
    }
}

/// What fits of a name; records hold the whole of one that does not.
fn put_name(field: &mut [u8; NAME_BYTES], name: &str) {
    let length = name.len().min(NAME_BYTES);
    field[..length].copy_from_slice(&name.as_bytes()[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_others() {
        let long = format!("blobs/sha512/{}", "a".repeat(128));
        let work = Work::default();
        let disk = Disk::default();
        let write = || {
            let file = tempfile::tempfile().unwrap();
            let mut source = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut source, &[7; 1000]).unwrap();
            io::Seek::rewind(&mut source).unwrap();
            let mut writer = Writer::new(file, PathBuf::from("x"), 0o644, &disk, &work);
            writer.folder("blobs").unwrap();
            writer.file("a", b"one").unwrap();
            writer.file(&long, &[1; 512]).unwrap();
            writer.copy("b", &mut source, 1000).unwrap();
            writer.stream("c", &[2; 513][..], 513).unwrap();
            writer.symlink("d/e", "../b").unwrap();
            let mut file = writer.finish(false).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        };
        let bytes = write();
        assert_eq!(bytes, write(), "the same bytes each time");
        assert_eq!(bytes.len() % 512, 0);
        let mut archive = tar::Archive::new(&bytes[..]);
        let found: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                let name = entry.path().unwrap().display().to_string();
                (name, content)
            })
            .collect();
        let expected = [
            ("blobs/", Vec::new()),
            ("a", b"one".to_vec()),
            (long.as_str(), vec![1; 512]),
            ("b", vec![7; 1000]),
            ("c", vec![2; 513]),
            ("d/e", Vec::new()),
        ];
        for ((name, content), (found, bytes)) in expected.iter().zip(&found) {
            assert_eq!(found.trim_end_matches('/'), name.trim_end_matches('/'));
            assert_eq!(bytes, content, "{name}");
        }
        assert_eq!(found.len(), expected.len());
    }
}
