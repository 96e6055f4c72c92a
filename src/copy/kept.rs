//! What is kept in memory from the planning of a copy to its writing: little, whatever the
//! size of an index.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Descriptor, Digest, Document};

use super::gather::Node;

/// How many bytes of manifests are kept from the planning to the writing. Of an index of
/// hundreds of images the others are read again then.
const KEPT_BYTES: u64 = 4 << 20;

/// What is kept so far.
#[derive(Default)]
pub(super) struct Kept(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Blobs that are named, each once.
    blobs: HashMap<Digest, Arc<Descriptor>>,
    /// How many bytes of manifests are kept until they are written.
    bytes: u64,
}

impl Kept {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `blobs` of a manifest, in the same memory as those of others that are the same.
    pub(super) fn shared<'b>(
        &self,
        blobs: impl Iterator<Item = &'b Descriptor>,
    ) -> Vec<Arc<Descriptor>> {
        let known = &mut self.inner().blobs;
        let shared = blobs.map(|blob| match known.get(&blob.digest) {
            Some(same) if **same == *blob => Arc::clone(same),
            Some(_) => Arc::new(blob.clone()),
            None => {
                let blob = Arc::new(blob.clone());
                known.insert(blob.digest.clone(), Arc::clone(&blob));
                blob
            }
        });
        shared.collect()
    }

    /// Whether an image of an index, which is not changed, is read again when it is written
    /// and not kept until then: too much is kept already.
    pub(super) fn reads_later(&self, image: &Node) -> bool {
        let Some(raw) = image.raw.as_ref().filter(|_| !image.changed()) else {
            return false;
        };
        // what it is called here must be what it is called then
        let same = Document::read(raw.clone()).media_type() == &image.from.media_type;
        let mut inner = self.inner();
        inner.bytes += raw.size();
        let later = same && image.children.is_empty() && inner.bytes > KEPT_BYTES;
        if later {
            inner.bytes -= raw.size();
        }
        later
    }
}
