//! One entry of a layer, as its tar stream has it.

use crate::model::Digest;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    File = 0,
    Directory = 1,
    Symlink = 2,
    /// Another name of a file of this layer or of one below.
    Hardlink = 3,
    CharDevice = 4,
    BlockDevice = 5,
    Fifo = 6,
    /// Removes what lower layers have at its path (image-spec `layer.md`, "Whiteouts").
    Whiteout = 7,
    /// Removes everything that lower layers have in its directory ("Opaque Whiteout").
    Opaque = 8,
}

impl EntryKind {
    /// The word of `porthole files --json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "dir",
            Self::Symlink => "symlink",
            Self::Hardlink => "hardlink",
            Self::CharDevice => "char",
            Self::BlockDevice => "block",
            Self::Fifo => "fifo",
            Self::Whiteout => "whiteout",
            Self::Opaque => "opaque",
        }
    }

    /// Whether it says what is no longer there, and is no file itself.
    pub const fn is_whiteout(self) -> bool {
        matches!(self, Self::Whiteout | Self::Opaque)
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::File,
            1 => Self::Directory,
            2 => Self::Symlink,
            3 => Self::Hardlink,
            4 => Self::CharDevice,
            5 => Self::BlockDevice,
            6 => Self::Fifo,
            7 => Self::Whiteout,
            8 => Self::Opaque,
            _ => return None,
        })
    }
}

/// Things about an entry that are worth a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub(super) u8);

impl Marks {
    /// Its name began with `/`.
    pub const ABSOLUTE: Self = Self(1);
    /// Its name had `..` in it; it is put where it would lead inside the root.
    pub const DOTS: Self = Self(2);
    /// A sparse file: holes are not stored.
    pub const SPARSE: Self = Self(4);
    /// The layer ends, or is damaged, within its content.
    pub const CUT_OFF: Self = Self(8);
    /// A whiteout of nothing that can be named; runtimes refuse or ignore it.
    pub const INVALID_WHITEOUT: Self = Self(16);
    /// An id or a time was larger than can be kept, and was cut to the largest.
    pub const CLAMPED: Self = Self(32);

    /// Whether all of `other` is here.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Extended attributes: names and values.
pub type Attributes = Vec<(Box<[u8]>, Box<[u8]>)>;

/// The stored parts of a sparse file: offset in the file, and length.
pub type Parts = Vec<(u64, u64)>;

/// What few entries have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Extended attributes, by name.
    pub xattrs: Attributes,
    /// Major and minor number of a device.
    pub device: Option<(u32, u32)>,
    /// Where the stored parts of a sparse file belong: offset in the file, and length.
    pub sparse: Parts,
}

impl Extra {
    pub(super) fn is_empty(&self) -> bool {
        self.xattrs.is_empty() && self.device.is_none() && self.sparse.is_empty()
    }
}

/// An entry with everything that is known of it. Its path is cleaned: relative to the root,
/// without `.`, `..`, doubled or trailing slashes; empty for the root itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub path: Vec<u8>,
    pub kind: EntryKind,
    pub marks: Marks,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970, and nanoseconds.
    pub mtime: (i64, u32),
    /// Size of the file in bytes, holes counted.
    pub size: u64,
    /// Where its content begins in the uncompressed layer.
    pub offset: u64,
    /// Bytes of the uncompressed layer that it takes; less than `size` where there are holes.
    pub stored: u64,
    pub link: Option<Vec<u8>>,
    /// SHA-256 of a regular file's content.
    pub sha256: Option<[u8; 32]>,
    pub extra: Extra,
}

/// A digest of the 32 bytes that an index keeps.
pub(super) fn digest(bytes: &[u8; 32]) -> Digest {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.parse()
        .expect("64 hexadecimal characters are a digest")
}

