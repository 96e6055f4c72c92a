//! Copies: planned while somebody chooses, and made as a job.

mod failed;
mod one;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::copy::{CopyOptions, CopyProgress, Plan, Report};
use crate::model::Reference;

pub(super) use self::one::{Prepared, Watching, make_one};

use super::running::Running;
use super::shared::{JobHandle, Shared};
use super::{ImageId, JobId, JobKind, JobState, Outcome, Remote, Unit, crash};

/// How long choices have to stay as they are before a plan is made of them: they come in
/// quick succession, and only the last of them is worth asking places for.
pub(super) const SETTLED: Duration = Duration::from_millis(300);

/// How many copies are made at the same time; the others wait for their turn.
const AT_ONCE: usize = 2;

/// Names a copy for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CopyId(u64);

impl CopyId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What is to be copied, to where, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyRequest {
    pub source: String,
    pub destination: String,
    pub options: CopyOptions,
}

/// A copy as it is known at one moment. `progress` goes on changing.
#[derive(Clone, Debug)]
pub struct CopySnapshot {
    pub id: CopyId,
    pub request: CopyRequest,
    /// The plan that fits the request.
    pub plan: Remote<Arc<Plan>>,
    /// Nothing before the copy is made.
    pub progress: Option<Arc<CopyProgress>>,
    pub job: Option<JobId>,
    pub report: Remote<Arc<Report>>,
    /// Where it failed because the source lost some images of the index, or what refers to
    /// them: the same without those.
    pub without_lost: Option<Box<CopyRequest>>,
    /// Where it failed because of what belongs to the image: the same with that left behind.
    pub left_behind: Option<Box<CopyRequest>>,
}

/// The copies that are planned or made, and how each could be ended or made again.
pub(super) struct Copies {
    running: Running<CopyId>,
    turns: Arc<Semaphore>,
}

