//! What others can do wrong, by mistake or on purpose.

use porthole::model::{Descriptor, Digest, MediaType, limits};
use porthole::referrers::{Below, ReferrerState, Subject};
use porthole::transport::{ListingOutcome, Problem};
use serde_json::json;

use crate::support::referrer::{
    NOTATION, SIMPLE_SIGNING, SPDX, cosign, descriptor, fallback, index, lines, manifest, put,
    put_image, put_image_as, source, tree,
};
use crate::support::registry::{Fault, ReferrersApi, Registry};

const WHOLE: ReferrersApi = ReferrersApi::Whole { page: 100_000 };

fn entry(of: &Descriptor) -> serde_json::Value {
    json!({"mediaType": of.media_type, "digest": of.digest, "size": of.size})
}

/// Lists `referrers` under the fallback tag of `subject`.
fn list(registry: &Registry, subject: &Descriptor, referrers: &[&Descriptor]) {
    let entries: Vec<_> = referrers.iter().map(|referrer| entry(referrer)).collect();
    let tag = fallback(subject);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&entries));
}

#[tokio::test]
async fn one_that_names_another_image_is_shown_as_that_and_not_followed() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let other = put_image_as(&registry, "v2");
    let sbom = put(&registry, None, &manifest(SPDX, &other, "of the other"));
    let silent = put(&registry, None, &cosign(SPDX, "says nothing"));
    let signature = put(&registry, None, &manifest(NOTATION, &sbom, "on the sbom"));
    list(&registry, &image, &[&sbom, &silent]);
    list(&registry, &other, &[&sbom]);
    list(&registry, &sbom, &[&signature]);
    let place = source(&registry.reference("name:v1"));
    let found = tree(&place, &image.digest).await;
    let nodes: Vec<_> = found.walk().map(|(_, node)| node).collect();
    assert_eq!(nodes.len(), 2, "{:?}", lines(&found));
    assert_eq!(nodes[0].subject, Subject::Other(other.digest.clone()));
    assert_eq!(nodes[1].subject, Subject::Nothing);
    for node in nodes {
        assert!(!node.belongs() && matches!(node.below, Below::NotFollowed));
    }
    let found = tree(&place, &other.digest).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found.top().next().unwrap().subject, Subject::This);
}

#[tokio::test]
async fn a_signature_by_tag_that_names_another_image_is_not_believed() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let other = put_image_as(&registry, "v2");
    let tag = format!("{}.sig", fallback(&image));
    put(
        &registry,
        Some(&tag),
        &manifest(SIMPLE_SIGNING, &other, "moved"),
    );
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let node = tree.top().next().unwrap();
    assert_eq!(node.subject, Subject::Other(other.digest));
}

#[tokio::test]
async fn what_refers_to_itself_ends() {
    // one that the registry lists for itself
    let registry = Registry::start();
    let image = put_image(&registry);
    list(&registry, &image, &[&image]);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found.top().next().unwrap().subject, Subject::Nothing);

    // signed by itself, by tag
    let registry = Registry::start();
    let image = put(&registry, None, &cosign(SIMPLE_SIGNING, "self"));
    let tag = format!("{}.sig", fallback(&image));
    put(&registry, Some(&tag), &cosign(SIMPLE_SIGNING, "self"));
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let node = found.top().next().unwrap();
    assert!(matches!(node.below, Below::Loop), "{node:?}");

    // a circle of three
    let registry = Registry::start();
    let three = ["a", "b", "c"].map(|mark| (mark, cosign(SIMPLE_SIGNING, mark)));
    let put_all: Vec<_> = three
        .iter()
        .map(|(_, value)| put(&registry, None, value))
        .collect();
    for (position, subject) in put_all.iter().enumerate() {
        let (_, next) = &three[(position + 1) % 3];
        put(&registry, Some(&format!("{}.sig", fallback(subject))), next);
    }
    let found = tree(&source(&registry.reference("name:v1")), &put_all[0].digest).await;
    let depths: Vec<_> = found.walk().map(|(depth, _)| depth).collect();
    assert_eq!(depths, [0, 1, 2]);
    let (_, last) = found.walk().last().unwrap();
    assert_eq!(last.descriptor.digest, put_all[0].digest);
    assert!(matches!(last.below, Below::Loop));
    assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
}

