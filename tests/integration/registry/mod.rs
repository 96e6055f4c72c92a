//! Reading from registries: against the registry in this process, which can do wrong on
//! request, and against real ones where they run.

mod access;
mod blobs;
mod certificates;
mod configured;
mod connections;
mod deleting;
mod faults;
mod limits;
mod lists;
mod login;
mod logins;
mod manifests;
mod mounting;
mod peers;
mod peers_faults;
mod peers_write;
mod pretending;
mod reached;
mod reading;
mod redirects;
mod scheme;
mod table;
mod tags;
mod tokens;
mod unfinished;
mod uploads;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use porthole::config::{Network, Retry};
use porthole::model::{RawDocument, Reference};
use porthole::transport::registry::Client;
use porthole::transport::{self, Problem, Resolved, Source, TransportError};

/// The fixture that most tests read, and the digest of its index.
const BUSYBOX: &str = "tests/fixtures/images/busybox-small";

/// No file of the user, and pauses that a test can wait for.
fn network() -> Network {
    Network {
        connect_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        retry: Retry {
            limit: 3,
            pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(8),
            patience: Duration::from_secs(30),
        },
        ..Network::default()
    }
}

fn client(network: Network) -> Client {
    Client::new(network).unwrap()
}

/// What `reference` names, read through `client`.
fn source(client: &Client, reference: &str) -> Arc<dyn Source> {
    let reference = Reference::parse_prefixed(reference).unwrap().unwrap();
    transport::open(&reference, client)
}

/// Resolves `reference` with a client of its own.
async fn resolve(network: Network, reference: &str) -> Result<RawDocument, TransportError> {
    document(&*source(&client(network), reference)).await
}

async fn document(source: &dyn Source) -> Result<RawDocument, TransportError> {
    match source.resolve().await? {
        Resolved::Document { raw, .. } => Ok(raw),
        Resolved::Several(_) => panic!("a registry has one image for a reference"),
    }
}

/// The problem that resolving `reference` ends in.
async fn problem(network: Network, reference: &str) -> Problem {
    resolve(network, reference).await.unwrap_err().problem
}

/// An auth file with a name and password for each host.
fn auth_file(entries: &[(&str, &str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let auths = entries.iter().map(|(host, user, password)| {
        let auth = encode(format!("{user}:{password}"));
        ((*host).to_owned(), serde_json::json!({"auth": auth}))
    });
    let auths: serde_json::Map<_, _> = auths.collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("auth.json");
    std::fs::write(&path, serde_json::json!({"auths": auths}).to_string()).unwrap();
    (dir, vec![path])
}

/// A folder of certificates for `host` with `files` of `tests/fixtures/tls` under the
/// names that they are to have.
fn certs_dir(host: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(host);
    std::fs::create_dir(&folder).unwrap();
    for (fixture, name) in files {
        let fixture = crate::support::registry::tls_file(fixture);
        std::fs::copy(fixture, folder.join(name)).unwrap();
    }
    let dirs = vec![dir.path().to_owned()];
    (dir, dirs)
}
