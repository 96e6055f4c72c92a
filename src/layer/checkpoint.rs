//! Places in a packed layer that unpacking can begin at.

use std::ops::Range;

/// Uncompressed bytes between two checkpoints of a gzip layer. They lie between blocks;
/// where a block goes on for half as much again, one lies within it.
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
    /// Within a gzip member, between two blocks: the 32 KiB before, packed with zstd.
    Window(Box<[u8]>),
    /// The same within a block, which is to be begun with its header.
    Within {
        window: Box<[u8]>,
        header: BlockHeader,
    },
}

/// The bits of a deflate block before its content (RFC 1951, 3.2.3): its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    /// The first bit is the lowest of the first byte; behind the last there are zeros.
    pub bytes: Box<[u8]>,
    pub bits: u16,
}

impl BlockHeader {
    /// Bits of the longest there can be: 3 and 14 of numbers, 19 lengths of 3 bits, and 320
    /// lengths of 14 bits at most.
    pub(super) const LONGEST: usize = 3 + 14 + 19 * 3 + 320 * 14;

    /// The bits of `bytes` but for so many at the front and at the end; nothing for what is
    /// no header of a block with codes.
    pub(super) fn cut(bytes: &[u8], front: u8, end: u8) -> Option<Self> {
        let bits = (bytes.len() * 8).checked_sub(usize::from(front) + usize::from(end))?;
        if !(3..=Self::LONGEST).contains(&bits) || front > 7 {
            return None;
        }
        let mut cut = vec![0; bits.div_ceil(8)];
        for (at, byte) in cut.iter_mut().enumerate() {
            let next = bytes.get(at + 1).copied().unwrap_or(0);
            *byte = (u16::from_le_bytes([bytes[at], next]) >> front) as u8;
        }
        if let (Some(last), over @ 1..) = (cut.last_mut(), bits % 8) {
            *last &= (1 << over) - 1;
        }
        // a block that is stored as it is has no codes
        let kind = (cut[0] >> 1) & 3;
        (kind != 0).then_some(Self {
            bytes: cut.into(),
            bits: bits as u16,
        })
    }

    /// What is to be unpacked first: so many bits, their value, and whole bytes behind them.
    /// They are the header's and `bits` more, the upper ones of the byte `before` the place
    /// to go on at.
    pub(super) fn prefix(&self, bits: u8, before: u8) -> (u8, u8, Vec<u8>) {
        let header = usize::from(self.bits);
        let bit = |at: usize| match at.checked_sub(header) {
            None => (self.bytes[at / 8] >> (at % 8)) & 1,
            Some(behind) => (before >> (8 - usize::from(bits) + behind)) & 1,
        };
        let all = header + usize::from(bits);
        let byte = |from: usize, to: usize| {
            let bits = (from..to).map(|at| bit(at) << (at - from));
            bits.fold(0, |sum, bit| sum | bit)
        };
        let first = all % 8;
        let whole = (first..all).step_by(8).map(|at| byte(at, at + 8));
        (first as u8, byte(0, first), whole.collect())
    }
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
            Start::Within { window, header } => window.len() + header.bytes.len(),
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
