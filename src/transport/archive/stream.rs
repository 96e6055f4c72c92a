//! An archive's bytes from its start on, for the walk over its entries.

use std::io::{self, Read};

use super::section::Section;
use crate::transport::Problem;
use crate::transport::local::{Stopped, Work, fill, problem_of};

/// How much is unpacked at once where it is only stepped over, in bytes.
const STEP_BYTES: usize = 64 << 10;

/// Bytes that are read one after the other.
pub(super) trait Stream {
    /// Fills `buffer`; with fewer bytes only where the stream ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble>;

    /// Steps over `bytes`, and says how many there were before the stream ended.
    fn skip(&mut self, bytes: u64) -> Result<u64, Trouble>;
}

/// Why a stream cannot be read on.
pub(super) enum Trouble {
    /// The archive cannot be used.
    Problem(Problem),
    /// What comes next is not readable; what came before is.
    Damaged(String),
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// A plain archive: stepping over is free.
pub(super) struct Plain {
    pub(super) section: Section,
    pub(super) work: Work,
}

impl Stream for Plain {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let read = self
            .work
            .go_on()
            .and_then(|()| fill(&mut self.section, buffer));
        Ok(read.map_err(|error| problem_of(&error))?)
    }

    fn skip(&mut self, bytes: u64) -> Result<u64, Trouble> {
        Ok(self.section.skip(bytes))
    }
}

/// A compressed archive: everything is unpacked, wanted or not.
pub(super) struct Unpacked(pub(super) Box<dyn Read + Send>);

impl Stream for Unpacked {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        fill(&mut self.0, buffer).map_err(|error| trouble(&error))
    }

    fn skip(&mut self, bytes: u64) -> Result<u64, Trouble> {
        skip(&mut self.0, bytes).map_err(|error| trouble(&error))
    }
}

/// Whether the disk failed, the reading was stopped, or the compressed bytes are wrong.
fn trouble(error: &io::Error) -> Trouble {
    let stopped = error.get_ref().is_some_and(|inner| inner.is::<Stopped>());
    if stopped || error.raw_os_error().is_some() {
        Trouble::Problem(problem_of(error))
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        Trouble::Damaged("its compressed bytes end too early".to_owned())
    } else {
        Trouble::Damaged(format!("its compressed bytes are wrong ({error})"))
    }
}

/// `reader` behind its first `offset` bytes, which are read when it is.
pub(super) fn step_over<R: Read>(reader: R, offset: u64) -> SteppedOver<R> {
    SteppedOver { reader, offset }
}

pub(super) struct SteppedOver<R> {
    reader: R,
    offset: u64,
}

impl<R: Read> Read for SteppedOver<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.offset > 0 {
            skip(&mut self.reader, self.offset)?;
            self.offset = 0;
        }
        self.reader.read(buffer)
    }
}

fn skip(reader: &mut impl Read, bytes: u64) -> io::Result<u64> {
    let mut buffer = [0; STEP_BYTES];
    let mut left = bytes;
    while left > 0 {
        let wanted = usize::try_from(left).map_or(STEP_BYTES, |left| left.min(STEP_BYTES));
        let count = fill(reader, &mut buffer[..wanted])?;
        if count == 0 {
            break;
        }
        left -= count as u64;
    }
    Ok(bytes - left)
}
