//! Copies of whole images between places of every kind.

mod again;
mod all_tags;
mod archive;
mod belonging;
mod cli;
mod conversion;
#[cfg(unix)]
mod daemon;
mod directory;
mod faults;
mod interop;
mod kill;
mod layout;
mod lost;
mod names;
mod nested;
mod places;
mod refusals;
mod registry;
mod selection;
mod signatures;
mod single;
mod tags;
mod unlisted;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use porthole::copy::{self, CopyError, CopyOptions, CopyProgress, Plan, Report, Selection};
use porthole::model::{Content, Descriptor, Digest, Document, Platform, RawDocument, Reference};
use porthole::transport::registry::Client;
use porthole::transport::{self, Destination, Resolved, Source, read_blob};

use crate::support::archive::fixture;
use crate::support::peers;
use crate::support::referrer::network;

/// An index of three platforms with provenance, as BuildKit writes it.
fn app() -> String {
    format!("oci:{}:1", fixture("buildkit-app").display())
}

/// An image with an SBOM, signatures by cosign and Notation, and one of the SBOM.
fn signed() -> String {
    let folder = fixture("../signing/referrers-amd64");
    format!("oci:{}:amd64", folder.display())
}

/// An index of two platforms with attestations.
fn busybox() -> String {
    format!("oci:{}:1.37.0", fixture("busybox-small").display())
}

/// Docker's registry, where it runs: its host.
fn docker_registry() -> Option<String> {
    let host = peers::registry(1);
    if host.is_none() {
        peers::skip("the registry plain does not run");
    }
    host
}

/// A repository that nobody else uses.
fn repository() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("copy-{}/{count}", std::process::id())
}

fn parsed(reference: &str) -> Reference {
    Reference::parse_prefixed(reference).unwrap().unwrap()
}

fn client() -> Client {
    Client::new(network()).unwrap()
}

fn open(reference: &str) -> Arc<dyn Source> {
    transport::open(&parsed(reference), &client())
}

fn host() -> Platform {
    "linux/amd64".parse().unwrap()
}

fn no_referrers() -> CopyOptions {
    CopyOptions {
        no_referrers: true,
        ..CopyOptions::default()
    }
}

fn platforms(wanted: &[&str]) -> CopyOptions {
    let wanted = wanted.iter().map(|one| one.parse().unwrap());
    CopyOptions {
        selection: Selection::Some(wanted.collect()),
        ..CopyOptions::default()
    }
}

/// Both places and the plan between them.
struct Prepared {
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    plan: Plan,
}

async fn prepare(from: &str, to: &str, options: &CopyOptions) -> Result<Prepared, CopyError> {
    prepare_by(&client(), from, to, options).await
}

/// What a report says and is not so any more, in the words of the check.
async fn wrong(client: &Client, report: &Report) -> Vec<String> {
    let to = parsed(&report.destination);
    let called = |name: &str| Some(transport::open(&to.called(name)?, client));
    let items = copy::check(report, transport::open(&to, client), called).await;
    assert!(items.len() >= report.blobs.len() + report.signatures.len() + report.names.len());
    let wrong = items
        .into_iter()
        .filter_map(|item| Some(format!("{}: {}", item.what, item.problem?)));
    wrong.collect()
}

async fn prepare_by(
    client: &Client,
    from: &str,
    to: &str,
    options: &CopyOptions,
) -> Result<Prepared, CopyError> {
    let source = transport::open(&parsed(from), client);
    let destination = transport::open_destination(&parsed(to), client)?;
    let there = transport::open(&parsed(to), client);
    let plan = copy::plan(
        Arc::clone(&source),
        Arc::clone(&destination),
        Some(there),
        options,
        &host(),
    )
    .await?;
    Ok(Prepared {
        source,
        destination,
        plan,
    })
}

impl Prepared {
    async fn run(self) -> Result<Report, CopyError> {
        let progress = Arc::new(CopyProgress::of(&self.plan));
        let total = progress.total;
        let report = copy::run(
            &self.plan,
            self.source,
            self.destination,
            Arc::clone(&progress),
        )
        .await?;
        assert_eq!(progress.done(), total, "the progress comes to its end");
        Ok(report)
    }
}

async fn try_copy(from: &str, to: &str, options: &CopyOptions) -> Result<Report, CopyError> {
    prepare(from, to, options).await?.run().await
}

async fn copy(from: &str, to: &str, options: &CopyOptions) -> Report {
    let copied = try_copy(from, to, options).await;
    copied.unwrap_or_else(|error| panic!("{from} to {to}: {error}"))
}

async fn refusal(from: &str, to: &str, options: &CopyOptions) -> String {
    match try_copy(from, to, options).await {
        Ok(_) => panic!("{from} was copied to {to}"),
        Err(error) => {
            assert!(!error.hint().is_empty());
            error.to_string()
        }
    }
}

/// The document that a reference stands for.
async fn root(place: &dyn Source) -> RawDocument {
    match place.resolve().await.unwrap() {
        Resolved::Document { raw, .. } => raw,
        Resolved::Several(images) => panic!("{} images", images.len()),
    }
}

async fn digest(reference: &str) -> Digest {
    root(&*open(reference)).await.digest().clone()
}

/// Everything that an image consists of, by digest: each document and each blob, read and
/// hashed.
async fn content(reference: &str) -> BTreeMap<String, Vec<u8>> {
    let place = open(reference);
    let mut found = BTreeMap::new();
    let raw = root(&*place).await;
    collect(&*place, raw, &mut found).await;
    found
}

fn collect<'a>(
    place: &'a dyn Source,
    raw: RawDocument,
    found: &'a mut BTreeMap<String, Vec<u8>>,
) -> BoxFuture<'a, ()> {
    async move {
        found.insert(raw.digest().to_string(), raw.bytes().to_vec());
        match Document::read(raw).content() {
            Content::Index(index) => {
                for (_, entry) in index.descriptors() {
                    let child = place.manifest(entry).await.unwrap();
                    collect(place, child, found).await;
                }
            }
            Content::Manifest(manifest) => {
                for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    let read = read_blob(place, blob, 1 << 30).await.unwrap();
                    found.insert(blob.digest.to_string(), read.bytes().to_vec());
                }
            }
            other => panic!("{other:?}"),
        }
    }
    .boxed()
}

/// The entries of the index that a reference stands for.
async fn entries(reference: &str) -> Vec<Descriptor> {
    let document = Document::read(root(&*open(reference)).await);
    let index = document.index().expect("an index");
    index
        .entries
        .iter()
        .map(|entry| entry.clone().unwrap())
        .collect()
}

fn at(kind: &str, folder: &Path, name: &str) -> String {
    let path = folder.display();
    if name.is_empty() {
        format!("{kind}:{path}")
    } else {
        format!("{kind}:{path}:{name}")
    }
}
