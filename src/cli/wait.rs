//! Waiting for the engine, for those who do not draw.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use crate::engine::{
    Chore, Command, Engine, EngineConfig, Extent, Failure, ImageId, ImageSnapshot, NodePath,
    Opened, Outcome, Remote,
};
use crate::model::{Platform, text};
use crate::referrers::ReferrerTree;
use crate::signature::SubjectReport;

use super::CliError;

/// Opens `reference` and waits until what is wanted of it is known.
pub(super) fn open(
    config: EngineConfig,
    reference: &str,
    platform: Option<Platform>,
    extent: Extent,
) -> Result<Arc<ImageSnapshot>, CliError> {
    let waiting = Waiting::open(config, reference, platform, extent)?;
    match extent {
        Extent::Everything => waiting.everything(reference),
        Extent::Shown | Extent::Root => waiting.opened(reference),
    }
}

/// Says on stderr, once each, which registries asked to be left alone.
#[derive(Default)]
pub(super) struct Told(RefCell<Vec<(String, Instant)>>);

impl Told {
    /// Says which registries are waited for that were not said yet.
    pub(super) fn tell(&self, engine: &Engine) {
        for waiting in engine.waiting() {
            let mut told = self.0.borrow_mut();
            let known = (waiting.host.clone(), waiting.until);
            if !told.contains(&known) {
                told.push(known);
                eprintln!("porthole: {}", text::visible(&waiting.to_string()));
            }
        }
    }
}

/// An engine with one image, which is waited for.
pub(super) struct Waiting {
    engine: Engine,
    changes: Receiver<()>,
    image: ImageId,
    told: Told,
}

impl Waiting {
    /// Starts to open `reference`.
    pub(super) fn open(
        config: EngineConfig,
        reference: &str,
        platform: Option<Platform>,
        extent: Extent,
    ) -> Result<Self, CliError> {
        // one mark is enough: the slot always holds the latest
        let (changed, changes) = sync_channel(1);
        let waker = Arc::new(move || {
            let _ = changed.try_send(());
        });
        let engine = Engine::spawn(config, waker)?;
        let image = ImageId::next();
        engine.send(Command::Open {
            image,
            input: reference.to_owned(),
            platform,
            extent,
        });
        Ok(Self {
            engine,
            changes,
            image,
            told: Told::default(),
        })
    }

    /// Waits for the root document.
    pub(super) fn opened(&self, reference: &str) -> Result<Arc<ImageSnapshot>, CliError> {
        self.until(reference, || true)
    }

    /// Waits for everything that was asked for with the image.
    pub(super) fn everything(&self, reference: &str) -> Result<Arc<ImageSnapshot>, CliError> {
        // the opening job ends behind its last snapshot
        self.until(reference, || {
            let jobs = self.engine.jobs();
            let mut own = jobs.iter().filter(|job| job.image == self.image);
            own.all(|job| job.state.is_final())
        })
    }

    /// Asks for what refers to the manifest at `path` and waits for all of it.
    pub(super) fn referrers(&self, path: &NodePath) -> Result<Arc<ReferrerTree>, CliError> {
        self.engine.send(Command::ListReferrers {
            image: self.image,
            manifest: path.clone(),
        });
        self.wait(|snapshot| match snapshot.referrers(path) {
            Remote::Ready(tree) => Some(Ok(Arc::clone(tree))),
            Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
            Remote::NotAsked | Remote::Pending { .. } => None,
        })
    }

    /// Asks what vouches for the manifest at `path` and waits for the verdict.
    pub(super) fn verification(&self, path: &NodePath) -> Result<Arc<SubjectReport>, CliError> {
        self.engine.send(Command::Verify {
            image: self.image,
            manifest: path.clone(),
        });
        self.wait(|snapshot| match snapshot.signatures(path) {
            Remote::Ready(report) => Some(Ok(Arc::clone(report))),
            Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
            Remote::NotAsked | Remote::Pending { .. } => None,
        })
    }

