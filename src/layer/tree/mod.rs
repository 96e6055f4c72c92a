//! The image as it stands at a layer: one tree of all its files, each with the layers that
//! had it.

mod build;
mod changes;
mod filter;
mod follow;
mod list;
mod listing;
mod node;
mod rows;

pub use build::Ended;
pub use changes::LayerChanges;
pub use filter::NameFilter;
pub use follow::Reached;
pub use list::{FileList, FileQuery, FileSort, Scope};
pub use node::{FileNode, FileVersion};
pub use rows::FileRows;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::{Entry, EntryKind, LayerIndex};
use build::{Builder, Growing, ROOT};

/// No number of a node or a version.
const NONE: u32 = u32::MAX;

/// What one layer had at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    layer: u32,
    /// Position in the layer's index.
    entry: u32,
    /// What was there before.
    previous: u32,
    /// The version that holds the content: itself for a file, another one for a hard link.
    content: u32,
    /// Of a hard link to what is no file, such as a symbolic link: the version that it is
    /// another name of.
    stands_for: u32,
    /// The layer that ended it.
    ended: Option<(u32, Ended)>,
}

/// What a layer did to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Change {
    /// It is as the layers below left it.
    None,
    Added,
    Changed,
    Removed,
}

#[derive(Clone, Debug)]
struct Node {
    parent: u32,
    /// Behind the last node that lies under it.
    end: u32,
    name: (u32, u32),
    version: u32,
    /// Bytes of all files under it, itself counted.
    total: u64,
    /// How many names lie under it that are there.
    count: u32,
    depth: u32,
    kind: EntryKind,
    change: Change,
    duplicate: bool,
}

/// The files of an image as it stands at a layer, and those that this layer removed. Nodes
/// are numbered from the root, 0, in the order of a walk that takes names by their bytes:
/// what lies under a node follows it at once.
#[derive(Debug)]
pub struct FileTree {
    nodes: Vec<Node>,
    names: Vec<u8>,
    versions: Vec<Version>,
    layers: Arc<[LayerIndex]>,
    at: usize,
    /// Numbers of all nodes but the root, in each folder the largest first.
    by_size: OnceLock<Vec<u32>>,
    /// Entries that could not be put anywhere: their directories are circles of links.
    pub lost: usize,
}

impl FileTree {
    /// Applies `layers` from the lowest to the one at position `at`, as far as they are
    /// known.
    pub fn build(layers: Arc<[LayerIndex]>, at: usize) -> Self {
        let mut builder = Builder::new();
        let count = layers.len().min(at.saturating_add(1));
        for (position, layer) in layers.iter().take(count).enumerate() {
            if position == at {
                builder.mark();
            }
            builder.apply(position as u32, layer);
        }
        builder.list_removed();
        let lost = builder.lost;
        let mut tree = Self {
            nodes: Vec::with_capacity(builder.nodes.len()),
            names: Vec::new(),
            versions: std::mem::take(&mut builder.versions),
            layers,
            at,
            by_size: OnceLock::new(),
            lost,
        };
        tree.flatten(&builder);
        tree.names = builder.names;
        tree.sum();
        tree
    }

    /// Numbers the nodes in the order of the walk.
    fn flatten(&mut self, builder: &Builder) {
        let mut children = Vec::new();
        // numbers of growing nodes with that of their parent and depth here
        let mut waiting = vec![(ROOT, ROOT, 0)];
        while let Some((number, parent, depth)) = waiting.pop() {
            let growing = &builder.nodes[number as usize];
            let here = self.nodes.len() as u32;
            let change = self.change(growing);
            self.nodes.push(Node {
                parent,
                end: here + 1,
                name: growing.name,
                version: growing.version,
                total: 0,
                count: 0,
                depth,
                kind: growing.kind,
                change,
                duplicate: growing.duplicate,
            });
            children.clear();
            let mut child = growing.first_child;
            while child != NONE {
                let there = &builder.nodes[child as usize];
                if there.alive || there.before {
                    children.push(child);
                }
                child = there.next_sibling;
            }
            let name = |number: &u32| builder.text(builder.nodes[*number as usize].name);
            // the last one is taken first
            children.sort_unstable_by(|one, other| name(other).cmp(name(one)));
            waiting.extend(children.iter().map(|child| (*child, here, depth + 1)));
        }
    }

    fn change(&self, node: &Growing) -> Change {
        Known {
            versions: &self.versions,
            layers: &self.layers,
        }
        .change(node)
    }

