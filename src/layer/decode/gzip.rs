//! Gzip in one or many members, with checkpoints.

use std::ops::ControlFlow;

use super::inflate::{Inflater, NoMemory, Stop, Until};
use super::{Problem, Sink};
use crate::layer::checkpoint::{BlockHeader, Checkpoint, Start};

/// How far a deflate stream looks back, in bytes.
const WINDOW: usize = 32 << 10;

/// Room for what is unpacked at once, behind the window.
const ROOM: usize = 256 << 10;

/// Longest match of deflate, in bytes.
const MATCH: usize = 258;

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
    /// How many bits before `packed` are not used yet.
    unused: u8,
    unpacked: u64,
    header: Header,
    /// Unpacked bytes between two checkpoints.
    span: u64,
    /// Made as the layer is read; nothing where nobody wants them.
    checkpoints: Option<Vec<Checkpoint>>,
}

/// What is known of the header of the block that is being unpacked.
enum Header {
    /// Nothing, or it has no codes.
    None,
    /// Its bytes as they come; so many bits of the first belong to the block before.
    Coming {
        bytes: Vec<u8>,
        front: u8,
    },
    Known(BlockHeader),
}

impl Gzip {
    /// From the start of a layer, with checkpoints about so many unpacked bytes apart.
    pub(super) fn new(span: Option<u64>) -> Result<Self, Problem> {
        Ok(Self {
            inflater: Inflater::gzip().map_err(no_memory)?,
            within: Within::Member,
            raw: false,
            buffer: vec![0; WINDOW + ROOM].into_boxed_slice(),
            filled: 0,
            packed: 0,
            unused: 0,
            unpacked: 0,
            header: Header::None,
            span: span.unwrap_or_default(),
            checkpoints: span.map(|_| vec![START]),
        })
    }

    /// From a checkpoint; the first byte that is fed is the one before it where bits of
    /// that one count, which is handed over as `before`.
    pub(super) fn at(point: &Checkpoint, before: u8) -> Result<Self, Problem> {
        let mut gzip = Self::new(None)?;
        let damaged = || Problem::Wrong("the kept checkpoint is damaged".to_owned());
        let unpack = |window| zstd::bulk::decompress(window, WINDOW).map_err(|_| damaged());
        match &point.start {
            Start::Fresh => return Ok(gzip),
            Start::Window(window) => {
                let value = before.checked_shr(u32::from(8 - point.bits)).unwrap_or(0);
                gzip.inflater =
                    Inflater::raw(&unpack(window)?, point.bits, value).map_err(no_memory)?;
            }
            Start::Within { window, header } => {
                let (bits, value, bytes) = header.prefix(point.bits, before);
                gzip.inflater = Inflater::raw(&unpack(window)?, bits, value).map_err(no_memory)?;
                // nothing comes out of a header
                let step = gzip.inflater.step(&bytes, &mut [], Until::Anything);
                if step.consumed != bytes.len() || !matches!(step.stop, Stop::More) {
                    return Err(damaged());
                }
            }
        }
        gzip.raw = true;
        Ok(gzip)
    }

