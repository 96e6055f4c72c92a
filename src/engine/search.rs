//! Searching for names in all layers of all platforms of an image.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::layer::{Allowance, EntryKind, LayerError, LayerIndex, NameFilter};
use crate::model::{Descriptor, Digest, Document, ImageConfig, limits};
use crate::transport::{self, Located, Resolved, Source};

use super::files::{ReadLayer, promised_layers};
use super::shared::{JobHandle, Shared};
use super::{Failure, ImageId, JobId, JobKind, JobState, NodePath, Progress, Remote, Unit, fetch};

/// How many layers are read at once.
const CONCURRENT: usize = 2;

/// Names a search for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SearchId(u64);

impl SearchId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What is searched for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The image, as a person writes it.
    pub reference: String,
    pub name: NameFilter,
}

/// A search as it is known at one moment.
#[derive(Clone, Debug)]
pub struct SearchSnapshot {
    pub id: SearchId,
    pub request: SearchRequest,
    pub job: Option<JobId>,
    /// What was found so far: as the layers were read, each in its order.
    pub hits: Arc<[SearchHit]>,
    /// How many layers were searched, of how many.
    pub searched: usize,
    pub layers: usize,
    /// Whether it is over, and how it failed.
    pub state: Remote<()>,
    /// Layers that could not be searched, and more than is listed.
    pub notes: Vec<String>,
}

/// A name that was found in a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// Absolute; of a whiteout what it removes.
    pub path: Vec<u8>,
    pub kind: EntryKind,
    /// In bytes.
    pub size: u64,
    pub layer: Digest,
    /// The images that have the layer.
    pub images: Arc<[FoundIn]>,
}

/// An image that has a layer in which something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundIn {
    /// Its platform, or the digest of its manifest.
    pub name: String,
    /// Where the manifest lies in what was searched.
    pub manifest: NodePath,
    /// Position of the layer in it.
    pub layer: usize,
}

/// The searches that run.
#[derive(Default)]
pub(super) struct Searches(HashMap<SearchId, CancellationToken>);

impl Searches {
    /// Begins a search, in place of one with the same id.
    pub fn begin(&mut self, shared: &Arc<Shared>, id: SearchId, request: SearchRequest) {
        let closed = CancellationToken::new();
        let work = Work {
            shared: Arc::clone(shared),
            snapshot: SearchSnapshot {
                id,
                request,
                job: None,
                hits: Arc::default(),
                searched: 0,
                layers: 0,
                state: Remote::Pending { previous: None },
                notes: Vec::new(),
            },
        };
        tokio::spawn(work.run(closed.clone()));
        if let Some(before) = self.0.insert(id, closed) {
            before.cancel();
        }
    }

    /// Begins the search of a job again.
    pub fn retry(&mut self, shared: &Arc<Shared>, job: JobId) {
        let found = shared.slots.searches();
        if let Some(found) = found.iter().find(|found| found.job == Some(job)) {
            self.begin(shared, found.id, found.request.clone());
        }
    }

    /// Ends a search and forgets it.
    pub fn forget(&mut self, shared: &Shared, id: SearchId) {
        if let Some(token) = self.0.remove(&id) {
            token.cancel();
        }
        shared.slots.remove_search(id);
    }
}

struct Work {
    shared: Arc<Shared>,
    snapshot: SearchSnapshot,
}

/// A layer, and the images that have it.
struct Wanted {
    layer: Descriptor,
    diff_id: Option<Digest>,
    images: Vec<FoundIn>,
}

impl Work {
    async fn run(mut self, closed: CancellationToken) {
        let reference = &self.snapshot.request.reference;
        let mut job = self.shared.jobs.start(
            JobKind::Search,
            format!("Search {}", crate::model::text::without_secrets(reference)),
            ImageId::next(),
            Unit::Bytes,
            "reading documents",
        );
        self.snapshot.job = Some(job.id());
        self.publish();
        let token = job.token().clone();
        let ended = tokio::select! {
            biased;
            () = closed.cancelled() => {
                job.end(JobState::Cancelled);
                return;
            }
            () = token.cancelled() => None,
            ended = self.search(&mut job) => Some(ended),
        };
        let state = match ended {
            Some(Ok(())) => {
                self.snapshot.state = Remote::Ready(());
                JobState::Done
            }
            Some(Err(failure)) => {
                let error = Arc::new(failure);
                self.snapshot.state = Remote::Failed {
                    error: Arc::clone(&error),
                    previous: None,
                };
                JobState::Failed(error)
            }
            None => {
                // what was found stays
                self.snapshot.state = Remote::Ready(());
                self.snapshot.notes.push("The search was ended.".to_owned());
                JobState::Cancelled
            }
        };
        self.publish();
        job.end(state);
    }

