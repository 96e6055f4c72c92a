//! Applying layers on each other, as runtimes do (image-spec `layer.md`, "Applying
//! Changesets"): what an entry replaces, what whiteouts and opaque directories remove.
//!
//! A whiteout is about the layers below: what its own layer has put under its path stays,
//! whichever of the two comes first. Symbolic links in the directories of a name are
//! followed within the root, as unpacking into a folder does.

mod hashed;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, RandomState};

use super::{NONE, Version};
use crate::layer::entry::split_path;
use crate::layer::{Entry, EntryKind, LayerIndex, Marks};
use hashed::Hashed;

/// The root's number.
pub(super) const ROOT: u32 = 0;

/// A name that was ever there.
#[derive(Clone, Debug)]
pub(super) struct Growing {
    pub parent: u32,
    pub name: (u32, u32),
    /// The first of the names in it that are listed: all that are there, and some that are
    /// not any more and were not come across since.
    pub first_child: u32,
    /// The next one that is listed in the same folder.
    pub next_sibling: u32,
    /// Whether it is listed in its folder.
    listed: bool,
    /// The newest version; nothing where no layer has an entry for it.
    pub version: u32,
    pub kind: EntryKind,
    /// Whether a container would see it.
    pub alive: bool,
    /// Whether it was so before the last layer.
    pub before: bool,
    /// Its version before the last layer.
    pub version_before: u32,
    /// One more than the last layer that has it, or something in it.
    pub touched: u32,
    /// Whether one layer has more than one entry for it.
    pub duplicate: bool,
}

/// How a version came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A layer has another file of the same name, or of a directory's above it.
    Replaced,
    /// A whiteout removed it, or a directory above it.
    Removed,
    /// An opaque directory hides it.
    Hidden,
}

#[derive(Debug, Default)]
pub(super) struct Builder {
    pub nodes: Vec<Growing>,
    pub names: Vec<u8>,
    pub versions: Vec<Version>,
    /// From the hash of a parent and a name to the first of the nodes with it.
    children: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// The next node with the same hash.
    same_hash: Vec<u32>,
    /// With a secret of its own: names come from outside.
    hasher: RandomState,
    /// Targets of the nodes that are symbolic links: where they lie among the names.
    links: HashMap<u32, (u32, u32)>,
    /// Directories in which nothing is left that the layer being applied could still remove.
    purged: HashSet<u32>,
    /// Grows when a directory may lead elsewhere than before.
    epoch: u64,
    /// Entries that lead nowhere: circles of links.
    pub lost: usize,
    /// How many names were come across in folders.
    #[cfg(test)]
    steps: usize,
}

impl Builder {
    pub(super) fn new() -> Self {
        let mut builder = Self::default();
        builder.nodes.push(Growing {
            parent: ROOT,
            name: (0, 0),
            first_child: NONE,
            next_sibling: NONE,
            listed: true,
            version: NONE,
            kind: EntryKind::Directory,
            alive: true,
            before: true,
            version_before: NONE,
            touched: 0,
            duplicate: false,
        });
        builder.same_hash.push(NONE);
        builder
    }

    /// Remembers how everything stands, to tell what the next layer changes.
    pub(super) fn mark(&mut self) {
        for node in &mut self.nodes {
            node.before = node.alive;
            node.version_before = node.version;
        }
    }

    /// Applies the layer at `position`.
    pub(super) fn apply(&mut self, position: u32, layer: &LayerIndex) {
        self.purged.clear();
        let mut number = 0;
        for chunk in &layer.chunks {
            // where the directories of this block lead, and how long that holds
            let mut known: Vec<(u64, u32)> = vec![(u64::MAX, 0); chunk.directories.len()];
            for at in 0..chunk.records.len() {
                if let Some(entry) = chunk.entry(at) {
                    self.entry(position, number, &entry, &mut known);
                }
                number += 1;
            }
        }
    }

    fn entry(&mut self, layer: u32, number: u32, entry: &Entry<'_>, known: &mut [(u64, u32)]) {
        if entry.marks().has(Marks::INVALID_WHITEOUT) {
            return;
        }
        match entry.kind() {
            EntryKind::Whiteout => {
                if let Some(node) = self.find(entry.directory(), entry.name()) {
                    self.purge(vec![node], layer, Ended::Removed);
                }
                return;
            }
            EntryKind::Opaque => {
                // it lies in the directory, so that one's link is followed as well
                if let Some(node) = self.look(&entry.path()) {
                    let mut inside = Vec::new();
                    self.unpurged(node, &mut inside);
                    self.purge(inside, layer, Ended::Hidden);
                }
                return;
            }
            _ => {}
        }
        if entry.name().is_empty() {
            self.put(ROOT, layer, number, entry);
            return;
        }
        let place = known.get_mut(entry.directory_number() as usize);
        let parent = match place {
            Some((epoch, node)) if *epoch == self.epoch => Some(*node),
            place => {
                let found = self.walk(ROOT, entry.directory(), layer);
                if let (Some(place), Some(node)) = (place, found) {
                    *place = (self.epoch, node);
                }
                found
            }
        };
        let Some(parent) = parent else {
            self.lost += 1;
            return;
        };
        let node = match self.child(parent, entry.name()) {
            Some(node) => node,
            None => self.add(parent, entry.name()),
        };
        self.put(node, layer, number, entry);
    }