    /// Sums sizes and counts from the leaves to the root.
    fn sum(&mut self) {
        // content whose first name is gone counts for one of its hard links
        let mut counted = HashSet::new();
        for number in (0..self.nodes.len()).rev() {
            let node = &self.nodes[number];
            let there = node.change != Change::Removed;
            let own = match self.version_entry(node.version) {
                Some(entry) if there && entry.kind() == EntryKind::File => entry.size(),
                Some(entry) if there && entry.kind() == EntryKind::Hardlink => {
                    let content = self.versions[node.version as usize].content;
                    let version = self.versions.get(content as usize);
                    let is_gone = version.is_some_and(|version| version.ended.is_some());
                    let counts = is_gone && counted.insert(content);
                    let entry = self.version_entry(content).filter(|_| counts);
                    entry.map_or(0, |entry| entry.size())
                }
                _ => 0,
            };
            let (parent, end) = (node.parent as usize, node.end);
            let node = &mut self.nodes[number];
            node.total = node.total.saturating_add(own);
            let (total, count) = (node.total, node.count + u32::from(there));
            if number > 0 {
                let parent = &mut self.nodes[parent];
                parent.total = parent.total.saturating_add(total);
                parent.count += count;
                parent.end = parent.end.max(end);
            }
        }
    }

    /// Numbers of all nodes but the root in the order of a walk that takes the largest in each
    /// folder first. Counted once.
    fn by_size(&self) -> &[u32] {
        self.by_size.get_or_init(|| {
            let mut order = Vec::with_capacity(self.nodes.len().saturating_sub(1));
            let mut waiting = vec![ROOT];
            let mut children: Vec<(u64, Reverse<u32>)> = Vec::new();
            while let Some(number) = waiting.pop() {
                if number != ROOT {
                    order.push(number);
                }
                let Some(node) = self.node(number) else {
                    continue;
                };
                children.clear();
                children.extend(node.children().map(|c| (c.total(), Reverse(c.number()))));
                // the last one is taken first
                children.sort_unstable();
                waiting.extend(children.iter().map(|(_, Reverse(child))| *child));
            }
            order
        })
    }

    /// The position of the layer that it stands at.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The layers it was made of, and those above.
    pub const fn layers(&self) -> &Arc<[LayerIndex]> {
        &self.layers
    }

    /// How many nodes there are, the root and what was removed counted.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing but the root.
    pub const fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// The node with this number, below [`Self::len`].
    pub fn node(&self, number: u32) -> Option<FileNode<'_>> {
        let node = self.nodes.get(number as usize)?;
        Some(FileNode {
            tree: self,
            number,
            node,
        })
    }

    /// All nodes in the order of the walk, the root first.
    pub fn walk(&self) -> impl Iterator<Item = FileNode<'_>> {
        (0..self.nodes.len() as u32).filter_map(|number| self.node(number))
    }

    /// The node at a path, links not followed. A path is taken as [`super::clean_path`]
    /// cleans it.
    pub fn find(&self, path: &[u8]) -> Option<FileNode<'_>> {
        let (path, _) = super::clean_path(path);
        let mut node = self.node(ROOT)?;
        for part in path
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
        {
            node = node.child(part)?;
        }
        Some(node)
    }

    fn version_entry(&self, version: u32) -> Option<Entry<'_>> {
        let (versions, layers) = (&self.versions, &self.layers);
        Known { versions, layers }.entry(version)
    }

    /// Every version of every path, with its path's node where that is still shown: for who
    /// accounts for all bytes.
    pub(super) fn contents(&self) -> impl Iterator<Item = Content<'_>> {
        self.versions
            .iter()
            .enumerate()
            .filter_map(|(number, version)| {
                Some(Content {
                    number: number as u32,
                    layer: version.layer as usize,
                    entry: self.version_entry(number as u32)?,
                    ended: version.ended.map(|(layer, how)| (layer as usize, how)),
                    content: version.content,
                })
            })
    }
}

/// What tells a change: all versions, and the layers that they are of.
struct Known<'a> {
    versions: &'a [Version],
    layers: &'a [LayerIndex],
}

impl<'a> Known<'a> {
    fn entry(&self, version: u32) -> Option<Entry<'a>> {
        let version = self.versions.get(version as usize)?;
        let layer = self.layers.get(version.layer as usize)?;
        layer.entry(version.entry as usize)
    }

    /// What the last layer that was applied did to a node.
    fn change(&self, node: &Growing) -> Change {
        match (node.before, node.alive) {
            (true, false) => Change::Removed,
            (false, _) => Change::Added,
            (true, true) if node.version == node.version_before => Change::None,
            (true, true) if self.same_directory(node.version, node.version_before) => Change::None,
            (true, true) => Change::Changed,
        }
    }

    /// Layers list the directories above their files again; that alone changes nothing.
    fn same_directory(&self, one: u32, other: u32) -> bool {
        let (Some(one), Some(other)) = (self.entry(one), self.entry(other)) else {
            return false;
        };
        let attributes = |entry: &Entry<'_>| entry.extra().map(|extra| extra.xattrs.clone());
        one.kind() == EntryKind::Directory
            && other.kind() == EntryKind::Directory
            && one.mode() == other.mode()
            && (one.uid(), one.gid()) == (other.uid(), other.gid())
            && attributes(&one) == attributes(&other)
    }
}

/// A version of a file, for who accounts for all bytes.
pub(super) struct Content<'a> {
    pub number: u32,
    pub layer: usize,
    pub entry: Entry<'a>,
    pub ended: Option<(usize, Ended)>,
    /// The number of the version that holds its content.
    pub content: u32,
}
