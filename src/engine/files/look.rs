//! Building the tree and the list that are shown, on a thread that may take its time.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::crash;
use crate::layer::{FileList, FileQuery, FileTree, LayerError, LayerIndex};

/// What is to be looked at.
pub(super) struct Look {
    /// Counts the changes to the layers.
    pub version: u64,
    pub query: FileQuery,
    pub layers: Arc<[LayerIndex]>,
    /// One that stands at the right layer already.
    pub tree: Option<Arc<FileTree>>,
    /// Nobody wants the list any more.
    pub ended: CancellationToken,
    /// Takes the beginning of a long list.
    pub begun: mpsc::UnboundedSender<Arc<FileList>>,
}

/// What was looked at: the state of the layers that it was made of.
pub(super) struct Looked {
    pub version: u64,
    pub query: FileQuery,
    pub tree: Arc<FileTree>,
    /// Nothing where it was ended.
    pub list: Option<Result<Arc<FileList>, LayerError>>,
}

impl Look {
    /// Builds what is missing of tree and list.
    pub(super) fn build(self) -> Looked {
        crash::at("building a list of files");
        let at = self.query.at(self.layers.len());
        let tree = self
            .tree
            .filter(|tree| tree.at() == at)
            .unwrap_or_else(|| Arc::new(FileTree::build(self.layers, at)));
        let (ended, begun) = (self.ended, self.begun);
        let list = FileList::growing(
            Arc::clone(&tree),
            self.query.clone(),
            &|| !ended.is_cancelled(),
            &mut |list| {
                // a desk that has ended looks at nothing
                let _ = begun.send(Arc::new(list));
            },
        );
        Looked {
            version: self.version,
            query: self.query,
            tree,
            list: list.transpose().map(|list| list.map(Arc::new)),
        }
    }
}
