//! What all tasks of the engine share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::store::Store;
use crate::transport::registry::Client;

use super::crash;
use super::files::Shelf;
use super::roots::Roots;
use super::verdicts::Verdicts;
use super::{
    EngineConfig, ImageId, JobId, JobKind, JobSnapshot, JobState, Progress, Slots, TrustSettings,
    Unit,
};

/// The one client, the one cache, the slots.
pub(super) struct Shared {
    pub config: EngineConfig,
    /// What is judged by; replaced whole when the policy changes.
    pub trust: arc_swap::ArcSwap<TrustSettings>,
    /// Held while the policy is read, changed and written.
    pub trust_edits: tokio::sync::Mutex<()>,
    pub client: Client,
    pub store: Store,
    pub slots: Arc<Slots>,
    pub jobs: Jobs,
    /// What is in layers.
    pub shelf: Shelf,
    /// Trust roots that were renewed.
    pub roots: Roots,
    /// Verdicts that were given.
    pub verdicts: Verdicts,
}

impl Shared {
    /// Judges by these from now on.
    pub fn judge_by(&self, settings: TrustSettings) {
        self.trust.rcu(|_| TrustSettings {
            offline: self.client.is_offline(),
            ..settings.clone()
        });
    }

    /// Asks nobody but registries themselves from now on, or everybody again. Verdicts that
    /// are on their way count for nothing.
    pub fn set_offline(&self, offline: bool) {
        self.client.set_offline(offline);
        self.trust.rcu(|settings| TrustSettings {
            offline: self.client.is_offline(),
            ..TrustSettings::clone(settings)
        });
    }
}

/// The jobs that run.
pub(super) struct Jobs {
    slots: Arc<Slots>,
    running: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
}

/// A running job, in the hands of who does it.
#[derive(Clone)]
pub(super) struct JobHandle {
    snapshot: JobSnapshot,
    token: CancellationToken,
    slots: Arc<Slots>,
    running: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
}

impl Jobs {
    pub fn new(slots: Arc<Slots>) -> Self {
        Self {
            slots,
            running: Arc::default(),
        }
    }

    /// Starts a job and shows it.
    pub fn start(
        &self,
        kind: JobKind,
        title: String,
        image: ImageId,
        unit: Unit,
        phase: &'static str,
    ) -> JobHandle {
        self.start_as(JobId::next(), kind, title, image, unit, phase)
    }

    /// Starts a job under an id; one of that id that has ended goes on as this one, where it
    /// stands among the others.
    pub fn start_as(
        &self,
        id: JobId,
        kind: JobKind,
        title: String,
        image: ImageId,
        unit: Unit,
        phase: &'static str,
    ) -> JobHandle {
        let handle = JobHandle {
            snapshot: JobSnapshot {
                id,
                kind,
                title: title.into(),
                image,
                progress: Arc::new(Progress::new(unit)),
                state: JobState::Running { phase },
                started: Instant::now(),
                ended: None,
            },
            token: CancellationToken::new(),
            slots: Arc::clone(&self.slots),
            running: Arc::clone(&self.running),
        };
        lock(&self.running).insert(handle.snapshot.id, handle.token.clone());
        self.slots.put_job(Arc::new(handle.snapshot.clone()));
        handle
    }

    /// Asks a job to end. Gives false where it has ended already.
    pub fn cancel(&self, job: JobId) -> bool {
        let token = lock(&self.running).get(&job).cloned();
        token.inspect(CancellationToken::cancel).is_some()
    }
}

impl JobHandle {
    pub const fn id(&self) -> JobId {
        self.snapshot.id
    }

    pub fn progress(&self) -> &Progress {
        &self.snapshot.progress
    }

    /// The progress, for who counts on another thread.
    pub fn shared_progress(&self) -> Arc<Progress> {
        Arc::clone(&self.snapshot.progress)
    }

    /// Cancelled when the user wants the job to end.
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Says what is being done now.
    pub fn phase(&mut self, phase: &'static str) {
        crash::at(phase);
        self.snapshot.state = JobState::Running { phase };
        self.slots.put_job(Arc::new(self.snapshot.clone()));
    }

    /// Takes the job away, as if it had never been: what it was for is asked for again.
    pub fn forget(self) {
        lock(&self.running).remove(&self.snapshot.id);
        self.slots.remove_job(self.snapshot.id);
    }

    /// Shows how the job ended.
    pub fn end(mut self, state: JobState) {
        lock(&self.running).remove(&self.snapshot.id);
        self.snapshot.state = state;
        self.snapshot.ended = Some(Instant::now());
        self.slots.put_job(Arc::new(self.snapshot.clone()));
    }
}

/// Held for one look at the map only; a panic cannot leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
