//! What does not keep to the specifications is said, and nothing is said of what does.

use std::fs;
use std::path::Path;

use porthole::model::{
    Document, Finding, ImageConfig, Manifest, MediaType, Platform, Severity, config_conformance,
    conformance,
};
use serde_json::{Value, json};

use super::{digest, document, document_of_bytes, raw};

fn descriptor(media_type: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest('a'), "size": size})
}

fn manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": descriptor(MediaType::OCI_CONFIG, 100),
        "layers": [descriptor(MediaType::OCI_LAYER, 1000)],
    })
}

fn index() -> Value {
    let entry = |architecture: &str| {
        let mut entry = descriptor(MediaType::OCI_MANIFEST, 500);
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry
    };
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": [entry("amd64"), entry("arm64")],
    })
}

fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = to;
    value
}

fn found(document: &Document) -> Vec<(Severity, String)> {
    let found = conformance(document).into_iter();
    found.map(|f| (f.severity, f.message)).collect()
}

/// The one finding of a document.
fn only(document: &Document) -> Finding {
    let mut all = conformance(document);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(!all[0].hint.is_empty());
    all.remove(0)
}

#[test]
fn what_keeps_to_the_specification_is_left_alone() {
    assert_eq!(found(&document(MediaType::OCI_MANIFEST, &manifest())), []);
    assert_eq!(found(&document(MediaType::OCI_INDEX, &index())), []);
}

