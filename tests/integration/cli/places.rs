//! Archives, flat folders and engines on the command line.

use std::path::Path;
use std::process::{Command, Output};

use porthole::model::MediaType;
use serde_json::{Value, json};

use crate::support::archive::{Saved, Tar, fixture, gzip, of_folder, write};
use crate::support::layout::Layout;
use crate::support::schema1;

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .env_remove("DOCKER_HOST")
        .output()
        .unwrap()
}

fn json_of(arguments: &[&str]) -> Value {
    let output = porthole(arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_is_derived_is_noted_in_both_forms() {
    let saved = fixture("busybox-amd64-docker-archive.tar");
    let object = json_of(&["inspect", "--json", path(&saved)]);
    assert_eq!(object["transport"], "docker-archive");
    assert_eq!(object["notes"][0]["kind"], "derived-manifest");
    assert_eq!(object["layers"].as_array().unwrap().len(), 3);
    assert_eq!(object["layers"][0]["diffId"], object["layers"][0]["digest"]);
    let text = porthole(&["inspect", path(&saved)]).stdout;
    let text = String::from_utf8(text).unwrap();
    let note = text.lines().find(|line| line.starts_with("Note ")).unwrap();
    assert!(note.contains("derived from manifest.json"), "{note}");
    // what is stored as it is has no notes
    let saved = fixture("buildkit-docker-save.tar");
    let object = json_of(&["inspect", "--json", path(&saved)]);
    assert_eq!(object["transport"], "oci-archive");
    assert_eq!(object["notes"], Value::Null);
    let object = json_of(&["inspect", "--json", path(&fixture("busybox-dir-v2s2"))]);
    assert_eq!(
        (&object["transport"], &object["kind"]),
        (&"dir".into(), &"index".into())
    );
}

#[test]
fn a_platform_of_an_archive_is_picked() {
    let saved = fixture("buildkit-docker-save.tar");
    let reference = format!("docker-archive:{}", saved.display());
    let output = porthole(&["inspect", "--raw", "--platform", "linux/arm64", &reference]);
    assert!(output.status.success(), "{output:?}");
    let blob = "f9061675fe96137039816059841ff8da7f0e0a1682a76957dbbe7217a2956afc";
    let blob = fixture("buildkit-app").join("blobs/sha256").join(blob);
    assert_eq!(output.stdout, std::fs::read(blob).unwrap());
}

#[test]
fn what_is_wrong_is_one_line_and_what_to_do_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut saved = Saved::default();
    saved.image(&["a:1"], &[b"a"]);
    saved.image(&["b:1"], &[b"b"]);
    let two = write(folder.path(), "two.tar", &saved.finish());
    let whole = std::fs::read(&two).unwrap();
    let cut = write(folder.path(), "cut.tar", &whole[..whole.len() - 1600]);
    for (reference, expected) in [
        (
            format!("docker-archive:{}:c:1", two.display()),
            ["nothing here is called \"c:1\"", "There are: a:1, b:1"],
        ),
        (
            format!("docker-archive:{}", cut.display()),
            ["breaks off before the end of manifest.json", "get it again"],
        ),
        (
            "docker-daemon:a/../b".to_owned(),
            [
                "not the name of an engine's image",
                "docker-daemon:NAME:TAG",
            ],
        ),
    ] {
        let output = porthole(&["inspect", &reference]);
        assert_eq!(output.status.code(), Some(1), "{reference}");
        assert_eq!(output.stdout, b"");
        let text = String::from_utf8(output.stderr).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        for (line, words) in lines.iter().zip(expected) {
            assert!(line.contains(words), "{line:?} does not say {words:?}");
        }
    }
}

#[test]
fn referrers_of_an_archive_are_those_of_the_folder_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let mut subject = image;
    // a signature on an SBOM on the image, which no entry points at
    for kind in ["application/sbom", "application/signature"] {
        let empty = layout.blob("application/vnd.oci.empty.v1+json", b"{}");
        subject = layout.document(
            MediaType::OCI_MANIFEST,
            &json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "artifactType": kind,
                "config": empty, "layers": [], "subject": subject,
            }),
        );
    }
    let referrers = |reference: &str| {
        let mut object = json_of(&["referrers", "--json", reference]);
        object.as_object_mut().unwrap().remove("reference");
        object
    };
    let expected = referrers(&layout.reference("1"));
    assert!(
        expected.to_string().contains("application/signature"),
        "{expected}"
    );
    let plain = of_folder(layout.folder(), "./").finish();
    for (name, bytes) in [("a.tar", plain.clone()), ("a.tar.gz", gzip(&plain))] {
        let archive = write(folder.path(), name, &bytes);
        let reference = format!("oci-archive:{}:1", archive.display());
        assert_eq!(referrers(&reference), expected, "{reference}");
    }
    // what is lost may have been one
    let mut list_first = Tar::new();
    let index = std::fs::read(layout.folder().join("index.json")).unwrap();
    list_first.file("index.json", &index);
    list_first.raw(&of_folder(&layout.folder().join("blobs"), "blobs/").unfinished());
    list_first.file("blobs/sha256/last", b"lost");
    let bytes = list_first.unfinished();
    let cut = write(folder.path(), "cut.tar", &bytes[..bytes.len() - 600]);
    let reference = format!("oci-archive:{}:1", cut.display());
    let output = porthole(&["referrers", "--json", &reference]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["outcome"], "not-read", "{object}");
}

#[cfg(unix)]
#[test]
fn the_engine_that_docker_host_names_is_asked() {
    use crate::support::engine::FakeEngine;
    let id = "sha256:d64019a86411e4527cdea702de9f08a8f2a869bbe5f8b69db733f7c8536d375b";
    let archive = std::fs::read(fixture("busybox-amd64-docker-archive.tar")).unwrap();
    let engine = FakeEngine::with_image("busybox", id, archive);
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["inspect", "--json", "docker-daemon:busybox"])
        .env("HOME", home.path())
        .env("DOCKER_HOST", &engine.address)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["transport"], "docker-daemon");
    assert_eq!(object["notes"][0]["kind"], "engine");
    assert_eq!(engine.requests().len(), 3);
}

#[test]
fn an_image_of_the_first_schema_is_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let (payload, whole) = schema1::signed(&schema1::image());
    schema1::write(folder.path(), &whole);
    let reference = format!("dir:{}", folder.path().display());
    let object = json_of(&["inspect", "--json", &reference]);
    let digest = porthole::model::Digest::sha256(&payload).to_string();
    assert_eq!(object["digest"], digest);
    assert_eq!(object["mediaType"], MediaType::DOCKER_SCHEMA1_SIGNED);
    assert_eq!(object["config"]["config"]["Labels"]["name"], "first");
    let layers = object["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    assert_eq!(layers[0]["createdBy"], "/bin/sh -c #(nop) ADD base in /");
    // sizes that nobody said are none
    assert_eq!(
        (&layers[0]["size"], &object["totalSize"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(porthole(&["inspect", "--raw", &reference]).stdout, whole);
    let text = porthole(&["inspect", &reference]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("2 layers, of sizes that it does not say"),
        "{text}"
    );
}
