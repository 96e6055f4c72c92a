//! What the source does not have: layers that lie elsewhere, attestations, referrers; and what
//! somebody takes away at the destination.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use porthole::copy::{CopyError, CopyOptions, CopyProgress, Report, Selection};
use porthole::model::{Descriptor, Digest, MediaType, Reference};
use porthole::transport::layout::LayoutDestination;
use porthole::transport::{self, Disk, Step};
use serde_json::{Value, json};

use super::{at, client, content, copy, digest, host, open, parsed, platforms, try_copy, wrong};
use crate::support::layout::{Layout, entry};
use crate::support::registry::{Fault, Registry};

/// A copy that fetches layers from where their addresses say.
async fn fetched(from: &str, to: &str) -> Result<Report, CopyError> {
    let (client, host) = (client(), host());
    let source = transport::open_with_addresses(&parsed(from), &client);
    let destination = transport::open_destination(&parsed(to), &client)?;
    let there = transport::open(&parsed(to), &client);
    let options = CopyOptions {
        foreign_layers: true,
        ..CopyOptions::default()
    };
    let planned = copy::plan(
        Arc::clone(&source),
        Arc::clone(&destination),
        Some(there),
        &options,
        &host,
    );
    let plan = planned.await?;
    let progress = Arc::new(CopyProgress::of(&plan));
    copy::run(&plan, source, destination, progress).await
}

#[tokio::test]
async fn a_layer_that_a_place_on_this_machine_leaves_elsewhere_is_fetched_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Registry::start();
    let answer = |status: u16, body: &[u8]| Fault::Answer {
        status,
        headers: Vec::new(),
        body: body.to_vec(),
    };
    elsewhere.fault("/right", answer(200, b"far"));
    elsewhere.fault("/wrong", answer(200, b"fat"));
    elsewhere.fault("/gone", answer(404, b""));
    let mut layout = Layout::new(folder.path().join("from"));
    let platform = json!({"os": "windows", "architecture": "amd64"});
    let config = layout.document(MediaType::OCI_CONFIG, &platform);
    let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    for (name, paths) in [
        ("ok", &["/gone", "/right"][..]),
        ("wrong", &["/wrong"]),
        ("gone", &["/gone"]),
    ] {
        let mut layer = Descriptor::new(kind, Digest::sha256(b"far"), 3);
        layer.urls = paths.iter().map(|path| elsewhere.url(path)).collect();
        let image = layout.manifest(&config, &[layer]);
        layout.name(name, &image);
    }
    let from = layout.reference("ok");
    for (kind, name) in [("oci", "x"), ("dir", ""), ("oci-archive", "x")] {
        // the place that was written without the layer is made whole from itself
        let without = at(kind, &folder.path().join(format!("without-{kind}")), name);
        copy(&from, &without, &CopyOptions::default()).await;
        let to = at("oci", &folder.path().join(format!("to-{kind}")), "x");
        fetched(&without, &to).await.unwrap();
        let far = Digest::sha256(b"far").to_string();
        assert_eq!(content(&to).await[&far], b"far", "{kind}");
    }
    let host = elsewhere.host();
    for (name, words) in [("wrong", "hash"), ("gone", "not there")] {
        let to = at("oci", &folder.path().join(name), "x");
        let error = fetched(&layout.reference(name), &to).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        if name == "gone" {
            assert!(error.to_string().contains(&host), "{error}");
        }
        assert!(!folder.path().join(name).join("index.json").exists());
    }
}

fn attestation(descriptor: &Descriptor, subject: &Digest) -> Value {
    let mut value = entry(descriptor, "unknown/unknown");
    value["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": subject,
    });
    value
}