    pub(super) fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        self.checkpoints.take().unwrap_or_default()
    }

    /// Whether something came behind the last member, which gzip passes over.
    pub(super) const fn is_followed(&self) -> bool {
        matches!(self.within, Within::After)
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
                            let mark = self.inflater.step(&[0x1f], &mut [], Until::Block);
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
        self.header = Header::None;
        self.within = Within::Member;
        let (packed, unpacked) = (self.packed, self.unpacked);
        if let Some(points) = &mut self.checkpoints {
            // a member needs no window, so its start costs next to nothing: every quarter
            let last = points.last().map_or(0, |point| point.unpacked);
            if unpacked >= last + self.span / 4 {
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
        let before = input.len();
        let room = self.buffer.len() - self.filled;
        let (produced, stop) = self.step(input, room, sink)?;
        let stuck = produced == 0 && input.len() == before;
        match stop {
            Stop::More if self.filled == self.buffer.len() => self.within_block(input, sink)?,
            Stop::More if stuck || input.is_empty() => return Ok(ControlFlow::Break(())),
            stop => self.stopped(stop)?,
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Unpacks the next bytes, at most `room` of them, and hands them over.
    fn step(
        &mut self,
        input: &mut &[u8],
        room: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(usize, Stop), Problem> {
        let until = self.until(input);
        let output = &mut self.buffer[self.filled..self.filled + room];
        let step = self.inflater.step(input, output, until);
        let (consumed, rest) = input.split_at(step.consumed);
        *input = rest;
        if let Header::Coming { bytes, .. } = &mut self.header {
            bytes.extend_from_slice(consumed);
        }
        self.packed += consumed.len() as u64;
        self.unused = step.unused;
        let came = self.filled..self.filled + step.produced;
        self.filled = came.end;
        self.unpacked += step.produced as u64;
        // the block that is behind ends with `consumed`
        if matches!(step.stop, Stop::Block) {
            self.header = match (step.unused, consumed.last()) {
                (0, _) => Header::Coming {
                    bytes: Vec::new(),
                    front: 0,
                },
                (unused @ 1..=7, Some(last)) => Header::Coming {
                    bytes: vec![*last],
                    front: 8 - unused,
                },
                _ => Header::None,
            };
        }
        if !came.is_empty() {
            sink(&self.buffer[came])?;
        }
        Ok((step.produced, step.stop))
    }

    /// Where to come back next. Checkpoints take a few percent of the time.
    fn until(&self, input: &[u8]) -> Until {
        match &self.header {
            _ if self.checkpoints.is_none() => Until::Anything,
            Header::Coming { bytes, front } => {
                let mut next = bytes.iter().chain(input);
                let mut byte = || u16::from(next.next().copied().unwrap_or(0));
                let bits = (byte() | byte() << 8) >> front;
                // behind the bit that says whether it is the last: a block without codes
                match bits & 0b110 {
                    0 => Until::Block,
                    _ => Until::Header,
                }
            }
            Header::None | Header::Known(_) => Until::Block,
        }
    }

    fn stopped(&mut self, stop: Stop) -> Result<(), Problem> {
        match stop {
            Stop::More => {}
            Stop::Block => self.between_blocks(),
            // an empty block may have been in bits that were used up before: nothing came,
            // and there is more to read all the same
            Stop::Last => self.header = Header::None,
            Stop::Header => {
                let known = match &self.header {
                    Header::Coming { bytes, front } => BlockHeader::cut(bytes, *front, self.unused),
                    _ => None,
                };
                self.header = known.map_or(Header::None, Header::Known);
            }
            Stop::End if self.raw => self.within = Within::Trailer(TRAILER),
            Stop::End => self.within = Within::Between { half: false },
            Stop::Wrong(why) => return Err(Problem::Wrong(why)),
        }
        Ok(())
    }

    /// Keeps a checkpoint where the last one is far enough behind.
    fn between_blocks(&mut self) {
        if self.behind_last() >= self.span {
            let place = self.place();
            self.keep(place, Start::Window);
        }
    }

    /// Keeps a checkpoint within a long block. The inflater decodes ahead: where there is no
    /// more room it has used up the bits of the next code, which may be a match of which a
    /// part has come out. So it gets room for single bytes. Whenever its place in the bits
    /// moves on, the code before has come out whole, and the place before is behind it.
    fn within_block(&mut self, input: &mut &[u8], sink: &mut Sink<'_>) -> Result<(), Problem> {
        // more than two codes take, so that it never waits within one
        const INPUT: usize = 16;
        if self.behind_last() < self.span + self.span / 2
            || !matches!(self.header, Header::Known(_))
        {
            return Ok(());
        }
        self.buffer.copy_within(self.filled - WINDOW.., 0);
        self.filled = WINDOW;
        for _ in 0..=MATCH {
            if input.len() < INPUT {
                return Ok(());
            }
            let place = self.place();
            let (_, stop) = self.step(input, 1, sink)?;
            if !matches!(stop, Stop::More) {
                return self.stopped(stop);
            }
            if self.place() == place {
                continue;
            }
            let Header::Known(header) = &self.header else {
                return Ok(());
            };
            let header = header.clone();
            self.keep(place, |window| Start::Within { window, header });
            return Ok(());
        }
        Ok(())
    }

    /// Unpacked bytes since the last checkpoint; none where nobody wants any.
    fn behind_last(&self) -> u64 {
        let last = self.checkpoints.as_ref().and_then(|points| points.last());
        last.map_or(0, |point| self.unpacked - point.unpacked)
    }

    /// Where the next bit that is not used yet is, in bits of the packed layer.
    const fn place(&self) -> u64 {
        self.packed * 8 - self.unused as u64
    }

    /// Keeps a checkpoint for going on at `place` with what comes out next.
    fn keep(&mut self, place: u64, start: impl FnOnce(Box<[u8]>) -> Start) {
        let window = &self.buffer[self.filled.saturating_sub(WINDOW)..self.filled];
        // without it there is only one place less to begin at
        let (Some(points), Ok(window)) = (&mut self.checkpoints, zstd::bulk::compress(window, 1))
        else {
            return;
        };
        let packed = place.div_ceil(8);
        points.push(Checkpoint {
            packed,
            unpacked: self.unpacked,
            bits: (packed * 8 - place) as u8,
            start: start(window.into()),
        });
    }
}

fn no_memory(error: NoMemory) -> Problem {
    Problem::Wrong(error.to_string())
}

/// The start of a layer, whatever its packing.
pub(super) const START: Checkpoint = Checkpoint {
    packed: 0,
    unpacked: 0,
    bits: 0,
    start: Start::Fresh,
};
