//! What places on this machine have in common: named files in a folder or an archive, read
//! on a thread that may wait for the disk.
//!
//! A transport says in a [`LocalImage`] how its files make an image; [`LocalSource`] does
//! the rest: it opens the place once, runs the work beside the others, and streams blobs.

mod beside;
mod blob;
mod disk;
mod document;
mod files;
mod folder;
mod partial;
mod source;
mod stage;
mod target;
mod work;

pub use beside::SignatureFolder;
pub(super) use beside::none_behind_a_gap;
pub(super) use blob::presence;
pub(super) use disk::write_problem;
pub use disk::{Disk, Step, StepHook};
pub(super) use document::{read_digest, read_document};
pub(super) use files::{Content, Files, Start, fill, part_of, read_content};
pub(super) use folder::{Folder, file_in};
pub use source::{LocalImage, LocalSource, Trouble};
pub(super) use stage::{Stage, Turn, parent};
pub(super) use target::{Target, hold, is_left_over, lock_of};
pub use work::Work;
pub(super) use work::{Stopped, problem_of};
