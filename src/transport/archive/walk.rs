//! The walk over an archive's entries (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar).
//!
//! Headers are read here and not by `tar::Archive`, which would read a name of any length
//! into memory and cannot say what was readable before something was not.

use tar::{EntryType, Header};

use super::entry::{Entry, Kind, is_header_only};
use super::pax::Extension;
use super::stream::{Stream, Trouble};
use crate::model::limits;
use crate::transport::Problem;

/// Size of a header in bytes; content is padded to a multiple of it.
pub(super) const BLOCK: u64 = 512;

/// Why an archive that has none of a tar archive's marks cannot be read.
pub(super) const NO_HEADER: &str = "there is no header where one should be";

/// How an archive ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a block of zeros, as it should.
    Marked,
    /// Behind an entry, without the mark: some writers leave it out.
    Unmarked,
    /// Within a header, or within the content of the last entry.
    CutOff { in_content: bool },
    /// With something that is no header, or cannot be unpacked.
    Damaged { at: u64, why: String },
}

/// What comes next.
pub(super) enum Step {
    Entry(Entry),
    End(Ending),
}

/// An archive on its way from the first entry to the last.
pub(super) struct Walk<S> {
    stream: S,
    /// How far it was read.
    at: u64,
    /// What is left of the last entry's content, and of its padding.
    content: u64,
    padding: u64,
}

