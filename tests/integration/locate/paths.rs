//! Paths: what is there tells what it is.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use porthole::model::{ImageName, Reference, ReferenceError, Transport};
use porthole::transport::{LocateError, Problem, locate, recognise};
use tempfile::TempDir;

use super::{located, refused};
use crate::support::layout::{Layout, listing};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images")
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// A tar archive of empty files with these names, as ustar.
fn tar(names: &[&str]) -> Vec<u8> {
    let mut archive = Vec::new();
    for name in names {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        // a file of 5 bytes, so that content has to be stepped over
        header[124..135].copy_from_slice(b"00000000005");
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(b"12345");
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[test]
fn folders_of_the_fixtures_are_recognised() {
    let cases = [
        ("busybox-small", "oci"),
        ("buildkit-app", "oci"),
        ("busybox-dir-v2s2", "dir"),
        // the files that make a folder an image stand for it
        ("busybox-small/index.json", "oci"),
        ("busybox-small/oci-layout", "oci"),
        ("busybox-dir-v2s2/manifest.json", "dir"),
        ("busybox-dir-v2s2/version", "dir"),
    ];
    for (name, prefix) in cases {
        let folder = name.split('/').next().unwrap();
        let expected = format!("{prefix}:{}", fixtures().join(folder).display());
        let path = fixtures().join(name);
        assert_eq!(located(&path.display().to_string()), expected);
        assert_eq!(located(&format!("file://{}", path.display())), expected);
        assert_eq!(located(&format!(" '{}' ", path.display())), expected);
        let recognised = recognise(&path).unwrap();
        assert_eq!(Reference::Path(recognised).to_string(), expected);
    }
}

#[test]
fn a_name_behind_a_path() {
    let layout = fixtures().join("busybox-small").display().to_string();
    for name in ["1.37.0", "plain", "@2", "not/there:1"] {
        assert_eq!(
            located(&format!("{layout}:{name}")),
            format!("oci:{layout}:{name}")
        );
        assert_eq!(
            located(&format!("oci:{layout}:{name}")),
            format!("oci:{layout}:{name}")
        );
    }
    assert_eq!(located(&format!("{layout}:")), format!("oci:{layout}"));
    let dir = fixtures().join("busybox-dir-v2s2").display().to_string();
    let error = refused(&format!("{dir}:1"));
    assert!(
        matches!(&error, LocateError::Reference(ReferenceError::DirName(name)) if name == "1"),
        "{error:?}"
    );
}

#[test]
fn colons_in_paths_are_seen_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a:b/c:d");
    drop(Layout::new(&place));
    let shown = place.display().to_string();
    for text in [shown.clone(), format!("oci:{shown}")] {
        let Reference::Path(found) = locate(&text).unwrap().reference else {
            panic!();
        };
        assert_eq!((found.path, found.name), (place.clone(), None), "{text}");
        let Reference::Path(found) = locate(&format!("{text}:1")).unwrap().reference else {
            panic!();
        };
        let name = ImageName::Name("1".to_owned());
        assert_eq!(
            (found.path, found.name),
            (place.clone(), Some(name)),
            "{text}"
        );
    }
    // where nothing is there, the path ends at the first colon, as everywhere
    let absent = format!("oci:{}/none:x:y", folder.path().display());
    let Reference::Path(found) = locate(&absent).unwrap().reference else {
        panic!();
    };
    assert_eq!(found.path, folder.path().join("none"));
    assert_eq!(found.name, Some(ImageName::Name("x:y".to_owned())));
}

#[test]
fn a_text_that_can_only_be_a_path_is_never_a_registrys() {
    let missing = [
        "/no/such/folder",
        "./none",
        "../none/none",
        "~/no-such-folder-of-mine",
        "none/",
        "folder\\none",
        "C:\\images\\busybox",
        "C:/images/busybox",
        "/no/such/folder:1.37",
        "image.tar",
        "images/busybox.tar.gz",
        "/dev/null/x",
    ];
    for text in missing {
        match refused(text) {
            LocateError::Transport(error) => {
                assert_eq!(error.problem, Problem::NoSuchPath, "{text}");
                assert_eq!(error.place, text);
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let error = refused("/no/such/\u{202e}folder");
    assert!(error.to_string().contains("\\u{202e}"), "{error}");
}

#[test]
fn what_is_no_image_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::create_dir_all(folder.path().join("mixed/inner")).unwrap();
    write("mixed/a", b"");
    write("mixed/b", b"");
    fs::create_dir(folder.path().join("saved")).unwrap();
    write("saved/manifest.json", b"[{\"Config\": \"a.json\"}]");
    fs::create_dir(folder.path().join("page")).unwrap();
    write("page/manifest.json", b"{\"name\": \"a web page\"}");
    write("nothing", b"");
    write("words", b"only words");
    write("numbers.json", b" {\"a\": 1}");
    write("other.tar", &tar(&["etc/passwd", "sub/index.json"]));
    write("truncated.tar", &tar(&["a"])[..700]);
    let cases = [
        (
            "mixed",
            "a folder with 2 files and 1 folder, no index.json among them",
        ),
        ("saved", "a folder with 1 file, no index.json among them"),
        ("page", "a folder with 1 file, no index.json among them"),
        ("nothing", "an empty file"),
        ("words", "a file of 10 B"),
        ("numbers.json", "a JSON file that lies in no image folder"),
        (
            "other.tar",
            "a tar archive with neither index.json nor manifest.json",
        ),
        (
            "truncated.tar",
            "a tar archive with neither index.json nor manifest.json",
        ),
    ];
    let before = listing(folder.path());
    for (name, expected) in cases {
        match refused(&path(&folder, name)) {
            LocateError::Transport(error) => {
                let found = expected.to_owned();
                assert_eq!(error.problem, Problem::NotAnImage { found }, "{name}");
                assert_eq!(error.place, path(&folder, name));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let LocateError::Transport(error) = refused(&path(&folder, "empty")) else {
        panic!();
    };
    assert_eq!(error.problem, Problem::EmptyFolder);
    assert_eq!(listing(folder.path()), before, "nothing was written");
}

#[test]
fn a_folder_without_the_version_file_is_skopeos_where_its_manifest_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = fixtures().join("busybox-dir-v2s2/manifest.json");
    fs::copy(manifest, folder.path().join("manifest.json")).unwrap();
    let found = recognise(folder.path()).unwrap();
    assert_eq!(found.transport, Transport::Dir);
    // but not where that would take long to find out
    let file = File::create(folder.path().join("manifest.json")).unwrap();
    file.set_len(1 << 30).unwrap();
    assert!(recognise(folder.path()).is_err());
}

#[test]
fn archives_are_told_apart_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let mut file = File::create(folder.path().join(name)).unwrap();
        file.write_all(bytes).unwrap();
    };
    let blob = "blobs/sha256/0123456789012345678901234567890123456789012345678901234567890123";
    write(
        "layout.tar",
        &tar(&["blobs/", blob, "index.json", "oci-layout"]),
    );
    write("dotted.tar", &tar(&["./", "./index.json", "./oci-layout"]));
    write(
        "saved.tar",
        &tar(&["0123.json", "manifest.json", "repositories"]),
    );
    // Docker 25 and later: both, and the layout keeps the digests
    write(
        "both.tar",
        &tar(&[
            blob,
            "index.json",
            "manifest.json",
            "oci-layout",
            "repositories",
        ]),
    );
    write(
        "both-the-other-way.tar",
        &tar(&["manifest.json", "oci-layout", "index.json"]),
    );
    write("image.tar.gz", b"\x1f\x8b\x08rest");
    write("oci-image.tgz", b"\x1f\x8b\x08rest");
    write("image.tar.zst", b"\x28\xb5\x2f\xfdrest");
    write("OCI.tar.xz", b"\xfd7zXZ\0rest");
    // the content counts, not the name
    write("image.bin", &tar(&["oci-layout"]));
    let cases = [
        ("layout.tar", Transport::OciArchive),
        ("dotted.tar", Transport::OciArchive),
        ("saved.tar", Transport::DockerArchive),
        ("both.tar", Transport::OciArchive),
        ("both-the-other-way.tar", Transport::OciArchive),
        ("image.tar.gz", Transport::DockerArchive),
        ("oci-image.tgz", Transport::OciArchive),
        ("image.tar.zst", Transport::DockerArchive),
        ("OCI.tar.xz", Transport::OciArchive),
        ("image.bin", Transport::OciArchive),
    ];
    for (name, transport) in cases {
        let text = path(&folder, name);
        assert_eq!(located(&text), format!("{}:{text}", transport.prefix()));
        assert_eq!(
            located(&format!("{text}:a/b:1")),
            format!("{}:{text}:a/b:1", transport.prefix())
        );
    }
}

#[test]
fn addresses_of_file_managers() {
    let folder = tempfile::tempdir().unwrap();
    let name = "größe 50% #1?\u{202e}x";
    drop(Layout::new(folder.path().join(name)));
    let escaped: String = folder
        .path()
        .join(name)
        .display()
        .to_string()
        .bytes()
        .map(|byte| match byte {
            b'/' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    for text in [
        format!("file://{escaped}"),
        format!("FILE://localhost{escaped}\r\n"),
        format!("file:{escaped}"),
    ] {
        let Reference::Path(found) = locate(&text).unwrap().reference else {
            panic!();
        };
        assert_eq!(found.path, folder.path().join(name), "{text}");
        assert_eq!(found.transport, Transport::Oci);
    }
    let error = refused("file://fileserver/share/image");
    assert!(
        matches!(&error, LocateError::Web { host, .. } if host == "fileserver"),
        "{error:?}"
    );
    let LocateError::Transport(error) = refused("file:///no/such%20folder") else {
        panic!();
    };
    assert_eq!(error.place, "/no/such folder");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_is_opened_all_the_same() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
    drop(Layout::new(&place));
    let text = format!("file://{}/caf%E9", folder.path().display());
    let Reference::Path(found) = locate(&text).unwrap().reference else {
        panic!();
    };
    assert_eq!(found.path, place);
}

#[cfg(unix)]
#[test]
fn pipes_sockets_and_devices_are_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = path(&folder, "pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let socket = path(&folder, "s");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for text in [pipe, socket, "/dev/zero".to_owned()] {
        let LocateError::Transport(error) = refused(&text) else {
            panic!();
        };
        assert!(
            error.to_string().contains("a pipe, socket or device"),
            "{error}"
        );
    }
    // nor are those that have the name of a file that is read
    let layout = folder.path().join("layout");
    fs::create_dir(&layout).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(layout.join("manifest.json"))
        .status();
    assert!(made.unwrap().success());
    assert!(recognise(&layout).is_err());
}

#[test]
fn the_home_folder_is_found_behind_a_tilde() {
    // the test changes no variable of the process: it looks where the real home is
    let Some(home) = std::env::home_dir().filter(|home| home.is_dir()) else {
        return;
    };
    let Reference::Path(found) = locate("oci:~/no-such-layout:1").unwrap().reference else {
        panic!();
    };
    // nothing is there, and nothing was looked up but the file system
    assert!(
        found.path == home.join("no-such-layout") || found.path == Path::new("~/no-such-layout")
    );
    let error = refused("~");
    assert!(
        !error.to_string().contains("no such file"),
        "the home folder exists: {error}"
    );
}

#[test]
fn a_folder_that_is_called_like_an_image() {
    // relative names are looked up in the folder that the test runs in: the package's
    for (text, registry) in [
        ("src", "docker.io/library/src:latest"),
        ("tests/peers", "docker.io/tests/peers:latest"),
    ] {
        match refused(text) {
            LocateError::TakenByPath {
                error,
                registry: found,
            } => {
                assert_eq!(found.to_string(), registry);
                assert!(
                    matches!(error.problem, Problem::NotAnImage { .. }),
                    "{error}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
        let hint = refused(text).hint();
        assert_eq!(
            hint,
            format!("For the image of the registry write docker://{registry}")
        );
    }
    // with a tag it is the registry's, unless the folder is an image
    assert_eq!(located("src:1"), "docker://docker.io/library/src:1");
    assert_eq!(
        located("tests/fixtures/images/busybox-small:plain"),
        "oci:tests/fixtures/images/busybox-small:plain"
    );
    assert_eq!(
        located("tests/fixtures/images/busybox-small"),
        "oci:tests/fixtures/images/busybox-small"
    );
    assert_eq!(
        located("docker://src"),
        "docker://docker.io/library/src:latest"
    );
    // a name that no registry can have is said to be what it is here
    assert!(matches!(refused("Cargo.toml"), LocateError::Transport(_)));
}
