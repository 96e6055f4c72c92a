//! What belongs to a manifest of a copy comes with it, whatever the manifest is, or is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use porthole::copy::{CopyError, CopyOptions};
use porthole::model::{CosignTag, Descriptor, Digest, MediaType};
use porthole::signature::SignatureFile;
use serde_json::{Value, json};

use super::nested::{attestation, open as listed};
use super::signatures::attachment;
use super::{at, copy, docker_registry, no_referrers, open, platforms, prepare, repository};
use crate::support::layout::{Layout, entry};
use crate::support::peers;
use crate::support::referrer::{self, NOTATION, SIMPLE_SIGNING, SPDX};
use crate::support::registry::{Registry, Writes};

/// Puts what refers to `subject` into the layout and lists it.
pub(super) fn refer(
    layout: &mut Layout,
    artifact_type: &str,
    subject: &Descriptor,
    mark: &str,
) -> Descriptor {
    layout.blob(MediaType::OCI_EMPTY, b"{}");
    layout.blob(artifact_type, mark.as_bytes());
    let referrer = referrer::manifest(artifact_type, subject, mark);
    let referrer = layout.document(MediaType::OCI_MANIFEST, &referrer);
    layout.list(serde_json::to_value(&referrer).unwrap());
    referrer
}

/// Signs as cosign does under its tag, which is given.
fn sign(layout: &mut Layout, subject: &Descriptor) -> String {
    let claim = subject.digest.to_string();
    layout.blob(MediaType::OCI_CONFIG, b"{}");
    layout.blob(SIMPLE_SIGNING, claim.as_bytes());
    let signature = referrer::cosign(SIMPLE_SIGNING, &claim);
    let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
    let tag = CosignTag::Signatures.of(&subject.digest);
    layout.name(&tag, &signature);
    tag
}

/// What refers to `subject` where `reference` is, in order.
async fn about(reference: &str, subject: &Digest) -> BTreeSet<String> {
    let tree = referrer::tree(&open(reference), subject).await;
    referrer::lines(&tree).into_iter().collect()
}

/// An index `1` of two images and what attests something of one, which is signed and has an
/// SBOM that is signed, too: `cosign sign --recursive` signs all that an index lists. With the
/// attestation.
fn signed_attestation(folder: &Path) -> (Layout, Descriptor) {
    let mut layout = Layout::new(folder);
    let image = layout.image("linux/amd64", &["a"]);
    let statement = layout.image("unknown/unknown", &["statement"]);
    let other = layout.image("linux/arm64", &["b"]);
    let index = [
        entry(&image, "linux/amd64"),
        attestation(&statement, &image.digest),
        entry(&other, "linux/arm64"),
    ];
    let index = layout.index(&index);
    layout.name("1", &index);
    for signed in [&index, &image, &statement] {
        sign(&mut layout, signed);
    }
    let sbom = refer(&mut layout, SPDX, &statement, "sbom");
    refer(&mut layout, NOTATION, &sbom, "signature of the sbom");
    (layout, statement)
}

#[tokio::test]
async fn what_refers_to_an_attestation_comes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, statement) = signed_attestation(&folder.path().join("from"));
    let from = layout.reference("1");
    let before = about(&from, &statement.digest).await;
    assert_eq!(before.len(), 3, "{before:?}");
    let registry = Registry::with_writes(Writes::default());
    let there = registry.reference("team/app:1");
    for (from, to) in [
        (&from, at("oci", &folder.path().join("to"), "1")),
        (&from, there.clone()),
        (&there, at("oci", &folder.path().join("back"), "1")),
    ] {
        // where the index is written anew, its own signature stays
        for (options, left) in [
            (platforms(&["linux/amd64"]), 1),
            (CopyOptions::default(), 0),
        ] {
            let report = copy(from, &to, &options).await;
            assert_eq!(about(&to, &statement.digest).await, before, "{to}");
            assert_eq!(report.left_behind.len(), left, "{:?}", report.left_behind);
        }
        let again = prepare(from, &to, &CopyOptions::default()).await.unwrap();
        assert!(again.plan.is_done(), "{}", again.plan.text(&[]));
    }
}

