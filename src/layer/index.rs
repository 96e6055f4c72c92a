//! The index of a layer: its entries, and what was found out about its bytes.

use std::sync::Arc;

use crate::model::Digest;

use super::checkpoint::{Checkpoints, SPAN};
use super::chunk::{CHUNK, Chunk, Packer, Record};
use super::entry::{self, Extra, NewEntry};
use super::{EntryKind, Marks};

/// How the bytes of a layer are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Packing {
    #[default]
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// The word shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "not compressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Where an index came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// The whole layer was read.
    #[default]
    Layer,
    /// An eStargz layer's own table of contents; the layer itself was not read.
    Stargz,
    /// A zstd:chunked layer's own table of contents; the layer itself was not read.
    ZstdChunked,
}

impl Origin {
    /// The kind of table of contents; nothing where the layer itself was read.
    pub const fn table(self) -> Option<&'static str> {
        match self {
            Self::Layer => None,
            Self::Stargz => Some("eStargz"),
            Self::ZstdChunked => Some("zstd:chunked"),
        }
    }
}

/// Why programs that read with Go's libraries, as most runtimes do, refuse a layer that can be
/// read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A PAX record names a file or a link with a zero byte in it.
    ZeroInName,
    /// The map of a sparse file leads over its end, overlaps, or is not of the bytes that are
    /// stored.
    SparseMap,
    /// There are bytes behind the last member of gzip that begin no other.
    BehindGzip,
}

impl Objection {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ZeroInName, Self::SparseMap, Self::BehindGzip];

    /// What they object to, in the words shown to people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ZeroInName => "a name in it has a zero byte",
            Self::SparseMap => "the map of a sparse file in it contradicts itself",
            Self::BehindGzip => "there is something behind its gzip data that is no gzip",
        }
    }
}

/// How the reading of a layer ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Ending {
    /// It is still being read.
    #[default]
    Reading,
    /// Everything was read, and the digest of the compressed bytes is right.
    Complete,
    /// The bytes end too early, or are no tar archive from somewhere on.
    Damaged { why: String },
    /// All was read, and its bytes are not what the manifest says.
    WrongDigest { found: Digest },
    /// Its bytes are what the manifest says, and compressed in a way that is not read here.
    NotRead { packing: &'static str },
    /// Past a limit.
    TooMuch { why: String },
}

/// What is known of a layer's files. Clones are cheap.
#[derive(Clone, Debug, Default)]
pub struct LayerIndex {
    pub(super) chunks: Vec<Arc<Chunk>>,
    pub(super) count: usize,
    pub packing: Packing,
    pub origin: Origin,
    pub ending: Ending,
    /// Digest of the uncompressed bytes; nothing before all were read.
    pub diff_id: Option<Digest>,
    /// Bytes of the uncompressed layer that were read.
    pub unpacked: u64,
    /// Bytes of the layer as it is stored, where all came and hash to its digest; else 0.
    pub packed: u64,
    /// Why others refuse it, though it could be read; nothing before all was.
    pub objection: Option<Objection>,
    pub checkpoints: Arc<Checkpoints>,
}

impl PartialEq for LayerIndex {
    fn eq(&self, other: &Self) -> bool {
        self.chunks == other.chunks
            && self.packing == other.packing
            && self.origin == other.origin
            && self.ending == other.ending
            && self.diff_id == other.diff_id
            && self.unpacked == other.unpacked
            && self.packed == other.packed
            && self.objection == other.objection
            && self.checkpoints == other.checkpoints
    }
}

impl LayerIndex {
    /// How many entries are known.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no entry is known.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether nothing more will come.
    pub const fn is_over(&self) -> bool {
        !matches!(self.ending, Ending::Reading)
    }

    /// Whether a file is reached only by unpacking all that lies before it, though the layer
    /// is long: one zstd frame has no place to begin at but its start (RFC 8878, 3.1.1).
    pub fn is_read_from_its_start(&self) -> bool {
        self.packing == Packing::Zstd
            && self.is_over()
            && self.origin == Origin::Layer
            && self.checkpoints.len() <= 1
            && self.unpacked > SPAN
    }

