//! Memory that files are read into.

use std::ops::{Deref, DerefMut};

/// What its address is a multiple of, in bytes.
const ALIGNED: usize = 64;

/// Bytes of a fixed number that the system copies into quickly. Large memory begins 16 bytes
/// behind the start of a page where it comes from an allocator that keeps its own notes
/// there, and copying to the first 31 bytes of a page is three times slower on processors of
/// AMD's family 19h (1.2 instead of 3.7 GB/s of a file that the system holds in memory).
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// `length` zeros.
    pub(super) fn new(length: usize) -> Self {
        let bytes = vec![0; length + ALIGNED];
        // a place that cannot be told is only slower
        let start = bytes.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        Self {
            bytes,
            start,
            length,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_as_long_as_asked_and_begins_where_copying_is_fast() {
        let sizes = [0, 1, 63, 64, 4096, 100_000, 256 << 10, (1 << 20) + 1];
        let buffers: Vec<Buffer> = sizes.map(Buffer::new).into();
        for (buffer, size) in buffers.iter().zip(sizes) {
            assert_eq!(buffer.len(), size);
            assert_eq!(buffer.as_ptr().addr() % ALIGNED, 0, "{size} bytes");
        }
    }
}