impl Default for Copies {
    fn default() -> Self {
        Self {
            running: Running::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Copies {
    /// Whose turn it is to copy.
    pub fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    /// Plans a copy; an earlier plan for it is given up.
    pub fn plan(&mut self, shared: &Arc<Shared>, id: CopyId, request: CopyRequest) {
        let again = self.running.has(&id);
        let token = self.running.begin(id);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let mut snapshot = started(&shared, id, request);
            shared.slots.put_copy(Arc::new(snapshot.clone()));
            if again {
                tokio::select! {
                    () = token.cancelled() => return,
                    () = tokio::time::sleep(SETTLED) => {}
                }
            }
            let planned = tokio::select! {
                () = token.cancelled() => return,
                planned = crash::caught(Prepared::of(&shared, &snapshot.request)) => planned,
            };
            snapshot.plan = match planned {
                Ok(prepared) => Remote::Ready(prepared.plan),
                Err(failed) => Remote::Failed {
                    error: failed.told(&mut snapshot),
                    previous: None,
                },
            };
            if !token.is_cancelled() {
                shared.slots.put_copy(Arc::new(snapshot));
            }
        });
    }

    /// Makes a copy. One that has failed or was ended goes on in the same job.
    pub fn make(&mut self, shared: &Arc<Shared>, id: CopyId, request: CopyRequest) {
        let token = self.running.begin(id);
        let job = shared.jobs.start_as(
            ended_job(shared, id).unwrap_or_else(JobId::next),
            JobKind::Copy,
            title(&request),
            ImageId::next(),
            Unit::Bytes,
            "waiting",
        );
        // asked for once here, so that copies are made in the order in which they were begun
        let mut turn = Box::pin(Arc::clone(&self.turns).acquire_owned());
        let at_once = turn.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let turn = async move {
            match at_once {
                Poll::Ready(turn) => turn,
                Poll::Pending => turn.await,
            }
        };
        tokio::spawn(make(Arc::clone(shared), id, request, job, token, turn));
    }

    /// Makes the copy of a job again.
    pub fn retry(&mut self, shared: &Arc<Shared>, job: JobId) {
        let copies = shared.slots.copies();
        if let Some(copy) = copies.iter().find(|copy| copy.job == Some(job)) {
            self.make(shared, copy.id, copy.request.clone());
        }
    }

    /// Ends a copy and forgets it.
    pub fn forget(&mut self, shared: &Shared, id: CopyId) {
        self.running.end(&id);
        shared.slots.remove_copy(id);
    }
}

/// What the job of a copy is called.
fn title(request: &CopyRequest) -> String {
    let verb = match Reference::parse_prefixed(&request.destination) {
        Some(Ok(Reference::Path(_))) => "Export",
        _ => "Copy",
    };
    format!("{verb} {} to {}", request.source, request.destination)
}

/// The job that made a copy before, where it has ended and is still listed.
fn ended_job(shared: &Shared, id: CopyId) -> Option<JobId> {
    let job = shared.slots.copy(id)?.job?;
    let jobs = shared.slots.jobs();
    let ended = jobs.iter().find(|there| there.id == job)?;
    ended.state.is_final().then_some(job)
}

fn started(shared: &Shared, id: CopyId, request: CopyRequest) -> CopySnapshot {
    let previous = shared
        .slots
        .copy(id)
        .and_then(|before| before.plan.value().cloned());
    CopySnapshot {
        id,
        request,
        plan: Remote::Pending { previous },
        progress: None,
        job: None,
        report: Remote::NotAsked,
        without_lost: None,
        left_behind: None,
    }
}

async fn make(
    shared: Arc<Shared>,
    id: CopyId,
    request: CopyRequest,
    mut job: JobHandle,
    token: CancellationToken,
    turn: impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>>,
) {
    let mut snapshot = started(&shared, id, request);
    snapshot.job = Some(job.id());
    snapshot.report = Remote::Pending { previous: None };
    shared.slots.put_copy(Arc::new(snapshot.clone()));
    let cancelled = {
        let job = job.token().clone();
        async move {
            tokio::select! {
                () = job.cancelled() => {}
                () = token.cancelled() => {}
            }
        }
    };
    let in_turn = async {
        // nobody closes it
        let _turn = turn.await;
        job.phase("planning");
        let request = snapshot.request.clone();
        let mut shown = Shown {
            shared: &shared,
            snapshot: &mut snapshot,
            job: &mut job,
        };
        make_one(&shared, &request, &mut shown).await
    };
    let made = tokio::select! {
        () = cancelled => None,
        made = crash::caught(in_turn) => Some(made),
    };
    let state = match made {
        None => {
            snapshot.report = Remote::NotAsked;
            JobState::Cancelled
        }
        Some(Ok(report)) => {
            let destination = report.destination.clone();
            snapshot.report = Remote::Ready(report);
            shared.slots.put_outcome(Outcome::Copied {
                copy: id,
                destination,
            });
            JobState::Done
        }
        Some(Err(failed)) => {
            let error = failed.told(&mut snapshot);
            snapshot.report = Remote::Failed {
                error: Arc::clone(&error),
                previous: None,
            };
            JobState::Failed(error)
        }
    };
    shared.slots.put_copy(Arc::new(snapshot));
    job.end(state);
}

/// A copy that has a slot and a job of its own.
struct Shown<'a> {
    shared: &'a Shared,
    snapshot: &'a mut CopySnapshot,
    job: &'a mut JobHandle,
}

impl Watching for Shown<'_> {
    fn phase(&mut self, phase: &'static str) {
        self.job.phase(phase);
    }

    fn begins(&mut self, plan: &Arc<Plan>, progress: &Arc<CopyProgress>) {
        self.snapshot.plan = Remote::Ready(Arc::clone(plan));
        self.snapshot.progress = Some(Arc::clone(progress));
        self.moves(progress);
        self.shared.slots.put_copy(Arc::new(self.snapshot.clone()));
    }

    fn moves(&mut self, progress: &CopyProgress) {
        let (done, total) = (progress.done(), progress.total);
        self.job.progress().restart(Unit::Bytes, done, Some(total));
        self.shared.slots.wake();
    }
}
