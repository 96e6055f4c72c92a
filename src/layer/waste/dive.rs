//! The efficiency score of `dive` (`dive/filetree/efficiency.go`), reproduced with its
//! quirks: only leaves count, a removed file counts 0 bytes, opaque directories are not
//! seen (but their names are), a whiteout of what is not there ends the look at its layer,
//! and one in the lowest layer is looked up in that layer itself.

use std::collections::{BTreeMap, HashMap};

use crate::layer::{EntryKind, LayerIndex, Marks};

/// Most wasted files that are listed.
const FILES: usize = 1_000;

/// What `dive` says of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Dive {
    /// From 0 to 1.
    pub efficiency: f64,
    pub wasted_bytes: u64,
    /// The part of the bytes of all layers but the first that is wasted.
    pub wasted_user_percent: f64,
    /// The worst first.
    pub files: Vec<DiveFile>,
    /// How many more there are.
    pub files_left_out: usize,
}

/// A path that more than one layer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiveFile {
    pub path: Vec<u8>,
    /// Bytes of all its copies.
    pub bytes: u64,
    /// How many layers have it.
    pub count: usize,
}

#[derive(Default)]
struct Node {
    children: BTreeMap<Box<[u8]>, u32>,
    size: u64,
    directory: bool,
}

/// A tree of names as dive keeps it: whiteouts are names like others.
struct Names(Vec<Node>);

const ROOT: u32 = 0;

/// Names that begin so are not put into a tree.
const UNSEEN: &[u8] = b".wh..wh.";

/// The path of a name, which is given in parts, in a directory.
fn inside(directory: &[u8], name: &[&[u8]]) -> Vec<u8> {
    let mut path = directory.to_vec();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend(name.iter().copied().flatten());
    path
}

impl Names {
    fn new() -> Self {
        Self(vec![Node::default()])
    }

    fn of(layer: &LayerIndex) -> Self {
        let mut tree = Self::new();
        for entry in layer.entries() {
            let path = match entry.kind() {
                EntryKind::Opaque => inside(&entry.path(), &[UNSEEN, b".opq"]),
                EntryKind::Whiteout if entry.marks().has(Marks::INVALID_WHITEOUT) => continue,
                EntryKind::Whiteout => inside(entry.directory(), &[b".wh.", entry.name()]),
                _ => entry.path(),
            };
            if !path.is_empty() {
                let directory = entry.kind() == EntryKind::Directory;
                tree.add(&path, entry.size(), directory);
            }
        }
        tree
    }

    /// Adds a path with the names above it. One that dive does not see ends it there.
    fn add(&mut self, path: &[u8], size: u64, directory: bool) {
        let mut node = ROOT;
        for part in path
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
        {
            let next = self.0.len() as u32;
            let children = &mut self.0[node as usize].children;
            node = match children.get(part) {
                Some(child) => *child,
                None if part.starts_with(UNSEEN) => return,
                None => {
                    children.insert(part.into(), next);
                    self.0.push(Node::default());
                    next
                }
            };
        }
        let node = &mut self.0[node as usize];
        (node.size, node.directory) = (size, directory);
    }

    fn find(&self, path: &[u8]) -> Option<u32> {
        let mut node = ROOT;
        for part in path
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
        {
            node = *self.0[node as usize].children.get(part)?;
        }
        Some(node)
    }

    fn remove(&mut self, path: &[u8]) {
        let (directory, name) = crate::layer::entry::split_path(path);
        if let Some(parent) = self.find(directory) {
            self.0[parent as usize].children.remove(name);
        }
    }

    /// Bytes of everything under a node, itself counted.
    fn sum(&self, node: u32) -> u64 {
        let (mut sum, mut waiting) = (0u64, vec![node]);
        while let Some(node) = waiting.pop() {
            let node = &self.0[node as usize];
            sum = sum.saturating_add(node.size);
            waiting.extend(node.children.values());
        }
        sum
    }

