//! Signatures beside the registry, in a lookaside of containers/image
//! (signature-protocols.md): `BASE/REPOSITORY@sha256=HEX/signature-1` and so on, up to the
//! first that is not there.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{Digest, RegistryReference, limits, text};
use crate::transport::{
    Beside, DetachedSignatures, Problem, SignatureFolder, SignatureWrite, TransportError,
};

use super::client::Client;
use super::destination::RegistryDestination;
use super::source::RegistrySource;

impl RegistrySource {
    /// What is kept beside the image, by the settings.
    fn lookaside_base(&self) -> Result<Option<String>, TransportError> {
        let read = self.client().network().lookaside.read();
        let read = read.map_err(|error| {
            let problem = Problem::Broken {
                file: error.path.display().to_string(),
                why: error.why,
            };
            TransportError::new("lookaside", self.image().name(), problem)
        })?;
        Ok(read.reading(self.image()).map(ToOwned::to_owned))
    }
}

impl Beside for RegistrySource {
    fn place(&self) -> Result<Option<String>, TransportError> {
        self.lookaside_base()
    }
}

impl DetachedSignatures for RegistrySource {
    fn signatures<'a>(
        &'a self,
        manifest: &'a Digest,
    ) -> BoxFuture<'a, Result<Vec<Bytes>, TransportError>> {
        async move {
            let Some(base) = self.lookaside_base()? else {
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
            Some(path) => from_disk(PathBuf::from(path)).await?,
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
    Ok(found)
}

/// A file; nothing where it is not there.
async fn from_disk(path: PathBuf) -> Result<Option<Bytes>, Problem> {
    let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
    read.unwrap_or_else(|error| {
        Err(Problem::Protocol {
            why: error.to_string(),
        })
    })
}

fn read_file(path: &Path) -> Result<Option<Bytes>, Problem> {
    use std::io::Read as _;
    let broken = |error: &std::io::Error| Problem::Broken {
        file: path.display().to_string(),
        why: error.to_string(),
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
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
