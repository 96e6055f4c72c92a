//! An index as bytes, for the cache: everything in it and a hash at the end, so that a torn
//! or changed file is not believed. Only whole and verified indexes are kept.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

use super::EntryKind;
use super::checkpoint::{BlockHeader, Checkpoint, Checkpoints, Start};
use super::chunk::{CHUNK, Chunk, Record};
use super::entry::Extra;
use super::index::{Ending, LayerIndex, Origin, Packing};

/// The first bytes; another form gets another number.
const MAGIC: &[u8; 16] = b"porthole layer 2";

/// Bytes of a packed record.
const RECORD: usize = 72;

/// The bytes of `index`, for the layer `digest`; nothing where it is not whole.
pub fn encode(index: &LayerIndex, digest: &Digest) -> Option<Vec<u8>> {
    if index.ending != Ending::Complete {
        return None;
    }
    let mut out = Writer(Vec::with_capacity(index.bytes() + 1024));
    out.0.extend_from_slice(MAGIC);
    out.text(digest.to_string().as_bytes());
    out.text(
        index
            .diff_id
            .as_ref()
            .map_or_else(String::new, ToString::to_string)
            .as_bytes(),
    );
    out.0.push(index.packing as u8);
    out.0.push(index.origin as u8);
    out.u64(index.unpacked);
    out.count(index.checkpoints.0.len());
    for point in &index.checkpoints.0 {
        out.u64(point.packed);
        out.u64(point.unpacked);
        out.0.push(point.bits);
        match &point.start {
            Start::Fresh => out.0.push(0),
            Start::Window(window) => {
                out.0.push(1);
                out.text(window);
            }
            Start::Within { window, header } => {
                out.0.push(2);
                out.text(window);
                out.u32(u32::from(header.bits));
                out.text(&header.bytes);
            }
        }
    }
    out.count(index.chunks.len());
    for chunk in &index.chunks {
        write_chunk(&mut out, chunk);
    }
    let hash = Sha256::digest(&out.0);
    out.0.extend_from_slice(&hash);
    Some(out.0)
}

/// Reads what [`encode`] wrote for the layer `digest`; nothing where it is anything else.
pub fn decode(bytes: &[u8], digest: &Digest) -> Option<LayerIndex> {
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Sha256::digest(body).as_slice() != hash {
        return None;
    }
    read(body, digest)
}

/// As [`decode`], with a hash that is right whatever the bytes are: for fuzzers.
pub(super) fn decode_any(body: &[u8], digest: &Digest) -> Option<LayerIndex> {
    read(body, digest)
}

/// As [`decode`], once the hash was seen to be right. Every length is checked all the same.
fn read(body: &[u8], digest: &Digest) -> Option<LayerIndex> {
    let mut from = Reader(body);
    (from.take(MAGIC.len())? == MAGIC).then_some(())?;
    (from.text()? == digest.to_string().as_bytes()).then_some(())?;
    let diff_id = std::str::from_utf8(from.text()?).ok()?;
    let diff_id = (!diff_id.is_empty()).then(|| diff_id.parse());
    let packing = match from.u8()? {
        0 => Packing::Plain,
        1 => Packing::Gzip,
        2 => Packing::Zstd,
        _ => return None,
    };
    let origin = match from.u8()? {
        0 => Origin::Layer,
        1 => Origin::Stargz,
        2 => Origin::ZstdChunked,
        _ => return None,
    };
    let unpacked = from.u64()?;
    let mut points = Vec::new();
    for _ in 0..from.count(18)? {
        points.push(Checkpoint {
            packed: from.u64()?,
            unpacked: from.u64()?,
            bits: from.u8().filter(|bits| *bits < 8)?,
            start: match from.u8()? {
                0 => Start::Fresh,
                1 => Start::Window(from.text()?.into()),
                2 => Start::Within {
                    window: from.text()?.into(),
                    header: read_header(&mut from)?,
                },
                _ => return None,
            },
        });
    }
    let rising = points
        .windows(2)
        .all(|pair| pair[0].packed <= pair[1].packed && pair[0].unpacked <= pair[1].unpacked);
    let bits_fit = points
        .iter()
        .all(|point| point.packed > 0 || point.bits == 0);
    (rising && bits_fit).then_some(())?;
    let blocks = from.count(4)?;
    let mut chunks = Vec::new();
    for _ in 0..blocks {
        chunks.push(Arc::new(read_chunk(&mut from)?));
    }
    // all but the last are full: entries are found by their position
    let full = chunks
        .iter()
        .rev()
        .skip(1)
        .all(|chunk| chunk.records.len() == CHUNK);
    (full && from.0.is_empty()).then_some(())?;
    Some(LayerIndex {
        count: chunks.iter().map(|chunk| chunk.records.len()).sum(),
        chunks,
        packing,
        origin,
        ending: Ending::Complete,
        diff_id: diff_id.transpose().ok()?,
        unpacked,
        checkpoints: Arc::new(Checkpoints(points)),
    })
}

