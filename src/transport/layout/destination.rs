//! A layout folder as a place to write to.
//!
//! Blobs and manifests go under their digests at once, where they are in nobody's way. The
//! list of images is read, changed and replaced at the end, under a lock, so that of two who
//! write at once neither loses anything. Nothing is ever removed by writing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::blob;
use super::entries::{self, Listed};
use super::index_json::{check_version, whole_list};
use crate::model::{
    Descriptor, Digest, ImageName, PathReference, RawDocument, Reference, Transport, limits,
};
use crate::transport::destination::{describe_referrer, plain};
use crate::transport::local::{Disk, Folder, Target, Work, hold, is_left_over, write_problem};
use crate::transport::{
    Delete, Destination, Naming, Payload, Problem, ReferrerRemove, ReferrerWrite, TagEdit, Takes,
    TransportError,
};

/// What `oci-layout` says.
pub(super) const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// One image of a layout folder, to be written.
pub struct LayoutDestination {
    target: Target,
    name: Option<ImageName>,
    /// What `index.json` is to list.
    listed: Mutex<Vec<Listed>>,
}

impl LayoutDestination {
    /// Writes the image that `path` names. Nothing is changed yet.
    pub fn new(path: PathReference) -> Self {
        Self::on(path, Disk::default())
    }

    /// As [`LayoutDestination::new`], by way of `disk`.
    pub fn on(path: PathReference, disk: Disk) -> Self {
        let reference = Reference::Path(path.clone());
        Self::of(Target::new(reference, path.path, disk), path.name)
    }

    /// The image `name` of the layout in `target`.
    pub(super) fn of(target: Target, name: Option<ImageName>) -> Self {
        Self {
            target,
            name,
            listed: Mutex::default(),
        }
    }

    /// Where it is written.
    pub(super) fn folder(&self) -> &Path {
        &self.target.root
    }

    /// What `index.json` was to list; from then on it is not. In an order that does not
    /// depend on which of several came first.
    pub(super) fn take_listed(&self) -> Vec<Listed> {
        let mut listed = {
            let listed = self.listed.lock();
            std::mem::take(&mut *listed.unwrap_or_else(PoisonError::into_inner))
        };
        listed.sort_by_cached_key(|one| (one.name.clone(), one.descriptor.digest.to_string()));
        listed
    }

    /// What was to be listed by this name is not.
    pub(super) fn unlist(&self, name: &str) {
        let all = self.listed.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        all.retain(|listed| listed.name.as_deref() != Some(name));
    }

    /// The folder, and how it is written.
    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    fn list(&self, listed: Listed) {
        let all = self.listed.lock();
        all.unwrap_or_else(PoisonError::into_inner).push(listed);
    }

