//! The task of one comparison. It alone changes what is known of it.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::diff::{self, Counts};
use crate::engine::files::{self, ReadFile, difference};
use crate::engine::shared::{JobHandle, Shared};
use crate::engine::{
    Failure, FailureKind, FileContent, FileRef, ImageId, JobKind, JobState, Remote, Unit,
};
use crate::layer::{EntryKind, FileTree};

use super::files::{Trees, agree};
use super::side::Side;
use super::{
    CompareRequest, ComparedContent, ComparedFile, ComparedFiles, ComparedImages, ComparisonId,
    ComparisonSnapshot, packages,
};

pub(super) struct Work {
    shared: Arc<Shared>,
    snapshot: ComparisonSnapshot,
}

/// What is kept to show single files.
struct Open {
    before: Side,
    after: Side,
    trees: Option<Trees>,
}

impl Work {
    pub(super) fn new(shared: Arc<Shared>, id: ComparisonId, request: CompareRequest) -> Self {
        let earlier = shared.slots.comparison(id);
        let previous = |same: bool| earlier.as_ref().filter(|_| same);
        let known = earlier.as_ref().is_some_and(|earlier| {
            (&earlier.request.before, &earlier.request.after) == (&request.before, &request.after)
        });
        Self {
            snapshot: ComparisonSnapshot {
                id,
                generation: earlier.as_ref().map_or(0, |earlier| earlier.generation),
                job: None,
                images: Remote::Pending {
                    previous: previous(known).and_then(|e| e.images.value().cloned()),
                },
                files: Remote::Pending {
                    previous: previous(known).and_then(|e| e.files.value().cloned()),
                },
                shown: None,
                request,
            },
            shared,
        }
    }

    pub(super) async fn run(
        mut self,
        mut shows: mpsc::UnboundedReceiver<Vec<u8>>,
        closed: CancellationToken,
    ) {
        let request = &self.snapshot.request;
        let mut job = self.shared.jobs.start(
            JobKind::Compare,
            format!(
                "Compare {} with {}",
                crate::model::text::without_secrets(&request.before.reference),
                crate::model::text::without_secrets(&request.after.reference)
            ),
            ImageId::next(),
            Unit::Bytes,
            "opening",
        );
        self.snapshot.job = Some(job.id());
        self.publish();
        let token = job.token().clone();
        let compared = tokio::select! {
            biased;
            () = closed.cancelled() => {
                job.end(JobState::Cancelled);
                return;
            }
            () = token.cancelled() => None,
            compared = self.compare(&mut job) => Some(compared),
        };
        let (open, state) = match compared {
            Some(Ok(open)) => (Some(open), JobState::Done),
            Some(Err(failure)) => {
                let failure = Arc::new(failure);
                self.fail(&failure);
                (None, JobState::Failed(failure))
            }
            None => {
                self.fail(&Arc::new(Failure::new(
                    FailureKind::Cancelled,
                    "The comparison was cancelled",
                    "Compare again when you want to",
                )));
                (None, JobState::Cancelled)
            }
        };
        self.publish();
        job.end(state);
        loop {
            tokio::select! {
                biased;
                () = closed.cancelled() => return,
                path = shows.recv() => match path {
                    Some(path) => self.show(open.as_ref(), path, &closed).await,
                    None => return,
                },
            }
        }
    }

    /// What is not known is not going to be.
    fn fail(&mut self, failure: &Arc<Failure>) {
        if self.snapshot.images.is_pending() {
            self.snapshot.images = Remote::Failed {
                error: Arc::clone(failure),
                previous: self.snapshot.images.value().cloned(),
            };
        }
        if self.snapshot.files.is_pending() {
            self.snapshot.files = Remote::Failed {
                error: Arc::clone(failure),
                previous: self.snapshot.files.value().cloned(),
            };
        }
    }

    async fn compare(&mut self, job: &mut JobHandle) -> Result<Open, Failure> {
        let request = self.snapshot.request.clone();
        let (before, after) = tokio::try_join!(
            Side::open(&self.shared, &request.before).boxed(),
            Side::open(&self.shared, &request.after).boxed(),
        )?;
        let images = images(&before, &after);
        let (one, other) = (before.layers(), after.layers());
        let same_layers = images.layers.is_equal()
            && !images.layers.reordered
            && one.iter().zip(&other).all(|(one, other)| agree(one, other));
        let same = images.same_image();
        self.snapshot.images = Remote::Ready(Arc::new(images));
        self.publish();
        let mut open = Open {
            before,
            after,
            trees: None,
        };
        let mut files = ComparedFiles {
            changes: Arc::default(),
            counts: Counts::default(),
            packages: Vec::new(),
            sbom_packages: None,
            opened: 0,
            exact: true,
            left_out: 0,
            notes: unpromised(&open.before, &open.after),
        };
        // the same layers have the same files: none is opened
        if !same_layers {
            job.phase("reading layers");
            let fetch_shared = request.fetch_shared;
            let (shared, before, after) = (&self.shared, &open.before, &open.after);
            let trees = Trees::of(shared, before, after, fetch_shared, job).await?;
            files.counts = Counts::of(&trees.changes);
            files.changes = trees.changes.clone().into();
            files.opened = trees.opened;
            files.left_out = trees.left_out;
            files.exact = trees.left_out == 0 && !trees.by_tables;
            files.notes.extend(trees.notes.iter().cloned());
            job.phase("comparing packages");
            match packages::compare(before, after, &trees).await {
                Ok(found) => files.packages = found,
                Err(why) => files.notes.push(why),
            }
            open.trees = Some(trees);
        }
        if !same {
            job.phase("comparing SBOMs");
            files.sbom_packages =
                packages::compare_sboms(&self.shared, &open.before, &open.after).await;
        }
        self.snapshot.files = Remote::Ready(Arc::new(files));
        Ok(open)
    }

