//! Lists the tags, looks at some ahead, and copies one after the other: tags often stand for
//! the same image, which is sent once so.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::states::{TagState, Tags};
use super::{TagEnded, TagsId, TagsRequest, TagsSnapshot};
use crate::copy::{CopyProgress, Plan};
use crate::engine::chores;
use crate::engine::copies::{CopyRequest, Prepared, Watching, make_one};
use crate::engine::shared::{JobHandle, Shared};
use crate::engine::{Failure, Outcome, Progress, Remote, Unit, crash};
use crate::model::text;

/// How many tags are looked at before it is their turn.
const AHEAD: usize = 8;
/// How many tags that failed the job names; each of them is in the list.
const TOLD: usize = 20;

/// One copy of all tags.
pub(super) struct Work {
    shared: Arc<Shared>,
    snapshot: TagsSnapshot,
    /// What was known before of the same copy.
    before: Option<Arc<TagsSnapshot>>,
    turns: Arc<Semaphore>,
    /// Whether what comes of each tag is told: nobody takes it away where it is only shown.
    tell: bool,
}

/// What a look at a tag found, in the order of the tags.
type Looked = (usize, Result<Arc<Plan>, Failure>);

impl Work {
    pub fn new(
        shared: &Arc<Shared>,
        (id, request): (TagsId, TagsRequest),
        turns: Arc<Semaphore>,
        tell: bool,
    ) -> Self {
        let before = shared.slots.tags(id);
        let previous = before
            .as_ref()
            .and_then(|before| before.tags.value().cloned());
        let work = Self {
            shared: Arc::clone(shared),
            snapshot: TagsSnapshot {
                id,
                request,
                tags: Remote::Pending { previous },
                job: None,
                ended: false,
            },
            before,
            turns,
            tell,
        };
        work.show();
        work
    }

    pub const fn id(&self) -> TagsId {
        self.snapshot.id
    }

    fn show(&self) {
        let snapshot = Arc::new(self.snapshot.clone());
        self.shared.slots.put_tags(snapshot);
    }

    /// Nothing more is done. What `failure` says is why they are not known, unless they are.
    pub fn end(&mut self, failure: Option<Failure>) {
        match (&self.snapshot.tags, failure) {
            (Remote::Ready(tags), _) => tags.stop(),
            (_, Some(failure)) => {
                self.snapshot.tags = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
            }
            _ => {}
        }
        self.snapshot.ended = true;
        self.show();
        let tags = self.id();
        self.shared.slots.put_outcome(Outcome::TagsEnded { tags });
    }

    fn tell(&self, tags: &Tags, at: usize, ended: TagEnded) {
        if self.tell {
            self.shared.slots.put_outcome(Outcome::TagEnded {
                tags: self.id(),
                tag: Arc::clone(&tags.names()[at]),
                ended,
            });
        }
    }

    /// Finds out what would be done with each tag.
    ///
    /// # Errors
    /// Where they cannot be listed.
    pub async fn plan(&mut self) -> Result<(), Failure> {
        let tags = self.list().await?;
        let mut ahead = Ahead::new(&self.shared, &self.snapshot.request, &tags);
        while let Some((at, looked)) = ahead.next().await {
            match looked {
                Ok(plan) => {
                    tags.plan(at, &plan);
                    self.tell(&tags, at, TagEnded::Planned(plan));
                }
                Err(failure) => self.fail(&tags, at, failure),
            }
            self.shared.slots.wake();
        }
        Ok(())
    }

    /// Copies each tag.
    ///
    /// # Errors
    /// Where they cannot be listed, or some of them could not be copied.
    pub async fn copy(&mut self, job: &mut JobHandle) -> Result<(), Failure> {
        self.snapshot.job = Some(job.id());
        self.before = None;
        self.show();
        let tags = self.list().await?;
        let all = tags.names().len();
        job.phase("copying");
        let progress = job.shared_progress();
        progress.restart(Unit::Tags, 0, Some(all as u64));
        let mut failed = Vec::new();
        let request = self.snapshot.request.clone();
        let mut ahead = Ahead::new(&self.shared, &request, &tags);
        while let Some((at, looked)) = ahead.next().await {
            let ended = match looked {
                Err(failure) => Err(failure),
                Ok(plan) if plan.is_done() => {
                    tags.put(at, TagState::Present(plan.digest.clone()));
                    self.tell(&tags, at, TagEnded::Present(plan));
                    Ok(())
                }
                Ok(_) => self.copy_one(&tags, at, &progress).await,
            };
            if let Err(failure) = ended {
                let tag = &tags.names()[at];
                failed.push(format!("{}: {}", text::visible(tag), failure.headline));
                self.fail(&tags, at, failure);
            }
            let done = tags.counts().ended() as u64;
            progress.restart(Unit::Tags, done, Some(all as u64));
            self.shared.slots.wake();
        }
        match failed.is_empty() {
            true => Ok(()),
            false => {
                let mut failure = Failure::of_tags(failed, all);
                if let Some(more) = failure.details.len().checked_sub(TOLD).filter(|n| *n > 0) {
                    failure.details.truncate(TOLD);
                    failure.details.push(format!("and {more} more"));
                }
                Err(failure)
            }
        }
    }