    /// Visits all nodes but the root, children before their parents, by name. `visit` is
    /// given the path as dive writes it and whether the name is a whiteout's; it ends the
    /// walk with false.
    fn walk(&self, visit: &mut dyn FnMut(&[u8], bool, &Node) -> bool) {
        enum Step {
            Enter(u32, Vec<u8>, bool),
            Leave(u32, Vec<u8>, bool),
        }
        let mut steps = vec![Step::Enter(ROOT, Vec::new(), false)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(node, path, whiteout) => {
                    let children = &self.0[node as usize].children;
                    let inside = children.iter().rev().map(|(name, child)| {
                        let removed = name.strip_prefix(b".wh.");
                        // the mark is only taken off the last name, which a leaf's is
                        let leaf = self.0[*child as usize].children.is_empty();
                        let shown = removed.filter(|_| leaf).unwrap_or(name);
                        let mut inner = path.clone();
                        inner.push(b'/');
                        inner.extend_from_slice(shown);
                        Step::Enter(*child, inner, removed.is_some())
                    });
                    let inside: Vec<_> = inside.collect();
                    if node != ROOT {
                        steps.push(Step::Leave(node, path, whiteout));
                    }
                    steps.extend(inside);
                }
                Step::Leave(node, path, whiteout) => {
                    if !visit(&path, whiteout, &self.0[node as usize]) {
                        return;
                    }
                }
            }
        }
    }

    /// Puts a layer on top.
    fn stack(&mut self, upper: &Self) {
        upper.walk(&mut |path, whiteout, node| {
            if whiteout {
                self.remove(path.strip_prefix(b"/").unwrap_or(path));
            } else {
                self.add(path, node.size, node.directory);
            }
            true
        });
    }
}

#[derive(Default)]
struct Seen {
    bytes: u64,
    least: Option<u64>,
    count: usize,
}

impl Dive {
    /// What `dive` would say of these layers.
    pub fn of(layers: &[LayerIndex]) -> Self {
        let mut seen: HashMap<Vec<u8>, Seen> = HashMap::new();
        // it begins with the lowest layer, whiteouts and all, which is then put on top as well
        let mut stacked = layers.first().map_or_else(Names::new, Names::of);
        for layer in layers {
            let tree = Names::of(layer);
            tree.walk(&mut |path, whiteout, node| {
                if !node.children.is_empty() {
                    return true;
                }
                let bytes = if whiteout {
                    match stacked.find(path) {
                        Some(there) if stacked.0[there as usize].directory => stacked.sum(there),
                        Some(_) => 0,
                        None => {
                            seen.entry(path.to_vec()).or_default();
                            return false;
                        }
                    }
                } else {
                    node.size
                };
                let seen = seen.entry(path.to_vec()).or_default();
                seen.bytes = seen.bytes.saturating_add(bytes);
                seen.least = Some(seen.least.map_or(bytes, |least| least.min(bytes)));
                seen.count += 1;
                true
            });
            stacked.stack(&tree);
        }
        Self::score(seen, layers)
    }

    fn score(seen: HashMap<Vec<u8>, Seen>, layers: &[LayerIndex]) -> Self {
        // a path that ended a look has -1 as its least size
        let least: i128 = seen
            .values()
            .map(|seen| seen.least.map_or(-1, i128::from))
            .sum();
        let all = total(seen.values().map(|seen| seen.bytes));
        let mut files: Vec<_> = seen
            .into_iter()
            .filter(|(_, seen)| seen.count > 1)
            .map(|(path, seen)| DiveFile {
                path,
                bytes: seen.bytes,
                count: seen.count,
            })
            .collect();
        files.sort_by(|one, other| other.bytes.cmp(&one.bytes).then(one.path.cmp(&other.path)));
        let wasted_bytes = total(files.iter().map(|file| file.bytes));
        let files_left_out = files.len().saturating_sub(FILES);
        files.truncate(FILES);
        let user = layers.iter().skip(1).flat_map(LayerIndex::entries);
        let user = total(user.map(|entry| entry.size()));
        Self {
            efficiency: if all == 0 {
                1.0
            } else {
                least as f64 / all as f64
            },
            wasted_bytes,
            wasted_user_percent: if user == 0 {
                0.0
            } else {
                wasted_bytes as f64 / user as f64
            },
            files,
            files_left_out,
        }
    }
}

/// The sum of sizes, which a layer may lie about.
fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}