#[tokio::test]
async fn what_is_offered_without_a_lost_attestation_or_referrer_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    for lost in ["attestation's blob", "attestation", "SBOM's blob"] {
        let mut layout = Layout::new(folder.path().join(lost));
        let amd64 = layout.image("linux/amd64", &["a"]);
        let arm64 = layout.image("linux/arm64", &["b"]);
        let config = layout.blob(MediaType::OCI_CONFIG, b"{}");
        let statement = layout.blob("application/vnd.in-toto+json", b"{\"of\":1}");
        let about = layout.manifest(&config, std::slice::from_ref(&statement));
        let index = layout.index(&[
            entry(&amd64, "linux/amd64"),
            entry(&arm64, "linux/arm64"),
            attestation(&about, &amd64.digest),
        ]);
        layout.name("x", &index);
        let sbom = layout.blob("application/spdx+json", b"{\"sbom\":1}");
        let referrer = layout.document(
            MediaType::OCI_MANIFEST,
            &json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
                "artifactType": "application/spdx+json",
                "config": config, "layers": [sbom], "subject": arm64,
            }),
        );
        layout.list(json!(referrer));
        let (gone, belongs) = match lost {
            "attestation's blob" => (&statement, "attestation of the image for linux/amd64"),
            "attestation" => (&about, "attestation of the image for linux/amd64"),
            _ => (&sbom, "of the image for linux/arm64"),
        };
        fs::remove_file(layout.blob_path(&gone.digest)).unwrap();
        let from = layout.reference("x");
        let to = at("oci", &folder.path().join(format!("to {lost}")), "x");
        let error = try_copy(&from, &to, &CopyOptions::default()).await;
        let error = error.unwrap_err();
        assert!(error.to_string().contains(belongs), "{lost}: {error}");
        assert!(!error.to_string().contains("unknown"), "{lost}: {error}");
        assert!(error.hint().contains("--no-referrers"), "{}", error.hint());
        let CopyError::Lost {
            whole,
            no_referrers,
            ..
        } = error
        else {
            panic!("{lost}: {error:?}");
        };
        let offered = CopyOptions {
            selection: match whole.is_empty() {
                true => Selection::Usual,
                false => Selection::Some(whole),
            },
            no_referrers,
            ..CopyOptions::default()
        };
        copy(&from, &to, &offered).await;
        assert!(content(&to).await.len() >= 7, "{lost}");
    }
}

/// Takes `path` of a place away, or changes a byte of it.
fn damaged(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_manifest_that_was_damaged_under_a_tag_is_named_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    let config = layout.blob(MediaType::OCI_CONFIG, b"{}");
    let signed = layout.blob("application/vnd.dev.cosign.simplesigning.v1+json", b"{}");
    let signature = layout.manifest(&config, &[signed]);
    let tag = image.digest.to_string().replace(':', "-") + ".sig";
    layout.name(&tag, &signature);
    let place = folder.path().join("to");
    let to = at("oci", &place, "x");
    let options = CopyOptions::default();
    let report = copy(&layout.reference("x"), &to, &options).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
    let file = place.join("blobs/sha256").join(signature.digest.hex());
    damaged(&file);
    let called = |name: &str| Some(transport::open(&parsed(&to).called(name)?, &client()));
    let items = copy::check(&report, open(&to), called).await;
    let wrong_ones: Vec<_> = items.iter().filter(|item| item.problem.is_some()).collect();
    let [item] = wrong_ones.as_slice() else {
        panic!("{wrong_ones:?}");
    };
    assert_eq!(item.file.as_ref(), Some(&file));
    copy(&layout.reference("x"), &to, &options).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
    // what every layout has is missed, and comes again
    fs::remove_file(place.join("oci-layout")).unwrap();
    let told = wrong(&client(), &report).await;
    assert!(
        matches!(told.as_slice(), [one] if one.contains("oci-layout")),
        "{told:?}"
    );
    copy(&layout.reference("x"), &to, &options).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
}

#[tokio::test]
async fn a_report_that_does_not_list_its_image_is_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let report = copy(&super::busybox(), &to, &CopyOptions::default()).await;
    let mut empty = report.clone();
    (empty.documents, empty.blobs) = (Vec::new(), Vec::new());
    let told = wrong(&client(), &empty).await;
    assert_eq!(told, ["image: the report does not list it"]);
    let mut alone = report.clone();
    alone
        .documents
        .retain(|document| document.digest == report.digest);
    let told = wrong(&client(), &alone).await;
    assert_eq!(told, ["image: the report lists none of its images"]);
    // a sparse index does not have all of its images
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/amd64"])
    };
    let to = at("oci", &folder.path().join("sparse"), "x");
    let report = copy(&super::busybox(), &to, &sparse).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
}

