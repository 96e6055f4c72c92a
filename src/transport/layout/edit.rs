//! Changing what a name in a layout folder stands for, and taking referrers back.

use std::fs;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

use super::destination::{LayoutDestination, read_index};
use super::entries::{self, Listed};
use super::{blob, destination};
use crate::model::{Digest, MediaType, RawDocument, limits};
use crate::transport::destination::{describe_referrer, plain};
use crate::transport::edit::{Edit, Edited, ReferrerRemove, Removal, TagEdit};
use crate::transport::local::{Disk, hold, write_problem};
use crate::transport::{Delete, Problem, TransportError};

impl TagEdit for LayoutDestination {
    fn edit_tag<'a>(
        &'a self,
        tag: &'a str,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let what = format!("name {tag}");
            let root = self.target().root.clone();
            // held from the reading to the writing: nobody comes between
            let held = {
                let root = root.clone();
                spawn_blocking(move || {
                    destination::check(&root)?;
                    hold(&root).map_err(|error| write_problem(&error))
                })
            };
            let held = held.await.unwrap_or(Err(Problem::Cancelled));
            let _held = held.map_err(|problem| self.target().fail(&what, problem))?;
            let there = {
                let (root, tag) = (root.clone(), tag.to_owned());
                spawn_blocking(move || named(&root, &tag))
            };
            let there = there.await.unwrap_or(Err(Problem::Cancelled));
            let there = there.map_err(|problem| self.target().fail(&what, problem))?;
            let edited =
                edit(there.as_ref()).map_err(|problem| self.target().fail(&what, problem))?;
            let Edited::Other { blobs, manifest } = edited else {
                return Ok(());
            };
            let (target, tag) = (self.target().clone(), tag.to_owned());
            let written = spawn_blocking(move || {
                let disk = &target.disk;
                for (descriptor, bytes) in &blobs {
                    put(&root, disk, &descriptor.digest, bytes)?;
                }
                put(&root, disk, manifest.digest(), manifest.bytes())?;
                let listed = Listed {
                    descriptor: plain(&manifest),
                    name: Some(tag),
                };
                let before = read_index(&root)?.unwrap_or_else(entries::empty);
                let mut index = before.clone();
                entries::put(&mut index, &listed)?;
                // a name that leads to something else leads to what is safe: what the copy has
                // written of it, too
                if entries::moves(&before, &index) {
                    target.force().map_err(|error| write_problem(&error))?;
                }
                destination::replace_index(&root, disk, &index)
            });
            let written = written.await.unwrap_or(Err(Problem::Cancelled));
            written.map_err(|problem| self.target().fail(what, problem))
        }
        .boxed()
    }

    fn under_tag<'a>(
        &'a self,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, TransportError>> {
        let name = tag.to_owned();
        let reading = self.target().run(format!("name {tag}"), move |target| {
            named(&target.root, &name)
        });
        reading.boxed()
    }
}

/// Writes a small blob under its digest, where it is not there yet.
fn put(root: &Path, disk: &Disk, digest: &Digest, bytes: &[u8]) -> Result<(), Problem> {
    let path = root.join(blob::name(digest));
    if fs::read(&path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if !digest.matches(bytes) {
        let found = Digest::of(digest.algorithm(), bytes);
        let expected = digest.clone();
        return Err(Problem::WrongDigest { expected, found });
    }
    let folder = path.parent().unwrap_or(root);
    disk.create_folder(folder)
        .and_then(|()| disk.replace(&path, bytes))
        .map_err(|error| write_problem(&error))
}

/// The manifest that is called `name`, checked; nothing where none is.
fn named(root: &Path, name: &str) -> Result<Option<RawDocument>, Problem> {
    let index = read_index(root)?;
    let digest = index.as_ref().and_then(|index| entries::named(index, name));
    let Some(digest) = digest.and_then(|digest| digest.parse::<Digest>().ok()) else {
        return Ok(None);
    };
    let path = root.join(blob::name(&digest));
    let length = fs::metadata(&path).map_err(|error| write_problem(&error))?;
    if length.len() > limits::MANIFEST_BYTES {
        return Err(Problem::TooLarge {
            found: Some(length.len()),
            limit: limits::MANIFEST_BYTES,
        });
    }
    let bytes = fs::read(&path).map_err(|error| write_problem(&error))?;
    if !digest.matches(&bytes) {
        let found = Digest::of(digest.algorithm(), &bytes);
        return Err(Problem::WrongDigest {
            expected: digest,
            found,
        });
    }
    let raw = RawDocument::hash(bytes.into(), digest.algorithm(), MediaType::default());
    Ok(Some(raw))
}

impl ReferrerRemove for LayoutDestination {
    fn remove_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<Removal, TransportError>> {
        async move {
            check_refers(raw).map_err(|(what, problem)| self.target().fail(what, problem))?;
            self.delete_manifest(raw.digest()).await?;
            Ok(Removal::Deleted)
        }
        .boxed()
    }
}

/// Refuses to take back what refers to nothing.
pub(super) fn check_refers(raw: &RawDocument) -> Result<(), (String, Problem)> {
    if describe_referrer(raw).is_some() {
        return Ok(());
    }
    let (file, why) = ("manifest".to_owned(), "it refers to nothing".to_owned());
    let what = format!("manifest {}", raw.digest());
    Err((what, Problem::Broken { file, why }))
}
