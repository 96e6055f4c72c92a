//! How an archive or a layer is compressed, and its bytes unpacked within limits.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::section::Section;
use super::{unpacked_limit, windows};
use crate::transport::Problem;
use crate::transport::local::{Stopped, Work, problem_of};

/// Largest window that a zstd stream may ask for, as the power of two of its bytes: 128 MiB,
/// zstd's own default. More takes `zstd --long=31` to write.
const ZSTD_WINDOW: u32 = 27;

/// How much of what is packed is read at once, in bytes.
const PACKED_BYTES: usize = 64 << 10;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Packing {
    None,
    Gzip,
    Zstd,
    /// In a way that is known and not read here.
    Other(&'static str),
}

impl Packing {
    /// What the first bytes say.
    pub(in crate::transport) fn of_start(start: &[u8]) -> Self {
        let begins = |magic: &[u8]| start.starts_with(magic);
        if begins(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if begins(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else if begins(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
            Self::Other("xz")
        } else if begins(b"BZh") {
            Self::Other("bzip2")
        } else {
            Self::None
        }
    }

    /// How much memory unpacking takes to look back at, in bytes, by the first bytes `start`.
    pub(in crate::transport) fn window(self, start: &[u8]) -> u64 {
        match self {
            Self::Zstd => windows::of_zstd(start),
            Self::None | Self::Gzip | Self::Other(_) => 0,
        }
    }

    /// What the first bytes of a file say.
    pub(super) fn of(file: &Section) -> io::Result<Self> {
        let mut start = Vec::with_capacity(6);
        file.clone().take(6).read_to_end(&mut start)?;
        Ok(Self::of_start(&start))
    }
}

/// Unpacks `packed`, which has `length` bytes, as it is read. Past the limit for its size it
/// is an error, as it is when nobody waits any more.
///
/// # Errors
/// Where it is compressed in a way that is not read here.
pub(in crate::transport) fn unpack(
    packing: Packing,
    packed: impl Read + Send + 'static,
    length: u64,
    work: &Work,
) -> Result<Box<dyn Read + Send>, Problem> {
    let packed = Counted {
        inner: packed,
        done: 0,
        total: length,
        work: work.clone(),
    };
    let unpacked: Box<dyn Read + Send> = match packing {
        Packing::None => Box::new(packed),
        Packing::Gzip => {
            let packed = io::BufReader::with_capacity(PACKED_BYTES, packed);
            Box::new(MultiGzDecoder::new(packed))
        }
        Packing::Zstd => {
            let mut decoder = zstd::Decoder::new(packed).map_err(|error| problem_of(&error))?;
            decoder
                .window_log_max(ZSTD_WINDOW)
                .map_err(|error| problem_of(&error))?;
            Box::new(decoder)
        }
        Packing::Other(how) => return Err(Problem::Compressed { how }),
    };
    let limit = unpacked_limit(length);
    Ok(Box::new(Limited {
        inner: unpacked,
        left: limit,
        limit,
        work: work.clone(),
    }))
}

/// Tells how much of the packed bytes was read.
struct Counted<R> {
    inner: R,
    done: u64,
    total: u64,
    work: Work,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.done += count as u64;
        self.work.tell(self.done, Some(self.total));
        Ok(count)
    }
}

/// Stops past a number of bytes, or when nobody waits any more.
struct Limited {
    inner: Box<dyn Read + Send>,
    left: u64,
    limit: u64,
    work: Work,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.work.go_on()?;
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Stopped::TooMuch(self.limit))),
        }
        Ok(count)
    }
}
