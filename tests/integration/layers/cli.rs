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
fn what_only_some_entries_have_is_in_the_json() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = Tar::header(tar::EntryType::Char, 0);
    header.set_device_major(5).unwrap();
    header.set_device_minor(1).unwrap();
    tar.append_data(&mut header, "dev/console", &[][..])
        .unwrap();
    let records = b"26 SCHILY.xattr.user.a=v\0\n";
    let mut header = Tar::header(tar::EntryType::XHeader, records.len() as u64);
    header.set_cksum();
    tar.append(&header, &records[..]).unwrap();
    let mut header = Tar::header(tar::EntryType::Regular, 1);
    header.as_mut_bytes()[..2].copy_from_slice(b"/a");
    header.set_cksum();
    tar.append(&header, &b"1"[..]).unwrap();
    for content in [b"1", b"2"] {
        let mut header = Tar::header(tar::EntryType::Regular, 1);
        tar.append_data(&mut header, "twice", &content[..]).unwrap();
    }
    let layout = image(folder.path(), &[tar.into_inner().unwrap()]);
    let reference = layout.reference("it");
    let all = files(&["files", &reference, "--json"]);
    assert_eq!(by_path(&all, "/dev/console")["device"], json!([5, 1]));
    let a = by_path(&all, "/a");
    assert_eq!(
        (&a["xattrs"], &a["marks"]),
        (&json!({"user.a": "dgA="}), &json!(["absolute"]))
    );
    assert_eq!(by_path(&all, "/twice")["duplicate"], true);
    assert!(a.get("duplicate").is_none() && a.get("device").is_none());
    let lines = porthole(&["files", &reference]);
    let lines = String::from_utf8_lossy(&lines.stdout).into_owned();
    assert!(lines.contains(" 5, 1 "), "{lines}");
}

/// What unpacks to far more than it should is not read before somebody says so.
#[test]
fn a_bomb_is_read_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let (zeros, count) = (vec![0; 1 << 20], 257);
    let mut header = Tar::header(tar::EntryType::Regular, count << 20);
    header.set_path("zeros").unwrap();
    header.set_cksum();
    let mut diff_id = porthole::model::Hasher::new(porthole::model::Algorithm::Sha256);
    let ends = [0; 1024];
    let pieces = std::iter::once(&header.as_bytes()[..])
        .chain((0..count).map(|_| &zeros[..]))
        .chain([&ends[..]]);
    for piece in pieces {
        std::io::Write::write_all(&mut packed, piece).unwrap();
        diff_id.update(piece);
    }
    let mut layout = Layout::new(folder.path());
    let blob = layout.blob(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &packed.finish().unwrap(),
    );
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [diff_id.finish()]}}),
    );
    let manifest = layout.manifest(&config, &[blob]);
    layout.name("it", &manifest);
    let reference = layout.reference("it");
    let output = porthole(&["files", &reference]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--read-anyway"), "{said}");
    let all = files(&["files", &reference, "--json", "--read-anyway"]);
    assert_eq!(by_path(&all, "/zeros")["size"], count << 20);
    let to = folder.path().join("out").display().to_string();
    let output = porthole(&["export-files", &reference, &to]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--read-anyway"), "{said}");
    let output = porthole(&["cat", &reference, "/zeros", "--read-anyway"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("more than are printed"), "{said}");
}

#[test]
fn a_crash_while_files_are_put_together_ends_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let layout = image(folder.path(), &[Tar::new().file("a", b"x").bytes()]);
    let reference = layout.reference("it");
    for (step, more) in [
        ("building a list of files", &[][..]),
        ("accounting for waste", &["--wasted"]),
    ] {
        let arguments = [&["files", &reference], more].concat();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(&arguments)
            .env("PORTHOLE_CRASH_AT", step)
            .env("XDG_CACHE_HOME", folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{step}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("the program itself failed"), "{said}");
    }
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
fn names_that_are_no_text_can_be_asked_for() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let layout = image(folder.path(), &[Tar::new().raw(b"a\xff", b"x").bytes()]);
    let (reference, out) = (layout.reference("it"), folder.path().join("out"));
    let name = std::ffi::OsStr::from_bytes(b"/a\xff");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(arguments)
            .env("HOME", folder.path())
            .env("XDG_CACHE_HOME", folder.path())
            .output();
        program.unwrap()
    };
    let cat = run(&["cat".as_ref(), reference.as_ref(), name]);
    assert_eq!(cat.stdout, b"x", "{cat:?}");
    let to = ["--file".as_ref(), out.as_os_str(), "--path".as_ref(), name];
    run(&[&["export-files".as_ref(), reference.as_ref()], &to[..]].concat());
    assert_eq!(std::fs::read(&out).unwrap(), b"x");
}

#[test]
fn there_is_no_layer_behind_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let layer = Tar::new().file("a", b"a").bytes();
    let layout = image(folder.path(), &[layer.clone(), layer]);
    let reference = layout.reference("it");
    for arguments in [
        &["files", &reference, "--at", "2"][..],
        &["files", &reference, "--layer", "2"],
        &["cat", &reference, "a", "--at", "2"],
        &["cat", &reference, "a", "--layer", "2"],
        &["export-files", &reference, "--tar", "-", "--at", "2"],
    ] {
        let output = porthole(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            said.contains("there is no layer 2: the image has 2"),
            "{said}"
        );
    }
}

#[test]
fn hard_links_have_the_content_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let lower = Tar::new()
        .file("a", b"first")
        .file("kept", b"kept")
        .hardlink("b", "/a")
        .hardlink("c", "./b")
        .hardlink("also", "kept")
        .bytes();
    let upper = Tar::new().hardlink("d", "c").file(".wh.a", b"").bytes();
    let layout = image(folder.path(), &[lower, upper]);
    let reference = layout.reference("it");
    let cat = |arguments: &[&str]| porthole(&[&["cat", &reference], arguments].concat());
    for (path, layer) in [("b", "0"), ("c", "0"), ("/a", "0")] {
        assert_eq!(cat(&[path, "--layer", layer]).stdout, b"first", "{path}");
    }
    assert_eq!(cat(&["d"]).stdout, b"first");
    let output = cat(&["d", "--layer", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("another name of /c, which layer 1 does not have"),
        "{said}"
    );
    // once where its first name is gone, and not at all where that is there
    let all = files(&["files", &reference, "--json"]);
    let linked: Vec<&Value> = ["/b", "/c", "/d"].map(|path| by_path(&all, path)).into();
    let sum: u64 = linked.iter().filter_map(|file| file["size"].as_u64()).sum();
    assert_eq!(sum, 5, "{linked:?}");
    let digest = Digest::sha256(b"first").to_string();
    assert!(
        linked.iter().all(|file| file["digest"] == digest),
        "{linked:?}"
    );
    let also = by_path(&all, "/also");
    assert_eq!(also["size"], 0);
    assert_eq!(also["digest"], Digest::sha256(b"kept").to_string());
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
