//! PAX records (POSIX.1-2001 pax, "pax Extended Header"): `LENGTH KEY=VALUE\n`, with which
//! tar archives say what a header has no room for.

/// Hands over key and value of each record, in their order. Each record's length decides
/// where it ends, whatever is in its value: two readers must not see different names. Gives
/// nothing where they are malformed, or where `take` gives nothing.
pub(crate) fn read(records: &[u8], mut take: impl FnMut(&[u8], &[u8]) -> Option<()>) -> Option<()> {
    let mut rest = records;
    // some writers fill up with zeros
    while rest.first().is_some_and(|first| *first != 0) {
        let (record, behind) = next(rest)?;
        rest = behind;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        take(&record[..equals], &record[equals + 1..])?;
    }
    Some(())
}

/// The first record without its length and line feed, and what stands behind it.
fn next(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.strip_suffix(b"\n")?.get(space + 1..)?;
    Some((record, rest))
}

/// Appends a record. Its length counts its own digits.
pub(crate) fn append(records: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} {key}=").as_bytes());
    records.extend_from_slice(value);
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(records: &[u8]) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        read(records, |key, value| {
            found.push((text(key), text(value)));
            Some(())
        })?;
        Some(found)
    }

    #[test]
    fn a_value_may_hold_what_looks_like_a_record() {
        let found = all(b"24 comment=x\n11 path=b\n\n9 path=a\n\0\0").unwrap();
        let (comment, path) = ("comment".to_owned(), "path".to_owned());
        assert_eq!(
            found,
            [
                (comment, "x\n11 path=b\n".to_owned()),
                (path, "a".to_owned())
            ]
        );
        assert_eq!(all(b""), Some(Vec::new()));
        assert_eq!(read(b"9 path=a\n", |_, _| None), None);
    }

    #[test]
    fn malformed_records_are_refused() {
        for records in [
            &b"path=a\n"[..],
            b"9 path=a",
            b"8 path=a\n",
            b"99 path=a\n",
            b"7 patha\n",
            b"18446744073709551616 path=a\n",
            b" path=a\n",
            b"0 path=a\n",
            b"2 \n",
        ] {
            let shown = String::from_utf8_lossy(records);
            assert_eq!(all(records), None, "{shown:?}");
        }
    }

    #[test]
    fn a_records_length_counts_its_own_digits() {
        for length in (0..120).chain(980..1010) {
            let mut records = Vec::new();
            let value = "x".repeat(length);
            append(&mut records, "path", value.as_bytes());
            append(&mut records, "b", b"");
            let text = String::from_utf8(records.clone()).unwrap();
            let said: usize = text.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(said, text.len() - "5 b=\n".len());
            assert_eq!(all(&records).unwrap()[0], ("path".to_owned(), value));
        }
        let mut records = Vec::new();
        append(&mut records, "path", b"a");
        assert_eq!(records, b"9 path=a\n");
    }
}
