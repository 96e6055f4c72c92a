//! The part of the cache in memory.

use std::collections::HashMap;

use bytes::Bytes;

use crate::model::Digest;

/// Bytes by digest up to a limit; the least recently used go first.
pub(super) struct Memory {
    entries: HashMap<Digest, Entry>,
    limit: usize,
    held: usize,
    clock: u64,
}

struct Entry {
    bytes: Bytes,
    used: u64,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: HashMap::new(),
            limit,
            held: 0,
            clock: 0,
        }
    }

    pub(super) fn get(&mut self, digest: &Digest) -> Option<Bytes> {
        self.clock += 1;
        let entry = self.entries.get_mut(digest)?;
        entry.used = self.clock;
        Some(entry.bytes.clone())
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.held = 0;
    }

    pub(super) fn put(&mut self, digest: &Digest, bytes: &Bytes) {
        self.clock += 1;
        if bytes.len() > self.limit {
            return;
        }
        let entry = Entry {
            bytes: bytes.clone(),
            used: self.clock,
        };
        self.held += bytes.len();
        if let Some(old) = self.entries.insert(digest.clone(), entry) {
            self.held -= old.bytes.len();
        }
        while self.held > self.limit {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) else {
                break;
            };
            if let Some(gone) = self.entries.remove(&oldest) {
                self.held -= gone.bytes.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: u8) -> (Digest, Bytes) {
        let bytes = Bytes::from(vec![n; 10]);
        (Digest::sha256(&bytes), bytes)
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut memory = Memory::new(20);
        let entries: Vec<_> = (0..3).map(bytes).collect();
        memory.put(&entries[0].0, &entries[0].1);
        memory.put(&entries[1].0, &entries[1].1);
        assert!(memory.get(&entries[0].0).is_some());
        memory.put(&entries[2].0, &entries[2].1);
        assert!(memory.get(&entries[1].0).is_none());
        assert_eq!(memory.get(&entries[0].0).as_ref(), Some(&entries[0].1));
        assert_eq!(memory.held, 20);
    }

    #[test]
    fn what_is_put_twice_counts_once_and_what_is_too_large_not_at_all() {
        let mut memory = Memory::new(20);
        let (digest, ten) = bytes(1);
        memory.put(&digest, &ten);
        memory.put(&digest, &ten);
        assert_eq!(memory.held, 10);
        let large = Bytes::from(vec![0; 21]);
        memory.put(&Digest::sha256(&large), &large);
        assert_eq!((memory.held, memory.entries.len()), (10, 1));
        memory.clear();
        assert_eq!(memory.get(&digest), None);
        assert_eq!(memory.held, 0);
    }
}
