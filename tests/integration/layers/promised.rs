//! What is not whole, or not what was promised, is not passed off as if it were.

use porthole::engine::{FilesRequest, LayerState, Remote};
use porthole::layer::{Allowance, FileQuery, Scope};
use porthole::model::{Descriptor, Digest, MediaType, limits};
use serde_json::{Value, json};

use super::chunked::stargz;
use super::cli::image;
use super::desk::{GZIP, ask, blob_requests, files, listed, put, read};
use super::{Tar, gzip, porthole};
use crate::support::layout::Layout;
use crate::support::registry::Registry;
use crate::support::watch::Watch;

/// An image of these layers whose config promises these DiffIDs.
fn with_diff_ids(folder: &std::path::Path, layers: &[Vec<u8>], diff_ids: &Value) -> Layout {
    let mut layout = Layout::new(folder);
    let blobs = layers
        .iter()
        .map(|layer| layout.blob(MediaType::OCI_LAYER, layer));
    let blobs: Vec<Descriptor> = blobs.collect();
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": diff_ids}}),
    );
    let manifest = layout.manifest(&config, &blobs);
    layout.name("it", &manifest);
    layout
}

#[test]
fn the_content_of_a_damaged_image_is_not_printed() {
    let lower = Tar::new().file("f", b"old").bytes();
    let upper = Tar::new().file("f", b"new").file("z", &[7; 4000]).bytes();
    let place = tempfile::tempdir().unwrap();
    let ids = json!([Digest::sha256(&lower), Digest::sha256(b"other")]);
    let wrong_diff_id = [lower.clone(), upper.clone()];
    let cut = [lower.clone(), upper[..3000].to_vec()];
    let changed = image(&place.path().join("changed"), &wrong_diff_id);
    let mut bytes = upper.clone();
    bytes[512] = b'X';
    std::fs::write(changed.blob_path(&Digest::sha256(&upper)), bytes).unwrap();
    for (layout, why) in [
        (changed, "is not what the manifest says"),
        (image(&place.path().join("cut"), &cut), "breaks off"),
        (
            with_diff_ids(&place.path().join("ids"), &wrong_diff_id, &ids),
            "and the config says",
        ),
    ] {
        let reference = layout.reference("it");
        for arguments in [&["f"][..], &["f", "--at", "1"], &["f", "--layer", "1"]] {
            let output = porthole(&[&["cat", &reference], arguments].concat());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{arguments:?} {said}");
            assert!(output.stdout.is_empty() && said.contains(why), "{said}");
        }
        // what lies below it is whole
        for which in ["--at", "--layer"] {
            let output = porthole(&["cat", &reference, "f", which, "0"]);
            assert_eq!(output.stdout, b"old", "{output:?}");
        }
    }
}

#[test]
fn the_content_of_a_layer_that_was_not_promised_is_not_called_verified() {
    let registry = Registry::start();
    let tar = Tar::new().file("f", b"content").bytes();
    let packed = gzip(&tar, 6);
    let layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
    put(&registry, &[layer], &[packed], &[Digest::sha256(b"other")]);
    let watch = Watch::start();
    let (image, files) = listed(&watch, &registry);
    assert!(matches!(files.layers[0].state, LayerState::Failed(_)));
    let found = read(&watch, image, "/f");
    assert_eq!(found.bytes, &b"content"[..]);
    assert!(found.digest.is_some() && !found.verified);
}

/// A file of which nobody could compare the digest is printed, with a word.
#[test]
fn what_was_not_held_against_a_digest_is_said() {
    let place = tempfile::tempdir().unwrap();
    let layer = Tar::new()
        .file("f", b"f")
        // its parts overlap, so it has no digest
        .sparse("odd", 20, &[(8, b"abcd"), (2, b"efgh")])
        .bytes();
    let good = json!(Digest::sha256(&layer));
    for (case, diff_ids, expected) in [
        ("two", json!([good, good]), "2 DiffIDs for 1 layers"),
        ("none", json!([]), "0 DiffIDs for 1 layers"),
        ("odd", json!(["sha256:x"]), "layer 0 is not a digest"),
        ("good", json!([good]), ""),
    ] {
        let layers = std::slice::from_ref(&layer);
        let layout = with_diff_ids(&place.path().join(case), layers, &diff_ids);
        let reference = layout.reference("it");
        let out = place.path().join(format!("{case}-out"));
        let out = out.to_str().unwrap();
        for arguments in [
            &["files", &reference][..],
            &["cat", &reference, "f"],
            &["export-files", &reference, out],
        ] {
            let output = porthole(arguments);
            assert!(output.status.success(), "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(
                said.contains("not verified\n"),
                !expected.is_empty(),
                "{said}"
            );
            assert!(said.contains(expected), "{case}: {said}");
            let without = "1 files not verified";
            assert_eq!(said.contains(without), arguments[0] == "export-files");
        }
        let output = porthole(&["cat", &reference, "odd"]);
        assert_eq!(output.stdout, b"\0\0\0\0\0\0\0\0abcdefgh\0\0\0\0");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("/odd was not verified"), "{said}");
    }
}

