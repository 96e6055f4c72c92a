//! Going through a tree for a list: what fits, in the order in which the list shows it.
//!
//! Because of that order what was found so far is the beginning of the list, and nothing of
//! it moves when more comes. Large trees are gone through block by block on all cores.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::build::ROOT;
use super::filter::Matcher;
use super::list::{FileQuery, FileSort, Scope};
use super::{Change, FileNode, FileTree};
use crate::layer::EntryKind;

/// How many names are looked at in one go.
const BLOCK: usize = 8192;

/// Cores that go through a tree at once, at most.
const CORES: usize = 4;

/// So many rows are worth being shown before the rest is known.
const SCREEN: usize = 100;

/// Shortest time between two of what is told; fewer rows than a screen are told after the
/// first of it.
const FIRST: Duration = Duration::from_millis(20);
const NEXT: Duration = Duration::from_millis(60);

/// What is looked for in a tree.
pub(super) struct Sieve<'a> {
    tree: &'a FileTree,
    query: &'a FileQuery,
    matcher: Option<Matcher>,
    /// Numbers of the nodes in the order of the list; nothing where it is the tree's own.
    order: Option<&'a [u32]>,
}

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Numbers of nodes in the order in which they are shown.
    pub order: Vec<u32>,
    /// For each, the position behind the last that lies under it.
    pub ends: Vec<u32>,
    pub fitting: usize,
    pub bytes: u64,
    /// How many names were not looked at yet.
    pub unseen: usize,
    /// Positions of the folders that the last one lies in, and its own.
    open: Vec<u32>,
}

/// What fits in one block.
#[derive(Default)]
struct Hits {
    numbers: Vec<u32>,
    bytes: u64,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(tree: &'a FileTree, query: &'a FileQuery, matcher: Option<Matcher>) -> Self {
        let order = match query.sort {
            FileSort::Name => None,
            FileSort::Size => Some(tree.by_size()),
        };
        Self {
            tree,
            query,
            matcher,
            order,
        }
    }

    /// Goes through the whole tree; tells what was found so far now and then. Gives nothing
    /// where `goes_on` says no.
    pub(super) fn go_through(
        &self,
        goes_on: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(&Found),
    ) -> Option<Found> {
        // the root is not shown
        let names = self.tree.len().saturating_sub(1);
        let blocks = names.div_ceil(BLOCK);
        let next = AtomicUsize::new(0);
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|block| *block < blocks);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let helpers = cores.min(CORES).min(blocks / 2).saturating_sub(1);
        let (send, come) = mpsc::channel();
        let mut found = Found::default();
        let mut told = Told::new();
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                let (send, matcher, take) = (send.clone(), self.matcher.clone(), &take);
                scope.spawn(move || {
                    while let Some(block) = take() {
                        // what nobody waits for any more is not looked at
                        if send
                            .send((block, self.block(block, matcher.as_ref())))
                            .is_err()
                        {
                            return;
                        }
                    }
                });
            }
            drop(send);
            let come = come;
            let mut waiting = BTreeMap::new();
            let mut done = 0;
            while done < blocks {
                if !goes_on() {
                    next.store(blocks, Ordering::Relaxed);
                    return None;
                }
                match take() {
                    Some(block) => {
                        waiting.insert(block, self.block(block, self.matcher.as_ref()));
                    }
                    None if waiting.contains_key(&done) => {}
                    // the others have it
                    None => {
                        let (block, hits) = come.recv().ok()?;
                        waiting.insert(block, hits);
                    }
                }
                waiting.extend(come.try_iter());
                while let Some(hits) = waiting.remove(&done) {
                    done += 1;
                    found.unseen = names.saturating_sub(done * BLOCK);
                    found.take(self.tree, &hits);
                    if found.unseen > 0 && self.query.is_filter() && told.is_time(found.fitting) {
                        tell(&found);
                    }
                }
            }
            Some(())
        })?;
        Some(found)
    }

    fn block(&self, block: usize, matcher: Option<&Matcher>) -> Hits {
        let mut hits = Hits::default();
        let mut path = Path::default();
        let first = block * BLOCK;
        for position in first..(first + BLOCK).min(self.tree.len() - 1) {
            let number = match self.order {
                None => position as u32 + 1,
                Some(order) => order[position],
            };
            let Some(node) = self.tree.node(number) else {
                continue;
            };
            if !self.query.shows(&node) {
                continue;
            }
            let fits = matcher.is_none_or(|matcher| {
                if matcher.wants_path() {
                    matcher.fits(path.of(&node))
                } else {
                    matcher.fits(node.name())
                }
            });
            if fits {
                hits.numbers.push(number);
                if node.kind() != EntryKind::Directory {
                    // that of a file is its size, as long as it is there
                    let size = match (node.change(), node.kind()) {
                        (Change::Removed, EntryKind::File) => node.size(),
                        (Change::Removed, _) => 0,
                        _ => node.total(),
                    };
                    hits.bytes = hits.bytes.saturating_add(size);
                }
            }
        }
        hits
    }
}

