//! What extends or replaces fields of the header behind it: PAX records and GNU's long names.

use crate::layer::entry::{Attributes, Parts};
use crate::model::pax;

use super::header::until_zero;

/// Most bytes of one entry's extended attributes, as Linux has it for one value.
const XATTR_BYTES: usize = 64 << 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    /// GNU's long name and link target, which hold whatever records say (as Go's archive/tar
    /// has it, which runtimes read with).
    pub long_name: Option<Vec<u8>>,
    pub long_link: Option<Vec<u8>>,
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<i128>,
    pub gid: Option<i128>,
    pub mtime: Option<(i64, u32)>,
    pub xattrs: Attributes,
    pub sparse: Option<Sparse>,
    /// Whether a name has a zero byte in it: Go's archive/tar refuses such records.
    pub zero_in_name: bool,
}

/// GNU's sparse files in PAX records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sparse {
    /// 1.0 has its map before the content; the earlier ones in the records.
    pub map_in_content: bool,
    pub map: Parts,
    pub real_size: Option<u64>,
    pub name: Option<Vec<u8>>,
    /// An offset whose length has not come yet (0.0).
    offset: Option<u64>,
}

/// What stands before the first zero, since no name has one in it; nothing where that is
/// empty, which says nothing.
pub(super) fn said(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = until_zero(bytes);
    (!text.is_empty()).then(|| text.to_vec())
}

impl Extension {
    /// Takes what `records` say, in place of those before. Gives nothing where they are
    /// malformed.
    pub(super) fn read(&mut self, records: &[u8]) -> Option<()> {
        *self = Self {
            long_name: self.long_name.take(),
            long_link: self.long_link.take(),
            ..Self::default()
        };
        pax::read(records, |key, value| self.take(key, value))
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if matches!(key, b"path" | b"linkpath" | b"uname" | b"gname") && value.contains(&0) {
            self.zero_in_name = true;
        }
        // an empty value takes the record back
        let text = || std::str::from_utf8(value).ok();
        match key {
            b"path" => self.path = said(value),
            b"linkpath" => self.link = said(value),
            b"size" if !value.is_empty() => self.size = Some(text()?.parse().ok()?),
            b"uid" if !value.is_empty() => self.uid = Some(text()?.parse().ok()?),
            b"gid" if !value.is_empty() => self.gid = Some(text()?.parse().ok()?),
            b"mtime" if !value.is_empty() => self.mtime = Some(time(text()?)?),
            key => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    let there: usize = self.xattrs.iter().map(|(n, v)| n.len() + v.len()).sum();
                    if there + name.len() + value.len() <= XATTR_BYTES {
                        self.xattrs.push((name.into(), value.into()));
                    }
                } else if let Some(name) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse(name, value)?;
                }
            }
        }
        Some(())
    }

    fn sparse(&mut self, name: &[u8], value: &[u8]) -> Option<()> {
        let count = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
        let sparse = self.sparse.get_or_insert_default();
        match name {
            b"major" => sparse.map_in_content = value != b"0",
            b"name" => sparse.name = said(value),
            b"realsize" | b"size" => sparse.real_size = Some(count()?),
            b"offset" => sparse.offset = Some(count()?),
            b"numbytes" => sparse.map.push((sparse.offset.take()?, count()?)),
            b"map" => {
                let numbers = value.split(|byte| *byte == b',');
                let numbers: Option<Vec<u64>> = numbers
                    .map(|n| std::str::from_utf8(n).ok()?.parse().ok())
                    .collect();
                let numbers = numbers.unwrap_or_default();
                sparse.map = numbers
                    .chunks_exact(2)
                    .map(|part| (part[0], part[1]))
                    .collect();
            }
            _ => {}
        }
        Some(())
    }
}

/// Seconds with a fraction, as `1350244992.023960108`.
fn time(text: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let mut nanoseconds = 0;
    for at in 0..9 {
        let digit = fraction.as_bytes().get(at).copied().unwrap_or(b'0');
        nanoseconds = nanoseconds * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    // -1.5 is half a second after -2
    if nanoseconds > 0 && whole.starts_with('-') {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds));
    }
    Some((seconds, nanoseconds))
}

