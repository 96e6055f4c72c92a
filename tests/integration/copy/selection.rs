//! Which images of an index are copied, also of indexes in it.

use std::fs;

use porthole::copy::{Attached, CopyError, CopyOptions, Format, Selection};
use porthole::model::{Digest, Document, MediaType};
use serde_json::json;

use super::{
    app, at, content, copy, digest, entries, no_referrers, open, platforms, prepare, refusal, root,
    signed, try_copy,
};
use crate::support::layout::{Layout, entry};

#[tokio::test]
async fn some_platforms_make_a_valid_index_with_their_attestations() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let options = platforms(&["linux/arm64", "linux/arm/v7"]);
    let report = copy(&app(), &to, &options).await;
    assert_ne!(report.digest, report.from);
    let kept = entries(&to).await;
    let all = entries(&app()).await;
    let images: Vec<_> = kept
        .iter()
        .filter(|entry| !entry.is_buildkit_attestation())
        .map(|entry| entry.platform.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(images, ["linux/arm64", "linux/arm/v7"]);
    let attestations = kept.iter().filter(|entry| entry.is_buildkit_attestation());
    for attestation in attestations.clone() {
        let about = attestation.annotation("vnd.docker.reference.digest");
        assert!(
            kept.iter()
                .any(|entry| Some(entry.digest.to_string().as_str()) == about),
            "{about:?}"
        );
    }
    assert_eq!(attestations.count(), 2);
    assert!(
        kept.iter().all(|entry| all.contains(entry)),
        "entries stay as they were"
    );
    // every child is there whole
    assert!(content(&to).await.len() > 4);
    let amd64 = all.iter().find(|e| {
        e.platform
            .as_ref()
            .is_some_and(|p| p.architecture == "amd64")
    });
    assert!(open(&to).manifest(amd64.unwrap()).await.is_err());
}

#[tokio::test]
async fn images_are_chosen_by_variant_version_and_digest() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let v6 = layout.image("linux/arm/v6", &["six"]);
    let v7 = layout.image("linux/arm/v7", &["seven"]);
    let windows = layout.image("windows/amd64", &["old"]);
    let newer = layout.image("windows/amd64", &["new"]);
    let mut old_entry = entry(&windows, "windows/amd64");
    old_entry["platform"]["os.version"] = json!("10.0.17763.1");
    let mut new_entry = entry(&newer, "windows/amd64");
    new_entry["platform"]["os.version"] = json!("10.0.20348.1");
    let index = layout.index(&[
        entry(&v6, "linux/arm/v6"),
        entry(&v7, "linux/arm/v7"),
        old_entry,
        new_entry,
    ]);
    layout.name("x", &index);
    let from = layout.reference("x");
    let digest_of_v6 = v6.digest.to_string();
    for (wanted, expected) in [
        (vec!["linux/arm"], vec![&v6, &v7]),
        (vec!["linux/arm/v7"], vec![&v7]),
        (vec!["windows(10.0.20348.1)/amd64"], vec![&newer]),
        (
            vec![digest_of_v6.as_str(), "windows/amd64"],
            vec![&v6, &windows, &newer],
        ),
    ] {
        let to = at("oci", &folder.path().join("to"), "x");
        copy(&from, &to, &platforms(&wanted)).await;
        let kept: Vec<_> = entries(&to).await.into_iter().map(|e| e.digest).collect();
        let expected: Vec<_> = expected.iter().map(|e| e.digest.clone()).collect();
        assert_eq!(kept, expected, "{wanted:?}");
    }
    let why = refusal(
        &from,
        &at("oci", &folder.path().join("no"), ""),
        &platforms(&["linux/s390x"]),
    )
    .await;
    assert!(why.contains("no image for linux/s390x"), "{why}");
    // of two for one platform, the one that is whole is offered
    let old = Digest::sha256(b"old");
    fs::remove_file(layout.blob_path(&old)).unwrap();
    let to = at("oci", &folder.path().join("whole"), "x");
    let failed = try_copy(&from, &to, &CopyOptions::default()).await;
    let hint = failed.unwrap_err().hint();
    assert!(
        hint.contains("--platform 'windows(10.0.20348.1)/amd64')"),
        "{hint}"
    );
    assert!(!hint.contains("17763"), "{hint}");
}

