//! Manifests and indexes: image-spec `manifest.md`, `image-index.md`, Docker's schemas.

use porthole::model::{
    Content, Document, DocumentError, IndexProblem, ManifestProblem, MediaType, limits,
};
use serde_json::{Value, json};

use super::{digest, document, document_of_bytes};

fn descriptor(media_type: &str, character: char, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest(character), "size": size})
}

/// The example of image-spec `manifest.md`, with `subject` and annotations.
fn oci_manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": descriptor(MediaType::OCI_CONFIG, 'b', 7023),
        "layers": [
            descriptor("application/vnd.oci.image.layer.v1.tar+gzip", '9', 32654),
            descriptor("application/vnd.oci.image.layer.v1.tar+gzip", '3', 16724),
            descriptor("application/vnd.oci.image.layer.v1.tar+gzip", 'e', 73109),
        ],
        "subject": descriptor(MediaType::OCI_MANIFEST, '5', 7682),
        "annotations": {"com.example.key1": "value1", "com.example.key2": "value2"},
    })
}

fn docker_manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::DOCKER_MANIFEST,
        "config": descriptor(MediaType::DOCKER_CONFIG, 'b', 7023),
        "layers": [descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", 'e', 32654)],
    })
}

/// The example of image-spec `image-index.md`.
fn oci_index() -> Value {
    let entry = |architecture: &str, character| {
        let mut entry = descriptor(MediaType::OCI_MANIFEST, character, 7143);
        entry["platform"] = json!({"architecture": architecture, "os": "linux"});
        entry
    };
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": [entry("ppc64le", 'e'), entry("amd64", '5')],
        "annotations": {"com.example.key1": "value1"},
    })
}

fn remove(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}

fn set(mut value: Value, key: &str, to: Value) -> Value {
    value[key] = to;
    value
}

#[test]
fn a_manifest_of_the_specification() {
    let document = document(MediaType::OCI_MANIFEST, &oci_manifest());
    let manifest = document.manifest().unwrap();
    assert_eq!(document.kind(), "manifest");
    assert_eq!(manifest.config.size, 7023);
    let sizes: Vec<_> = manifest.layers.iter().map(|layer| layer.size).collect();
    assert_eq!(sizes, [32654, 16724, 73109], "the lowest first");
    assert_eq!(manifest.subject.as_ref().unwrap().size, 7682);
    assert_eq!(manifest.annotations["com.example.key2"], "value2");
    assert_eq!(manifest.blob_size(), 7023 + 32654 + 16724 + 73109);
    assert!(!manifest.is_artifact());
    assert_eq!(manifest.artifact_kind(), None);
}

#[test]
fn an_index_of_the_specification() {
    let document = document(MediaType::OCI_INDEX, &oci_index());
    let index = document.index().unwrap();
    assert_eq!(document.kind(), "index");
    let platforms: Vec<_> = index
        .descriptors()
        .map(|(at, entry)| (at, entry.platform.as_ref().unwrap().to_string()))
        .collect();
    assert_eq!(
        platforms,
        [
            (0, "linux/ppc64le".to_owned()),
            (1, "linux/amd64".to_owned())
        ]
    );
    assert_eq!(index.annotations["com.example.key1"], "value1");
}

#[test]
fn the_bytes_are_kept_as_they_came() {
    let bytes = b"{ \"manifests\" : [ ],\n\t\"schemaVersion\":2 }\n";
    let document = document_of_bytes(MediaType::OCI_INDEX, bytes);
    assert_eq!(&document.bytes()[..], bytes);
    assert!(document.raw().digest().matches(bytes));
}

#[test]
fn blobs_that_are_listed_twice_are_counted_once() {
    let twice = json!([descriptor("a/b", '1', 10), descriptor("a/b", '1', 10)]);
    let document = document("", &set(oci_manifest(), "layers", twice));
    assert_eq!(document.manifest().unwrap().blob_size(), 7023 + 10);
    let huge = json!([
        descriptor("a/b", '1', i64::MAX.unsigned_abs()),
        descriptor("a/b", '2', i64::MAX.unsigned_abs()),
        descriptor("a/b", '3', i64::MAX.unsigned_abs()),
    ]);
    let document = super::document("", &set(oci_manifest(), "layers", huge));
    assert_eq!(document.manifest().unwrap().blob_size(), u64::MAX);
}