    async fn search(&mut self, job: &mut JobHandle) -> Result<(), Failure> {
        // a pattern that cannot be read is said before anything is asked for
        let name = self.snapshot.request.name.clone();
        name.check()?;
        let Located { reference, .. } =
            transport::locate(&self.snapshot.request.reference).map_err(Failure::from)?;
        let source = transport::open(&reference, &self.shared.client);
        source.prepare(Arc::new(|_| ())).await?;
        let raw = match fetch::resolve(&*source, &self.shared.store).await? {
            Resolved::Document { raw, .. } => raw,
            Resolved::Several(_) => {
                return Err(Failure::refused(
                    format!("{reference} holds several images"),
                    "Open one of them",
                ));
            }
        };
        let mut wanted = Vec::new();
        let root = Document::read(raw);
        let from = NodePath::root();
        collect(&self.shared, &source, root, None, from, &mut wanted).await?;
        self.snapshot.layers = wanted.len();
        self.publish();
        job.phase("searching layers");
        for layer in &wanted {
            job.progress().expect(layer.layer.size);
        }
        let reads = wanted.into_iter().map(|wanted| {
            let (partial, _) = mpsc::unbounded_channel();
            let read = ReadLayer {
                shared: Arc::clone(&self.shared),
                source: Arc::clone(&source),
                position: 0,
                layer: wanted.layer.clone(),
                diff_id: wanted.diff_id.clone(),
                allowance: Allowance::Usual,
                progress: Arc::new(Progress::new(Unit::Bytes)),
                total: job.shared_progress(),
                partial,
            };
            let name = name.clone();
            async move {
                let out = read.run().await;
                let (digest, images) = (wanted.layer.digest, wanted.images.into());
                let found =
                    tokio::task::spawn_blocking(move || hits(&out.index, &name, &digest, &images));
                (found.await, out.failure)
            }
            .boxed()
        });
        let reads: Vec<_> = reads.collect();
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT);
        while let Some((found, failure)) = reads.next().await {
            self.snapshot.searched += 1;
            if let Some(failure) = failure {
                self.snapshot.notes.push(failure.to_string());
            }
            let mut all = self.snapshot.hits.to_vec();
            if let Ok(found) = found {
                all.extend(found?);
            }
            let full = all.len() > limits::SEARCH_HITS;
            all.truncate(limits::SEARCH_HITS);
            self.snapshot.hits = all.into();
            if full {
                let most = limits::SEARCH_HITS;
                self.snapshot.notes.push(format!(
                    "There are more than the {most} names that are listed: search for more of the name."
                ));
                return Ok(());
            }
            self.publish();
        }
        Ok(())
    }

    fn publish(&self) {
        self.shared
            .slots
            .put_search(Arc::new(self.snapshot.clone()));
    }
}

/// The layers of every image under a document, each once.
fn collect<'a>(
    shared: &'a Arc<Shared>,
    source: &'a Arc<dyn Source>,
    document: Document,
    platform: Option<String>,
    path: NodePath,
    wanted: &'a mut Vec<Wanted>,
) -> BoxFuture<'a, Result<(), Failure>> {
    async move {
        if let Some(index) = document.index() {
            if path.positions().len() >= limits::INDEX_DEPTH {
                return Ok(());
            }
            let mut seen = HashSet::new();
            for (position, entry) in index.descriptors() {
                if entry.is_buildkit_attestation() || !seen.insert(entry.digest.clone()) {
                    continue;
                }
                let child = fetch::document(&**source, &shared.store, entry).await?;
                let platform = entry.platform.as_ref().map(ToString::to_string);
                let path = path.child(position);
                collect(shared, source, child, platform, path, wanted).await?;
            }
            return Ok(());
        }
        let Some(manifest) = document.manifest().filter(|m| !m.is_artifact()) else {
            return Ok(());
        };
        let config = fetch::config(&**source, &shared.store, &manifest.config).await;
        let config: Option<ImageConfig> = config.ok();
        let own = config.as_ref().map(|config| config.platform.to_string());
        let name = platform
            .or(own)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| document.raw().digest().short());
        let layers = promised_layers(manifest, config.as_ref());
        for (position, (layer, diff_id)) in layers.into_iter().enumerate() {
            let there = wanted.iter_mut().find(|w| w.layer.digest == layer.digest);
            let found_in = FoundIn {
                name: name.clone(),
                manifest: path.clone(),
                layer: position,
            };
            match there {
                Some(there) => there.images.push(found_in),
                None => wanted.push(Wanted {
                    layer,
                    diff_id,
                    images: vec![found_in],
                }),
            }
        }
        Ok(())
    }
    .boxed()
}

/// The names of a layer that fit.
fn hits(
    index: &LayerIndex,
    name: &NameFilter,
    layer: &Digest,
    images: &Arc<[FoundIn]>,
) -> Result<Vec<SearchHit>, LayerError> {
    let paths = name.search(index, limits::SEARCH_HITS + 1)?;
    let hit = |(position, path): (usize, Vec<u8>)| {
        let entry = index.entry(position)?;
        Some(SearchHit {
            path,
            kind: entry.kind(),
            size: entry.size(),
            layer: layer.clone(),
            images: Arc::clone(images),
        })
    };
    Ok(paths.into_iter().filter_map(hit).collect())
}
