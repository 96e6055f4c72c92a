//! An image on this machine as a place to read from.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::files::Content;
use super::{Work, blob};
use crate::model::{Descriptor, Digest, ImageName, PathReference, RawDocument, Reference, text};
use crate::transport::layout::{Referrers, not_read};
use crate::transport::{
    BlobCheck, BlobState, BlobStream, DetachedSignatures, Listing, Problem, ReferrerListing,
    Report, Resolved, Source, TransportError,
};

/// How the files of a place make images. Called on threads that may wait for the disk.
pub trait LocalImage: Send + Sync + Sized + 'static {
    /// Whether signatures can lie beside the manifests.
    const HAS_SIGNATURES: bool = false;

    /// Whether what refers to its manifests can be found.
    const LISTS_REFERRERS: bool = false;

    /// Opens the place at `path`.
    fn open(path: &PathReference, work: &Work) -> Result<Self, Problem>;

    /// The image that is called `wanted`, or the only one there is.
    fn resolve(&self, wanted: Option<&ImageName>, work: &Work) -> Result<Resolved, Trouble>;

    /// The manifest or index that `descriptor` points at, checked.
    fn manifest(&self, descriptor: &Descriptor, work: &Work) -> Result<RawDocument, Problem>;

    /// `range` of a blob, not yet checked.
    fn blob(
        &self,
        descriptor: &Descriptor,
        range: Option<Range<u64>>,
        work: &Work,
    ) -> Result<Content, Problem>;

    /// Looks at a blob without reading it.
    fn presence(&self, descriptor: &Descriptor) -> BlobState;

    /// The signatures beside the manifest with this digest, as they are.
    fn signatures(&self, _manifest: &Digest, _work: &Work) -> Result<Vec<Bytes>, Problem> {
        Ok(Vec::new())
    }

    /// Everything in the place that refers to something; nothing where such things cannot
    /// be kept in it.
    fn referrers(&self, _work: &Work) -> Result<Option<Referrers>, Problem> {
        Ok(None)
    }
}

/// A problem, and what was asked for when it came up.
pub struct Trouble {
    pub(in crate::transport) what: String,
    pub(in crate::transport) problem: Problem,
}

impl Trouble {
    /// `problem` with the manifest that has this digest.
    pub(in crate::transport) fn of_manifest(digest: &Digest, problem: Problem) -> Self {
        Self {
            what: format!("manifest {digest}"),
            problem,
        }
    }
}

impl From<Problem> for Trouble {
    /// `problem` with the image itself.
    fn from(problem: Problem) -> Self {
        Self {
            what: "image".to_owned(),
            problem,
        }
    }
}

/// An image on this machine.
pub struct LocalSource<I> {
    reference: Reference,
    /// Where it is opened; nothing for what lies open already.
    path: Option<PathReference>,
    wanted: Option<ImageName>,
    opened: Arc<Mutex<Option<Arc<I>>>>,
    /// What refers to what, once somebody asked; as it was then.
    referrers: OnceCell<Result<Option<Referrers>, TransportError>>,
}

impl<I: LocalImage> LocalSource<I> {
    /// Reads the image that `path` names. Nothing is opened yet.
    pub fn new(path: PathReference) -> Self {
        Self {
            reference: Reference::Path(path.clone()),
            wanted: path.name.clone(),
            path: Some(path),
            opened: Arc::default(),
            referrers: OnceCell::new(),
        }
    }

    /// The image `wanted` of what lies open already, and the reference that led to it.
    pub(in crate::transport) fn opened(
        reference: Reference,
        image: I,
        wanted: Option<ImageName>,
    ) -> Self {
        Self {
            reference,
            path: None,
            wanted,
            opened: Arc::new(Mutex::new(Some(Arc::new(image)))),
            referrers: OnceCell::new(),
        }
    }

    /// Does `work` with the opened place on a thread that may wait for the disk. Dropping
    /// the future ends it soon.
    pub(in crate::transport) async fn run<T: Send + 'static>(
        &self,
        report: Option<Report>,
        work: impl FnOnce(&I, &Work) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, TransportError> {
        let cancelled = CancellationToken::new();
        let _guard = cancelled.clone().drop_guard();
        self.run_until(cancelled, report, work).await
    }

