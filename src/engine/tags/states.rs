//! What has become of each tag so far.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::copy::{BlobAction, CopyProgress, Plan, PlannedBlob, Report};
use crate::engine::Failure;
use crate::model::Digest;

/// The tags that are chosen, in their order, and what has become of each of them so far: it
/// goes on changing.
#[derive(Debug)]
pub struct Tags {
    names: Arc<[Arc<str>]>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    states: Vec<TagState>,
    /// Blobs that are sent for a tag before.
    sent: HashSet<Digest>,
    counts: TagCounts,
    current: Option<Arc<CopyProgress>>,
}

/// How a tag stands.
#[derive(Clone, Debug)]
pub enum TagState {
    /// Nothing was asked for it yet.
    Waiting,
    /// It would be written.
    Planned(PlannedTag),
    /// It is being written.
    Copying,
    /// All of it is there.
    Present(Digest),
    Copied(CopiedTag),
    Failed(Arc<Failure>),
}

/// What a copy of a tag would do.
#[derive(Clone, Debug)]
pub struct PlannedTag {
    pub digest: Digest,
    /// What the tag stands for there now; nothing where it is new.
    pub replaces: Option<Digest>,
    /// Bytes of blobs that are sent for it and for no tag before it.
    pub sent: u64,
    /// How many things do not come along.
    pub left_behind: usize,
    /// Those that are sent, with their sizes.
    pub(super) blobs: Arc<[(Digest, u64)]>,
}

/// What a copy of a tag did.
#[derive(Clone, Debug)]
pub struct CopiedTag {
    pub digest: Digest,
    /// Bytes.
    pub sent: u64,
    /// How many things did not come along.
    pub left_behind: usize,
}

/// How many tags stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TagCounts {
    pub waiting: usize,
    pub planned: usize,
    /// Those of the planned ones that stand for something else there now.
    pub moved: usize,
    pub copying: usize,
    pub present: usize,
    pub copied: usize,
    pub failed: usize,
    /// Bytes of blobs that would be sent, each once.
    pub to_send: u64,
    /// Bytes that were sent.
    pub sent: u64,
}

impl Tags {
    pub(super) fn new(names: Arc<[Arc<str>]>) -> Self {
        let counts = TagCounts {
            waiting: names.len(),
            ..TagCounts::default()
        };
        Self {
            inner: Mutex::new(Inner {
                states: vec![TagState::Waiting; names.len()],
                sent: HashSet::new(),
                counts,
                current: None,
            }),
            names,
        }
    }

    /// As they are called.
    pub const fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    /// How many stand how.
    pub fn counts(&self) -> TagCounts {
        self.lock().counts
    }

    /// How one stands; waiting where there is none at this position.
    pub fn state(&self, at: usize) -> TagState {
        let inner = self.lock();
        inner.states.get(at).cloned().unwrap_or(TagState::Waiting)
    }

    /// The positions of those that `wanted` takes.
    pub fn positions(&self, wanted: impl Fn(&TagState) -> bool) -> Vec<usize> {
        let inner = self.lock();
        let found = inner.states.iter().enumerate();
        found
            .filter(|(_, state)| wanted(state))
            .map(|(at, _)| at)
            .collect()
    }

    /// How far the copy is that is being made.
    pub fn current(&self) -> Option<Arc<CopyProgress>> {
        self.lock().current.clone()
    }

    pub(super) fn follow(&self, progress: Option<Arc<CopyProgress>>) {
        self.lock().current = progress;
    }

    /// Nothing more is done: what was being copied is not.
    pub(super) fn stop(&self) {
        self.follow(None);
        for at in self.positions(|state| matches!(state, TagState::Copying)) {
            self.put(at, TagState::Waiting);
        }
    }

    pub(super) fn put(&self, at: usize, state: TagState) {
        let mut inner = self.lock();
        let Inner { states, counts, .. } = &mut *inner;
        if let Some(before) = states.get_mut(at) {
            counts.take(before);
            counts.add(&state);
            *before = state;
        }
    }

    /// Puts in what `plan` would do.
    pub(super) fn plan(&self, at: usize, plan: &Plan) {
        if plan.is_done() {
            return self.put(at, TagState::Present(plan.digest.clone()));
        }
        let copied = |blob: &&PlannedBlob| blob.action == BlobAction::Copy;
        let blobs = plan.blobs.iter().filter(copied);
        let blobs = blobs.map(|blob| (blob.descriptor.digest.clone(), blob.descriptor.size));
        let planned = PlannedTag {
            digest: plan.digest.clone(),
            replaces: plan.replaces.clone().filter(|there| *there != plan.digest),
            sent: 0,
            left_behind: plan.left_behind.len(),
            blobs: blobs.collect(),
        };
        self.put_planned(at, planned);
    }

    fn put_planned(&self, at: usize, mut planned: PlannedTag) {
        {
            let mut inner = self.lock();
            let first = planned.blobs.iter();
            let first = first.filter(|(digest, _)| inner.sent.insert(digest.clone()));
            planned.sent = first.map(|(_, size)| size).sum();
        }
        self.put(at, TagState::Planned(planned));
    }