#[test]
fn artifacts_say_what_they_are() {
    let with_type = set(oci_manifest(), "artifactType", json!("application/example"));
    let config = |media_type: &str| set(oci_manifest(), "config", descriptor(media_type, '4', 2));
    let cases = [
        (with_type, Some("application/example")),
        // Helm and others: the type of the config tells
        (
            config("application/vnd.cncf.helm.config.v1+json"),
            Some("application/vnd.cncf.helm.config.v1+json"),
        ),
        (config(MediaType::OCI_EMPTY), None),
        (
            set(
                config(MediaType::OCI_EMPTY),
                "artifactType",
                json!("application/spdx+json"),
            ),
            Some("application/spdx+json"),
        ),
    ];
    for (value, kind) in cases {
        let document = document(MediaType::OCI_MANIFEST, &value);
        assert_eq!(document.kind(), "artifact", "{value}");
        let found = document
            .manifest()
            .unwrap()
            .artifact_kind()
            .map(MediaType::as_str);
        assert_eq!(found, kind, "{value}");
    }
    // an empty artifactType is none
    let empty = document("", &set(oci_manifest(), "artifactType", json!("")));
    assert_eq!(empty.kind(), "manifest");
}

#[test]
fn its_own_type_goes_before_what_it_was_said_to_be() {
    let document = document(MediaType::OCI_MANIFEST, &docker_manifest());
    assert_eq!(document.media_type().as_str(), MediaType::DOCKER_MANIFEST);
    assert_eq!(
        document.raw().media_type().as_str(),
        MediaType::OCI_MANIFEST
    );
    assert!(document.manifest().is_some());
}

