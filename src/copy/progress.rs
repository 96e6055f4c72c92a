//! How far a copy is, read without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::model::{Descriptor, Digest};

use super::plan::{BlobAction, Plan};

/// How far a copy is.
#[derive(Debug, Default)]
pub struct CopyProgress {
    /// Bytes of blobs that have arrived, of [`CopyProgress::total`].
    done: AtomicU64,
    /// Bytes of blobs that were read to be sent: what is sent again counts again, and what an
    /// earlier copy sent does not.
    sent: AtomicU64,
    /// Bytes of blobs that are copied or mounted.
    pub total: u64,
    /// The blobs that are copied or mounted.
    pub blobs: Vec<Arc<BlobProgress>>,
}

/// How far a blob is.
#[derive(Debug)]
pub struct BlobProgress {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    done: AtomicU64,
    state: AtomicU8,
}

/// How a blob stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    Waiting,
    Running,
    Copied,
    Mounted,
}

impl CopyProgress {
    /// Nothing done of `plan`.
    pub fn of(plan: &Plan) -> Self {
        let moved = plan
            .blobs
            .iter()
            .filter(|blob| matches!(blob.action, BlobAction::Copy | BlobAction::Mount));
        let blobs: Vec<_> = moved
            .map(|blob| Arc::new(BlobProgress::of(&blob.descriptor)))
            .collect();
        Self {
            done: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            total: blobs.iter().map(|blob| blob.size).sum(),
            blobs,
        }
    }

    /// Bytes that have arrived.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Bytes that were sent by this copy.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// `bytes` more are on their way.
    pub(super) fn sends(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The blob stands at `at`, wherever it stood before.
    pub(super) fn stands(&self, blob: &BlobProgress, at: u64) {
        let before = blob.done.swap(at, Ordering::Relaxed);
        if at >= before {
            self.done.fetch_add(at - before, Ordering::Relaxed);
        } else {
            self.done.fetch_sub(before - at, Ordering::Relaxed);
        }
    }
}

impl BlobProgress {
    /// Nothing done of `blob`.
    pub(super) fn of(blob: &Descriptor) -> Self {
        Self {
            digest: blob.digest.clone(),
            size: blob.size,
            done: AtomicU64::new(0),
            state: AtomicU8::new(0),
        }
    }

    /// Bytes that have arrived.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How it stands.
    pub fn state(&self) -> BlobState {
        match self.state.load(Ordering::Relaxed) {
            0 => BlobState::Waiting,
            1 => BlobState::Running,
            2 => BlobState::Copied,
            _ => BlobState::Mounted,
        }
    }

    pub(super) fn is(&self, state: BlobState) {
        let state = match state {
            BlobState::Waiting => 0,
            BlobState::Running => 1,
            BlobState::Copied => 2,
            BlobState::Mounted => 3,
        };
        self.state.store(state, Ordering::Relaxed);
    }
}
