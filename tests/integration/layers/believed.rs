//! What was not read through, or not held against what a manifest and its config say, is said,
//! whatever was read before.

use std::path::Path;
use std::process::{Command, Output};

use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use super::chunked::stargz;
use super::cli::image;
use super::desk::{GZIP, put};
use super::{Tar, gzip, porthole};
use crate::support::layout::Layout;
use crate::support::registry::Registry;

/// Runs the program with a home that other runs share.
fn in_home(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Adds an image with this name and one layer, of a size and a DiffID of its own.
fn named(layout: &mut Layout, name: &str, layer: &Descriptor, diff_ids: &Value) {
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64", "author": name,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}}),
    );
    let manifest = layout.manifest(&config, std::slice::from_ref(layer));
    layout.name(name, &manifest);
}

#[test]
fn a_difference_by_a_table_of_contents_is_said_to_be_one() {
    let clean = Registry::start();
    let evil = Registry::start();
    for (registry, content) in [(&clean, b"one"), (&evil, b"two")] {
        let (packed, table) = stargz(&[("d/a", content.to_vec())]);
        let mut layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
        let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
        layer.annotations.insert(key, table);
        put(registry, &[layer], &[packed], &[Digest::sha256(b"any")]);
    }
    let (one, other) = (clean.reference("app:1"), evil.reference("app:1"));
    let output = porthole(&["diff", &one, &other, "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["filesExact"], false, "{found}");
    let notes: Vec<&str> = found["notes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for side in ["before: ", "after: "] {
        let note = format!("{side}Listed by the layer's own table of contents");
        assert!(
            notes.iter().any(|said| said.starts_with(&note)),
            "{notes:?}"
        );
    }
    for json in [&["--json"][..], &[]] {
        let output = porthole(&[&["diff", &one, &other], json].concat());
        assert!(
            said(&output).contains("own table of contents"),
            "{output:?}"
        );
    }
}

#[test]
fn a_size_that_lies_is_found_whatever_was_read_before() {
    let place = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let tar = Tar::new().file("a", b"a").bytes();
    let mut layout = Layout::new(place.path());
    let right = layout.blob(MediaType::OCI_LAYER, &tar);
    let wrong = Descriptor {
        size: right.size + 1,
        ..right.clone()
    };
    let ids = json!([right.digest]);
    named(&mut layout, "right", &right, &ids);
    named(&mut layout, "wrong", &wrong, &ids);
    let files = |name: &str| {
        let output = in_home(home.path(), &["files", &layout.reference(name)]);
        (output.status.code(), said(&output))
    };
    let before = files("wrong");
    assert_eq!(before.0, Some(1), "{before:?}");
    assert_eq!(files("right"), (Some(0), String::new()));
    assert_eq!(files("wrong"), before);
    let output = porthole(&[
        "diff",
        &layout.reference("right"),
        &layout.reference("wrong"),
    ]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // neither hides it that a layer was read when it was whole
    assert_eq!(files("right").0, Some(0));
    let path = layout.blob_path(&right.digest);
    std::fs::write(&path, &tar[..tar.len() - 512]).unwrap();
    assert_eq!(files("right").0, Some(1));
    std::fs::remove_file(&path).unwrap();
    let (code, gone) = files("right");
    assert!(
        code == Some(1) && gone.contains(right.digest.hex()),
        "{gone}"
    );
}

#[test]
fn a_difference_says_what_is_held_against_no_diff_id() {
    let place = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(place.path());
    let layer = layout.blob(MediaType::OCI_LAYER, &Tar::new().file("a", b"a").bytes());
    named(&mut layout, "right", &layer, &json!([layer.digest]));
    named(&mut layout, "none", &layer, &json!([]));
    let lie = Digest::sha256(b"something else");
    named(&mut layout, "wrong", &layer, &json!([lie]));
    let diff = |one: &str, other: &str| {
        porthole(&[
            "diff",
            &layout.reference(one),
            &layout.reference(other),
            "--json",
        ])
    };
    let output = diff("right", "none");
    assert_eq!(output.status.code(), Some(3));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let note = found["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("after: ") && note.ends_with("is not verified"),
        "{note}"
    );
    assert!(said(&output).contains(note), "{output:?}");
    // of two DiffIDs of one layer one is wrong: it is read to know which
    for (one, other) in [("right", "wrong"), ("wrong", "right")] {
        let output = diff(one, other);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = said(&output);
        assert!(said.contains(&format!("the config says {lie}")), "{said}");
        assert!(said.contains(":wrong"), "{said}");
    }
}

/// A PAX record, and the file it is about.
fn with_record(record: &str) -> Vec<u8> {
    // two digits, a space and the end of the line count
    let length = record.len() + 4;
    let record = format!("{length} {record}\n");
    assert_eq!(record.len(), length);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = Tar::header(tar::EntryType::XHeader, record.len() as u64);
    header.set_cksum();
    tar.append(&header, record.as_bytes()).unwrap();
    let mut header = Tar::header(tar::EntryType::Regular, 1);
    header.set_path("a").unwrap();
    header.set_cksum();
    tar.append(&header, &b"a"[..]).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn what_go_refuses_in_a_layer_is_said() {
    let place = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let plain = Tar::new().file("a", b"a").bytes();
    let followed = |more: &[u8]| [&gzip(&plain, 6)[..], more].concat();
    let sparse = |parts: &[(u64, &[u8])]| Tar::new().file("a", b"a").sparse("s", 20, parts).bytes();
    let cases = [
        ("zero", with_record("path=a\0b"), "a zero byte"),
        (
            "beyond",
            sparse(&[(0, b"abcd"), (30, b"")]),
            "map of a sparse file",
        ),
        (
            "over",
            sparse(&[(8, b"abcd"), (2, b"efgh")]),
            "map of a sparse file",
        ),
        ("behind", followed(b"garbage"), "behind its gzip data"),
        ("zeros", followed(&[0; 512]), "behind its gzip data"),
        ("plain", plain.clone(), ""),
        ("record", with_record("path=a/bc"), ""),
        ("holes", sparse(&[(2, b"abcd"), (20, b"")]), ""),
        ("twice", followed(&gzip(&[0; 512], 6)), ""),
    ];
    for (name, layer, why) in cases {
        let mut layout = Layout::new(place.path().join(name));
        let layer = layout.blob(GZIP, &layer);
        named(&mut layout, "it", &layer, &json!([]));
        let reference = layout.reference("it");
        // what was kept of it says the same
        for _ in 0..2 {
            let said = said(&in_home(home.path(), &["files", &reference]));
            let refused = said.contains("Other tools refuse layer 0: ");
            assert_eq!(refused, !why.is_empty(), "{name}: {said}");
            assert!(said.contains(why), "{name}: {said}");
        }
        let out = place.path().join(format!("{name}.tar"));
        let out = out.to_str().unwrap();
        let said = said(&porthole(&["export-files", &reference, "--tar", out]));
        assert_eq!(
            said.contains("Other tools refuse"),
            !why.is_empty(),
            "{said}"
        );
    }
}

#[test]
fn what_is_no_layer_is_not_called_damaged() {
    let place = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(place.path());
    for (name, media_type) in [
        ("wasm", "application/wasm"),
        ("layer", MediaType::OCI_LAYER),
    ] {
        let blob = layout.blob(media_type, format!("\0asm {name}").as_bytes());
        let config = layout.document("application/vnd.wasm.config.v0+json", &json!({}));
        let manifest = layout.manifest(&config, &[blob]);
        layout.name(name, &manifest);
    }
    for arguments in [&["files"][..], &["diff", &layout.reference("layer")]] {
        let output = porthole(&[arguments, &[&layout.reference("wasm")]].concat());
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        if arguments.len() == 1 {
            assert!(said.contains("application/wasm is no layer"), "{said}");
            assert!(!said.contains("damaged"), "{said}");
        }
    }
    let output = porthole(&["files", &layout.reference("layer")]);
    assert!(said(&output).contains("is damaged"), "{output:?}");
    // one that others pack as layers are is listed all the same
    let chart = gzip(&Tar::new().file("Chart.yaml", b"name: x").bytes(), 6);
    let kind = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let chart = layout.blob(kind, &chart);
    let config = layout.document("application/vnd.cncf.helm.config.v1+json", &json!({}));
    let manifest = layout.manifest(&config, &[chart]);
    layout.name("chart", &manifest);
    let output = porthole(&["files", &layout.reference("chart")]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("/Chart.yaml"),
        "{output:?}"
    );
}

#[test]
fn a_difference_in_text_says_kinds_and_where_links_lead() {
    let place = tempfile::tempdir().unwrap();
    let before = Tar::new()
        .dir("d")
        .symlink("l", "a")
        .symlink("gone", "x")
        .bytes();
    let after = Tar::new().file("d", b"file").symlink("l", "b").bytes();
    let one = image(&place.path().join("one"), &[before]);
    let other = image(&place.path().join("other"), &[after]);
    let output = porthole(&["diff", &one.reference("it"), &other.reference("it")]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["/d  (dir → file;", "/l  (link a → b)", "/gone -> x"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
