//! Into layout folders: what is copied, what is refused, and what stays as it was.

use std::fs;

use porthole::copy::{BlobAction, CopyOptions, Format, Role, Selection, check};
use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use super::{
    app, at, busybox, content, copy, digest, entries, no_referrers, open, platforms, prepare,
    refusal, signed, try_copy,
};
use crate::support::layout::{Layout, entry, listing};
use crate::support::referrer;

#[tokio::test]
async fn an_index_is_copied_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", &folder.path().join("new"), "x");
    for from in [app(), busybox()] {
        let report = copy(&from, &to, &CopyOptions::default()).await;
        assert_eq!(report.digest, digest(&from).await);
        assert_eq!(report.digest, report.from);
        assert_eq!(content(&from).await, content(&to).await);
    }
    // the name has moved, and what it stood for is there without one
    let index = fs::read(folder.path().join("new/index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let listed = index["manifests"].as_array().unwrap();
    let moved = digest(&app()).await.to_string();
    let before = listed.iter().find(|entry| entry["digest"] == moved);
    assert_eq!(before.unwrap()["annotations"], Value::Null);
    // and nothing is left of the writing
    for (path, _) in listing(folder.path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!name.contains("partial") && name != ".lock", "{name}");
    }
}

#[tokio::test]
async fn what_refers_to_an_image_comes_along() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let report = copy(&signed(), &to, &CopyOptions::default()).await;
    let roles: Vec<_> = report.documents.iter().map(|d| d.role.as_str()).collect();
    assert_eq!(roles.iter().filter(|role| **role == "referrer").count(), 8);
    assert_eq!(roles.last(), Some(&"image"), "the image comes last");
    let before = referrer::tree(&open(&signed()), &report.digest).await;
    let after = referrer::tree(&open(&to), &report.digest).await;
    let sorted = |tree| {
        let mut lines = referrer::lines(tree);
        lines.sort();
        lines
    };
    assert_eq!(sorted(&after), sorted(&before));
    assert!(
        before.walk().any(|(depth, _)| depth == 1),
        "one refers to a referrer"
    );
    let alone = tempfile::tempdir().unwrap();
    let to = at("oci", alone.path(), "x");
    let options = CopyOptions {
        no_referrers: true,
        ..CopyOptions::default()
    };
    let report = copy(&signed(), &to, &options).await;
    assert!(report.documents.iter().all(|d| d.role != "referrer"));
    assert_eq!(content(&signed()).await, content(&to).await);
    assert!(referrer::tree(&open(&to), &report.digest).await.is_empty());
}

#[tokio::test]
async fn artifact_manifests_of_the_drafts_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    let kind = "application/vnd.oci.artifact.manifest.v1+json";
    let note = layout.blob("text/plain", b"a note about it");
    let about = layout.document(
        kind,
        &serde_json::json!({
            "mediaType": kind, "artifactType": "text/x", "blobs": [note], "subject": image,
        }),
    );
    layout.list(serde_json::to_value(&about).unwrap());
    let alone = layout.document(
        kind,
        &serde_json::json!({"mediaType": kind, "artifactType": "text/x", "blobs": [note]}),
    );
    layout.name("alone", &alone);
    for (kind, place) in [("oci", "to"), ("oci-archive", "to.tar")] {
        let to = |name: &str| at(kind, &folder.path().join(place), name);
        let report = copy(&layout.reference("x"), &to("x"), &CopyOptions::default()).await;
        assert_eq!(report.documents.len(), 2);
        let tree = referrer::tree(&open(&to("x")), &image.digest).await;
        let found: Vec<_> = tree
            .walk()
            .map(|(_, n)| n.descriptor.digest.clone())
            .collect();
        assert_eq!(found, std::slice::from_ref(&about.digest));
        let source = open(&to("x"));
        let there = porthole::transport::read_blob(&*source, &note, 100)
            .await
            .unwrap();
        assert_eq!(there.bytes(), &b"a note about it"[..]);
    }
    // by itself, also over another image and again: its files stay
    let flat = folder.path().join("flat");
    let to = at("dir", &flat, "");
    copy(&layout.reference("x"), &to, &no_referrers()).await;
    for _ in 0..2 {
        copy(&layout.reference("alone"), &to, &CopyOptions::default()).await;
        assert_eq!(
            fs::read(flat.join(note.digest.hex())).unwrap(),
            b"a note about it"
        );
    }
    let docker = CopyOptions {
        format: Format::Oci,
        ..CopyOptions::default()
    };
    let to = at("oci", &folder.path().join("converted"), "x");
    let why = refusal(&layout.reference("alone"), &to, &docker).await;
    assert!(why.contains("of which no other is made"), "{why}");
}