#[test]
fn without_a_type_the_shape_tells() {
    let schema1 =
        json!({"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []});
    let cases = [
        (remove(oci_index(), "mediaType"), "", MediaType::OCI_INDEX),
        (
            remove(oci_manifest(), "mediaType"),
            "",
            MediaType::OCI_MANIFEST,
        ),
        (
            remove(docker_manifest(), "mediaType"),
            "",
            MediaType::DOCKER_MANIFEST,
        ),
        (schema1.clone(), "", MediaType::DOCKER_SCHEMA1),
        (
            set(schema1, "signatures", json!([])),
            "",
            MediaType::DOCKER_SCHEMA1_SIGNED,
        ),
        // what a server says where it does not know better
        (
            remove(oci_index(), "mediaType"),
            "application/json",
            MediaType::OCI_INDEX,
        ),
        (
            remove(oci_index(), "mediaType"),
            "text/plain",
            MediaType::OCI_INDEX,
        ),
        // an empty type is none
        (
            set(oci_index(), "mediaType", json!("")),
            "",
            MediaType::OCI_INDEX,
        ),
        (
            set(oci_index(), "mediaType", json!(5)),
            "",
            MediaType::OCI_INDEX,
        ),
        // the place knows, and the shape agrees
        (
            remove(oci_manifest(), "mediaType"),
            MediaType::DOCKER_MANIFEST,
            MediaType::DOCKER_MANIFEST,
        ),
        (json!({"a": 1}), "application/x", "application/x"),
    ];
    for (value, said, expected) in cases {
        let document = document(said, &value);
        assert_eq!(document.media_type().as_str(), expected, "{value}");
    }
}

#[test]
fn types_that_are_not_read_are_shown_as_what_they_are() {
    let unknown = json!({"mediaType": "application/vnd.example+json", "blobs": []});
    for value in [unknown, json!({})] {
        let document = document("", &value);
        assert_eq!(document.content(), &Content::Unknown, "{value}");
        assert_eq!(document.kind(), "unknown");
        assert!(document.index().is_none() && document.manifest().is_none());
    }
}

#[test]
fn a_document_with_the_lists_of_two_formats_is_refused() {
    // CVE-2021-41190: two readers must not see different things in one document
    let fields = [
        ("manifests", json!([])),
        ("config", descriptor(MediaType::OCI_CONFIG, 'a', 2)),
        ("layers", json!([])),
        ("fsLayers", json!([])),
        ("history", json!([])),
    ];
    let cases = [
        (
            oci_index(),
            &["config", "layers", "fsLayers", "history"][..],
        ),
        (oci_manifest(), &["manifests", "fsLayers", "history"]),
        (docker_manifest(), &["manifests", "fsLayers", "history"]),
    ];
    for (value, foreign) in cases {
        for (key, field) in fields.iter().filter(|(key, _)| foreign.contains(key)) {
            let both = set(value.clone(), key, field.clone());
            for said in ["", MediaType::OCI_INDEX, MediaType::OCI_MANIFEST] {
                let document = document(said, &both);
                assert!(
                    matches!(document.problem(), Some(DocumentError::Ambiguous(_))),
                    "{key}: {:?}",
                    document.content()
                );
                assert_eq!(document.kind(), "invalid");
            }
            // null is what Go writes for what is not there
            let null = document("", &set(value.clone(), key, Value::Null));
            assert_eq!(null.problem(), None, "{key}");
        }
    }
}

#[test]
fn a_document_with_members_of_another_case_is_refused() {
    // Go's reader takes the last of them, and others the one that is written as it should be
    let platform = |key: &str| {
        let mut entry = descriptor(MediaType::OCI_MANIFEST, 'c', 3);
        entry["platform"] = json!({"os": "linux", "architecture": "amd64", key: "arm64"});
        set(oci_index(), "manifests", json!([entry]))
    };
    let layer = |key: &str| {
        let mut layer = descriptor(MediaType::OCI_LAYER, 'c', 3);
        layer[key] = json!(digest('d'));
        set(oci_manifest(), "layers", json!([layer]))
    };
    let draft = |key: &str| {
        json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json",
            "blobs": [], key: []})
    };
    let cases = [
        (set(oci_manifest(), "Layers", json!([])), "Layers"),
        (set(oci_manifest(), "layer\u{17f}", Value::Null), "layer"),
        (set(oci_manifest(), "MEDIATYPE", json!("x")), "MEDIATYPE"),
        (set(docker_manifest(), "Config", json!({})), "Config"),
        (set(oci_index(), "Manifests", json!([])), "Manifests"),
        (set(oci_index(), "Subject", json!({})), "Subject"),
        (layer("Digest"), "Digest"),
        (platform("Architecture"), "Architecture"),
        (draft("Blobs"), "Blobs"),
    ];
    for (value, key) in cases {
        let document = document("", &value);
        let problem = document.problem().map(ToString::to_string);
        let problem = problem.unwrap_or_else(|| panic!("{key}: {:?}", document.content()));
        assert!(
            problem.contains("in two ways") && problem.contains(key),
            "{problem}"
        );
    }
    // annotations are anybody's, and so is what no format knows
    let free = json!({"Layers": "x", "layers": "y"});
    let free = set(oci_manifest(), "annotations", free);
    for value in [
        set(free, "Own", json!(1)),
        layer("own"),
        json!({"mediaType": "application/x", "Layers": [], "layers": []}),
    ] {
        assert_eq!(document("", &value).problem(), None, "{value}");
    }
}

#[test]
fn a_null_list_is_an_empty_one() {
    let index = document("", &set(oci_index(), "manifests", Value::Null));
    assert_eq!(index.index().unwrap().entries, []);
    let manifest = document("", &set(oci_manifest(), "layers", Value::Null));
    assert_eq!(manifest.manifest().unwrap().layers, []);
    let none = document("", &remove(oci_manifest(), "layers"));
    assert_eq!(none.manifest().unwrap().layers, []);
}

