//! Tar archives, read in place by an index of their entries. Nothing is unpacked to disk.
//!
//! A plain archive is read by seeking: the index is one look at each header, and a blob is
//! read where it lies, in whole or in part. A compressed one (gzip, zstd) can only be read
//! from its start: one pass makes the index and keeps the small files, which manifests and
//! configs are, in memory (`limits::ARCHIVE_MEMORY_BYTES`, the largest given up first); any
//! other file is read by unpacking up to it again. That costs time where a person waits
//! for a large blob anyway, and never room on a disk.
//!
//! Names are data: what is absolute, has `..` in it or is no UTF-8 can never be asked for.
//! Links lead to entries of the archive, over one hop (`docker save` links layers that
//! images share).

mod entry;
mod index;
mod kept;
mod names;
mod packing;
mod pax;
mod section;
mod stream;
mod survey;
mod walk;
mod windows;
mod write;

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::local::{Content, Files, Start, Work, fill, part_of, problem_of, read_content};
use super::{Note, Problem, describe_path, other_transport};
use crate::model::{Transport, limits};
use entry::Entry;
use index::{Index, Place};
use kept::Kept;
use section::Section;
use stream::{Plain, step_over};
use walk::{Ending, NO_HEADER, Step, Walk};

pub(super) use names::normal as normal_name;
pub(super) use packing::{Packing, unpack};
pub(super) use survey::{is_header, survey};
pub(super) use windows::Windows;
pub(super) use write::Writer;

/// An archive, open, and where its files lie in it.
pub(super) struct Archive {
    packed: Section,
    packing: Packing,
    index: Index,
    kept: Kept,
    /// Where it is; nothing for one that was fetched from an engine.
    path: Option<PathBuf>,
    /// The transport that reads it.
    asked: Transport,
}

impl Archive {
    /// Opens the archive at `path`: reads every header of a plain one, all of a compressed
    /// one.
    ///
    /// # Errors
    /// Where it is no archive, is compressed in a way that is not read, or goes past a
    /// limit. One that breaks off is opened for what is left of it.
    pub(super) fn open(path: &Path, asked: Transport, work: &Work) -> Result<Self, Problem> {
        let about = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::NoSuchPath,
            _ => problem_of(&error),
        })?;
        // opening a pipe would wait for whoever writes to it
        if !about.is_file() {
            return Err(describe_path(path, asked));
        }
        let file = File::open(path).map_err(|error| problem_of(&error))?;
        Self::read(file, Some(path.to_owned()), asked, work)
    }

    /// As [`Archive::open`], for a file that has no name.
    pub(super) fn of_file(file: File, work: &Work) -> Result<Self, Problem> {
        Self::read(file, None, Transport::DockerDaemon, work)
    }

    fn read(
        file: File,
        path: Option<PathBuf>,
        asked: Transport,
        work: &Work,
    ) -> Result<Self, Problem> {
        let packed = Section::whole(file).map_err(|error| problem_of(&error))?;
        let packing = Packing::of(&packed).map_err(|error| problem_of(&error))?;
        let mut kept = Kept::default();
        let index = if packing == Packing::None {
            Index::of_plain(packed.clone(), work)?
        } else {
            let unpacked = unpack(packing, packed.clone(), packed.length(), work)?;
            Index::of_packed(unpacked, &mut kept)?
        };
        let archive = Self {
            packed,
            packing,
            index,
            kept,
            path,
            asked,
        };
        if archive.index.is_empty() {
            return Err(archive.no_entry());
        }
        Ok(archive)
    }

    /// Not a single entry could be read.
    fn no_entry(&self) -> Problem {
        match self.index.ending() {
            Ending::Damaged { why, .. } if self.packing != Packing::None && why != NO_HEADER => {
                Problem::Broken {
                    file: "the archive".to_owned(),
                    why: why.clone(),
                }
            }
            Ending::Marked => self.describe(),
            _ if self.packing == Packing::None => self.describe(),
            _ => Problem::NotAnImage {
                found: "a compressed file, and no tar archive in it".to_owned(),
            },
        }
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.index.file(name).is_ok()
    }

    /// How it is compressed.
    pub(super) const fn packing(&self) -> Packing {
        self.packing
    }

    /// Every entry of a plain archive that `is_known` does not know by its name, as it lies
    /// there: links, devices and what has no name that could be asked for are among them.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn others(
        &self,
        is_known: impl Fn(&str) -> bool,
        work: &Work,
    ) -> Result<Vec<Section>, Problem> {
        let mut walk = Walk::new(Plain {
            section: self.packed.clone(),
            work: work.clone(),
        });
        let mut others = Vec::new();
        while let Step::Entry(Entry { name, whole, .. }) = walk.next()? {
            if !names::normal(&name).is_some_and(|name| is_known(&name)) {
                others.push(self.packed.part(whole.start, whole.end - whole.start));
            }
        }
        Ok(others)
    }

    /// Looks at the file `name`: its size in the archive, and how it is compressed there.
    /// One that is cut off has the size that its header says.
    pub(super) fn look(&self, name: &str, work: &Work) -> Result<Look, Problem> {
        let file = self.index.file(name)?;
        work.go_on().map_err(|error| problem_of(&error))?;
        Ok(Look {
            size: file.size,
            packing: Packing::of_start(&self.start_of(file)?),
        })
    }

    /// The first bytes of a file, zeros where it has fewer.
    fn start_of(&self, file: Place) -> Result<Start, Problem> {
        if self.packing != Packing::None {
            return Ok(file.start);
        }
        let mut start = Start::default();
        let mut part = self.packed.part(file.offset, file.size);
        fill(&mut part, &mut start).map_err(|error| problem_of(&error))?;
        Ok(start)
    }

    /// What is to be told of every image in it.
    pub(super) fn notes(&self) -> Vec<Note> {
        match self.index.ending() {
            Ending::Marked | Ending::Unmarked => Vec::new(),
            Ending::CutOff { .. } => vec![Note::BrokenOff {
                why: "it is cut off".to_owned(),
            }],
            Ending::Damaged { at, why } => vec![Note::BrokenOff {
                why: format!("{why}, behind {at} bytes"),
            }],
        }
    }
}

