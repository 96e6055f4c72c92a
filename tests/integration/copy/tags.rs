//! What lies under cosign's tags on its way into registries: when it is written, and looked at.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use porthole::copy::CopyOptions;
use porthole::model::{CosignTag, Digest, MediaType};
use tokio::sync::Semaphore;

use super::{app, at, copy, digest, docker_registry, repository};
use crate::support::layout::{Layout, entry};
use crate::support::proxy::Proxy;
use crate::support::referrer::{self, SIMPLE_SIGNING};
use crate::support::registry::{Fault, Registry, Writes};

/// An index of eight images, each of which is signed under cosign's tag, as the index is.
fn signed_index(folder: &Path) -> (Layout, Vec<String>) {
    let mut layout = Layout::new(folder);
    let platforms = [
        "amd64", "arm64", "386", "arm", "ppc64le", "s390x", "riscv64", "mips64le",
    ];
    let mut signed = Vec::new();
    let mut listed = Vec::new();
    for architecture in platforms {
        let platform = format!("linux/{architecture}");
        let image = layout.image(&platform, &[architecture]);
        listed.push(entry(&image, &platform));
        signed.push(image);
    }
    let index = layout.index(&listed);
    layout.name("1", &index);
    signed.push(index);
    layout.blob(MediaType::OCI_CONFIG, b"{}");
    let mut tags = Vec::new();
    for image in &signed {
        let claim = image.digest.to_string();
        layout.blob(SIMPLE_SIGNING, claim.as_bytes());
        let signature = referrer::cosign(SIMPLE_SIGNING, &claim);
        let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
        let tag = CosignTag::Signatures.of(&image.digest);
        layout.name(&tag, &signature);
        tags.push(tag);
    }
    (layout, tags)
}

#[tokio::test]
async fn what_lies_under_many_tags_is_written_first_and_waited_for_once() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (layout, tags) = signed_index(folder.path());
    let proxy = Proxy::before(&host);
    let name = proxy.reference(&repository());
    let options = CopyOptions::default();
    let from = layout.reference("1");
    let prepared = super::prepare(&from, &format!("{name}:1"), &options).await;
    let prepared = prepared.unwrap();
    proxy.forget();
    prepared.run().await.unwrap();
    let seen = proxy.seen();
    let of_tag = |tag: &str, method: &str| -> Vec<usize> {
        let path = format!("/manifests/{tag}");
        let of = seen
            .iter()
            .enumerate()
            .filter(|(_, seen)| seen.method == method && seen.path.ends_with(&path));
        of.map(|(position, _)| position).collect()
    };
    let (mut last_written, mut first_checked) = (0, usize::MAX);
    for tag in &tags {
        let written = of_tag(tag, "PUT");
        assert_eq!(written.len(), 1, "{tag}");
        let mut read = of_tag(tag, "GET");
        read.retain(|read| *read > written[0]);
        assert_eq!(read.len(), 2, "it is looked at again, twice: {tag}");
        last_written = last_written.max(written[0]);
        first_checked = first_checked.min(read[0]);
        let there = digest(&format!("{name}:{tag}")).await;
        assert_eq!(there, digest(&layout.reference(tag)).await);
    }
    assert!(last_written < first_checked, "{:#?}", proxy.lines());
    // the name comes last
    let last = seen.iter().rev().find(|seen| seen.method == "PUT").unwrap();
    assert!(last.path.ends_with("/manifests/1"), "{}", last.line());
}

#[tokio::test]
async fn what_lies_under_tags_is_written_while_layers_are_still_coming() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, tags) = signed_index(folder.path());
    let options = CopyOptions::default();
    let (source, registry) = (
        Registry::with_writes(Writes::default()),
        Registry::with_writes(Writes::default()),
    );
    let (from, to) = (
        source.reference("team/app:1"),
        registry.reference("team/app:1"),
    );
    copy(&layout.reference("1"), &from, &options).await;
    let permits = Arc::new(Semaphore::new(0));
    let layer = format!("GET /v2/team/app/blobs/{}", Digest::sha256(b"arm64"));
    source.fault(&layer, Fault::Held(Arc::clone(&permits)));
    let prepared = super::prepare(&from, &to, &options).await.unwrap();
    let copying = prepared.run();
    let written = async {
        while tags
            .iter()
            .any(|tag| registry.held("team/app", tag).is_none())
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(registry.held("team/app", "1"), None);
        permits.add_permits(1);
        Ok(())
    };
    futures_util::future::try_join(copying, written)
        .await
        .unwrap();
    assert_eq!(digest(&to).await, digest(&from).await);
}

#[tokio::test]
async fn where_one_of_many_tags_fails_the_name_does_not_move() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, tags) = signed_index(folder.path());
    let registry = Registry::with_writes(Writes::default());
    let to = registry.reference("team/app:1");
    copy(&app(), &to, &super::no_referrers()).await;
    registry.fault(
        &format!("PUT /v2/team/app/manifests/{}", tags[4]),
        Fault::status(403),
    );
    let from = layout.reference("1");
    let why = super::refusal(&from, &to, &CopyOptions::default()).await;
    assert!(why.contains(&tags[4]), "{why}");
    assert_eq!(digest(&to).await, digest(&app()).await);
    // once it may be written, all of it is there
    registry.forget_faults();
    copy(&from, &to, &CopyOptions::default()).await;
    assert_eq!(digest(&to).await, digest(&from).await);
    for tag in &tags {
        let there = registry.reference(&format!("team/app:{tag}"));
        assert_eq!(digest(&there).await, digest(&layout.reference(tag)).await);
    }
}

#[tokio::test]
async fn of_signatures_in_files_each_tag_is_asked_for_once_by_its_name() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (layout, tags) = signed_index(&folder.path().join("layout"));
    let files = at("dir", &folder.path().join("files"), "");
    let options = CopyOptions::default();
    copy(&layout.reference("1"), &files, &options).await;
    let proxy = Proxy::before(&host);
    let to = proxy.reference(&format!("{}:1", repository()));
    for there in [false, true] {
        proxy.forget();
        let prepared = super::prepare(&files, &to, &options).await.unwrap();
        let sets = &prepared.plan.signatures;
        assert_eq!(sets.len(), tags.len());
        assert!(sets.iter().all(|set| set.there == there));
        assert_eq!(prepared.plan.is_done(), there);
        let seen = proxy.seen();
        let of = |what: &str| seen.iter().filter(|seen| seen.path.contains(what)).count();
        for tag in &tags {
            assert_eq!(of(tag), 1, "{:#?}", proxy.lines());
        }
        assert_eq!(of("/tags/list") + of("/referrers/"), 0);
        prepared.run().await.unwrap();
    }
}
