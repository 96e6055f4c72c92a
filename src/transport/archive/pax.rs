//! What PAX records say, as far as the files of an image need it.

use crate::model::pax;

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
    /// Takes what `records` say. Gives nothing where they are malformed.
    pub(super) fn read(&mut self, records: &[u8]) -> Option<()> {
        pax::read(records, |key, value| {
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
            Some(())
        })
    }
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
    fn numbers_that_are_none_are_refused() {
        assert_eq!(read(b"12 size=-1\n"), None);
        assert_eq!(read(b"path=a\n"), None);
    }
}
