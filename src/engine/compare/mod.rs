//! Comparisons of two images: what their documents say, and how their files differ.

mod files;
mod packages;
mod side;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::diff::{Counts, FileChange, PackageChange, PlatformChange, Sets, Setting};
use crate::model::{Descriptor, Digest, Platform};

use super::shared::Shared;
use super::{FileContent, JobId, Remote};

/// Names a comparison for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComparisonId(u64);

impl ComparisonId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One of the two images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedImage {
    /// As a person writes it.
    pub reference: String,
    /// The platform to pick out of an index; nothing for the one in the settings.
    pub platform: Option<Platform>,
}

/// What is to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareRequest {
    pub before: ComparedImage,
    pub after: ComparedImage,
    /// Whether layers at the bottom that both have are fetched from a registry as well,
    /// where without them it cannot be told whether a file is new or replaces another. They
    /// are never read where nothing depends on them.
    pub fetch_shared: bool,
}

/// A comparison as it is known at one moment.
#[derive(Clone, Debug)]
pub struct ComparisonSnapshot {
    pub id: ComparisonId,
    /// Grows with every snapshot of the same comparison.
    pub generation: u64,
    pub request: CompareRequest,
    pub job: Option<JobId>,
    /// What the documents say.
    pub images: Remote<Arc<ComparedImages>>,
    /// How the files differ.
    pub files: Remote<Arc<ComparedFiles>>,
    /// The file that somebody looks at.
    pub shown: Option<Arc<ComparedFile>>,
}

/// What the documents of two images say.
#[derive(Clone, Debug)]
pub struct ComparedImages {
    pub before: ComparedSide,
    pub after: ComparedSide,
    /// The platforms of both indexes; nothing where one is no index.
    pub platforms: Option<Sets<String>>,
    /// Platforms for which the indexes have other images; none where one platform was asked
    /// for, as then no other is looked at.
    pub changed_platforms: Vec<PlatformChange>,
    /// Settings, variables and labels that differ.
    pub settings: Vec<Setting>,
    /// The steps of the builds; nothing where a config could not be read.
    pub history: Option<Sets<String>>,
    pub layers: Sets<Digest>,
}

impl ComparedImages {
    /// Whether the two are not the same image, or stand for other images of other platforms.
    pub fn differ(&self) -> bool {
        let platforms = self.platforms.as_ref();
        !self.same_image()
            || !self.changed_platforms.is_empty()
            || platforms.is_some_and(|sets| !sets.is_equal())
    }

    /// Whether the two that were chosen, of indexes perhaps, are the same.
    pub fn same_image(&self) -> bool {
        self.before.digest == self.after.digest
    }

    /// Whether indexes list the same images and are not the same: they differ in attestations
    /// or annotations, or for platforms that nobody asked for.
    pub fn other_index(&self) -> bool {
        !self.differ() && self.platforms.is_some() && self.before.root != self.after.root
    }
}

/// What is said of one of the two.
#[derive(Clone, Debug)]
pub struct ComparedSide {
    /// As it was understood, without secrets.
    pub reference: String,
    /// Digest of the manifest that is compared.
    pub digest: Digest,
    /// Digest of what the reference stands for.
    pub root: Digest,
    pub platform: Option<Platform>,
    /// The lowest first.
    pub layers: Arc<[Descriptor]>,
}

/// How the files of two images differ.
#[derive(Clone, Debug)]
pub struct ComparedFiles {
    /// By path.
    pub changes: Arc<[FileChange]>,
    pub counts: Counts,
    /// What the package managers' databases list.
    pub packages: Vec<PackageChange>,
    /// What attached SBOMs list; nothing where one image has none.
    pub sbom_packages: Option<Vec<PackageChange>>,
    /// How many layers were read, or their lists of files known.
    pub opened: usize,
    /// Whether a change is known to be what it is said to be. Where shared layers were not
    /// read, what is listed as added or removed may replace, or uncover, a file of theirs.
    /// So it is where all that is known of a layer's files is what it says of itself, in a
    /// table of contents.
    pub exact: bool,
    /// How many layers at the bottom of both were not read, and would tell more.
    pub left_out: usize,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// A file that differs, or is in one image only.
#[derive(Clone, Debug)]
pub struct ComparedFile {
    /// Absolute.
    pub path: Vec<u8>,
    pub content: Remote<Arc<ComparedContent>>,
}

/// What is in a file of both images.
#[derive(Clone, Debug)]
pub struct ComparedContent {
    /// Nothing where it is not there, or no regular file.
    pub before: Option<Arc<FileContent>>,
    pub after: Option<Arc<FileContent>>,
    /// The lines that differ, where both are texts.
    pub diff: Option<Arc<str>>,
}

/// The comparisons that run or are shown.
#[derive(Default)]
pub(super) struct Comparisons {
    running: HashMap<ComparisonId, Running>,
}

struct Running {
    /// Paths of files that somebody looks at.
    shows: mpsc::UnboundedSender<Vec<u8>>,
    closed: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Comparisons {
    /// Begins a comparison, in place of one with the same id.
    pub fn begin(&mut self, shared: &Arc<Shared>, id: ComparisonId, request: CompareRequest) {
        let (shows, receiver) = mpsc::unbounded_channel();
        let closed = CancellationToken::new();
        let work = work::Work::new(Arc::clone(shared), id, request);
        tokio::spawn(work.run(receiver, closed.clone()));
        self.running.insert(id, Running { shows, closed });
    }

    /// Begins the comparison of a job again.
    pub fn retry(&mut self, shared: &Arc<Shared>, job: JobId) {
        let found = shared.slots.comparisons();
        if let Some(found) = found.iter().find(|found| found.job == Some(job)) {
            self.begin(shared, found.id, found.request.clone());
        }
    }

    /// Somebody looks at a file.
    pub fn show(&self, id: ComparisonId, path: Vec<u8>) {
        if let Some(running) = self.running.get(&id) {
            // a comparison that has ended has nothing to show
            let _ = running.shows.send(path);
        }
    }

    /// Ends a comparison and forgets it.
    pub fn forget(&mut self, shared: &Shared, id: ComparisonId) {
        self.running.remove(&id);
        shared.slots.remove_comparison(id);
    }
}
