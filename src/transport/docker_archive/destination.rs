//! What `docker save` writes as a place to write to: one image, its layers unpacked. Such an
//! archive is written once; what is there is never changed.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::unpacked::{self, Unpacked};
use super::write::write;
use crate::model::{
    Descriptor, Digest, ImageName, MediaKind, PathReference, RawDocument, Reference,
    RegistryReference,
};
use crate::transport::local::{Disk, Stage, Target, Work, parent, write_problem};
use crate::transport::{Destination, Naming, Payload, Problem, Takes, TransportError};

/// An archive for `docker load`, to be written.
pub struct DockerArchiveDestination {
    target: Target,
    name: Option<ImageName>,
    unpacked: Arc<Unpacked>,
    image: Mutex<Image>,
    /// How many bytes the archive has, once it is there.
    written: OnceLock<u64>,
}

/// The image and its names, once they were put.
#[derive(Default)]
pub(in crate::transport) struct Image {
    pub(in crate::transport) raw: Option<RawDocument>,
    pub(in crate::transport) names: Vec<RegistryReference>,
}

/// What such a place takes.
pub(in crate::transport) const TAKES: Takes = Takes {
    indexes: false,
    manifests: false,
    names: true,
    tags: false,
};

impl DockerArchiveDestination {
    /// Writes the archive that `path` names. Nothing is changed yet.
    pub fn new(path: PathReference) -> Self {
        Self::on(path, Disk::default())
    }

    /// As [`DockerArchiveDestination::new`], by way of `disk`.
    pub fn on(path: PathReference, disk: Disk) -> Self {
        let stage = Arc::new(Stage::new(path.path.clone()));
        Self {
            unpacked: Arc::new(Unpacked::new(stage, disk.clone())),
            target: Target::new(Reference::Path(path.clone()), path.path, disk),
            name: path.name,
            image: Mutex::default(),
            written: OnceLock::new(),
        }
    }

    /// What the image is called; nothing where it is to have no name.
    fn own_name(&self) -> Result<Option<RegistryReference>, TransportError> {
        match &self.name {
            None => Ok(None),
            Some(ImageName::Name(name)) => full_name(name)
                .map(Some)
                .map_err(|problem| self.misnamed(problem)),
            Some(ImageName::Position(_) | ImageName::Digest(_)) => {
                let name = self.target.place();
                Err(self.misnamed(Problem::EngineName { name }))
            }
        }
    }

    /// It cannot be called so.
    fn misnamed(&self, problem: Problem) -> TransportError {
        let mut error = self.target.fail("image", problem);
        let advice = "Write docker-archive:FILE:NAME:TAG, the name in small letters and without a digest, or leave the name out";
        error.more().advice = Some(advice.to_owned());
        error
    }
}

/// A name of an image as engines have it: with a tag and no digest. A first part in capital
/// letters is a host for some and a mistake for others, and none of docker, skopeo and Podman
/// reads it back.
pub(in crate::transport) fn full_name(name: &str) -> Result<RegistryReference, Problem> {
    let wrong = || Problem::EngineName {
        name: name.to_owned(),
    };
    let parsed: RegistryReference = name.parse().map_err(|_| wrong())?;
    let host = parsed.host();
    let capitals = host.contains(char::is_uppercase) && !host.contains(['.', ':']);
    match parsed.digest() {
        None if !capitals => Ok(parsed),
        _ => Err(wrong()),
    }
}

/// Takes a blob into `unpacked`.
pub(in crate::transport) async fn put_blob(
    unpacked: &Unpacked,
    blob: &Descriptor,
    payload: Arc<dyn Payload>,
    fail: impl Fn(Problem) -> TransportError,
) -> Result<(), TransportError> {
    let put = match blob.media_type.kind() {
        MediaKind::Layer { .. } => unpacked.put_layer(blob, payload).await,
        _ => unpacked.put_whole(blob, payload).await,
    };
    put.map_err(|error| match error {
        unpacked::Error::Payload(error) => error,
        unpacked::Error::Here(problem) => fail(problem),
    })
}

/// Refuses an archive that is there: such archives are not changed.
fn check(path: &Path) -> Result<(), Problem> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(write_problem(&error)),
        Ok(there) if there.is_dir() => Err(Problem::NotOurs {
            found: "it is a folder".to_owned(),
        }),
        // an empty file is a place that somebody has made
        Ok(there) if there.is_file() && there.len() == 0 => Ok(()),
        Ok(_) => Err(Problem::Exists),
    }
}

/// Whether the same copy would end in the same way again.
const fn is_final(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Broken { .. }
            | Problem::CannotHold { .. }
            | Problem::Exists
            | Problem::TooLarge { .. }
            | Problem::Unpacks { .. }
    )
}

impl Destination for DockerArchiveDestination {
    fn reference(&self) -> &Reference {
        &self.target.reference
    }

    fn takes(&self) -> Takes {
        TAKES
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            self.own_name()?;
            let looking = self.target.run("archive", |target| check(&target.root));
            looking.await
        }
        .boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn named<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        let checked = full_name(name).map_err(|problem| self.misnamed(problem));
        std::future::ready(checked.map(|_| None)).boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        let (unpacked, digest) = (Arc::clone(&self.unpacked), blob.digest.clone());
        let looking = self
            .target
            .run(format!("blob {digest}"), move |_| unpacked.has(&digest));
        looking.boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let making = self.target.run("archive", |target| {
                let made = target.disk.create_folder(parent(&target.root));
                made.map_err(|error| write_problem(&error))
            });
            making.await?;
            let fail = |problem| {
                if is_final(&problem) {
                    self.unpacked.stage().abandon();
                }
                self.target.fail(format!("blob {}", blob.digest), problem)
            };
            put_blob(&self.unpacked, blob, payload, fail).await
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
                Naming::Tag(name) => {
                    Some(full_name(name).map_err(|problem| self.misnamed(problem))?)
                }
                Naming::Digest => return Ok(()),
            };
            let mut image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
            image.raw = Some(raw.clone());
            image.names.extend(name);
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
            let cancelled = CancellationToken::new();
            let _guard = cancelled.clone().drop_guard();
            let unpacked = Arc::clone(&self.unpacked);
            let writing = self.target.run("archive", move |target| {
                let io = |error: io::Error| write_problem(&error);
                let work = Work::new(cancelled, None);
                let (disk, stage) = (&target.disk, unpacked.stage());
                let unfinished = stage.unfinished(disk).map_err(io)?;
                let written = write(&raw, &image.names, &unpacked, &unfinished, (disk, &work));
                // somebody else may have written one meanwhile, and nobody does from here on
                let written = written.and_then(|file| {
                    let turn = stage.turn(disk, &work).map_err(io)?;
                    check(&target.root)?;
                    Ok((turn, file.metadata().map_err(io)?.len()))
                });
                let (_turn, length) = match written {
                    Ok(written) => written,
                    Err(problem) => {
                        if is_final(&problem) {
                            // nothing of it will be wanted again; where it cannot be removed
                            // it does no harm
                            let _ = stage.remove(disk);
                        }
                        return Err(problem);
                    }
                };
                stage.name(disk, false).map_err(io)?;
                stage.sweep(disk);
                stage.remove(disk).map_err(io)?;
                Ok(length)
            });
            let length = writing.await?;
            self.written.get_or_init(|| length);
            Ok(())
        }
        .boxed()
    }

    fn written(&self) -> Option<u64> {
        self.written.get().copied()
    }

    fn stored_as(&self, blob: &Digest) -> Option<Digest> {
        self.unpacked.stored_as(blob)
    }
}
