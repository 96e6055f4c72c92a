//! Where names lead: the node of a path, with the links in its directories followed, found or
//! made.

use std::hash::BuildHasher;

use super::{Builder, Ended, Growing, ROOT};
use crate::layer::EntryKind;
use crate::layer::tree::NONE;
use crate::layer::tree::follow::{Following, reversed};

impl Builder {
    /// The node of a name that is there now; links in its directory are followed.
    pub(super) fn find(&self, directory: &[u8], name: &[u8]) -> Option<u32> {
        let parent = self.look(directory)?;
        if name.is_empty() {
            return Some(parent);
        }
        self.child(parent, name)
            .filter(|node| self.nodes[*node as usize].alive)
    }

    /// Where a directory's path leads, links followed; nothing where it is not there.
    pub(super) fn look(&self, path: &[u8]) -> Option<u32> {
        let mut following = Following::new();
        let mut parts: Vec<&[u8]> = reversed(path);
        let mut node = ROOT;
        while let Some(part) = parts.pop() {
            if part == b".." {
                node = self.nodes[node as usize].parent;
                continue;
            }
            let child = self.child(node, part)?;
            let there = &self.nodes[child as usize];
            if !there.alive {
                return None;
            }
            match there.kind {
                EntryKind::Directory => node = child,
                EntryKind::Symlink => {
                    let target = self.link_of(child)?;
                    parts.extend(following.parts(target)?);
                    if target.first() == Some(&b'/') {
                        node = ROOT;
                    }
                }
                _ => return None,
            }
        }
        Some(node)
    }

    /// As [`Self::look`], but makes what is missing. Gives nothing for a circle of links.
    pub(super) fn walk(&mut self, start: u32, path: &[u8], layer: u32) -> Option<u32> {
        let mut following = Following::new();
        let mut parts: Vec<Box<[u8]>> = reversed(path).into_iter().map(Into::into).collect();
        let mut node = start;
        while let Some(part) = parts.pop() {
            if *part == *b".." {
                node = self.nodes[node as usize].parent;
                continue;
            }
            let child = match self.child(node, &part) {
                Some(child) => child,
                None => self.add(node, &part),
            };
            let there = &self.nodes[child as usize];
            match (there.alive, there.kind) {
                (true, EntryKind::Directory) => node = child,
                (true, EntryKind::Symlink) => {
                    let target = self.link_of(child)?;
                    parts.extend(following.parts(target)?.into_iter().map(Box::from));
                    if target.first() == Some(&b'/') {
                        node = ROOT;
                    }
                }
                (alive, _) => {
                    if alive {
                        // runtimes fail here; what comes last is shown
                        self.kill(child, layer, Ended::Replaced);
                    }
                    self.list(child);
                    let there = &mut self.nodes[child as usize];
                    there.alive = true;
                    there.kind = EntryKind::Directory;
                    there.version = NONE;
                    self.touch(child, layer);
                    node = child;
                }
            }
        }
        Some(node)
    }

    fn hash(&self, parent: u32, name: &[u8]) -> u64 {
        self.hasher.hash_one((parent, name))
    }

    pub(super) fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let mut node = *self.children.get(&self.hash(parent, name))?;
        while node != NONE {
            let there = &self.nodes[node as usize];
            if there.parent == parent && self.text(there.name) == name {
                return Some(node);
            }
            node = self.same_hash[node as usize];
        }
        None
    }

    /// A new node, which is not there yet.
    pub(super) fn add(&mut self, parent: u32, name: &[u8]) -> u32 {
        let node = self.nodes.len() as u32;
        let hash = self.hash(parent, name);
        let name = self.keep(name);
        self.nodes.push(Growing {
            parent,
            name,
            first_child: NONE,
            next_sibling: NONE,
            listed: false,
            version: NONE,
            kind: EntryKind::Directory,
            alive: false,
            before: false,
            version_before: NONE,
            touched: 0,
            duplicate: false,
        });
        self.same_hash
            .push(self.children.insert(hash, node).unwrap_or(NONE));
        node
    }

    pub(super) fn keep(&mut self, text: &[u8]) -> (u32, u32) {
        let start = self.names.len() as u32;
        self.names.extend_from_slice(text);
        (start, text.len() as u32)
    }

    pub(in crate::layer::tree) fn text(&self, (start, length): (u32, u32)) -> &[u8] {
        let start = start as usize;
        self.names
            .get(start..start + length as usize)
            .unwrap_or_default()
    }

    pub(super) fn link_of(&self, node: u32) -> Option<&[u8]> {
        self.links.get(&node).map(|place| self.text(*place))
    }
}
