//! Names of entries: data that never leads anywhere but to another entry.

use crate::model::limits;

/// A name without `./` and doubled slashes. Nothing where it could mean something outside
/// of the archive: it is absolute, goes up, or is no text.
pub(in crate::transport) fn normal(name: &[u8]) -> Option<String> {
    if name.len() > limits::ARCHIVE_NAME_BYTES || name.starts_with(b"/") {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part if part.contains('\0') => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What the symbolic link at `name` leads to. Nothing where that lies outside.
pub(super) fn symlink(name: &str, target: &[u8]) -> Option<String> {
    if target.len() > limits::ARCHIVE_NAME_BYTES || target.starts_with(b"/") {
        return None;
    }
    let target = std::str::from_utf8(target).ok()?;
    let mut parts: Vec<&str> = name.split('/').collect();
    // relative to the folder that the link lies in
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_brought_into_one_form_or_refused() {
        let long = "a".repeat(limits::ARCHIVE_NAME_BYTES + 1);
        for (name, expected) in [
            ("index.json", Some("index.json")),
            ("./index.json", Some("index.json")),
            (".//blobs/./sha256//x/", Some("blobs/sha256/x")),
            ("a..b/..c", Some("a..b/..c")),
            ("", None),
            ("./", None),
            ("/index.json", None),
            ("../index.json", None),
            ("blobs/../index.json", None),
            ("..", None),
            ("a\0b", None),
            (&long, None),
        ] {
            assert_eq!(normal(name.as_bytes()).as_deref(), expected, "{name:?}");
        }
        assert_eq!(normal(b"\xff"), None);
    }

    #[test]
    fn links_lead_to_entries_or_nowhere() {
        for (name, target, expected) in [
            ("a/layer.tar", "../b.tar", Some("b.tar")),
            ("a/layer.tar", "b.tar", Some("a/b.tar")),
            ("layer.tar", "./b.tar", Some("b.tar")),
            ("a/b/c", "../../../d", None),
            ("layer.tar", "../b.tar", None),
            ("layer.tar", "/etc/passwd", None),
            ("a/layer.tar", "..", None),
            ("layer.tar", "", None),
        ] {
            let found = symlink(name, target.as_bytes());
            assert_eq!(found.as_deref(), expected, "{name} -> {target}");
        }
    }
}
