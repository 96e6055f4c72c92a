//! Named files, wherever they lie.

use std::io::{self, Read};
use std::ops::Range;

use super::{Work, problem_of};
use crate::transport::Problem;

/// Named files of a folder, or of an archive that is read in place.
///
/// Names are written with `/` and lie inside: callers make them of constants and of parsed
/// digests, and check what they take from a list that came with the image.
pub(in crate::transport) trait Files: Send + Sync {
    /// Opens `range` of the file `name`, or all of it. What lies behind its end is empty.
    fn open(&self, name: &str, range: Option<Range<u64>>, work: &Work) -> Result<Content, Problem>;

    /// Length of the file `name` in bytes, without reading it.
    fn length(&self, name: &str) -> Result<u64, Problem>;

    /// The first bytes of the file `name`, zeros where it has fewer, and its length.
    fn start(&self, name: &str) -> Result<(Start, u64), Problem>;

    /// The names in the folder `folder`, in any order; what is no text is left out.
    fn names(&self, folder: &str) -> Result<Vec<String>, Problem>;

    /// What this is, said as the reason why it is no image.
    fn describe(&self) -> Problem;

    /// Reads the whole file `name`, at most `limit` bytes. For files that no digest stands
    /// for: where there are two of a name, none is read.
    fn read(&self, name: &str, limit: u64, work: &Work) -> Result<Vec<u8>, Problem> {
        read_content(self.open(name, None, work)?, limit)
    }
}

/// The first bytes of a file: enough to see what it is.
pub(in crate::transport) type Start = [u8; 16];

/// A part of a file, to be read.
pub struct Content {
    pub(in crate::transport) reader: Box<dyn Read + Send>,
    /// Length of the part in bytes.
    pub(in crate::transport) length: u64,
}

/// Where `range` begins in something of `whole` bytes, and how long that part is.
pub(in crate::transport) fn part_of(whole: u64, range: Option<Range<u64>>) -> (u64, u64) {
    let Some(range) = range else {
        return (0, whole);
    };
    // what lies behind the end is empty, and no system seeks as far as u64 counts
    let (start, end) = (range.start.min(whole), range.end.min(whole));
    (start, end.saturating_sub(start))
}

/// Fills `buffer`; with fewer bytes only where `reader` ends.
pub(in crate::transport) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads all of `content`, at most `limit` bytes.
pub(in crate::transport) fn read_content(content: Content, limit: u64) -> Result<Vec<u8>, Problem> {
    if content.length > limit {
        return Err(Problem::TooLarge {
            found: Some(content.length),
            limit,
        });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(content.length).unwrap_or_default());
    // it may grow while it is read
    let mut reader = content.reader.take(limit + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| problem_of(&error))?;
    if bytes.len() as u64 > limit {
        return Err(Problem::TooLarge { found: None, limit });
    }
    Ok(bytes)
}