/// An id as it can be kept, and whether it had to be cut.
pub(super) fn id(value: Option<i128>) -> (u32, bool) {
    match value.map(u32::try_from) {
        None => (0, false),
        Some(Ok(id)) => (id, false),
        Some(Err(_)) => (u32::MAX, true),
    }
}

/// The map before the content of a sparse file of GNU's PAX format 1.0: a count, and then
/// offset and length of each part, each a decimal number on a line of its own.
pub(super) enum MapText {
    /// There is more of it to come.
    More,
    /// What it says, and that it ends with a whole block.
    Whole(Parts),
    Malformed,
}

impl MapText {
    /// How many lines the map has, as its first one says; none where that cannot be read.
    pub(super) fn lines(text: &[u8]) -> usize {
        let first = text.split(|byte| *byte == b'\n').next();
        let count = first.and_then(|first| std::str::from_utf8(first).ok()?.parse().ok());
        count.map_or(0, |count: usize| count.saturating_mul(2).saturating_add(1))
    }

    pub(super) fn read(text: &[u8], most: usize) -> Self {
        let mut numbers = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let digits = line.strip_suffix(b"\n")?;
            Some(
                std::str::from_utf8(digits)
                    .ok()
                    .and_then(|n| n.parse::<u64>().ok()),
            )
        });
        let mut next = || match numbers.next() {
            None | Some(None) => Err(Self::More),
            Some(Some(None)) => Err(Self::Malformed),
            Some(Some(Some(number))) => Ok(number),
        };
        let mut read = || {
            let count = usize::try_from(next()?).map_err(|_| Self::Malformed)?;
            if count > most {
                return Err(Self::Malformed);
            }
            let mut map = Vec::new();
            for _ in 0..count {
                map.push((next()?, next()?));
            }
            Ok(map)
        };
        match read() {
            Ok(map) => Self::Whole(map),
            Err(end) => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_replace_fields() {
        let mut found = Extension::default();
        found
            .read(b"9 path=a\n12 size=700\n14 linkpath=b\n15 uid=4294967\n16 mtime=1350.5\n\0\0")
            .unwrap();
        assert_eq!(found.path.as_deref(), Some(&b"a"[..]));
        assert_eq!((found.size, found.uid), (Some(700), Some(4_294_967)));
        assert_eq!(found.mtime, Some((1350, 500_000_000)));
    }

    #[test]
    fn the_last_records_count_and_a_long_name_whatever_they_say() {
        let mut found = Extension {
            long_name: Some(b"long".to_vec()),
            ..Extension::default()
        };
        found.read(b"9 path=a\n12 size=700\n").unwrap();
        found.read(b"13 path=b\0cd\n").unwrap();
        assert_eq!(found.long_name.as_deref(), Some(&b"long"[..]));
        // no name has a zero in it
        assert_eq!((found.path.as_deref(), found.size), (Some(&b"b"[..]), None));
    }

    #[test]
    fn times_before_1970_and_odd_ones() {
        assert_eq!(time("-1.5"), Some((-2, 500_000_000)));
        assert_eq!(time("12"), Some((12, 0)));
        assert_eq!(time("1.0000000019"), Some((1, 1)));
        assert_eq!(time("1.x"), None);
    }

    #[test]
    fn a_map_is_read_once_it_is_whole() {
        assert!(matches!(MapText::read(b"2\n0\n10", 10), MapText::More));
        let MapText::Whole(map) = MapText::read(b"2\n0\n10\n512\n5\n\0\0", 10) else {
            panic!("whole");
        };
        assert_eq!(map, [(0, 10), (512, 5)]);
        assert!(matches!(MapText::read(b"99\n", 10), MapText::Malformed));
        assert!(matches!(MapText::read(b"x\n", 10), MapText::Malformed));
    }
}
