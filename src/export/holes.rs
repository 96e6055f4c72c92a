//! Files with holes, written so that the holes take no room where the file system can do that.

use std::io::{self, Seek, SeekFrom, Write};

/// Writes a file's bytes one after the other. Of a file that has holes in its layer, zeros
/// are passed over and not written.
#[derive(Debug)]
pub(super) struct Writer<W> {
    file: W,
    holes: bool,
    /// Zeros since the last byte that was written.
    passed: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Into a new, empty file; `holes` says whether the file has any.
    pub(super) const fn new(file: W, holes: bool) -> Self {
        Self {
            file,
            holes,
            passed: 0,
        }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.holes && bytes.iter().all(|byte| *byte == 0) {
            self.passed += bytes.len() as u64;
            return Ok(());
        }
        self.pass(0)?;
        self.file.write_all(bytes)
    }

    /// The file as it is, once all its bytes were handed over.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.passed > 0 {
            // a file ends with its last byte that was written
            self.pass(1)?;
            self.file.write_all(&[0])?;
        }
        Ok(self.file)
    }

    /// Moves behind the zeros that were passed over, but for `last` of them.
    fn pass(&mut self, last: u64) -> io::Result<()> {
        let mut left = std::mem::take(&mut self.passed).saturating_sub(last);
        while left > 0 {
            let step = i64::try_from(left).unwrap_or(i64::MAX);
            self.file.seek(SeekFrom::Current(step))?;
            left -= step.unsigned_abs();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn zeros_are_passed_over_and_are_there_when_it_is_read() {
        let pieces: [&[u8]; 6] = [&[0; 5], b"a", &[0; 3], &[0; 4], b"b\0c", &[0; 7]];
        for holes in [false, true] {
            for count in 0..=pieces.len() {
                let mut writer = Writer::new(Cursor::new(Vec::new()), holes);
                for piece in &pieces[..count] {
                    writer.bytes(piece).unwrap();
                }
                let written = writer.finish().unwrap().into_inner();
                assert_eq!(written, pieces[..count].concat(), "{holes} {count}");
            }
        }
    }
}
