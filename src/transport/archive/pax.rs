//! PAX records (POSIX.1-2001 pax, "Extended Header"): `LENGTH KEY=VALUE\n`.

/// What extends or replaces fields of the header behind it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    /// In bytes.
    pub(super) size: Option<u64>,
    /// The content is that of GNU's sparse files: a map and parts.
    pub(super) sparse: bool,
}

impl Extension {
    /// Takes what `records` say. Each record's length decides where it ends, whatever is in
    /// its value: two readers must not see different names. Gives nothing where they are
    /// malformed.
    pub(super) fn read(&mut self, records: &[u8]) -> Option<()> {
        let mut rest = records;
        // some writers fill up with zeros
        while rest.first().is_some_and(|first| *first != 0) {
            let (record, behind) = next(rest)?;
            rest = behind;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Some(())
    }
}

/// The first record without its length and line feed, and what stands behind it.
fn next(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.strip_suffix(b"\n")?.get(space + 1..)?;
    Some((record, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[u8]) -> Option<Extension> {
        let mut extension = Extension::default();
        extension.read(records)?;
        Some(extension)
    }

    #[test]
    fn records_replace_fields() {
        let found = read(b"9 path=a\n12 size=700\n14 linkpath=b\n10 mtime=\n").unwrap();
        assert_eq!(found.path.as_deref(), Some(&b"a"[..]));
        assert_eq!(found.link.as_deref(), Some(&b"b"[..]));
        assert_eq!(found.size, Some(700));
        assert!(!found.sparse);
        assert!(read(b"22 GNU.sparse.major=1\n").unwrap().sparse);
        assert_eq!(read(b""), Some(Extension::default()));
        assert_eq!(read(b"9 path=a\n\0\0\0").unwrap().path.unwrap(), b"a");
    }

    #[test]
    fn a_value_may_hold_what_looks_like_a_record() {
        let found = read(b"24 comment=x\n11 path=b\n\n9 path=a\n").unwrap();
        assert_eq!(found.path.unwrap(), b"a");
    }

    #[test]
    fn malformed_records_are_refused() {
        for records in [
            &b"path=a\n"[..],
            b"9 path=a",
            b"8 path=a\n",
            b"99 path=a\n",
            b"7 patha\n",
            b"12 size=-1\n",
            b"18446744073709551616 path=a\n",
            b" path=a\n",
            b"0 path=a\n",
            b"2 \n",
        ] {
            assert_eq!(
                read(records),
                None,
                "{:?}",
                String::from_utf8_lossy(records)
            );
        }
    }
}
