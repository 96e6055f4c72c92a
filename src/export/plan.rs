//! What is written, and in which order: folders, content layer by layer, links.

use std::collections::HashMap;
use std::sync::Arc;

use crate::layer::{Change, EntryKind, FileNode, FilePart, FileTree, LayerError, Origin};

use super::Report;

/// What of a tree is written.
#[derive(Clone, Debug)]
pub struct Plan {
    tree: Arc<FileTree>,
    /// The node that is written with everything in it.
    top: u32,
    pub(super) folders: Vec<u32>,
    /// Content, each once, as it lies in the layers.
    pub(super) contents: Vec<Content>,
    /// Other names of content.
    pub(super) names: Vec<Name>,
    pub(super) symlinks: Vec<u32>,
    /// Devices and pipes.
    pub(super) special: Vec<u32>,
    /// Hard links to what is not there, which are not written.
    pub(super) without_target: usize,
    /// Bytes of all contents together.
    pub bytes: u64,
    /// Those of them that nobody has seen yet: holes of sparse files, and what only a table
    /// of contents lists.
    pub unseen: u64,
}

/// A file's content, and the node that it is written for.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub node: u32,
    pub layer: usize,
    pub part: FilePart,
}

impl Content {
    /// Whether its layer leaves out parts of it that are zeros.
    pub const fn has_holes(&self) -> bool {
        self.part.sparse.is_some()
    }
}

/// Another name of a file that is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub node: u32,
    /// Position among the contents.
    pub content: usize,
}

impl Plan {
    /// Everything at and under the path `top` of a tree, as a container would see it.
    ///
    /// # Errors
    /// Where there is nothing at the path, or a hard link to what is not there.
    pub fn new(tree: Arc<FileTree>, top: &[u8]) -> Result<Self, LayerError> {
        let shown = || String::from_utf8_lossy(top).into_owned();
        let node = tree.resolve(top);
        let node = node.filter(|node| node.change() != Change::Removed);
        let (top, end) = match node {
            Some(node) => (node.number(), node.end()),
            None => return Err(LayerError::NoSuchFile { path: shown() }),
        };
        let mut plan = Self {
            top,
            folders: Vec::new(),
            contents: Vec::new(),
            names: Vec::new(),
            symlinks: Vec::new(),
            special: Vec::new(),
            without_target: 0,
            bytes: 0,
            unseen: 0,
            tree: Arc::clone(&tree),
        };
        let mut known: HashMap<(usize, usize), usize> = HashMap::new();
        let nodes = (top..end).filter_map(|number| tree.node(number));
        for node in nodes.filter(|node| node.change() != Change::Removed) {
            match node.kind() {
                EntryKind::Directory => plan.folders.push(node.number()),
                EntryKind::Symlink => plan.symlinks.push(node.number()),
                EntryKind::CharDevice | EntryKind::BlockDevice | EntryKind::Fifo => {
                    plan.special.push(node.number());
                }
                EntryKind::File | EntryKind::Hardlink => plan.content(&node, &mut known)?,
                EntryKind::Whiteout | EntryKind::Opaque => {}
            }
        }
        // layers are read through once, from their beginnings on
        let mut order: Vec<usize> = (0..plan.contents.len()).collect();
        order.sort_by_key(|at| {
            let content = &plan.contents[*at];
            (content.layer, content.part.offset)
        });
        let mut places = vec![0; order.len()];
        for (place, at) in order.iter().enumerate() {
            places[*at] = place;
        }
        for name in &mut plan.names {
            name.content = places[name.content];
        }
        plan.contents = order.iter().map(|at| plan.contents[*at].clone()).collect();
        Ok(plan)
    }

    fn content(
        &mut self,
        node: &FileNode<'_>,
        known: &mut HashMap<(usize, usize), usize>,
    ) -> Result<(), LayerError> {
        let found = node.content();
        let part = found
            .and_then(|(layer, position, entry)| Some((layer, position, FilePart::of(&entry)?)));
        let Some((layer, position, part)) = part else {
            // one among others is left out, as what cannot be made is
            if node.number() != self.top {
                self.without_target += 1;
                return Ok(());
            }
            return Err(LayerError::NoContent {
                path: String::from_utf8_lossy(&node.path()).into_owned(),
                what: "link to a file that is not there",
            });
        };
        if let Some(content) = known.get(&(layer, position)) {
            self.names.push(Name {
                node: node.number(),
                content: *content,
            });
            return Ok(());
        }
        known.insert((layer, position), self.contents.len());
        self.bytes = self.bytes.saturating_add(part.size);
        let index = self.tree.layers().get(layer);
        let was_read = index.is_some_and(|index| index.origin == Origin::Layer);
        let seen = if was_read { part.stored } else { 0 };
        self.unseen = self.unseen.saturating_add(part.size.saturating_sub(seen));
        self.contents.push(Content {
            node: node.number(),
            layer,
            part,
        });
        Ok(())
    }

    /// What can be said before anything is written.
    pub(super) fn report(&self) -> Report {
        let contents = self.contents.iter();
        Report {
            without_digest: contents.filter(|c| c.part.sha256.is_none()).count(),
            lost: self.tree.lost,
            without_target: self.without_target,
            ..Report::default()
        }
    }

    pub(super) fn tree(&self) -> &FileTree {
        &self.tree
    }

    /// A node of the plan.
    pub(super) fn node(&self, number: u32) -> Result<FileNode<'_>, LayerError> {
        let missing = || LayerError::NoSuchFile {
            path: String::new(),
        };
        self.tree.node(number).ok_or_else(missing)
    }

    /// The node that is written.
    pub(super) fn top(&self) -> Result<FileNode<'_>, LayerError> {
        self.node(self.top)
    }

    /// Whether one file is written, and no folder.
    pub fn is_one_file(&self) -> bool {
        self.folders.is_empty() && self.contents.len() == 1
    }

    /// The names from the node that is written down to this one; none for itself.
    pub(super) fn names_of<'a>(&self, node: &FileNode<'a>) -> Vec<&'a [u8]> {
        let mut names = Vec::new();
        let mut at = *node;
        while at.number() != self.top && at.number() != 0 {
            names.push(at.name());
            at = at.parent();
        }
        names.reverse();
        names
    }
}
