//! The container engine as a place to write to: the image is gathered as an archive for
//! `docker load`, in a temporary folder, and given to the engine whole.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::engine::{self, Engine};
use super::image::EngineName;
use super::{image, load, spool};
use crate::config::Network;
use crate::model::{Descriptor, Digest, RawDocument, Reference, RegistryReference};
use crate::transport::docker_archive::destination::{Image, TAKES, full_name, put_blob};
use crate::transport::docker_archive::unpacked::Unpacked;
use crate::transport::docker_archive::write::write;
use crate::transport::local::{Disk, Stage, Target, Work, write_problem};
use crate::transport::{Destination, Naming, Payload, Problem, Takes, TransportError};

/// One image of an engine, to be written.
pub struct DaemonDestination {
    name: String,
    network: Network,
    /// Where it is gathered, once something is.
    gathering: OnceCell<Gathering>,
    image: Mutex<Image>,
    /// How many bytes the engine was sent, once it was.
    written: OnceLock<u64>,
    reference: Reference,
}

struct Gathering {
    target: Target,
    unpacked: Arc<Unpacked>,
    /// Removed with everything in it when the copy ends.
    _folder: tempfile::TempDir,
}

impl DaemonDestination {
    /// Writes the image that an engine is to call `name`. Nothing is connected yet.
    pub fn new(name: String, network: Network) -> Self {
        Self {
            reference: Reference::Daemon(name.clone()),
            name,
            network,
            gathering: OnceCell::new(),
            image: Mutex::default(),
            written: OnceLock::new(),
        }
    }

    fn target(&self, root: PathBuf) -> Target {
        Target::new(self.reference.clone(), root, Disk::default())
    }

    fn fail(&self, problem: Problem) -> TransportError {
        self.target(PathBuf::new()).fail("image", problem)
    }

    fn own_name(&self) -> Result<RegistryReference, TransportError> {
        full_name(&self.name).map_err(|problem| self.fail(problem))
    }

    /// The engine that is written to: the one that the user named, or the first that answers.
    async fn engine(&self) -> Result<Engine, TransportError> {
        let engines = engine::all(&self.network).await;
        let mut engines = engines.map_err(|problem| self.fail(problem))?.into_iter();
        engines.next().ok_or_else(|| {
            self.fail(Problem::NoEngine {
                looked_at: Vec::new(),
            })
        })
    }

    /// The ID of the image that the engine calls `name`: it keeps no manifest.
    async fn stands_for(&self, name: RegistryReference) -> Result<Option<Digest>, TransportError> {
        let engine = self.engine().await?;
        let name = name.to_string();
        match image::find(&engine, EngineName(&name)).await {
            Ok(found) if found.id.contains(':') => Ok(found.id.parse().ok()),
            Ok(found) => Ok(format!("sha256:{}", found.id).parse().ok()),
            Err(Problem::NotInEngine { .. }) => Ok(None),
            Err(problem) => Err(self.fail(problem)),
        }
    }

    async fn gathering(&self) -> Result<&Gathering, TransportError> {
        let making = self.gathering.get_or_try_init(|| async {
            let target = self.target(PathBuf::new());
            let making = target.run("image", |_| {
                let folder = tempfile::Builder::new()
                    .prefix("porthole-load-")
                    .tempdir_in(spool::folder());
                folder.map_err(|error| write_problem(&error))
            });
            let folder = making.await?;
            let archive = folder.path().join("image.tar");
            let stage = Arc::new(Stage::new(archive.clone()));
            Ok(Gathering {
                unpacked: Arc::new(Unpacked::new(stage, Disk::default())),
                target: self.target(archive),
                _folder: folder,
            })
        });
        making.await
    }
}

impl Destination for DaemonDestination {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn takes(&self) -> Takes {
        TAKES
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            self.own_name()?;
            self.engine().await.map(drop)
        }
        .boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        async { self.stands_for(self.own_name()?).await }.boxed()
    }

    fn named<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        async {
            let name = full_name(name).map_err(|problem| self.fail(problem))?;
            self.stands_for(name).await
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        let known = self.gathering.get();
        let known = known.is_some_and(|there| there.unpacked.holds(&blob.digest));
        std::future::ready(Ok(known)).boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let gathering = self.gathering().await?;
            let fail = |problem| {
                let what = format!("blob {}", blob.digest);
                gathering.target.fail(what, problem)
            };
            put_blob(&gathering.unpacked, blob, payload, fail).await
        }
        .boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        _: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        std::future::ready(Ok(false)).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let name = match naming {
                Naming::Own => self.own_name()?,
                Naming::Tag(name) => full_name(name).map_err(|problem| self.fail(problem))?,
                Naming::Digest => return Ok(()),
            };
            let mut image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
            image.raw = Some(raw.clone());
            image.names.push(name);
            Ok(())
        }
        .boxed()
    }

    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            let image = {
                let image = self.image.lock();
                std::mem::take(&mut *image.unwrap_or_else(PoisonError::into_inner))
            };
            let Some(raw) = image.raw else {
                return Ok(());
            };
            let engine = self.engine().await?;
            let gathering = self.gathering().await?;
            let cancelled = CancellationToken::new();
            let _guard = cancelled.clone().drop_guard();
            let unpacked = Arc::clone(&gathering.unpacked);
            let names = image.names;
            let wanted = names.clone();
            let writing = gathering.target.run("archive", move |target| {
                use std::io::Seek;
                let work = Work::new(cancelled, None);
                let mut file = write(
                    &raw,
                    &wanted,
                    &unpacked,
                    &target.root,
                    (&target.disk, &work),
                )?;
                let length = file
                    .metadata()
                    .map_err(|error| write_problem(&error))?
                    .len();
                file.rewind().map_err(|error| write_problem(&error))?;
                Ok((file, length))
            });
            let (file, length) = writing.await?;
            let loaded = load::load(&engine, file, length).await;
            loaded.map_err(|problem| self.fail(problem))?;
            self.written.get_or_init(|| length);
            for name in &names {
                let name = name.to_string();
                let found = image::find(&engine, EngineName(&name)).await;
                found.map_err(|problem| self.fail(problem))?;
            }
            Ok(())
        }
        .boxed()
    }

    fn written(&self) -> Option<u64> {
        self.written.get().copied()
    }

    fn stored_as(&self, blob: &Digest) -> Option<Digest> {
        self.gathering.get()?.unpacked.stored_as(blob)
    }
}
