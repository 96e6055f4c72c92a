//! Zstandard (RFC 8878) in one or many frames. Only the start of a frame is a checkpoint.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::gzip::START;
use super::{Problem, Sink};
use crate::layer::checkpoint::{Checkpoint, Start};

/// Largest window that a frame may ask for, as the power of two of its bytes: 128 MiB,
/// zstd's own default.
const WINDOW: u32 = 27;

/// Room for what is unpacked at once.
const ROOM: usize = 256 << 10;

pub(super) struct Frames {
    decoder: Decoder<'static>,
    buffer: Box<[u8]>,
    packed: u64,
    unpacked: u64,
    /// Whether a frame is over and the next byte begins another.
    between: bool,
    /// Unpacked bytes between two checkpoints.
    span: u64,
    checkpoints: Option<Vec<Checkpoint>>,
}

impl Frames {
    pub(super) fn new(span: Option<u64>) -> Result<Self, Problem> {
        let wrong = |error: std::io::Error| Problem::Wrong(error.to_string());
        let mut decoder = Decoder::new().map_err(wrong)?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW))
            .map_err(wrong)?;
        Ok(Self {
            decoder,
            buffer: vec![0; ROOM].into_boxed_slice(),
            packed: 0,
            unpacked: 0,
            between: true,
            span: span.unwrap_or_default(),
            checkpoints: span.map(|_| vec![START]),
        })
    }

    pub(super) fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        self.checkpoints.take().unwrap_or_default()
    }

    pub(super) const fn may_end(&self) -> bool {
        self.between
    }

    pub(super) fn feed(&mut self, mut input: &[u8], sink: &mut Sink<'_>) -> Result<(), Problem> {
        let mut more = true;
        while !input.is_empty() || more {
            if self.between && !input.is_empty() {
                self.begin_frame();
            }
            let mut from = InBuffer::around(input);
            let mut to = OutBuffer::around(&mut self.buffer[..]);
            let left = self
                .decoder
                .run(&mut from, &mut to)
                .map_err(|error| Problem::Wrong(error.to_string()))?;
            let (consumed, produced) = (from.pos(), to.pos());
            input = &input[consumed..];
            self.packed += consumed as u64;
            self.unpacked += produced as u64;
            if produced > 0 {
                sink(&self.buffer[..produced])?;
            }
            self.between = left == 0 && (consumed > 0 || produced > 0 || self.between);
            // what did not fit is still inside
            more = produced == self.buffer.len();
            if consumed == 0 && produced == 0 {
                break;
            }
        }
        Ok(())
    }

    fn begin_frame(&mut self) {
        let (packed, unpacked) = (self.packed, self.unpacked);
        if let Some(points) = &mut self.checkpoints {
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
}
