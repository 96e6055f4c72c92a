//! `porthole files` and `porthole cat`.

use serde_json::Value;

use super::{Tar, fixture, porthole};
use crate::support::layout::Layout;
use porthole::model::{Digest, MediaType};
use serde_json::json;

/// A layout with one image of these layers.
pub fn image(folder: &std::path::Path, layers: &[Vec<u8>]) -> Layout {
    let mut layout = Layout::new(folder);
    let blobs: Vec<_> = layers
        .iter()
        .map(|layer| layout.blob(MediaType::OCI_LAYER, layer))
        .collect();
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({
            "os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers",
                "diff_ids": blobs.iter().map(|blob| &blob.digest).collect::<Vec<_>>()},
        }),
    );
    let manifest = layout.manifest(&config, &blobs);
    layout.name("it", &manifest);
    layout
}

fn files(arguments: &[&str]) -> Vec<Value> {
    let output = porthole(arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn by_path<'a>(files: &'a [Value], path: &str) -> &'a Value {
    files
        .iter()
        .find(|file| file["path"] == path)
        .unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn files_of_an_image_a_layer_and_at_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let layout = image(
        folder.path(),
        &[
            Tar::new()
                .dir("etc")
                .file("etc/a", b"first")
                .file("etc/b", b"b")
                .symlink("l", "etc/a")
                .bytes(),
            Tar::new()
                .file("etc/a", b"second!")
                .file("etc/.wh.b", b"")
                .file("etc/x/.wh..wh..opq", b"")
                .bytes(),
        ],
    );
    let reference = layout.reference("it");
    let all = files(&["files", &reference, "--json"]);
    let a = by_path(&all, "/etc/a");
    assert_eq!(a["type"], "file");
    assert_eq!(
        (&a["size"], &a["layer"], &a["mode"]),
        (&json!(7), &json!(1), &json!("0644"))
    );
    assert_eq!(a["digest"], Digest::sha256(b"second!").to_string());
    assert_eq!(a["mtime"], "2023-11-14T22:13:20Z");
    assert_eq!(by_path(&all, "/l")["linkTarget"], "etc/a");
    assert!(!all.iter().any(|file| file["path"] == "/etc/b"));

    let at = files(&["files", &reference, "--at", "0", "--json"]);
    assert_eq!(by_path(&at, "/etc/a")["size"], 5);
    assert_eq!(by_path(&at, "/etc/b")["layer"], 0);

    let layer = files(&["files", &reference, "--layer", "1", "--json"]);
    let types: Vec<_> = layer
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["type"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        types,
        [
            ("/etc/a", "file"),
            ("/etc/b", "whiteout"),
            ("/etc/x", "opaque")
        ]
    );

    let output = porthole(&["files", &reference, "--layer", "7"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no layer 7"));

    for (path, layer, expected) in [
        ("/etc/a", None, &b"second!"[..]),
        ("l", None, b"second!"),
        ("/etc/a", Some("0"), b"first"),
    ] {
        let mut arguments = vec!["cat", &reference, path];
        arguments.extend(layer.iter().flat_map(|layer| ["--layer", layer]));
        let output = porthole(&arguments);
        assert_eq!(output.stdout, expected, "{output:?}");
    }
    let output = porthole(&["cat", &reference, "/etc/b"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no such file"),
        "{output:?}"
    );
}

#[test]
fn names_that_are_no_text_are_given_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let layout = image(folder.path(), &[Tar::new().raw(b"a\xff", b"x").bytes()]);
    let all = files(&["files", &layout.reference("it"), "--json"]);
    assert_eq!(all[0]["path"], "/a\u{fffd}");
    assert_eq!(all[0]["pathBytes"], "L2H/");
}

#[test]
fn the_files_of_real_images_are_listed_for_their_platforms() {
    let reference = format!("oci:{}:1.37.0", fixture("busybox-small").display());
    for platform in ["linux/amd64", "linux/arm64"] {
        let all = files(&["files", &reference, "--platform", platform, "--json"]);
        assert!(all.len() > 5, "{}", all.len());
        let layers: std::collections::BTreeSet<_> = all
            .iter()
            .filter_map(|file| file["layer"].as_u64())
            .collect();
        assert!(layers.len() > 1, "{layers:?}");
    }
    let output = porthole(&[
        "files",
        &reference,
        "--platform",
        "linux/amd64",
        "--wasted",
        "--json",
    ]);
    let waste: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(waste["dive"]["efficiency"].as_f64().unwrap() <= 1.0);
    assert!(waste["totalBytes"].as_u64().unwrap() > waste["wastedBytes"].as_u64().unwrap());
}

#[test]
fn a_damaged_layer_is_listed_as_far_as_it_goes_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let tar = Tar::new().file("a", b"one").file("b", &[1; 3000]).bytes();
    let layout = image(folder.path(), std::slice::from_ref(&tar));
    let path = layout.blob_path(&Digest::sha256(&tar));
    let mut bytes = tar.clone();
    bytes[600] = b'X';
    std::fs::write(&path, &bytes).unwrap();
    let output = porthole(&["files", &layout.reference("it"), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed.len(), 2);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("not what the manifest says"), "{said}");
}