    async fn copy_one(&self, tags: &Tags, at: usize, all: &Progress) -> Result<(), Failure> {
        let request = self.snapshot.request.of_tag(&tags.names()[at])?;
        // nobody closes it
        let _turn = self.turns.acquire().await;
        tags.put(at, TagState::Copying);
        let mut following = Following {
            shared: &self.shared,
            tags,
            all,
        };
        let made = make_one(&self.shared, &request, &mut following).await;
        tags.follow(None);
        let report = made.map_err(|failed| failed.failure)?;
        tags.copied(at, &report);
        self.tell(tags, at, TagEnded::Copied(report));
        Ok(())
    }

    fn fail(&self, tags: &Tags, at: usize, failure: Failure) {
        let failure = Arc::new(failure);
        tags.put(at, TagState::Failed(Arc::clone(&failure)));
        self.tell(tags, at, TagEnded::Failed(failure));
    }

    /// Lists the tags and chooses among them.
    async fn list(&mut self) -> Result<Arc<Tags>, Failure> {
        crash::at("listing tags");
        let request = &self.snapshot.request;
        let names = chores::tag_names(&self.shared, request.places()[0]).await?;
        // not all of them would be copied
        if let Some(error) = names.unfinished {
            return Err(error.into());
        }
        let tags = Tags::new(request.chosen(names.names)?);
        if let Some(before) = &self.before
            && before.request.differs_in_filters_only(request)
            // what it was shown meanwhile is of yet another one
            && let Remote::Ready(known) = &before.tags
        {
            tags.carry_over(known);
        }
        let tags = Arc::new(tags);
        self.snapshot.tags = Remote::Ready(Arc::clone(&tags));
        self.show();
        Ok(tags)
    }
}

/// A look on its way, given up with who waits for it.
type Looking = AbortOnDropHandle<Result<Arc<Plan>, Failure>>;

/// Plans of the tags that are still to be looked at, some of them on their way.
struct Ahead<'a> {
    shared: &'a Arc<Shared>,
    request: &'a TagsRequest,
    names: Arc<[Arc<str>]>,
    left: std::vec::IntoIter<usize>,
    asked: VecDeque<(usize, Looking)>,
}

impl<'a> Ahead<'a> {
    fn new(shared: &'a Arc<Shared>, request: &'a TagsRequest, tags: &Tags) -> Self {
        let left = tags.positions(|state| matches!(state, TagState::Waiting));
        Self {
            shared,
            request,
            names: Arc::clone(tags.names()),
            left: left.into_iter(),
            asked: VecDeque::new(),
        }
    }

    /// The next of them, in order; nothing behind the last.
    async fn next(&mut self) -> Option<Looked> {
        while self.asked.len() < AHEAD
            && let Some(at) = self.left.next()
        {
            let shared = Arc::clone(self.shared);
            let request = self.request.of_tag(&self.names[at]);
            let looking = tokio::spawn(async move {
                let request = request?;
                crash::caught(look(&shared, &request)).await
            });
            self.asked.push_back((at, AbortOnDropHandle::new(looking)));
        }
        let (at, looking) = self.asked.pop_front()?;
        let looked = looking.await;
        Some((at, looked.unwrap_or_else(|_| Err(crash::failure()))))
    }
}

async fn look(shared: &Shared, request: &CopyRequest) -> Result<Arc<Plan>, Failure> {
    let prepared = Prepared::of(shared, request).await;
    prepared
        .map(|prepared| prepared.plan)
        .map_err(|failed| failed.failure)
}

/// A copy of one tag, whose progress is that of all.
struct Following<'a> {
    shared: &'a Shared,
    tags: &'a Tags,
    all: &'a Progress,
}

impl Watching for Following<'_> {
    fn phase(&mut self, phase: &'static str) {
        crash::at(phase);
    }

    fn begins(&mut self, _: &Arc<Plan>, progress: &Arc<CopyProgress>) {
        self.tags.follow(Some(Arc::clone(progress)));
        self.shared.slots.wake();
    }

    fn moves(&mut self, progress: &CopyProgress) {
        self.all.put_part(progress.done(), progress.total);
        self.shared.slots.wake();
    }
}
