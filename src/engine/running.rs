//! What runs under an id, to be ended: another one under the same id takes its place.

use std::collections::HashMap;
use std::hash::Hash;

use tokio_util::sync::CancellationToken;

/// What was begun under each id and is not forgotten.
pub(super) struct Running<K>(HashMap<K, CancellationToken>);

impl<K> Default for Running<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Running<K> {
    /// Whether something was begun under `id`.
    pub fn has(&self, id: &K) -> bool {
        self.0.contains_key(id)
    }

    /// Ends what was begun under `id` before; what is given is cancelled when the next one
    /// begins, or it is forgotten.
    pub fn begin(&mut self, id: K) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(before) = self.0.insert(id, token.clone()) {
            before.cancel();
        }
        token
    }

    /// Ends what was begun under `id`, and forgets it.
    pub fn end(&mut self, id: &K) {
        if let Some(token) = self.0.remove(id) {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_one_ends_the_one_before() {
        let mut running = Running::default();
        assert!(!running.has(&1));
        let (first, other) = (running.begin(1), running.begin(2));
        let second = running.begin(1);
        assert!(first.is_cancelled() && !other.is_cancelled() && !second.is_cancelled());
        running.end(&1);
        assert!(second.is_cancelled() && !running.has(&1) && running.has(&2));
    }
}
