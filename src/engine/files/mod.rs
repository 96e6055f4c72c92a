//! The files of an image: one task for each manifest that somebody looks into. It reads the
//! layers, keeps the tree that is shown up to date, and does what is asked about files.

mod desk;
mod layers;
mod look;
mod shelf;
mod show;
mod snapshot;

pub use snapshot::{FileContent, FilesSnapshot, LayerFiles, LayerState, ShownFile, ShownVersion};

pub(super) use desk::{Desk, Hashed, Start};
pub(super) use layers::{ReadLayer, judge, known_layer, promised_layers, unpromised};
pub(super) use shelf::Shelf;
pub(super) use show::{ReadFile, difference};
pub(super) use snapshot::{by_tables, objections};

use std::ops::Range;

use crate::export::Target;
use crate::layer::{Allowance, FileQuery};

use super::JobId;

/// Names an entry of a layer of the manifest that is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileRef {
    /// The layer's position in the manifest.
    pub layer: usize,
    /// The entry's position in the layer's index.
    pub position: usize,
}

/// What is asked about the files of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesRequest {
    /// Read the layers, the lowest first; what is read or on its way is not read again.
    List,
    /// Show these files.
    Look(FileQuery),
    /// How layers are read from now on.
    Reading {
        /// Nobody watches: nothing is shown before every layer is known.
        unwatched: bool,
        allowance: Allowance,
        /// Positions of the only ones; all where there are none.
        layers: Option<Range<usize>>,
    },
    /// Read a layer that unpacks to more than a layer of its size should.
    ReadAnyway { layer: usize },
    /// Show the content of a file, and of another version of it beside it.
    Show {
        file: FileRef,
        beside: Option<FileRef>,
    },
    /// Account for what is wasted.
    Waste,
    /// Save files to this machine, as a job of its own.
    Save(SaveRequest),
}

/// What is saved, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// Absolute path of a file, or of a folder with everything in it.
    pub path: Vec<u8>,
    /// The layer that the image stands at; the last one where there is none.
    pub at: Option<usize>,
    pub to: Target,
    /// How much may be written that lies in no layer: in holes of sparse files, or by a
    /// table of contents alone.
    pub allowance: Allowance,
    /// Whether a file that is there is written over. A folder never is.
    pub replace: bool,
}

/// What a desk is told.
#[derive(Clone, Debug)]
pub(super) enum DeskMessage {
    Request(FilesRequest),
    /// The job was cancelled.
    Cancelled(JobId),
    /// What its job did is to be done again.
    Again(JobId),
}
