//! Gzip in one or many members, with checkpoints.

use std::ops::ControlFlow;

use super::inflate::{Inflater, Stop};
use super::{Problem, Sink};
use crate::layer::checkpoint::{Checkpoint, SPAN, Start};

/// How far a deflate stream looks back, in bytes.
const WINDOW: usize = 32 << 10;

/// Room for what is unpacked at once, behind the window.
const ROOM: usize = 256 << 10;

/// Bytes behind the deflate blocks of a member: check sum and size.
const TRAILER: u8 = 8;

/// Where a decoder is in its members.
enum Within {
    /// In one, or at the start of one.
    Member,
    /// In one that was entered at a checkpoint: so many bytes of the trailer are to come.
    Trailer(u8),
    /// Behind one, where another may begin; `0x1f` may have come already.
    Between { half: bool },
    /// Behind the last one; what comes is no gzip any more.
    After,
}

pub(super) struct Gzip {
    inflater: Inflater,
    within: Within,
    /// Entered at a checkpoint, so the check sum is not known and the trailer is passed over.
    raw: bool,
    /// The window, and what was unpacked behind it.
    buffer: Box<[u8]>,
    filled: usize,
    packed: u64,
    unpacked: u64,
    /// Made as the layer is read; nothing where nobody wants them.
    checkpoints: Option<Vec<Checkpoint>>,
}

impl Gzip {
    /// From the start of a layer.
    pub(super) fn new(keep: bool) -> Result<Self, Problem> {
        Ok(Self {
            inflater: Inflater::gzip().map_err(|error| Problem::Wrong(error.to_string()))?,
            within: Within::Member,
            raw: false,
            buffer: vec![0; WINDOW + ROOM].into_boxed_slice(),
            filled: 0,
            packed: 0,
            unpacked: 0,
            checkpoints: keep.then(|| vec![START]),
        })
    }

    /// From a checkpoint; the first byte that is fed is the one before it where bits of
    /// that one count, which is handed over as `before`.
    pub(super) fn at(point: &Checkpoint, before: u8) -> Result<Self, Problem> {
        let mut gzip = Self::new(false)?;
        if let Start::Window(packed) = &point.start {
            let window = zstd::bulk::decompress(packed, WINDOW)
                .map_err(|_| Problem::Wrong("the kept checkpoint is damaged".to_owned()))?;
            gzip.inflater = Inflater::raw(&window, point.bits, before)
                .map_err(|error| Problem::Wrong(error.to_string()))?;
            gzip.raw = true;
        }
        Ok(gzip)
    }

    pub(super) fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        self.checkpoints.take().unwrap_or_default()
    }

    /// Whether the bytes may end here.
    pub(super) const fn may_end(&self) -> bool {
        matches!(self.within, Within::Between { half: false } | Within::After)
    }

    pub(super) fn feed(&mut self, mut input: &[u8], sink: &mut Sink<'_>) -> Result<(), Problem> {
        loop {
            match &mut self.within {
                Within::Member => {
                    if self.member(&mut input, sink)?.is_break() {
                        return Ok(());
                    }
                }
                Within::Trailer(left) => {
                    let passed = usize::from(*left).min(input.len());
                    input = &input[passed..];
                    self.packed += passed as u64;
                    *left -= passed as u8;
                    if *left > 0 {
                        return Ok(());
                    }
                    self.within = Within::Between { half: false };
                }
                Within::Between { half } => {
                    let Some((first, rest)) = input.split_first() else {
                        return Ok(());
                    };
                    match (*first, *half) {
                        (0x1f, false) => *half = true,
                        (0x8b, true) => {
                            // both bytes of the mark are the inflater's
                            self.packed -= 1;
                            self.begin_member();
                            let mark = self.inflater.step(&[0x1f], &mut []);
                            self.packed += mark.consumed as u64;
                            continue;
                        }
                        // gzip passes over what stands behind the last member, as zeros of
                        // a padded file
                        _ => self.within = Within::After,
                    }
                    self.packed += 1;
                    input = rest;
                }
                Within::After => return Ok(()),
            }
        }
    }

    fn begin_member(&mut self) {
        self.inflater.next_member();
        self.raw = false;
        self.within = Within::Member;
        let (packed, unpacked) = (self.packed, self.unpacked);
        if let Some(points) = &mut self.checkpoints {
            // a member needs no window, so its start costs next to nothing: every quarter
            let last = points.last().map_or(0, |point| point.unpacked);
            if unpacked >= last + SPAN / 4 {
                points.push(Checkpoint {
                    packed,
                    unpacked,
                    bits: 0,
                    start: Start::Fresh,
                });
            }
        }
    }

    /// Unpacks within a member. Breaks where all input is used up.
    fn member(
        &mut self,
        input: &mut &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, Problem> {
        if self.filled == self.buffer.len() {
            self.buffer.copy_within(self.filled - WINDOW.., 0);
            self.filled = WINDOW;
        }
        let step = self.inflater.step(input, &mut self.buffer[self.filled..]);
        *input = &input[step.consumed..];
        self.packed += step.consumed as u64;
        let came = self.filled..self.filled + step.produced;
        self.filled = came.end;
        self.unpacked += step.produced as u64;
        if !came.is_empty() {
            sink(&self.buffer[came.clone()])?;
        }
        match step.stop {
            Stop::More => {
                // room that was filled may hold back more
                if input.is_empty() && came.end < self.buffer.len() {
                    return Ok(ControlFlow::Break(()));
                }
                if step.consumed == 0 && step.produced == 0 {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Stop::Block { bits } => self.between_blocks(bits),
            Stop::End if self.raw => self.within = Within::Trailer(TRAILER),
            Stop::End => self.within = Within::Between { half: false },
            Stop::Wrong(why) => return Err(Problem::Wrong(why)),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Keeps a checkpoint where the last one is far enough behind.
    fn between_blocks(&mut self, bits: u8) {
        let Some(points) = &mut self.checkpoints else {
            return;
        };
        let last = points.last().map_or(0, |point| point.unpacked);
        if self.unpacked < last + SPAN {
            return;
        }
        let window = &self.buffer[self.filled.saturating_sub(WINDOW)..self.filled];
        // without it there is only one place less to begin at
        let Ok(window) = zstd::bulk::compress(window, 1) else {
            return;
        };
        points.push(Checkpoint {
            packed: self.packed - u64::from(bits / 8),
            unpacked: self.unpacked,
            bits: bits % 8,
            start: Start::Window(window.into()),
        });
    }
}

/// The start of a layer, whatever its packing.
pub(super) const START: Checkpoint = Checkpoint {
    packed: 0,
    unpacked: 0,
    bits: 0,
    start: Start::Fresh,
};
