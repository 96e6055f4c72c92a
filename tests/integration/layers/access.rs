//! Reading single files out of packed layers, against a plain read.

use porthole::layer::{Cutter, FilePart, LayerIndex, saved};

use super::deflate::{DISTANCE, MATCH, one_block};
use super::desk::noise;
use super::{Tar, descriptor, gzip, scan, scan_in};

/// Unpacked bytes `wanted` of a layer, read from the nearest checkpoint, and how many packed
/// bytes that took.
fn cut(layer: &[u8], index: &LayerIndex, wanted: std::ops::Range<u64>) -> (Vec<u8>, usize) {
    let (packed, mut cutter) = Cutter::new(index, wanted, layer.len() as u64).unwrap();
    let part = &layer[packed.start as usize..packed.end as usize];
    let mut found = Vec::new();
    for piece in part.chunks(10_000) {
        let done = cutter.feed(piece, &mut |bytes| {
            found.extend_from_slice(bytes);
            Ok(())
        });
        if done.unwrap() {
            break;
        }
    }
    (found, part.len())
}

/// Text that packs to about a quarter and is nowhere the same.
fn content(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(size + 16);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(format!("{:x} of some text\n", state >> 44).as_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn frames(bytes: &[u8], size: usize) -> Vec<u8> {
    let frames = bytes
        .chunks(size)
        .map(|part| zstd::encode_all(part, 1).unwrap());
    frames.flatten().collect()
}

#[test]
fn any_part_is_read_from_its_nearest_checkpoint() {
    let big = content(23 << 20);
    let tar = Tar::new()
        .file("a", b"small")
        .file("big", &big)
        .file("z", b"end")
        .bytes();
    let members: Vec<u8> = tar.chunks(3 << 20).flat_map(|part| gzip(part, 1)).collect();
    let mut padded = gzip(&tar, 6);
    padded.extend_from_slice(&[0; 1000]);
    for (name, layer, few) in [
        ("plain", tar.clone(), true),
        ("gzip", gzip(&tar, 6), true),
        ("gzip, stored blocks", gzip(&tar, 0), true),
        ("gzip, many members", members, true),
        ("gzip, padded", padded, true),
        ("zstd, many frames", frames(&tar, 2 << 20), true),
        (
            "zstd, one frame",
            zstd::encode_all(&tar[..], 1).unwrap(),
            false,
        ),
    ] {
        let index = scan(&layer);
        assert_eq!(index.len(), 3, "{name}");
        assert_eq!(
            few,
            index.checkpoints.len() > 3,
            "{name}: {}",
            index.checkpoints.len()
        );
        let length = tar.len() as u64;
        let mut ranges = vec![0..1, 0..length, length - 1..length, 512..517];
        let mut at = 1;
        while at + 3000 < length {
            ranges.push(at..at + 3000);
            at += 777_773;
        }
        for wanted in ranges {
            let (found, packed) = cut(&layer, &index, wanted.clone());
            assert!(
                found == tar[wanted.start as usize..wanted.end as usize],
                "{name} {wanted:?}"
            );
            if few && wanted.end - wanted.start < 10_000 {
                assert!(packed < 6 << 20, "{name}: {packed} bytes for {wanted:?}");
            }
        }
    }
}

#[test]
fn every_offset_of_a_file_reads_as_a_plain_read() {
    let file = content(9 << 20);
    let tar = Tar::new().file("f", &file).bytes();
    let layer = gzip(&tar, 6);
    let index = scan(&layer);
    let entry = index.entries().next().unwrap();
    let part = FilePart::of(&entry).unwrap();
    assert!(index.checkpoints.len() >= 2);
    // around each checkpoint every byte, elsewhere with a stride
    let mut offsets: Vec<u64> = (0..part.size - 4).step_by(300_007).collect();
    for span in [4 << 20, 8 << 20] {
        offsets.extend((span - 40..span + 40).map(|at: u64| at + 20_000));
    }
    for offset in offsets {
        let at = part.offset + offset;
        let (found, _) = cut(&layer, &index, at..at + 4);
        assert_eq!(
            found,
            &file[offset as usize..offset as usize + 4],
            "{offset}"
        );
    }
}

#[test]
fn bytes_that_cannot_be_compressed_have_checkpoints_too() {
    let tar = Tar::new().file("noise", &noise(7, 23 << 20)).bytes();
    for level in [0, 1, 6] {
        let layer = gzip(&tar, level);
        assert!(
            layer.len() > tar.len(),
            "in stored blocks, or in fixed codes"
        );
        every_part_takes_few_bytes(&tar, &layer);
    }
}

/// Level 1 writes one block with fixed codes from its first byte to its last; other writers
/// make long ones with codes of their own.
#[test]
fn blocks_that_are_long_have_checkpoints_within() {
    let text = Tar::new().file("text", &content(23 << 20)).bytes();
    every_part_takes_few_bytes(&text, &gzip(&text, 1));
    // a third of it is matches, so that many places where room ends lie within one
    let mut bytes = noise(3, 23 << 20);
    let mut at = DISTANCE;
    while at + MATCH <= bytes.len() {
        bytes.copy_within(at - DISTANCE..at - DISTANCE + MATCH, at);
        at += MATCH * 3 + at % 5;
    }
    let tar = Tar::new().file("noise", &bytes).bytes();
    let layer = one_block(&tar);
    every_part_takes_few_bytes(&tar, &layer);
    // however the bytes come, and after a stay on the disk
    for piece in [7_777, 1 << 20] {
        let index = scan_in(&layer, piece);
        let digest = descriptor(&layer).digest;
        let bytes = saved::encode(&index, &digest).unwrap();
        let index = saved::decode(&bytes, &digest).unwrap();
        for at in (0..tar.len() - 10).step_by(3_333_333) {
            let (found, packed) = cut(&layer, &index, at as u64..at as u64 + 10);
            assert!(found == tar[at..at + 10], "{piece}: {at}");
            assert!(packed < 8 << 20, "{piece}: {packed} bytes for {at}");
        }
    }
}

/// Any part of `tar` is read out of few megabytes of `layer`, which is packed to about the
/// same size or less.
fn every_part_takes_few_bytes(tar: &[u8], layer: &[u8]) {
    let length = tar.len() as u64;
    let index = scan(layer);
    assert!(index.checkpoints.len() >= 4, "{}", index.checkpoints.len());
    let mut ranges = vec![0..1, 0..length, length - 1..length];
    ranges.extend((1..length - 3000).step_by(777_773).map(|at| at..at + 3000));
    for wanted in ranges {
        let (found, packed) = cut(layer, &index, wanted.clone());
        let expected = &tar[wanted.start as usize..wanted.end as usize];
        assert!(found == expected, "{wanted:?}");
        if wanted.end - wanted.start < 10_000 {
            assert!(packed < 8 << 20, "{packed} bytes for {wanted:?}");
        }
    }
}