    /// Reads a file of both images and compares it.
    async fn show(&mut self, open: Option<&Open>, path: Vec<u8>, closed: &CancellationToken) {
        let Some(open) = open else {
            return;
        };
        let Some(trees) = &open.trees else {
            return;
        };
        self.shown(&path, Remote::Pending { previous: None });
        let read = async {
            let before = content(&open.before, &trees.before, &path).await?;
            let after = content(&open.after, &trees.after, &path).await?;
            let diff = match (&before, &after) {
                (Some(before), Some(after)) => {
                    difference(Arc::clone(before), Arc::clone(after)).await?
                }
                _ => None,
            };
            Ok::<_, Failure>(ComparedContent {
                before,
                after,
                diff,
            })
        };
        let Some(read) = closed.run_until_cancelled(read).await else {
            return;
        };
        let content = match read {
            Ok(content) => Remote::Ready(Arc::new(content)),
            Err(failure) => Remote::Failed {
                error: Arc::new(failure),
                previous: None,
            },
        };
        self.shown(&path, content);
    }

    fn shown(&mut self, path: &[u8], content: Remote<Arc<ComparedContent>>) {
        self.snapshot.shown = Some(Arc::new(ComparedFile {
            path: path.to_vec(),
            content,
        }));
        self.publish();
    }

    fn publish(&mut self) {
        self.snapshot.generation += 1;
        let snapshot = Arc::new(self.snapshot.clone());
        self.shared.slots.put_comparison(snapshot);
    }
}

/// Why what layers unpack to is held against no DiffID, for each image where that is so.
fn unpromised(before: &Side, after: &Side) -> Vec<String> {
    let same = before.document.raw().digest() == after.document.raw().digest();
    let both = [
        ("before", Some(before)),
        ("after", Some(after).filter(|_| !same)),
    ];
    let sides = both
        .into_iter()
        .filter_map(|(name, side)| Some((name, side?)));
    let said = sides.filter_map(|(name, side)| {
        let why = files::unpromised(side.manifest()?, side.config.as_ref())?;
        Some(format!("{name}: {why}"))
    });
    said.collect()
}

/// What the documents say.
fn images(before: &Side, after: &Side) -> ComparedImages {
    let layers = match (before.manifest(), after.manifest()) {
        (Some(one), Some(other)) => diff::layers(one, other),
        _ => diff::Sets::of(&[], &[]),
    };
    let indexes = || before.index.as_ref().zip(after.index.as_ref());
    let asked = before.asked || after.asked;
    let configs = before.config.as_ref().zip(after.config.as_ref());
    ComparedImages {
        before: before.said(),
        after: after.said(),
        platforms: indexes().map(|(one, other)| diff::platforms(one, other)),
        changed_platforms: indexes()
            .filter(|_| !asked)
            .map_or_else(Vec::new, |(one, other)| diff::changed_platforms(one, other)),
        settings: configs.map_or_else(Vec::new, |(one, other)| diff::settings(one, other)),
        history: configs.map(|(one, other)| diff::history(one, other)),
        layers,
    }
}

/// The content of the regular file at a path; nothing where there is none.
async fn content(
    side: &Side,
    tree: &FileTree,
    path: &[u8],
) -> Result<Option<Arc<FileContent>>, Failure> {
    let node = tree.find(path);
    let found = node.and_then(|node| node.content());
    let Some((layer, position, _)) = found.filter(|(_, _, e)| e.kind() == EntryKind::File) else {
        return Ok(None);
    };
    let Some(descriptor) = side.manifest().and_then(|m| m.layers.get(layer)) else {
        return Ok(None);
    };
    let read = ReadFile {
        source: Arc::clone(&side.source),
        layer: descriptor.clone(),
        index: tree.layers()[layer].clone(),
        file: FileRef { layer, position },
    };
    read.run().await.map(Some)
}
