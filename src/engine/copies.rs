//! Copies: planned while somebody chooses, and made as a job.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::copy::{
    self, Attached, CopyError, CopyOptions, CopyProgress, Format, Plan, Report, Selection, Wanted,
};
use crate::model::Reference;
use crate::transport::{self, Destination, Located, Source};

use super::shared::{JobHandle, Shared};
use super::{
    Failure, FailureKind, ImageId, JobId, JobKind, JobState, Outcome, Remote, Unit, crash,
};

/// How often the progress of a copy is told to whoever looks.
const TELLING: Duration = Duration::from_millis(100);

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

/// Why a copy is not planned or made, and what could be copied all the same.
struct Failed {
    failure: Failure,
    whole: Vec<Wanted>,
    no_referrers: bool,
    stuck: Option<Attached>,
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            failure: error.into(),
            whole: Vec::new(),
            no_referrers: false,
            stuck: None,
        }
    }
}

impl Failed {
    fn of(error: CopyError) -> Self {
        let (whole, no_referrers) = match &error {
            CopyError::Lost {
                whole,
                no_referrers,
                ..
            } => (whole.clone(), *no_referrers),
            _ => (Vec::new(), false),
        };
        let stuck = match &error {
            CopyError::Stuck { what, .. } => Some(*what),
            _ => None,
        };
        Self {
            whole,
            no_referrers,
            stuck,
            failure: error.into(),
        }
    }

    /// Puts into `snapshot` how it could go on; what failed.
    fn told(self, snapshot: &mut CopySnapshot) -> Arc<Failure> {
        if !self.whole.is_empty() || self.no_referrers {
            let mut request = snapshot.request.clone();
            if !self.whole.is_empty() {
                request.options.selection = Selection::Some(self.whole);
            }
            request.options.no_referrers |= self.no_referrers;
            snapshot.without_lost = Some(Box::new(request));
        }
        if let Some(what) = self.stuck {
            let mut request = snapshot.request.clone();
            request.options = what.left_behind(&request.options);
            snapshot.left_behind = Some(Box::new(request));
        }
        Arc::new(self.failure)
    }
}

/// The copies that are planned or made, and how each could be ended or made again.
pub(super) struct Copies {
    running: HashMap<CopyId, CancellationToken>,
    turns: Arc<Semaphore>,
}