    /// As [`LocalSource::run`], until `cancelled`.
    async fn run_until<T: Send + 'static>(
        &self,
        cancelled: CancellationToken,
        report: Option<Report>,
        work: impl FnOnce(&I, &Work) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, TransportError> {
        let (opened, path) = (Arc::clone(&self.opened), self.path.clone());
        let outcome = spawn_blocking(move || {
            let about = Work::new(cancelled, report);
            work(&*open(&opened, path.as_ref(), &about)?, &about)
        });
        let result = match outcome.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // the program is ending
                Err(_) => Err(Problem::Cancelled.into()),
            },
        };
        result.map_err(|Trouble { what, problem }| self.fail(what, problem))
    }

    fn fail(&self, what: impl Into<String>, problem: Problem) -> TransportError {
        TransportError::new(what, self.place(), problem)
    }

    /// The place as it is named in errors.
    fn place(&self) -> String {
        text::visible(&self.reference.to_string()).into_owned()
    }
}

/// What is open, or opens it. Whoever comes meanwhile waits instead of opening it again.
fn open<I: LocalImage>(
    opened: &Mutex<Option<Arc<I>>>,
    path: Option<&PathReference>,
    work: &Work,
) -> Result<Arc<I>, Problem> {
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(image) = &*opened {
        return Ok(Arc::clone(image));
    }
    let path = path.ok_or(Problem::NotFound)?;
    let image = Arc::new(I::open(path, work)?);
    *opened = Some(Arc::clone(&image));
    Ok(image)
}

impl<I: LocalImage> Source for LocalSource<I> {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn prepare(&self, report: Report) -> BoxFuture<'_, Result<(), TransportError>> {
        self.run(Some(report), |_, _| Ok(())).boxed()
    }

    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>> {
        let wanted = self.wanted.clone();
        self.run(None, move |image, work| {
            image.resolve(wanted.as_ref(), work)
        })
        .boxed()
    }

    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        let descriptor = descriptor.clone();
        self.run(None, move |image, work| {
            let read = image.manifest(&descriptor, work);
            read.map_err(|problem| Trouble::of_manifest(&descriptor.digest, problem))
        })
        .boxed()
    }

    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>> {
        let what = format!("blob {}", descriptor.digest);
        let wanted = descriptor.clone();
        async move {
            // the reader asks this token for as long as the stream lives
            let cancelled = CancellationToken::new();
            let guard = cancelled.clone().drop_guard();
            let about = what.clone();
            let opening = self.run_until(cancelled, None, move |image, work| {
                let opened = image.blob(&wanted, range, work);
                opened.map_err(|problem| Trouble {
                    what: about,
                    problem,
                })
            });
            let content = opening.await?;
            let place = self.place();
            let fail = move |problem| TransportError::new(what.clone(), place.clone(), problem);
            Ok(blob::stream(content, guard, fail))
        }
        .boxed()
    }

    fn blob_check(&self) -> Option<&dyn BlobCheck> {
        Some(self)
    }

    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        I::LISTS_REFERRERS.then_some(self as &dyn ReferrerListing)
    }

    fn detached_signatures(&self) -> Option<&dyn DetachedSignatures> {
        I::HAS_SIGNATURES.then_some(self as &dyn DetachedSignatures)
    }
}

impl<I: LocalImage> ReferrerListing for LocalSource<I> {
    fn referrers<'a>(&'a self, subject: &'a Digest) -> BoxFuture<'a, Listing> {
        async move {
            let scanned = self.referrers.get_or_init(|| {
                self.run(None, |image, work| {
                    let found = image.referrers(work);
                    found.map_err(|problem| Trouble {
                        what: "referrers".to_owned(),
                        problem,
                    })
                })
            });
            match scanned.await {
                Ok(Some(found)) => found.listing(subject, &self.place()),
                // it was asked in no way: it cannot list them
                Ok(None) => Listing::default(),
                Err(error) => not_read(error.clone()),
            }
        }
        .boxed()
    }
}

impl<I: LocalImage> BlobCheck for LocalSource<I> {
    fn presence<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, BlobState> {
        let wanted = descriptor.clone();
        async move {
            let looked = self.run(None, move |image, _| Ok(image.presence(&wanted)));
            looked.await.unwrap_or_else(|error| BlobState::Unreadable {
                why: error.problem.to_string(),
            })
        }
        .boxed()
    }
}

impl<I: LocalImage> DetachedSignatures for LocalSource<I> {
    fn signatures<'a>(
        &'a self,
        manifest: &'a Digest,
    ) -> BoxFuture<'a, Result<Vec<Bytes>, TransportError>> {
        let manifest = manifest.clone();
        self.run(None, move |image, work| {
            let read = image.signatures(&manifest, work);
            read.map_err(|problem| Trouble {
                what: format!("signatures of {manifest}"),
                problem,
            })
        })
        .boxed()
    }
}
