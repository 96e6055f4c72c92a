//! Archives, read in place: layouts, what `docker save` writes, and everything that can be
//! wrong with either.

mod bad;
mod cut;
mod docker;
mod headers;
mod hybrid;
mod large;
mod layout;

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;
use porthole::config::Network;
use porthole::model::{Descriptor, Document, PathReference, RawDocument, Reference, Transport};
use porthole::transport::registry::Client;
use porthole::transport::{
    BlobState, NamedImage, Note, Problem, Resolved, Source, TransportError, hash_blob, open,
};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The archive at `path`, with the name behind the colon.
fn source(transport: Transport, path: &Path, name: Option<&str>) -> Arc<dyn Source> {
    let path = PathReference::new(transport, path);
    let path = match name {
        Some(name) => path.with_name(name.parse().unwrap()),
        None => path,
    };
    let client = Client::new(Network::default()).unwrap();
    open(&Reference::Path(path), &client)
}

fn oci(path: &Path, name: Option<&str>) -> Arc<dyn Source> {
    source(Transport::OciArchive, path, name)
}

fn docker(path: &Path, name: Option<&str>) -> Arc<dyn Source> {
    source(Transport::DockerArchive, path, name)
}

fn resolve(source: &dyn Source) -> Result<Resolved, TransportError> {
    runtime().block_on(source.resolve())
}

/// The one document that is meant, and what is said about it.
fn one(source: &dyn Source) -> (RawDocument, Vec<Note>) {
    match resolve(source) {
        Ok(Resolved::Document { raw, notes, .. }) => (raw, notes),
        other => panic!("{other:?}"),
    }
}

fn several(source: &dyn Source) -> Vec<NamedImage> {
    match resolve(source) {
        Ok(Resolved::Several(images)) => images,
        other => panic!("{other:?}"),
    }
}

fn problem(source: &dyn Source) -> Problem {
    resolve(source).map(|_| ()).unwrap_err().problem
}

fn presence(source: &dyn Source, blob: &Descriptor) -> BlobState {
    runtime().block_on(source.blob_check().unwrap().presence(blob))
}

fn hashed(source: &dyn Source, blob: &Descriptor) -> Result<BlobState, TransportError> {
    runtime().block_on(hash_blob(source, blob, |_| ()))
}

/// The bytes of a part of a blob.
fn read(
    source: &dyn Source,
    blob: &Descriptor,
    range: Option<std::ops::Range<u64>>,
) -> Result<Vec<u8>, TransportError> {
    runtime().block_on(async {
        let mut stream = source.blob(blob, range).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    })
}

/// The manifest that was derived, or is stored, parsed.
fn manifest(raw: &RawDocument) -> porthole::model::Manifest {
    let document = Document::read(raw.clone());
    document.manifest().cloned().unwrap()
}

/// Every config and layer is there, with the right size and the right bytes.
fn all_verified(source: &dyn Source, raw: &RawDocument) {
    let manifest = manifest(raw);
    for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
        assert_eq!(
            presence(source, blob),
            BlobState::Present,
            "{}",
            blob.digest
        );
        assert_eq!(
            hashed(source, blob).unwrap(),
            BlobState::Verified,
            "{}",
            blob.digest
        );
    }
}
