//! The 512 bytes before each entry: POSIX.1-1988 ustar, GNU tar's and older forms.

use crate::layer::entry::Parts;

/// Size of a header in bytes; content is padded to a multiple of it.
pub(in crate::layer) const BLOCK: usize = 512;

/// A header whose check sum is right.
#[derive(Clone)]
pub(super) struct Header(pub(super) Box<[u8; BLOCK]>);

/// What follows a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Hardlink,
    Symlink,
    Char,
    Block,
    Directory,
    Fifo,
    GnuSparse,
    LongName,
    LongLink,
    Pax,
    PaxGlobal,
    /// A volume label or the like: not a file.
    Label,
}

impl Header {
    /// Whether nothing is in it: the end of the archive.
    pub(super) fn is_zero(block: &[u8; BLOCK]) -> bool {
        block.iter().all(|byte| *byte == 0)
    }

    /// Gives nothing where the check sum is wrong.
    pub(super) fn read(block: Box<[u8; BLOCK]>) -> Option<Self> {
        const CHECKSUM: std::ops::Range<usize> = 148..156;
        let expected = octal(&block[CHECKSUM])?;
        // the check sum is counted with spaces in its own place; some writers counted with
        // signed bytes
        let (mut unsigned, mut signed) = (0i64, 0i64);
        for (at, byte) in block.iter().enumerate() {
            let byte = if CHECKSUM.contains(&at) { b' ' } else { *byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        let expected = i64::try_from(expected).ok()?;
        (expected == unsigned || expected == signed).then_some(Self(block))
    }

    pub(super) fn kind(&self) -> Type {
        match self.0[156] {
            b'1' => Type::Hardlink,
            b'2' => Type::Symlink,
            b'3' => Type::Char,
            b'4' => Type::Block,
            // GNU's incremental dumps list a folder's names in its content
            b'5' | b'D' => Type::Directory,
            b'6' => Type::Fifo,
            b'S' => Type::GnuSparse,
            b'L' => Type::LongName,
            b'K' => Type::LongLink,
            b'x' | b'X' => Type::Pax,
            b'g' => Type::PaxGlobal,
            b'V' | b'M' | b'N' => Type::Label,
            // what is not known is read as a file, as POSIX asks
            _ => Type::File,
        }
    }

    /// Whether its content is a list of names, which has to be passed over.
    pub(super) const fn is_dump(&self) -> bool {
        self.0[156] == b'D'
    }

    /// Whether it is of the oldest form, which knew files alone.
    pub(super) const fn has_no_type(&self) -> bool {
        self.0[156] == 0
    }

    pub(super) fn name(&self) -> Vec<u8> {
        let name = until_zero(&self.0[..100]);
        let prefix = until_zero(&self.0[345..500]);
        // GNU's form has other things there
        if self.is_ustar() && !prefix.is_empty() {
            let mut whole = prefix.to_vec();
            whole.push(b'/');
            whole.extend_from_slice(name);
            return whole;
        }
        name.to_vec()
    }

    pub(super) fn link(&self) -> Vec<u8> {
        until_zero(&self.0[157..257]).to_vec()
    }

    pub(super) fn size(&self) -> Option<u64> {
        number(&self.0[124..136]).and_then(|size| u64::try_from(size).ok())
    }

    pub(super) fn mode(&self) -> u32 {
        number(&self.0[100..108]).map_or(0, |mode| mode as u32 & 0o7777)
    }

    /// User, group; nothing where it cannot be read.
    pub(super) fn ids(&self) -> (Option<i128>, Option<i128>) {
        (number(&self.0[108..116]), number(&self.0[116..124]))
    }

    pub(super) fn mtime(&self) -> i64 {
        let time = number(&self.0[136..148]).unwrap_or(0);
        i64::try_from(time).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX })
    }

    pub(super) fn device(&self) -> (u32, u32) {
        let part = |field: &[u8]| {
            number(field)
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0)
        };
        (part(&self.0[329..337]), part(&self.0[337..345]))
    }

    /// GNU's map of a sparse file, the real size, and whether blocks of map follow.
    pub(super) fn gnu_sparse(&self) -> Option<(Parts, u64, bool)> {
        let mut map = Vec::new();
        read_map(&self.0[386..482], &mut map)?;
        let real = number(&self.0[483..495]).and_then(|size| u64::try_from(size).ok())?;
        Some((map, real, self.0[482] != 0))
    }

    fn is_ustar(&self) -> bool {
        self.0[257..263] == *b"ustar\0"
    }
}

/// Adds the parts that a block of GNU's map lists; an empty one ends it.
pub(super) fn read_map(fields: &[u8], map: &mut Vec<(u64, u64)>) -> Option<()> {
    for field in fields.chunks_exact(24) {
        if field[0] == 0 && field[12] == 0 {
            break;
        }
        let part = |field: &[u8]| number(field).and_then(|n| u64::try_from(n).ok());
        map.push((part(&field[..12])?, part(&field[12..])?));
    }
    Some(())
}

/// A number in octal, or in GNU's base 256 where the first bit is set.
pub(super) fn number(field: &[u8]) -> Option<i128> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        return octal(field).map(i128::from);
    }
    // two's complement without the first bit
    let mut value = if first & 0x40 == 0 {
        i128::from(first & 0x3f)
    } else {
        i128::from(first & 0x3f) - 64
    };
    for byte in &field[1..] {
        value = (value << 8) | i128::from(*byte);
    }
    Some(value)
}

/// Octal digits between spaces and zeros; nothing counts as 0.
fn octal(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte));
    let Some(start) = start else {
        return Some(0);
    };
    let digits = &field[start..];
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0u64, |value, digit| {
        let digit = matches!(digit, b'0'..=b'7').then(|| u64::from(digit - b'0'))?;
        value.checked_mul(8)?.checked_add(digit)
    })
}

/// A text without the zero byte that ends it.
pub(super) fn until_zero(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_of_base_256() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"77777777", Some(0o77_777_777)),
            (b"12a\0", None),
            (&[0x80, 0, 0, 0, 0, 0x20, 0, 0], Some(0x20_0000)),
            (&[0xff, 0xff, 0xff, 0xff], Some(-1)),
            (&[0xff, 0xff, 0xff, 0xfe], Some(-2)),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
