//! The task of one manifest's files. It alone changes what is known of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::engine::shared::{JobHandle, Shared};
use crate::engine::{
    Failure, FailureKind, ImageId, JobKind, JobState, NodePath, Progress, Remote, Unit,
};
use crate::layer::waste::Waste;
use crate::layer::{Allowance, FileList, FileQuery, FileTree, LayerIndex};
use crate::model::{Descriptor, Digest};
use crate::transport::Source;

use super::layers::{Partial, ReadLayer, ReadOut};
use super::look::{Looked, look};
use super::show::{ReadFile, diff};
use super::{
    DeskMessage, FileContent, FileRef, FilesRequest, FilesSnapshot, LayerFiles, LayerState,
    ShownFile, ShownVersion,
};

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
        tokio::spawn(State::new(start, partial).run(receiver, partials, closed.clone()));
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
    Content(FileRef, Result<Arc<FileContent>, Failure>),
    Ended,
}

struct State {
    start: Start,
    layers: Vec<LayerFiles>,
    /// Layers that are still to be read, and how much they may unpack to.
    waiting: VecDeque<(usize, Allowance)>,
    reading: usize,
    job: Option<JobHandle>,
    /// Ends the reading of layers.
    token: CancellationToken,
    partial: mpsc::UnboundedSender<Partial>,
    tasks: JoinSet<Done>,
    query: FileQuery,
    /// Counts the changes to the layers.
    version: u64,
    /// A list that was built, and of which state of the layers.
    list: Remote<Arc<FileList>>,
    built: Option<(u64, FileQuery, Arc<FileTree>)>,
    building: Option<Instant>,
    /// Not before this another tree is built.
    build_at: Instant,
    listed: bool,
    waste: Remote<Arc<Waste>>,
    waste_wanted: bool,
    accounting: bool,
    shown: Option<ShownFile>,
    /// Files to be shown whose layers are not known yet.
    show_when_known: Option<(FileRef, Option<FileRef>)>,
    generation: u64,
    dirty: bool,
    published: Option<Instant>,
}

impl State {
    fn new(start: Start, partial: mpsc::UnboundedSender<Partial>) -> Self {
        let layers = start.layers.iter().map(|(descriptor, diff_id)| LayerFiles {
            descriptor: descriptor.clone(),
            diff_id: diff_id.clone(),
            state: LayerState::Waiting,
            index: LayerIndex::default(),
            progress: Arc::new(progress(descriptor.size)),
        });
        Self {
            layers: layers.collect(),
            start,
            waiting: VecDeque::new(),
            reading: 0,
            job: None,
            token: CancellationToken::new(),
            partial,
            tasks: JoinSet::new(),
            query: FileQuery::default(),
            version: 0,
            list: Remote::NotAsked,
            built: None,
            building: None,
            build_at: Instant::now(),
            listed: false,
            waste: Remote::NotAsked,
            waste_wanted: false,
            accounting: false,
            shown: None,
            show_when_known: None,
            generation: 0,
            dirty: true,
            published: None,
        }
    }

