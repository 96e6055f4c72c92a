//! Building the tree and the list that are shown, on a thread that may take its time.

use std::sync::Arc;

use crate::layer::{FileList, FileQuery, FileTree, LayerError, LayerIndex};

/// What was looked at: the state of the layers that it was made of.
pub(super) struct Looked {
    /// Counts the changes to the layers.
    pub version: u64,
    pub query: FileQuery,
    pub tree: Arc<FileTree>,
    pub list: Result<Arc<FileList>, LayerError>,
}

/// Builds the list for `query`; `tree` is one that stands at the right layer already.
pub(super) fn look(
    version: u64,
    layers: Arc<[LayerIndex]>,
    tree: Option<Arc<FileTree>>,
    query: FileQuery,
) -> Looked {
    let at = query.at(layers.len());
    let tree = tree
        .filter(|tree| tree.at() == at)
        .unwrap_or_else(|| Arc::new(FileTree::build(layers, at)));
    let list = FileList::new(Arc::clone(&tree), query.clone()).map(Arc::new);
    Looked {
        version,
        query,
        tree,
        list,
    }
}
