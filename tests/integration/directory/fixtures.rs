//! What skopeo wrote, and what others may.

use porthole::model::{Algorithm, Descriptor, Digest, Document, MediaType};
use porthole::transport::{BlobState, Source, hash_blob};
use serde_json::json;

use super::{Flat, one, runtime, source};
use crate::support::archive::fixture;
use crate::support::layout::listing;

fn verified(source: &dyn Source, blob: &Descriptor) {
    let presence = runtime().block_on(source.blob_check().unwrap().presence(blob));
    assert_eq!(presence, BlobState::Present, "{}", blob.digest);
    let hashed = runtime().block_on(hash_blob(source, blob, |_| ()));
    assert_eq!(hashed.unwrap(), BlobState::Verified, "{}", blob.digest);
}

#[test]
fn every_platform_that_skopeo_copied_is_there() {
    let folder = fixture("busybox-dir-v2s2");
    let before = listing(&folder);
    let source = source(&folder);
    let (raw, notes) = one(&folder);
    assert_eq!(notes, []);
    // `sha256sum manifest.json`
    assert_eq!(
        raw.digest().to_string(),
        "sha256:28e25d5b5e010e989f65179e9813df07d017ed69254b379c0adb7e00d9913b0a"
    );
    let document = Document::read(raw);
    assert_eq!(
        document.media_type().as_str(),
        MediaType::DOCKER_MANIFEST_LIST
    );
    let children: Vec<_> = document.index().unwrap().descriptors().collect();
    assert_eq!(children.len(), 7);
    for (_, child) in children {
        let raw = runtime().block_on(source.manifest(child)).unwrap();
        assert_eq!(raw.digest(), &child.digest);
        let document = Document::read(raw);
        let manifest = document.manifest().unwrap();
        verified(&source, &manifest.config);
        for layer in &manifest.layers {
            verified(&source, layer);
        }
    }
    assert_eq!(listing(&folder), before, "nothing was written");
}

#[test]
fn names_of_digests_are_those_of_both_versions() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let flat = Flat::new(algorithm);
        flat.write("version", b"Directory Transport Version: 1.2\n");
        let source = source(flat.path());
        let document = Document::read(one(flat.path()).0);
        assert_eq!(document.media_type().as_str(), MediaType::OCI_MANIFEST);
        verified(&source, &flat.config);
        verified(&source, &flat.layer);
        // and a manifest that is asked for by its digest
        let bytes = b"{\"schemaVersion\": 2}";
        let digest = Digest::of(algorithm, bytes);
        let name = match algorithm {
            Algorithm::Sha256 => format!("{}.manifest.json", digest.hex()),
            other => format!("{}-{}.manifest.json", other.name(), digest.hex()),
        };
        flat.write(&name, bytes);
        let child = Descriptor::new(MediaType::OCI_MANIFEST, digest, bytes.len() as u64);
        let raw = runtime().block_on(source.manifest(&child)).unwrap();
        assert_eq!(raw.bytes()[..], bytes[..]);
    }
}

#[test]
fn the_image_itself_is_found_by_its_digest() {
    let flat = Flat::new(Algorithm::Sha256);
    let (raw, _) = one(flat.path());
    let itself = Descriptor::new("", raw.digest().clone(), raw.size());
    let found = runtime()
        .block_on(source(flat.path()).manifest(&itself))
        .unwrap();
    assert_eq!(found.bytes(), raw.bytes());
}

#[test]
fn the_type_is_what_the_manifest_says_or_looks_like() {
    let flat = Flat::new(Algorithm::Sha256);
    let cases = [
        (
            json!({"mediaType": MediaType::DOCKER_MANIFEST, "config": {}}),
            MediaType::DOCKER_MANIFEST,
        ),
        (
            json!({"schemaVersion": 2, "manifests": []}),
            MediaType::OCI_INDEX,
        ),
        (
            json!({"schemaVersion": 2, "config": {"mediaType": MediaType::OCI_CONFIG}}),
            MediaType::OCI_MANIFEST,
        ),
        (
            json!({"schemaVersion": 2, "config": {"mediaType": MediaType::DOCKER_CONFIG}}),
            MediaType::DOCKER_MANIFEST,
        ),
        (
            json!({"schemaVersion": 1, "name": "a"}),
            MediaType::DOCKER_SCHEMA1,
        ),
        (
            json!({"schemaVersion": 1, "signatures": [{}]}),
            MediaType::DOCKER_SCHEMA1_SIGNED,
        ),
    ];
    for (manifest, expected) in cases {
        flat.write("manifest.json", manifest.to_string().as_bytes());
        let document = Document::read(one(flat.path()).0);
        assert_eq!(document.media_type().as_str(), expected, "{manifest}");
    }
}

#[test]
fn a_folder_without_a_version_is_read() {
    let flat = Flat::new(Algorithm::Sha256);
    std::fs::remove_file(flat.at("version")).unwrap();
    verified(&source(flat.path()), &flat.layer);
}
