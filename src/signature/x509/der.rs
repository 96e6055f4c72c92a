//! A reader of DER (X.690), for exact bytes: what was signed is a slice of what came.

/// Why bytes are not DER.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    #[error("the DER data ends too early")]
    Short,
    #[error("a length of the DER data is not written in the shortest form")]
    Length,
    #[error("a tag of the DER data is longer than one byte")]
    Tag,
    #[error("the DER data has tag {found:#04x} where {expected:#04x} belongs")]
    Unexpected { expected: u8, found: u8 },
    #[error("{0} bytes stand behind the DER data")]
    Trailing(usize),
    #[error("the DER data has no time that can be read")]
    Time,
}

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// An element of these parts, in the shortest form.
pub fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let digits = length.to_be_bytes();
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    let mut bytes = vec![tag];
    match digits {
        [] => bytes.push(0),
        [short] if *short < 0x80 => bytes.push(*short),
        digits => {
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend_from_slice(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The tag of a constructed, context-specific element.
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub tag: u8,
    /// Tag, length and content.
    pub full: &'a [u8],
    pub content: &'a [u8],
}

/// Reads one element after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, where there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element.
    pub fn element(&mut self) -> Result<Element<'a>, DerError> {
        let bytes = self.rest;
        let tag = *bytes.first().ok_or(DerError::Short)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::Tag);
        }
        let first = *bytes.get(1).ok_or(DerError::Short)?;
        let (header, length) = if first < 0x80 {
            (2, usize::from(first))
        } else {
            let count = usize::from(first & 0x7f);
            // indefinite lengths are BER; more than four bytes no envelope has
            if count == 0 || count > 4 {
                return Err(DerError::Length);
            }
            let digits = bytes.get(2..2 + count).ok_or(DerError::Short)?;
            let length = digits.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            if digits[0] == 0 || length < 0x80 {
                return Err(DerError::Length);
            }
            (2 + count, length)
        };
        let end = header + length;
        let full = bytes.get(..end).ok_or(DerError::Short)?;
        self.rest = &bytes[end..];
        Ok(Element {
            tag,
            full,
            content: &full[header..],
        })
    }

    /// The next element, which must have `tag`.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, DerError> {
        let element = self.element()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(DerError::Unexpected {
                expected: tag,
                found: element.tag,
            })
        }
    }

    /// The next element, where it has `tag`.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.element().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Nothing may be left.
    pub const fn end(&self) -> Result<(), DerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DerError::Trailing(self.rest.len()))
        }
    }
}

impl<'a> Element<'a> {
    /// Reads the elements inside.
    pub const fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The magnitude of an INTEGER, without leading zeros.
    pub fn magnitude(&self) -> &'a [u8] {
        let zeros = self.content.iter().take_while(|b| **b == 0).count();
        &self.content[zeros..]
    }

    /// A small INTEGER that is not negative.
    pub fn small(&self) -> Option<u64> {
        let bytes = self.magnitude();
        let negative = self.content.first().is_none_or(|b| b & 0x80 != 0);
        (!negative && bytes.len() <= 8).then(|| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// The time of a GeneralizedTime with or without a fraction (RFC 3161 allows one).
    pub fn generalized_time(&self) -> Result<jiff::Timestamp, DerError> {
        let text = std::str::from_utf8(self.content).map_err(|_| DerError::Time)?;
        let text = text.strip_suffix('Z').ok_or(DerError::Time)?;
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if whole.len() != 14 || !digits(whole) || !fraction.is_none_or(digits) {
            return Err(DerError::Time);
        }
        let part = |from: usize, to: usize| &whole[from..to];
        let written = format!(
            "{}-{}-{}T{}:{}:{}{}Z",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(8, 10),
            part(10, 12),
            part(12, 14),
            fraction.map_or_else(String::new, |f| format!(".{}", &f[..f.len().min(9)])),
        );
        written.parse().map_err(|_| DerError::Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_their_shortest_form_only() {
        let mut reader = Reader::new(&[0x04, 0x02, 1, 2]);
        assert_eq!(reader.expect(OCTET_STRING).unwrap().content, [1, 2]);
        assert!(reader.end().is_ok());
        for (bytes, expected) in [
            (&[0x04][..], DerError::Short),
            (&[0x04, 2, 1], DerError::Short),
            (&[0x04, 0x81, 2, 1, 2], DerError::Length),
            (&[0x30, 0x80, 0, 0], DerError::Length),
            (&[0x1f, 1, 1], DerError::Tag),
            (&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], DerError::Short),
        ] {
            assert_eq!(Reader::new(bytes).element().unwrap_err(), expected);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_536] {
            let content = vec![7; length];
            let bytes = write(
                OCTET_STRING,
                &[&content[..length / 2], &content[length / 2..]],
            );
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.expect(OCTET_STRING).unwrap().content, content);
            assert!(reader.end().is_ok());
        }
    }

    #[test]
    fn a_time_may_have_a_fraction() {
        let time = |text: &str| {
            let mut bytes = vec![GENERALIZED_TIME, text.len() as u8];
            bytes.extend(text.bytes());
            let element = Reader::new(&bytes).element().unwrap();
            element.generalized_time().map(|time| time.to_string())
        };
        assert_eq!(
            time("20250121091746.641Z").unwrap(),
            "2025-01-21T09:17:46.641Z"
        );
        assert_eq!(time("20250121091746Z").unwrap(), "2025-01-21T09:17:46Z");
        for bad in [
            "20250121091746",
            "20251321091746Z",
            "2025012109174Z",
            "20250121091746.Z",
        ] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
