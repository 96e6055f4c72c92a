//! What is chosen of indexes that lie in each other, and what becomes of one that is lost.

use std::fs;

use porthole::copy::{Action, CopyError, CopyOptions, Selection};
use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use super::{at, client, content, copy, entries, platforms, prepare, refusal, try_copy, wrong};
use crate::support::layout::{Layout, entry};
use crate::support::registry::{Registry, Writes};

/// A descriptor as it stands in an index, without a platform.
pub(super) fn open(descriptor: &Descriptor) -> Value {
    serde_json::to_value(descriptor).unwrap()
}

/// An entry of BuildKit's that attests something of `subject`.
pub(super) fn attestation(descriptor: &Descriptor, subject: &Digest) -> Value {
    let mut entry = entry(descriptor, "unknown/unknown");
    entry["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": subject,
    });
    entry
}

async fn kept(reference: &str) -> Vec<Digest> {
    let entries = entries(reference).await;
    entries.into_iter().map(|entry| entry.digest).collect()
}

#[tokio::test]
async fn what_is_wanted_is_found_in_an_index_that_is_taken_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let v6 = layout.image("linux/arm", &["v6"]);
    let v7 = layout.image("linux/arm", &["v7"]);
    let arms = layout.index(&[entry(&v6, "linux/arm/v6"), entry(&v7, "linux/arm/v7")]);
    layout.name("x", &layout.index(&[open(&arms)]));
    let to = at("oci", &folder.path().join("to"), "x");
    let wanted = platforms(&[&arms.digest.to_string(), "linux/arm/v7"]);
    copy(&layout.reference("x"), &to, &wanted).await;
    assert_eq!(kept(&to).await, [arms.digest]);
    content(&to).await;
}

#[tokio::test]
async fn the_image_for_this_machine_is_looked_for_in_every_inner_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let nameless = layout.image("linux/amd64", &["n"]);
    let here = layout.index(&[entry(&amd64, "linux/amd64")]);
    let other = layout.index(&[entry(&arm64, "linux/arm64")]);
    let silent = layout.index(&[open(&nameless)]);
    let gone = Descriptor::new(here.media_type.as_str(), Digest::sha256(b"gone"), 4);
    for (name, listed, image) in [
        ("second", vec![open(&other), open(&here)], Some(&amd64)),
        ("said", vec![open(&nameless), open(&here)], Some(&amd64)),
        ("deeper", vec![open(&silent), open(&here)], Some(&amd64)),
        ("gone", vec![open(&gone), open(&here)], Some(&amd64)),
        (
            "silent",
            vec![open(&other), open(&nameless)],
            Some(&nameless),
        ),
        (
            "outer",
            vec![entry(&silent, "linux/amd64")],
            Some(&nameless),
        ),
        ("none", vec![open(&other)], None),
        ("lost", vec![open(&other), open(&gone)], None),
    ] {
        layout.name(name, &layout.index(&listed));
        let to = at("docker-archive", &folder.path().join(name), "a:1");
        let copied = try_copy(&layout.reference(name), &to, &CopyOptions::default()).await;
        match image {
            Some(image) => assert_eq!(copied.unwrap().digest, image.digest, "{name}"),
            None => {
                let why = copied.unwrap_err();
                assert!(
                    why.to_string().contains("no image for linux/amd64"),
                    "{why}"
                );
                assert!(
                    why.hint().contains("There are: linux/arm64"),
                    "{}",
                    why.hint()
                );
                let told = why.hint().contains(&gone.digest.to_string());
                assert_eq!(told, name == "lost", "{}", why.hint());
            }
        }
    }
}

#[tokio::test]
async fn an_index_that_refers_to_an_image_comes_with_what_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    let one = layout.image("linux/amd64", &["one"]);
    let two = layout.image("linux/arm64", &["two"]);
    let inner = layout.index(&[entry(&two, "linux/arm64")]);
    let about = layout.document(
        MediaType::OCI_INDEX,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "subject": image,
            "artifactType": "application/vnd.example",
            // the image itself, too
            "manifests": [open(&one), open(&inner), open(&image)],
        }),
    );
    layout.list(serde_json::to_value(&about).unwrap());
    let registry = Registry::with_writes(Writes::default());
    let from = layout.reference("x");
    let whole = content(&layout.reference(&format!("@{}", about.digest))).await;
    let folder_to = folder.path().join("to");
    for (to, there) in [
        (
            at("oci", &folder_to, "x"),
            at("oci", &folder_to, &format!("@{}", about.digest)),
        ),
        (
            registry.reference("team/app:1"),
            registry.reference(&format!("team/app@{}", about.digest)),
        ),
    ] {
        let report = copy(&from, &to, &CopyOptions::default()).await;
        assert_eq!(content(&there).await, whole, "{there}");
        assert_eq!(wrong(&client(), &report).await, [""; 0]);
    }
    // what it lists is there before it, and so for a registry that looks
    let puts: Vec<_> = registry.lines();
    let put = |digest: &Digest| {
        let line = format!("PUT /v2/team/app/manifests/{digest}");
        puts.iter()
            .position(|put| put.starts_with(&line))
            .expect("it is written")
    };
    let last = [&one, &two, &inner, &image]
        .map(|one| put(&one.digest))
        .into_iter()
        .max();
    assert!(last < Some(put(&about.digest)), "{puts:#?}");
    // once more it is not sent again
    let again = prepare(
        &from,
        &registry.reference("team/app:1"),
        &CopyOptions::default(),
    )
    .await;
    let again = again.unwrap().plan;
    assert!(again.is_done(), "{}", again.text(&[]));
    // and where something of it is lost, it is refused
    fs::remove_file(layout.blob_path(&two.digest)).unwrap();
    let to = at("oci", &folder.path().join("lost"), "x");
    let why = refusal(&from, &to, &CopyOptions::default()).await;
    assert!(why.contains("the image for linux/arm64"), "{why}");
}

