//! Places in a packed layer that unpacking can begin at.

use std::ops::Range;

/// Uncompressed bytes between two checkpoints of a gzip layer; more where a deflate block is
/// longer, for they lie between blocks. zlib-rs at level 1 writes one block throughout.
pub(super) const SPAN: u64 = 4 << 20;

/// A place that unpacking can begin at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Position in the packed bytes of the next byte that is read.
    pub packed: u64,
    /// Position in the unpacked bytes of the next byte that comes out.
    pub unpacked: u64,
    /// How many bits of the byte before `packed` still count (gzip, within a member).
    pub bits: u8,
    pub start: Start,
}

/// What unpacking needs to know there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A gzip member, a zstd frame, or plain bytes begin here.
    Fresh,
    /// Within a gzip member: the 32 KiB before, packed with zstd.
    Window(Box<[u8]>),
}

/// The checkpoints of a layer, in rising order. The first is its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints(pub(super) Vec<Checkpoint>);

impl Checkpoints {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none; then a layer is read from its start.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        let windows = self.0.iter().map(|point| match &point.start {
            Start::Fresh => 0,
            Start::Window(window) => window.len(),
        });
        windows.sum::<usize>() + self.0.len() * size_of::<Checkpoint>()
    }

    /// The last checkpoint at or before `unpacked`.
    pub(super) fn before(&self, unpacked: u64) -> Option<&Checkpoint> {
        let behind = self.0.partition_point(|point| point.unpacked <= unpacked);
        self.0.get(behind.checked_sub(1)?)
    }

    /// Where in the packed bytes everything up to `unpacked` has come, at the latest;
    /// nothing where that is only known to be the end.
    pub(super) fn end_of(&self, unpacked: u64) -> Option<u64> {
        let behind = self.0.partition_point(|point| point.unpacked < unpacked);
        self.0.get(behind).map(|point| point.packed)
    }

    /// The packed bytes that are needed for `wanted` of the unpacked ones; `size` is that of
    /// the packed layer.
    pub fn packed_range(&self, wanted: &Range<u64>, size: u64) -> Range<u64> {
        let start = self.before(wanted.start).map_or(0, |point| {
            // some bits of the byte before belong to it
            point.packed - u64::from(point.bits > 0)
        });
        start..self.end_of(wanted.end).unwrap_or(size).min(size)
    }
}
