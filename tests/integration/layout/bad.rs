//! Folders that are wrong. Each says what and where; nothing hangs and nothing is written.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use porthole::model::{Descriptor, Digest, MediaType, limits};
use porthole::transport::{BlobState, Problem, Source, hash_blob};
use serde_json::json;

use super::{manifest, problem, resolve, resolve_several, runtime, source};
use crate::support::layout::{Layout, listing};

fn broken(problem: Problem) -> (String, String) {
    match problem {
        Problem::Broken { file, why } => (file, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn places_that_are_no_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(problem(path, None), Problem::EmptyFolder);
    assert_eq!(problem(&path.join("none"), None), Problem::NoSuchPath);
    fs::write(path.join("notes.txt"), "words").unwrap();
    let Problem::NotAnImage { found } = problem(path, Some("1")) else {
        panic!();
    };
    assert_eq!(found, "a folder with 1 file, no index.json among them");
    let Problem::NotAnImage { found } = problem(&path.join("notes.txt"), None) else {
        panic!();
    };
    assert_eq!(found, "a file of 5 B");
    assert_eq!(
        problem(&path.join("notes.txt/x"), None),
        Problem::NoSuchPath
    );
    let error = resolve(path, None).unwrap_err();
    assert!(error.place.contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn an_index_json_that_is_broken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    drop(Layout::new(folder.path()));
    let cases: [(&[u8], &str); 9] = [
        (b"", "not JSON"),
        (b"{\"manifests\": [", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "no \"manifests\""),
        (b"{\"manifests\": 5}", "no \"manifests\""),
        (b"{\"manifests\": [], \"layers\": []}", "in two ways"),
        (
            b"{\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", \"config\": {}}",
            "config",
        ),
        (
            b"{\"mediaType\": \"application/\xe2\x80\xaex\", \"manifests\": []}",
            "it says that it is application/\\u{202e}x, not an index",
        ),
    ];
    for (bytes, words) in cases {
        fs::write(folder.path().join("index.json"), bytes).unwrap();
        let (file, why) = broken(problem(folder.path(), None));
        assert_eq!(file, "index.json");
        assert!(why.contains(words), "{why:?} does not say {words:?}");
    }
    for bytes in ["{\"manifests\": []}", "{\"manifests\": null}"] {
        fs::write(folder.path().join("index.json"), bytes).unwrap();
        assert_eq!(problem(folder.path(), None), Problem::NoImages, "{bytes}");
    }
}

#[test]
fn an_index_json_past_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(Layout::new(folder.path()));
    let file = File::create(folder.path().join("index.json")).unwrap();
    file.set_len(limits::MANIFEST_BYTES + 1).unwrap();
    assert_eq!(
        problem(folder.path(), None),
        Problem::TooLarge {
            found: Some(limits::MANIFEST_BYTES + 1),
            limit: limits::MANIFEST_BYTES
        }
    );
}

#[test]
fn the_marker_file_is_read_where_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let marker = folder.path().join("oci-layout");
    for good in [
        "{\"imageLayoutVersion\": \"1.0.0\"}",
        "{\"imageLayoutVersion\": \"1.1.0\", \"more\": true}",
    ] {
        fs::write(&marker, good).unwrap();
        assert!(resolve(folder.path(), None).is_ok(), "{good}");
    }
    for found in ["2.0.0", "10.0.0", "", "one"] {
        fs::write(&marker, json!({"imageLayoutVersion": found}).to_string()).unwrap();
        let found = found.to_owned();
        assert_eq!(
            problem(folder.path(), None),
            Problem::LayoutVersion { found }
        );
    }
    for (bytes, words) in [
        ("", "EOF"),
        ("{}", "no \"imageLayoutVersion\""),
        ("[1]", "no \""),
    ] {
        fs::write(&marker, bytes).unwrap();
        let (file, why) = broken(problem(folder.path(), None));
        assert_eq!(file, "oci-layout");
        assert!(why.contains(words), "{why}");
    }
    // containers/image reads a folder without it, and so do we
    fs::remove_file(&marker).unwrap();
    assert!(resolve(folder.path(), None).is_ok());
}

#[test]
fn documents_that_are_not_what_their_descriptor_says() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let good = layout.image("linux/amd64", &["layer"]);
    let path = layout.blob_path(&good.digest);
    let bytes = fs::read(&path).unwrap();
    let size = bytes.len() as u64;
    let read = |descriptor: &Descriptor| manifest(folder.path(), descriptor);
    let wrong_size = |expected, found| Problem::WrongSize {
        expected,
        found: Some(found),
    };
    assert!(read(&good).is_ok());

    // the descriptor is wrong
    for expected in [size - 1, size + 1, 0] {
        let descriptor = Descriptor {
            size: expected,
            ..good.clone()
        };
        let error = read(&descriptor).unwrap_err();
        assert_eq!(error.problem, wrong_size(expected, size));
        assert!(error.what.contains(good.digest.hex()), "{error}");
    }
    // the file is shorter, longer, changed, gone
    fs::write(&path, &bytes[1..]).unwrap();
    assert_eq!(read(&good).unwrap_err().problem, wrong_size(size, size - 1));
    fs::write(&path, [&bytes[..], b" "].concat()).unwrap();
    assert_eq!(read(&good).unwrap_err().problem, wrong_size(size, size + 1));
    let mut changed = bytes.clone();
    changed[1] = b'\t';
    fs::write(&path, &changed).unwrap();
    let found = Digest::sha256(&changed);
    assert_eq!(
        read(&good).unwrap_err().problem,
        Problem::WrongDigest {
            expected: good.digest.clone(),
            found
        }
    );
    fs::remove_file(&path).unwrap();
    let error = read(&good).unwrap_err();
    assert_eq!(error.problem, Problem::NotInFolder);
    assert!(
        error.problem.hint().contains("sparse"),
        "{}",
        error.problem.hint()
    );
}