    /// The entry at `position`, in the order of the layer.
    pub fn entry(&self, position: usize) -> Option<Entry<'_>> {
        // all blocks but the last are full
        let chunk = self.chunks.get(position / CHUNK)?;
        chunk.entry(position % CHUNK)
    }

    /// All entries, in the order of the layer.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.chunks
            .iter()
            .flat_map(|chunk| (0..chunk.records.len()).filter_map(|at| chunk.entry(at)))
    }

    /// Bytes of memory that it takes, about.
    pub fn bytes(&self) -> usize {
        let entries: usize = self.chunks.iter().map(|chunk| chunk.bytes()).sum();
        entries + self.checkpoints.bytes()
    }
}

/// Collects entries into an index.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    chunks: Vec<Arc<Chunk>>,
    packer: Packer,
    /// Bytes of the full blocks, about.
    bytes: usize,
}

impl IndexBuilder {
    pub(super) fn push(&mut self, entry: NewEntry) {
        self.packer.push(entry);
        if self.packer.len() == CHUNK {
            let chunk = self.packer.take();
            self.bytes += chunk.bytes();
            self.chunks.push(Arc::new(chunk));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len() * CHUNK + self.packer.len()
    }

    /// Bytes of memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.packer.chunk().names.len() + self.packer.chunk().extra_bytes()
    }

    /// What is known so far, as an index without anything else in it.
    pub(super) fn so_far(&self) -> LayerIndex {
        let mut chunks = self.chunks.clone();
        if self.packer.len() > 0 {
            chunks.push(Arc::new(self.packer.chunk().clone()));
        }
        LayerIndex {
            chunks,
            count: self.len(),
            ..LayerIndex::default()
        }
    }
}

/// An entry of an index.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub(super) chunk: &'a Chunk,
    pub(super) record: &'a Record,
    pub(super) position: u32,
}

impl<'a> Entry<'a> {
    /// Relative to the root, cleaned; of a whiteout the path that it removes. Not UTF-8
    /// where the layer's is not.
    pub fn path(&self) -> Vec<u8> {
        let directory = self.directory();
        let mut path = Vec::with_capacity(directory.len() + 1 + self.name().len());
        if !directory.is_empty() {
            path.extend_from_slice(directory);
            path.push(b'/');
        }
        path.extend_from_slice(self.name());
        path
    }

    /// The directory that it lies in; empty for the root.
    pub fn directory(&self) -> &'a [u8] {
        let place = self.chunk.directories.get(self.record.directory as usize);
        place.map_or(&[], |place| self.chunk.text(*place))
    }

    /// Its number among the directories of its block, for who walks over all entries.
    pub(super) const fn directory_number(&self) -> u32 {
        self.record.directory
    }

    /// Its last name; empty for the root.
    pub fn name(&self) -> &'a [u8] {
        let length = u32::from(self.record.name_length);
        self.chunk.text((self.record.name, length))
    }

    pub fn kind(&self) -> EntryKind {
        self.record.kind()
    }

    pub const fn marks(&self) -> Marks {
        self.record.marks()
    }

    /// In bytes, holes counted; 0 for what has no content.
    pub const fn size(&self) -> u64 {
        self.record.size
    }

    /// Where its content begins in the uncompressed layer.
    pub const fn offset(&self) -> u64 {
        self.record.offset
    }

    /// Bytes of the uncompressed layer that its content takes.
    pub const fn stored(&self) -> u64 {
        self.record.stored
    }

    /// Permission bits with setuid, setgid and sticky.
    pub const fn mode(&self) -> u32 {
        self.record.mode
    }

    pub const fn uid(&self) -> u32 {
        self.record.uid
    }

    pub const fn gid(&self) -> u32 {
        self.record.gid
    }

    /// Seconds since 1970, and nanoseconds.
    pub const fn mtime(&self) -> (i64, u32) {
        (self.record.seconds, self.record.nanoseconds)
    }

    /// The target of a symbolic or hard link, as it was written.
    pub fn link(&self) -> Option<&'a [u8]> {
        let number = (self.record.link as usize).checked_sub(1)?;
        let place = self.chunk.links.get(number)?;
        Some(self.chunk.text(*place))
    }

    /// SHA-256 of a regular file's content, holes as zeros.
    pub fn sha256(&self) -> Option<&'a [u8; 32]> {
        let number = (self.record.digest as usize).checked_sub(1)?;
        self.chunk.digests.get(number)
    }

    /// The same as a digest.
    pub fn digest(&self) -> Option<Digest> {
        self.sha256().map(entry::digest)
    }

    /// Attributes, device numbers and holes, where it has any.
    pub fn extra(&self) -> Option<&'a Extra> {
        self.chunk.extra(self.position)
    }
}