#[tokio::test]
async fn what_somebody_removes_before_it_has_a_name_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let from = super::busybox();
    let place = folder.path().join("to");
    // tidied up at the moment at which the list is written
    for always in [false, true] {
        let (root, done) = (place.clone(), AtomicBool::new(false));
        let disk = Disk::with_hook(Arc::new(move |step, path: &Path| {
            let now = path.ends_with("index.json") || always;
            if step == Step::Rename && now && !done.swap(!always, Ordering::SeqCst) {
                for entry in fs::read_dir(root.join("blobs/sha256"))?.flatten() {
                    if !entry.file_name().to_string_lossy().starts_with('.') {
                        let _ = fs::remove_file(entry.path());
                    }
                }
            }
            Ok(())
        }));
        let to = at("oci", &place, "x");
        let Reference::Path(path) = parsed(&to) else {
            panic!("{to}");
        };
        let destination: Arc<dyn transport::Destination> =
            Arc::new(LayoutDestination::on(path, disk));
        let options = CopyOptions::default();
        let (source, host) = (open(&from), host());
        let planned = copy::plan(
            Arc::clone(&source),
            Arc::clone(&destination),
            Some(open(&to)),
            &options,
            &host,
        );
        let plan = planned.await.unwrap();
        let progress = Arc::new(CopyProgress::of(&plan));
        let copied = copy::run(&plan, source, destination, progress).await;
        if always {
            let error = copied.unwrap_err();
            assert!(
                error.to_string().contains("somebody else removes"),
                "{error}"
            );
        } else {
            let report = copied.unwrap();
            assert_eq!(content(&to).await, content(&from).await);
            assert_eq!(digest(&to).await, report.digest);
            fs::remove_dir_all(&place).unwrap();
        }
    }
}

#[tokio::test]
async fn manifests_of_a_large_index_are_read_again_when_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let config = layout.blob(MediaType::OCI_CONFIG, b"{}");
    let layer = layout.blob(MediaType::OCI_LAYER, b"a");
    let note = "n".repeat(1 << 20);
    let entries: Vec<_> = (0..7)
        .map(|count| {
            let image = layout.document(
                MediaType::OCI_MANIFEST,
                &json!({
                    "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
                    "config": config, "layers": [layer],
                    "annotations": {"note": note, "count": count.to_string()},
                }),
            );
            entry(&image, &format!("linux/a{count}"))
        })
        .collect();
    layout.name("x", &layout.index(&entries));
    let from = layout.reference("x");
    let to = at("oci", &folder.path().join("to"), "x");
    let report = copy(&from, &to, &CopyOptions::default()).await;
    assert!(
        report
            .documents
            .iter()
            .all(|document| document.how == "written")
    );
    assert_eq!(content(&to).await, content(&from).await);
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
}

#[tokio::test]
async fn an_archive_of_unpacked_layers_says_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("u.tar");
    let to = at("docker-archive", &file, "a/b:1");
    let options = super::no_referrers();
    let prepared = super::prepare(&super::busybox(), &to, &options)
        .await
        .unwrap();
    let (text, json) = (prepared.plan.text(&[]), prepared.plan.json(&[]));
    assert!(text.contains("its size is known after"), "{text}");
    assert!(
        !text.lines().any(|line| line.starts_with("write ")),
        "{text}"
    );
    assert_eq!(json["totals"]["written"], Value::Null);
    assert_eq!(json["unpacked"], true);
    assert_eq!(json["documents"][0]["action"], "unpack");
    let report = prepared.run().await.unwrap();
    assert_eq!(report.bytes_sent, fs::metadata(&file).unwrap().len());
}
