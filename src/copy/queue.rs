//! In which order the blobs of a copy are moved.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::model::Digest;

use super::plan::{BlobAction, Plan, PlannedBlob};
use super::progress::{BlobProgress, CopyProgress};

/// How many blobs are on their way at once.
pub(super) const BLOBS_AT_ONCE: usize = 6;

/// The blobs that are to be moved, shared by those who move them.
pub(super) struct Queue<'a>(Mutex<Waiting<'a>>);

struct Waiting<'a> {
    /// What something waits for.
    first: VecDeque<Next<'a>>,
    by_size: VecDeque<Next<'a>>,
    /// How many of the first have not arrived yet.
    left: usize,
    /// Whoever waits for them.
    waker: Option<Waker>,
}

/// A blob that is to be moved.
pub(super) struct Next<'a> {
    pub(super) blob: &'a PlannedBlob,
    pub(super) count: Arc<BlobProgress>,
    is_first: bool,
}

impl<'a> Queue<'a> {
    /// All that is moved by `plan`; those of `first` are waited for.
    pub(super) fn new(plan: &'a Plan, progress: &CopyProgress, first: &HashSet<Digest>) -> Self {
        let moved = plan
            .blobs
            .iter()
            .filter(|blob| matches!(blob.action, BlobAction::Copy | BlobAction::Mount));
        let moved = moved.zip(&progress.blobs).map(|(blob, count)| Next {
            blob,
            count: Arc::clone(count),
            is_first: first.contains(&blob.descriptor.digest),
        });
        let (first, mut by_size): (Vec<_>, Vec<_>) = moved.partition(|next| next.is_first);
        by_size.sort_by_key(|next| next.blob.descriptor.size);
        Self(Mutex::new(Waiting {
            left: first.len(),
            first: first.into(),
            by_size: by_size.into(),
            waker: None,
        }))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<'a>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which one `worker` of [`BLOBS_AT_ONCE`] moves next. One begins with the largest at once,
    /// the others with what is waited for; then one takes small ones, so that no large one
    /// begins when all others have ended.
    pub(super) fn next(&self, worker: usize) -> Option<Next<'a>> {
        let Waiting { first, by_size, .. } = &mut *self.waiting();
        match worker {
            0 => first.pop_front().or_else(|| by_size.pop_front()),
            1 => by_size.pop_back().or_else(|| first.pop_front()),
            _ => first.pop_front().or_else(|| by_size.pop_back()),
        }
    }

    /// A blob has arrived.
    pub(super) fn arrived(&self, next: &Next<'_>) {
        if !next.is_first {
            return;
        }
        let mut waiting = self.waiting();
        waiting.left -= 1;
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    /// Waits until all that is waited for has arrived. For one who waits.
    pub(super) async fn first_there(&self) {
        poll_fn(|context| {
            let mut waiting = self.waiting();
            if waiting.left == 0 {
                return Poll::Ready(());
            }
            waiting.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