#[tokio::test]
async fn what_names_files_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = "application/vnd.oci.artifact.manifest.v1+json";
    let note = b"a note about it";
    let note = Descriptor::new("text/plain", Digest::sha256(note), note.len() as u64);
    let broken = serde_json::json!({"mediaType": "text/plain", "digest": "sha256:short"});
    for (name, kind, blobs) in [
        ("one", artifact, serde_json::json!([note, broken])),
        ("list", artifact, serde_json::json!({"0": note})),
        ("layer", MediaType::OCI_MANIFEST, serde_json::json!([])),
    ] {
        let mut layout = Layout::new(folder.path().join(format!("from-{name}")));
        layout.blob("text/plain", b"a note about it");
        let image = layout.image("linux/amd64", &["a"]);
        let mut about = serde_json::json!({
            "schemaVersion": 2, "mediaType": kind, "artifactType": "text/x", "subject": image,
            "blobs": blobs,
        });
        if name == "layer" {
            about["config"] = serde_json::to_value(&note).unwrap();
            about["layers"] = serde_json::json!([broken]);
        }
        let about = layout.document(kind, &about);
        layout.name("x", &image);
        layout.list(serde_json::to_value(&about).unwrap());
        layout.name("alone", &about);
        let to = at("oci", &folder.path().join(name), "x");
        let why = refusal(&layout.reference("x"), &to, &CopyOptions::default()).await;
        assert!(why.contains(&about.digest.to_string()), "{name}: {why}");
        refusal(&layout.reference("alone"), &to, &CopyOptions::default()).await;
        copy(&layout.reference("x"), &to, &no_referrers()).await;
    }
}

#[tokio::test]
async fn a_destination_with_a_digest_must_match() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Digest::sha256(b"another");
    let to = at("oci", folder.path(), &format!("@{wrong}"));
    let why = refusal(&app(), &to, &CopyOptions::default()).await;
    assert!(why.contains(&wrong.to_string()), "{why}");
    let right = digest(&app()).await;
    let to = at("oci", folder.path(), &format!("@{right}"));
    copy(&app(), &to, &CopyOptions::default()).await;
    assert_eq!(content(&app()).await, content(&to).await);
    // that of the list also where one of its images is copied, and the list as it is
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/arm64"])
    };
    let alone = tempfile::tempdir().unwrap();
    let listed = at("oci", alone.path(), &format!("@{right}"));
    copy(&app(), &listed, &sparse).await;
    assert_eq!(digest(&listed).await, right);
    let why = refusal(&app(), &listed, &platforms(&["linux/arm64"])).await;
    assert!(why.contains("the image would be"), "{why}");
    // and an image by its own digest
    let one = entries(&app()).await[0].digest.clone();
    let to = at("oci", folder.path(), &format!("@{one}"));
    let from = at(
        "oci",
        &crate::support::archive::fixture("buildkit-app"),
        &format!("@{one}"),
    );
    copy(&from, &to, &CopyOptions::default()).await;
}

/// A layout with an index of two images named `x`.
pub fn two_platforms(folder: &std::path::Path) -> Layout {
    let mut layout = Layout::new(folder);
    let amd64 = layout.image("linux/amd64", &["a", "shared"]);
    let arm64 = layout.image("linux/arm64", &["b", "shared"]);
    let index = layout.index(&[entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")]);
    layout.name("x", &index);
    layout
}

#[tokio::test]
async fn signatures_are_left_behind_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    layout.blob(MediaType::OCI_EMPTY, b"{}");
    for (kind, mark) in [(referrer::NOTATION, "signature"), (referrer::SPDX, "bill")] {
        layout.blob(kind, mark.as_bytes());
        let about = referrer::manifest(kind, &image, mark);
        let about = layout.document(MediaType::OCI_MANIFEST, &about);
        layout.list(serde_json::to_value(&about).unwrap());
    }
    let to = at("oci", &folder.path().join("to"), "x");
    let options = CopyOptions {
        remove_signatures: true,
        ..CopyOptions::default()
    };
    let report = copy(&layout.reference("x"), &to, &options).await;
    assert_eq!(report.left_behind.len(), 1, "{:?}", report.left_behind);
    let tree = referrer::tree(&open(&to), &image.digest).await;
    let kinds: Vec<_> = tree.walk().map(|(_, node)| node.kind.to_string()).collect();
    assert_eq!(kinds.len(), 1);
    assert!(kinds[0].contains("SBOM"), "{kinds:?}");
}

#[tokio::test]
async fn foreign_layers_are_left_or_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "windows", "architecture": "amd64"}),
    );
    let mut foreign = layout.blob(
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        b"far",
    );
    foreign.urls = vec!["https://example.org/far".to_owned()];
    let image = layout.manifest(&config, std::slice::from_ref(&foreign));
    layout.name("x", &image);
    let to = folder.path().join("to");
    let plan = prepare(
        &layout.reference("x"),
        &at("oci", &to, "x"),
        &CopyOptions::default(),
    )
    .await
    .unwrap();
    let actions: Vec<_> = plan.plan.blobs.iter().map(|blob| blob.action).collect();
    assert_eq!(actions, [BlobAction::Copy, BlobAction::Leave]);
    let report = plan.run().await.unwrap();
    assert_eq!(report.blobs[1].how, "left");
    let blob = to.join("blobs/sha256").join(foreign.digest.hex());
    assert!(!blob.exists());
    let options = CopyOptions {
        foreign_layers: true,
        ..CopyOptions::default()
    };
    copy(&layout.reference("x"), &at("oci", &to, "x"), &options).await;
    assert_eq!(fs::read(blob).unwrap(), b"far");
}

