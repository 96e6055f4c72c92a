//! Jobs: what the engine is doing, with progress that is read without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Failure, ImageId};

/// Names a job for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub(super) u64);

impl JobId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    Open,
    Reload,
    Check,
    /// Reads the layers of a manifest to list their files.
    ReadLayers,
    Copy,
    /// Copies all tags of a place.
    CopyTags,
    /// Saves files of an image.
    Save,
    /// Searches names in all layers of an image.
    Search,
    /// Compares two images.
    Compare,
    /// Signs, attaches or takes back.
    Addition,
}

/// A job as it is known at one moment. `progress` goes on changing.
#[derive(Clone, Debug)]
pub struct JobSnapshot {
    pub id: JobId,
    pub kind: JobKind,
    /// What it is about, for people.
    pub title: Arc<str>,
    pub image: ImageId,
    pub progress: Arc<Progress>,
    pub state: JobState,
    pub started: Instant,
    pub ended: Option<Instant>,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    Running { phase: &'static str },
    Done,
    Failed(Arc<Failure>),
    Cancelled,
}

impl JobState {
    /// Whether it will not change any more.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Running { .. })
    }
}

/// In what a job is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Documents,
    Tags,
}

/// How far a job is.
#[derive(Debug)]
pub struct Progress {
    done: AtomicU64,
    /// 0 where it is not known.
    total: AtomicU64,
    /// What is counted: a [`Unit`] as a number.
    unit: AtomicU8,
}

impl Progress {
    /// Nothing done of an unknown total.
    pub const fn new(unit: Unit) -> Self {
        Self {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            unit: AtomicU8::new(unit as u8),
        }
    }

    /// Counts something else from now on, or says anew how much of it is done.
    pub fn restart(&self, unit: Unit, done: u64, total: Option<u64>) {
        self.unit.store(unit as u8, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.total
            .store(total.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Counts what was done.
    pub fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }

    /// Counts what is to be done.
    pub fn expect(&self, more: u64) {
        self.total.fetch_add(more, Ordering::Relaxed);
    }

    /// In `unit`.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// In `unit`; nothing where it is not known yet.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|t| *t > 0)
    }

    /// In what is counted.
    pub fn unit(&self) -> Unit {
        let units = [Unit::Bytes, Unit::Documents, Unit::Tags];
        let unit = usize::from(self.unit.load(Ordering::Relaxed));
        units.get(unit).copied().unwrap_or(Unit::Documents)
    }
}

impl JobSnapshot {
    /// How long it has been running, or ran.
    pub fn elapsed(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now) - self.started
    }
}