    async fn run(
        mut self,
        mut messages: mpsc::UnboundedReceiver<DeskMessage>,
        mut partials: mpsc::UnboundedReceiver<Partial>,
        closed: CancellationToken,
    ) {
        loop {
            self.start_reading();
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
                () = closed.cancelled() => break,
                message = messages.recv() => match message {
                    Some(message) => self.handle(message),
                    None => break,
                },
                Some(partial) = partials.recv() => self.partial(partial),
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => self.lost(&error),
                },
                () = sleep_until(publish_at.unwrap_or_else(Instant::now)), if self.dirty => {}
                () = sleep_until(build_at), if wants_building => {}
            }
        }
        self.token.cancel();
        if let Some(job) = self.job.take() {
            job.end(JobState::Cancelled);
        }
        let slots = &self.start.shared.slots;
        slots.remove_files(self.start.image, &self.start.manifest, &self.start.digest);
    }

    fn handle(&mut self, message: DeskMessage) {
        match message {
            DeskMessage::Request(request) => self.request(request),
            DeskMessage::Cancelled(job) => {
                if self.job.as_ref().is_some_and(|own| own.id() == job) {
                    self.cancel();
                }
            }
            DeskMessage::Again => self.list_files(),
        }
        self.dirty = true;
    }

    fn request(&mut self, request: FilesRequest) {
        match request {
            FilesRequest::List => self.list_files(),
            FilesRequest::Look(query) => {
                let same = self.query == query;
                self.query = query;
                // what is shown already is not built again
                if !same && let Some(before) = self.list.value().cloned() {
                    self.list = Remote::Pending {
                        previous: Some(before),
                    };
                }
                self.list_files();
            }
            FilesRequest::ReadAnyway { layer } => self.read(layer, Allowance::Everything),
            FilesRequest::Show { file, beside } => self.show(file, beside),
            FilesRequest::Waste => {
                self.waste_wanted = true;
                self.list_files();
            }
        }
    }

    /// Reads what was not read yet.
    fn list_files(&mut self) {
        if !self.listed {
            self.listed = true;
            self.list = Remote::Pending {
                previous: self.list.value().cloned(),
            };
        }
        for layer in 0..self.layers.len() {
            let again = match &self.layers[layer].state {
                LayerState::Waiting => true,
                LayerState::Failed(failure) => matches!(
                    failure.kind,
                    FailureKind::Cancelled | FailureKind::Network | FailureKind::Access
                ),
                LayerState::Reading | LayerState::Ready => false,
            };
            let queued = self.waiting.iter().any(|(waiting, _)| *waiting == layer);
            if again && !queued {
                self.read(layer, Allowance::Usual);
            }
        }
    }

    fn read(&mut self, layer: usize, allowance: Allowance) {
        let Some(there) = self.layers.get_mut(layer) else {
            return;
        };
        if matches!(there.state, LayerState::Reading | LayerState::Ready) {
            return;
        }
        there.state = LayerState::Waiting;
        there.progress = Arc::new(progress(there.descriptor.size));
        let size = there.descriptor.size;
        self.waiting.push_back((layer, allowance));
        if self.job.is_none() {
            let digest = self.start.digest.short();
            self.job = Some(self.start.shared.jobs.start(
                JobKind::ReadLayers,
                format!("List the files of {digest}"),
                self.start.image,
                Unit::Bytes,
                "reading layers",
            ));
            self.token = self
                .job
                .as_ref()
                .map_or_else(CancellationToken::new, |job| job.token().clone());
        }
        if let Some(job) = &self.job {
            job.progress().expect(size);
        }
    }

    fn start_reading(&mut self) {
        while self.reading < CONCURRENT
            && let Some((position, allowance)) = self.waiting.pop_front()
        {
            let Some(job) = &self.job else {
                return;
            };
            let layer = &mut self.layers[position];
            layer.state = LayerState::Reading;
            let read = ReadLayer {
                shared: Arc::clone(&self.start.shared),
                source: Arc::clone(&self.start.source),
                position,
                layer: layer.descriptor.clone(),
                diff_id: layer.diff_id.clone(),
                allowance,
                progress: Arc::clone(&layer.progress),
                total: job.shared_progress(),
                partial: self.partial.clone(),
            };
            let token = self.token.clone();
            self.tasks.spawn(async move {
                match token.run_until_cancelled(read.run()).await {
                    Some(out) => Done::Layer(position, out),
                    None => Done::Ended,
                }
            });
            self.reading += 1;
            self.dirty = true;
        }
    }

    fn partial(&mut self, partial: Partial) {
        if let Some(layer) = self.layers.get_mut(partial.layer)
            && layer.state == LayerState::Reading
        {
            layer.index = partial.index;
            self.version += 1;
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Layer(position, ReadOut { index, failure }) => {
                self.reading = self.reading.saturating_sub(1);
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
            Done::Content(file, content) => self.content(file, content),
            Done::Ended => self.reading = self.reading.saturating_sub(1),
        }
        self.dirty = true;
    }

    fn lost(&mut self, error: &tokio::task::JoinError) {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "a task of the engine failed");
        self.building = None;
        self.accounting = false;
        self.reading = self.reading.saturating_sub(1);
        self.cancel();
    }

    fn cancel(&mut self) {
        self.token.cancel();
        self.waiting.clear();
        let failure = Arc::new(Failure {
            headline: "Reading the layers was cancelled".to_owned(),
            hint: "List the files again when you want to".to_owned(),
            details: Vec::new(),
            kind: FailureKind::Cancelled,
        });
        for layer in &mut self.layers {
            if matches!(layer.state, LayerState::Reading | LayerState::Waiting) {
                layer.state = LayerState::Failed(Arc::clone(&failure));
            }
        }
        self.version += 1;
        if let Some(job) = self.job.take() {
            self.publish();
            job.end(JobState::Cancelled);
        }
    }

    fn end_job_when_done(&mut self) {
        if self.reading > 0 || !self.waiting.is_empty() {
            return;
        }
        let Some(job) = self.job.take() else {
            return;
        };
        self.publish();
        let failed = self.layers.iter().find_map(|layer| match &layer.state {
            LayerState::Failed(failure) => Some(Arc::clone(failure)),
            _ => None,
        });
        job.end(failed.map_or(JobState::Done, JobState::Failed));
        if let Some((file, beside)) = self.show_when_known.take() {
            self.show(file, beside);
        }
    }

    fn is_over(&self) -> bool {
        self.reading == 0 && self.waiting.is_empty()
    }

    fn wants_building(&self) -> bool {
        let built = self.built.as_ref();
        let known = self.layers.is_empty() || self.version > 0;
        self.listed
            && known
            && built
                .is_none_or(|(version, query, _)| *version != self.version || *query != self.query)
    }

    fn start_building(&mut self) {
        if !self.wants_building() || self.building.is_some() {
            return;
        }
        let now = Instant::now();
        let other_query = self
            .built
            .as_ref()
            .is_some_and(|(_, query, _)| *query != self.query);
        if self.build_at > now && !other_query {
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let same = |(version, _, tree): &(u64, FileQuery, Arc<FileTree>)| {
            (*version == self.version).then(|| Arc::clone(tree))
        };
        let tree = self.built.as_ref().and_then(same);
        let (version, query) = (self.version, self.query.clone());
        self.building = Some(now);
        self.tasks.spawn(async move {
            let looked = tokio::task::spawn_blocking(move || look(version, layers, tree, query));
            match looked.await {
                Ok(looked) => Done::Looked(Box::new(looked)),
                Err(_) => Done::Ended,
            }
        });
    }

    fn looked(&mut self, looked: Looked) {
        if let Some(began) = self.building.take() {
            self.build_at = Instant::now() + began.elapsed() * BUILD_SHARE;
        }
        let fresh = looked.version == self.version && looked.query == self.query;
        let whole = fresh && self.is_over();
        self.list = match looked.list {
            Ok(list) if whole => Remote::Ready(list),
            Ok(list) => Remote::Pending {
                previous: Some(list),
            },
            Err(error) => Remote::Failed {
                error: Arc::new(error.into()),
                previous: self.list.value().cloned(),
            },
        };
        self.built = Some((looked.version, looked.query, looked.tree));
    }

    fn start_accounting(&mut self) {
        let wanted = self.waste_wanted && !self.accounting && self.is_over() && self.listed;
        if !wanted || self.waste.value().is_some() {
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let version = self.version;
        self.accounting = true;
        self.waste = Remote::Pending { previous: None };
        self.dirty = true;
        self.tasks.spawn(async move {
            let waste = tokio::task::spawn_blocking(move || Arc::new(Waste::of(&layers)));
            match waste.await {
                Ok(waste) => Done::Waste(version, waste),
                Err(_) => Done::Ended,
            }
        });
    }

    fn show(&mut self, file: FileRef, beside: Option<FileRef>) {
        let known = |file: &FileRef| {
            let layer = self.layers.get(file.layer);
            layer.is_some_and(|layer| layer.index.is_over() || layer.state == LayerState::Ready)
        };
        if !known(&file) || !beside.as_ref().is_none_or(known) {
            self.list_files();
            self.show_when_known = Some((file, beside));
            return;
        }
        let known = |file: FileRef| match &self.shown {
            Some(shown) if shown.file == file => shown.content.value().cloned(),
            Some(ShownFile {
                beside: Some(beside),
                ..
            }) if beside.file == file => beside.content.value().cloned(),
            _ => None,
        };
        let state = |content: Option<Arc<FileContent>>| match content {
            Some(content) => Remote::Ready(content),
            None => Remote::Pending { previous: None },
        };
        let shown = ShownFile {
            file,
            content: state(known(file)),
            beside: beside.map(|beside| ShownVersion {
                file: beside,
                content: state(known(beside)),
                diff: None,
            }),
        };
        let mut to_read = Vec::new();
        if shown.content.is_pending() {
            to_read.push(file);
        }
        if let Some(version) = &shown.beside
            && version.content.is_pending()
            && version.file != file
        {
            to_read.push(version.file);
        }
        self.shown = Some(shown);
        for file in to_read {
            let layer = &self.layers[file.layer];
            let read = ReadFile {
                source: Arc::clone(&self.start.source),
                layer: layer.descriptor.clone(),
                index: layer.index.clone(),
                file,
            };
            self.tasks
                .spawn(async move { Done::Content(file, read.run().await) });
        }
        self.compare();
    }

    fn content(&mut self, file: FileRef, content: Result<Arc<FileContent>, Failure>) {
        let content = match content {
            Ok(content) => Remote::Ready(content),
            Err(failure) => Remote::Failed {
                error: Arc::new(failure),
                previous: None,
            },
        };
        let Some(shown) = &mut self.shown else {
            return;
        };
        if let Some(beside) = shown.beside.as_mut().filter(|beside| beside.file == file) {
            beside.content = content.clone();
        }
        if shown.file == file {
            shown.content = content;
        }
        self.compare();
    }

    fn compare(&mut self) {
        if let Some(ShownFile {
            content: Remote::Ready(content),
            beside: Some(beside),
            ..
        }) = &mut self.shown
            && let Remote::Ready(before) = &beside.content
        {
            beside.diff = diff(before, content);
        }
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
