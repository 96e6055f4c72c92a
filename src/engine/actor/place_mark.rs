//! Noticing that a local place is not as it was when it was read.

use std::sync::Arc;

use crate::engine::Outcome;
use crate::transport::{Stamp, stamp};

use super::{Actor, Reference};

impl Actor {
    /// Compares the mark of the place with the one that it had before it was read, and tells
    /// where it is another. Reads nothing of the image.
    pub(super) fn look_at_place(&self) {
        let Some(place) = &self.place else {
            return;
        };
        let Some(before) = place.stamp.clone() else {
            return;
        };
        let reference = place.reference.clone();
        let slots = Arc::clone(&self.shared.slots);
        let image = self.id;
        tokio::spawn(async move {
            if mark(&reference).await.is_some_and(|now| now != before) {
                slots.put_outcome(Outcome::ChangedOnDisk { image });
            }
        });
    }
}

/// The mark of a place, taken where a thread may wait for the disk.
pub(super) async fn mark(reference: &Reference) -> Option<Stamp> {
    let reference = reference.clone();
    let taken = tokio::task::spawn_blocking(move || stamp(&reference));
    taken.await.ok().flatten()
}
