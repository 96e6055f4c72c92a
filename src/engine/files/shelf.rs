//! Indexes of layers that were read in this run, by digest: images share layers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::layer::LayerIndex;
use crate::model::Digest;

/// Most memory that the kept indexes take, in bytes.
const LIMIT: usize = 256 << 20;

#[derive(Default)]
pub(in crate::engine) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    indexes: HashMap<Digest, (LayerIndex, u64)>,
    clock: u64,
}

impl Shelf {
    pub fn get(&self, digest: &Digest) -> Option<LayerIndex> {
        let mut kept = self.lock();
        kept.clock += 1;
        let clock = kept.clock;
        let (index, used) = kept.indexes.get_mut(digest)?;
        *used = clock;
        Some(index.clone())
    }

    /// Keeps an index; the least recently used ones go where there are too many.
    pub fn put(&self, digest: &Digest, index: &LayerIndex) {
        let mut kept = self.lock();
        kept.clock += 1;
        let clock = kept.clock;
        kept.indexes.insert(digest.clone(), (index.clone(), clock));
        let mut bytes: usize = kept.indexes.values().map(|(index, _)| index.bytes()).sum();
        while bytes > LIMIT && kept.indexes.len() > 1 {
            let oldest = kept.indexes.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) else {
                break;
            };
            if let Some((gone, _)) = kept.indexes.remove(&oldest) {
                bytes = bytes.saturating_sub(gone.bytes());
            }
        }
    }

    pub fn remove(&self, digest: &Digest) {
        self.lock().indexes.remove(digest);
    }

    pub fn clear(&self) {
        self.lock().indexes.clear();
    }

    /// Held for one look only; a panic cannot leave the map half changed.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
