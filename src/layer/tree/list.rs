//! What of a tree is shown: filtered and sorted, ready to be drawn row by row.

use std::sync::Arc;

use super::filter::{Matcher, NameFilter};
use super::{Change, FileNode, FileTree, NONE};
use crate::layer::{EntryKind, LayerError};

/// Which files are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The image as a container would see it.
    #[default]
    Image,
    /// The image as it stands at this layer; they count from 0.
    At(usize),
    /// What this layer adds, changes and removes.
    Layer(usize),
}

/// In which order names in one directory are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileSort {
    /// By the bytes of their names.
    #[default]
    Name,
    /// The largest first, directories with all that is in them.
    Size,
}

/// What is shown of an image's files. A file has to fit all that is asked for; directories
/// above one that fits are shown as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileQuery {
    pub scope: Scope,
    pub name: Option<NameFilter>,
    /// Only what the layer that is looked at added, changed or removed.
    pub changed_only: bool,
    /// Only files that run as their owner or group.
    pub setuid: bool,
    /// Only what everybody may write, links and sticky directories left out.
    pub world_writable: bool,
    /// Only files of more than so many bytes.
    pub larger_than: Option<u64>,
    pub sort: FileSort,
}

impl FileQuery {
    /// Whether files are left out, and not only sorted.
    pub const fn is_filter(&self) -> bool {
        self.name.is_some()
            || self.changed_only
            || self.setuid
            || self.world_writable
            || self.larger_than.is_some()
    }

    /// The layer that the tree has to stand at, of so many.
    pub const fn at(&self, layers: usize) -> usize {
        let last = layers.saturating_sub(1);
        match self.scope {
            Scope::Image => last,
            Scope::At(layer) | Scope::Layer(layer) => {
                if layer < last {
                    layer
                } else {
                    last
                }
            }
        }
    }
}

/// Rows of a tree, all folders open. Positions count from 0, the root's first child; the
/// root itself is not shown.
#[derive(Debug)]
pub struct FileList {
    tree: Arc<FileTree>,
    /// Numbers of nodes in the order in which they are shown.
    order: Vec<u32>,
    /// For each, the position behind the last that lies under it.
    ends: Vec<u32>,
    /// How many fit, directories that are only on the way not counted.
    fitting: usize,
    /// Bytes of the files that fit.
    bytes: u64,
    query: FileQuery,
}

impl FileList {
    /// Filters and sorts.
    ///
    /// # Errors
    /// Where the name's pattern cannot be read.
    pub fn new(tree: Arc<FileTree>, query: FileQuery) -> Result<Self, LayerError> {
        let matcher = query.name.as_ref().map(NameFilter::compile).transpose()?;
        let kept = kept(&tree, &query, matcher.as_ref());
        let (fitting, bytes) = (kept.fitting, kept.bytes);
        let mut list = Self {
            order: Vec::new(),
            ends: Vec::new(),
            fitting,
            bytes,
            query,
            tree,
        };
        list.order_nodes(&kept.keep);
        list.find_ends();
        Ok(list)
    }

