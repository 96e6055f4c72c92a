//! A registry is asked: how often, and what is made of its answers.

use porthole::config::Network;
use porthole::model::MediaType;
use porthole::referrers::Subject;
use porthole::transport::registry::Client;
use porthole::transport::{ListingOutcome, Way};
use serde_json::json;

use crate::support::referrer::{
    NOTATION, SIMPLE_SIGNING, SPDX, cosign, descriptor, expected, fallback, index, lines, manifest,
    network, put, put_image, put_image_as, source, source_of, tree,
};
use crate::support::registry::{Access, ReferrersApi, Registry, Setup, Token};

const WHOLE: ReferrersApi = ReferrersApi::Whole { page: 100 };

/// Requests of the registry without the digests in them, sorted.
fn asked(registry: &Registry) -> Vec<String> {
    let mut asked = registry.lines();
    asked.sort();
    asked
}

#[tokio::test]
async fn with_the_api_a_digest_costs_one_call_and_the_repository_one_list_of_tags() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let signature = put(&registry, None, &manifest(NOTATION, &sbom, "signature"));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(
        lines(&tree),
        [
            expected(0, "SPDX SBOM", &sbom),
            expected(1, "Notation signature", &signature)
        ]
    );
    let mut wanted = vec!["GET /v2/name/tags/list?n=1000".to_owned()];
    for referred in [&image, &sbom, &signature] {
        wanted.push(format!("GET /v2/name/referrers/{}", referred.digest));
    }
    for read in [&sbom, &signature] {
        wanted.push(format!("GET /v2/name/manifests/{}", read.digest));
    }
    wanted.sort();
    assert_eq!(asked(&registry), wanted);
}

#[tokio::test]
async fn without_the_api_it_is_asked_for_once_and_then_only_the_tags_that_are_there() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let signature = put(&registry, None, &manifest(NOTATION, &sbom, "signature"));
    for (subject, referrer) in [(&image, &sbom), (&sbom, &signature)] {
        let entry = json!({
            "mediaType": MediaType::OCI_MANIFEST, "digest": referrer.digest, "size": referrer.size,
        });
        let tag = fallback(subject);
        registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&[entry]));
    }
    let client = Client::new(network()).unwrap();
    let source = source_of(&client, &registry.reference("name:v1"));
    let found = tree(&source, &image.digest).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(
        lines(&found),
        [
            expected(0, "SPDX SBOM", &sbom),
            expected(1, "Notation signature", &signature)
        ]
    );
    let tagged = found.top().next().unwrap();
    assert_eq!(tagged.found[0].tag.as_deref(), Some(&*fallback(&image)));
    let mut wanted = vec![
        format!("GET /v2/name/referrers/{}", image.digest),
        "GET /v2/name/tags/list?n=1000".to_owned(),
        format!("GET /v2/name/manifests/{}", fallback(&image)),
        format!("GET /v2/name/manifests/{}", fallback(&sbom)),
        format!("GET /v2/name/manifests/{}", sbom.digest),
        format!("GET /v2/name/manifests/{}", signature.digest),
    ];
    wanted.sort();
    assert_eq!(asked(&registry), wanted);

    // the same place again: nothing but the tag; another image of the registry: its tags
    let before = registry.lines().len();
    tree(&source, &signature.digest).await;
    assert_eq!(registry.lines().len(), before, "{:#?}", registry.lines());
    let other = put_image_as(&registry, "v2");
    let again = source_of(&client, &registry.reference("name:v2"));
    let found = tree(&again, &other.digest).await;
    assert_eq!(
        (found.len(), found.outcome()),
        (0, Some(ListingOutcome::Listed))
    );
    assert_eq!(
        registry.lines()[before..],
        ["GET /v2/name/tags/list?n=1000"]
    );
}

#[tokio::test]
async fn an_image_without_anything_costs_two_requests() {
    for api in [ReferrersApi::None, WHOLE] {
        let registry = Registry::with_referrers(api);
        let image = put_image(&registry);
        let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
        assert_eq!(
            (tree.len(), tree.outcome()),
            (0, Some(ListingOutcome::Listed))
        );
        assert!(tree.complete && tree.left_out == 0);
        assert_eq!(registry.lines().len(), 2, "{api:?}: {:?}", registry.lines());
    }
}

#[tokio::test]
async fn what_cosign_tagged_is_found_with_and_without_the_api_and_read_once() {
    for api in [ReferrersApi::None, WHOLE] {
        let registry = Registry::with_referrers(api);
        let image = put_image(&registry);
        let stem = fallback(&image);
        let mut wanted = Vec::new();
        for (suffix, layer, kind) in [
            (".sig", SIMPLE_SIGNING, "cosign signature"),
            (
                ".att",
                "application/vnd.dsse.envelope.v1+json",
                "attestation",
            ),
            (".sbom", "text/spdx+json", "SPDX SBOM"),
        ] {
            let tag = format!("{stem}{suffix}");
            let put = put(&registry, Some(&tag), &cosign(layer, suffix));
            wanted.push(expected(0, kind, &put));
        }
        // of another image, and no tag of cosign's
        put(
            &registry,
            Some(&format!("sha256-{}.sig", "0".repeat(64))),
            &cosign(SIMPLE_SIGNING, "x"),
        );
        put(
            &registry,
            Some(&format!("{stem}.other")),
            &cosign(SIMPLE_SIGNING, "y"),
        );
        let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
        assert_eq!(lines(&tree), wanted, "{api:?}");
        for node in tree.top() {
            assert_eq!(node.subject, Subject::ByName);
            assert!(node.was_found_by(Way::CosignTag) && node.total_size.is_some());
            let by_digest = format!("/manifests/{}", node.descriptor.digest);
            assert!(
                !registry
                    .lines()
                    .iter()
                    .any(|line| line.ends_with(&by_digest))
            );
        }
    }
}

