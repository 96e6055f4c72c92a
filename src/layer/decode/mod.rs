//! Unpacking a layer as it comes, with the places to begin at again.

mod frames;
mod gzip;
mod inflate;

use super::checkpoint::{Checkpoint, Start};
use super::index::{Objection, Packing};
use super::tar::{self, BLOCK};
use frames::Frames;
use gzip::{Gzip, START};

/// Takes what was unpacked. Its error ends the unpacking.
pub(super) type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Problem> + 'a;

/// Why a layer cannot be unpacked any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("its compressed bytes are wrong ({0})")]
    Wrong(String),
    #[error("it is compressed with {0}, which is not read here")]
    Packing(&'static str),
    #[error("its compressed bytes end too early")]
    CutOff,
    #[error("{0}")]
    TooMuch(String),
    /// Whoever takes the bytes has enough.
    #[error("nothing more is wanted")]
    Enough,
}

/// Longest mark that tells how bytes are packed.
const MARK: usize = 6;

/// What bzip2 writes begins with it.
const BZIP2: &[u8] = b"BZh";

/// Unpacks a layer from its start or from a checkpoint on.
pub(super) struct Decoder(State);

enum State {
    /// Too few bytes came to say how they are packed.
    Start {
        bytes: Vec<u8>,
        span: Option<u64>,
    },
    Plain {
        at: u64,
        span: u64,
        checkpoints: Option<Vec<Checkpoint>>,
    },
    Gzip(Box<Gzip>),
    Zstd(Box<Frames>),
    /// Waits for the byte of which some bits count.
    Bits {
        point: Box<Checkpoint>,
    },
}

impl Decoder {
    /// Unpacks from the start of a layer, however it is packed. Makes checkpoints about
    /// `span` unpacked bytes apart, where there is one.
    pub(super) const fn new(span: Option<u64>) -> Self {
        Self(State::Start {
            bytes: Vec::new(),
            span,
        })
    }

    /// Unpacks from a checkpoint. What is fed begins with the byte before it where some of
    /// its bits count.
    pub(super) fn at(packing: Packing, point: &Checkpoint) -> Result<Self, Problem> {
        Ok(Self(match packing {
            Packing::Plain => State::Plain {
                at: point.unpacked,
                span: 0,
                checkpoints: None,
            },
            Packing::Gzip if point.bits > 0 => State::Bits {
                point: Box::new(point.clone()),
            },
            Packing::Gzip => State::Gzip(Box::new(Gzip::at(point, 0)?)),
            Packing::Zstd => State::Zstd(Box::new(Frames::new(None)?)),
        }))
    }

    /// How the bytes are packed, once that can be told.
    pub(super) const fn packing(&self) -> Option<Packing> {
        match &self.0 {
            State::Start { .. } => None,
            State::Plain { .. } => Some(Packing::Plain),
            State::Gzip(_) | State::Bits { .. } => Some(Packing::Gzip),
            State::Zstd(_) => Some(Packing::Zstd),
        }
    }

    /// The checkpoints that were made.
    pub(super) fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        match &mut self.0 {
            State::Start { .. } | State::Bits { .. } => Vec::new(),
            State::Plain { checkpoints, .. } => checkpoints.take().unwrap_or_default(),
            State::Gzip(gzip) => gzip.take_checkpoints(),
            State::Zstd(frames) => frames.take_checkpoints(),
        }
    }

    /// What others object to in what was fed so far.
    pub(super) const fn objection(&self) -> Option<Objection> {
        match &self.0 {
            State::Gzip(gzip) if gzip.is_followed() => Some(Objection::BehindGzip),
            _ => None,
        }
    }

    /// Takes the next packed bytes.
    pub(super) fn feed(&mut self, input: &[u8], sink: &mut Sink<'_>) -> Result<(), Problem> {
        match &mut self.0 {
            State::Start { bytes, span } => {
                bytes.extend_from_slice(input);
                // a name in a tar archive may begin as what bzip2 writes does
                let wanted = if bytes.starts_with(BZIP2) {
                    BLOCK
                } else {
                    MARK
                };
                if bytes.len() < wanted {
                    return Ok(());
                }
                let (bytes, span) = (std::mem::take(bytes), *span);
                self.begin(&bytes, span)?;
                self.feed(&bytes, sink)
            }
            State::Plain {
                at,
                span,
                checkpoints,
            } => {
                *at += input.len() as u64;
                if let Some(points) = checkpoints {
                    let last = points.last().map_or(0, |point| point.unpacked);
                    if *at >= last + *span {
                        points.push(Checkpoint {
                            packed: *at,
                            unpacked: *at,
                            bits: 0,
                            start: Start::Fresh,
                        });
                    }
                }
                sink(input)
            }
            State::Gzip(gzip) => gzip.feed(input, sink),
            State::Zstd(frames) => frames.feed(input, sink),
            State::Bits { point } => {
                let Some((before, rest)) = input.split_first() else {
                    return Ok(());
                };
                let gzip = Gzip::at(point, *before)?;
                self.0 = State::Gzip(Box::new(gzip));
                self.feed(rest, sink)
            }
        }
    }

    /// Says that no more bytes come.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), Problem> {
        if let State::Start { bytes, span } = &mut self.0 {
            let (bytes, span) = (std::mem::take(bytes), *span);
            self.begin(&bytes, span)?;
            self.feed(&bytes, sink)?;
        }
        let may_end = match &self.0 {
            State::Gzip(gzip) => gzip.may_end(),
            State::Zstd(frames) => frames.may_end(),
            State::Plain { .. } => true,
            State::Start { .. } | State::Bits { .. } => false,
        };
        if may_end {
            Ok(())
        } else {
            Err(Problem::CutOff)
        }
    }

    fn begin(&mut self, start: &[u8], span: Option<u64>) -> Result<(), Problem> {
        let begins = |mark: &[u8]| start.starts_with(mark);
        // a skippable frame may come first (RFC 8878, 3.1.2)
        let skippable =
            start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == [0x2a, 0x4d, 0x18];
        self.0 = if begins(&[0x1f, 0x8b]) {
            State::Gzip(Box::new(Gzip::new(span)?))
        } else if begins(&[0x28, 0xb5, 0x2f, 0xfd]) || skippable {
            State::Zstd(Box::new(Frames::new(span)?))
        } else if begins(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
            return Err(Problem::Packing("xz"));
        } else if begins(BZIP2) && !tar::begins(start) {
            return Err(Problem::Packing("bzip2"));
        } else {
            State::Plain {
                at: 0,
                span: span.unwrap_or_default(),
                checkpoints: span.map(|_| vec![START]),
            }
        };
        Ok(())
    }
}