    /// Changes the list of images, alone and whole or not at all.
    async fn change(
        &self,
        change: impl FnOnce(&mut Value) -> Result<bool, Problem> + Send + 'static,
    ) -> Result<(), TransportError> {
        self.target
            .run("index.json", |target| {
                let Target { root, disk, .. } = target;
                let io = |error: io::Error| write_problem(&error);
                disk.create_folder(root).map_err(io)?;
                let _held = hold(root).map_err(io)?;
                let there = read_index(root)?;
                let mut index = there.clone().unwrap_or_else(entries::empty);
                let changed = change(&mut index)?;
                match there {
                    None => put_index(root, disk, &index, false)?,
                    Some(there) if changed => {
                        // a name that leads to something else leads to what is safe
                        if entries::moves(&there, &index) {
                            target.force().map_err(io)?;
                        }
                        put_index(root, disk, &index, true)?;
                    }
                    Some(_) => put_marker(root, disk, true)?,
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

/// Puts another list of images in place of the one that is there, once all that it lists is
/// safe.
pub(super) fn replace_index(root: &Path, disk: &Disk, index: &Value) -> Result<(), Problem> {
    let io = |error: io::Error| write_problem(&error);
    // what it lists must be there before it is
    for folder in ["blobs/sha256", "blobs/sha384", "blobs/sha512", "blobs"] {
        let folder = root.join(folder);
        if folder.is_dir() {
            disk.sync_folder(&folder).map_err(io)?;
        }
    }
    put_index(root, disk, index, true)?;
    disk.sync_folder(root).map_err(io)
}

/// Puts a list of images there, `forced` to the disk first where it takes the place of one.
fn put_index(root: &Path, disk: &Disk, index: &Value, forced: bool) -> Result<(), Problem> {
    let io = |error: io::Error| write_problem(&error);
    put_marker(root, disk, forced)?;
    let bytes = serde_json::to_vec(index).expect("a JSON value can be written");
    disk.put(&list_of(root)?, &bytes, forced).map_err(io)
}

/// Says that the folder is a layout, where nothing says so.
fn put_marker(root: &Path, disk: &Disk, forced: bool) -> Result<(), Problem> {
    let marker = root.join("oci-layout");
    if marker.exists() {
        return Ok(());
    }
    let put = disk.put(&marker, MARKER, forced);
    put.map_err(|error| write_problem(&error))
}

/// The file that holds the list of images: where that is a link, what it leads to, in the same
/// folder.
fn list_of(root: &Path) -> Result<PathBuf, Problem> {
    let path = root.join("index.json");
    if !path.is_symlink() {
        return Ok(path);
    }
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| write_problem(&error));
    let led = real(&path)?;
    match led.starts_with(real(root)?) {
        true => Ok(led),
        false => Err(Problem::NotAFile {
            file: "index.json".to_owned(),
            found: "a link that leads out of the folder",
        }),
    }
}

/// The list of images; nothing where there is none yet.
pub(super) fn read_index(root: &Path) -> Result<Option<Value>, Problem> {
    let path = root.join("index.json");
    let bytes = match fs::metadata(&path) {
        Ok(there) if there.len() > limits::MANIFEST_BYTES => {
            return Err(Problem::TooLarge {
                found: Some(there.len()),
                limit: limits::MANIFEST_BYTES,
            });
        }
        Ok(_) => {
            let read = whole_list(|| fs::read(&path));
            read.map_err(|error| write_problem(&error))?
        }
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

/// What the file of a blob is called.
fn path(digest: &Digest) -> PathBuf {
    blob::name(digest).into()
}

/// The digest of what is called `name`.
fn digest_of(root: &Path, name: &str) -> Result<Option<Digest>, Problem> {
    let index = read_index(root)?;
    let digest = index.as_ref().and_then(|index| entries::named(index, name));
    let digest: Option<Digest> = digest.and_then(|digest| digest.parse().ok());
    // a name for what is not there stands for nothing
    Ok(digest.filter(|digest| is_there(&root.join(blob::name(digest)), digest)))
}

/// Refuses to write to a position: it names what is there already.
pub(super) fn check_name(target: &Target, name: Option<&ImageName>) -> Result<(), TransportError> {
    if let Some(ImageName::Position(position)) = name {
        let name = format!("@{position}");
        let why = "a position stands for what is there already";
        return Err(target.fail("image", Problem::NotAName { name, why }));
    }
    Ok(())
}

/// Refuses another name by which nobody would find the image.
pub(super) fn check_other_name(target: &Target, name: &str) -> Result<(), TransportError> {
    let why = match name {
        "" => "it is empty",
        name if name.starts_with('@') => {
            "what begins with @ is read as a position or a digest, and leads elsewhere"
        }
        _ => return Ok(()),
    };
    let name = name.to_owned();
    Err(target.fail("image", Problem::NotAName { name, why }))
}

/// Whether the manifest or index in this file is what its digest says.
fn is_there(path: &Path, digest: &Digest) -> bool {
    let small = fs::metadata(path).is_ok_and(|there| there.len() <= limits::MANIFEST_BYTES);
    small && fs::read(path).is_ok_and(|there| digest.matches(&there))
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
    if root.join("oci-layout").is_file() {
        let folder = Folder::open(root, Transport::Oci)?;
        return check_version(&folder, &Work::default());
    }
    if root.join("index.json").is_file() {
        // other things have a list of this name
        return match read_index(root) {
            Ok(Some(index)) if entries::is_index(&index) => Ok(()),
            Ok(_) | Err(Problem::Broken { .. }) => Err(Problem::NotOurs {
                found: "an index.json that lists no images".to_owned(),
            }),
            Err(problem) => Err(problem),
        };
    }
    for entry in entries {
        let name = entry.map_err(|error| write_problem(&error))?.file_name();
        let name = name.to_string_lossy();
        // what an interrupted copy leaves
        if name != "blobs" && !is_left_over(&name) {
            let found = name.into_owned();
            return Err(Problem::NotOurs { found });
        }
    }
    Ok(())
}

impl Destination for LayoutDestination {
    fn reference(&self) -> &Reference {
        &self.target.reference
    }

    fn takes(&self) -> Takes {
        Takes {
            indexes: true,
            manifests: true,
            names: true,
            tags: true,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async {
            check_name(&self.target, self.name.as_ref())?;
            self.target
                .run("folder", |target| check(&target.root))
                .await
        }
        .boxed()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        let name = self.name.clone();
        let reading = self.target.run("index.json", move |target| match name {
            Some(ImageName::Name(name)) => {
                let there = digest_of(&target.root, &name)?;
                if there.is_some() {
                    target.will_replace();
                }
                Ok(there)
            }
            Some(ImageName::Digest(digest)) => {
                let there = is_there(&target.root.join(blob::name(&digest)), &digest);
                Ok(there.then_some(digest))
            }
            _ => Ok(None),
        });
        reading.boxed()
    }

    fn named<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        async move {
            check_other_name(&self.target, name)?;
            let name = name.to_owned();
            let reading = move |target: &Target| digest_of(&target.root, &name);
            self.target.run("index.json", reading).await
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        let what = format!("blob {}", blob.digest);
        self.target.has(what, path(&blob.digest), blob.size).boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let path = path(&blob.digest);
            self.target.put_blob(&path, blob, payload).await
        }
        .boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        let name = path(&manifest.digest);
        self.target.has_whole(name, manifest, path).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            self.target.put_document(path(raw.digest()), raw).await?;
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
            let listed = self.take_listed();
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

    fn tag_editing(&self) -> Option<&dyn TagEdit> {
        Some(self)
    }

    fn referrer_removal(&self) -> Option<&dyn ReferrerRemove> {
        Some(self)
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
                return Err(self.target.fail(what, Problem::Broken { file, why }));
            };
            self.target.put_document(path(raw.digest()), raw).await?;
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
        let removing = self.target.run(format!("blob {digest}"), move |target| {
            let path = target.root.join(name);
            if !path.is_file() {
                return Err(Problem::NotFound);
            }
            target
                .disk
                .remove(&path)
                .map_err(|error| write_problem(&error))
        });
        removing.boxed()
    }
}