impl<S: Stream> Walk<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            at: 0,
            content: 0,
            padding: 0,
        }
    }

    /// The next entry. What of the last one's content was not read is stepped over.
    pub(super) fn next(&mut self) -> Result<Step, Problem> {
        match self.step() {
            Ok(step) => Ok(step),
            Err(Trouble::Problem(problem)) => Err(problem),
            // an entry that was on its way is not complete
            Err(Trouble::Damaged(_)) if self.content > 0 => {
                Ok(Step::End(Ending::CutOff { in_content: true }))
            }
            Err(Trouble::Damaged(why)) => Ok(self.damaged(why)),
        }
    }

    /// Reads the next `size` bytes of the content of the entry that was found last. False
    /// where it is cut off.
    pub(super) fn read_content(&mut self, size: u64, bytes: &mut Vec<u8>) -> Result<bool, Problem> {
        match self.read(size.min(self.content), bytes) {
            Ok(true) => {
                self.content -= size.min(self.content);
                Ok(true)
            }
            Ok(false) | Err(Trouble::Damaged(_)) => Ok(false),
            Err(Trouble::Problem(problem)) => Err(problem),
        }
    }

    fn damaged(&self, why: impl Into<String>) -> Step {
        Step::End(Ending::Damaged {
            at: self.at,
            why: why.into(),
        })
    }

    fn step(&mut self) -> Result<Step, Trouble> {
        let left = std::mem::take(&mut self.content);
        let skipped = self.stream.skip(left).inspect_err(|_| {
            // for whoever asks what was lost
            self.content = left;
        })?;
        self.at += skipped;
        if skipped < left {
            return Ok(Step::End(Ending::CutOff { in_content: true }));
        }
        let left = std::mem::take(&mut self.padding);
        let skipped = self.stream.skip(left)?;
        self.at += skipped;
        if skipped < left {
            return Ok(Step::End(Ending::CutOff { in_content: false }));
        }

        let mut extension = Extension::default();
        let mut extended = false;
        let begins = self.at;
        loop {
            let start = self.at;
            let mut header = Header::new_old();
            let got = self.stream.fill(header.as_mut_bytes())?;
            self.at += got as u64;
            if got == 0 && !extended {
                return Ok(Step::End(Ending::Unmarked));
            }
            if (got as u64) < BLOCK {
                return Ok(Step::End(Ending::CutOff { in_content: false }));
            }
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                return Ok(Step::End(Ending::Marked));
            }
            let Some(size) = checked_size(&header) else {
                self.at = start;
                return Ok(self.damaged(NO_HEADER));
            };
            let kind = header.entry_type();
            if !matches!(
                kind,
                EntryType::XHeader
                    | EntryType::XGlobalHeader
                    | EntryType::GNULongName
                    | EntryType::GNULongLink
            ) {
                return self.entry(begins, &header, size, extension);
            }
            if size > limits::ARCHIVE_EXTENSION_BYTES {
                self.at = start;
                return Ok(self.damaged(format!(
                    "an extension of a header has {size} bytes, more than the {} that are read",
                    limits::ARCHIVE_EXTENSION_BYTES
                )));
            }
            let mut bytes = Vec::new();
            if !self.read(size, &mut bytes)? {
                return Ok(Step::End(Ending::CutOff { in_content: false }));
            }
            self.at += self.stream.skip(padding(size))?;
            extended = true;
            let understood = match kind {
                EntryType::XHeader => extension.read(&bytes),
                EntryType::GNULongName => {
                    extension.path = Some(until_zero(bytes));
                    Some(())
                }
                EntryType::GNULongLink => {
                    extension.link = Some(until_zero(bytes));
                    Some(())
                }
                // global ones name no entry
                _ => Some(()),
            };
            if understood.is_none() {
                self.at = start;
                return Ok(self.damaged("the extension of a header is malformed"));
            }
        }
    }

    fn entry(
        &mut self,
        begins: u64,
        header: &Header,
        size: u64,
        extension: Extension,
    ) -> Result<Step, Trouble> {
        let mut sparse = extension.sparse;
        if header.entry_type() == EntryType::GNUSparse {
            sparse = true;
            self.skip_sparse_map(header)?;
        }
        let name = extension
            .path
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let link = || {
            let link = header.link_name_bytes();
            extension
                .link
                .unwrap_or_else(|| link.map_or_else(Vec::new, std::borrow::Cow::into_owned))
        };
        let size = if is_header_only(header.entry_type()) {
            0
        } else {
            extension.size.unwrap_or(size)
        };
        let offset = self.at;
        // beyond what any file system holds, and what can be counted with
        if i64::try_from(size).is_err() || offset.checked_add(size + BLOCK).is_none() {
            return Ok(self.damaged(format!("an entry says that it has {size} bytes")));
        }
        (self.content, self.padding) = (size, padding(size));
        let kind = match header.entry_type() {
            _ if sparse => Kind::Other("a sparse file"),
            EntryType::Link => Kind::Hardlink(link()),
            EntryType::Symlink => Kind::Symlink(link()),
            EntryType::Directory => Kind::Other("a folder"),
            EntryType::Char | EntryType::Block => Kind::Other("a device"),
            EntryType::Fifo => Kind::Other("a pipe"),
            // what old archives call a folder
            _ if name.ends_with(b"/") => Kind::Other("a folder"),
            _ => Kind::File { offset, size },
        };
        let whole = begins..offset + size + self.padding;
        Ok(Step::Entry(Entry { name, kind, whole }))
    }

    /// Old GNU sparse files have the rest of their map in blocks behind the header.
    fn skip_sparse_map(&mut self, header: &Header) -> Result<(), Trouble> {
        /// Where a block of the map says that another one follows.
        const MORE: usize = 504;
        let mut more = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while more {
            let mut block = [0; BLOCK as usize];
            let got = self.stream.fill(&mut block)?;
            self.at += got as u64;
            more = block[MORE] != 0 && got as u64 == BLOCK;
        }
        Ok(())
    }

    /// Reads `size` bytes into `bytes`; false where there are fewer.
    fn read(&mut self, size: u64, bytes: &mut Vec<u8>) -> Result<bool, Trouble> {
        /// How much room is made before it is seen that there is as much to read.
        const ROOM: usize = 1 << 20;
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        while bytes.len() < wanted {
            let start = bytes.len();
            bytes.resize(wanted.min(start + ROOM), 0);
            let got = self.stream.fill(&mut bytes[start..])?;
            self.at += got as u64;
            if start + got < bytes.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The size in a header whose checksum is right.
pub(super) fn checked_size(header: &Header) -> Option<u64> {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    // the checksum is counted with spaces in its own place
    let sum = header.as_bytes().iter().enumerate();
    let sum: u32 = sum
        .map(|(at, byte)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }))
        .sum();
    (header.cksum().ok()? == sum).then_some(())?;
    header.entry_size().ok()
}

/// Bytes between content of this size and the next header.
const fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

/// A name without the zero byte that ends it.
fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    bytes
}
