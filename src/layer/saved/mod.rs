//! An index as bytes, for the cache. A head tells how many blocks there are, and the hash of
//! each; it ends with its own. So the first entries are had, and believed, before the last
//! are read, and a torn or changed file is not believed. Only whole and verified indexes are
//! kept.

mod blocks;
mod bytes;

use std::io::Read;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::model::{Digest, limits};

use super::chunk::CHUNK;
use super::index::{Ending, LayerIndex, Objection, Origin, Packing};
use blocks::{read_checkpoints, read_chunk, write_checkpoints, write_chunk};
use bytes::{Reader, Writer};

/// The first bytes; another form gets another number.
const MAGIC: &[u8; 16] = b"porthole layer 4";

/// Bytes of what is said of a block in the head: its length and its hash.
const SAID: usize = 8 + HASH;

const HASH: usize = 32;

/// The bytes of `index`, for the layer `digest`; nothing where it is not whole.
pub fn encode(index: &LayerIndex, digest: &Digest) -> Option<Vec<u8>> {
    if index.ending != Ending::Complete {
        return None;
    }
    let mut head = Writer(Vec::new());
    head.text(digest.to_string().as_bytes());
    let diff_id = index.diff_id.as_ref();
    head.text(
        diff_id
            .map_or_else(String::new, Digest::to_string)
            .as_bytes(),
    );
    head.0.push(index.packing as u8);
    head.0.push(index.origin as u8);
    head.u64(index.unpacked);
    head.u64(index.packed);
    let objects = |one: &Objection| index.objection == Some(*one);
    let objection = Objection::ALL.iter().position(objects);
    head.0.push(objection.map_or(0, |at| at as u8 + 1));
    head.count(index.chunks.len() + 1);
    let mut body = Writer(Vec::with_capacity(index.bytes() + 1024));
    let mut say = |body: &Writer, from: usize| {
        let block = &body.0[from..];
        head.u64(block.len() as u64);
        head.0.extend_from_slice(&Sha256::digest(block));
    };
    for chunk in &index.chunks {
        let from = body.0.len();
        write_chunk(&mut body, chunk);
        say(&body, from);
    }
    let from = body.0.len();
    write_checkpoints(&mut body, &index.checkpoints);
    say(&body, from);
    let mut out = Writer(Vec::with_capacity(body.0.len() + head.0.len() + 64));
    out.0.extend_from_slice(MAGIC);
    out.u64(head.0.len() as u64);
    out.0.extend_from_slice(&head.0);
    let hash = Sha256::digest(&out.0);
    out.0.extend_from_slice(&hash);
    out.0.extend_from_slice(&body.0);
    Some(out.0)
}

/// Reads what [`encode`] wrote for the layer `digest`; nothing where it is anything else.
pub fn decode(bytes: &[u8], digest: &Digest) -> Option<LayerIndex> {
    SavedIndex::open(bytes, digest)?.rest()
}

/// As [`decode`], with hashes that are right whatever the bytes are: for fuzzers.
pub(super) fn decode_any(bytes: &[u8], digest: &Digest) -> Option<LayerIndex> {
    SavedIndex::begin(bytes, digest, false)?.rest()
}

/// A kept index of which some blocks may still be unread.
pub struct SavedIndex<R> {
    from: R,
    checked: bool,
    /// Length and hash of the blocks that are still unread, the last one first.
    blocks: Vec<(u64, [u8; HASH])>,
    index: LayerIndex,
}

impl<R: Read> SavedIndex<R> {
    /// Reads the head of what [`encode`] wrote for the layer `digest`; nothing where it is
    /// anything else.
    pub fn open(from: R, digest: &Digest) -> Option<Self> {
        Self::begin(from, digest, true)
    }

    fn begin(mut from: R, digest: &Digest, checked: bool) -> Option<Self> {
        let mut head = read(&mut from, MAGIC.len() as u64 + 8)?;
        let mut start = Reader(&head);
        (start.take(MAGIC.len())? == MAGIC).then_some(())?;
        let length = start.u64()?;
        head.extend(read(&mut from, length)?);
        let hash = read(&mut from, HASH as u64)?;
        (!checked || Sha256::digest(&head).as_slice() == hash).then_some(())?;

        let mut said = Reader(&head[MAGIC.len() + 8..]);
        (said.text()? == digest.to_string().as_bytes()).then_some(())?;
        let diff_id = std::str::from_utf8(said.text()?).ok()?;
        let diff_id = (!diff_id.is_empty()).then(|| diff_id.parse());
        let packing = match said.u8()? {
            0 => Packing::Plain,
            1 => Packing::Gzip,
            2 => Packing::Zstd,
            _ => return None,
        };
        let origin = match said.u8()? {
            0 => Origin::Layer,
            1 => Origin::Stargz,
            2 => Origin::ZstdChunked,
            _ => return None,
        };
        let unpacked = said.u64()?;
        let packed = said.u64()?;
        let objection = match said.u8()? {
            0 => None,
            at => Some(*Objection::ALL.get(usize::from(at) - 1)?),
        };
        let mut blocks = Vec::new();
        for _ in 0..said.count(SAID)? {
            blocks.push((said.u64()?, said.take(HASH)?.try_into().ok()?));
        }
        blocks.reverse();
        (said.0.is_empty() && !blocks.is_empty()).then_some(())?;
        Some(Self {
            from,
            checked,
            blocks,
            index: LayerIndex {
                packing,
                origin,
                unpacked,
                packed,
                objection,
                diff_id: diff_id.transpose().ok()?,
                ..LayerIndex::default()
            },
        })
    }

    /// How many blocks are still unread; the last one has no entries.
    pub const fn unread(&self) -> usize {
        self.blocks.len()
    }

    /// Reads the next block; nothing where it is not what the head says.
    pub fn advance(&mut self) -> Option<()> {
        let (length, hash) = self.blocks.pop()?;
        let block = read(&mut self.from, length)?;
        (!self.checked || Sha256::digest(&block).as_slice() == hash).then_some(())?;
        let mut block = Reader(&block);
        let index = &mut self.index;
        if self.blocks.is_empty() {
            let checkpoints = read_checkpoints(&mut block)?;
            index.checkpoints = Arc::new(checkpoints);
            // nothing may come behind
            read(&mut self.from, 1).is_none().then_some(())?;
            index.ending = Ending::Complete;
        } else {
            // all but the last are full: entries are found by their position
            let full = index.chunks.last();
            full.is_none_or(|chunk| chunk.records.len() == CHUNK)
                .then_some(())?;
            let chunk = read_chunk(&mut block)?;
            index.count += chunk.records.len();
            index.chunks.push(Arc::new(chunk));
        }
        block.0.is_empty().then_some(())
    }

    /// What was read so far.
    pub fn so_far(&self) -> LayerIndex {
        self.index.clone()
    }

    /// Reads what is still unread; nothing where it is not what the head says.
    pub fn rest(mut self) -> Option<LayerIndex> {
        while self.unread() > 0 {
            self.advance()?;
        }
        Some(self.index)
    }
}

/// So many bytes, no fewer. Memory grows with what comes, whatever was said.
fn read(from: &mut impl Read, length: u64) -> Option<Vec<u8>> {
    let length = usize::try_from(length).ok()?;
    (length <= 2 * limits::LAYER_INDEX_BYTES).then_some(())?;
    let mut bytes = Vec::with_capacity(length.min(1 << 20));
    from.take(length as u64).read_to_end(&mut bytes).ok()?;
    (bytes.len() == length).then_some(bytes)
}
