//! The images of `tests/fixtures/images`: every name, every position, every child.

use std::fs;
use std::path::{Path, PathBuf};

use porthole::model::{Content, Descriptor, Document, ImageName, Index};
use porthole::transport::{BlobState, Resolved, Source, hash_blob};

use super::{manifest, problem, resolve, resolve_one, resolve_several, runtime, source};
use crate::support::layout::listing;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

/// `index.json` read without the transport.
fn root_index(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap()
}

/// The bytes of a blob, found without the transport: what `skopeo inspect --raw` prints.
fn bytes_of(folder: &Path, digest: &str) -> Vec<u8> {
    fs::read(folder.join("blobs").join(digest.replacen(':', "/", 1))).unwrap()
}

#[test]
fn every_position_is_the_entry_that_stands_there() {
    for name in ["busybox-small", "buildkit-app"] {
        let folder = fixture(name);
        let entries = root_index(&folder)["manifests"].as_array().unwrap().clone();
        for (position, entry) in entries.iter().enumerate() {
            let raw = resolve_one(&folder, Some(&format!("@{position}")));
            let digest = entry["digest"].as_str().unwrap();
            assert_eq!(raw.digest().to_string(), digest, "{name} @{position}");
            assert_eq!(raw.bytes()[..], bytes_of(&folder, digest));
            assert_eq!(raw.media_type().as_str(), entry["mediaType"]);
        }
        let past = format!("@{}", entries.len());
        let found = problem(&folder, Some(&past));
        assert!(found.to_string().contains(&past), "{found}");
    }
}

#[test]
fn every_name_is_its_image() {
    let busybox = fixture("busybox-small");
    let kinds = [
        ("1.37.0", "index"),
        ("plain", "index"),
        ("amd64", "manifest"),
    ];
    for (position, (name, kind)) in kinds.into_iter().enumerate() {
        let raw = resolve_one(&busybox, Some(name));
        let by_position = resolve_one(&busybox, Some(&format!("@{position}")));
        assert_eq!(raw, by_position, "{name}");
        assert_eq!(Document::read(raw).kind(), kind, "{name}");
    }
    let buildkit = fixture("buildkit-app");
    let raw = resolve_one(&buildkit, Some("1"));
    assert_eq!(raw, resolve_one(&buildkit, Some("@0")));
}

#[test]
fn what_the_entry_says_comes_with_the_image() {
    let Ok(Resolved::Document { annotations, .. }) =
        resolve(&fixture("busybox-small"), Some("plain"))
    else {
        panic!();
    };
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "plain");
}

#[test]
fn several_names_have_to_be_chosen_from() {
    let images = resolve_several(&fixture("busybox-small"));
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(
        names,
        ["1.37.0", "plain", "amd64"],
        "in the order of the index"
    );
    let folder = fixture("busybox-small");
    for image in images {
        let raw = resolve_one(&folder, Some(&image.name.to_string()));
        assert_eq!(raw.digest(), &image.descriptor.digest);
    }
}

#[test]
fn the_only_name_among_unnamed_entries_is_meant() {
    let folder = fixture("buildkit-app");
    assert_eq!(resolve_one(&folder, None), resolve_one(&folder, Some("1")));
}

#[test]
fn a_name_that_is_not_there_lists_those_that_are() {
    let error = resolve(&fixture("busybox-small"), Some("1.37")).unwrap_err();
    assert!(error.to_string().contains("\"1.37\""), "{error}");
    assert_eq!(error.problem.hint(), "There are: 1.37.0, plain, amd64");
}

/// Every document that can be reached, with the descriptor that led to it.
fn walk(folder: &Path, index: &Index, found: &mut Vec<(Descriptor, Document)>) {
    for (_, entry) in index.descriptors() {
        let document = manifest(folder, entry).unwrap();
        if let Some(inner) = document.index() {
            walk(folder, inner, found);
        }
        found.push((entry.clone(), document));
    }
}

#[test]
fn every_document_and_blob_below_is_there_and_right() {
    for (name, documents) in [("busybox-small", 7), ("buildkit-app", 12)] {
        let folder = fixture(name);
        let before = listing(&folder);
        let mut found = Vec::new();
        let entries = root_index(&folder)["manifests"].as_array().unwrap().len();
        for position in 0..entries {
            let raw = resolve_one(&folder, Some(&format!("@{position}")));
            let document = Document::read(raw);
            if let Content::Index(index) = document.content() {
                walk(&folder, index, &mut found);
            } else {
                let entry = Descriptor::new(
                    document.media_type().as_str(),
                    document.raw().digest().clone(),
                    document.raw().size(),
                );
                found.push((entry, document));
            }
        }
        assert_eq!(found.len(), documents, "{name}");
        let source = source(&folder, None);
        for (_, document) in &found {
            assert_eq!(document.problem(), None);
            let Some(manifest) = document.manifest() else {
                continue;
            };
            for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                let presence = runtime().block_on(source.blob_check().unwrap().presence(blob));
                assert_eq!(presence, BlobState::Present, "{name} {}", blob.digest);
                let mut counted = 0;
                let hashed = runtime()
                    .block_on(hash_blob(&source, blob, |bytes| counted += bytes))
                    .unwrap();
                assert_eq!(hashed, BlobState::Verified, "{name} {}", blob.digest);
                assert_eq!(counted, blob.size);
            }
        }
        assert_eq!(listing(&folder), before, "nothing was written");
    }
}

#[test]
fn a_flat_folder_of_skopeos_is_no_layout() {
    let found = problem(&fixture("busybox-dir-v2s2"), None);
    assert!(found.to_string().contains("flat folder"), "{found}");
    assert!(found.hint().contains("dir:"), "{}", found.hint());
}

#[test]
fn the_source_says_what_it_reads() {
    let folder = fixture("busybox-small");
    let source = source(&folder, Some("@1"));
    let expected = format!("oci:{}:@1", folder.display());
    assert_eq!(source.reference().to_string(), expected);
    assert!(source.connection().is_none());
    assert_eq!(
        "@1".parse::<ImageName>().unwrap(),
        ImageName::Position(1),
        "what the test writes is a position"
    );
}
