//! Copies of all tags of a repository, or of all names of a layout, to another one: planned
//! while somebody chooses, and made as one job, one tag after the other.

mod choose;
mod states;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::copy::{Plan, Report};

pub use self::choose::{TagFilter, TagsRequest};
pub use self::states::{CopiedTag, PlannedTag, TagCounts, TagState, Tags};

use self::work::Work;
use super::copies::SETTLED;
use super::running::Running;
use super::shared::{JobHandle, Shared};
use super::{Failure, FailureKind, ImageId, JobId, JobKind, JobState, Remote, Unit, crash};

/// Names a copy of all tags for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagsId(u64);

impl TagsId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A copy of all tags as it is known at one moment. What `tags` holds goes on changing.
#[derive(Clone, Debug)]
pub struct TagsSnapshot {
    pub id: TagsId,
    pub request: TagsRequest,
    /// Those that are chosen, once they are listed.
    pub tags: Remote<Arc<Tags>>,
    /// The job that copies them; nothing while it is only planned.
    pub job: Option<JobId>,
    /// Whether all of them were looked at, or copied.
    pub ended: bool,
}

/// What came of one tag.
#[derive(Clone, Debug)]
pub enum TagEnded {
    /// All of it is there.
    Present(Arc<Plan>),
    /// It was only planned.
    Planned(Arc<Plan>),
    Copied(Arc<Report>),
    Failed(Arc<Failure>),
}

impl PartialEq for TagEnded {
    /// Whether it is the same one, told twice.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present(one), Self::Present(two)) | (Self::Planned(one), Self::Planned(two)) => {
                Arc::ptr_eq(one, two)
            }
            (Self::Copied(one), Self::Copied(two)) => Arc::ptr_eq(one, two),
            (Self::Failed(one), Self::Failed(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }
}

impl Eq for TagEnded {}

/// The copies of all tags that are planned or made.
pub(super) struct TagCopies {
    running: Running<TagsId>,
    /// Whose turn it is to copy, other copies among them.
    turns: Arc<Semaphore>,
}

impl TagCopies {
    pub fn new(turns: Arc<Semaphore>) -> Self {
        Self {
            running: Running::default(),
            turns,
        }
    }

    /// Plans it; an earlier plan for it is given up, and what that found is used again.
    pub fn plan(&mut self, shared: &Arc<Shared>, id: TagsId, request: TagsRequest, tell: bool) {
        let again = self.running.has(&id);
        let token = self.running.begin(id);
        let mut work = Work::new(shared, (id, request), Arc::clone(&self.turns), tell);
        tokio::spawn(async move {
            let planned = async {
                if again {
                    tokio::time::sleep(SETTLED).await;
                }
                work.plan().await
            };
            let planned = tokio::select! {
                () = token.cancelled() => return,
                planned = crash::caught(planned) => planned,
            };
            // what took its place shows itself
            if !token.is_cancelled() {
                work.end(planned.err());
            }
        });
    }

    /// Copies them. What has failed or was ended goes on in the same job.
    pub fn make(&mut self, shared: &Arc<Shared>, id: TagsId, request: TagsRequest, tell: bool) {
        let token = self.running.begin(id);
        let before = shared.slots.tags(id).and_then(|before| before.job);
        let job = shared.jobs.start_as(
            before.unwrap_or_else(JobId::next),
            JobKind::CopyTags,
            title(&request),
            ImageId::next(),
            Unit::Tags,
            "listing",
        );
        let work = Work::new(shared, (id, request), Arc::clone(&self.turns), tell);
        tokio::spawn(make(work, job, token));
    }

    /// Does the copy of a job again.
    pub fn retry(&mut self, shared: &Arc<Shared>, job: JobId) {
        let copies = shared.slots.tag_copies();
        if let Some(copy) = copies.iter().find(|copy| copy.job == Some(job)) {
            self.make(shared, copy.id, copy.request.clone(), false);
        }
    }

    /// Ends it and forgets it.
    pub fn forget(&mut self, shared: &Shared, id: TagsId) {
        self.running.end(&id);
        shared.slots.remove_tags(id);
    }
}

/// What the job is called: a registry is seen to be one.
fn title(request: &TagsRequest) -> String {
    let places = [request.source(), request.destination()];
    let [from, to] = places.map(|place| match place.strip_prefix("docker://") {
        Some(name) => name.to_owned(),
        None => place,
    });
    format!("Copy all tags of {from} to {to}")
}

async fn make(mut work: Work, mut job: JobHandle, token: CancellationToken) {
    let cancelled = job.token().clone();
    let made = tokio::select! {
        () = cancelled.cancelled() => None,
        () = token.cancelled() => None,
        made = crash::caught(work.copy(&mut job)) => Some(made),
    };
    let (state, failure) = match made {
        None => (JobState::Cancelled, None),
        Some(Ok(())) => (JobState::Done, None),
        Some(Err(failure)) => (JobState::Failed(Arc::new(failure.clone())), Some(failure)),
    };
    work.end(failure);
    job.end(state);
}

impl Failure {
    /// That some of `all` tags were not copied; `failed` has a line for each of them.
    pub fn of_tags(failed: Vec<String>, all: usize) -> Self {
        let headline = format!("{} of {all} tags were not copied", failed.len());
        let hint = "Mend what the lines below say, and copy again: what is there is not sent twice";
        Self::new(FailureKind::Other, headline, hint).with_details(failed)
    }
}