#[tokio::test]
async fn an_inner_index_that_is_there_with_its_images_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let innermost = layout.index(&[entry(&arm64, "linux/arm64")]);
    let inner = layout.index(&[open(&innermost)]);
    let outer = layout.index(&[entry(&amd64, "linux/amd64"), open(&inner)]);
    layout.name("x", &outer);
    let from = layout.reference("x");
    let registry = Registry::with_writes(Writes::default());
    let local = folder.path().join("to");
    for to in [
        at("oci", &local, "x"),
        at("oci-archive", &folder.path().join("to.tar"), "x"),
        at("dir", &folder.path().join("dir"), ""),
        registry.reference("team/app:1"),
    ] {
        copy(&from, &to, &CopyOptions::default()).await;
        let before = registry.lines().len();
        let again = prepare(&from, &to, &CopyOptions::default()).await.unwrap();
        assert!(again.plan.is_done(), "{to}: {}", again.plan.text(&[]));
        again.run().await.unwrap();
        let sent = registry.lines().split_off(before);
        assert!(
            !sent.iter().any(|line| line.starts_with("PUT")),
            "{sent:#?}"
        );
        assert_eq!(content(&to).await, content(&from).await);
    }
    // where an image of it is lost, the indexes that it is in come after it
    fs::remove_file(local.join("blobs/sha256").join(arm64.digest.hex())).unwrap();
    let to = at("oci", &local, "x");
    let again = prepare(&from, &to, &CopyOptions::default()).await.unwrap();
    let written = again.plan.documents.iter();
    let written = written.filter(|document| document.action != Action::Skip);
    let written: Vec<_> = written.map(|document| document.digest.clone()).collect();
    assert_eq!(written, [arm64.digest, innermost.digest, inner.digest]);
    again.run().await.unwrap();
    assert_eq!(content(&to).await, content(&from).await);
}

#[tokio::test]
async fn an_attestation_is_no_image_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let about = layout.image("unknown/unknown", &["statement"]);
    let index = [
        entry(&amd64, "linux/amd64"),
        attestation(&about, &amd64.digest),
    ];
    layout.name("x", &layout.index(&index));
    for kind in ["oci", "docker-archive"] {
        let to = folder.path().join(kind);
        let wanted = platforms(&[&about.digest.to_string()]);
        let why = refusal(&layout.reference("x"), &at(kind, &to, "x:1"), &wanted).await;
        assert!(
            why.contains(&format!("no image for {}", about.digest)),
            "{why}"
        );
    }
    // it comes with what it is about
    let to = at("oci", &folder.path().join("both"), "x");
    copy(&layout.reference("x"), &to, &platforms(&["linux/amd64"])).await;
    assert_eq!(kept(&to).await, [amd64.digest, about.digest]);
}

#[tokio::test]
async fn what_attests_an_index_that_is_left_out_is_left_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let s390x = layout.image("linux/s390x", &["z"]);
    let about = layout.image("unknown/unknown", &["statement"]);
    let inner = layout.index(&[entry(&s390x, "linux/s390x")]);
    let index = [
        open(&inner),
        attestation(&about, &inner.digest),
        entry(&amd64, "linux/amd64"),
    ];
    layout.name("x", &layout.index(&index));
    let from = layout.reference("x");
    let to = at("oci", &folder.path().join("one"), "x");
    copy(&from, &to, &platforms(&["linux/amd64"])).await;
    assert_eq!(kept(&to).await, std::slice::from_ref(&amd64.digest));
    let to = at("oci", &folder.path().join("other"), "x");
    copy(&from, &to, &platforms(&["linux/s390x"])).await;
    assert_eq!(kept(&to).await, [inner.digest, about.digest]);
}

#[tokio::test]
async fn an_index_that_is_named_twice_is_each_time_what_is_wanted_of_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let arm = layout.image("linux/arm", &["a"]);
    let other = layout.image("linux/386", &["b"]);
    let inner = layout.index(&[entry(&arm, "linux/arm"), entry(&other, "linux/386")]);
    // one entry says that all of it is for arm
    layout.name(
        "x",
        &layout.index(&[open(&inner), entry(&inner, "linux/arm")]),
    );
    let to = at("oci", &folder.path().join("to"), "x");
    copy(&layout.reference("x"), &to, &platforms(&["linux/arm"])).await;
    let kept = kept(&to).await;
    assert_eq!(kept.len(), 2);
    assert_ne!(kept[0], inner.digest, "only what is wanted is in it");
    assert_eq!(kept[1], inner.digest, "it is wanted itself");
    content(&to).await;
}