/// The tags of a repository that runs at a peer.
fn tags(regctl: &peers::Tool, host: &str, name: &str) -> BTreeSet<String> {
    let run = regctl
        .command()
        .args(["--host", &format!("reg={host},tls=disabled")])
        .args(["tag", "ls", name])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let listed = String::from_utf8(run.stdout).unwrap();
    listed.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn regctl_brings_the_same_with_an_attestation() {
    let (Some(host), Some(regctl)) = (docker_registry(), peers::optional_tool("regctl")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (layout, statement) = signed_attestation(&folder.path().join("from"));
    let (ours, theirs) = (repository(), repository());
    let (ours, theirs) = (format!("{host}/{ours}"), format!("{host}/{theirs}"));
    let to = format!("docker://{ours}:1");
    copy(&layout.reference("1"), &to, &CopyOptions::default()).await;
    let run = regctl
        .command()
        .args(["--host", &format!("reg={host},tls=disabled")])
        .args(["image", "copy", "--referrers", "--digest-tags"])
        .args([format!("{ours}:1"), format!("{theirs}:1")])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    // cosign's tags and the lists of referrers: what is left out of those it does not find
    let found = tags(&regctl, &host, &ours);
    assert_eq!(found, tags(&regctl, &host, &theirs));
    assert!(found.contains(&CosignTag::Signatures.of(&statement.digest)));
    assert!(found.contains(&referrer::fallback(&statement)));
}

#[tokio::test]
async fn what_is_about_an_inner_index_that_is_written_anew_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let amd64 = layout.image("linux/amd64", &["a"]);
    let arm64 = layout.image("linux/arm64", &["b"]);
    let inner = layout.index(&[entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")]);
    let outer = layout.index(&[listed(&inner)]);
    layout.name("x", &outer);
    let about_inner = refer(&mut layout, SPDX, &inner, "inner");
    sign(&mut layout, &inner);
    let about_outer = refer(&mut layout, SPDX, &outer, "outer");
    let own = refer(&mut layout, SPDX, &amd64, "image");
    let from = layout.reference("x");
    let to = at("oci", &folder.path().join("to"), "x");
    let prepared = prepare(&from, &to, &platforms(&["linux/amd64"])).await;
    let text = prepared.as_ref().unwrap().plan.text(&[]);
    let report = prepared.unwrap().run().await.unwrap();
    let left = report.left_behind.iter().map(|left| {
        let digest = left.digest.as_ref().unwrap();
        assert!(text.contains(&left.what), "{text}");
        (left.what.contains("lies in it"), digest.clone())
    });
    let left: BTreeSet<_> = left.collect();
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left.contains(&(true, about_inner.digest)), "{left:?}");
    assert!(left.contains(&(false, about_outer.digest)), "{left:?}");
    assert_eq!(about(&to, &amd64.digest).await.len(), 1, "{}", own.digest);
    // as it is it keeps what refers to it
    let whole = at("oci", &folder.path().join("whole"), "x");
    let report = copy(&from, &whole, &CopyOptions::default()).await;
    assert!(report.left_behind.is_empty(), "{:?}", report.left_behind);
    assert_eq!(about(&whole, &inner.digest).await.len(), 2);
}

/// Images that refer to another one themselves: alone, as an index, and as one of an index,
/// each with what it refers to and what refers to that.
pub(super) fn referring(layout: &mut Layout) -> Vec<(&'static str, Descriptor, Descriptor)> {
    let subject = layout.image("linux/amd64", &["subject"]);
    let artifact = refer(layout, SPDX, &subject, "artifact");
    layout.name("artifact", &artifact);
    let image = layout.image("linux/amd64", &["own"]);
    let index = layout.document(
        MediaType::OCI_INDEX,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "subject": subject,
            "manifests": [entry(&image, "linux/amd64")],
        }),
    );
    layout.name("index", &index);
    let child = fs::read(layout.blob_path(&image.digest)).unwrap();
    let mut child: Value = serde_json::from_slice(&child).unwrap();
    child["subject"] = serde_json::to_value(&subject).unwrap();
    let child = layout.document(MediaType::OCI_MANIFEST, &child);
    let outer = layout.index(&[entry(&child, "linux/amd64"), entry(&image, "linux/arm64")]);
    layout.name("child", &outer);
    ["artifact", "index", "child"]
        .into_iter()
        .zip([artifact, index, child])
        .map(|(name, referring)| (name, subject.clone(), referring))
        .collect()
}

#[tokio::test]
async fn an_image_that_refers_to_something_is_listed_where_there_is_no_api() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let all = referring(&mut layout);
    let registry = Registry::with_writes(Writes::default());
    // all of them into one repository: the list is merged
    for (number, (name, subject, referring)) in all.iter().enumerate() {
        let to = registry.reference(&format!("team/app:{name}"));
        copy(&layout.reference(name), &to, &no_referrers()).await;
        let found = about(&to, &subject.digest).await;
        assert_eq!(found.len(), number + 1, "{name}: {found:?}");
        let hex = &referring.digest.hex()[..8];
        assert!(found.iter().any(|line| line.ends_with(hex)), "{found:?}");
        // before the name
        let lines = registry.lines();
        let last = |what: &str| lines.iter().rposition(|line| line.ends_with(what));
        let list = format!("PUT /v2/team/app/manifests/{}", referrer::fallback(subject));
        let named = format!("PUT /v2/team/app/manifests/{name}");
        assert!(
            last(&list).is_some() && last(&list) < last(&named),
            "{lines:#?}"
        );
    }
    // where the registry lists it by itself, nothing is written for it
    let api = Registry::with_writes(Writes {
        subject: true,
        ..Writes::default()
    });
    for (name, subject, _) in &all {
        let to = api.reference(&format!("team/app:{name}"));
        copy(&layout.reference(name), &to, &no_referrers()).await;
        assert!(api.held("team/app", &referrer::fallback(subject)).is_none());
    }
}

