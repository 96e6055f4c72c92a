//! Notation signatures: those of others, good and bad, and what becomes of each.

mod fixtures;
mod mutants;
mod policies;

use std::fs;
use std::path::{Path, PathBuf};

use porthole::model::Digest;
use porthole::signature::notation::{SignatureManifest, StoreKind, TrustPolicy, TrustStore};
use porthole::signature::{Check, CheckKind, Outcome, Subject};

pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/signing")
        .join(path)
}

pub fn read(path: &str) -> Vec<u8> {
    fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A signature in a layout, as its manifest points at it.
pub struct Signature {
    pub subject: Subject,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Every Notation signature of a layout, by the digest of its manifest.
pub fn signatures(layout: &str) -> Vec<Signature> {
    let blobs = fixture(layout).join("blobs/sha256");
    let mut names: Vec<_> = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut found = Vec::new();
    for path in names {
        let bytes = fs::read(&path).unwrap();
        let Ok(manifest) = SignatureManifest::read(&bytes) else {
            continue;
        };
        let envelope = fs::read(blobs.join(manifest.envelope.digest.hex())).unwrap();
        assert!(manifest.envelope.digest.matches(&envelope));
        found.push(Signature {
            subject: Subject::at(&manifest.subject.unwrap()),
            media_type: manifest.envelope.media_type.as_str().to_owned(),
            bytes: envelope,
        });
    }
    found
}

pub fn policy(name: &str) -> TrustPolicy {
    TrustPolicy::read(&read(&format!("notation/trustpolicies/{name}.json"))).unwrap()
}

/// A store `ca:e2e` of these files.
pub fn store(files: &[&str]) -> TrustStore {
    let mut store = TrustStore::default();
    let read: Vec<_> = files.iter().map(|file| (*file, read(file))).collect();
    let files = read.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    store.add(StoreKind::Ca, "e2e", files);
    store
}

pub fn outcome(checks: &[Check], kind: CheckKind) -> Option<Outcome> {
    let check = checks.iter().find(|check| check.kind == kind);
    check.map(|check| check.outcome)
}

/// The check that decided against a signature.
pub fn reason(checks: &[Check]) -> Option<CheckKind> {
    checks
        .iter()
        .find(|check| check.is_failed())
        .map(|check| check.kind)
}

pub fn other_digest() -> Digest {
    Digest::sha256(b"another manifest")
}
