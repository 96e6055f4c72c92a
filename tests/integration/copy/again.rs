//! What is copied once more, and looked at later.

use std::fs;
use std::path::Path;

use porthole::copy::{CopyOptions, Format, check};
use porthole::model::{Algorithm, Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use super::{at, busybox, client, copy, open, prepare, try_copy, wrong};
use crate::support::layout::{Layout, entry};
use crate::support::schema1;

/// Changes a byte of a file and leaves its size.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes[0] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn foreign_layers_of_an_index_are_fetched_though_its_images_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "windows", "architecture": "amd64"}),
    );
    let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let mut foreign = layout.blob(kind, b"far");
    foreign.urls = vec!["https://example.org/far".to_owned()];
    let image = layout.manifest(&config, std::slice::from_ref(&foreign));
    let index = layout.index(&[entry(&image, "windows/amd64")]);
    layout.name("x", &index);
    let from = layout.reference("x");
    let fetched = CopyOptions {
        foreign_layers: true,
        ..CopyOptions::default()
    };
    for to in [
        at("oci", &folder.path().join("to"), "x"),
        at("dir", &folder.path().join("flat"), ""),
    ] {
        copy(&from, &to, &CopyOptions::default()).await;
        let read = |to: String, layer: Descriptor| async move {
            porthole::transport::read_blob(&*open(&to), &layer, 10).await
        };
        assert!(read(to.clone(), foreign.clone()).await.is_err(), "{to}");
        let report = copy(&from, &to, &fetched).await;
        assert!(read(to.clone(), foreign.clone()).await.is_ok(), "{to}");
        // the manifests are there and are not written again
        assert!(report.documents.iter().all(|d| d.how == "present"), "{to}");
        let again = prepare(&from, &to, &fetched).await.unwrap();
        assert!(again.plan.is_done(), "{}", again.plan.text(&[]));
    }
}

#[tokio::test]
async fn what_was_there_before_a_copy_is_checked_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let first = copy(&busybox(), &to, &CopyOptions::default()).await;
    let report = copy(&busybox(), &to, &CopyOptions::default()).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
    for blob in &first.blobs {
        let file = folder.path().join("blobs/sha256").join(blob.digest.hex());
        damage(&file);
        let items = check(&report, open(&to), |_| None).await;
        let wrong: Vec<_> = items.iter().filter(|item| item.problem.is_some()).collect();
        let [item] = wrong.as_slice() else {
            panic!("{wrong:?}");
        };
        assert_eq!(
            (&item.digest, item.file.as_ref()),
            (&blob.digest, Some(&file))
        );
        damage(&file);
    }
}

#[tokio::test]
async fn of_two_images_without_a_name_each_is_found_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let to = at("oci", &folder.path().join("to"), "");
    let mut reports = Vec::new();
    for name in ["a", "b"] {
        let image = layout.image("linux/amd64", &[name]);
        layout.name(name, &image);
        reports.push(copy(&layout.reference(name), &to, &CopyOptions::default()).await);
    }
    for report in &reports {
        assert_eq!(wrong(&client(), report).await, [""; 0]);
    }
    let mut other = reports[0].clone();
    other.digest = Digest::sha256(b"another");
    let wrong = wrong(&client(), &other).await;
    assert!(wrong[0].contains("none of the 2 images"), "{wrong:?}");
}

#[tokio::test]
async fn an_image_by_another_hash_is_found_and_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    fs::create_dir_all(layout.folder().join("blobs/sha512")).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::of(Algorithm::Sha512, bytes);
        fs::write(layout.blob_path(&digest), bytes).unwrap();
        Descriptor::new(media_type, digest, bytes.len() as u64)
    };
    let document =
        |media_type: &str, value: Value| blob(media_type, &serde_json::to_vec(&value).unwrap());
    let config = document(
        MediaType::OCI_CONFIG,
        json!({"os": "linux", "architecture": "amd64"}),
    );
    let layer = blob(MediaType::OCI_LAYER, b"a");
    let image = document(
        MediaType::OCI_MANIFEST,
        json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "config": config, "layers": [layer],
        }),
    );
    layout.name("x", &image);
    let from = layout.reference("x");
    let to = at("dir", &folder.path().join("to"), "");
    for done in [false, true] {
        let prepared = prepare(&from, &to, &CopyOptions::default()).await.unwrap();
        let text = prepared.plan.text(&[]);
        assert_eq!(prepared.plan.is_done(), done, "{text}");
        let report = prepared.run().await.unwrap();
        assert_eq!(report.digest, image.digest);
        assert_eq!(wrong(&client(), &report).await, [""; 0]);
    }
}

#[tokio::test]
async fn an_image_of_schema_1_is_refused_wherever_it_should_go() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = serde_json::to_vec(&schema1::image()).unwrap();
    schema1::write(folder.path(), &manifest);
    let from = at("dir", folder.path(), "");
    let to = folder.path().join("to");
    for format in [Format::Keep, Format::Oci, Format::Docker] {
        for (kind, name) in [("oci", "x"), ("dir", ""), ("docker-archive", "a:1")] {
            let options = CopyOptions {
                format,
                ..CopyOptions::default()
            };
            let why = try_copy(&from, &at(kind, &to, name), &options).await;
            let why = why.unwrap_err().to_string();
            assert!(why.contains("Docker's schema 1"), "{why}");
            assert!(why.contains("comes later"), "{why}");
            assert!(!to.exists(), "nothing was written");
        }
    }
}