#[tokio::test]
async fn oras_lists_the_same_of_what_refers_to_something_itself() {
    let (Some(host), Some(oras)) = (docker_registry(), peers::tool("oras")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    for (name, subject, _) in referring(&mut layout) {
        let (ours, theirs) = (repository(), repository());
        let (ours, theirs) = (format!("{host}/{ours}:1"), format!("{host}/{theirs}:1"));
        let to = format!("docker://{ours}");
        copy(&layout.reference(name), &to, &no_referrers()).await;
        let from = format!("{}:{name}", layout.folder().display());
        let from = ["--from-oci-layout", &from];
        oras.run(
            &[
                &["cp", "--no-tty", "--to-plain-http"],
                &from[..],
                &[&theirs],
            ]
            .concat(),
        );
        let theirs = about(&format!("docker://{theirs}"), &subject.digest).await;
        assert_eq!(theirs.len(), 1, "{name}");
        assert_eq!(about(&to, &subject.digest).await, theirs, "{name}");
    }
}

#[tokio::test]
async fn a_repository_that_does_not_exist_is_not_asked_what_refers_to_anything() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, statement) = signed_attestation(folder.path());
    let registry = Registry::with_writes(Writes::default());
    let to = registry.reference("team/app:1");
    let prepared = prepare(&layout.reference("1"), &to, &CopyOptions::default()).await;
    let asks = |what: &str| {
        let lines = registry.lines();
        lines.iter().filter(|line| line.contains(what)).count()
    };
    assert_eq!(asks("/tags/list"), 1, "{:#?}", registry.lines());
    let others = asks("/manifests/sha256-") + asks("/referrers/");
    assert_eq!(others, 0, "{:#?}", registry.lines());
    prepared.unwrap().run().await.unwrap();
    assert_eq!(about(&to, &statement.digest).await.len(), 3);
}

#[tokio::test]
async fn what_is_about_a_signature_stays_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("1", &image);
    let sbom = refer(&mut layout, SPDX, &image, "sbom");
    let of_sbom = refer(
        &mut layout,
        "application/vnd.example.note",
        &sbom,
        "of the sbom",
    );
    let mut left = BTreeSet::new();
    for subject in [&image, &sbom] {
        let signature = refer(&mut layout, NOTATION, subject, &subject.digest.to_string());
        let note = format!("note of {}", signature.digest);
        let note = refer(
            &mut layout,
            "application/vnd.example.note",
            &signature,
            &note,
        );
        let deeper = format!("note of {}", note.digest);
        let deeper = refer(&mut layout, "application/vnd.example.note", &note, &deeper);
        left.extend([signature, note, deeper].map(|one| one.digest));
    }
    let options = CopyOptions {
        remove_signatures: true,
        ..CopyOptions::default()
    };
    let to = at("oci", &folder.path().join("to"), "1");
    let report = copy(&layout.reference("1"), &to, &options).await;
    let told: BTreeSet<_> = report
        .left_behind
        .into_iter()
        .flat_map(|l| l.digest)
        .collect();
    assert_eq!(told, left);
    let copied: BTreeSet<_> = report.documents.into_iter().map(|d| d.digest).collect();
    assert_eq!(copied, [image.digest, sbom.digest, of_sbom.digest].into());
}

#[tokio::test]
async fn what_is_in_the_way_under_a_tag_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("1", &image);
    let index = layout.index(&[entry(&image, "linux/amd64")]);
    layout.name("index", &index);
    let tag = sign(&mut layout, &image);
    // the same signature in a file
    let files = at("dir", &folder.path().join("files"), "");
    copy(&layout.reference("1"), &files, &no_referrers()).await;
    let (layer, payload) = attachment("a");
    let file = SignatureFile::of_layer(&layer, &payload);
    fs::write(folder.path().join("files/signature-1"), file).unwrap();
    let registry = Registry::with_writes(Writes::default());
    for place in [
        at("oci", &folder.path().join("to"), ""),
        registry.reference("team/app"),
    ] {
        let in_the_way = format!("{place}:{tag}");
        copy(&layout.reference("index"), &in_the_way, &no_referrers()).await;
        for from in [&layout.reference("1"), &files] {
            let to = format!("{place}:1");
            let planned = prepare(from, &to, &CopyOptions::default()).await;
            let error = planned.err().expect("it is refused");
            assert!(matches!(error, CopyError::Refused { .. }), "{error:?}");
            let (why, hint) = (error.to_string(), error.hint());
            assert!(why.contains(&tag) && why.contains("is an index"), "{why}");
            assert!(
                hint.contains(&format!("the tag {tag} at the destination")),
                "{hint}"
            );
            // it may be left out
            copy(from, &to, &no_referrers()).await;
        }
    }
}