    /// Puts in what is known of the same tags from `before`, when others were chosen.
    pub(super) fn carry_over(&self, before: &Self) {
        let names = before.names.iter().enumerate();
        let known: HashMap<&str, usize> = names.map(|(at, name)| (&**name, at)).collect();
        for (at, name) in self.names.iter().enumerate() {
            match known.get(&**name).map(|at| before.state(*at)) {
                Some(TagState::Planned(planned)) => self.put_planned(at, planned),
                Some(there @ TagState::Present(_)) => self.put(at, there),
                _ => {}
            }
        }
    }

    pub(super) fn copied(&self, at: usize, report: &Report) {
        let copied = CopiedTag {
            digest: report.digest.clone(),
            sent: report.bytes_sent,
            left_behind: report.left_behind.len(),
        };
        self.put(at, TagState::Copied(copied));
    }

    /// Held for one look or change only; a panic cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TagCounts {
    /// How many there are.
    pub const fn all(&self) -> usize {
        self.waiting + self.planned + self.copying + self.ended()
    }

    /// Of how many it is known what has become of them.
    pub const fn ended(&self) -> usize {
        self.present + self.copied + self.failed
    }

    fn of(&mut self, state: &TagState) -> &mut usize {
        match state {
            TagState::Waiting => &mut self.waiting,
            TagState::Planned(_) => &mut self.planned,
            TagState::Copying => &mut self.copying,
            TagState::Present(_) => &mut self.present,
            TagState::Copied(_) => &mut self.copied,
            TagState::Failed(_) => &mut self.failed,
        }
    }

    fn add(&mut self, state: &TagState) {
        *self.of(state) += 1;
        match state {
            TagState::Planned(planned) => {
                self.to_send += planned.sent;
                self.moved += usize::from(planned.replaces.is_some());
            }
            TagState::Copied(copied) => self.sent += copied.sent,
            _ => {}
        }
    }

    fn take(&mut self, state: &TagState) {
        *self.of(state) -= 1;
        match state {
            TagState::Planned(planned) => {
                self.to_send -= planned.sent;
                self.moved -= usize::from(planned.replaces.is_some());
            }
            TagState::Copied(copied) => self.sent -= copied.sent,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(sent: u64, replaces: Option<&[u8]>) -> TagState {
        TagState::Planned(PlannedTag {
            digest: Digest::sha256(b"image"),
            replaces: replaces.map(Digest::sha256),
            sent,
            left_behind: 0,
            blobs: Arc::new([]),
        })
    }

    #[test]
    fn a_blob_is_counted_for_the_first_tag_that_is_chosen() {
        let layer = (Digest::sha256(b"layer"), 10);
        let planned = |size: u64| PlannedTag {
            digest: Digest::sha256(b"image"),
            replaces: None,
            sent: 0,
            left_behind: 0,
            blobs: [layer.clone(), (Digest::sha256(&[size as u8]), size)].into(),
        };
        let names: Arc<[Arc<str>]> = ["a", "b"].map(Arc::from).into();
        let all = Tags::new(names);
        all.put_planned(0, planned(1));
        all.put_planned(1, planned(2));
        assert_eq!(all.counts().to_send, 13);
        let sent = |tags: &Tags, at| match tags.state(at) {
            TagState::Planned(planned) => planned.sent,
            other => panic!("{other:?}"),
        };
        assert_eq!((sent(&all, 0), sent(&all, 1)), (11, 2));
        let names: Arc<[Arc<str>]> = ["b", "c"].map(Arc::from).into();
        let fewer = Tags::new(names);
        fewer.carry_over(&all);
        assert_eq!(sent(&fewer, 0), 12);
        assert!(matches!(fewer.state(1), TagState::Waiting));
    }

    #[test]
    fn counts_follow_what_becomes_of_each() {
        let names: Arc<[Arc<str>]> = ["a", "b", "c"].map(Arc::from).into();
        let tags = Tags::new(names);
        assert_eq!(tags.counts().waiting, 3);
        tags.put(0, planned(7, Some(b"other")));
        tags.put(1, planned(5, None));
        let counts = tags.counts();
        let found = (counts.waiting, counts.planned, counts.moved, counts.to_send);
        assert_eq!(found, (1, 2, 1, 12));
        tags.put(0, TagState::Copying);
        tags.put(
            0,
            TagState::Copied(CopiedTag {
                digest: Digest::sha256(b"image"),
                sent: 9,
                left_behind: 1,
            }),
        );
        tags.put(2, TagState::Present(Digest::sha256(b"image")));
        let counts = tags.counts();
        let found = (counts.planned, counts.moved, counts.to_send, counts.sent);
        assert_eq!(found, (1, 0, 5, 9));
        assert_eq!((counts.ended(), counts.all()), (2, 3));
        tags.put(1, TagState::Copying);
        tags.stop();
        assert_eq!((tags.counts().copying, tags.counts().waiting), (0, 1));
        let copied = tags.positions(|state| matches!(state, TagState::Copied(_)));
        assert_eq!(copied, [0]);
    }
}
