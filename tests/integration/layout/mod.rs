//! OCI layout folders: which image is meant, what is read, and what is refused.

mod bad;
mod blobs;
mod digests;
mod fixtures;
mod names;

use std::path::Path;

use porthole::model::{Descriptor, Document, PathReference, RawDocument, Transport};
use porthole::transport::layout::LayoutSource;
use porthole::transport::{NamedImage, Problem, Resolved, Source, TransportError};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The layout at `folder`, with the name behind the colon.
fn source(folder: &Path, name: Option<&str>) -> LayoutSource {
    let path = PathReference::new(Transport::Oci, folder);
    LayoutSource::new(match name {
        Some(name) => path.with_name(name.parse().unwrap()),
        None => path,
    })
}

fn resolve(folder: &Path, name: Option<&str>) -> Result<Resolved, TransportError> {
    runtime().block_on(source(folder, name).resolve())
}

/// The one document that is meant.
fn resolve_one(folder: &Path, name: Option<&str>) -> RawDocument {
    match resolve(folder, name) {
        Ok(Resolved::Document { raw, .. }) => raw,
        other => panic!("{name:?}: {other:?}"),
    }
}

fn resolve_several(folder: &Path) -> Vec<NamedImage> {
    match resolve(folder, None) {
        Ok(Resolved::Several(images)) => images,
        other => panic!("{other:?}"),
    }
}

fn problem(folder: &Path, name: Option<&str>) -> Problem {
    resolve(folder, name).map(|_| ()).unwrap_err().problem
}

fn manifest(folder: &Path, descriptor: &Descriptor) -> Result<Document, TransportError> {
    let source = source(folder, None);
    runtime()
        .block_on(source.manifest(descriptor))
        .map(Document::read)
}