#[tokio::test]
async fn what_is_listed_twice_is_shown_once() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let value = manifest(SPDX, &image, "sbom");
    let sbom = put(
        &registry,
        Some(&format!("{}.sbom", fallback(&image))),
        &value,
    );
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(lines(&tree), [expected(0, "SPDX SBOM", &sbom)]);
    let node = tree.top().next().unwrap();
    assert!(node.was_found_by(Way::Api) && node.was_found_by(Way::CosignTag));
    assert_eq!(node.subject, Subject::This);
}

#[tokio::test]
async fn a_fallback_tag_from_before_the_api_is_still_read() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let by_api = put(&registry, None, &manifest(SPDX, &image, "by the api"));
    let tag = fallback(&image);
    let old = put(
        &registry,
        None,
        &cosign(NOTATION, "only listed under the tag"),
    );
    let entries = [&by_api, &old].map(
        |of| json!({"mediaType": MediaType::OCI_MANIFEST, "digest": of.digest, "size": of.size}),
    );
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&entries));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let ways: Vec<Vec<Way>> = tree
        .top()
        .map(|node| node.found.iter().map(|found| found.way).collect())
        .collect();
    assert_eq!(
        ways,
        [vec![Way::Api, Way::FallbackTag], vec![Way::FallbackTag]]
    );
}

#[tokio::test]
async fn the_manifest_says_what_it_is_not_the_list() {
    // crane's registry gives the config's type and no annotations
    let registry = Registry::with_referrers(ReferrersApi::ConfigTypes);
    let image = put_image(&registry);
    put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    let node = found.top().next().unwrap();
    assert_eq!(
        node.descriptor.artifact_type,
        Some(MediaType::new(MediaType::OCI_EMPTY))
    );
    assert_eq!(node.artifact_type, Some(MediaType::new(SPDX)));
    assert_eq!(node.annotations["mark"], "sbom");
    assert_eq!(node.created.as_deref(), Some("2026-11-19T14:02:00Z"));
    assert_eq!(node.total_size, Some(node.descriptor.size + 2 + 4));

    // GitHub's fallback entries carry a wrong type
    let registry = Registry::start();
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let entry = json!({
        "mediaType": MediaType::OCI_MANIFEST, "digest": sbom.digest, "size": sbom.size,
        "artifactType": "application/vnd.oci.image.config.v1+json",
        "annotations": {"mark": "wrong"},
    });
    let tag = fallback(&image);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&[entry]));
    let found = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(lines(&found), [expected(0, "SPDX SBOM", &sbom)]);
    assert_eq!(found.top().next().unwrap().annotations["mark"], "sbom");
}

#[tokio::test]
async fn a_token_for_reading_is_enough() {
    let registry = Registry::start_with(Setup {
        access: Access::Token(Token::default()),
        referrers: WHOLE,
        ..Setup::default()
    });
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(lines(&tree), [expected(0, "SPDX SBOM", &sbom)]);
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
}

#[tokio::test]
async fn sha512_is_looked_for_under_a_tag_that_is_cut() {
    use porthole::model::{Algorithm, Digest};
    let registry = Registry::start();
    put_image(&registry);
    let subject = Digest::of(Algorithm::Sha512, b"some image");
    let mut listed = descriptor(b"");
    listed.digest = subject.clone();
    let sbom = put(&registry, None, &manifest(SPDX, &listed, "sbom"));
    let entry = json!({
        "mediaType": MediaType::OCI_MANIFEST, "digest": sbom.digest, "size": sbom.size,
    });
    let tag = format!("sha512-{}", &subject.hex()[..64]);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&[entry]));
    let tree = tree(&source(&registry.reference("name:v1")), &subject).await;
    assert_eq!(lines(&tree), [expected(0, "SPDX SBOM", &sbom)]);
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
}

#[tokio::test]
async fn nobody_is_asked_any_more_once_nobody_waits() {
    use futures_util::StreamExt as _;
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    for number in 0..50 {
        put(
            &registry,
            None,
            &manifest(SPDX, &image, &number.to_string()),
        );
    }
    let source = source(&registry.reference("name:v1"));
    let question = crate::support::referrer::question(&source, &image.digest);
    let mut trees = porthole::referrers::search(question);
    let first = trees.next().await.unwrap();
    assert!(!first.complete && first.outcome().is_none());
    assert_eq!(first.len(), 50, "all are shown before they are read");
    drop(trees);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let asked = registry.lines().len();
    assert!(asked < 20, "{asked}");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(registry.lines().len(), asked);
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_not_waited_for_twice() {
    use crate::support::registry::Fault;
    let registry = Registry::start();
    let image = put_image(&registry);
    registry.fault("/v2/", Fault::Silence);
    let client = Client::new(Network {
        stall_timeout: std::time::Duration::from_millis(200),
        ..network()
    });
    let source = source_of(&client.unwrap(), &registry.reference("name:v1"));
    let tree = tree(&source, &image.digest).await;
    assert_eq!(tree.outcome(), Some(ListingOutcome::NotRead));
    assert_eq!(registry.lines().len(), 2, "{:?}", registry.lines());
}
