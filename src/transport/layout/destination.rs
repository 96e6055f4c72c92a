//! A layout folder as a place to write to.
//!
//! Blobs and manifests go under their digests at once, where they are in nobody's way. The
//! list of images is read, changed and replaced at the end, under a lock, so that of two who
//! write at once neither loses anything. Nothing is ever removed by writing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::blob;
use super::entries::{self, Listed};
use crate::model::{
    Descriptor, Digest, ImageName, PathReference, RawDocument, Reference, limits, text,
};
use crate::transport::destination::{describe_referrer, plain};
use crate::transport::local::{Disk, write_blob, write_problem};
use crate::transport::{
    Delete, Destination, Naming, Payload, Problem, ReferrerWrite, Takes, TransportError,
};

/// What `oci-layout` says.
const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// One image of a layout folder, to be written.
pub struct LayoutDestination {
    reference: Reference,
    root: PathBuf,
    name: Option<ImageName>,
    disk: Disk,
    /// What `index.json` is to list, in the order in which it was put.
    listed: Mutex<Vec<Listed>>,
}

impl LayoutDestination {
    /// Writes the image that `path` names. Nothing is changed yet.
    pub fn new(path: PathReference) -> Self {
        Self::on(path, Disk::default())
    }

    /// As [`LayoutDestination::new`], by way of `disk`.
    pub fn on(path: PathReference, disk: Disk) -> Self {
        Self {
            reference: Reference::Path(path.clone()),
            root: path.path,
            name: path.name,
            disk,
            listed: Mutex::default(),
        }
    }

    fn place(&self) -> String {
        text::visible(&self.reference.to_string()).into_owned()
    }

    fn fail(&self, what: impl Into<String>, problem: Problem) -> TransportError {
        TransportError::new(what, self.place(), problem)
    }

    /// Does `work` on a thread that may wait for the disk.
    async fn run<T: Send + 'static>(
        &self,
        what: String,
        work: impl FnOnce(&Path, &Disk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, TransportError> {
        let (root, disk) = (self.root.clone(), self.disk.clone());
        let done = spawn_blocking(move || work(&root, &disk)).await;
        let done = done.unwrap_or(Err(Problem::Cancelled));
        done.map_err(|problem| self.fail(what, problem))
    }

    fn list(&self, listed: Listed) {
        let all = self.listed.lock();
        all.unwrap_or_else(PoisonError::into_inner).push(listed);
    }

    async fn put_document(&self, raw: &RawDocument) -> Result<(), TransportError> {
        let raw = raw.clone();
        self.run(format!("manifest {}", raw.digest()), move |root, disk| {
            let path = root.join(blob::name(raw.digest()));
            if fs::metadata(&path).is_ok_and(|there| there.len() == raw.size()) {
                // a manifest is small: that it is right is soon seen
                if fs::read(&path).is_ok_and(|there| raw.digest().matches(&there)) {
                    return Ok(());
                }
            }
            let folder = path.parent().unwrap_or(root);
            disk.create_folder(folder)
                .and_then(|()| disk.replace(&path, raw.bytes()))
                .map_err(|error| write_problem(&error))
        })
        .await
    }

    /// Changes the list of images, alone and whole or not at all.
    async fn change(
        &self,
        change: impl FnOnce(&mut Value) -> Result<bool, Problem> + Send + 'static,
    ) -> Result<(), TransportError> {
        self.run("index.json".to_owned(), |root, disk| {
            let io = |error: io::Error| write_problem(&error);
            disk.create_folder(root).map_err(io)?;
            let _held = hold(root).map_err(io)?;
            let marker = root.join("oci-layout");
            if !marker.exists() {
                disk.replace(&marker, MARKER).map_err(io)?;
            }
            let there = read_index(root)?;
            let mut index = there.clone().unwrap_or_else(entries::empty);
            if change(&mut index)? || there.is_none() {
                let bytes = serde_json::to_vec(&index).expect("a JSON value can be written");
                // what it lists must be there before it is
                for folder in ["blobs/sha256", "blobs/sha384", "blobs/sha512", "blobs"] {
                    let folder = root.join(folder);
                    if folder.is_dir() {
                        disk.sync_folder(&folder).map_err(io)?;
                    }
                }
                disk.replace(&root.join("index.json"), &bytes).map_err(io)?;
                disk.sync_folder(root).map_err(io)?;
            }
            for folder in ["blobs/sha256", "blobs/sha384", "blobs/sha512", ""] {
                let folder = root.join(folder);
                if folder.is_dir() {
                    disk.sweep(&folder).map_err(io)?;
                }
            }
            Ok(())
        })
        .await
    }
}

/// Waits until nobody else changes the layout, in this program or another one, and keeps
/// others from it until what is given is dropped.
fn hold(root: &Path) -> io::Result<File> {
    // a folder can be locked itself where systems let one open it, and no file is left behind
    let file = if cfg!(unix) {
        File::open(root)?
    } else {
        let path = root.join(".lock");
        File::options()
            .create(true)
            .append(true)
            .truncate(false)
            .open(path)?
    };
    file.lock()?;
    Ok(file)
}

/// The list of images; nothing where there is none yet.
fn read_index(root: &Path) -> Result<Option<Value>, Problem> {
    let path = root.join("index.json");
    let bytes = match fs::metadata(&path) {
        Ok(there) if there.len() > limits::MANIFEST_BYTES => {
            return Err(Problem::TooLarge {
                found: Some(there.len()),
                limit: limits::MANIFEST_BYTES,
            });
        }
        Ok(_) => fs::read(&path).map_err(|error| write_problem(&error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(write_problem(&error)),
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| Problem::Broken {
        file: "index.json".to_owned(),
        why: error.to_string(),
    })?;
    if value.is_object() {
        Ok(Some(value))
    } else {
        Err(Problem::Broken {
            file: "index.json".to_owned(),
            why: "it is no JSON object".to_owned(),
        })
    }
}

/// Whether a layout may be made in `root`: it is one, it is empty, or it is not there.
pub(super) fn check(root: &Path) -> Result<(), Problem> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Problem::NotOurs {
                found: "it is a file".to_owned(),
            });
        }
        Err(error) => return Err(write_problem(&error)),
    };
    if root.join("oci-layout").is_file() || root.join("index.json").is_file() {
        return Ok(());
    }
    for entry in entries {
        let name = entry.map_err(|error| write_problem(&error))?.file_name();
        let name = name.to_string_lossy();
        // what an interrupted copy leaves
        if name != "blobs" && !name.starts_with(".partial-") && name != ".lock" {
            let found = name.into_owned();
            return Err(Problem::NotOurs { found });
        }
    }
    Ok(())
}

