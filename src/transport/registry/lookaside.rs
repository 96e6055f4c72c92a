//! Signatures beside the registry, in a lookaside of containers/image
//! (signature-protocols.md): `BASE/REPOSITORY@sha256=HEX/signature-1` and so on, up to the
//! first that is not there. In a folder, where names can be listed, a first one that is not
//! there beside others that are is an error; a web server lists nothing.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::config::{Lookaside, open_plain};
use crate::model::{Digest, RegistryReference, limits, text};
use crate::transport::local::none_behind_a_gap;
use crate::transport::{
    Beside, DetachedSignatures, Problem, SignatureFolder, SignatureWrite, TransportError,
};

use super::client::Client;
use super::destination::RegistryDestination;
use super::source::RegistrySource;

impl RegistrySource {
    /// What `registries.d` says.
    fn lookasides(&self) -> Result<Lookaside, TransportError> {
        let read = self.client().network().lookaside.read();
        read.map_err(|error| {
            let problem = Problem::Broken {
                file: error.path.display().to_string(),
                why: error.why,
            };
            TransportError::new("lookaside", self.image().name(), problem)
        })
    }
}

impl Beside for RegistrySource {
    fn place(&self) -> Result<Option<String>, TransportError> {
        let read = self.lookasides()?;
        Ok(read.reading(self.image()).map(ToOwned::to_owned))
    }

    fn attaches(&self) -> Result<bool, TransportError> {
        Ok(self.lookasides()?.attaches(self.image()))
    }
}

impl DetachedSignatures for RegistrySource {
    fn signatures<'a>(
        &'a self,
        manifest: &'a Digest,
    ) -> BoxFuture<'a, Result<Vec<Bytes>, TransportError>> {
        async move {
            let Some(base) = self.place()? else {
                return Ok(Vec::new());
            };
            let read = read(self.client(), self.image(), &base, manifest).await;
            read.map_err(|problem| {
                let what = format!("signatures of {manifest}");
                TransportError::new(what, base.clone(), problem)
            })
        }
        .boxed()
    }
}

impl RegistryDestination {
    /// The folder that signatures of the image are written to, by the settings.
    fn signature_folder(&self) -> Result<PathBuf, TransportError> {
        let lookaside = &self.client().network().lookaside;
        let folder = lookaside.folder_to_write(self.named_image());
        folder.map_err(|error| {
            let problem = Problem::Settings {
                path: error.path.display().to_string(),
                why: error.why,
            };
            TransportError::new("signatures", self.named_image().name(), problem)
        })
    }
}

impl SignatureWrite for RegistryDestination {
    fn place(&self) -> Result<String, TransportError> {
        let folder = self.signature_folder()?;
        Ok(text::visible(&folder.display().to_string()).into_owned())
    }

    fn takes_all(&self) -> bool {
        false
    }

    fn put_signatures<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
        signatures: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let folder = self.signature_folder()?;
            let folder = SignatureFolder::lookaside(folder, self.named_image());
            folder.add_missing(manifest, own, signatures).await
        }
        .boxed()
    }
}

async fn read(
    client: &Client,
    image: &RegistryReference,
    base: &str,
    manifest: &Digest,
) -> Result<Vec<Bytes>, Problem> {
    let folder = format!(
        "{}/{}@{}={}",
        base.trim_end_matches('/'),
        image.repository(),
        manifest.algorithm().name(),
        manifest.hex()
    );
    let mut found = Vec::new();
    for number in 1.. {
        let name = format!("{folder}/signature-{number}");
        let read = match name.strip_prefix("file://") {
            Some(path) => {
                let path = PathBuf::from(path);
                from_disk(move || read_file(&path)).await?
            }
            // every 404 is "not there", whatever page comes with it
            None => client.file(&name, limits::SIGNATURE_BYTES, &[404]).await?,
        };
        match read {
            None => break,
            Some(_) if found.len() == limits::SIGNATURES => {
                return Err(Problem::Beyond {
                    what: "signatures",
                    limit: limits::SIGNATURES,
                });
            }
            Some(bytes) => found.push(bytes),
        }
    }
    if let Some(folder) = folder.strip_prefix("file://").filter(|_| found.is_empty()) {
        let folder = PathBuf::from(folder);
        from_disk(move || has_none(&folder)).await?;
    }
    Ok(found)
}

/// Work that waits for the disk.
async fn from_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let read = tokio::task::spawn_blocking(work).await;
    read.unwrap_or_else(|error| {
        Err(Problem::Protocol {
            why: error.to_string(),
        })
    })
}

fn broken(path: &Path, error: &io::Error) -> Problem {
    Problem::Broken {
        file: path.display().to_string(),
        why: error.to_string(),
    }
}

/// A file; nothing where it is not there.
fn read_file(path: &Path) -> Result<Option<Bytes>, Problem> {
    let broken = |error: &io::Error| broken(path, error);
    let file = match open_plain(path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            return Err(Problem::NotAFile {
                file: path.display().to_string(),
                found: "a folder, a pipe or a device",
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(broken(&error)),
    };
    let mut bytes = Vec::new();
    let limit = limits::SIGNATURE_BYTES;
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(&error))?;
    if bytes.len() as u64 > limit {
        return Err(Problem::TooLarge { found: None, limit });
    }
    Ok(Some(bytes.into()))
}

/// Whether the folder of an image, in which the first signature is not there, has none.
///
/// # Errors
/// Where it has others, or cannot be looked through.
fn has_none(folder: &Path) -> Result<(), Problem> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(broken(folder, &error)),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let names: io::Result<Vec<_>> = names.collect();
    let names = names.map_err(|error| broken(folder, &error))?;
    none_behind_a_gap(names.iter().flatten(), "")
}
