//! One task for each open image. It alone changes the image, so nothing is locked: it takes
//! messages, starts fetches, puts what arrives into the tree and publishes snapshots.

mod arrive;
mod artifacts;
mod check;
mod files;
mod overall;
mod place_mark;
mod referrers;
mod verify;
mod want;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::model::{Annotations, Digest, Document, ImageConfig, Platform, Reference, text};
use crate::signature::SubjectReport;
use crate::transport::{self, BlobState, Located, Note, Resolved, Source, Stamp, TransportError};

use super::files::FilesRequest;
use super::queue::Queue;
use super::shared::{JobHandle, Shared};
use super::{
    Extent, Failure, FailureKind, Image, ImageId, ImageSnapshot, JobId, JobKind, JobState,
    NodePath, Opened, Remote, TrustSettings, Unit, fetch,
};

/// How many things are asked of a place at once for one image.
const CONCURRENT: usize = 8;

/// An index with at most this many entries is fetched whole without being asked.
const SMALL_INDEX: usize = 24;

/// Shortest time between two snapshots while things arrive.
const PUBLISH_EVERY: Duration = Duration::from_millis(12);

/// What an actor is asked to do.
#[derive(Debug)]
pub(super) enum Message {
    Want {
        index: NodePath,
        entries: Range<usize>,
    },
    Reload,
    LookAgain,
    ListReferrers {
        manifest: NodePath,
    },
    ReadArtifact {
        manifest: Digest,
    },
    Files {
        manifest: NodePath,
        request: FilesRequest,
    },
    /// A job about files was cancelled, or is to be done again.
    FilesJob {
        job: JobId,
        again: bool,
    },
    Verify {
        manifest: NodePath,
    },
    /// The policy is another one now.
    JudgeAgain,
    CheckBlobs {
        manifest: NodePath,
    },
    /// Ends the job that opened or reloaded the image, and what it started.
    CancelOpening {
        job: JobId,
    },
}

/// What arrives from the tasks that an actor started.
enum Arrived {
    Opened(Result<(Place, Resolved), NotOpened>),
    Child {
        path: NodePath,
        document: Result<Document, Failure>,
    },
    Config {
        path: NodePath,
        config: Result<ImageConfig, Failure>,
    },
    Presence {
        path: NodePath,
        states: Vec<BlobState>,
    },
    Checked(check::Checked),
    Referrers(referrers::Grown),
    Artifact(artifacts::ReadOut),
    /// Judged by these settings, which may have been changed meanwhile.
    Verified(Arc<TrustSettings>, Arc<SubjectReport>),
    /// What vouches for the manifest with this digest could not be judged.
    NotVerified(Arc<TrustSettings>, Digest, Arc<Failure>),
    /// It was ended on purpose.
    Nothing,
}

/// Where the image is, and the reference that it was opened by.
struct Place {
    source: Arc<dyn Source>,
    reference: Reference,
    wanted: Option<Platform>,
    /// As it was before it was read; nothing where it is not on this computer.
    stamp: Option<Stamp>,
}

/// Why there is nothing to show, and what the text was understood as, where it was.
struct NotOpened {
    reference: Option<Reference>,
    failure: Failure,
}

/// Counts how often the image was asked for.
type Opening = u64;

pub(super) struct Actor {
    shared: Arc<Shared>,
    id: ImageId,
    /// As it was given: it may hold a pasted password, and is never shown.
    input: Arc<str>,
    /// The same without passwords.
    shown: Arc<str>,
    wanted: Platform,
    generation: u64,
    place: Option<Place>,
    /// What the text was understood as, while there is no place.
    understood: Option<Reference>,
    opened: Remote<Opened>,
    queue: Queue,
    extent: Extent,
    /// What runs, each with the opening that started it.
    tasks: JoinSet<(Opening, Arrived)>,
    fetching: usize,
    /// Ends the fetches of the present opening.
    fetch_token: CancellationToken,
    /// Tells the answers to an earlier opening from those to this one.
    present: Opening,
    /// What refers to manifests of the image.
    referrers: referrers::Referrers,
    /// What artifacts say that somebody looked into.
    artifacts: artifacts::Kept,
    /// Where its files are looked at.
    files: files::Files,
    /// What vouches for manifests of the image.
    verifications: verify::Verifications,
    /// What is read through to check it.
    checks: Vec<check::Check>,
    /// The job of the present opening, until everything that it asked for is there.
    opening: Option<JobHandle>,
    dirty: bool,
    published: Option<Instant>,
}

