//! Files that are no archives, and lists in them that are broken.

use std::fs;
use std::time::{Duration, Instant};

use porthole::model::{Transport, limits};
use porthole::transport::Problem;
use serde_json::json;

use super::{docker, oci, one, problem, resolve, source};
use crate::support::archive::{Saved, Tar, fixture, gzip, of_folder, write, zstd};
use crate::support::layout::Layout;

#[test]
fn what_is_no_archive_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Tar::new();
    let mut other = Tar::new();
    other.file("etc/passwd", b"root");
    for (bytes, expected) in [
        (&b""[..], "an empty file"),
        (b"words", "a file of 5 B"),
        (b"{\"a\": 1}", "a JSON file that lies in no image folder"),
        (&empty.finish(), "a file of 1.0 KB"),
        (
            &gzip(b"words"),
            "a compressed file, and no tar archive in it",
        ),
        (
            &zstd(b"words"),
            "a compressed file, and no tar archive in it",
        ),
        (&gzip(b""), "a compressed file, and no tar archive in it"),
        (
            &gzip(&empty.finish()),
            "a tar archive with neither index.json nor manifest.json",
        ),
        (
            &other.finish(),
            "a tar archive with neither index.json nor manifest.json",
        ),
        (
            &gzip(&other.finish()),
            "a tar archive with neither index.json nor manifest.json",
        ),
    ] {
        let path = write(folder.path(), "a", bytes);
        for source in [oci(&path, None), docker(&path, Some("a:1"))] {
            let found = expected.to_owned();
            assert_eq!(problem(&*source), Problem::NotAnImage { found });
        }
    }
    let none = folder.path().join("none");
    assert_eq!(problem(&*oci(&none, None)), Problem::NoSuchPath);
    assert_eq!(
        problem(&*docker(&none.join("x"), None)),
        Problem::NoSuchPath
    );
    fs::create_dir(&none).unwrap();
    assert_eq!(problem(&*oci(&none, None)), Problem::EmptyFolder);
    for (name, bytes, how) in [
        ("a.xz", &b"\xfd7zXZ\0rest"[..], "xz"),
        ("a.bz2", b"BZh9rest", "bzip2"),
    ] {
        let path = write(folder.path(), name, bytes);
        assert_eq!(problem(&*docker(&path, None)), Problem::Compressed { how });
    }
    for bytes in [
        &b"\x1f\x8b\x08rest of it"[..],
        b"\x28\xb5\x2f\xfdrest of it",
    ] {
        let path = write(folder.path(), "b", bytes);
        let found = problem(&*oci(&path, None));
        assert!(
            matches!(&found, Problem::Broken { file, .. } if file == "the archive"),
            "{found:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let started = Instant::now();
    for source in [oci(&pipe, None), docker(&pipe, None)] {
        let found = problem(&*source);
        assert!(matches!(found, Problem::NotAnImage { .. }), "{found:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "it waited");
}

#[test]
fn lists_that_are_broken_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, words) in [
        (&b""[..], "not JSON"),
        (b"{\"manifests\": 5}", "no \"manifests\""),
        (b"{\"manifests\": [], \"layers\": []}", "in two ways"),
    ] {
        let mut tar = Tar::new();
        tar.file("index.json", bytes);
        let path = write(folder.path(), "a", &gzip(&tar.finish()));
        let found = problem(&*oci(&path, None));
        assert!(
            matches!(&found, Problem::Broken { file, why } if file == "index.json" && why.contains(words)),
            "{found:?}"
        );
    }
    let mut tar = Tar::new();
    tar.file("oci-layout", b"{\"imageLayoutVersion\": \"2.0.0\"}")
        .file("index.json", b"{\"manifests\": []}");
    let path = write(folder.path(), "a", &tar.finish());
    let found = "2.0.0".to_owned();
    assert_eq!(
        problem(&*oci(&path, None)),
        Problem::LayoutVersion { found }
    );
    for (bytes, words) in [
        (&b""[..], "not JSON"),
        (b"{}", "not a list of images"),
        (b"[{\"RepoTags\": []}]", "image 0: it has no \"Config\""),
    ] {
        let mut tar = Tar::new();
        tar.file("manifest.json", bytes);
        let path = write(folder.path(), "a", &tar.finish());
        let found = problem(&*docker(&path, None));
        assert!(
            matches!(&found, Problem::Broken { file, why } if file == "manifest.json" && why.contains(words)),
            "{found:?}"
        );
    }
}

#[test]
fn lists_and_configs_past_their_limits_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let too_large = |found, limit| Problem::TooLarge {
        found: Some(found),
        limit,
    };
    let spaces = |size: u64| vec![b' '; usize::try_from(size).unwrap()];
    for packing in [<[u8]>::to_vec, gzip] {
        let mut tar = Tar::new();
        tar.file("manifest.json", &spaces(limits::DOCKER_LIST_BYTES + 1));
        let path = write(folder.path(), "a", &packing(&tar.finish()));
        assert_eq!(
            problem(&*docker(&path, None)),
            too_large(limits::DOCKER_LIST_BYTES + 1, limits::DOCKER_LIST_BYTES)
        );
        let mut saved = Saved::default();
        saved
            .tar
            .file("c", &spaces(limits::DOCKER_CONFIG_BYTES + 1));
        saved.list.push(json!({"Config": "c", "Layers": []}));
        let path = write(folder.path(), "b", &packing(&saved.finish()));
        assert_eq!(
            problem(&*docker(&path, None)),
            too_large(limits::DOCKER_CONFIG_BYTES + 1, limits::DOCKER_CONFIG_BYTES)
        );
        let mut tar = Tar::new();
        tar.file("index.json", &spaces(limits::MANIFEST_BYTES + 1));
        let path = write(folder.path(), "c", &packing(&tar.finish()));
        assert_eq!(
            problem(&*oci(&path, None)),
            too_large(limits::MANIFEST_BYTES + 1, limits::MANIFEST_BYTES)
        );
    }
}

