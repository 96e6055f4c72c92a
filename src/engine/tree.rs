//! Changes to the tree of nodes. Parts that a snapshot still shows are copied, the rest is
//! changed in place.

use std::sync::Arc;

use crate::model::{Content, Descriptor, Digest, Document};
use crate::transport::BlobState;

use super::{Node, NodePath, Parts, Remote};

impl Node {
    /// A node of which nothing but the document is known.
    pub(super) fn new(document: Document) -> Self {
        let parts = match document.content() {
            Content::Index(index) => Parts::Index {
                children: vec![Remote::NotAsked; index.entries.len()].into(),
            },
            Content::Manifest(manifest) => Parts::Manifest {
                config: Remote::NotAsked,
                blobs: vec![BlobState::NotChecked; manifest.layers.len() + 1].into(),
            },
            Content::Unknown | Content::Invalid(_) => Parts::Unknown,
        };
        Self {
            document: Arc::new(document),
            parts,
        }
    }

    /// The descriptor of the entry at `position`, where it is one.
    pub(super) fn entry(&self, position: usize) -> Option<&Descriptor> {
        let index = self.document.index()?;
        index.entries.get(position)?.as_ref().ok()
    }
}

/// The node at `path`, to be changed.
pub(super) fn node_mut<'a>(root: &'a mut Arc<Node>, path: &NodePath) -> Option<&'a mut Node> {
    let mut node = Arc::make_mut(root);
    for position in path.positions() {
        let Parts::Index { children } = &mut node.parts else {
            return None;
        };
        match Arc::make_mut(children).get_mut(*position)? {
            Remote::Ready(child)
            | Remote::Pending {
                previous: Some(child),
            } => node = Arc::make_mut(child),
            _ => return None,
        }
    }
    Some(node)
}

/// What is known of the child at `path`, to be changed; nothing for the root.
pub(super) fn child_mut<'a>(
    root: &'a mut Arc<Node>,
    path: &NodePath,
) -> Option<&'a mut Remote<Arc<Node>>> {
    let parent = path.parent()?;
    let position = *path.positions().last()?;
    match &mut node_mut(root, &parent)?.parts {
        Parts::Index { children } => Arc::make_mut(children).get_mut(position),
        _ => None,
    }
}

/// Whether `digest` is that of a document on the way from the root to `path`.
pub(super) fn is_ancestor(root: &Arc<Node>, path: &NodePath, digest: &Digest) -> bool {
    let mut node = root;
    for position in path.positions() {
        if node.document.raw().digest() == digest {
            return true;
        }
        match node.child(*position).and_then(Remote::value) {
            Some(child) => node = child,
            None => return false,
        }
    }
    node.document.raw().digest() == digest
}
