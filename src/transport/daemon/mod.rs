//! Images of the container engine on this machine (`docker-daemon:`): Docker or Podman, over
//! Docker's API.
//!
//! An engine hands an image over as the archive that `docker save` writes. It is spooled to
//! a temporary file without a name, which is gone with the last reader of it, and read as a
//! [`super::docker_archive`]. The name is resolved once, to the engine's image ID.

mod address;
mod client;
mod destination;
mod engine;
mod image;
mod list;
mod load;
mod name;
mod spool;

use std::ops::Range;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::config::Network;
use crate::model::{Descriptor, Digest, ImageName, RawDocument, Reference, text};

use super::archive::Archive;
use super::docker_archive::DockerArchive;
use super::layout::not_read;
use super::local::{LocalImage, LocalSource, Work};
use super::{
    BlobCheck, BlobState, BlobStream, Listing, Note, Problem, ReferrerListing, Report, Resolved,
    Source, TransportError,
};
use engine::Engine;
use image::{EngineName, Found};

pub use destination::DaemonDestination;
pub use list::{EngineImage, list_images};

/// One image of an engine.
pub struct DaemonSource {
    name: String,
    reference: Reference,
    network: Network,
    fetched: Mutex<Option<Arc<Fetched>>>,
}

/// An image that was fetched from its engine.
struct Fetched {
    source: LocalSource<DockerArchive>,
    note: Note,
}

impl DaemonSource {
    /// Reads the image that an engine calls `name`. Nothing is connected yet.
    pub fn new(name: String, network: Network) -> Self {
        Self {
            reference: Reference::Daemon(name.clone()),
            name,
            network,
            fetched: Mutex::default(),
        }
    }

    /// The image, fetched once. Whoever comes meanwhile waits.
    async fn fetched(&self, report: Option<Report>) -> Result<Arc<Fetched>, TransportError> {
        let mut fetched = self.fetched.lock().await;
        if let Some(fetched) = &*fetched {
            return Ok(Arc::clone(fetched));
        }
        let fresh = self.fetch(report).await;
        let fresh = Arc::new(fresh.map_err(|problem| self.fail(problem))?);
        *fetched = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn fetch(&self, report: Option<Report>) -> Result<Fetched, Problem> {
        let name = name::check(&self.name)?;
        let (engine, found) = find(&self.network, name).await?;
        let file = spool::fetch(&engine, &found, report.as_ref()).await?;
        let cancelled = CancellationToken::new();
        let _guard = cancelled.clone().drop_guard();
        let opening = spawn_blocking(move || {
            let work = Work::new(cancelled, None);
            let archive = DockerArchive::in_archive(Archive::of_file(file, &work)?);
            let wanted = only_image(&archive, &work)?;
            Ok((archive, wanted))
        });
        let (archive, wanted) = match opening.await {
            Ok(Err(Problem::NotAnImage { .. })) => {
                return Err(Problem::NotAnEngine {
                    engine: engine.label().to_owned(),
                    why: "what it sent is no archive of an image".to_owned(),
                });
            }
            Ok(opened) => opened?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(Problem::Cancelled),
            },
        };
        Ok(Fetched {
            source: LocalSource::opened(self.reference.clone(), archive, wanted),
            note: Note::Engine {
                engine: engine.label().to_owned(),
                known_as: found.known_as,
            },
        })
    }

    fn fail(&self, problem: Problem) -> TransportError {
        let place = self.reference.to_string();
        TransportError::new("image", text::visible(&place).into_owned(), problem)
    }
}

/// What to ask the archive of one image for: an engine may list it under several names.
fn only_image(archive: &DockerArchive, work: &Work) -> Result<Option<ImageName>, Problem> {
    match archive.resolve(None, work) {
        Ok(Resolved::Several(_)) => Ok(Some(ImageName::Position(0))),
        Ok(Resolved::Document { .. }) => Ok(None),
        Err(trouble) => Err(trouble.problem),
    }
}

/// The engine that has the image: the named one, or the first of those that are there.
async fn find(network: &Network, name: EngineName<'_>) -> Result<(Engine, Found), Problem> {
    let (mut without, mut failed) = (Vec::new(), None);
    for engine in engine::all(network).await? {
        match image::find(&engine, name).await {
            Ok(found) => return Ok((engine, found)),
            Err(Problem::NotInEngine { engine }) => without.push(engine),
            Err(problem) => {
                failed.get_or_insert(problem);
            }
        }
    }
    Err(failed.unwrap_or_else(|| Problem::NotInEngine {
        engine: without.join(", nor "),
    }))
}

impl Source for DaemonSource {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn prepare(&self, report: Report) -> BoxFuture<'_, Result<(), TransportError>> {
        async move { self.fetched(Some(report)).await.map(|_| ()) }.boxed()
    }

    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>> {
        async move {
            let fetched = self.fetched(None).await?;
            let mut resolved = fetched.source.resolve().await?;
            if let Resolved::Document { notes, .. } = &mut resolved {
                notes.insert(0, fetched.note.clone());
            }
            Ok(resolved)
        }
        .boxed()
    }

    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        async move {
            let fetched = self.fetched(None).await?;
            fetched.source.manifest(descriptor).await
        }
        .boxed()
    }

    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>> {
        async move {
            let fetched = self.fetched(None).await?;
            fetched.source.blob(descriptor, range).await
        }
        .boxed()
    }

    fn blob_check(&self) -> Option<&dyn BlobCheck> {
        Some(self)
    }

    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        Some(self)
    }
}

impl ReferrerListing for DaemonSource {
    fn referrers<'a>(&'a self, subject: &'a Digest) -> BoxFuture<'a, Listing> {
        async move {
            match self.fetched(None).await {
                Ok(fetched) => fetched.source.referrers(subject).await,
                Err(error) => not_read(error),
            }
        }
        .boxed()
    }
}

impl BlobCheck for DaemonSource {
    fn presence<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, BlobState> {
        async move {
            match self.fetched(None).await {
                Ok(fetched) => fetched.source.presence(descriptor).await,
                Err(error) => BlobState::Unreadable {
                    why: error.problem.to_string(),
                },
            }
        }
        .boxed()
    }
}