impl Destination for LayoutDestination {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn takes(&self) -> Takes {
        Takes {
            indexes: true,
            manifests: true,
            tags: true,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            if let Some(ImageName::Position(_)) = &self.name {
                let why = "a position names what is there already".to_owned();
                let file = "the name".to_owned();
                return Err(self.fail("image", Problem::Broken { file, why }));
            }
            self.run("folder".to_owned(), |root, _| check(root)).await
        }
        .boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        let name = self.name.clone();
        self.run("index.json".to_owned(), move |root, _| {
            Ok(match name {
                Some(ImageName::Name(name)) => {
                    let index = read_index(root)?;
                    let digest = index
                        .as_ref()
                        .and_then(|index| entries::named(index, &name));
                    digest.and_then(|digest| digest.parse().ok())
                }
                Some(ImageName::Digest(digest)) => {
                    root.join(blob::name(&digest)).is_file().then_some(digest)
                }
                _ => None,
            })
        })
        .boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        let (name, size) = (blob::name(&blob.digest), blob.size);
        self.run(format!("blob {}", blob.digest), move |root, _| {
            // one of another size was damaged, and is replaced
            Ok(fs::metadata(root.join(name)).is_ok_and(|there| there.len() == size))
        })
        .boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let folder = self.root.join("blobs").join(blob.digest.algorithm().name());
            let name = blob.digest.hex();
            write_blob(&self.disk, &folder, name, blob, payload, &self.place()).await
        }
        .boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        self.has_blob(manifest)
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            self.put_document(raw).await?;
            let name = match naming {
                Naming::Digest => return Ok(()),
                Naming::Own => match &self.name {
                    Some(ImageName::Name(name)) => Some(name.clone()),
                    Some(ImageName::Digest(_)) => return Ok(()),
                    Some(ImageName::Position(_)) | None => None,
                },
                Naming::Tag(tag) => Some(tag.to_owned()),
            };
            let descriptor = plain(raw);
            self.list(Listed { descriptor, name });
            Ok(())
        }
        .boxed()
    }

    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            let listed = {
                let listed = self.listed.lock();
                std::mem::take(&mut *listed.unwrap_or_else(PoisonError::into_inner))
            };
            self.change(move |index| {
                let mut changed = false;
                for listed in &listed {
                    changed |= entries::put(index, listed)?;
                }
                Ok(changed)
            })
            .await
        }
        .boxed()
    }

    fn referrer_writing(&self) -> Option<&dyn ReferrerWrite> {
        Some(self)
    }
}

impl ReferrerWrite for LayoutDestination {
    fn put_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let Some((_, descriptor)) = describe_referrer(raw) else {
                let (file, why) = ("manifest".to_owned(), "it refers to nothing".to_owned());
                let what = format!("manifest {}", raw.digest());
                return Err(self.fail(what, Problem::Broken { file, why }));
            };
            self.put_document(raw).await?;
            let name = None;
            self.list(Listed { descriptor, name });
            Ok(())
        }
        .boxed()
    }
}

impl Delete for LayoutDestination {
    /// Takes the manifest out of the list and removes it. Its blobs stay: others may name
    /// them.
    fn delete_manifest<'a>(
        &'a self,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        let digest = digest.clone();
        async move {
            let listed = digest.to_string();
            self.change(move |index| Ok(entries::remove_digest(index, &listed)))
                .await?;
            self.delete_blob(&digest).await
        }
        .boxed()
    }

    /// Takes the entry of that name out of the list.
    fn delete_tag<'a>(&'a self, tag: &'a str) -> BoxFuture<'a, Result<(), TransportError>> {
        let tag = tag.to_owned();
        self.change(move |index| match entries::remove_name(index, &tag) {
            true => Ok(true),
            false => Err(Problem::NotFound),
        })
        .boxed()
    }

    fn delete_blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), TransportError>> {
        let name = blob::name(digest);
        self.run(format!("blob {digest}"), move |root, disk| {
            let path = root.join(name);
            if !path.is_file() {
                return Err(Problem::NotFound);
            }
            disk.remove(&path).map_err(|error| write_problem(&error))
        })
        .boxed()
    }
}
