//! Manifests that lie in a registry without the referrers API and that the list of their
//! subject does not name, as after a copy that was stopped: the next one writes the list.

use std::path::Path;

use porthole::copy::CopyOptions;
use porthole::model::{CosignTag, Descriptor, MediaType};
use serde_json::{Value, json};

use super::belonging::referring;
use super::{copy, digest, docker_registry, no_referrers, open, prepare, repository, try_copy};
use crate::support::layout::{Layout, entry};
use crate::support::proxy::{self, Proxy};
use crate::support::referrer::{self, SIMPLE_SIGNING};
use crate::support::registry::{Fault, Registry, Writes};

/// What the registry lists of `subject` under the fallback tag.
fn listed(registry: &Registry, subject: &Descriptor) -> Vec<String> {
    let Some(list) = registry.held("team/app", &referrer::fallback(subject)) else {
        return Vec::new();
    };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let entries = list["manifests"].as_array().unwrap().iter();
    let digests = entries.map(|entry| entry["digest"].as_str().unwrap().to_owned());
    digests.collect()
}

/// Copies to `name`, stopped where the list is to be written, and copies again: the list names
/// what is called `referring` there, and then there is nothing to do.
async fn stopped(
    from: &str,
    (registry, name): (&Registry, &str),
    options: &CopyOptions,
    (subject, referring): (&Descriptor, &str),
) {
    let to = registry.reference(&format!("team/app{name}"));
    // under cosign's tags it is taken
    let harmless = Fault::Headers(Vec::new());
    registry.fault(&format!("{}.", referrer::fallback(subject)), harmless);
    let list = format!("PUT /v2/team/app/manifests/{}", referrer::fallback(subject));
    registry.fault(&list, Fault::status(403));
    try_copy(from, &to, options).await.unwrap_err();
    registry.forget_faults();
    assert!(
        registry.held("team/app", referring).is_some(),
        "{name}: it is there"
    );
    assert_eq!(listed(registry, subject), [""; 0], "{name}");
    copy(from, &to, options).await;
    let there = digest(&registry.reference(&called(referring))).await;
    assert_eq!(listed(registry, subject), [there.to_string()], "{name}");
    let plan = prepare(from, &to, options).await.unwrap().plan;
    assert!(plan.is_done(), "{name}: {}", plan.text(&[]));
}

/// The image with this tag or digest.
fn called(identifier: &str) -> String {
    let before = if identifier.contains(':') { '@' } else { ':' };
    format!("team/app{before}{identifier}")
}

#[tokio::test]
async fn what_a_stopped_copy_did_not_list_the_next_one_lists() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let all = referring(&mut layout);
    // an index that refers to something, in another one
    let (_, subject, index) = all[1].clone();
    let other = layout.image("linux/arm64", &["other"]);
    let outer = layout.index(&[
        serde_json::to_value(&index).unwrap(),
        entry(&other, "linux/arm64"),
    ]);
    layout.name("outer", &outer);
    for (name, subject, manifest) in all.into_iter().chain([("outer", subject, index)]) {
        let from = layout.reference(name);
        // what is called by its digest is seen before it is listed
        for to in [":1".to_owned(), format!("@{}", digest(&from).await)] {
            let registry = Registry::with_writes(Writes::default());
            let of = (&subject, &manifest.digest.to_string()[..]);
            stopped(&from, (&registry, &to), &no_referrers(), of).await;
        }
    }
}

#[tokio::test]
async fn a_real_registry_gets_the_list_that_was_not_written() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let (name, subject, child) = referring(&mut layout).remove(2);
    let proxy = Proxy::before(&host);
    let to = proxy.reference(&format!("{}:1", repository()));
    let refused = proxy::Fault::answer(403, "", "");
    proxy.fault("PUT", &referrer::fallback(&subject), usize::MAX, refused);
    let from = layout.reference(name);
    try_copy(&from, &to, &no_referrers()).await.unwrap_err();
    proxy.forget_faults();
    let about = async || referrer::lines(&referrer::tree(&open(&to), &subject.digest).await);
    assert_eq!(about().await.len(), 0);
    copy(&from, &to, &no_referrers()).await;
    let found = about().await;
    let hex = &child.digest.hex()[..8];
    assert!(found.len() == 1 && found[0].ends_with(hex), "{found:?}");
}

/// A registry with an image, signed under cosign's tag by a manifest that says what it is about;
/// no list names that. With the image.
fn signed(folder: &Path, mark: &str) -> (Registry, Descriptor) {
    let mut layout = Layout::new(folder);
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("1", &image);
    layout.blob(MediaType::OCI_CONFIG, b"{}");
    layout.blob(SIMPLE_SIGNING, mark.as_bytes());
    let mut signature = referrer::cosign(SIMPLE_SIGNING, mark);
    signature["subject"] = json!(image);
    let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
    layout.name(&CosignTag::Signatures.of(&image.digest), &signature);
    let registry = Registry::with_writes(Writes::default());
    registry.put_layout("team/app", folder);
    (registry, image)
}

#[tokio::test]
async fn what_lies_under_a_tag_and_refers_to_something_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, image) = signed(&folder.path().join("ours"), "ours");
    let from = ours.reference("team/app:1");
    let options = CopyOptions::default();
    let tag = CosignTag::Signatures.of(&image.digest);
    let to = Registry::with_writes(Writes::default());
    copy(&from, &to.reference("team/app:1"), &options).await;
    let signature = digest(&ours.reference(&called(&tag))).await;
    assert_eq!(listed(&to, &image), [signature.to_string()]);
    // before the name
    let lines = to.lines();
    let last = |what: &str| lines.iter().rposition(|line| line.ends_with(what));
    let list = format!("PUT /v2/team/app/manifests/{}", referrer::fallback(&image));
    assert!(
        last(&list) < last("PUT /v2/team/app/manifests/1"),
        "{lines:#?}"
    );
    // after a copy that was stopped, too, and what is joined with what others have put there
    let (theirs, _) = signed(&folder.path().join("theirs"), "theirs");
    for registry in [Registry::with_writes(Writes::default()), theirs] {
        stopped(&from, (&registry, ":2"), &options, (&image, &tag)).await;
    }
}