#[test]
fn an_index_that_lies_under_a_name_of_its_own_choice_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let own = Digest::sha256(b"any");
    let entry = json!({"mediaType": MediaType::OCI_INDEX, "digest": own, "size": 4});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    fs::write(layout.blob_path(&own), &index).unwrap();
    let itself = Descriptor::new(MediaType::OCI_INDEX, own.clone(), index.len() as u64);
    layout.name("loop", &itself);
    assert!(matches!(
        problem(folder.path(), Some("loop")),
        Problem::WrongDigest { expected, .. } if expected == own
    ));
}

#[test]
fn a_manifest_of_a_gigabyte_is_not_read() {
    const GIGABYTE: u64 = 1 << 30;
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let digest = Digest::sha256(b"large");
    let file = File::create(layout.blob_path(&digest)).unwrap();
    file.set_len(GIGABYTE).unwrap();
    let started = Instant::now();
    let honest = Descriptor::new(MediaType::OCI_MANIFEST, digest.clone(), GIGABYTE);
    assert_eq!(
        manifest(folder.path(), &honest).unwrap_err().problem,
        Problem::TooLarge {
            found: Some(GIGABYTE),
            limit: limits::MANIFEST_BYTES
        }
    );
    let lying = Descriptor::new(MediaType::OCI_MANIFEST, digest, 500);
    assert_eq!(
        manifest(folder.path(), &lying).unwrap_err().problem,
        Problem::WrongSize {
            expected: 500,
            found: Some(GIGABYTE)
        }
    );
    // reading and hashing it takes seconds in a test build
    assert!(started.elapsed() < Duration::from_millis(500));
}

#[test]
fn ten_thousand_entries_are_listed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    drop(Layout::new(folder.path()));
    let entry = |at: usize| {
        json!({
            "mediaType": MediaType::OCI_MANIFEST,
            "digest": Digest::sha256(&at.to_be_bytes()),
            "size": 500,
            "platform": {"os": "linux", "architecture": "amd64"},
            "annotations": {"org.opencontainers.image.ref.name": format!("name-{at}")},
        })
    };
    let entries: Vec<_> = (0..10_000).map(entry).collect();
    let index = json!({"schemaVersion": 2, "manifests": entries});
    fs::write(folder.path().join("index.json"), index.to_string()).unwrap();
    let started = Instant::now();
    let images = resolve_several(folder.path());
    assert_eq!(images.len(), 10_000);
    assert_eq!(images[9_999].name.to_string(), "name-9999");
    let Problem::NoSuchName { names, .. } = problem(folder.path(), Some("other")) else {
        panic!();
    };
    assert_eq!(names.len(), 10_000);
    // one pass over the entries; comparing each with each would take many seconds
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}

/// What every way to read a blob says of one that is no plain file.
fn refused(folder: &Path, blob: &Descriptor, expected: &str) {
    let before = Instant::now();
    let source = source(folder, None);
    let runtime = runtime();
    let errors = [
        runtime
            .block_on(source.manifest(blob))
            .map(|_| ())
            .unwrap_err(),
        runtime
            .block_on(source.blob(blob, None))
            .map(|_| ())
            .unwrap_err(),
        runtime
            .block_on(hash_blob(&source, blob, |_| ()))
            .map(|_| ())
            .unwrap_err(),
    ];
    for error in errors {
        let Problem::NotAFile { file, found } = &error.problem else {
            panic!("{error:?}");
        };
        assert_eq!(*found, expected);
        assert!(file.ends_with(blob.digest.hex()), "{file}");
    }
    let presence = runtime.block_on(source.blob_check().unwrap().presence(blob));
    let BlobState::Unreadable { why } = presence else {
        panic!("{presence:?}");
    };
    assert!(why.contains(expected), "{why}");
    assert!(before.elapsed() < Duration::from_secs(2), "it waited");
}