    /// Puts an entry at a node, in place of what was there.
    fn put(&mut self, node: u32, layer: u32, number: u32, entry: &Entry<'_>) {
        let mut kind = entry.kind();
        let (mut content, mut stands_for) = (NONE, NONE);
        let mut link = None;
        match kind {
            EntryKind::File => content = self.versions.len() as u32,
            EntryKind::Symlink => link = entry.link().map(|link| self.keep(link)),
            EntryKind::Hardlink => {
                if let Some(target) = self.target(entry) {
                    let there = &self.nodes[target as usize];
                    let version = self.versions.get(there.version as usize);
                    content = version.map_or(NONE, |version| version.content);
                    if matches!(
                        there.kind,
                        EntryKind::Symlink
                            | EntryKind::CharDevice
                            | EntryKind::BlockDevice
                            | EntryKind::Fifo
                    ) {
                        kind = there.kind;
                        link = self.links.get(&target).copied();
                        stands_for = match version.map_or(NONE, |version| version.stands_for) {
                            NONE => there.version,
                            other => other,
                        };
                    }
                }
            }
            _ => {}
        }
        let there = &self.nodes[node as usize];
        let (alive, was, previous) = (there.alive, there.kind, there.version);
        let duplicate = alive
            && previous != NONE
            && self.versions[previous as usize].layer == layer
            && !(was == EntryKind::Directory && kind == EntryKind::Directory);
        if alive && !(was == EntryKind::Directory && kind == EntryKind::Directory) && node != ROOT {
            self.kill(node, layer, Ended::Replaced);
        } else if previous != NONE {
            self.end(previous, layer, Ended::Replaced);
        }
        if let Some(link) = link {
            self.epoch += 1;
            self.links.insert(node, link);
        }
        self.versions.push(Version {
            layer,
            entry: number,
            previous,
            content,
            stands_for,
            ended: None,
        });
        let version = self.versions.len() as u32 - 1;
        self.list(node);
        let there = &mut self.nodes[node as usize];
        there.version = version;
        there.alive = true;
        there.duplicate |= duplicate;
        if node != ROOT {
            there.kind = kind;
        }
        self.touch(node, layer);
    }

    /// The node that a hard link is another name of.
    fn target(&self, entry: &Entry<'_>) -> Option<u32> {
        let (path, _) = crate::layer::clean_path(entry.link()?);
        let (directory, name) = split_path(&path);
        self.find(directory, name)
    }

    /// Marks a node and those above it as present in a layer.
    fn touch(&mut self, mut node: u32, layer: u32) {
        loop {
            let there = &mut self.nodes[node as usize];
            if there.touched == layer + 1 {
                return;
            }
            there.touched = layer + 1;
            if node == ROOT {
                return;
            }
            node = there.parent;
        }
    }

    /// Removes what lower layers have at nodes and under them.
    fn purge(&mut self, mut waiting: Vec<u32>, layer: u32, how: Ended) {
        while let Some(node) = waiting.pop() {
            let there = &self.nodes[node as usize];
            if !there.alive {
                continue;
            }
            if there.touched != layer + 1 && node != ROOT {
                // whoever is touched has touched all above it
                self.kill(node, layer, how);
                continue;
            }
            self.unpurged(node, &mut waiting);
        }
    }

    /// Adds what lies in a directory to `waiting`, the first time in a layer: what comes
    /// later is of the layer itself, which removes nothing of its own. What is gone is not
    /// listed any longer.
    fn unpurged(&mut self, directory: u32, waiting: &mut Vec<u32>) {
        if !self.purged.insert(directory) {
            return;
        }
        let mut child = self.first_unlisted(directory);
        while child != NONE {
            let next = self.unlisted(child);
            if self.nodes[child as usize].alive {
                self.list(child);
                waiting.push(child);
            }
            child = next;
        }
    }

    /// Lists a node in its folder, where it is not.
    fn list(&mut self, node: u32) {
        let there = &mut self.nodes[node as usize];
        if there.listed {
            return;
        }
        there.listed = true;
        let parent = there.parent as usize;
        let next = std::mem::replace(&mut self.nodes[parent].first_child, node);
        self.nodes[node as usize].next_sibling = next;
    }

    /// Takes the list of a folder away; gives the first of it.
    fn first_unlisted(&mut self, directory: u32) -> u32 {
        std::mem::replace(&mut self.nodes[directory as usize].first_child, NONE)
    }

    /// Takes a node that comes of such a list for one that is in none; gives the next of it.
    fn unlisted(&mut self, node: u32) -> u32 {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        let there = &mut self.nodes[node as usize];
        there.listed = false;
        there.next_sibling
    }

    /// Lists in each folder what is there and what was before the last layer. Nothing can be
    /// applied afterwards.
    pub(super) fn list_removed(&mut self) {
        for node in &mut self.nodes {
            (node.first_child, node.listed) = (NONE, false);
        }
        for number in ROOT + 1..self.nodes.len() as u32 {
            let node = &self.nodes[number as usize];
            if node.alive || node.before {
                self.list(number);
            }
        }
    }

    /// Removes a node with everything under it. What was removed before is not come across
    /// again: each name that is listed is walked over once, and listed when it comes back.
    fn kill(&mut self, node: u32, layer: u32, how: Ended) {
        self.epoch += 1;
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            let there = &mut self.nodes[node as usize];
            if !there.alive {
                continue;
            }
            there.alive = false;
            let version = there.version;
            self.end(version, layer, how);
            let mut child = self.first_unlisted(node);
            while child != NONE {
                waiting.push(child);
                child = self.unlisted(child);
            }
        }
    }

    fn end(&mut self, version: u32, layer: u32, how: Ended) {
        if let Some(version) = self.versions.get_mut(version as usize)
            && version.ended.is_none()
        {
            version.ended = Some((layer, how));
        }
    }
}
