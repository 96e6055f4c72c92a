//! What is said of a file, in words.

use crate::layer::{Change, EntryKind, FileNode, Marks};
use crate::model::text::visible;

/// A name for the screen; bytes that are not UTF-8 are shown as what stands for them.
pub(super) fn shown(bytes: &[u8]) -> String {
    visible(&String::from_utf8_lossy(bytes)).into_owned()
}

/// `rwsr-xr-t`, as `ls` writes it.
pub(super) fn mode(mode: u32) -> String {
    const BITS: [(u32, char); 9] = [
        (0o400, 'r'),
        (0o200, 'w'),
        (0o100, 'x'),
        (0o040, 'r'),
        (0o020, 'w'),
        (0o010, 'x'),
        (0o004, 'r'),
        (0o002, 'w'),
        (0o001, 'x'),
    ];
    let mut words: Vec<char> = BITS
        .iter()
        .map(|(bit, letter)| if mode & bit == 0 { '-' } else { *letter })
        .collect();
    for (bit, at, with, without) in [
        (0o4000, 2, 's', 'S'),
        (0o2000, 5, 's', 'S'),
        (0o1000, 8, 't', 'T'),
    ] {
        if mode & bit != 0 {
            words[at] = if words[at] == 'x' { with } else { without };
        }
    }
    words.into_iter().collect()
}

/// The layer before the one whose entry counts that had a file of this name.
pub(super) fn replaces(node: &FileNode<'_>) -> Option<usize> {
    if node.kind() == EntryKind::Directory {
        return None;
    }
    let mut versions = node.versions();
    let own = versions.next()?;
    versions
        .map(|version| version.layer)
        .find(|layer| *layer != own.layer)
}

/// `2, replaces 1, setuid`.
pub(super) fn layer(node: &FileNode<'_>, at: usize) -> String {
    if node.change() == Change::Removed {
        return format!("removed in {at}");
    }
    let Some(layer) = node.layer() else {
        return String::new();
    };
    let mut words = layer.to_string();
    if let Some(before) = replaces(node) {
        words.push_str(&format!(", replaces {before}"));
    }
    for mark in marks(node) {
        words.push_str(", ");
        words.push_str(mark);
    }
    words
}

/// What is worth a word of its own.
pub(super) fn marks(node: &FileNode<'_>) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mode = node.entry().map_or(0, |entry| entry.mode());
    if node.kind() == EntryKind::File {
        for (bit, word) in [(0o4000, "setuid"), (0o2000, "setgid")] {
            if mode & bit != 0 {
                words.push(word);
            }
        }
    }
    let marks = node.marks();
    for (mark, word) in [
        (Marks::CUT_OFF, "cut off"),
        (Marks::SPARSE, "sparse"),
        (Marks::ABSOLUTE, "absolute name"),
        (Marks::DOTS, "name with .."),
    ] {
        if marks.has(mark) {
            words.push(word);
        }
    }
    if node.is_duplicate() {
        words.push("there twice");
    }
    words
}

/// What sort of entry, for people.
pub(super) const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Directory => "folder",
        EntryKind::Symlink => "symbolic link",
        EntryKind::Hardlink => "hard link",
        EntryKind::CharDevice => "character device",
        EntryKind::BlockDevice => "block device",
        EntryKind::Fifo => "named pipe",
        EntryKind::Whiteout => "whiteout",
        EntryKind::Opaque => "opaque folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_writes_them() {
        for (bits, words) in [
            (0o644, "rw-r--r--"),
            (0o4755, "rwsr-xr-x"),
            (0o6644, "rwSr-Sr--"),
            (0o1777, "rwxrwxrwt"),
            (0o1776, "rwxrwxrwT"),
            (0, "---------"),
        ] {
            assert_eq!(mode(bits), words);
        }
    }
}