impl Actor {
    pub fn new(
        shared: Arc<Shared>,
        id: ImageId,
        input: String,
        platform: Option<Platform>,
        extent: Extent,
    ) -> Self {
        Self {
            wanted: platform.unwrap_or_else(|| shared.config.platform.clone()),
            shared,
            id,
            shown: text::without_secrets(&input).as_ref().into(),
            input: input.into(),
            generation: 0,
            place: None,
            understood: None,
            opened: Remote::NotAsked,
            queue: Queue::default(),
            extent,
            tasks: JoinSet::new(),
            fetching: 0,
            fetch_token: CancellationToken::new(),
            present: 0,
            referrers: referrers::Referrers::default(),
            artifacts: artifacts::Kept::default(),
            files: files::Files::default(),
            verifications: verify::Verifications::default(),
            checks: Vec::new(),
            opening: None,
            dirty: false,
            published: None,
        }
    }

    /// Runs until `closed` or until nobody can send messages any more.
    pub async fn run(
        mut self,
        mut messages: mpsc::UnboundedReceiver<Message>,
        closed: CancellationToken,
    ) {
        self.open(JobKind::Open);
        loop {
            self.start_fetches();
            self.end_opening_when_done();
            let publish_at = self.published.map(|at| at + PUBLISH_EVERY);
            if self.dirty && publish_at.is_none_or(|at| at <= Instant::now()) {
                self.publish();
            }
            tokio::select! {
                biased;
                () = closed.cancelled() => break,
                message = messages.recv() => match message {
                    Some(message) => self.handle(message),
                    None => break,
                },
                Some(arrived) = self.tasks.join_next() => match arrived {
                    Ok((opening, arrived)) => self.arrive(opening, arrived),
                    Err(error) => self.lost(&error),
                },
                Some(hashed) = self.files.hashed.recv() => self.layer_hashed(hashed),
                () = sleep_until(publish_at.unwrap_or_else(Instant::now)), if self.dirty => {}
            }
        }
        self.fetch_token.cancel();
        self.cancel_checks();
        self.tasks.abort_all();
        if let Some(job) = self.opening.take() {
            job.end(JobState::Cancelled);
        }
        self.shared.slots.remove_image(self.id);
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Want { index, entries } => self.want(&index, entries),
            Message::Reload => self.open(JobKind::Reload),
            Message::LookAgain => self.look_at_place(),
            Message::ListReferrers { manifest } => self.want_referrers(manifest),
            Message::ReadArtifact { manifest } => self.read_artifact(&manifest),
            Message::Files { manifest, request } => self.ask_files(manifest, request),
            Message::FilesJob { job, again } => self.tell_desks(job, again),
            Message::Verify { manifest } => self.want_verification(manifest),
            Message::JudgeAgain => self.verify_again(),
            Message::CheckBlobs { manifest } => self.check_blobs(&manifest),
            Message::CancelOpening { job } => {
                // a reload may have taken its place meanwhile
                if self
                    .opening
                    .as_ref()
                    .is_some_and(|opening| opening.id() == job)
                {
                    self.cancel_opening();
                }
            }
        }
    }

    /// Asks for the image, for the first time or again.
    fn open(&mut self, kind: JobKind) {
        self.cancel_opening();
        self.abandon();
        self.opened = Remote::Pending {
            previous: self.opened.value().cloned(),
        };
        self.referrers_pending();
        let verb = if kind == JobKind::Reload {
            "Reload"
        } else {
            "Open"
        };
        let job = self.shared.jobs.start(
            kind,
            format!("{verb} {}", text::visible(&self.shown)),
            self.id,
            Unit::Documents,
            "resolving",
        );
        job.progress().expect(1);
        self.opening = Some(job.clone());
        self.dirty = true;
        let shared = Arc::clone(&self.shared);
        let input = Arc::clone(&self.input);
        self.spawn(async move { Arrived::Opened(resolve(&shared, &input, job).await) });
    }

    /// Runs `task` until it is done or the present opening is ended.
    fn spawn(&mut self, task: impl Future<Output = Arrived> + Send + 'static) {
        let token = self.fetch_token.clone();
        let present = self.present;
        self.tasks.spawn(async move {
            let arrived = token.run_until_cancelled(task).await;
            (present, arrived.unwrap_or(Arrived::Nothing))
        });
    }

    /// Ends the job that opened or reloaded the image.
    fn cancel_opening(&mut self) {
        let Some(job) = self.opening.take() else {
            return;
        };
        self.abandon();
        job.end(JobState::Cancelled);
    }

    /// Ends every fetch. What was on its way is shown as cancelled.
    fn abandon(&mut self) {
        self.fetch_token.cancel();
        self.fetch_token = CancellationToken::new();
        self.present += 1;
        self.fetching = 0;
        self.queue.clear();
        self.cancel_pending();
        self.dirty = true;
    }

    /// A task that ended without an answer: it was ended on purpose, or has a defect.
    fn lost(&mut self, error: &tokio::task::JoinError) {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "a task of the engine failed");
        let failure = Failure::new(
            FailureKind::Other,
            "Something went wrong inside Porthole",
            "Try again; if it stays so, report it with the details",
        )
        .with_details(vec![error.to_string()]);
        self.fail_pending(&Arc::new(failure));
        self.abandon();
    }

    fn end_opening_when_done(&mut self) {
        let busy = self.opened.is_pending() || self.fetching > 0 || !self.queue.is_empty();
        if busy {
            return;
        }
        if let Some(job) = self.opening.take() {
            let state = match self.opened.error() {
                Some(error) => JobState::Failed(Arc::clone(error)),
                None => JobState::Done,
            };
            // what the job stands for is seen before it is called done
            self.publish();
            job.end(state);
        }
    }

    fn publish(&mut self) {
        self.generation += 1;
        self.dirty = false;
        self.published = Some(Instant::now());
        let place = self.place.as_ref();
        self.shared.slots.put_image(Arc::new(ImageSnapshot {
            id: self.id,
            generation: self.generation,
            input: Arc::clone(&self.shown),
            reference: place
                .map(|place| &place.reference)
                .or(self.understood.as_ref())
                .cloned(),
            wanted: self.wanted.clone(),
            opened: self.opened.clone(),
            connection: place.and_then(|p| p.source.connection()),
            referrers: Arc::clone(&self.referrers.trees),
            artifacts: Arc::clone(&self.artifacts.known),
            signatures: Arc::clone(&self.verifications.reports),
            by_hand: self.shared.trust.load().by_hand(),
            offline: self.shared.trust.load().offline,
        }));
    }

    fn image_mut(&mut self) -> Option<&mut Image> {
        match &mut self.opened {
            Remote::Ready(Opened::Image(image))
            | Remote::Pending {
                previous: Some(Opened::Image(image)),
            }
            | Remote::Failed {
                previous: Some(Opened::Image(image)),
                ..
            } => Some(image),
            _ => None,
        }
    }
}