#[test]
fn a_table_of_contents_is_said_to_be_one() {
    let registry = Registry::start();
    let (packed, table) = stargz(&[("d/a", b"one".to_vec())]);
    let mut layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
    let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
    layer.annotations.insert(key, table);
    put(&registry, &[layer], &[packed], &[Digest::sha256(b"any")]);
    let output = porthole(&["files", &registry.reference("app:1"), "--json"]);
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let file = listed.iter().find(|file| file["path"] == "/d/a").unwrap();
    assert_eq!(file["tableOfContents"], "eStargz");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("own table of contents"), "{said}");
    assert!(said.contains("layer 0"), "{said}");
}

#[test]
fn only_the_layers_that_are_wanted_are_read() {
    let registry = Registry::start();
    let tars = ["a", "b", "c"].map(|name| Tar::new().file(name, name.as_bytes()).bytes());
    let packed = tars.each_ref().map(|tar| gzip(tar, 6));
    let layer =
        |packed: &Vec<u8>| Descriptor::new(GZIP, Digest::sha256(packed), packed.len() as u64);
    let layers = packed.each_ref().map(layer);
    let diff_ids = tars.each_ref().map(|tar| Digest::sha256(tar));
    put(&registry, &layers, &packed, &diff_ids);
    let asked = || {
        let count = |layer: &Descriptor| blob_requests(&registry, &layer.digest).len();
        layers.each_ref().map(count)
    };
    let nothing = [0; 3];
    let read_since = |before: [usize; 3]| {
        let now = asked();
        [0, 1, 2].map(|layer| now[layer] > before[layer])
    };
    let watch = Watch::start();
    let id = watch.open(&registry.reference("app:1"));
    let reading = FilesRequest::Reading {
        unwatched: true,
        allowance: Allowance::Usual,
        layers: Some(0..2),
    };
    ask(&watch, id, reading);
    let query = FileQuery {
        scope: Scope::At(1),
        ..FileQuery::default()
    };
    ask(&watch, id, FilesRequest::Look(query));
    let known = files(&watch, id, |files| matches!(files.list, Remote::Ready(_)));
    assert!(known.tree().unwrap().find(b"/b").is_some());
    assert_eq!(read_since(nothing), [true, true, false]);

    // the same on the command line
    let reference = registry.reference("app:1");
    for (arguments, expected) in [
        (
            &["files", &reference, "--layer", "1"][..],
            [false, true, false],
        ),
        (
            &["cat", &reference, "b", "--layer", "1"],
            [false, true, false],
        ),
        (&["cat", &reference, "a", "--at", "0"], [true, false, false]),
        (
            &["export-files", &reference, "--at", "0", "--tar", "-"],
            [true, false, false],
        ),
    ] {
        let before = asked();
        let output = porthole(arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(read_since(before), expected, "{arguments:?}");
    }
}

#[test]
fn the_beginning_of_a_large_sparse_file_has_its_holes() {
    let registry = Registry::start();
    let size = limits::SHOWN_FILE_BYTES + 5000;
    let parts: [(u64, &[u8]); 2] = [(1000, &[7; 600]), (size - 512, &[8; 512])];
    let tar = Tar::new().sparse("sparse", size, &parts).bytes();
    let packed = gzip(&tar, 6);
    let layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
    put(&registry, &[layer], &[packed], &[Digest::sha256(&tar)]);
    let watch = Watch::start();
    let (image, _) = listed(&watch, &registry);
    let found = read(&watch, image, "/sparse");
    assert_eq!((found.size, found.verified), (size, false));
    let mut expected = vec![0; limits::SHOWN_FILE_BYTES as usize];
    expected[1000..1600].fill(7);
    assert!(found.bytes == expected, "{} bytes", found.bytes.len());
}
