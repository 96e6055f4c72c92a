//! An engine whose snapshots are waited for.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use porthole::config::Network;
use porthole::engine::{
    Command, Engine, EngineConfig, Extent, ImageId, ImageSnapshot, JobSnapshot,
};
use porthole::model::Platform;

/// Longest wait before a test gives up. Not a measurement: only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Watch {
    pub engine: Engine,
    changes: Receiver<()>,
}

impl Watch {
    /// An engine for linux/amd64 without a cache on disk.
    pub fn start() -> Self {
        Self::start_with(config())
    }

    pub fn start_with(config: EngineConfig) -> Self {
        Self::start_waking(config, Arc::new(|| ()))
    }

    /// Calls `woken` whenever the engine wakes the window.
    pub fn start_waking(config: EngineConfig, woken: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (changed, changes) = sync_channel(1);
        let waker = Arc::new(move || {
            woken();
            let _ = changed.try_send(());
        });
        let engine = Engine::spawn(config, waker).unwrap();
        Self { engine, changes }
    }

    /// Opens `reference` under a new id.
    pub fn open(&self, reference: &str) -> ImageId {
        self.open_extent(reference, Extent::Shown)
    }

    /// Opens as much of `reference` as `extent` says.
    pub fn open_extent(&self, reference: &str, extent: Extent) -> ImageId {
        let image = ImageId::next();
        self.engine.send(Command::Open {
            image,
            input: reference.to_owned(),
            platform: None,
            extent,
        });
        image
    }

    /// Opens `reference` and waits until nothing is asked for any more.
    pub fn open_and_settle(&self, reference: &str) -> (ImageId, Arc<ImageSnapshot>) {
        let image = self.open(reference);
        (image, self.settle(image))
    }

    /// Waits until nothing is asked for any more and no job runs.
    pub fn settle(&self, image: ImageId) -> Arc<ImageSnapshot> {
        self.until(image, |snapshot| {
            snapshot.settled() && self.engine.jobs().iter().all(|job| job.state.is_final())
        })
    }

    /// Waits for a snapshot that `wanted` takes.
    pub fn until(
        &self,
        image: ImageId,
        wanted: impl Fn(&ImageSnapshot) -> bool,
    ) -> Arc<ImageSnapshot> {
        self.wait(|| self.engine.image(image).filter(|snapshot| wanted(snapshot)))
    }

    /// Waits for a job that `wanted` takes.
    pub fn until_job(&self, wanted: impl Fn(&JobSnapshot) -> bool) -> Arc<JobSnapshot> {
        self.wait(|| self.engine.jobs().iter().find(|job| wanted(job)).cloned())
    }

    pub fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < end, "waited for {PATIENCE:?} in vain");
            let _ = self.changes.recv_timeout(Duration::from_millis(50));
        }
    }
}

/// What engines are started with in tests: nothing of the user's own settings.
pub fn config() -> EngineConfig {
    let network = Network {
        plain_http: Vec::new(),
        certs_dirs: Vec::new(),
        auth_files: Vec::new(),
        ..Network::from_environment()
    };
    EngineConfig {
        platform: Platform::new("linux", "amd64"),
        network,
        cache: None,
        trust: Default::default(),
    }
}
