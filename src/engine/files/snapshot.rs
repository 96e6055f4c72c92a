//! What is seen of the files of a manifest: immutable values.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::{Failure, ImageId, NodePath, Progress, Remote};
use crate::layer::colors::Colors;
use crate::layer::content::Content;
use crate::layer::picture::Pixels;
use crate::layer::waste::Waste;
use crate::layer::{FileList, FileQuery, FileTree, LayerIndex, Origin};
use crate::model::{Descriptor, Digest, text};

use super::FileRef;

/// The files of a manifest as they are known at one moment.
#[derive(Clone, Debug)]
pub struct FilesSnapshot {
    pub image: ImageId,
    pub manifest: NodePath,
    /// Grows with every snapshot of the same manifest.
    pub generation: u64,
    /// Digest of the manifest.
    pub digest: Digest,
    /// The lowest first.
    pub layers: Arc<[LayerFiles]>,
    /// Why what all or some layers unpack to is held against no DiffID, where that is so.
    pub unpromised: Option<Arc<str>>,
    /// What is wanted to be shown. `list` may still be an earlier one: it says what it shows.
    pub query: FileQuery,
    /// What is shown. While layers are being read it is pending, with what is known so far.
    pub list: Remote<Arc<FileList>>,
    /// What is wasted, once it was asked for and all layers are known.
    pub waste: Remote<Arc<Waste>>,
    /// The file whose content is shown.
    pub shown: Option<Arc<ShownFile>>,
}

impl FilesSnapshot {
    /// The tree that is shown, as far as it is known.
    pub fn tree(&self) -> Option<&Arc<FileTree>> {
        self.list.value().map(|list| list.tree())
    }

    /// Whether every layer was read, or could not be.
    pub fn is_over(&self) -> bool {
        self.layers.iter().all(LayerFiles::is_over)
    }

    /// What is no failure and should be known all the same about what is said of `layers`.
    pub fn notes(&self, layers: Range<usize>) -> Vec<String> {
        let unpromised = self.unpromised.iter().map(|words| words.to_string());
        let mut notes: Vec<String> = unpromised.collect();
        let indexes = layers.filter_map(|at| Some((at, &self.layers.get(at)?.index)));
        notes.extend(by_tables(indexes.clone()));
        notes.extend(objections(indexes));
        notes.extend(self.lost());
        notes
    }

    /// Says which layers others refuse, and why, where there are any.
    pub fn objections(&self) -> impl Iterator<Item = String> {
        objections(self.layers.iter().map(|layer| &layer.index).enumerate())
    }

    /// Says how many entries are in no folder, where there are any.
    pub fn lost(&self) -> Option<String> {
        let lost = self.tree().map_or(0, |tree| tree.lost);
        (lost > 0).then(|| {
            format!(
                "Not listed, as they lie behind links that lead nowhere: {}",
                text::count(lost as u64)
            )
        })
    }
}

/// Says which of the layers are only known by what they say of themselves, where some are.
pub(in crate::engine) fn by_tables<'a>(
    layers: impl Iterator<Item = (usize, &'a LayerIndex)>,
) -> Option<String> {
    let by_table = layers.filter(|(_, index)| index.origin != Origin::Layer);
    let by_table: Vec<String> = by_table.map(|(layer, _)| layer.to_string()).collect();
    (!by_table.is_empty()).then(|| {
        format!(
            "Listed by the layer's own table of contents, not read through nor held against \
             its DiffID: layer {}",
            by_table.join(", ")
        )
    })
}

/// Says which of the layers could be read and are refused by others, and why.
pub(in crate::engine) fn objections<'a>(
    layers: impl Iterator<Item = (usize, &'a LayerIndex)>,
) -> impl Iterator<Item = String> {
    layers.filter_map(|(layer, index)| {
        let why = index.objection?.words();
        Some(format!("Other tools refuse layer {layer}: {why}"))
    })
}

/// A layer and what is known of its files.
#[derive(Clone, Debug)]
pub struct LayerFiles {
    pub descriptor: Descriptor,
    /// The DiffID that the config promises.
    pub diff_id: Option<Digest>,
    pub state: LayerState,
    /// What is known so far; it stays, marked by the state, where the layer is damaged.
    pub index: LayerIndex,
    /// Bytes of the packed layer that were read.
    pub progress: Arc<Progress>,
}

impl LayerFiles {
    /// Whether it was read, or could not be.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, LayerState::Ready | LayerState::Failed(_))
    }
}

/// How the reading of a layer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerState {
    /// Nobody asked, or others are read first.
    Waiting,
    Reading,
    /// Everything is known, and what was read is what the manifest and the config promise.
    Ready,
    /// It could not be read to its end, or is not what was promised.
    Failed(Arc<Failure>),
}

/// A file whose content somebody looks at, perhaps with another version beside it.
#[derive(Clone, Debug)]
pub struct ShownFile {
    pub file: FileRef,
    pub content: Remote<Arc<FileContent>>,
    /// What the parts of its text are, once they were looked through.
    pub colors: Option<Arc<Colors>>,
    pub beside: Option<ShownVersion>,
}

/// Another version beside the file that is shown.
#[derive(Clone, Debug)]
pub struct ShownVersion {
    pub file: FileRef,
    pub content: Remote<Arc<FileContent>>,
    /// The lines that differ, the other version's first; nothing where one of them is no text.
    pub diff: Remote<Option<Arc<str>>>,
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// Absolute, for people.
    pub path: String,
    /// In bytes, of the whole file.
    pub size: u64,
    /// SHA-256 of the whole, as the list of files says it.
    pub digest: Option<Digest>,
    /// Whether the bytes that are shown were compared with the digest, and that is of a layer
    /// that is what was promised: not where only the beginning is shown.
    pub verified: bool,
    pub bytes: bytes::Bytes,
    pub content: Content,
    /// What is drawn of a picture, where it could be decoded.
    pub pixels: Option<Arc<Pixels>>,
}
