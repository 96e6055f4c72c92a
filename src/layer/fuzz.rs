//! What fuzzers feed: each function takes any bytes as a layer could hold them, and panics
//! where what is made of them breaks a promise.

use crate::model::{Algorithm, Descriptor, Digest, MediaType};

use super::checkpoint::Checkpoint;
use super::decode::{Decoder, Problem};
use super::index::Packing;
use super::{Allowance, Ending, EntryKind, LayerIndex, Marks, Scanner, saved, toc};

/// Unpacked bytes between two checkpoints: few, so that short inputs have some.
const SPAN: u64 = 1_000;

/// Bytes that may come out of an input.
const MOST: usize = 4 << 20;

/// A tar stream: as it is, and with check sums that are right, so that more of it is read.
/// However it is cut into pieces, the same entries come out; their names lead nowhere else,
/// their content lies in the stream, and their digests are those of their content.
pub fn tar(bytes: &[u8]) {
    entries_of(bytes);
    entries_of(&with_check_sums(bytes));
}

fn entries_of(bytes: &[u8]) {
    let whole = scan(bytes, bytes.len().max(1));
    for piece in [1, 511, 700] {
        let index = scan(bytes, piece);
        assert_eq!(index.chunks, whole.chunks, "in pieces of {piece}");
        assert_eq!(index.ending, whole.ending);
    }
    for entry in whole.entries() {
        let path = entry.path();
        let mut parts = path.split(|byte| *byte == b'/');
        let odd = |part: &[u8]| matches!(part, b"" | b"." | b"..");
        assert!(path.is_empty() || !parts.any(odd), "{path:?}");
        if entry.kind() != EntryKind::File || entry.marks().has(Marks::CUT_OFF) {
            continue;
        }
        if whole.packing == Packing::Plain {
            let from = entry.offset() as usize;
            let content = &bytes[from..from + entry.stored() as usize];
            if !entry.marks().has(Marks::SPARSE) {
                assert_eq!(entry.size(), entry.stored());
                assert_eq!(entry.digest(), Some(Digest::sha256(content)));
            }
        }
    }
    kept(&whole, &Digest::sha256(bytes));
}

/// The same with the check sum of each header set right.
fn with_check_sums(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 512;
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = bytes.get_mut(at..at + BLOCK) {
        let size = std::str::from_utf8(&header[124..135]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 8).ok());
        if header.iter().any(|byte| *byte != 0) {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let size = size.unwrap_or(0).min(bytes.len());
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
    bytes
}

fn scan(bytes: &[u8], piece: usize) -> LayerIndex {
    let digest = Digest::sha256(bytes);
    let layer = Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64);
    let mut scanner = Scanner::new(&layer, Algorithm::Sha256, Allowance::Usual);
    for piece in bytes.chunks(piece) {
        if !scanner.feed(piece) {
            break;
        }
    }
    scanner.finish()
}

/// What is kept of an index is the same when it is read again.
fn kept(index: &LayerIndex, digest: &Digest) {
    if let Some(bytes) = saved::encode(index, digest) {
        assert_eq!(saved::decode(&bytes, digest).as_ref(), Some(index));
    } else {
        assert_ne!(index.ending, Ending::Complete);
    }
}

/// A gzip stream: however it is cut into pieces, the same comes out, and from each
/// checkpoint on what follows it.
pub fn gzip_index(bytes: &[u8]) {
    unpacked(bytes, Packing::Gzip, &[0x1f, 0x8b]);
}

/// A zstd stream, in the same way.
pub fn zstd_index(bytes: &[u8]) {
    unpacked(bytes, Packing::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]);
}

fn unpacked(bytes: &[u8], packing: Packing, mark: &[u8]) {
    let (whole, points, ended) = unpack(Decoder::new(Some(SPAN)), bytes, 64 << 10);
    for piece in [1, 1_000] {
        let again = unpack(Decoder::new(None), bytes, piece);
        // before an error more may have come out of larger pieces
        let same = whole.len().min(again.0.len());
        assert_eq!(whole[..same], again.0[..same], "in pieces of {piece}");
        assert_eq!(ended.is_some(), again.2.is_some(), "in pieces of {piece}");
        assert!(ended.is_some() || whole.len() == again.0.len());
    }
    if !bytes.starts_with(mark) {
        return;
    }
    for point in points {
        let from = point.packed as usize - usize::from(point.bits > 0);
        let decoder = Decoder::at(packing, &point).expect("it was just made");
        let (found, _, _) = unpack(decoder, &bytes[from..], 700);
        let rest = &whole[point.unpacked as usize..];
        let same = rest.len().min(found.len());
        assert_eq!(rest[..same], found[..same], "from {point:?}");
        assert!(
            ended.is_some() || found.len() >= rest.len(),
            "from {point:?}"
        );
    }
}

/// What comes out, the checkpoints, and why it ended too early.
fn unpack(
    mut decoder: Decoder,
    bytes: &[u8],
    piece: usize,
) -> (Vec<u8>, Vec<Checkpoint>, Option<Problem>) {
    let mut out = Vec::new();
    let mut take = |part: &[u8]| {
        out.extend_from_slice(&part[..part.len().min(MOST - out.len())]);
        if out.len() < MOST {
            Ok(())
        } else {
            Err(Problem::Enough)
        }
    };
    let fed = bytes
        .chunks(piece)
        .try_for_each(|piece| decoder.feed(piece, &mut take));
    let ended = fed.and_then(|()| decoder.finish(&mut take)).err();
    (out, decoder.take_checkpoints(), ended)
}

/// A kept index whose hashes are right, whatever is in it: what is read of it can be used, and
/// is the same when it is kept again.
pub fn kept_index(bytes: &[u8]) {
    let digest = Digest::sha256(b"layer");
    let Some(index) = saved::decode_any(bytes, &digest) else {
        return;
    };
    used(&index);
    kept(&index, &digest);
}

/// A table of contents of eStargz or zstd:chunked, plain or packed.
pub fn table_of_contents(bytes: &[u8]) {
    for index in toc::any(bytes) {
        used(&index);
        kept(&index, &Digest::sha256(bytes));
    }
}

/// Every entry and every place can be asked for.
fn used(index: &LayerIndex) {
    assert_eq!(index.entries().count(), index.len());
    for entry in index.entries() {
        let (_, _, _) = (entry.path(), entry.link(), entry.extra());
        let end = entry.offset().saturating_add(entry.stored());
        let _packed = index
            .checkpoints
            .packed_range(&(entry.offset()..end), 1 << 40);
    }
}