#[test]
fn manifests_that_are_not_what_their_descriptor_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let other = layout.image("linux/arm64", &["layer"]);
    let bytes = fs::read(layout.blob_path(&other.digest)).unwrap();
    let good = fs::read(layout.blob_path(&image.digest)).unwrap();
    for (content, expected) in [
        (good[1..].to_vec(), Some("damaged: it has")),
        (bytes, Some("damaged: its bytes hash to")),
        (
            [&good[..good.len() - 1], b" "].concat(),
            Some("damaged: its bytes hash to"),
        ),
        (good.clone(), None),
    ] {
        fs::write(layout.blob_path(&image.digest), content).unwrap();
        let tar = of_folder(layout.folder(), "").finish();
        for packed in [tar.clone(), gzip(&tar)] {
            let path = write(folder.path(), "a", &packed);
            match (resolve(&*oci(&path, Some("1"))), expected) {
                (Ok(_), None) => {}
                (Err(error), Some(words)) => {
                    assert!(error.problem.to_string().contains(words), "{error}");
                    assert!(error.what.contains(image.digest.hex()), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    // two images of one name, in the list of a layout
    let mut entries = Vec::new();
    for image in [&image, &other] {
        let mut entry = serde_json::to_value(image).unwrap();
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
        entries.push(entry);
    }
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    fs::write(layout.folder().join("index.json"), index).unwrap();
    let path = write(folder.path(), "b", &of_folder(layout.folder(), "").finish());
    assert_eq!(
        problem(&*oci(&path, Some("1"))),
        Problem::NameTwice { count: 2 }
    );
    assert_eq!(one(&*oci(&path, Some("@1"))).0.digest(), &other.digest);
}

#[test]
fn an_image_that_another_prefix_reads_is_named_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let saved = std::fs::read(fixture("busybox-amd64-docker-archive.tar")).unwrap();
    let saved = [
        write(folder.path(), "saved.tar", &saved),
        write(folder.path(), "saved.tar.gz", &gzip(&saved)),
    ];
    let layout = fixture("buildkit-app");
    let archive = write(folder.path(), "a.tar", &of_folder(&layout, "").finish());
    let flat = fixture("busybox-dir-v2s2");
    for (asked, path, prefix) in [
        (Transport::OciArchive, &saved[0], "docker-archive:"),
        (Transport::OciArchive, &saved[1], "docker-archive:"),
        (Transport::OciArchive, &layout, "oci:"),
        (Transport::OciArchive, &flat, "dir:"),
        (Transport::DockerArchive, &layout, "oci:"),
        (Transport::Oci, &archive, "oci-archive:"),
        (Transport::Oci, &saved[0], "docker-archive:"),
        (Transport::Oci, &flat, "dir:"),
        (Transport::Dir, &layout, "oci:"),
        (Transport::Dir, &archive, "oci-archive:"),
    ] {
        let found = problem(&*source(asked, path, None));
        assert!(
            matches!(found, Problem::OtherTransport { .. }),
            "{asked:?} {path:?}: {found:?}"
        );
        let hint = format!("Write {prefix} before the path");
        assert!(
            found.hint().starts_with(&hint),
            "{asked:?} {path:?}: {found}"
        );
    }
    // an archive with a layout in it is read as that by either
    assert!(resolve(&*docker(&archive, None)).is_ok());
}