impl Found {
    /// Takes what fits in the next block.
    fn take(&mut self, tree: &FileTree, hits: &Hits) {
        self.fitting += hits.numbers.len();
        self.bytes = self.bytes.saturating_add(hits.bytes);
        let mut above = Vec::new();
        for number in &hits.numbers {
            // what lies under a node follows it in the tree, whatever the order of the list
            while let Some(at) = self.open.last() {
                let node = self.order[*at as usize];
                if (node..tree.nodes[node as usize].end).contains(number) {
                    break;
                }
                self.ends[*at as usize] = self.order.len() as u32;
                self.open.pop();
            }
            let inner = self.open.last().map_or(ROOT, |at| self.order[*at as usize]);
            let mut parent = tree.nodes[*number as usize].parent;
            while parent != inner && parent != ROOT {
                above.push(parent);
                parent = tree.nodes[parent as usize].parent;
            }
            while let Some(folder) = above.pop() {
                self.push(folder);
            }
            self.push(*number);
        }
    }

    fn push(&mut self, number: u32) {
        self.open.push(self.order.len() as u32);
        self.order.push(number);
        self.ends.push(0);
    }

    /// The same as rows: what is open ends with the last of them.
    pub(super) fn closed(mut self) -> Self {
        let end = self.order.len() as u32;
        for at in std::mem::take(&mut self.open) {
            self.ends[at as usize] = end;
        }
        self
    }
}

/// When what was found is told: a screen of it at once, fewer rows after a moment, and then
/// whenever it has doubled.
struct Told {
    rows: usize,
    at: Instant,
}

impl Told {
    fn new() -> Self {
        Self {
            rows: 0,
            at: Instant::now(),
        }
    }

    fn is_time(&mut self, rows: usize) -> bool {
        let due = if self.rows == 0 {
            rows >= SCREEN || (rows > 0 && self.at.elapsed() >= FIRST)
        } else {
            rows >= 2 * self.rows && self.at.elapsed() >= NEXT
        };
        if due {
            (self.rows, self.at) = (rows, Instant::now());
        }
        due
    }
}

impl FileQuery {
    /// Whether a node is of what is looked at, its name apart.
    fn shows(&self, node: &FileNode<'_>) -> bool {
        const SET_ID: u32 = 0o6000;
        const STICKY: u32 = 0o1000;
        const WORLD_WRITABLE: u32 = 0o002;
        let only_changes = self.changed_only || matches!(self.scope, Scope::Layer(_));
        let change = node.change();
        let shown = if only_changes {
            change != Change::None
        } else {
            change != Change::Removed
        };
        if !shown {
            return false;
        }
        let is_file = matches!(node.kind(), EntryKind::File | EntryKind::Hardlink);
        if let Some(size) = self.larger_than
            && (!is_file || node.size() <= size)
        {
            return false;
        }
        if !self.setuid && !self.world_writable {
            return true;
        }
        let mut mode = node.entry().map_or(0o755, |entry| entry.mode());
        if node.kind() == EntryKind::Hardlink {
            // runtimes differ on which of the two counts
            mode |= node.content().map_or(0, |(_, _, file)| file.mode());
        }
        if self.setuid && (mode & SET_ID == 0 || !is_file) {
            return false;
        }
        let sticky = node.kind() == EntryKind::Directory && mode & STICKY != 0;
        let writable = mode & WORLD_WRITABLE != 0 && node.kind() != EntryKind::Symlink && !sticky;
        !self.world_writable || writable
    }
}

/// The path of the node that is looked at; what the one before has in common with it stays.
#[derive(Default)]
struct Path {
    bytes: Vec<u8>,
    /// The folder whose path `bytes` begins with, and how long that is.
    folder: Option<(u32, usize)>,
}

impl Path {
    fn of(&mut self, node: &FileNode<'_>) -> &[u8] {
        let folder = node.parent();
        let length = match self.folder {
            Some((number, length)) if number == folder.number() => length,
            _ => {
                self.bytes.clear();
                folder.push_path(&mut self.bytes);
                self.folder = Some((folder.number(), self.bytes.len()));
                self.bytes.len()
            }
        };
        self.bytes.truncate(length);
        self.bytes.push(b'/');
        self.bytes.extend_from_slice(node.name());
        &self.bytes
    }
}