impl Default for Copies {
    fn default() -> Self {
        Self {
            running: HashMap::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Copies {
    /// Plans a copy; an earlier plan for it is given up.
    pub fn plan(&mut self, shared: &Arc<Shared>, id: CopyId, request: CopyRequest) {
        let again = self.running.contains_key(&id);
        let token = self.begin(id);
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
                Ok(prepared) => Remote::Ready(Arc::new(prepared.plan)),
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
        let token = self.begin(id);
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
        if let Some(token) = self.running.remove(&id) {
            token.cancel();
        }
        shared.slots.remove_copy(id);
    }

    fn begin(&mut self, id: CopyId) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(before) = self.running.insert(id, token.clone()) {
            before.cancel();
        }
        token
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

/// Both places, and the plan between them.
struct Prepared {
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    plan: Plan,
}

impl Prepared {
    async fn of(shared: &Shared, request: &CopyRequest) -> Result<Self, Failed> {
        crash::at("planning a copy");
        let source = locate(shared, &request.source)?;
        let reference = locate_destination(shared, &request.destination)?;
        let source = match request.options.foreign_layers {
            true => transport::open_with_addresses(&source, &shared.client),
            false => transport::open(&source, &shared.client),
        };
        let destination = transport::open_destination(&reference, &shared.client)?;
        let there = transport::open(&reference, &shared.client);
        let plan = copy::plan(
            Arc::clone(&source),
            Arc::clone(&destination),
            Some(there),
            &request.options,
            &shared.config.platform,
        )
        .await
        .map_err(Failed::of)?;
        Ok(Self {
            source,
            destination,
            plan,
        })
    }
}

fn locate(shared: &Shared, text: &str) -> Result<Reference, Failure> {
    let located = transport::locate_through(&shared.client, text);
    let Located { reference, .. } = located.map_err(Failure::from)?;
    Ok(reference)
}

/// What `text` names to write to. A path need not exist yet: then it is a layout where its
/// prefix says nothing else.
fn locate_destination(shared: &Shared, text: &str) -> Result<Reference, Failure> {
    if let Some(parsed) = Reference::parse_prefixed(text) {
        let failed = |error: crate::model::ReferenceError| {
            Failure::refused(format!("{text:?}: {error}"), error.hint())
        };
        return parsed.map_err(failed);
    }
    locate(shared, text)
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
        work(&shared, &mut snapshot, &mut job).await
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

async fn work(
    shared: &Shared,
    snapshot: &mut CopySnapshot,
    job: &mut JobHandle,
) -> Result<Arc<Report>, Failed> {
    let prepared = Prepared::of(shared, &snapshot.request).await?;
    let refused = match carry_out(shared, snapshot, job, prepared).await {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let plan = snapshot.plan.value().cloned();
    let of_plan = |plan: &Arc<Plan>| copy::other_format(plan, &refused);
    let Some(format) = plan.as_ref().and_then(of_plan) else {
        let beside = plan.is_some_and(|plan| copy::is_beside(&plan, &refused));
        let mut failed = Failed::of(refused);
        if beside {
            failed.stuck = Some(Attached::Everything);
            let hint = "Leave behind what refers to the image (--no-referrers), or use a registry that takes it";
            hint.clone_into(&mut failed.failure.hint);
        }
        return Err(failed);
    };
    job.phase("planning");
    let asked = &snapshot.request.options;
    // nobody asked for the format that the place does not take, nor for its digests
    let is_free = asked.format == Format::Keep && !asked.preserve_digests;
    let mut request = snapshot.request.clone();
    request.options.format = format;
    request.options.preserve_digests = false;
    let hint = match Prepared::of(shared, &request).await {
        Ok(prepared) if is_free => {
            let made = carry_out(shared, snapshot, job, prepared).await;
            return made.map_err(Failed::of);
        }
        Ok(_) => {
            let digests = match asked.preserve_digests {
                true => " and let digests change (without --preserve-digests)",
                false => "",
            };
            let name = format.name();
            format!(
                "Copy it in the other format (--format {name}){digests}, or to a registry that takes this one"
            )
        }
        Err(why) => {
            let lost = why.failure;
            request.options.no_referrers = true;
            let rest = match Prepared::of(shared, &request).await {
                Ok(_) => {
                    snapshot.left_behind = Some(Box::new(request));
                    " Leave that behind (--no-referrers), or use"
                }
                Err(_) => " Use",
            };
            format!("It cannot be converted: {lost}.{rest} a registry that takes this format")
        }
    };
    let mut failed = Failed::of(refused);
    failed.failure.hint = hint;
    Err(failed)
}

/// Does what was planned, and tells on the way.
async fn carry_out(
    shared: &Shared,
    snapshot: &mut CopySnapshot,
    job: &mut JobHandle,
    prepared: Prepared,
) -> Result<Arc<Report>, CopyError> {
    let progress = Arc::new(CopyProgress::of(&prepared.plan));
    job.progress().restart(Unit::Bytes, 0, Some(progress.total));
    job.phase("copying");
    let plan = Arc::new(prepared.plan);
    snapshot.plan = Remote::Ready(Arc::clone(&plan));
    snapshot.progress = Some(Arc::clone(&progress));
    shared.slots.put_copy(Arc::new(snapshot.clone()));
    let counting = Arc::clone(&progress);
    let running = copy::run(&plan, prepared.source, prepared.destination, progress);
    let mut running = std::pin::pin!(running);
    let mut told = tokio::time::interval(TELLING);
    loop {
        tokio::select! {
            done = &mut running => {
                job.progress().restart(Unit::Bytes, counting.done(), Some(counting.total));
                return Ok(Arc::new(done?));
            }
            _ = told.tick() => {
                job.progress().restart(Unit::Bytes, counting.done(), Some(counting.total));
                shared.slots.wake();
            }
        }
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Transport(error) => error.into(),
            CopyError::Refused { why, hint } | CopyError::Stuck { why, hint, .. } => {
                Self::refused(why, hint)
            }
            CopyError::Lost { why, hint, .. } => Self {
                kind: FailureKind::Missing,
                ..Self::refused(why, hint)
            },
        }
    }
}
