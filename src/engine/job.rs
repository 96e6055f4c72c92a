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
    /// How much of the next one is done, in thousandths: where one takes long.
    part: AtomicU64,
}

impl Progress {
    /// Nothing done of an unknown total.
    pub const fn new(unit: Unit) -> Self {
        Self {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            unit: AtomicU8::new(unit as u8),
            part: AtomicU64::new(0),
        }
    }

    /// Counts something else from now on, or says anew how much of it is done.
    pub fn restart(&self, unit: Unit, done: u64, total: Option<u64>) {
        self.unit.store(unit as u8, Ordering::Relaxed);
        self.part.store(0, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.total
            .store(total.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Counts what was done.
    pub fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }

    /// Says how much of the next one is done, where one takes long: `done` of `total` of
    /// whatever it is made of.
    pub fn put_part(&self, done: u64, total: u64) {
        let part = u128::from(done.min(total)) * 1000 / u128::from(total.max(1));
        self.part
            .store(u64::try_from(part).unwrap_or(1000), Ordering::Relaxed);
    }

    /// How much of all is done, from 0 to 1; nothing where it is not known.
    pub fn share(&self) -> Option<f64> {
        let total = self.total()? as f64;
        let part = self.part.load(Ordering::Relaxed) as f64 / 1000.0;
        Some(((self.done() as f64 + part) / total).clamp(0.0, 1.0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_of_the_next_one_counts_until_it_is_done() {
        let progress = Progress::new(Unit::Tags);
        assert_eq!(progress.share(), None);
        progress.restart(Unit::Tags, 1, Some(4));
        assert_eq!(progress.share(), Some(0.25));
        progress.put_part(79, 158);
        assert_eq!(progress.share(), Some(0.375));
        // nothing of nothing
        progress.put_part(0, 0);
        assert_eq!(progress.share(), Some(0.25));
        progress.put_part(u64::MAX, u64::MAX);
        progress.restart(Unit::Tags, 2, Some(4));
        assert_eq!((progress.share(), progress.done()), (Some(0.5), 2));
    }
}
