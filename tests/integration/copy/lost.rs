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
use crate::support::referrer::SPDX;
use crate::support::registry::{Fault, Registry, Writes};

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
    elsewhere.fault("/short", answer(200, b"fa"));
    elsewhere.fault("/long", answer(200, b"far away"));
    elsewhere.fault("/gone", answer(404, b""));
    let mut layout = Layout::new(folder.path().join("from"));
    let platform = json!({"os": "windows", "architecture": "amd64"});
    let config = layout.document(MediaType::OCI_CONFIG, &platform);
    let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    for (name, paths) in [
        ("ok", &["/gone", "/right"][..]),
        ("third", &["/wrong", "/short", "/right"]),
        ("fourth", &["/long", "/gone", "/wrong", "/right"]),
        ("wrong", &["/wrong"]),
        ("gone", &["/gone"]),
        ("none", &["/wrong?sig=s3cret", "/gone", "/long"]),
    ] {
        let mut layer = Descriptor::new(kind, Digest::sha256(b"far"), 3);
        layer.urls = paths.iter().map(|path| elsewhere.url(path)).collect();
        let image = layout.manifest(&config, &[layer]);
        layout.name(name, &image);
    }
    let from = layout.reference("ok");
    let far = Digest::sha256(b"far").to_string();
    // where one gives other bytes the next one is asked, wherever it goes
    for name in ["third", "fourth"] {
        let registry = Registry::with_writes(Writes::default());
        let to = registry.reference(&format!("team/app:{name}"));
        for to in [
            to.clone(),
            at("oci", &folder.path().join(format!("{name}-oci")), "x"),
            at(
                "oci-archive",
                &folder.path().join(format!("{name}.tar")),
                "x",
            ),
            at("dir", &folder.path().join(format!("{name}-dir")), ""),
        ] {
            fetched(&layout.reference(name), &to).await.unwrap();
            assert_eq!(content(&to).await[&far], b"far", "{to}");
        }
        // and where a registry does not have it
        let without = Registry::with_writes(Writes::default());
        without.put_layout("team/app", layout.folder());
        let without = without.reference(&format!("team/app:{name}"));
        let to = at(
            "oci",
            &folder.path().join(format!("{name}-of-registry")),
            "x",
        );
        fetched(&without, &to).await.unwrap();
        assert_eq!(content(&to).await[&far], b"far", "{to}");
    }
    for (kind, name) in [("oci", "x"), ("dir", ""), ("oci-archive", "x")] {
        // the place that was written without the layer is made whole from itself
        let without = at(kind, &folder.path().join(format!("without-{kind}")), name);
        copy(&from, &without, &CopyOptions::default()).await;
        let to = at("oci", &folder.path().join(format!("to-{kind}")), "x");
        fetched(&without, &to).await.unwrap();
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
    // every one that was asked is named, without what may open a storage
    let to = at("oci", &folder.path().join("none"), "x");
    let error = fetched(&layout.reference("none"), &to).await.unwrap_err();
    let told = error.to_string();
    for (path, why) in [
        ("wrong", "damaged: its bytes hash to"),
        ("gone", "it is not there"),
        ("long", "damaged: "),
    ] {
        let words = format!("http://{host}/{path}: {why}");
        assert!(told.contains(&words), "{told}");
    }
    assert!(!told.contains("s3cret"), "{told}");
    assert!(
        error.hint().contains("--foreign-layers"),
        "{}",
        error.hint()
    );
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
    assert_eq!(told[0], "report: it does not list the image");
    let mut alone = report.clone();
    alone
        .documents
        .retain(|document| document.digest == report.digest);
    alone.counts = None;
    let told = wrong(&client(), &alone).await;
    assert_eq!(
        told,
        ["report: it lists none of the images of the index"],
        "as earlier versions wrote it"
    );
    // a sparse index does not have all of its images
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/amd64"])
    };
    let to = at("oci", &folder.path().join("sparse"), "x");
    let report = copy(&super::busybox(), &to, &sparse).await;
    assert_eq!(wrong(&client(), &report).await, [""; 0]);
}

/// An index of an index of two images, and of another image, each with an SBOM; `x`.
fn nested_with_sboms(folder: &Path) -> Layout {
    let mut layout = Layout::new(folder);
    let images: Vec<_> = ["linux/amd64", "linux/arm64", "linux/s390x"]
        .map(|platform| (layout.image(platform, &[platform]), platform))
        .into();
    let entries: Vec<_> = images.iter().map(|(image, of)| entry(image, of)).collect();
    let inner = layout.index(&entries[..2]);
    let outer = [serde_json::to_value(&inner).unwrap(), entries[2].clone()];
    let outer = layout.index(&outer);
    layout.name("x", &outer);
    for (image, platform) in &images {
        super::belonging::refer(&mut layout, SPDX, image, platform);
    }
    layout
}

#[tokio::test]
async fn a_report_that_something_was_taken_out_of_is_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let from = nested_with_sboms(&folder.path().join("from")).reference("x");
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/amd64", "linux/s390x"])
    };
    for (name, options) in [("whole", CopyOptions::default()), ("sparse", sparse)] {
        let to = at("oci", &folder.path().join(name), "x");
        let report = copy(&from, &to, &options).await;
        assert_eq!(wrong(&client(), &report).await, [""; 0], "{name}");
        // a copy of which all was there says the same
        let again = copy(&from, &to, &options).await;
        assert_eq!(again.documents.len(), report.documents.len(), "{name}");
        assert_eq!(wrong(&client(), &again).await, [""; 0], "{name}");
        let taken = 0..report.documents.len();
        for (position, counted) in taken.flat_map(|at| [(at, false), (at, true)]) {
            // as a file, which is how it is kept
            let mut kept = serde_json::to_value(&report).unwrap();
            let documents = kept["documents"].as_array_mut().unwrap();
            let out = documents.remove(position);
            if counted {
                // whoever takes it out may write its number anew
                kept["counts"]["documents"] = json!(documents.len());
            }
            let kept: Report = serde_json::from_value(kept).unwrap();
            let told = wrong(&client(), &kept).await;
            // that there was a referrer only the number tells
            let known = !counted || out["role"] != "referrer";
            assert_eq!(!told.is_empty(), known, "{name}, {out}: {told:?}");
            assert!(
                told.iter().all(|one| one.starts_with("report: ")),
                "{told:?}"
            );
        }
        for list in ["blobs", "documents"] {
            let mut kept = serde_json::to_value(&report).unwrap();
            kept[list] = json!([]);
            let kept: Report = serde_json::from_value(kept).unwrap();
            let told = wrong(&client(), &kept).await;
            let number = told.iter().any(|one| one.contains("it lists 0 "));
            assert!(number, "{name}, {list}: {told:?}");
        }
    }
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
