use std::path::PathBuf;
use std::process::{Command, Output};

use porthole::model::{Digest, MediaType};
use serde_json::Value;

use crate::support::layout::{Layout, entry};

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = porthole(arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

/// Every manifest below `object`, with the file that it must equal.
fn check_against_files(object: &Value, blobs: &std::path::Path, checked: &mut usize) {
    let digest: Digest = object["digest"].as_str().unwrap().parse().unwrap();
    let bytes = std::fs::read(blobs.join(digest.hex())).unwrap();
    assert!(digest.matches(&bytes));
    assert_eq!(object["size"], bytes.len());
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    *checked += 1;
    if let Some(entries) = file["manifests"].as_array() {
        assert_eq!(object["kind"], "index");
        let listed = object["manifests"].as_array().unwrap();
        assert_eq!(listed.len(), entries.len());
        for (listed, entry) in listed.iter().zip(entries) {
            for key in ["digest", "size", "mediaType"] {
                assert_eq!(listed[key], entry[key]);
            }
            if let Some(os) = entry.pointer("/platform/os").and_then(Value::as_str) {
                let platform = listed["platform"].as_str().unwrap();
                assert!(platform.starts_with(&format!("{os}/")), "{platform}");
            }
            check_against_files(&listed["image"], blobs, checked);
        }
        return;
    }
    let layers = object["layers"].as_array().unwrap();
    let listed = file["layers"].as_array().unwrap();
    assert_eq!(layers.len(), listed.len());
    let config_digest: Digest = file["config"]["digest"].as_str().unwrap().parse().unwrap();
    let config: Value =
        serde_json::from_slice(&std::fs::read(blobs.join(config_digest.hex())).unwrap()).unwrap();
    assert_eq!(object["config"], config);
    let mut blobs_of_image = std::collections::BTreeMap::new();
    blobs_of_image.insert(
        config_digest.to_string(),
        file["config"]["size"].as_u64().unwrap(),
    );
    for (position, (layer, listed)) in layers.iter().zip(listed).enumerate() {
        for key in ["digest", "size", "mediaType"] {
            assert_eq!(layer[key], listed[key]);
        }
        if let Some(diff_id) = config.pointer(&format!("/rootfs/diff_ids/{position}")) {
            assert_eq!(layer["diffId"], *diff_id);
        }
        blobs_of_image.insert(
            listed["digest"].as_str().unwrap().to_owned(),
            listed["size"].as_u64().unwrap(),
        );
    }
    let total = bytes.len() as u64 + blobs_of_image.values().sum::<u64>();
    assert_eq!(object["totalSize"], total);
}

#[test]
fn json_of_every_fixture_equals_the_files() {
    for (layout, name, manifests) in [
        ("busybox-small", "1.37.0", 5),
        ("busybox-small", "plain", 3),
        ("busybox-small", "amd64", 1),
        ("buildkit-app", "@0", 7),
    ] {
        let folder = fixture(layout);
        let reference = format!("oci:{}:{name}", folder.display());
        let object = json(&["inspect", &reference, "--json"]);
        assert_eq!(object["reference"], reference);
        assert_eq!(object["transport"], "oci");
        let mut checked = 0;
        check_against_files(&object, &folder.join("blobs/sha256"), &mut checked);
        assert_eq!(checked, manifests, "{reference}");
    }
}

#[test]
fn raw_prints_the_exact_bytes_and_nothing_else() {
    let folder = fixture("busybox-small");
    let reference = format!("oci:{}:1.37.0", folder.display());
    let object = json(&["inspect", &reference, "--json"]);
    let digest: Digest = object["digest"].as_str().unwrap().parse().unwrap();
    let output = porthole(&["inspect", &reference, "--raw"]);
    assert!(digest.matches(&output.stdout));
    assert!(output.stderr.is_empty());
    for entry in object["manifests"].as_array().unwrap() {
        let platform = entry["platform"].as_str().unwrap();
        if platform == "unknown/unknown" {
            continue;
        }
        let output = porthole(&["inspect", &reference, "--raw", "--platform", platform]);
        let child: Digest = entry["digest"].as_str().unwrap().parse().unwrap();
        assert!(child.matches(&output.stdout), "{platform}");
    }
}

#[test]
fn a_platform_that_is_not_there_fails_and_names_those_that_are() {
    let reference = format!("oci:{}:1.37.0", fixture("busybox-small").display());
    let output = porthole(&["inspect", &reference, "--platform", "linux/s390x"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("linux/s390x"), "{text}");
    assert!(lines[1].contains("linux/amd64"), "{text}");
}

#[test]
fn a_folder_with_several_names_fails_and_names_them() {
    let output = porthole(&["inspect", &fixture("busybox-small").display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("1.37.0") && text.contains("plain"), "{text}");
}

#[test]
fn wrong_usage_is_two_and_failure_is_one() {
    assert_eq!(porthole(&["inspect"]).status.code(), Some(2));
    let output = porthole(&["inspect", "x", "--platform", "linux"]);
    assert_eq!(output.status.code(), Some(2));
    let output = porthole(&["inspect", "oci:/nowhere/at/all"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("/nowhere/at/all"), "{text}");
}

#[test]
fn children_that_cannot_be_read_are_named_and_the_rest_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let good = layout.image("linux/amd64", &["good"]);
    let gone = layout.image("linux/arm64", &["gone"]);
    std::fs::remove_file(layout.blob_path(&gone.digest)).unwrap();
    let index = layout.index(&[entry(&gone, "linux/arm64"), entry(&good, "linux/amd64")]);
    layout.name("sparse", &index);
    let object = json(&["inspect", &layout.reference("sparse"), "--json"]);
    let entries = object["manifests"].as_array().unwrap();
    assert!(entries[0].get("image").is_none());
    assert!(
        entries[0]["error"]
            .as_str()
            .unwrap()
            .contains(gone.digest.hex())
    );
    assert_eq!(entries[1]["image"]["kind"], "manifest");
    assert_eq!(entries[1]["image"]["mediaType"], MediaType::OCI_MANIFEST);
}

#[test]
fn text_for_people_hides_no_trick_of_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &serde_json::json!({
            "os": "linux", "architecture": "amd64",
            "config": {"Labels": {"title": "safe\u{202e}exe.txt\u{1b}[31m"}},
            "rootfs": {"type": "layers", "diff_ids": []},
        }),
    );
    let manifest = layout.manifest(&config, &[]);
    layout.name("trick", &manifest);
    let output = porthole(&["inspect", &layout.reference("trick")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("safe\\u{202e}exe.txt\\u{1b}[31m"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

#[test]
fn blobs_that_are_not_whole_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["whole", "cut", "gone"]);
    layout.name("it", &image);
    let reference = layout.reference("it");
    let output = porthole(&["inspect", &reference, "--json"]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(whole.get("damagedBlobs").is_none());
    let (cut, gone) = (Digest::sha256(b"cut"), Digest::sha256(b"gone"));
    std::fs::write(layout.blob_path(&cut), b"c").unwrap();
    std::fs::remove_file(layout.blob_path(&gone)).unwrap();
    let expected = serde_json::json!([
        {"what": "layer 1", "digest": cut, "size": 3, "state": "wrongSize", "found": 1},
        {"what": "layer 2", "digest": gone, "size": 4, "state": "missing"},
    ]);
    // all that is known is printed, and it is a failure
    let index = layout.index(&[entry(&image, "linux/amd64")]);
    layout.name("index", &index);
    for name in ["it", "index"] {
        let output = porthole(&["inspect", &layout.reference(name), "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        let child = object.pointer("/manifests/0/image").unwrap_or(&object);
        assert_eq!(child["damagedBlobs"], expected);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("2 of 4 blobs are not what the manifest says"),
            "{said}"
        );
        assert!(
            said.contains(&format!("layer 1 {cut} has 1 bytes, not 3")),
            "{said}"
        );
        assert!(
            said.contains(&format!("layer 2 {gone} is not there")),
            "{said}"
        );
    }
    let raw = porthole(&["inspect", &reference, "--raw"]);
    assert!(raw.status.success() && image.digest.matches(&raw.stdout));
}

#[test]
fn a_layer_that_lies_elsewhere_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &serde_json::json!({"os": "windows", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(b"far")]}}),
    );
    let kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut far = porthole::model::Descriptor::new(kind, Digest::sha256(b"far"), 3);
    far.urls.push("https://example.com/far".to_owned());
    let manifest = layout.manifest(&config, &[far]);
    layout.name("it", &manifest);
    let output = porthole(&["inspect", &layout.reference("it")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("is not there") && said.contains("https://example.com/far"),
        "{said}"
    );
}

#[test]
fn artifacts_have_no_platform_and_drafts_have_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let blob = layout.blob("text/plain", b"hello");
    let empty = layout.document(MediaType::OCI_EMPTY, &serde_json::json!({}));
    let manifest = layout.manifest(&empty, std::slice::from_ref(&blob));
    layout.name("oras", &manifest);
    let output = porthole(&["inspect", &layout.reference("oras")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("1 layers") && !text.contains("Platform"),
        "{text}"
    );
    let kind = "application/vnd.oci.artifact.manifest.v1+json";
    let draft = serde_json::json!({"mediaType": kind, "artifactType": "a/b", "blobs": [blob]});
    let draft = layout.document(kind, &draft);
    layout.name("draft", &draft);
    let reference = layout.reference("draft");
    let object = json(&["inspect", &reference, "--json"]);
    assert_eq!(object["artifactType"], "a/b");
    assert_eq!(object["blobs"][0]["digest"], blob.digest.to_string());
    let output = porthole(&["inspect", &reference]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("a/b") && text.contains("1 blobs"), "{text}");
    assert!(text.contains("text/plain"), "{text}");
}

#[test]
fn options_may_stand_before_the_subcommand() {
    let reference = format!("oci:{}:plain", fixture("busybox-small").display());
    let behind = porthole(&["inspect", &reference, "--authfile", "/nowhere"]);
    for before in [
        &["--debug"][..],
        &["--authfile", "/nowhere"],
        &["--plain-http=a"],
    ] {
        let output = porthole(&[before, &["inspect", &reference]].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, behind.stdout);
    }
    let output = porthole(&["x", "--debug", "inspect", &reference]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = porthole(&["--ca-file", "/nowhere.crt", "inspect", &reference]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("/nowhere.crt: there is no such file"),
        "{said}"
    );
}

#[test]
fn without_a_display_it_is_said_and_what_to_do() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let output = command.arg("x").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no display"), "{said}");
    assert!(said.contains("--help") && !said.contains(".rs:"), "{said}");
}

#[test]
fn what_says_nothing_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("it", &image);
    let reference = layout.reference("it");
    let file = folder.path().join("f.txt");
    std::fs::write(&file, "text").unwrap();
    let file = file.to_str().unwrap();
    for (files, why) in [
        (&[][..], "no file to attach"),
        (&[file, file], "are called f.txt"),
    ] {
        let output = porthole(&[&["attach", &reference], files].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    }
    let position = format!("oci:{}:@0", layout.folder().display());
    let output = porthole(&["delete", &position]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("says a position") && said.contains(":@sha256:"),
        "{said}"
    );
}