#[test]
fn parts_that_are_wrong_are_named() {
    let bad = json!({"mediaType": "a/b", "digest": digest('a')});
    let cases = [
        (remove(oci_index(), "manifests"), "it has no \"manifests\""),
        (
            set(oci_index(), "manifests", json!({})),
            "it has no \"manifests\"",
        ),
        (remove(oci_manifest(), "config"), "it has no \"config\""),
        (
            set(oci_manifest(), "config", json!([])),
            "its config is not a descriptor: it is not a JSON object",
        ),
        (
            set(oci_manifest(), "config", bad.clone()),
            "its config is not a descriptor: it has no \"size\"",
        ),
        (
            set(
                oci_manifest(),
                "layers",
                json!([descriptor("a/b", 'a', 1), bad]),
            ),
            "layer 1 is not a descriptor: it has no \"size\"",
        ),
        (
            set(oci_manifest(), "layers", json!("none")),
            "its \"layers\" is not a list",
        ),
    ];
    for (value, expected) in cases {
        let document = document("", &value);
        let problem = document.problem().unwrap().to_string();
        assert!(problem.ends_with(expected), "{problem:?}, not {expected:?}");
    }
}

#[test]
fn a_broken_entry_leaves_the_others_readable() {
    let entries = json!([
        descriptor(MediaType::OCI_MANIFEST, 'a', 1),
        {"digest": "sha256:zz", "size": 1},
        5,
        descriptor(MediaType::OCI_MANIFEST, 'b', 2),
    ]);
    let document = document("", &set(oci_index(), "manifests", entries));
    let index = document.index().unwrap();
    assert_eq!(index.entries.len(), 4);
    let readable: Vec<_> = index
        .descriptors()
        .map(|(at, entry)| (at, entry.size))
        .collect();
    assert_eq!(readable, [(0, 1), (3, 2)]);
}

#[test]
fn a_subject_that_is_wrong_is_left_out() {
    let value = set(oci_manifest(), "subject", json!({"digest": "x"}));
    assert_eq!(document("", &value).manifest().unwrap().subject, None);
}

#[test]
fn bytes_that_are_no_document() {
    let deep = "[".repeat(100_000);
    type Check = fn(&DocumentError) -> bool;
    let cases: [(&[u8], Check); 9] = [
        (b"", |e| matches!(e, DocumentError::NotJson(_))),
        (b"{", |e| matches!(e, DocumentError::NotJson(_))),
        (b"{\"a\":1} {\"b\":2}", |e| {
            matches!(e, DocumentError::NotJson(_))
        }),
        (b"\xff\xfe", |e| matches!(e, DocumentError::NotJson(_))),
        (b"{\"a\":\"\xff\"}", |e| {
            matches!(e, DocumentError::NotJson(_))
        }),
        (b"<html></html>", |e| matches!(e, DocumentError::NotJson(_))),
        (deep.as_bytes(), |e| matches!(e, DocumentError::NotJson(_))),
        (b"[]", |e| *e == DocumentError::NotAnObject),
        (b"null", |e| *e == DocumentError::NotAnObject),
    ];
    for (bytes, check) in cases {
        let document = document_of_bytes(MediaType::OCI_INDEX, bytes);
        assert!(
            check(document.problem().unwrap()),
            "{:?}",
            document.problem()
        );
        assert_eq!(&document.bytes()[..], bytes, "still there to be shown");
        assert_eq!(document.media_type().as_str(), MediaType::OCI_INDEX);
    }
}

#[test]
fn lists_past_the_limit_are_refused_by_name() {
    let over = limits::ENTRIES + 1;
    let listed = |count: usize| {
        let entry = descriptor("a/b", 'a', 1).to_string();
        format!("[{}]", vec![entry; count].join(","))
    };
    let read = |value: &Value, key: &str, count: usize| -> Document {
        let text = set(value.clone(), key, json!("HERE")).to_string();
        let text = text.replace("\"HERE\"", &listed(count));
        document_of_bytes("", text.as_bytes())
    };
    let index = read(&oci_index(), "manifests", over);
    let expected = DocumentError::Index(IndexProblem::TooManyEntries {
        found: over,
        limit: limits::ENTRIES,
    });
    assert_eq!(index.problem(), Some(&expected));
    let manifest = read(&oci_manifest(), "layers", over);
    let expected = DocumentError::Manifest(ManifestProblem::TooManyLayers {
        found: over,
        limit: limits::ENTRIES,
    });
    assert_eq!(manifest.problem(), Some(&expected));
    let most = read(&oci_index(), "manifests", limits::ENTRIES);
    assert_eq!(most.index().unwrap().entries.len(), limits::ENTRIES);
}
