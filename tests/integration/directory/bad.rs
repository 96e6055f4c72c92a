//! Flat folders that are wrong.

use std::fs::{self, File};

use porthole::model::{Algorithm, Content, Descriptor, Digest, Document, MediaType, limits};
use porthole::transport::{BlobState, Problem, Source};

use super::{Flat, one, problem, resolve, runtime, source};

#[test]
fn versions_that_are_not_known_are_refused() {
    let flat = Flat::new(Algorithm::Sha256);
    for (text, expected) in [
        ("Directory Transport Version: 1.3\n", Some("1.3")),
        ("Directory Transport Version: 2.0\n", Some("2.0")),
        ("Directory Transport Version: 1.10\n", Some("1.10")),
        ("Directory Transport Version: 1.2\n", None),
        ("Directory Transport Version: 1.1\n", None),
        ("Directory Transport Version: 1.0\n", None),
    ] {
        flat.write("version", text.as_bytes());
        match (resolve(flat.path()), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(found)) => {
                let found = found.to_owned();
                assert_eq!(error.problem, Problem::DirVersion { found });
                assert!(error.problem.hint().contains("newer version"), "{error}");
                assert!(error.place.starts_with("dir:"), "{error}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    for bad in ["", "1.1", "Directory Transport Version: one\n"] {
        flat.write("version", bad.as_bytes());
        assert!(matches!(
            problem(flat.path()),
            Problem::Broken { file, .. } if file == "version"
        ));
    }
    let large = File::create(flat.at("version")).unwrap();
    large.set_len(1 << 30).unwrap();
    assert!(matches!(problem(flat.path()), Problem::TooLarge { .. }));
}

#[test]
fn places_that_are_no_flat_folders() {
    let flat = Flat::new(Algorithm::Sha256);
    assert_eq!(problem(&flat.at("none")), Problem::NoSuchPath);
    assert!(matches!(
        problem(&flat.at("version")),
        Problem::NotAnImage { .. }
    ));
    fs::remove_file(flat.at("manifest.json")).unwrap();
    let Problem::NotAnImage { found } = problem(flat.path()) else {
        panic!();
    };
    assert!(found.contains("3 files"), "{found}");
    let large = File::create(flat.at("manifest.json")).unwrap();
    large.set_len(1 << 30).unwrap();
    assert_eq!(
        problem(flat.path()),
        Problem::TooLarge {
            found: Some(1 << 30),
            limit: limits::MANIFEST_BYTES
        }
    );
}

#[test]
fn a_manifest_that_cannot_be_read_is_shown_all_the_same() {
    let flat = Flat::new(Algorithm::Sha256);
    for bytes in [&b""[..], b"{", b"[]", b"\xff"] {
        flat.write("manifest.json", bytes);
        let (raw, _) = one(flat.path());
        assert_eq!(raw.bytes()[..], bytes[..]);
        let document = Document::read(raw);
        assert!(matches!(document.content(), Content::Invalid(_)));
    }
}

#[test]
fn what_is_missing_or_damaged_is_said() {
    let flat = Flat::new(Algorithm::Sha256);
    let source = source(flat.path());
    let presence =
        |blob: &Descriptor| runtime().block_on(source.blob_check().unwrap().presence(blob));
    let child = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"child"), 5);
    let read = || runtime().block_on(source.manifest(&child)).map(|_| ());
    let error = read().unwrap_err();
    assert_eq!(error.problem, Problem::NotInFolder);
    assert!(error.what.contains(child.digest.hex()), "{error}");
    let name = format!("{}.manifest.json", child.digest.hex());
    flat.write(&name, b"chill");
    assert!(matches!(
        read().unwrap_err().problem,
        Problem::WrongDigest { .. }
    ));
    flat.write(&name, b"children");
    assert!(matches!(
        read().unwrap_err().problem,
        Problem::WrongSize { .. }
    ));
    flat.write(&name, b"child");
    assert!(read().is_ok());

    assert_eq!(presence(&flat.layer), BlobState::Present);
    flat.write(flat.layer.digest.hex(), b"layers");
    let wrong = BlobState::WrongSize {
        expected: 5,
        found: 6,
    };
    assert_eq!(presence(&flat.layer), wrong);
    fs::remove_file(flat.at(flat.layer.digest.hex())).unwrap();
    assert_eq!(presence(&flat.layer), BlobState::Missing);
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_else_and_pipes_are_not_waited_for() {
    use std::os::unix::fs::symlink;
    use std::time::{Duration, Instant};
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), b"layer").unwrap();
    let flat = Flat::new(Algorithm::Sha256);
    let path = flat.at(flat.layer.digest.hex());
    fs::remove_file(&path).unwrap();
    symlink(outside.path().join("secret"), &path).unwrap();
    let source = source(flat.path());
    let presence = || runtime().block_on(source.blob_check().unwrap().presence(&flat.layer));
    let BlobState::Unreadable { why } = presence() else {
        panic!();
    };
    assert!(why.contains("leads out of the folder"), "{why}");
    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let started = Instant::now();
    assert!(matches!(presence(), BlobState::Unreadable { .. }));
    fs::rename(&path, flat.at("manifest.json")).unwrap();
    assert!(matches!(problem(flat.path()), Problem::NotAFile { .. }));
    assert!(started.elapsed() < Duration::from_secs(2), "it waited");
}
