//! Places on this machine that belong to somebody else, or to another copy.

use std::fs;

use porthole::copy::CopyOptions;
use serde_json::{Value, json};

use super::{app, at, busybox, copy, digest, no_referrers, refusal, try_copy};
use crate::support::archive::gzip;
use crate::support::layout::{Layout, listing};

#[tokio::test]
async fn a_list_of_something_else_and_a_layout_of_another_version_stay_as_they_are() {
    let entry = json!({"mediaType": "a/b", "digest": "sha256:00", "size": 1});
    for (name, content, words) in [
        ("index.json", json!({"name": "my site"}), "lists no images"),
        (
            "index.json",
            json!({"schemaVersion": 2, "manifests": [entry]}),
            "lists no images",
        ),
        (
            "index.json",
            json!({"schemaVersion": 2, "manifests": {}}),
            "lists no images",
        ),
        (
            "index.json",
            json!({"schemaVersion": 1, "manifests": []}),
            "lists no images",
        ),
        (
            "oci-layout",
            json!({"imageLayoutVersion": "2.0.0"}),
            "version",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, content.to_string()).unwrap();
        let to = at("oci", folder.path(), "x");
        let why = refusal(&app(), &to, &CopyOptions::default()).await;
        assert!(why.contains(words), "{content}: {why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content.to_string());
        assert_eq!(listing(folder.path()).len(), 1, "{content}");
    }
    // a layout without its mark is one all the same
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    copy(&app(), &to, &CopyOptions::default()).await;
    fs::remove_file(folder.path().join("oci-layout")).unwrap();
    let more = at("oci", folder.path(), "y");
    copy(&app(), &more, &CopyOptions::default()).await;
    assert_eq!(digest(&more).await, digest(&to).await);
}

#[tokio::test]
async fn copies_to_one_archive_at_once_leave_one_of_them_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar");
    for _ in 0..4 {
        // what a copy left that was killed while others gathered
        let left = folder.path().join(".partial-a.tar-4194305-0");
        fs::create_dir(left).unwrap();
        let copies = (0..8).map(|_| {
            let to = at("docker-archive", &archive, "a:1");
            tokio::spawn(async move { try_copy(&busybox(), &to, &no_referrers()).await })
        });
        let ended = futures_util::future::join_all(copies).await;
        let mut written = 0;
        for ended in ended {
            match ended.unwrap() {
                Ok(_) => written += 1,
                Err(error) => assert!(error.to_string().contains("there already"), "{error}"),
            }
        }
        assert_eq!(written, 1);
        assert_eq!(listing(folder.path()).len(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_file(&archive).unwrap();
    }
}

#[tokio::test]
async fn a_copy_that_can_never_be_made_leaves_nothing_beside_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("docker-archive", &folder.path().join("out/x.tar"), "a:1");
    let mut layout = Layout::new(folder.path().join("from"));
    let config = layout.document(
        porthole::model::MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers",
                "diff_ids": [porthole::model::Digest::sha256(b"another")]}}),
    );
    for (name, bytes) in [
        ("lying", gzip(b"layer")),
        ("broken", gzip(b"layer")[..9].to_vec()),
    ] {
        let layer = layout.blob("application/vnd.oci.image.layer.v1.tar+gzip", &bytes);
        let image = layout.manifest(&config, &[layer]);
        layout.name(name, &image);
        refusal(&layout.reference(name), &to, &no_referrers()).await;
        let left = fs::read_dir(folder.path().join("out")).unwrap().count();
        assert_eq!(left, 0, "{name}");
    }
}

#[tokio::test]
async fn a_name_that_is_given_twice_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar");
    let options = CopyOptions {
        also: ["foo:latest", "foo:2"].map(ToOwned::to_owned).to_vec(),
        ..no_referrers()
    };
    copy(&busybox(), &at("docker-archive", &archive, "foo"), &options).await;
    let mut tar = tar::Archive::new(fs::File::open(&archive).unwrap());
    let mut entries = tar.entries().unwrap();
    let list = entries.find_map(|entry| {
        let entry = entry.unwrap();
        let is_list = entry.path().unwrap().ends_with("manifest.json");
        is_list.then(|| serde_json::from_reader::<_, Value>(entry).unwrap())
    });
    let names = &list.unwrap()[0]["RepoTags"];
    let expected = ["latest", "2"].map(|tag| format!("docker.io/library/foo:{tag}"));
    assert_eq!(names, &json!(expected));
}
