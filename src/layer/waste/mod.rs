//! What an image carries and a container never sees: counted as `dive` counts it, for those
//! who compare, and as it is.

mod dive;

use std::collections::HashMap;
use std::sync::Arc;

use super::tree::{FileTree, LayerChanges};
use super::{EntryKind, LayerIndex};

pub use dive::{Dive, DiveFile};

/// Most offenders that are listed.
const OFFENDERS: usize = 1_000;

/// What is wasted in an image. Bytes are those that layers store: holes of files are none.
#[derive(Clone, Debug, PartialEq)]
pub struct Waste {
    /// As `dive` counts.
    pub dive: Dive,
    /// Bytes of files that later layers replaced.
    pub replaced: u64,
    /// Bytes of files that whiteouts removed or opaque directories hide.
    pub removed: u64,
    /// Bytes of files whose content is there under another name as well.
    pub duplicated: u64,
    /// Bytes of all files of all layers.
    pub total: u64,
    /// What each layer makes a waste of what lies below it, the lowest first.
    pub by_layer: Vec<u64>,
    /// What each layer does to the names of the image, the lowest first.
    pub changes: Vec<LayerChanges>,
    /// The worst first.
    pub offenders: Vec<Offender>,
    /// How many more there are.
    pub offenders_left_out: usize,
}

/// A file that wastes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// Absolute.
    pub path: Vec<u8>,
    pub bytes: u64,
    pub why: Why,
    /// The layer whose bytes are wasted.
    pub layer: usize,
    /// The layer that made them a waste: that took away the last name that led to them.
    pub cause: usize,
}

/// Why bytes are wasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    Replaced,
    Removed,
    /// A later file has the same content.
    Duplicate,
}

impl Waste {
    /// Accounts for every file of every layer.
    pub fn of(layers: &Arc<[LayerIndex]>) -> Self {
        let tree = FileTree::build(Arc::clone(layers), layers.len().saturating_sub(1));
        let mut waste = Self {
            dive: Dive::of(layers),
            replaced: 0,
            removed: 0,
            duplicated: 0,
            total: 0,
            by_layer: vec![0; layers.len()],
            changes: LayerChanges::of(layers),
            offenders: Vec::new(),
            offenders_left_out: 0,
        };
        let used = waste.hidden(&tree);
        waste.duplicates(&tree, &used);
        waste
            .offenders
            .sort_by(|one, other| other.bytes.cmp(&one.bytes).then(one.path.cmp(&other.path)));
        waste.offenders_left_out = waste.offenders.len().saturating_sub(OFFENDERS);
        waste.offenders.truncate(OFFENDERS);
        waste
    }

    /// All that is wasted, in bytes.
    pub const fn bytes(&self) -> u64 {
        let hidden = self.replaced.saturating_add(self.removed);
        hidden.saturating_add(self.duplicated)
    }

    /// The part of all bytes that a container sees, from 0 to 1.
    pub fn efficiency(&self) -> f64 {
        if self.total == 0 {
            return 1.0;
        }
        self.total.saturating_sub(self.bytes()) as f64 / self.total as f64
    }

    /// Counts what later layers hide. Gives which versions some name leads to.
    fn hidden(&mut self, tree: &FileTree) -> Vec<bool> {
        // content that some name still leads to is no waste: a hard link keeps it
        let mut used = vec![false; tree.contents().count()];
        // when the last of its names came to its end
        let mut ends: Vec<Option<(usize, super::Ended)>> = vec![None; used.len()];
        for content in tree.contents() {
            let at = content.content as usize;
            match (content.ended, used.get_mut(at), ends.get_mut(at)) {
                (None, Some(used), _) => *used = true,
                (Some(end), _, Some(last)) if last.is_none_or(|last| last.0 < end.0) => {
                    *last = Some(end);
                }
                _ => {}
            }
        }
        for content in tree.contents() {
            if content.entry.kind() != EntryKind::File {
                continue;
            }
            let bytes = content.entry.stored();
            self.total = self.total.saturating_add(bytes);
            let at = content.number as usize;
            let end = ends.get(at).copied().flatten();
            let Some((cause, how)) = end.filter(|_| used.get(at) != Some(&true)) else {
                continue;
            };
            let (sum, why) = if how == super::Ended::Replaced {
                (&mut self.replaced, Why::Replaced)
            } else {
                (&mut self.removed, Why::Removed)
            };
            *sum = sum.saturating_add(bytes);
            self.offend(content.entry.path(), bytes, why, content.layer, cause);
        }
        used
    }

    fn duplicates(&mut self, tree: &FileTree, used: &[bool]) {
        let mut seen: HashMap<[u8; 32], ()> = HashMap::new();
        let mut files: Vec<_> = tree
            .contents()
            .filter(|content| content.entry.kind() == EntryKind::File)
            .filter(|content| used.get(content.number as usize) == Some(&true))
            .collect();
        // the lowest layer has the first one
        files.sort_by_key(|content| (content.layer, content.number));
        for content in files {
            let (Some(digest), bytes) = (content.entry.sha256(), content.entry.stored()) else {
                continue;
            };
            if bytes > 0 && seen.insert(*digest, ()).is_some() {
                self.duplicated = self.duplicated.saturating_add(bytes);
                let layer = content.layer;
                self.offend(content.entry.path(), bytes, Why::Duplicate, layer, layer);
            }
        }
    }

    fn offend(&mut self, path: Vec<u8>, bytes: u64, why: Why, layer: usize, cause: usize) {
        if bytes == 0 {
            return;
        }
        if let Some(sum) = self.by_layer.get_mut(cause) {
            *sum = sum.saturating_add(bytes);
        }
        let mut absolute = vec![b'/'];
        absolute.extend_from_slice(&path);
        self.offenders.push(Offender {
            path: absolute,
            bytes,
            why,
            layer,
            cause,
        });
    }
}
