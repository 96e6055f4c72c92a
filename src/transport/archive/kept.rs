//! Small files of a compressed archive, kept in memory.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;

use crate::model::limits;

/// Files by where they lie, with no more bytes than the limit in all. The largest are given
/// up first: what a layout is read by is small, whatever comes before it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: HashMap<u64, Bytes>,
    /// Size and offset.
    by_size: BTreeSet<(u64, u64)>,
    total: u64,
}

impl Kept {
    /// Whether a file of this size would be kept.
    pub(super) fn wants(&self, size: u64) -> bool {
        let room = self.total + size <= limits::ARCHIVE_MEMORY_BYTES;
        let largest = self.by_size.last().map_or(0, |(size, _)| *size);
        size <= limits::MANIFEST_BYTES && (room || size < largest)
    }

    /// Keeps the file that lies at `offset`.
    pub(super) fn put(&mut self, offset: u64, bytes: Bytes) {
        let size = bytes.len() as u64;
        self.total += size;
        self.by_size.insert((size, offset));
        self.files.insert(offset, bytes);
        while self.total > limits::ARCHIVE_MEMORY_BYTES {
            let Some((size, offset)) = self.by_size.pop_last() else {
                return;
            };
            self.total -= size;
            self.files.remove(&offset);
        }
    }

    /// The file that lies at `offset`, where it was kept.
    pub(super) fn get(&self, offset: u64) -> Option<Bytes> {
        self.files.get(&offset).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_given_up_first() {
        let mut kept = Kept::default();
        let megabytes = |count: usize| Bytes::from(vec![0; count << 20]);
        kept.put(1, megabytes(12));
        kept.put(2, megabytes(4));
        kept.put(3, megabytes(15));
        assert!([1, 2, 3].iter().all(|at| kept.get(*at).is_some()));
        assert!(kept.wants(1 << 20));
        assert!(!kept.wants(15 << 20), "it would be given up at once");
        kept.put(4, megabytes(2));
        assert!(kept.get(3).is_none(), "15 MiB had to go");
        assert!([1, 2, 4].iter().all(|at| kept.get(*at).is_some()));
        assert!(kept.wants(0));
        assert!(!kept.wants(limits::MANIFEST_BYTES + 1));
        assert_eq!(kept.total, 18 << 20);
    }
}