#[test]
fn a_folder_in_place_of_a_blob_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let blob = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"x"), 4096);
    fs::create_dir(layout.blob_path(&blob.digest)).unwrap();
    refused(folder.path(), &blob, "a folder");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn links_are_followed_inside_of_the_folder_only() {
        let outside = tempfile::tempdir().unwrap();
        let secret = outside.path().join("secret");
        fs::write(&secret, b"secret").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(folder.path());
        let leads_out = "a link that leads out of the folder";

        let blob = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"secret"), 6);
        symlink(&secret, layout.blob_path(&blob.digest)).unwrap();
        refused(folder.path(), &blob, leads_out);
        let device = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"zero"), 6);
        symlink("/dev/zero", layout.blob_path(&device.digest)).unwrap();
        refused(folder.path(), &device, leads_out);

        // inside it may lead to another name of the same content
        let image = layout.image("linux/amd64", &["layer"]);
        let path = layout.blob_path(&image.digest);
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        symlink("../../elsewhere", &path).unwrap();
        layout.name("1", &image);
        assert!(resolve(folder.path(), Some("1")).is_ok());

        // and the folder may be reached by a link
        let link = outside.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert!(resolve(&link, Some("1")).is_ok());

        // links that lead nowhere, or in a circle
        let nowhere = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"nowhere"), 6);
        symlink("nothing", layout.blob_path(&nowhere.digest)).unwrap();
        let error = manifest(folder.path(), &nowhere).unwrap_err();
        assert_eq!(error.problem, Problem::NotInFolder);
        let circle = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"circle"), 6);
        symlink(circle.digest.hex(), layout.blob_path(&circle.digest)).unwrap();
        let error = manifest(folder.path(), &circle).unwrap_err();
        assert!(matches!(error.problem, Problem::Io { .. }), "{error:?}");
    }

    #[test]
    fn an_index_json_that_leads_out_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        let mut other = Layout::new(outside.path());
        let image = other.image("linux/amd64", &["layer"]);
        other.name("1", &image);
        let folder = tempfile::tempdir().unwrap();
        drop(Layout::new(folder.path()));
        for name in ["index.json", "oci-layout"] {
            let path = folder.path().join(name);
            let kept = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            symlink(outside.path().join(name), &path).unwrap();
            let found = problem(folder.path(), Some("1"));
            assert!(
                matches!(&found, Problem::NotAFile { file, .. } if file == name),
                "{found:?}"
            );
            fs::remove_file(&path).unwrap();
            fs::write(&path, kept).unwrap();
        }
    }

    #[test]
    fn pipes_and_sockets_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let pipe = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"pipe"), 4);
        let made = Command::new("mkfifo")
            .arg(layout.blob_path(&pipe.digest))
            .status();
        assert!(made.unwrap().success());
        refused(folder.path(), &pipe, "a pipe, socket or device");

        // the path of a socket may only be short
        let socket = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"socket"), 6);
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        fs::rename(folder.path().join("s"), layout.blob_path(&socket.digest)).unwrap();
        refused(folder.path(), &socket, "a pipe, socket or device");
        drop(listener);

        // nor is an index.json that is one
        let index = folder.path().join("index.json");
        fs::remove_file(&index).unwrap();
        let made = Command::new("mkfifo").arg(&index).status();
        assert!(made.unwrap().success());
        let found = problem(folder.path(), None);
        assert!(matches!(found, Problem::NotAFile { .. }), "{found:?}");
    }

    #[test]
    fn what_may_not_be_read_is_an_error_of_the_system() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let image = layout.image("linux/amd64", &["layer"]);
        let path = layout.blob_path(&image.digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if File::open(&path).is_ok() {
            // root may read anything; there is nothing to see then
            return;
        }
        let error = manifest(folder.path(), &image).unwrap_err();
        assert!(matches!(error.problem, Problem::Io { .. }), "{error:?}");
    }
}

#[test]
fn looking_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    layout.name(
        "gone",
        &Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"gone"), 4),
    );
    let before = listing(folder.path());
    for name in [
        None,
        Some("1"),
        Some("gone"),
        Some("none"),
        Some("@0"),
        Some("@9"),
    ] {
        let _ = resolve(folder.path(), name);
    }
    let source = source(folder.path(), None);
    let _ = runtime().block_on(hash_blob(&source, &image, |_| ()));
    assert_eq!(listing(folder.path()), before);
}
