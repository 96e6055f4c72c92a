//! The task of one manifest's files. It alone changes what is known of them.

mod building;
mod reading;
mod saving;
mod showing;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::engine::shared::{JobHandle, Shared};
use crate::engine::{Failure, ImageId, JobId, JobState, NodePath, Progress, Remote, Unit, crash};
use crate::layer::colors::Colors;
use crate::layer::waste::Waste;
use crate::layer::{Allowance, FileList, FileQuery, LayerIndex};
use crate::model::{Descriptor, Digest};
use crate::transport::{BlobState, Source};

use super::layers::{Partial, ReadOut};
use super::look::Looked;
use super::{
    DeskMessage, FileContent, FileRef, FilesRequest, FilesSnapshot, LayerFiles, LayerState,
    SaveRequest, ShownFile,
};
use building::{Building, Built};

/// How many layers are read at once.
const CONCURRENT: usize = 2;

/// Shortest time between two snapshots.
const PUBLISH_EVERY: Duration = Duration::from_millis(16);

/// How much longer than it takes to build a tree one is waited for the next, while layers
/// are still coming.
const BUILD_SHARE: u32 = 3;

/// Everything that a desk begins with.
pub(in crate::engine) struct Start {
    pub shared: Arc<Shared>,
    pub source: Arc<dyn Source>,
    pub image: ImageId,
    pub manifest: NodePath,
    pub digest: Digest,
    /// The layers and the DiffIDs that the config promises for them.
    pub layers: Vec<(Descriptor, Option<Digest>)>,
    /// Why it does not promise them all, where that is so.
    pub unpromised: Option<String>,
    /// Takes what the blobs of layers are, as they are read.
    pub hashed: mpsc::UnboundedSender<Hashed>,
}

/// How the blob of a layer is that was read through.
#[derive(Debug)]
pub(in crate::engine) struct Hashed {
    pub manifest: NodePath,
    /// Digest of the manifest: another one may lie there by now.
    pub digest: Digest,
    pub layer: usize,
    pub state: BlobState,
}

/// A running desk, in the hands of its image.
pub(in crate::engine) struct Desk {
    pub digest: Digest,
    messages: mpsc::UnboundedSender<DeskMessage>,
    closed: CancellationToken,
}

impl Desk {
    /// Starts a desk.
    pub fn start(start: Start) -> Self {
        let (messages, receiver) = mpsc::unbounded_channel();
        let closed = CancellationToken::new();
        let digest = start.digest.clone();
        let (partial, partials) = mpsc::unbounded_channel();
        let (begun, beginnings) = mpsc::unbounded_channel();
        let state = State::new(start, partial, begun);
        tokio::spawn(state.run(receiver, partials, beginnings, closed.clone()));
        Self {
            digest,
            messages,
            closed,
        }
    }