#[tokio::test]
async fn what_a_report_names_is_checked_later() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let report = copy(&app(), &to, &CopyOptions::default()).await;
    let items = check(&report, open(&to), |_| None).await;
    assert_eq!(items.len(), report.documents.len() + report.blobs.len());
    assert!(items.iter().all(|item| item.problem.is_none()), "{items:?}");
    // the name leads elsewhere, and back
    copy(&busybox(), &to, &CopyOptions::default()).await;
    let items = check(&report, open(&to), |_| None).await;
    let wrong: Vec<_> = items.iter().filter(|item| item.problem.is_some()).collect();
    let [moved] = wrong.as_slice() else {
        panic!("{wrong:?}");
    };
    assert_eq!(moved.digest, report.digest);
    let found = digest(&busybox()).await.to_string();
    assert!(
        moved.problem.as_ref().unwrap().contains(&found),
        "{moved:?}"
    );
    copy(&app(), &to, &CopyOptions::default()).await;
    let damaged = &report.blobs[0].digest;
    let path = folder.path().join("blobs/sha256").join(damaged.hex());
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] = !bytes[0];
    fs::write(&path, bytes).unwrap();
    let gone = &report.blobs[1].digest;
    fs::remove_file(folder.path().join("blobs/sha256").join(gone.hex())).unwrap();
    let items = check(&report, open(&to), |_| None).await;
    let wrong: Vec<_> = items.iter().filter(|item| item.problem.is_some()).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert_eq!(&wrong[0].digest, damaged);
    assert_eq!(&wrong[1].digest, gone);
    // where no manifest is kept, the name is told by itself
    let archive = folder.path().join("a.tar");
    let to = at("docker-archive", &archive, "a:1");
    let report = copy(&busybox(), &to, &no_referrers()).await;
    let items = check(&report, open(&to), |_| None).await;
    assert!(items.iter().all(|item| item.problem.is_none()), "{items:?}");
    let other = open(&at("docker-archive", &archive, "a:2"));
    let items = check(&report, other, |_| None).await;
    assert_eq!(items[0].digest, report.digest);
    let problem = items[0].problem.as_deref().unwrap_or_default();
    assert!(problem.contains("its name leads nowhere"), "{items:?}");
}

#[tokio::test]
async fn nothing_is_written_where_all_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    copy(&app(), &to, &CopyOptions::default()).await;
    let before = listing(folder.path());
    let prepared = prepare(&app(), &to, &CopyOptions::default()).await.unwrap();
    assert!(prepared.plan.is_done(), "{}", prepared.plan.text(&[]));
    let report = prepared.run().await.unwrap();
    assert_eq!(report.bytes_sent, 0);
    assert_eq!(listing(folder.path()), before);
}

#[tokio::test]
async fn a_blob_that_is_not_there_is_told_with_its_platforms() {
    let folder = tempfile::tempdir().unwrap();
    let layout = two_platforms(&folder.path().join("from"));
    let from = layout.reference("x");
    let only = Digest::sha256(b"b");
    fs::remove_file(layout.blob_path(&only)).unwrap();
    let to = at("oci", &folder.path().join("to"), "x");
    let why = refusal(&from, &to, &CopyOptions::default()).await;
    assert!(
        why.contains(&only.to_string()) && why.contains("linux/arm64"),
        "{why}"
    );
    assert!(!why.contains("linux/amd64"), "{why}");
    let failed = try_copy(&from, &to, &CopyOptions::default()).await;
    let hint = failed.unwrap_err().hint();
    assert!(hint.contains("(--platform linux/amd64),"), "{hint}");
    copy(&from, &to, &platforms(&["linux/amd64"])).await;
    // one that both need
    fs::remove_file(layout.blob_path(&Digest::sha256(b"shared"))).unwrap();
    let to = at("oci", &folder.path().join("other"), "x");
    let why = refusal(&from, &to, &CopyOptions::default()).await;
    assert!(
        why.contains("linux/amd64") || why.contains("linux/arm64"),
        "{why}"
    );
}