#[tokio::test]
async fn a_lost_index_keeps_nothing_that_is_wanted_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let lost = layout.index(&[entry(&arm64, "linux/arm64")]);
    layout.name(
        "x",
        &layout.index(&[entry(&amd64, "linux/amd64"), open(&lost)]),
    );
    fs::remove_file(layout.blob_path(&lost.digest)).unwrap();
    let from = layout.reference("x");
    let to = |name: &str| at("oci", &folder.path().join(name), "x");
    let all = try_copy(&from, &to("all"), &CopyOptions::default()).await;
    let all = all.unwrap_err();
    assert!(all.to_string().contains(&lost.digest.to_string()), "{all}");
    assert!(
        all.hint().contains("(--platform linux/amd64),"),
        "{}",
        all.hint()
    );
    for (name, wanted) in [("by", platforms(&["linux/amd64"])), ("go-on", whole(all))] {
        let report = copy(&from, &to(name), &wanted).await;
        assert_eq!(kept(&to(name)).await, std::slice::from_ref(&amd64.digest));
        // that it is not there is told
        let left: Vec<_> = report.left_behind.iter().map(|l| &l.digest).collect();
        assert_eq!(left, [&Some(lost.digest.clone())]);
    }
    let archive = at("docker-archive", &folder.path().join("a.tar"), "a:1");
    let one = copy(&from, &archive, &platforms(&["linux/amd64"])).await;
    assert_eq!(one.digest, amd64.digest);
    // what may be in it alone, and the index itself
    let failed = try_copy(&from, &to("no"), &platforms(&["linux/arm64"])).await;
    let failed = failed.unwrap_err();
    assert!(
        failed.to_string().contains("no image for linux/arm64"),
        "{failed}"
    );
    let hint = failed.hint();
    assert!(hint.contains(&lost.digest.to_string()), "{hint}");
    let itself = platforms(&["linux/amd64", &lost.digest.to_string()]);
    let why = refusal(&from, &to("no"), &itself).await;
    assert!(
        why.contains("the source does not have the manifest"),
        "{why}"
    );
}

fn whole(error: CopyError) -> CopyOptions {
    let CopyError::Lost { whole, .. } = error else {
        panic!("{error:?}");
    };
    CopyOptions {
        selection: Selection::Some(whole),
        ..CopyOptions::default()
    }
}

#[tokio::test]
async fn what_is_offered_without_the_lost_can_be_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let twin = layout.image("linux/amd64", &["twin"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let s390x = layout.image("linux/s390x", &["z"]);
    let inner = layout.index(&[
        entry(&amd64, "linux/amd64"),
        entry(&twin, "linux/amd64"),
        entry(&arm64, "linux/arm64"),
    ]);
    for (name, inner) in [("open", open(&inner)), ("said", entry(&inner, "linux/arm"))] {
        layout.name(name, &layout.index(&[inner, entry(&s390x, "linux/s390x")]));
    }
    let goes_on = async |name: &str, times: &str, lost: &Descriptor, images: &[&Descriptor]| {
        let from = layout.reference(name);
        let to = at("oci", &folder.path().join(format!("{name}-{times}")), "x");
        let failed = try_copy(&from, &to, &CopyOptions::default()).await;
        let failed = failed.unwrap_err();
        let hint = failed.hint();
        assert!(!hint.contains(&inner.digest.to_string()), "{hint}");
        // by its platform the lost one would come, too
        let of_lost = lost.digest == amd64.digest;
        assert_eq!(hint.contains("--platform linux/amd64"), !of_lost, "{hint}");
        copy(&from, &to, &whole(failed)).await;
        let there = content(&to).await;
        for image in images {
            assert!(there.contains_key(&image.digest.to_string()), "{name}");
        }
        assert!(!there.contains_key(&lost.digest.to_string()), "{name}");
    };
    fs::remove_file(layout.blob_path(&Digest::sha256(b"a"))).unwrap();
    for name in ["open", "said"] {
        goes_on(name, "blob", &amd64, &[&twin, &arm64, &s390x]).await;
    }
    // a manifest of the outer one: what lies in the inner one is whole
    layout.image("linux/amd64", &["a"]);
    fs::remove_file(layout.blob_path(&s390x.digest)).unwrap();
    for name in ["open", "said"] {
        goes_on(name, "manifest", &s390x, &[&amd64, &twin, &arm64]).await;
    }
}

#[tokio::test]
async fn indexes_that_name_more_than_a_copy_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    let inner = layout.index(&vec![entry(&image, "linux/amd64"); 10_000]);
    layout.name("x", &layout.index(&vec![open(&inner); 8]));
    let to = at("oci", &folder.path().join("to"), "x");
    let why = refusal(&layout.reference("x"), &to, &CopyOptions::default()).await;
    assert!(why.contains("more than 50000 manifests"), "{why}");
}