/// From the text to the root document.
async fn resolve(
    shared: &Shared,
    input: &Arc<str>,
    job: JobHandle,
) -> Result<(Place, Resolved), NotOpened> {
    let nameless = |failure| NotOpened {
        reference: None,
        failure,
    };
    let (text, client) = (Arc::clone(input), shared.client.clone());
    let located =
        tokio::task::spawn_blocking(move || transport::locate_through(&client, &text)).await;
    let Located {
        reference,
        platform,
    } = match located {
        Ok(located) => located.map_err(|error| nameless(error.into()))?,
        Err(error) => {
            let problem = crate::transport::Problem::Io {
                why: error.to_string(),
            };
            let error = TransportError::new("path", text::without_secrets(input), problem);
            return Err(nameless(error.into()));
        }
    };
    let source = crate::transport::open(&reference, &shared.client);
    let stamp = place_mark::mark(&reference).await;
    let resolved = async {
        fetch::prepare(&*source, job).await?;
        fetch::resolve(&*source, &shared.store).await
    };
    let resolved = resolved.await.map_err(|failure| NotOpened {
        reference: Some(reference.clone()),
        failure,
    })?;
    let place = Place {
        source,
        stamp,
        reference,
        wanted: platform,
    };
    Ok((place, resolved))
}

/// An image of which only the root document is known.
fn image_of(document: Document, annotations: Annotations, notes: Vec<Note>) -> Image {
    Image {
        root: Arc::new(super::Node::new(document)),
        place_annotations: Arc::new(annotations),
        notes: notes.into(),
        chosen: None,
    }
}