#[tokio::test]
async fn a_sparse_index_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let options = CopyOptions {
        sparse: true,
        ..platforms(&["linux/arm64"])
    };
    let report = copy(&app(), &to, &options).await;
    assert_eq!(report.digest, digest(&app()).await);
    assert_eq!(
        root(&*open(&to)).await.bytes(),
        root(&*open(&app())).await.bytes()
    );
    let there = open(&to);
    let mut present = 0;
    for entry in entries(&app()).await {
        present += usize::from(there.manifest(&entry).await.is_ok());
    }
    assert_eq!(present, 2, "the image and its attestation");
    // without it the rest comes
    copy(&app(), &to, &CopyOptions::default()).await;
    assert_eq!(content(&app()).await, content(&to).await);
}

#[tokio::test]
async fn one_image_is_copied_only_where_it_is_what_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/arm/v7", &["a"]);
    layout.name("x", &image);
    let config = layout.document(MediaType::OCI_CONFIG, &json!({}));
    layout.name("silent", &layout.manifest(&config, &[]));
    let other = Digest::sha256(b"another").to_string();
    let own = image.digest.to_string();
    for (name, wanted, why) in [
        ("x", &["linux/arm"][..], None),
        ("x", &["linux/arm/v7", &own][..], None),
        (
            "x",
            &["linux/arm64"][..],
            Some("for linux/arm/v7, and linux/arm64 is wanted"),
        ),
        (
            "x",
            &["linux/arm", "linux/arm/v6"][..],
            Some("and linux/arm/v6 is wanted"),
        ),
        ("x", &[other.as_str()][..], Some(other.as_str())),
        (
            "silent",
            &["linux/arm"][..],
            Some("does not say what it is for"),
        ),
    ] {
        for kind in ["oci", "dir"] {
            let to = tempfile::tempdir().unwrap();
            let to = at(
                kind,
                &to.path().join("to"),
                if kind == "oci" { "x" } else { "" },
            );
            let copied = try_copy(&layout.reference(name), &to, &platforms(wanted)).await;
            match (copied, why) {
                (Ok(report), None) => assert_eq!(report.digest, image.digest),
                (Err(error), Some(why)) => assert!(error.to_string().contains(why), "{error}"),
                (other, _) => panic!("{wanted:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_plan_names_the_images_that_are_not_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", &folder.path().join("to"), "x");
    let planned = prepare(&app(), &to, &platforms(&["linux/amd64"])).await;
    let plan = planned.unwrap().plan;
    let left: Vec<_> = plan
        .left_out
        .iter()
        .map(|left| left.what.as_str())
        .collect();
    assert_eq!(
        left,
        ["the image for linux/arm64", "the image for linux/arm/v7"]
    );
    let text = plan.text(&[]);
    assert!(
        text.contains("leave    the image for linux/arm64: it is not chosen"),
        "{text}"
    );
    let all = prepare(&app(), &to, &CopyOptions::default()).await.unwrap();
    assert_eq!(all.plan.left_out, []);
}

#[tokio::test]
async fn indexes_in_indexes_are_copied_and_chosen_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let other = layout.image("linux/arm64", &["c"]);
    let inner = layout.index(&[entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")]);
    let outer = layout.index(&[
        serde_json::to_value(&inner).unwrap(),
        entry(&other, "linux/arm64"),
    ]);
    layout.name("x", &outer);
    let from = layout.reference("x");
    let to = at("oci", &folder.path().join("all"), "x");
    copy(&from, &to, &CopyOptions::default()).await;
    assert_eq!(content(&from).await, content(&to).await);

    let to = at("oci", &folder.path().join("some"), "x");
    copy(&from, &to, &platforms(&["linux/arm64"])).await;
    let kept = entries(&to).await;
    assert_eq!(kept.len(), 2);
    assert_ne!(
        kept[0].digest, inner.digest,
        "the inner one is written anew"
    );
    let inner = open(&to).manifest(&kept[0]).await.unwrap();
    let inner = Document::read(inner);
    let inner: Vec<_> = inner
        .index()
        .unwrap()
        .descriptors()
        .map(|(_, e)| e.digest.clone())
        .collect();
    assert_eq!(inner, [arm64.digest]);
    assert_eq!(kept[1].digest, other.digest);

    // what only the inner index has is found in it
    let to = at("oci", &folder.path().join("one"), "x");
    copy(&from, &to, &platforms(&["linux/amd64"])).await;
    assert_eq!(
        content(&to).await.len(),
        5,
        "two indexes, a manifest, its config and its layer"
    );
}

#[tokio::test]
async fn what_one_of_several_inner_indexes_has_is_found_and_the_others_stay_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let v6 = layout.image("linux/arm", &["v6"]);
    let v7 = layout.image("linux/arm", &["v7"]);
    let s390x = layout.image("linux/s390x", &["z"]);
    let arms = layout.index(&[entry(&v6, "linux/arm/v6"), entry(&v7, "linux/arm/v7")]);
    let large = layout.index(&[entry(&s390x, "linux/s390x")]);
    let outer = layout.index(&[
        entry(&amd64, "linux/amd64"),
        serde_json::to_value(&arms).unwrap(),
        serde_json::to_value(&large).unwrap(),
    ]);
    layout.name("x", &outer);
    let from = layout.reference("x");
    let all: [(&[&str], &[&Digest]); 4] = [
        (&["linux/amd64"], &[&amd64.digest]),
        (
            &["linux/s390x", "linux/amd64"],
            &[&amd64.digest, &large.digest],
        ),
        (&[&arms.digest.to_string()], &[&arms.digest]),
        (&["linux/arm"], &[&arms.digest]),
    ];
    for (number, (wanted, expected)) in all.into_iter().enumerate() {
        let to = at("oci", &folder.path().join(number.to_string()), "x");
        copy(&from, &to, &platforms(wanted)).await;
        let kept = entries(&to).await;
        let kept: Vec<_> = kept.iter().map(|entry| &entry.digest).collect();
        assert_eq!(kept, expected, "{wanted:?}");
        // all of it is there
        content(&to).await;
    }
    let to = at("oci", &folder.path().join("none"), "x");
    for wanted in [&["linux/amd64", "linux/386"][..], &["linux/386"]] {
        let why = try_copy(&from, &to, &platforms(wanted)).await.unwrap_err();
        assert!(why.to_string().contains("no image for linux/386"), "{why}");
        let hint = why.hint();
        assert!(hint.contains("linux/arm/v6, linux/arm/v7"), "{hint}");
        assert!(hint.contains("linux/s390x"), "{hint}");
    }
    // the one image for a place that holds one
    for (name, wanted, image) in [
        ("v6", "linux/arm/v6", Some(&v6)),
        ("amd64", "linux/amd64", Some(&amd64)),
        ("z", &large.digest.to_string(), Some(&s390x)),
        ("arm", "linux/arm", None),
    ] {
        let to = folder.path().join(format!("{name}.tar"));
        let to = at("docker-archive", &to, "a:1");
        let copied = try_copy(&from, &to, &platforms(&[wanted])).await;
        match image {
            Some(image) => assert_eq!(copied.unwrap().digest, image.digest, "{wanted}"),
            None => {
                let why = copied.unwrap_err().to_string();
                assert!(why.contains("holds one image"), "{why}");
            }
        }
    }
}

#[tokio::test]
async fn an_index_is_never_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let statement = layout.image("linux/amd64", &["statement"]);
    let mut attestation = entry(&statement, "unknown/unknown");
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": Digest::sha256(b"gone"),
    });
    layout.name("said", &layout.index(&[attestation]));
    layout.name("empty", &layout.index(&[]));
    let to = at("oci", &folder.path().join("to"), "x");
    let nothing = CopyOptions {
        selection: Selection::Some(Vec::new()),
        ..CopyOptions::default()
    };
    for sparse in [false, true] {
        let nothing = CopyOptions {
            sparse,
            ..nothing.clone()
        };
        let why = refusal(&app(), &to, &nothing).await;
        assert!(why.starts_with("no image is chosen"), "{why}");
    }
    let converted = CopyOptions {
        format: Format::Docker,
        ..no_referrers()
    };
    let why = refusal(&layout.reference("said"), &to, &converted).await;
    assert!(
        why.starts_with("nothing would be left of the index"),
        "{why}"
    );
    // that is all that the source has
    let report = copy(&layout.reference("empty"), &to, &CopyOptions::default()).await;
    assert_eq!(report.digest, digest(&layout.reference("empty")).await);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_to_whoever_could_leave_it_behind() {
    let folder = tempfile::tempdir().unwrap();
    let flat = at("dir", &folder.path().join("flat"), "");
    let error = try_copy(&signed(), &flat, &CopyOptions::default()).await;
    let Err(CopyError::Stuck { what, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(what, Attached::Everything, "there are SBOMs among it");
    let options = what.left_behind(&CopyOptions::default());
    copy(&signed(), &flat, &options).await;
    // of what is copied it is known what signs
    let to = at("oci", &folder.path().join("whole"), "x");
    let prepared = prepare(&signed(), &to, &CopyOptions::default()).await;
    let documents = prepared.unwrap().plan.documents;
    for document in &documents {
        let what = document.role.describe();
        assert_eq!(document.signs, what.contains("signature"), "{what}");
    }
    assert!(documents.iter().any(|document| document.signs));
}
