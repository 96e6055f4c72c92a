//! Archives are signed and attached to: written anew in one go, read by everybody else, and
//! nothing of them is lost.

use porthole::model::{Descriptor, ImageName, MediaType, PathReference, Transport};
use porthole::signature::sign::{Artifact, artifact};
use porthole::transport::layout::LayoutArchiveDestination;
use porthole::transport::{Destination, Naming, Problem, attach};
use serde_json::Value;

use super::place::{cosign_verify, index, registry};
use super::{Home, said};
#[cfg(unix)]
use crate::support::archive::{Tar, of_folder};
use crate::support::archive::{fixture, gzip, zstd};

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","name":"app","packages":[]}"#;

/// An archive with an index of two platforms.
pub fn archive(home: &Home) -> String {
    let layout = index(&home.path("layout"));
    let archive = format!("oci-archive:{}:all", home.path("image.tar").display());
    home.run(&["copy", &layout, &archive]);
    archive
}

/// The names of what lies beside the archive and was made for it.
pub fn beside(home: &Home) -> Vec<String> {
    std::fs::read_dir(home.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("image.tar") && name != "image.tar")
        .collect()
}

/// The types of what refers to the index.
pub fn referrers(home: &Home, reference: &str) -> Vec<String> {
    let shown = home.run(&["referrers", reference, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let mut types: Vec<_> = shown["referrers"]
        .as_array()
        .unwrap_or_else(|| panic!("{shown}"))
        .iter()
        .map(|entry| {
            entry["artifactType"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    types.sort();
    types
}

#[test]
fn an_archive_is_signed_by_several_and_attached_to_and_others_read_it() {
    let home = Home::new();
    let reference = archive(&home);
    let first = home.key("first", "p256");
    let second = home.key("second", "ed25519");
    std::fs::write(home.path("sbom.json"), SPDX).unwrap();
    let before = std::fs::metadata(home.path("image.tar")).unwrap().len();
    home.run(&["sign", &reference, "--key", "first", "--recursive"]);
    // two in one go under one of cosign's names: neither takes the other's place
    let both = ["sign", &reference, "--key", "first", "--key", "second"];
    home.run(&[&both[..], &["--format", "cosign"]].concat());
    let attached = home.run(&["attach", &reference, "sbom.json", "--json"]);
    let attached: Value = serde_json::from_str(&attached).unwrap();
    assert!(std::fs::metadata(home.path("image.tar")).unwrap().len() > before);
    home.run(&["verify", "--all-platforms", "--key", &first, &reference]);
    home.run(&["verify", "--key", &second, &reference]);
    assert!(referrers(&home, &reference).contains(&"application/spdx+json".to_owned()));
    assert_eq!(beside(&home), Vec::<String>::new(), "nothing is left");

    // skopeo reads what was written, and cosign what is copied out of it
    let to = format!("dir:{}", home.path("out").display());
    if let Some(copied) = home.peer("skopeo", &["copy", "--all", &reference, &to]) {
        assert!(copied.status.success(), "{}", said(&copied));
    }
    if let Some(host) = registry(1, "plain") {
        let image = format!("{host}/signing-archive-{}:all", std::process::id());
        home.run(&["copy", &reference, &format!("docker://{image}")]);
        for (key, bundle) in [(&first, true), (&first, false), (&second, false)] {
            if let Some((accepted, said)) = cosign_verify(&home, key, bundle, &image) {
                assert!(accepted, "{said}");
            }
        }
    }

    // one is taken back, the others stay
    let sbom = attached["written"][0]["digest"].as_str().unwrap();
    let all = referrers(&home, &reference).len();
    home.run(&["attach", &reference, "--remove", sbom]);
    let left = referrers(&home, &reference);
    assert!(
        !left.contains(&"application/spdx+json".to_owned()),
        "{left:?}"
    );
    assert_eq!(left.len(), all - 1, "{left:?}");
    home.run(&["verify", "--all-platforms", "--key", &first, &reference]);
}

#[test]
fn a_wrong_passphrase_leaves_an_archive_as_it_was() {
    let home = Home::new();
    let reference = archive(&home);
    home.key("first", "p256");
    let before = std::fs::read(home.path("image.tar")).unwrap();
    let output = home
        .porthole(&["sign", &reference, "--key", "first"])
        .env("COSIGN_PASSWORD", "wrong")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(std::fs::read(home.path("image.tar")).unwrap(), before);
}

/// Something about `subject`; `name` tells it from others.
fn mark(subject: &Descriptor, name: &str) -> Artifact {
    let annotations = [("mark".to_owned(), name.to_owned())].into();
    artifact("application/x-mark", &[], subject, &annotations)
}

#[test]
fn what_somebody_else_wrote_into_an_archive_meanwhile_is_not_lost() {
    let home = Home::new();
    let reference = archive(&home);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let path = PathReference {
        name: Some(ImageName::Name("all".to_owned())),
        ..PathReference::new(Transport::OciArchive, home.path("image.tar"))
    };
    let destination = || LayoutArchiveDestination::new(path.clone());
    runtime.block_on(async {
        let (slow, quick) = (destination(), destination());
        let digest = slow.current().await.unwrap().expect("it is there");
        let subject = Descriptor::new(MediaType::OCI_INDEX, digest, 1);
        let put = async |place: &LayoutArchiveDestination, name: &str| {
            let made = mark(&subject, name);
            attach(place, &made.blobs, &made.manifest).await.unwrap();
        };
        put(&quick, "quick").await;
        quick.commit().await.unwrap();
        put(&slow, "slow").await;
        slow.commit().await.unwrap();
    });
    let marks = referrers(&home, &reference);
    assert_eq!(marks, ["application/x-mark", "application/x-mark"]);
    // where what it found there is gone by then, nothing is changed
    let other = format!("oci-archive:{}:all", home.path("other.tar").display());
    home.run(&[
        "copy",
        "--single",
        "--platform",
        "local",
        "--no-referrers",
        &reference,
        &other,
    ]);
    runtime.block_on(async {
        let late = destination();
        let digest = late.current().await.unwrap().expect("it is there");
        let found = Descriptor::of_unknown_size(MediaType::OCI_INDEX, digest);
        assert!(late.has_blob(&found).await.unwrap());
        std::fs::rename(home.path("other.tar"), home.path("image.tar")).unwrap();
        let before = std::fs::read(home.path("image.tar")).unwrap();
        late.put_manifest(&mark(&found, "late").manifest, Naming::Digest)
            .await
            .unwrap();
        let error = late.commit().await.unwrap_err();
        assert!(
            matches!(error.problem, Problem::WrittenMeanwhile),
            "{error}"
        );
        assert_eq!(std::fs::read(home.path("image.tar")).unwrap(), before);
    });
}

/// What of an archive's entries is no layout's, byte for byte as it lies there.
#[cfg(unix)]
fn others() -> Tar {
    let mut others = Tar::new();
    others
        .file("README.txt", b"read me")
        .file("extra/z", &[7; 1000])
        .file("blobs/sha256/notes", b"no blob")
        .file("../above", b"no name to ask for")
        .symlink("latest", "README.txt")
        .special(tar::EntryType::Fifo, "pipe")
        .pax(&[("path", &"long/".repeat(30)), ("comment", "mine")])
        .file("long", b"far down");
    others
}

#[test]
#[cfg(unix)]
fn what_is_no_blob_stays_in_an_archive_and_so_do_its_rights_and_the_link_to_it() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    index(&home.path("layout"));
    let others = others().unfinished();
    let mut made = of_folder(&home.path("layout"), "");
    std::fs::write(home.path("image.tar"), made.raw(&others).finish()).unwrap();
    let rights = |mode| std::fs::Permissions::from_mode(mode);
    symlink("image.tar", home.path("link.tar")).unwrap();
    let link = format!("oci-archive:{}:1.37.0", home.path("link.tar").display());
    let reference = format!("oci-archive:{}:1.37.0", home.path("image.tar").display());
    let first = home.key("first", "p256");
    for mode in [0o600, 0o664] {
        std::fs::set_permissions(home.path("image.tar"), rights(mode)).unwrap();
        home.run(&["sign", &link, "--key", "first"]);
        assert!(home.path("link.tar").is_symlink(), "the link stays one");
        let there = std::fs::metadata(home.path("image.tar")).unwrap();
        assert_eq!(there.permissions().mode() & 0o7777, mode);
        home.run(&["verify", "--key", &first, &reference]);
        let bytes = std::fs::read(home.path("image.tar")).unwrap();
        let found = bytes.windows(others.len()).filter(|part| *part == others);
        assert_eq!(found.count(), 1, "once each, and as it was");
    }
    assert_eq!(beside(&home), Vec::<String>::new(), "nothing is left");
}

#[test]
fn what_signing_would_unpack_or_make_a_lie_is_refused_and_stays() {
    let home = Home::new();
    let reference = archive(&home);
    home.key("first", "p256");
    let plain = std::fs::read(home.path("image.tar")).unwrap();
    let saved = std::fs::read(fixture("buildkit-docker-save.tar")).unwrap();
    for (bytes, name, words) in [
        (gzip(&plain), ":all", "compressed with gzip"),
        (zstd(&plain), ":all", "compressed with zstd"),
        (saved, "", "docker save"),
    ] {
        std::fs::write(home.path("image.tar"), &bytes).unwrap();
        let reference = reference.replace(":all", name);
        for more in [&[][..], &["--plan"]] {
            let error = home.fail(&[&["sign", &reference, "--key", "first"], more].concat());
            assert!(error.contains(words), "{error}");
            assert!(error.contains("a new archive or folder"), "{error}");
            assert!(!error.contains("the folder holds"), "{error}");
        }
        assert!(std::fs::read(home.path("image.tar")).unwrap() == bytes);
    }
}

#[test]
#[cfg(unix)]
fn the_list_of_a_layout_keeps_its_rights_and_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    let reference = index(&home.path("layout"));
    let first = home.key("first", "p256");
    let [list, real] = ["layout/index.json", "layout/list.json"].map(|name| home.path(name));
    std::fs::rename(&list, &real).unwrap();
    symlink("list.json", &list).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    home.run(&["sign", &reference, "--key", "first"]);
    assert!(list.is_symlink());
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    home.run(&["verify", "--key", &first, &reference]);
}