fn read_header(from: &mut Reader<'_>) -> Option<BlockHeader> {
    let bits = u16::try_from(from.u32()?).ok()?;
    let bytes = from.text()?;
    let fits = (3..=BlockHeader::LONGEST).contains(&usize::from(bits))
        && bytes.len() == usize::from(bits).div_ceil(8);
    fits.then(|| BlockHeader {
        bytes: bytes.into(),
        bits,
    })
}

fn write_chunk(out: &mut Writer, chunk: &Chunk) {
    out.count(chunk.records.len());
    for record in &chunk.records {
        out.u64(record.offset);
        out.u64(record.size);
        out.u64(record.stored);
        out.u64(record.seconds.cast_unsigned());
        for part in [
            record.nanoseconds,
            record.directory,
            record.name,
            u32::from(record.name_length),
            u32::from(record.kind) << 8 | u32::from(record.marks),
            record.mode,
            record.uid,
            record.gid,
            record.link,
            record.digest,
        ] {
            out.u32(part);
        }
    }
    out.text(&chunk.names);
    for places in [&chunk.directories, &chunk.links] {
        out.count(places.len());
        for (start, length) in places {
            out.u32(*start);
            out.u32(*length);
        }
    }
    out.count(chunk.digests.len());
    for digest in &chunk.digests {
        out.0.extend_from_slice(digest);
    }
    out.count(chunk.extras.len());
    for (position, extra) in &chunk.extras {
        out.u32(*position);
        out.count(extra.xattrs.len());
        for (name, value) in &extra.xattrs {
            out.text(name);
            out.text(value);
        }
        let (major, minor) = extra.device.unwrap_or_default();
        out.0.push(u8::from(extra.device.is_some()));
        out.u32(major);
        out.u32(minor);
        out.count(extra.sparse.len());
        for (offset, length) in &extra.sparse {
            out.u64(*offset);
            out.u64(*length);
        }
    }
}

fn read_chunk(from: &mut Reader<'_>) -> Option<Chunk> {
    let count = from.count(RECORD)?;
    (count <= CHUNK).then_some(())?;
    let mut records = Vec::with_capacity(count);
    for _ in 0..count {
        let (offset, size, stored) = (from.u64()?, from.u64()?, from.u64()?);
        let seconds = from.u64()?.cast_signed();
        let mut next = || from.u32();
        let (nanoseconds, directory, name, name_length) = (next()?, next()?, next()?, next()?);
        let kind = next()?;
        records.push(Record {
            offset,
            size,
            stored,
            seconds,
            nanoseconds,
            directory,
            name,
            name_length: u16::try_from(name_length).ok()?,
            kind: u8::try_from(kind >> 8)
                .ok()
                .filter(|kind| EntryKind::from_byte(*kind).is_some())?,
            marks: (kind & 0xff) as u8,
            mode: next()?,
            uid: next()?,
            gid: next()?,
            link: next()?,
            digest: next()?,
        });
    }
    let names = from.text()?.to_vec();
    let mut places = || {
        let count = from.count(8)?;
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let (start, length) = (from.u32()?, from.u32()?);
            (u64::from(start) + u64::from(length) <= names.len() as u64).then_some(())?;
            places.push((start, length));
        }
        Some(places)
    };
    let (directories, links) = (places()?, places()?);
    let count = from.count(32)?;
    let mut digests = Vec::with_capacity(count);
    for _ in 0..count {
        digests.push(from.take(32)?.try_into().ok()?);
    }
    let mut extras: Vec<(u32, Extra)> = Vec::new();
    for _ in 0..from.count(4)? {
        let position = from.u32()?;
        let rising = extras.last().is_none_or(|(before, _)| *before < position);
        rising.then_some(())?;
        let mut extra = Extra::default();
        for _ in 0..from.count(8)? {
            extra
                .xattrs
                .push((from.text()?.into(), from.text()?.into()));
        }
        let device = from.u8()? == 1;
        let numbers = (from.u32()?, from.u32()?);
        extra.device = device.then_some(numbers);
        for _ in 0..from.count(16)? {
            extra.sparse.push((from.u64()?, from.u64()?));
        }
        extras.push((position, extra));
    }
    Some(Chunk {
        records,
        names,
        directories,
        links,
        digests,
        extras,
    })
}

struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn text(&mut self, text: &[u8]) {
        self.count(text.len());
        self.0.extend_from_slice(text);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A count of things that take at least `each` bytes: no more than can be there.
    fn count(&mut self, each: usize) -> Option<usize> {
        let count = self.u32()? as usize;
        (count.checked_mul(each)? <= self.0.len()).then_some(count)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let count = self.count(1)?;
        self.take(count)
    }
}