#[tokio::test]
async fn a_blob_of_other_bytes_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let layout = two_platforms(&folder.path().join("from"));
    let blob = Digest::sha256(b"shared");
    fs::write(layout.blob_path(&blob), b"SHARED").unwrap();
    let target = folder.path().join("to");
    let to = at("oci", &target, "x");
    let why = refusal(&layout.reference("x"), &to, &CopyOptions::default()).await;
    // it is the source that is damaged
    let damaged = format!("blob {blob} of {}", layout.reference("x"));
    assert!(why.contains(&damaged), "{why}");
    assert!(!target.join("index.json").exists());
    assert!(!target.join("blobs/sha256").join(blob.hex()).exists());
    fs::write(layout.blob_path(&blob), b"shared").unwrap();
    copy(&layout.reference("x"), &to, &CopyOptions::default()).await;
    assert_eq!(content(&layout.reference("x")).await, content(&to).await);
}

#[tokio::test]
async fn a_folder_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let why = refusal(
        &app(),
        &at("oci", folder.path(), "x"),
        &CopyOptions::default(),
    )
    .await;
    assert!(why.contains("letter.txt"), "{why}");
    assert_eq!(listing(folder.path()).len(), 1);
    let file = folder.path().join("letter.txt");
    refusal(&app(), &at("oci", &file, "x"), &CopyOptions::default()).await;
    assert_eq!(fs::read(&file).unwrap(), b"dear");
    let wrong = tempfile::tempdir().unwrap();
    fs::write(wrong.path().join("oci-layout"), "{}").unwrap();
    fs::write(wrong.path().join("index.json"), "no JSON").unwrap();
    refusal(
        &app(),
        &at("oci", wrong.path(), "x"),
        &CopyOptions::default(),
    )
    .await;
    assert_eq!(
        fs::read(wrong.path().join("index.json")).unwrap(),
        b"no JSON"
    );
}

#[tokio::test]
async fn writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layout = two_platforms(&folder.path().join("from"));
    let from = layout.reference("x");
    let to = folder.path().join("to");
    let names: Vec<_> = (0..12).map(|number| format!("v{number}")).collect();
    let options = CopyOptions::default();
    let copies = names.iter().map(|name| {
        let (from, to) = (from.clone(), at("oci", &to, name));
        let options = options.clone();
        tokio::spawn(async move { try_copy(&from, &to, &options).await })
    });
    for copied in futures_util::future::join_all(copies).await {
        copied.unwrap().unwrap();
    }
    for name in &names {
        assert_eq!(
            digest(&at("oci", &to, name)).await,
            digest(&from).await,
            "{name}"
        );
    }
}

#[tokio::test]
async fn roles_of_a_plan_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let prepared = prepare(&app(), &to, &CopyOptions::default()).await.unwrap();
    let roles: Vec<_> = prepared
        .plan
        .documents
        .iter()
        .map(|d| d.role.describe())
        .collect();
    assert_eq!(roles.last().unwrap(), "the image itself");
    assert!(matches!(
        prepared.plan.documents.last().unwrap().role,
        Role::Image
    ));
    for expected in [
        "image for linux/amd64",
        "image for linux/arm/v7",
        "attestation",
    ] {
        assert!(
            roles.iter().any(|role| role == expected),
            "{expected}: {roles:?}"
        );
    }
    assert!(matches!(prepared.plan.options.selection, Selection::Usual));
    assert_eq!(listing(folder.path()), []);
}

#[tokio::test]
async fn a_layout_that_lost_something_is_made_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    copy(&app(), &to, &CopyOptions::default()).await;
    let whole = listing(folder.path());
    let blobs = whole
        .iter()
        .filter(|(path, _)| path.components().any(|c| c.as_os_str() == "blobs"));
    for (path, size) in blobs {
        fs::remove_file(path).unwrap();
        copy(&app(), &to, &CopyOptions::default()).await;
        assert_eq!(
            fs::metadata(path).unwrap().len(),
            *size,
            "{}",
            path.display()
        );
    }
    assert_eq!(listing(folder.path()), whole);
    assert_eq!(content(&app()).await, content(&to).await);
}