/// The cleaned form of a name in an archive, as `filepath.Clean("/" + name)` gives it, and
/// what was odd about it.
pub fn clean_path(name: &[u8]) -> (Vec<u8>, Marks) {
    let mut marks = Marks::default();
    if name.first() == Some(&b'/') {
        marks = marks.with(Marks::ABSOLUTE);
    }
    let mut path = Vec::with_capacity(name.len());
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                marks = marks.with(Marks::DOTS);
                let end = path.iter().rposition(|byte| *byte == b'/');
                path.truncate(end.unwrap_or(0));
            }
            part => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(part);
            }
        }
    }
    (path, marks)
}

/// Directory and last name of a cleaned path.
pub(super) fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&[], path),
    }
}

/// Reads a whiteout out of a cleaned path: its kind and the path that it is about.
pub(super) fn whiteout(path: &[u8]) -> Option<(EntryKind, Vec<u8>, Marks)> {
    const PREFIX: &[u8] = b".wh.";
    const OPAQUE: &[u8] = b".wh..wh..opq";
    /// What aufs kept for itself in the root of a layer: runtimes pass over it.
    const OWN: &[u8] = b".wh..wh.";
    /// Files in here are what hard links of the layer stand for.
    const LINKED: &[u8] = b".wh..wh.plnk/";
    if path.starts_with(OWN) && !path.starts_with(LINKED) && path != OPAQUE {
        return Some((EntryKind::Whiteout, path.to_vec(), Marks::INVALID_WHITEOUT));
    }
    let (directory, name) = split_path(path);
    let removed = name.strip_prefix(PREFIX)?;
    if name == OPAQUE {
        return Some((EntryKind::Opaque, directory.to_vec(), Marks::default()));
    }
    if matches!(removed, b"" | b"." | b"..") {
        return Some((EntryKind::Whiteout, path.to_vec(), Marks::INVALID_WHITEOUT));
    }
    let mut about = directory.to_vec();
    if !about.is_empty() {
        about.push(b'/');
    }
    about.extend_from_slice(removed);
    Some((EntryKind::Whiteout, about, Marks::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_runtimes_clean_them() {
        for (name, path, marks) in [
            (&b"etc/passwd"[..], &b"etc/passwd"[..], 0),
            (b"./etc//passwd/", b"etc/passwd", 0),
            (b"/etc/passwd", b"etc/passwd", Marks::ABSOLUTE.0),
            (b"../../etc", b"etc", Marks::DOTS.0),
            (b"a/../../b/./c", b"b/c", Marks::DOTS.0),
            (b"a/b/..", b"a", Marks::DOTS.0),
            (b"./", b"", 0),
            (b"/", b"", Marks::ABSOLUTE.0),
            (b"a/..b", b"a/..b", 0),
        ] {
            let cleaned = clean_path(name);
            assert_eq!(cleaned, (path.to_vec(), Marks(marks)), "{name:?}");
        }
    }

    #[test]
    fn whiteouts_are_seen_by_their_names() {
        let read = |path: &[u8]| whiteout(path).map(|(kind, path, marks)| (kind, path, marks.0));
        let removed = |path: &[u8]| Some((EntryKind::Whiteout, path.to_vec(), 0));
        assert_eq!(read(b"etc/.wh.a"), removed(b"etc/a"));
        assert_eq!(read(b".wh.etc"), removed(b"etc"));
        assert_eq!(read(b"a/.wh..hidden"), removed(b"a/.hidden"));
        let opaque = |path: &[u8]| Some((EntryKind::Opaque, path.to_vec(), 0));
        assert_eq!(read(b"etc/.wh..wh..opq"), opaque(b"etc"));
        assert_eq!(read(b".wh..wh..opq"), opaque(b""));
        assert_eq!(read(b"etc/a.wh."), None);
        assert_eq!(read(b"a/.wh..wh.x"), removed(b"a/.wh.x"));
        assert_eq!(read(b".wh..wh.plnk/12.34"), None);
        let own = [&b".wh..wh.aufs"[..], &b".wh..wh.plnk"[..]];
        for odd in [&b"a/.wh."[..], b"a/.wh..", b"a/.wh..."].iter().chain(&own) {
            assert_eq!(read(odd).unwrap().2, Marks::INVALID_WHITEOUT.0);
        }
    }
}
