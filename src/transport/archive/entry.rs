//! What an entry of an archive is.

use std::ops::Range;

use tar::EntryType;

/// An entry as its header and what extends it say.
#[derive(Debug)]
pub(super) struct Entry {
    /// As it was written.
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// Where it lies in the archive, unpacked: what extends its header, the header, its
    /// content and the padding.
    pub(super) whole: Range<u64>,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File {
        /// Where its content begins in the archive, unpacked.
        offset: u64,
        /// In bytes.
        size: u64,
    },
    Symlink(Vec<u8>),
    /// Another name of an entry.
    Hardlink(Vec<u8>),
    /// Something else; what, for people.
    Other(&'static str),
}

/// Whether entries of this type have no content, whatever their header says of its size (as
/// Go's archive/tar has it, which Docker, Podman and skopeo read with).
pub(super) const fn is_header_only(kind: EntryType) -> bool {
    matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
    )
}
