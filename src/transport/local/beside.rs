//! Signatures in numbered files beside a manifest, as containers/image keeps them: in a
//! `dir:` folder, or in a lookaside folder away from the registry. Adding one leaves those
//! that are there as they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

use crate::model::{Digest, RegistryReference, limits, text};
use crate::transport::local::{Disk, file_in, hold, write_problem};
use crate::transport::{Problem, TransportError};

/// A folder that signatures are added to, one after the other.
pub struct SignatureFolder {
    root: PathBuf,
    layout: Layout,
    disk: Disk,
}

enum Layout {
    /// `signature-1` for the image of the folder, `<hex>.signature-1` for what it lists.
    Directory,
    /// `<repository>@sha256=<hex>/signature-1`.
    Lookaside(String),
}

impl SignatureFolder {
    /// The signatures of the images in a `dir:` folder.
    pub fn directory(root: PathBuf) -> Self {
        Self {
            root,
            layout: Layout::Directory,
            disk: Disk::default(),
        }
    }

    /// The signatures of images of the repository of `image` in a lookaside folder
    /// (containers-registries.d(5)).
    pub fn lookaside(root: PathBuf, image: &RegistryReference) -> Self {
        Self {
            root,
            layout: Layout::Lookaside(image.repository().to_owned()),
            disk: Disk::default(),
        }
    }

    /// The same by way of `disk`.
    #[must_use]
    pub fn on(mut self, disk: Disk) -> Self {
        self.disk = disk;
        self
    }

    /// The folder, and what the names of the signatures of `manifest` begin with. `own` says
    /// that it is the image of a `dir:` folder itself.
    fn names(&self, manifest: &Digest, own: bool) -> (PathBuf, String) {
        match &self.layout {
            Layout::Directory if own => (self.root.clone(), "signature-".to_owned()),
            Layout::Directory => (self.root.clone(), format!("{}.signature-", manifest.hex())),
            Layout::Lookaside(repository) => {
                let algorithm = manifest.algorithm().name();
                let image = format!("{repository}@{algorithm}={}", manifest.hex());
                (self.root.join(image), "signature-".to_owned())
            }
        }
    }

    /// Where the next signature of `manifest` would go, in words.
    ///
    /// # Errors
    /// Where the folder cannot be read, or has as many as are read.
    pub fn next<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
    ) -> BoxFuture<'a, Result<PathBuf, TransportError>> {
        let (folder, prefix) = self.names(manifest, own);
        self.run(move |_| {
            let number = free(&folder, &prefix, 1)?;
            Ok(folder.join(format!("{prefix}{number}")))
        })
        .boxed()
    }

    /// Adds a signature of `manifest` and gives its file. Of two who add at once each gets a
    /// number of its own.
    ///
    /// # Errors
    /// Where the folder cannot be written, or has as many as are read.
    pub fn add<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<PathBuf, TransportError>> {
        let (folder, prefix) = self.names(manifest, own);
        self.run(move |disk| {
            let io = |error: io::Error| write_problem(&error);
            disk.create_folder(&folder).map_err(io)?;
            let _held = hold(&folder).map_err(io)?;
            let number = free(&folder, &prefix, 1)?;
            let path = folder.join(format!("{prefix}{number}"));
            disk.replace(&path, &bytes).map_err(io)?;
            disk.sync_folder(&folder).map_err(io)?;
            Ok(path)
        })
        .boxed()
    }

    /// Adds those of `signatures` that are not there, in their order.
    ///
    /// # Errors
    /// As [`SignatureFolder::add`].
    pub fn add_missing<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
        signatures: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        let (folder, prefix) = self.names(manifest, own);
        self.run(move |disk| {
            let io = |error: io::Error| write_problem(&error);
            disk.create_folder(&folder).map_err(io)?;
            let _held = hold(&folder).map_err(io)?;
            let first = free(&folder, &prefix, 1)?;
            let name = |number: usize| format!("{prefix}{number}");
            let limit = limits::SIGNATURE_BYTES;
            let there = |number| file_in(&folder, &name(number), limit);
            let there: Vec<_> = (1..first).filter_map(there).collect();
            let new = signatures
                .iter()
                .filter(|one| !there.contains(&one.to_vec()));
            let mut next = first;
            for signature in new {
                // readers stop at the first gap; what lies behind one stays nevertheless
                let number = free(&folder, &prefix, next)?;
                let path = folder.join(name(number));
                disk.replace(&path, signature).map_err(io)?;
                next = number + 1;
            }
            if next > first {
                disk.sync_folder(&folder).map_err(io)?;
            }
            Ok(())
        })
        .boxed()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, TransportError> {
        let disk = self.disk.clone();
        let done = spawn_blocking(move || work(&disk)).await;
        done.unwrap_or(Err(Problem::Cancelled)).map_err(|problem| {
            let place = self.root.display().to_string();
            TransportError::new("signatures", text::visible(&place), problem)
        })
    }
}