#[tokio::test]
async fn what_is_in_the_tree_twice_is_followed_once() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let stem = fallback(&image);
    let twice = cosign(SIMPLE_SIGNING, "twice");
    let first = put(&registry, Some(&format!("{stem}.sig")), &twice);
    let second = put(
        &registry,
        Some(&format!("{stem}.att")),
        &cosign(SPDX, "att"),
    );
    put(
        &registry,
        Some(&format!("{}.sig", fallback(&second))),
        &twice,
    );
    let below = put(&registry, None, &manifest(SPDX, &first, "below"));
    list(&registry, &first, &[&below]);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let shown: Vec<_> = found
        .walk()
        .map(|(depth, node)| (depth, &node.below))
        .collect();
    assert_eq!(shown.len(), 4, "{:?}", lines(&found));
    assert!(matches!(shown[3], (1, Below::Shown)), "{shown:?}");
}

#[tokio::test]
async fn a_chain_ends_at_the_limit_of_depth() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let mut subject = image.clone();
    for step in 0..limits::REFERRER_DEPTH + 3 {
        subject = put(
            &registry,
            None,
            &manifest(SPDX, &subject, &step.to_string()),
        );
    }
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(found.len(), limits::REFERRER_DEPTH);
    let (_, last) = found.walk().last().unwrap();
    assert!(matches!(last.below, Below::TooDeep));
}

#[tokio::test]
async fn ten_thousand_referrers_are_counted_and_some_of_them_shown() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    for number in 0..10_000 {
        put(
            &registry,
            None,
            &manifest(SPDX, &image, &number.to_string()),
        );
    }
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(tree.len(), limits::TREE_REFERRERS);
    assert_eq!(tree.left_out, 10_000 - limits::TREE_REFERRERS);
    assert!(
        tree.top()
            .all(|node| matches!(node.state, ReferrerState::Read))
    );
    assert!(tree.top().all(|node| matches!(node.below, Below::NoRoom)));
    // one for each that is shown, the list and the tags
    assert_eq!(registry.lines().len(), limits::TREE_REFERRERS + 2);
}

#[tokio::test]
async fn annotations_of_a_megabyte_are_cut() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let mut value = manifest(SPDX, &image, "long");
    value["annotations"]["long"] = json!("x".repeat(1 << 20));
    let long = put(&registry, None, &value);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
    let node = found.top().next().unwrap();
    assert_eq!(node.descriptor.digest, long.digest);
    assert_eq!(node.annotations["mark"], "long");
    assert_eq!(node.created.as_deref(), Some("2026-11-19T14:02:00Z"));
    assert!(node.annotations_cut);
    let bytes: usize = node
        .annotations
        .iter()
        .map(|(k, v)| k.len() + v.len())
        .sum();
    assert!(bytes <= limits::REFERRER_ANNOTATION_BYTES);
}

#[tokio::test]
async fn a_list_of_more_bytes_than_a_page_may_have_is_refused() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    registry.fault("/referrers/", Fault::Endless { said: None });
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(tree.outcome(), Some(ListingOutcome::NotRead));
    let problem = tree.problems().next().unwrap().problem.clone();
    let limit = limits::PAGE_BYTES;
    assert_eq!(problem, Problem::TooLarge { found: None, limit });
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_promises_is_not_believed() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    registry.fault(&format!("/manifests/{}", sbom.digest), Fault::Corrupt);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let node = found.top().next().unwrap();
    let ReferrerState::NotRead(error) = &node.state else {
        panic!("{node:?}");
    };
    assert!(
        matches!(error.problem, Problem::WrongDigest { .. }),
        "{error}"
    );
    assert_eq!(node.subject, Subject::Unknown);
    assert_eq!(found.outcome(), Some(ListingOutcome::NotRead));
}

#[tokio::test]
async fn a_descriptor_that_lies_about_the_size_is_not_believed() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let mut sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    sbom.size += 1;
    list(&registry, &image, &[&sbom]);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let problem = found.problems().next().unwrap().problem.clone();
    assert!(matches!(problem, Problem::WrongSize { .. }), "{problem}");
}

#[tokio::test]
async fn what_is_no_manifest_at_all_is_shown_with_its_type() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let bytes = b"not a manifest";
    registry.put_manifest("name", None, "application/vnd.example.odd", bytes);
    let mut odd = descriptor(bytes);
    odd.media_type = MediaType::new("application/vnd.example.odd");
    list(&registry, &image, &[&odd]);
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    // the registry answers with bytes that no manifest has, and they hash right
    let node = found.top().next().unwrap();
    assert_eq!(node.kind.to_string(), "application/vnd.example.odd");
    assert_eq!(node.subject, Subject::Nothing);
    assert_eq!(node.descriptor.digest, Digest::sha256(bytes));
}