/// What a look at a file of an archive shows.
pub(super) struct Look {
    /// In bytes, as it lies there.
    pub(super) size: u64,
    pub(super) packing: Packing,
}

/// `reader` behind its first `offset` bytes, which are read through when it is.
pub(super) fn behind(reader: Box<dyn Read + Send>, offset: u64) -> Box<dyn Read + Send> {
    Box::new(step_over(reader, offset))
}

impl Files for Archive {
    fn open(&self, name: &str, range: Option<Range<u64>>, work: &Work) -> Result<Content, Problem> {
        let file = self.index.file(name)?;
        if !file.complete {
            return Err(Problem::CutOff {
                file: name.to_owned(),
            });
        }
        let (start, length) = part_of(file.size, range);
        let reader: Box<dyn Read + Send> = if self.packing == Packing::None {
            Box::new(self.packed.part(file.offset + start, length))
        } else if let Some(bytes) = self.kept.get(file.offset) {
            Box::new(slice(&bytes, start, length))
        } else {
            let unpacked = unpack(
                self.packing,
                self.packed.clone(),
                self.packed.length(),
                work,
            )?;
            Box::new(step_over(unpacked, file.offset + start).take(length))
        };
        Ok(Content { reader, length })
    }

    fn length(&self, name: &str) -> Result<u64, Problem> {
        let file = self.index.file(name)?;
        if file.complete {
            Ok(file.size)
        } else {
            Err(Problem::CutOff {
                file: name.to_owned(),
            })
        }
    }

    fn start(&self, name: &str) -> Result<(Start, u64), Problem> {
        let file = self.index.file(name)?;
        Ok((self.start_of(file)?, file.size))
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, Problem> {
        Ok(self.index.names(folder))
    }

    fn describe(&self) -> Problem {
        if self.asked == Transport::OciArchive && self.has("manifest.json") {
            return other_transport(Transport::DockerArchive);
        }
        match &self.path {
            // looked at from outside, a compressed one is only a compressed file
            Some(path) if self.packing == Packing::None => describe_path(path, self.asked),
            _ => Problem::NotAnImage {
                found: "a tar archive with neither index.json nor manifest.json".to_owned(),
            },
        }
    }

    fn read(&self, name: &str, limit: u64, work: &Work) -> Result<Vec<u8>, Problem> {
        self.index.only(name)?;
        read_content(self.open(name, None, work)?, limit)
    }
}

fn slice(bytes: &Bytes, start: u64, length: u64) -> io::Cursor<Bytes> {
    // both lie inside of what is held in memory
    let at = |offset: u64| usize::try_from(offset).unwrap_or(bytes.len());
    io::Cursor::new(bytes.slice(at(start)..at(start + length)))
}

/// Most bytes that `packed` bytes may unpack to.
fn unpacked_limit(packed: u64) -> u64 {
    packed
        .saturating_mul(limits::UNPACKED_RATIO)
        .clamp(limits::UNPACKED_FREE_BYTES, limits::UNPACKED_BYTES)
}