/// The first number from `from` on that is free: readers stop at the first gap.
fn free(folder: &Path, prefix: &str, from: usize) -> Result<usize, Problem> {
    let there = |number: &usize| {
        let path = folder.join(format!("{prefix}{number}"));
        fs::symlink_metadata(path).is_err()
    };
    (from..=limits::SIGNATURES)
        .find(there)
        .ok_or(Problem::Beyond {
            what: "signatures",
            limit: limits::SIGNATURES,
        })
}

/// Of the files `names`, among which there is no first signature: whether none is another
/// one. Readers stop at the first gap, and would take what is signed for unsigned.
///
/// # Errors
/// The first of those that are.
pub(in crate::transport) fn none_behind_a_gap<'a>(
    names: impl IntoIterator<Item = &'a String>,
    prefix: &str,
) -> Result<(), Problem> {
    let first = format!("{prefix}signature-");
    let number = |name: &&String| {
        let rest = name.strip_prefix(&first).unwrap_or_default();
        let digits = rest.bytes().all(|byte| byte.is_ascii_digit());
        digits && !rest.is_empty() && !rest.starts_with('0')
    };
    match names.into_iter().filter(number).min() {
        None => Ok(()),
        Some(name) => Err(Problem::Broken {
            file: name.clone(),
            why: format!("{first}1, which signatures are counted from, cannot be found"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_signature_gets_the_next_number_and_none_is_written_over() {
        let root = tempfile::tempdir().unwrap();
        let image: RegistryReference = "r.example.com:5000/team/app:1".parse().unwrap();
        let digest = Digest::sha256(b"manifest");
        let folder = SignatureFolder::lookaside(root.path().to_owned(), &image);
        let adding = (0..8).map(|n| folder.add(&digest, true, vec![n].into()));
        for added in futures_util::future::join_all(adding).await {
            added.unwrap();
        }
        let image = root
            .path()
            .join(format!("team/app@sha256={}", digest.hex()));
        let mut found: Vec<_> = (1..=8)
            .map(|n| fs::read(image.join(format!("signature-{n}"))).unwrap())
            .collect();
        found.sort();
        assert_eq!(found, (0..8).map(|n| vec![n]).collect::<Vec<_>>());
        let next = folder.next(&digest, true).await.unwrap();
        assert!(next.ends_with("signature-9"), "{next:?}");
        let more = [3, 20, 21].map(|n| vec![n].into()).to_vec();
        for _ in 0..2 {
            let added = folder.add_missing(&digest, true, more.clone()).await;
            added.unwrap();
        }
        let last = |n: usize| fs::read(image.join(format!("signature-{n}"))).ok();
        assert_eq!(
            [last(9), last(10), last(11)],
            [Some(vec![20]), Some(vec![21]), None]
        );
    }

    #[tokio::test]
    async fn what_lies_behind_a_gap_is_not_written_over() {
        let root = tempfile::tempdir().unwrap();
        let folder = SignatureFolder::directory(root.path().to_owned());
        let digest = Digest::sha256(b"manifest");
        let path = |n: usize| root.path().join(format!("signature-{n}"));
        fs::write(path(1), [1]).unwrap();
        fs::write(path(3), [3]).unwrap();
        let more = [20, 21].map(|n| vec![n].into()).to_vec();
        for _ in 0..2 {
            let added = folder.add_missing(&digest, true, more.clone()).await;
            added.unwrap();
        }
        let found = (1..6).map(|n| fs::read(path(n)).ok());
        let expected = [Some(1), Some(20), Some(3), Some(21), None];
        assert!(found.eq(expected.map(|one: Option<u8>| one.map(|byte| vec![byte]))));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_among_them_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let folder = SignatureFolder::directory(root.path().to_owned());
        let pipe = root.path().join("signature-1");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let digest = Digest::sha256(b"manifest");
        let added = folder.add_missing(&digest, true, vec![vec![1].into()]);
        let added = tokio::time::timeout(std::time::Duration::from_secs(20), added).await;
        if added.is_err() {
            // whoever waits for the pipe is let go: a runtime waits for its threads
            let _ = fs::OpenOptions::new().write(true).open(&pipe);
        }
        added.expect("nobody waits for the pipe").unwrap();
        assert_eq!(fs::read(root.path().join("signature-2")).unwrap(), [1]);
    }
}
