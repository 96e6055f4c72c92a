//! The blocks of a kept index: entries, and checkpoints.

use crate::layer::EntryKind;
use crate::layer::checkpoint::{BlockHeader, Checkpoint, Checkpoints, Start};
use crate::layer::chunk::{CHUNK, Chunk, Record};
use crate::layer::entry::Extra;

use super::bytes::{Reader, Writer};

/// Bytes of a packed record.
const RECORD: usize = 72;

pub(super) fn write_checkpoints(out: &mut Writer, checkpoints: &Checkpoints) {
    out.count(checkpoints.0.len());
    for point in &checkpoints.0 {
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
}

pub(super) fn read_checkpoints(from: &mut Reader<'_>) -> Option<Checkpoints> {
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
                    header: read_header(from)?,
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
    (rising && bits_fit).then_some(Checkpoints(points))
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

pub(super) fn write_chunk(out: &mut Writer, chunk: &Chunk) {
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

pub(super) fn read_chunk(from: &mut Reader<'_>) -> Option<Chunk> {
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
