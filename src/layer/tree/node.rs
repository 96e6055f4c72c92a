//! A node of a tree, and what layers had there.

use std::cmp::Ordering;

use super::build::{Ended, ROOT};
use super::{Change, FileTree, NONE, Node};
use crate::layer::{Entry, EntryKind, Marks};

/// A node of a tree.
#[derive(Clone, Copy, Debug)]
pub struct FileNode<'a> {
    pub(super) tree: &'a FileTree,
    pub(super) number: u32,
    pub(super) node: &'a Node,
}

impl<'a> FileNode<'a> {
    /// Its number in the tree.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The tree that it is in.
    pub const fn tree(&self) -> &'a FileTree {
        self.tree
    }

    /// Its last name; empty for the root. Not UTF-8 where the layer's is not.
    pub fn name(&self) -> &'a [u8] {
        let (start, length) = self.node.name;
        let start = start as usize;
        let name = self.tree.names.get(start..start + length as usize);
        name.unwrap_or_default()
    }

    /// Absolute, as `/etc/passwd`; `/` for the root.
    pub fn path(&self) -> Vec<u8> {
        let mut path = Vec::new();
        self.push_path(&mut path);
        if path.is_empty() {
            path.push(b'/');
        }
        path
    }

    /// Adds its path to `out`; nothing for the root.
    pub(super) fn push_path(&self, out: &mut Vec<u8>) {
        let mut names = Vec::new();
        let mut node = *self;
        while node.number != ROOT {
            names.push(node.name());
            node = node.parent();
        }
        for name in names.iter().rev() {
            out.push(b'/');
            out.extend_from_slice(name);
        }
    }

    /// The directory that it lies in; the root for itself.
    pub fn parent(&self) -> Self {
        self.tree.node(self.node.parent).unwrap_or(*self)
    }

    /// The child with this name.
    pub fn child(&self, name: &[u8]) -> Option<Self> {
        // children stand in the order of their names, with what lies under each behind it
        let (mut from, mut to) = (self.number + 1, self.node.end);
        while from < to {
            let mut child = self.tree.node(from + (to - from) / 2)?;
            while child.node.depth > self.node.depth + 1 {
                child = child.parent();
            }
            match child.name().cmp(name) {
                Ordering::Equal => return Some(child),
                Ordering::Less => from = child.node.end,
                Ordering::Greater => to = child.number,
            }
        }
        None
    }

    /// What lies directly in it, by name.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (tree, end) = (self.tree, self.node.end);
        let mut next = self.number + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let child = tree.node(next)?;
            next = child.node.end;
            Some(child)
        })
    }

    /// Behind the last node that lies under it.
    pub const fn end(&self) -> u32 {
        self.node.end
    }

    /// How many directories it lies in; 0 for the root.
    pub const fn depth(&self) -> u32 {
        self.node.depth
    }

    pub const fn kind(&self) -> EntryKind {
        self.node.kind
    }

    /// What the layer that the tree stands at did to it.
    pub const fn change(&self) -> Change {
        self.node.change
    }

    /// Whether one layer has more than one entry of this name; the last one counts.
    pub const fn is_duplicate(&self) -> bool {
        self.node.duplicate
    }

    /// Bytes of all files under it, itself counted; of the names of one file one counts.
    pub const fn total(&self) -> u64 {
        self.node.total
    }

    /// How many names lie under it, itself not counted.
    pub const fn count(&self) -> u32 {
        self.node.count
    }

    /// The layer whose entry counts; nothing for a directory that no layer lists.
    pub fn layer(&self) -> Option<usize> {
        let version = self.tree.versions.get(self.node.version as usize)?;
        Some(version.layer as usize)
    }

    /// Position of that entry in its layer.
    pub fn position(&self) -> Option<usize> {
        let version = self.tree.versions.get(self.node.version as usize)?;
        Some(version.entry as usize)
    }

    /// The entry that says what it is: the one that counts, or of a hard link to what is no
    /// file that of what it is another name of.
    pub fn entry(&self) -> Option<Entry<'a>> {
        let version = self.tree.versions.get(self.node.version as usize)?;
        self.tree.version_entry(match version.stands_for {
            NONE => self.node.version,
            other => other,
        })
    }

    /// Where the content of a file or a hard link is: layer, position, entry.
    pub fn content(&self) -> Option<(usize, usize, Entry<'a>)> {
        let tree = self.tree;
        let version = tree.versions.get(self.node.version as usize)?;
        let content = tree.versions.get(version.content as usize)?;
        let entry = tree.version_entry(version.content)?;
        Some((content.layer as usize, content.entry as usize, entry))
    }

    /// In bytes; of a hard link that of the file it stands for, 0 for what has no content.
    pub fn size(&self) -> u64 {
        self.content().map_or(0, |(_, _, entry)| entry.size())
    }

    /// What is odd about the entry that counts.
    pub fn marks(&self) -> Marks {
        // its own, where it is another name of what lies elsewhere
        let entry = self.tree.version_entry(self.node.version);
        entry.map(|entry| entry.marks()).unwrap_or_default()
    }

    /// What layers had at this path, the newest first, with what ended it: the layer and how.
    pub fn versions(&self) -> impl Iterator<Item = FileVersion<'a>> + use<'a> {
        let tree = self.tree;
        let mut next = self.node.version;
        std::iter::from_fn(move || {
            let version = tree.versions.get(next as usize)?;
            let entry = tree.version_entry(next)?;
            next = version.previous;
            Some(FileVersion {
                layer: version.layer as usize,
                position: version.entry as usize,
                entry,
                ended: version.ended.map(|(layer, how)| (layer as usize, how)),
            })
        })
    }
}

/// What one layer had at a path.
#[derive(Clone, Copy, Debug)]
pub struct FileVersion<'a> {
    pub layer: usize,
    /// Position in the layer's index.
    pub position: usize,
    pub entry: Entry<'a>,
    /// The layer that replaced or removed it.
    pub ended: Option<(usize, Ended)>,
}
