//! Entries in blocks of a few thousand, packed: an index is a list of them that grows while
//! the layer is still coming, and cloning it copies no entry.

use std::collections::HashMap;

use super::entry::{Extra, NewEntry, split_path};
use super::{Entry, EntryKind, Marks};

/// Entries of a full block.
pub(super) const CHUNK: usize = 4096;

/// The packed form of an entry: everything of it that has a fixed size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub offset: u64,
    pub size: u64,
    pub stored: u64,
    pub seconds: i64,
    pub nanoseconds: u32,
    /// Number of its directory in the block.
    pub directory: u32,
    /// Where its last name begins among the block's names.
    pub name: u32,
    pub name_length: u16,
    pub kind: u8,
    pub marks: u8,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// One more than the number of its link target; 0 for none.
    pub link: u32,
    /// One more than the number of its digest; 0 for none.
    pub digest: u32,
}

/// A block of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub records: Vec<Record>,
    pub names: Vec<u8>,
    /// Where directories and link targets lie among the names: start and length.
    pub directories: Vec<(u32, u32)>,
    pub links: Vec<(u32, u32)>,
    pub digests: Vec<[u8; 32]>,
    /// By the number of the entry, rising.
    pub extras: Vec<(u32, Extra)>,
}

impl Chunk {
    pub(super) fn text(&self, (start, length): (u32, u32)) -> &[u8] {
        let start = start as usize;
        self.names
            .get(start..start + length as usize)
            .unwrap_or_default()
    }

    pub(super) fn extra(&self, position: u32) -> Option<&Extra> {
        let found = self.extras.binary_search_by_key(&position, |(at, _)| *at);
        found.ok().map(|found| &self.extras[found].1)
    }

    pub(super) fn entry(&self, position: usize) -> Option<Entry<'_>> {
        let record = self.records.get(position)?;
        Some(Entry {
            chunk: self,
            record,
            position: position as u32,
        })
    }

    /// Bytes of memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.names.len()
            + (self.directories.len() + self.links.len()) * 8
            + self.digests.len() * 32
            + self.extra_bytes()
    }

    pub(super) fn extra_bytes(&self) -> usize {
        let each = |(_, extra): &(u32, Extra)| {
            let xattrs = extra.xattrs.iter().map(|(n, v)| n.len() + v.len() + 32);
            64 + xattrs.sum::<usize>() + extra.sparse.len() * 16
        };
        // a full block has few; while it is filled they are counted now and then
        self.extras.iter().map(each).sum()
    }
}

/// Packs entries into a block.
#[derive(Debug, Default)]
pub(super) struct Packer {
    chunk: Chunk,
    directories: HashMap<Box<[u8]>, u32>,
}

impl Packer {
    pub(super) fn len(&self) -> usize {
        self.chunk.records.len()
    }

    pub(super) fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    pub(super) fn push(&mut self, entry: NewEntry) {
        let (directory, name) = split_path(&entry.path);
        let directory = self.directory(directory);
        let (name, name_length) = self.keep(name);
        let link = entry.link.as_deref().map(|link| self.keep(link));
        let chunk = &mut self.chunk;
        let link = link.map_or(0, |link| {
            chunk.links.push(link);
            chunk.links.len() as u32
        });
        let digest = entry.sha256.map_or(0, |digest| {
            chunk.digests.push(digest);
            chunk.digests.len() as u32
        });
        if !entry.extra.is_empty() {
            chunk.extras.push((chunk.records.len() as u32, entry.extra));
        }
        chunk.records.push(Record {
            offset: entry.offset,
            size: entry.size,
            stored: entry.stored,
            seconds: entry.mtime.0,
            nanoseconds: entry.mtime.1,
            directory,
            name,
            // names are no longer than a path may be
            name_length: name_length as u16,
            kind: entry.kind as u8,
            marks: entry.marks.0,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            link,
            digest,
        });
    }

    /// The full block; the next one begins empty.
    pub(super) fn take(&mut self) -> Chunk {
        self.directories.clear();
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.names.shrink_to_fit();
        chunk
    }

    fn directory(&mut self, path: &[u8]) -> u32 {
        if let Some(known) = self.directories.get(path) {
            return *known;
        }
        let number = self.chunk.directories.len() as u32;
        let place = self.keep(path);
        self.chunk.directories.push(place);
        self.directories.insert(path.into(), number);
        number
    }

    fn keep(&mut self, text: &[u8]) -> (u32, u32) {
        let start = self.chunk.names.len() as u32;
        self.chunk.names.extend_from_slice(text);
        (start, text.len() as u32)
    }
}

impl Record {
    pub(super) fn kind(&self) -> EntryKind {
        // only written from a kind, or checked when it was read
        EntryKind::from_byte(self.kind).unwrap_or(EntryKind::File)
    }

    pub(super) const fn marks(&self) -> Marks {
        Marks(self.marks)
    }
}
