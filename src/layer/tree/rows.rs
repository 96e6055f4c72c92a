//! The rows of a list that are to be seen, as folders are opened and closed.

use std::sync::Arc;

use super::{FileList, FileNode};

/// The rows of a list, with some folders open. Reading a row costs nothing; opening and
/// closing moves the rows behind it.
#[derive(Clone, Debug)]
pub struct FileRows {
    list: Arc<FileList>,
    /// Positions in the list, rising.
    rows: Vec<u32>,
}

impl FileRows {
    /// All folders closed; where files are left out by a filter, all open.
    pub fn new(list: Arc<FileList>) -> Self {
        let mut rows = Self {
            rows: Vec::new(),
            list,
        };
        if rows.list.query().is_filter() {
            rows.rows = (0..rows.list.len() as u32).collect();
        } else {
            rows.rows = rows.directly_in(0, rows.list.len() as u32);
        }
        rows
    }

    /// The same for another list of the same image, folders open where they were.
    #[must_use]
    pub fn carried_to(&self, list: Arc<FileList>) -> Self {
        let mut next = Self::new(list);
        if next.list.query().is_filter() {
            return next;
        }
        for row in 0..self.len() {
            if !self.is_open(row) {
                continue;
            }
            let path = self.node(row).map(|node| node.path()).unwrap_or_default();
            if let Some(there) = next.row_of(&path) {
                next.open(there);
            }
        }
        next
    }

    /// The same where `list` goes on with what this one is the beginning of: rows stay where
    /// they are, and what was closed stays so. Nothing where it is another list.
    #[must_use]
    pub fn grown_to(&self, list: &Arc<FileList>) -> Option<Self> {
        let begins = self.list.unseen() > list.unseen()
            && self.list.query() == list.query()
            && Arc::ptr_eq(self.list.tree(), list.tree());
        if !begins {
            return None;
        }
        let mut rows = self.rows.clone();
        let mut from = self.list.len() as u32;
        if let Some(last) = self.rows.last()
            && self.list.end(*last) > last + 1
        {
            // more may lie in a folder that is closed
            from = list.end(*last);
        }
        rows.extend(from..list.len() as u32);
        Some(Self {
            list: Arc::clone(list),
            rows,
        })
    }

    /// The list that the rows are of.
    pub const fn list(&self) -> &Arc<FileList> {
        &self.list
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What stands in a row.
    pub fn node(&self, row: usize) -> Option<FileNode<'_>> {
        self.list.node(*self.rows.get(row)?)
    }

    /// Whether there is something in it to open.
    pub fn can_open(&self, row: usize) -> bool {
        let position = self.rows.get(row);
        position.is_some_and(|position| self.list.end(*position) > position + 1)
    }

    /// Whether what lies in it is shown.
    pub fn is_open(&self, row: usize) -> bool {
        match (self.rows.get(row), self.rows.get(row + 1)) {
            (Some(position), Some(next)) => *next < self.list.end(*position),
            _ => false,
        }
    }

    /// Shows what lies directly in the folder of a row.
    pub fn open(&mut self, row: usize) {
        if self.is_open(row) {
            return;
        }
        if let Some(position) = self.rows.get(row).copied() {
            let inside = self.directly_in(position + 1, self.list.end(position));
            self.rows.splice(row + 1..row + 1, inside);
        }
    }

    /// Shows no more what lies in the folder of a row.
    pub fn close(&mut self, row: usize) {
        if let Some(position) = self.rows.get(row) {
            let end = self.list.end(*position);
            let behind = self.rows.partition_point(|position| *position < end);
            self.rows.drain(row + 1..behind.max(row + 1));
        }
    }

    /// Shows everything that lies in the folder of a row.
    pub fn open_all(&mut self, row: usize) {
        self.close(row);
        if let Some(position) = self.rows.get(row).copied() {
            self.rows
                .splice(row + 1..row + 1, position + 1..self.list.end(position));
        }
    }

    /// The row of the folder that a row lies in.
    pub fn parent(&self, row: usize) -> Option<usize> {
        let depth = self.node(row)?.depth();
        let above = (0..row).rev();
        let mut above = above.filter(|row| self.node(*row).is_some_and(|n| n.depth() < depth));
        above.next()
    }

    /// The row of a path; nothing where it is not shown, or lies in a closed folder.
    pub fn row_of(&self, path: &[u8]) -> Option<usize> {
        let position = self.list.position(path)?;
        self.rows.binary_search(&position).ok()
    }

    /// Opens what lies above a path, and gives its row; nothing where the list leaves it out.
    pub fn reveal(&mut self, path: &[u8]) -> Option<usize> {
        let slashes = path.iter().enumerate().skip(1);
        let ends: Vec<usize> = slashes
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at)
            .collect();
        for end in ends {
            let row = self.row_of(&path[..end])?;
            self.open(row);
        }
        self.row_of(path)
    }

    /// The positions in a range that lie in no other of them.
    fn directly_in(&self, start: u32, end: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut next = start;
        while next < end {
            found.push(next);
            next = self.list.end(next);
        }
        found
    }
}
