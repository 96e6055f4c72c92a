//! Images of the container engine: fetched, listed, and everything that may listen instead.

mod bad;
mod open;
pub mod podman;

use std::sync::Arc;

use porthole::config::Network;
use porthole::model::{RawDocument, Reference};
use porthole::transport::registry::Client;
use porthole::transport::{Note, Problem, Resolved, Source, TransportError, open};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The image that an engine of `network` calls `name`.
fn source(network: &Network, name: &str) -> Arc<dyn Source> {
    let client = Client::new(network.clone()).unwrap();
    open(&Reference::Daemon(name.to_owned()), &client)
}

fn resolve(source: &dyn Source) -> Result<Resolved, TransportError> {
    runtime().block_on(source.resolve())
}

/// The image, and what is said about it.
fn one(source: &dyn Source) -> (RawDocument, Vec<Note>) {
    match resolve(source) {
        Ok(Resolved::Document { raw, notes, .. }) => (raw, notes),
        other => panic!("{other:?}"),
    }
}

fn problem(network: &Network, name: &str) -> Problem {
    resolve(&*source(network, name))
        .map(|_| ())
        .unwrap_err()
        .problem
}
