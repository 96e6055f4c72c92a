//! Values that are worked out once for what they are about, and not once a frame.

use std::sync::Arc;

use crate::engine::Node;
use crate::model::{Document, ImageConfig};

/// A value and what it was worked out of. Holding that keeps its address from being used
/// for something else.
#[derive(Debug)]
pub(super) struct Cached<K, V> {
    held: Option<(Arc<K>, V)>,
}

impl<K, V> Default for Cached<K, V> {
    fn default() -> Self {
        Self { held: None }
    }
}

impl<K, V> Cached<K, V> {
    /// The value for `key`, made with `make` where it was last asked for another one.
    pub(super) fn get(&mut self, key: &Arc<K>, make: impl FnOnce() -> V) -> &mut V {
        let same = self
            .held
            .as_ref()
            .is_some_and(|(held, _)| Arc::ptr_eq(held, key));
        if !same {
            self.held = None;
        }
        let (_, value) = self.held.get_or_insert_with(|| (Arc::clone(key), make()));
        value
    }

    /// The value that was worked out last.
    pub(super) fn known(&self) -> Option<&V> {
        self.held.as_ref().map(|(_, value)| value)
    }
}

/// The same for what follows from a document and its config. States of blobs change more
/// often than these.
#[derive(Debug)]
pub(super) struct CachedByParts<V> {
    held: Option<(Arc<Document>, Option<Arc<ImageConfig>>, V)>,
}

impl<V> Default for CachedByParts<V> {
    fn default() -> Self {
        Self { held: None }
    }
}

impl<V> CachedByParts<V> {
    /// The value for the document and config of `node`, made with `make` where it was last
    /// asked for other ones.
    pub(super) fn get(&mut self, node: &Node, make: impl FnOnce() -> V) -> &mut V {
        let config = node.config();
        let same = self.held.as_ref().is_some_and(|(document, held, _)| {
            let same_config = match (held, config) {
                (Some(held), Some(config)) => Arc::ptr_eq(held, config),
                (None, None) => true,
                _ => false,
            };
            same_config && Arc::ptr_eq(document, &node.document)
        });
        if !same {
            self.held = None;
        }
        let (_, _, value) = self
            .held
            .get_or_insert_with(|| (Arc::clone(&node.document), config.cloned(), make()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_key() {
        let (a, b) = (Arc::new(1), Arc::new(1));
        let mut cached = Cached::default();
        let mut made = 0;
        for key in [&a, &a, &b, &b, &a] {
            cached.get(key, || made += 1);
        }
        assert_eq!(made, 3);
    }
}