    fn order_nodes(&mut self, keep: &[bool]) {
        if self.query.sort == FileSort::Name {
            let numbers = 1..self.tree.len() as u32;
            self.order = numbers.filter(|number| keep[*number as usize]).collect();
            return;
        }
        let Some(root) = self.tree.node(0) else {
            return;
        };
        let mut waiting: Vec<FileNode<'_>> = vec![root];
        let mut children = Vec::new();
        let mut order = Vec::new();
        while let Some(node) = waiting.pop() {
            if node.number() > 0 {
                order.push(node.number());
            }
            children.clear();
            children.extend(node.children().filter(|c| keep[c.number() as usize]));
            // the last one is taken first
            children.sort_by(|one: &FileNode<'_>, other| {
                let sizes = one.total().cmp(&other.total());
                sizes.then(other.number().cmp(&one.number()))
            });
            waiting.append(&mut children);
        }
        self.order = order;
    }

    fn find_ends(&mut self) {
        self.ends = vec![0; self.order.len()];
        // positions of the folders that are open where the walk is
        let mut open: Vec<(u32, u32)> = Vec::new();
        for position in 0..=self.order.len() {
            let depth = self.depth_at(position);
            while let Some((at, _)) = open.last().filter(|(_, inner)| depth <= *inner) {
                self.ends[*at as usize] = position as u32;
                open.pop();
            }
            if position < self.order.len() {
                open.push((position as u32, depth));
            }
        }
    }

    fn depth_at(&self, position: usize) -> u32 {
        let number = self.order.get(position);
        let node = number.and_then(|number| self.tree.node(*number));
        node.map_or(0, |node| node.depth())
    }

    /// The tree that it shows.
    pub const fn tree(&self) -> &Arc<FileTree> {
        &self.tree
    }

    /// What was asked for.
    pub const fn query(&self) -> &FileQuery {
        &self.query
    }

    /// How many rows there are with all folders open.
    pub const fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing fits.
    pub const fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many fit; directories that are only on the way to one are not counted.
    pub const fn fitting(&self) -> usize {
        self.fitting
    }

    /// Bytes of the files that fit.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The node at a position.
    pub fn node(&self, position: u32) -> Option<FileNode<'_>> {
        self.tree.node(*self.order.get(position as usize)?)
    }

    /// Behind the last position that lies under this one.
    pub fn end(&self, position: u32) -> u32 {
        let end = self.ends.get(position as usize);
        end.copied().unwrap_or(position + 1)
    }

    /// The position of the node at a path; nothing where it is not shown.
    pub fn position(&self, path: &[u8]) -> Option<u32> {
        let number = self.tree.find(path)?.number();
        let found = match self.query.sort {
            // in the order of the tree
            FileSort::Name => self.order.binary_search(&number).ok(),
            FileSort::Size => self.order.iter().position(|there| *there == number),
        };
        found.map(|position| position as u32)
    }
}

struct Kept {
    keep: Vec<bool>,
    fitting: usize,
    bytes: u64,
}

/// Which nodes are shown.
fn kept(tree: &FileTree, query: &FileQuery, matcher: Option<&Matcher>) -> Kept {
    let mut kept = Kept {
        keep: vec![false; tree.len()],
        fitting: 0,
        bytes: 0,
    };
    let only_changes = query.changed_only || matches!(query.scope, Scope::Layer(_));
    let mut path = Vec::new();
    let mut lengths: Vec<usize> = Vec::new();
    for node in tree.walk().skip(1) {
        if matcher.is_some() {
            let depth = node.depth() as usize;
            lengths.truncate(depth - 1);
            path.truncate(lengths.last().copied().unwrap_or(0));
            path.push(b'/');
            path.extend_from_slice(node.name());
            lengths.push(path.len());
        }
        let change = node.change();
        let shown = if only_changes {
            change != Change::None
        } else {
            change != Change::Removed
        };
        if shown && fits(&node, query) && matcher.is_none_or(|matcher| matcher.fits(&path)) {
            kept.keep[node.number() as usize] = true;
            kept.fitting += 1;
            if node.kind() == EntryKind::File {
                kept.bytes = kept.bytes.saturating_add(node.size());
            }
        }
    }
    // what lies above something that is shown is shown
    for number in (1..tree.len()).rev() {
        if kept.keep[number] {
            let parent = tree.nodes[number].parent;
            if parent != NONE {
                kept.keep[parent as usize] = true;
            }
        }
    }
    kept
}

fn fits(node: &FileNode<'_>, query: &FileQuery) -> bool {
    const SET_ID: u32 = 0o6000;
    const STICKY: u32 = 0o1000;
    const WORLD_WRITABLE: u32 = 0o002;
    if let Some(size) = query.larger_than
        && (node.kind() != EntryKind::File || node.size() <= size)
    {
        return false;
    }
    if !query.setuid && !query.world_writable {
        return true;
    }
    let mode = node.entry().map_or(0o755, |entry| entry.mode());
    if query.setuid && (mode & SET_ID == 0 || node.kind() != EntryKind::File) {
        return false;
    }
    let sticky = node.kind() == EntryKind::Directory && mode & STICKY != 0;
    let writable = mode & WORLD_WRITABLE != 0 && node.kind() != EntryKind::Symlink && !sticky;
    !query.world_writable || writable
}
