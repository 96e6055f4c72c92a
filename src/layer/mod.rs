//! Layers: their files, where each came from, and what a container would see.
//!
//! A [`Scanner`] reads a layer once and makes a [`LayerIndex`] of it: every entry with its
//! place, and checkpoints to unpack single files from. A [`FileTree`] is the image as it
//! stands at a layer; a [`FileList`] is what of it is shown, filtered and sorted.

mod checkpoint;
mod chunk;
pub mod colors;
pub mod content;
mod decode;
mod entry;
mod error;
pub mod fuzz;
mod index;
pub mod picture;
mod read;
pub mod saved;
mod scan;
mod sha256;
mod tar;
pub mod toc;
pub mod tree;
pub mod waste;

pub use checkpoint::Checkpoints;
pub use entry::{Attributes, EntryKind, Extra, Marks, NewEntry, Parts, clean_path};
pub use error::LayerError;
pub use index::{Ending, Entry, LayerIndex, Objection, Origin, Packing};
pub use read::{
    CutError, Cutter, FilePart, PartCheck, read_beginning, read_file, read_range, read_small,
};
pub use scan::{Allowance, Scanner};
pub use tree::{
    Change, Ended, FileList, FileNode, FileQuery, FileRows, FileSort, FileTree, FileVersion,
    NameFilter, Reached, Scope,
};