#[test]
fn real_images_have_nothing_worse_than_notes() {
    let blobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    let mut checked = 0;
    for layout in ["busybox-small", "buildkit-app"] {
        for blob in fs::read_dir(blobs.join(layout).join("blobs/sha256")).unwrap() {
            let bytes = fs::read(blob.unwrap().path()).unwrap();
            let document = document_of_bytes("", &bytes);
            if document.index().is_some() || document.manifest().is_some() {
                let found = found(&document);
                assert!(
                    found
                        .iter()
                        .all(|(severity, _)| *severity == Severity::Note),
                    "{found:?}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked} documents were found");
}

#[test]
fn each_thing_that_is_wrong_with_a_document_is_said_once() {
    let (note, warning) = (Severity::Note, Severity::Warning);
    let mut no_type = manifest();
    no_type.as_object_mut().unwrap().remove("mediaType");
    let empty = descriptor(MediaType::OCI_EMPTY, 2);
    let cases = [
        (no_type, note, "does not say its own media type"),
        (
            with(manifest(), "/layers/0/size", json!(0)),
            warning,
            "Layer 0 is said to have 0 bytes",
        ),
        (
            with(manifest(), "/config/size", json!(0)),
            warning,
            "The config is said to have 0 bytes",
        ),
        (
            with(manifest(), "/config", empty),
            warning,
            "there is no artifactType",
        ),
        (
            with(
                manifest(),
                "/layers/0/mediaType",
                json!("application/vnd.docker.image.rootfs.diff.tar.gzip"),
            ),
            note,
            "This is of OCI types, but has parts of Docker's",
        ),
        (
            with(
                manifest(),
                "/annotations",
                json!({"org.opencontainers.image.created": "yesterday"}),
            ),
            note,
            "not one: \"yesterday\"",
        ),
        (
            with(manifest(), "/annotations", json!({"a": 1})),
            warning,
            "refused by strict readers",
        ),
        (
            with(manifest(), "/subject", json!({"size": 1})),
            warning,
            "refused by strict readers",
        ),
        (
            with(manifest(), "/Annotations", json!({})),
            warning,
            "\"Annotations\" is not \"annotations\"",
        ),
        (
            with(manifest(), "/layers/0/data", json!("e30=")),
            warning,
            "Layer 0 has data embedded",
        ),
        (
            with(manifest(), "/layers/0/data", json!("%%")),
            warning,
            "Layer 0 has data embedded",
        ),
        (
            with(index(), "/manifests/1/digest", json!("sha256:1")),
            warning,
            "Entry 1 is not a descriptor",
        ),
        (
            with(index(), "/manifests/0/size", json!(0)),
            warning,
            "Entry 0 is said to have 0 bytes",
        ),
        (
            with(
                index(),
                "/manifests/0/platform",
                json!({"os": "linux", "architecture": "arm64"}),
            ),
            note,
            "2 images are for linux/arm64",
        ),
        (
            with(
                index(),
                "/manifests/0/mediaType",
                json!(MediaType::DOCKER_MANIFEST),
            ),
            note,
            "has parts of Docker's",
        ),
    ];
    for (value, severity, words) in cases {
        let media_type = value.get("mediaType").and_then(Value::as_str);
        let finding = only(&document(
            media_type.unwrap_or(MediaType::OCI_MANIFEST),
            &value,
        ));
        assert_eq!(finding.severity, severity, "{finding:?}");
        assert!(finding.message.contains(words), "{finding:?}");
    }
}

#[test]
fn a_schema_version_other_than_2_is_a_warning() {
    for version in [json!(1), json!("2"), json!(2.5), Value::Null] {
        let document = document(
            MediaType::OCI_INDEX,
            &with(index(), "/schemaVersion", version.clone()),
        );
        if document.index().is_none() {
            panic!("schemaVersion {version} hides the index");
        }
        let found = found(&document);
        assert!(
            found.iter().any(|(severity, message)| {
                *severity == Severity::Warning && message.starts_with("schemaVersion ")
            }),
            "{found:?}"
        );
    }
}

#[test]
fn a_type_that_disagrees_with_the_place_is_a_warning() {
    let finding = only(&document(MediaType::OCI_MANIFEST, &index()));
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.message.contains(MediaType::OCI_INDEX),
        "{finding:?}"
    );
    assert!(
        finding.message.contains(MediaType::OCI_MANIFEST),
        "{finding:?}"
    );
    // case and parameters make no other type
    let upper = MediaType::OCI_INDEX.to_uppercase();
    assert_eq!(found(&document(&upper, &index())), []);
}

#[test]
fn embedded_data_that_is_the_content_is_fine() {
    let mut layer = descriptor(MediaType::OCI_LAYER, 2);
    layer["digest"] =
        json!("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    layer["data"] = json!("e30=");
    let value = with(manifest(), "/layers", json!([layer]));
    assert_eq!(found(&document(MediaType::OCI_MANIFEST, &value)), []);
}

#[test]
fn keys_that_are_written_twice_are_found_in_the_bytes() {
    let text = manifest().to_string();
    let twice = format!("{},\"layers\":[]}}", &text[..text.len() - 1]);
    let document = document_of_bytes(MediaType::OCI_MANIFEST, twice.as_bytes());
    let found = found(&document);
    assert!(
        found.contains(&(Severity::Warning, "\"layers\" is written twice".to_owned())),
        "{found:?}"
    );
}

#[test]
fn images_without_a_platform_are_counted() {
    let mut entries = index();
    entries["manifests"][0]
        .as_object_mut()
        .unwrap()
        .remove("platform");
    let finding = only(&document(MediaType::OCI_INDEX, &entries));
    assert_eq!(finding.message, "1 of 2 images name no platform");
    // one image alone needs no platform to be told from others
    entries["manifests"].as_array_mut().unwrap().truncate(1);
    assert_eq!(found(&document(MediaType::OCI_INDEX, &entries)), []);
}

#[test]
fn a_zstd_copy_is_not_a_second_image_for_its_platform() {
    let mut entries = index();
    entries["manifests"][0]["platform"]["architecture"] = json!("arm64");
    entries["manifests"][0]["annotations"] =
        json!({"io.github.containers.compression.zstd": "true"});
    assert_eq!(found(&document(MediaType::OCI_INDEX, &entries)), []);
}

#[test]
fn many_things_wrong_are_not_all_listed() {
    let broken = vec![json!({}); 5000];
    let findings = conformance(&document(
        MediaType::OCI_INDEX,
        &with(index(), "/manifests", json!(broken)),
    ));
    assert_eq!(findings.len(), 4);
    assert_eq!(findings[3].message, "4997 more entries are not descriptors");
    let empty = vec![descriptor(MediaType::OCI_LAYER, 0); 5000];
    let findings = conformance(&document(
        MediaType::OCI_MANIFEST,
        &with(manifest(), "/layers", json!(empty)),
    ));
    assert_eq!(findings.len(), 100);
}

#[test]
fn of_what_cannot_be_read_nothing_is_said() {
    assert_eq!(found(&document_of_bytes(MediaType::OCI_INDEX, b"{")), []);
    assert_eq!(found(&document("", &json!({"a": 1}))), []);
}

fn config() -> Value {
    json!({
        "created": "2024-05-01T12:00:00.5+02:00",
        "architecture": "arm64", "os": "linux", "variant": "v8",
        "rootfs": {"type": "layers", "diff_ids": [digest('1')]},
        "history": [{"created_by": "ADD"}, {"created_by": "CMD", "empty_layer": true}],
    })
}

fn parsed_manifest(value: &Value) -> Manifest {
    document("", value).manifest().unwrap().clone()
}

fn config_findings(value: &Value, said: Option<&str>) -> Vec<(Severity, String)> {
    let config = ImageConfig::read(raw(MediaType::OCI_CONFIG, value.to_string().as_bytes()));
    let said = said.map(|text| text.parse::<Platform>().unwrap());
    let found = config_conformance(&config, &parsed_manifest(&manifest()), said.as_ref());
    found.into_iter().map(|f| (f.severity, f.message)).collect()
}

#[test]
fn a_good_config_is_left_alone() {
    for said in [None, Some("linux/arm64"), Some("linux/arm64/v8")] {
        assert_eq!(config_findings(&config(), said), []);
    }
}

#[test]
fn each_thing_that_is_wrong_with_a_config_is_said() {
    let (note, warning) = (Severity::Note, Severity::Warning);
    let two = json!([digest('1'), digest('2')]);
    let cases = [
        (
            with(config(), "/created", json!("2024-05-01")),
            note,
            "Its date is not one",
        ),
        (
            with(config(), "/created", json!("2024-02-30T00:00:00Z")),
            note,
            "Its date is not one",
        ),
        (
            with(config(), "/os", json!("")),
            warning,
            "does not name its os",
        ),
        (
            with(config(), "/rootfs/diff_ids", two),
            warning,
            "lists 2 layers, the manifest 1",
        ),
        (
            with(config(), "/rootfs/diff_ids", json!(["x"])),
            warning,
            "DiffID of layer 0",
        ),
        (
            with(config(), "/history", json!([{}, {}])),
            note,
            "has 2 steps that made layers, and there are 1",
        ),
        (
            with(config(), "/config", json!({"Env": "A=1"})),
            warning,
            "refused by strict readers",
        ),
        (
            with(config(), "/Architecture", json!("amd64")),
            warning,
            "\"Architecture\" is not",
        ),
    ];
    for (value, severity, words) in cases {
        let found = config_findings(&value, None);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].0, severity, "{found:?}");
        assert!(found[0].1.contains(words), "{found:?}");
    }
    // no history at all says nothing wrong
    assert_eq!(
        config_findings(&with(config(), "/history", json!([])), None),
        []
    );
}

#[test]
fn a_config_for_another_platform_than_listed_is_a_warning() {
    for said in ["linux/amd64", "windows/arm64", "linux/arm64/v9"] {
        let found = config_findings(&config(), Some(said));
        let expected =
            format!("The index lists it for {said}, but its config is for linux/arm64/v8");
        assert_eq!(found, [(Severity::Warning, expected)]);
    }
}

#[test]
fn what_is_no_image_config_is_left_alone() {
    let artifact = with(
        manifest(),
        "/config/mediaType",
        json!("application/vnd.example+json"),
    );
    let config = ImageConfig::read(raw("application/vnd.example+json", b"{}"));
    assert_eq!(
        config_conformance(&config, &parsed_manifest(&artifact), None),
        []
    );
    let broken = ImageConfig::read(raw(MediaType::OCI_CONFIG, b"not JSON"));
    assert_eq!(
        config_conformance(&broken, &parsed_manifest(&manifest()), None),
        []
    );
}