    pub fn tell(&self, message: DeskMessage) {
        // a desk that has ended has nothing to do
        let _ = self.messages.send(message);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

enum Done {
    Layer(usize, ReadOut),
    Looked(Box<Looked>),
    Waste(u64, Arc<Waste>),
    /// Building the list for this query, of this state of the layers, crashed.
    BuildBroke(u64, FileQuery),
    /// Accounting for waste crashed.
    WasteBroke,
    Content(FileRef, Result<Arc<FileContent>, Failure>),
    Colors(FileRef, Option<Arc<Colors>>),
    /// The difference of a file and the version beside it.
    Compared((FileRef, FileRef), Result<Option<Arc<str>>, Failure>),
    /// The reading of a layer was ended.
    LayerEnded,
}

struct State {
    start: Start,
    layers: Vec<LayerFiles>,
    unpromised: Option<Arc<str>>,
    /// Layers that are still to be read, and how much they may unpack to.
    waiting: VecDeque<(usize, Allowance)>,
    reading: usize,
    job: Option<JobHandle>,
    /// How much a layer may unpack to where nobody says anything else.
    allowance: Allowance,
    /// Nobody watches what is known before it is all.
    unwatched: bool,
    /// The only layers that are read.
    only: Option<Range<usize>>,
    /// Ends the reading of layers.
    token: CancellationToken,
    partial: mpsc::UnboundedSender<Partial>,
    tasks: JoinSet<Done>,
    query: FileQuery,
    /// Counts the changes to the layers.
    version: u64,
    /// A list that was built, and of which state of the layers.
    list: Remote<Arc<FileList>>,
    built: Option<Built>,
    building: Option<Building>,
    /// The state of the layers and the query whose list could not be built.
    broke: Option<(u64, FileQuery)>,
    /// Brings the beginnings of long lists.
    begun: mpsc::UnboundedSender<Arc<FileList>>,
    /// Not before this another tree is built.
    build_at: Instant,
    listed: bool,
    waste: Remote<Arc<Waste>>,
    waste_wanted: bool,
    accounting: bool,
    shown: Option<ShownFile>,
    /// Files to be shown whose layers are not known yet.
    show_when_known: Option<(FileRef, Option<FileRef>)>,
    /// What is to be saved once all layers are known.
    saves: VecDeque<SaveRequest>,
    /// What jobs saved, to do it again.
    saved: HashMap<JobId, SaveRequest>,
    generation: u64,
    dirty: bool,
    published: Option<Instant>,
}

impl State {
    fn new(
        start: Start,
        partial: mpsc::UnboundedSender<Partial>,
        begun: mpsc::UnboundedSender<Arc<FileList>>,
    ) -> Self {
        let layers = start.layers.iter().map(|(descriptor, diff_id)| LayerFiles {
            descriptor: descriptor.clone(),
            diff_id: diff_id.clone(),
            state: LayerState::Waiting,
            index: LayerIndex::default(),
            progress: Arc::new(progress(descriptor.size)),
        });
        Self {
            layers: layers.collect(),
            unpromised: start.unpromised.as_deref().map(Arc::from),
            start,
            waiting: VecDeque::new(),
            reading: 0,
            job: None,
            allowance: Allowance::Usual,
            unwatched: false,
            only: None,
            token: CancellationToken::new(),
            partial,
            tasks: JoinSet::new(),
            query: FileQuery::default(),
            version: 0,
            list: Remote::NotAsked,
            built: None,
            building: None,
            broke: None,
            begun,
            build_at: Instant::now(),
            listed: false,
            waste: Remote::NotAsked,
            waste_wanted: false,
            accounting: false,
            shown: None,
            show_when_known: None,
            saves: VecDeque::new(),
            saved: HashMap::new(),
            generation: 0,
            dirty: true,
            published: None,
        }
    }

    async fn run(
        mut self,
        mut messages: mpsc::UnboundedReceiver<DeskMessage>,
        mut partials: mpsc::UnboundedReceiver<Partial>,
        mut beginnings: mpsc::UnboundedReceiver<Arc<FileList>>,
        closed: CancellationToken,
    ) {
        let mut closing = false;
        loop {
            self.start_reading();
            self.start_saving();
            if closing {
                // nobody looks at lists any more: they are not kept for anybody
                partials.close();
                beginnings.close();
                while partials.try_recv().is_ok() {}
                // what is to be saved comes when its layers are known
                if self.saves.is_empty() {
                    break;
                }
                self.read_to_the_end().await;
                continue;
            }
            self.start_building();
            self.start_accounting();
            let publish_at = self.published.map(|at| at + PUBLISH_EVERY);
            if self.dirty && publish_at.is_none_or(|at| at <= Instant::now()) {
                self.publish();
            }
            let build_at = self.build_at;
            let wants_building = self.wants_building() && self.building.is_none();
            tokio::select! {
                biased;
                () = closed.cancelled() => closing = true,
                message = messages.recv() => match message {
                    Some(message) => self.handle(message),
                    None => closing = true,
                },
                Some(partial) = partials.recv() => self.partial(partial),
                Some(list) = beginnings.recv() => self.begun(list),
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => self.lost(&error),
                },
                () = sleep_until(publish_at.unwrap_or_else(Instant::now)), if self.dirty => {}
                () = sleep_until(build_at), if wants_building => {}
            }
        }
        self.token.cancel();
        if let Some(building) = &self.building {
            building.end();
        }
        if let Some(job) = self.job.take() {
            job.end(JobState::Cancelled);
        }
        let slots = &self.start.shared.slots;
        slots.remove_files(self.start.image, &self.start.manifest, &self.start.digest);
    }

    /// Waits for the next layer, where nobody looks at the files any more.
    async fn read_to_the_end(&mut self) {
        let job = self.job.as_ref().map(|job| job.token().clone());
        let cancelled = async {
            match job {
                Some(token) => token.cancelled_owned().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancelled => self.cancel(),
            Some(done) = self.tasks.join_next() => match done {
                Ok(done) => self.done(done),
                Err(error) => self.lost(&error),
            },
            // nothing is read that could be waited for
            else => self.saves.clear(),
        }
    }

    fn handle(&mut self, message: DeskMessage) {
        match message {
            DeskMessage::Request(request) => self.request(request),
            DeskMessage::Cancelled(job) => {
                if self.job.as_ref().is_some_and(|own| own.id() == job) {
                    self.cancel();
                }
            }
            DeskMessage::Again(job) => {
                if !self.save_again(job) {
                    self.list_files();
                }
            }
        }
        self.dirty = true;
    }

    fn request(&mut self, request: FilesRequest) {
        match request {
            FilesRequest::List => self.list_files(),
            FilesRequest::Look(query) => {
                let same = self.query == query;
                self.query = query;
                if let Some(building) = &self.building
                    && *building.query() != self.query
                {
                    building.end();
                }
                // what is shown already is not built again
                if !same && let Some(before) = self.list.value().cloned() {
                    self.list = Remote::Pending {
                        previous: Some(before),
                    };
                }
                self.list_files();
            }
            FilesRequest::Reading {
                unwatched,
                allowance,
                layers,
            } => {
                (self.unwatched, self.allowance) = (unwatched, allowance);
                self.only = layers;
            }
            FilesRequest::ReadAnyway { layer } => self.read(layer, Allowance::Everything),
            FilesRequest::Show { file, beside } => self.show(file, beside),
            FilesRequest::Save(request) => self.save(request),
            FilesRequest::Waste => {
                self.waste_wanted = true;
                self.list_files();
            }
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Layer(
                position,
                ReadOut {
                    index,
                    failure,
                    blob,
                },
            ) => {
                self.reading = self.reading.saturating_sub(1);
                if let Some(state) = blob {
                    // an image that was closed wants to know nothing
                    let _ = self.start.hashed.send(Hashed {
                        manifest: self.start.manifest.clone(),
                        digest: self.start.digest.clone(),
                        layer: position,
                        state,
                    });
                }
                if let Some(layer) = self.layers.get_mut(position) {
                    layer.index = index;
                    layer.state = match failure {
                        None => LayerState::Ready,
                        Some(failure) => LayerState::Failed(Arc::new(failure)),
                    };
                }
                self.version += 1;
                // what comes last is waited for by nobody but the eye
                self.build_at = Instant::now();
                self.end_job_when_done();
            }
            Done::Looked(looked) => self.looked(*looked),
            Done::Waste(version, waste) => {
                self.accounting = false;
                if version == self.version {
                    self.waste = Remote::Ready(waste);
                }
            }
            Done::BuildBroke(version, query) => self.build_broke(version, query),
            // it would once more, so it is not tried again
            Done::WasteBroke => {
                self.waste = Remote::Failed {
                    error: Arc::new(crash::failure()),
                    previous: None,
                };
            }
            Done::Content(file, content) => self.content(file, content),
            Done::Colors(file, colors) => self.colors(file, colors),
            Done::Compared(files, diff) => self.compared(files, diff),
            Done::LayerEnded => self.reading = self.reading.saturating_sub(1),
        }
        self.dirty = true;
    }

    fn publish(&mut self) {
        self.generation += 1;
        self.dirty = false;
        self.published = Some(Instant::now());
        self.start.shared.slots.put_files(Arc::new(FilesSnapshot {
            image: self.start.image,
            manifest: self.start.manifest.clone(),
            generation: self.generation,
            digest: self.start.digest.clone(),
            layers: self.layers.iter().cloned().collect(),
            unpromised: self.unpromised.clone(),
            query: self.query.clone(),
            list: self.list.clone(),
            waste: self.waste.clone(),
            shown: self.shown.clone().map(Arc::new),
        }));
    }
}

fn progress(total: u64) -> Progress {
    let progress = Progress::new(Unit::Bytes);
    progress.expect(total);
    progress
}
