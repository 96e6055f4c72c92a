//! What of a tree is shown: filtered and sorted, ready to be drawn row by row.

use std::sync::Arc;

use super::filter::NameFilter;
use super::listing::{Found, Sieve};
use super::{FileNode, FileTree};
use crate::layer::LayerError;

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

/// Rows of a tree, all folders open, or the first of them where more are still looked for.
/// Positions count from 0, the root's first child; the
/// root itself is not shown.
#[derive(Debug)]
pub struct FileList {
    tree: Arc<FileTree>,
    found: Found,
    query: FileQuery,
}

impl FileList {
    /// Filters and sorts.
    ///
    /// # Errors
    /// Where the name's pattern cannot be read.
    pub fn new(tree: Arc<FileTree>, query: FileQuery) -> Result<Self, LayerError> {
        let list = Self::growing(tree, query, &|| true, &mut |_| ())?;
        Ok(list.expect("nobody ended it"))
    }

    /// As [`Self::new`], and hands over the beginning of a filtered list while the rest is
    /// still looked for. Each is longer than the one before, which it begins with. Gives
    /// nothing where `goes_on` says no, which it is asked now and then.
    ///
    /// # Errors
    /// Where the name's pattern cannot be read.
    pub fn growing(
        tree: Arc<FileTree>,
        query: FileQuery,
        goes_on: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Self),
    ) -> Result<Option<Self>, LayerError> {
        let matcher = query.name.as_ref().map(NameFilter::compile).transpose()?;
        let list = |found: Found| Self {
            tree: Arc::clone(&tree),
            found: found.closed(),
            query: query.clone(),
        };
        let sieve = Sieve::new(&tree, &query, matcher);
        let found = sieve.go_through(goes_on, &mut |found| tell(list(found.clone())));
        Ok(found.map(list))
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
        self.found.order.len()
    }

    /// Whether nothing fits, so far.
    pub const fn is_empty(&self) -> bool {
        self.found.order.is_empty()
    }

    /// How many fit; directories that are only on the way to one are not counted.
    pub const fn fitting(&self) -> usize {
        self.found.fitting
    }

    /// Bytes of the files that fit.
    pub const fn bytes(&self) -> u64 {
        self.found.bytes
    }

    /// How many names were not looked at yet; of a whole list none.
    pub const fn unseen(&self) -> usize {
        self.found.unseen
    }

    /// The node at a position.
    pub fn node(&self, position: u32) -> Option<FileNode<'_>> {
        self.tree.node(*self.found.order.get(position as usize)?)
    }

    /// Behind the last position that lies under this one.
    pub fn end(&self, position: u32) -> u32 {
        let end = self.found.ends.get(position as usize);
        end.copied().unwrap_or(position + 1)
    }

    /// The position of the node at a path; nothing where it is not shown.
    pub fn position(&self, path: &[u8]) -> Option<u32> {
        let number = self.tree.find(path)?.number();
        let found = match self.query.sort {
            // in the order of the tree
            FileSort::Name => self.found.order.binary_search(&number).ok(),
            FileSort::Size => self.found.order.iter().position(|there| *there == number),
        };
        found.map(|position| position as u32)
    }
}