    fn until(
        &self,
        reference: &str,
        enough: impl Fn() -> bool,
    ) -> Result<Arc<ImageSnapshot>, CliError> {
        self.wait(|snapshot| match &snapshot.opened {
            Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
            Remote::Ready(Opened::Several(images)) => Some(Err(several(reference, images).into())),
            Remote::Ready(Opened::Image(_)) if enough() => {
                let latest = self.engine.image(self.image);
                Some(Ok(latest.unwrap_or_else(|| Arc::clone(snapshot))))
            }
            _ => None,
        })
    }

    /// Does a chore with the same engine and waits for what comes of it.
    pub(super) fn chore(&self, chore: Chore) -> Result<Outcome, CliError> {
        done(&self.engine, &self.changes, &self.told, chore)
    }

    /// The image that is waited for.
    pub(super) const fn image(&self) -> ImageId {
        self.image
    }

    /// Sends a command.
    pub(super) fn send(&self, command: Command) {
        self.engine.send(command);
    }

    /// Waits until `look` finds something in the slots.
    pub(super) fn wait_for<T>(
        &self,
        look: impl Fn(&Engine, ImageId) -> Option<Result<T, CliError>>,
    ) -> Result<T, CliError> {
        loop {
            if let Some(found) = look(&self.engine, self.image) {
                return found;
            }
            self.told.tell(&self.engine);
            // the sender lives as long as the engine, which lives as long as this
            let _ = self.changes.recv();
        }
    }

    fn wait<T>(
        &self,
        look: impl Fn(&Arc<ImageSnapshot>) -> Option<Result<T, CliError>>,
    ) -> Result<T, CliError> {
        loop {
            if let Some(found) = self.engine.image(self.image).as_ref().and_then(&look) {
                return found;
            }
            self.told.tell(&self.engine);
            // the sender lives as long as the engine, which lives as long as this
            let _ = self.changes.recv();
        }
    }
}

/// Starts an engine, and gives with it what is told whenever something changed.
pub(super) fn engine(config: EngineConfig) -> Result<(Engine, Receiver<()>), CliError> {
    // one mark is enough: the slots always hold the latest
    let (changed, changes) = sync_channel(1);
    let waker = Arc::new(move || {
        let _ = changed.try_send(());
    });
    Ok((Engine::spawn(config, waker)?, changes))
}

/// Does a chore and waits for what comes of it.
pub(super) fn chore(config: EngineConfig, chore: Chore) -> Result<Outcome, CliError> {
    let (engine, changes) = engine(config)?;
    done(&engine, &changes, &Told::default(), chore)
}

/// The same with an engine that is there.
pub(super) fn done(
    engine: &Engine,
    changes: &Receiver<()>,
    told: &Told,
    chore: Chore,
) -> Result<Outcome, CliError> {
    engine.send(Command::Chore(chore));
    loop {
        match engine.take_outcomes().into_iter().next() {
            Some(Outcome::Failed(failure) | Outcome::DeleteFailed { failure, .. }) => {
                return Err(Failure::clone(&failure).into());
            }
            Some(outcome) => return Ok(outcome),
            None => told.tell(engine),
        }
        // the sender lives as long as the engine
        let _ = changes.recv();
    }
}

/// What is said where a reference led to no image.
pub(super) fn nothing_found() -> Failure {
    Failure::refused("nothing was found", "Check the reference")
}

fn several(reference: &str, images: &[crate::transport::NamedImage]) -> Failure {
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    let shown: Vec<_> = names.iter().take(12).map(|n| text::visible(n)).collect();
    let more = if names.len() > 12 { ", …" } else { "" };
    Failure::refused(
        format!("{reference} holds {} images", images.len()),
        format!(
            "Add one of their names behind a colon: {}{more}",
            shown.join(", ")
        ),
    )
}
