//! "None", "cannot list them" and "could not be read" are three things.

use porthole::model::MediaType;
use porthole::transport::{ListingOutcome, Problem, Way};
use serde_json::json;

use crate::support::referrer::{
    SPDX, cosign, fallback, index, lines, manifest, put, put_image, source, tree,
};
use crate::support::registry::{Fault, ReferrersApi, Registry};

use ListingOutcome::{CannotList, Listed, NotRead};

/// The outcome for an image in a registry without anything that refers to it.
async fn outcome(faults: &[(&str, Fault)]) -> (ListingOutcome, Vec<Problem>) {
    let registry = Registry::with_referrers(ReferrersApi::Whole { page: 9 });
    let image = put_image(&registry);
    for (path, fault) in faults {
        registry.fault(path, fault.clone());
    }
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert!(tree.is_empty());
    let problems = tree.problems().map(|error| error.problem.clone());
    (tree.outcome().unwrap(), problems.collect())
}

#[tokio::test]
async fn a_registry_without_the_api_whose_tags_answer_was_asked_and_has_none() {
    let html = "<html><head><title>404 Not Found</title></head></html>";
    for fault in [
        Fault::answer(404, "text/plain; charset=utf-8", "404 page not found\n"),
        Fault::answer(404, "text/html", html),
        Fault::error(404, "NOT_FOUND", "no such route"),
        Fault::error(404, "UNSUPPORTED", "the operation is unsupported"),
        Fault::status(400),
        Fault::status(405),
        Fault::error(405, "UNSUPPORTED", "the operation is unsupported"),
        Fault::status(406),
    ] {
        let found = outcome(&[("/referrers/", fault.clone())]).await;
        assert_eq!(found, (Listed, Vec::new()), "{fault:?}");
    }
}

#[tokio::test]
async fn what_could_not_be_read_is_never_none() {
    let index_of = |entries: &str| format!(r#"{{"schemaVersion":2,"manifests":{entries}}}"#);
    for fault in [
        Fault::status(401),
        Fault::error(403, "DENIED", "requested access to the resource is denied"),
        Fault::error(404, "NAME_UNKNOWN", "repository name not known to registry"),
        Fault::status(418),
        Fault::status(429).with_header("Retry-After", "9999"),
        Fault::status(500),
        Fault::status(501),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::Close,
        Fault::CutAfter(10),
        Fault::redirect(302, "http://169.254.169.254/"),
        Fault::answer(200, "text/html", "<!DOCTYPE html><title>Log in</title>"),
        Fault::answer(200, "application/json", ""),
        Fault::answer(200, "application/json", "[]"),
        Fault::answer(200, "application/json", "{}"),
        Fault::answer(200, "application/json", r#"{"manifests":7}"#),
        Fault::answer(200, "application/json", r#"{"manifests":[]"#),
        Fault::answer(
            200,
            MediaType::OCI_INDEX,
            &index_of(r#"[{"digest":"sha256:no","size":1}]"#),
        ),
        Fault::answer(200, MediaType::OCI_INDEX, &index_of(r#"[null]"#)),
        Fault::answer(
            200,
            MediaType::OCI_MANIFEST,
            &cosign(SPDX, "a manifest").to_string(),
        ),
        Fault::answer(200, MediaType::OCI_INDEX, &index_of("[]"))
            .with_header("OCI-Filters-Applied", "artifactType"),
    ] {
        let (found, problems) = outcome(&[("/referrers/", fault.clone())]).await;
        assert_eq!(found, NotRead, "{fault:?}");
        assert!(!problems.is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn an_empty_answer_of_any_dialect_is_none() {
    for body in [
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
        r#"{"schemaVersion":2,"manifests":null}"#,
    ] {
        for kind in [MediaType::OCI_INDEX, "application/json"] {
            let fault = Fault::answer(200, kind, body);
            let found = outcome(&[("/referrers/", fault)]).await;
            assert_eq!(found, (Listed, Vec::new()), "{kind} {body}");
        }
    }
}

#[tokio::test]
async fn where_tags_cannot_be_listed_they_are_asked_for_one_by_one() {
    for fault in [
        Fault::status(401),
        Fault::error(403, "DENIED", "requested access to the resource is denied"),
        Fault::error(404, "NAME_UNKNOWN", "repository name not known to registry"),
        Fault::status(405),
        Fault::status(500),
        Fault::answer(200, "text/html", "<!DOCTYPE html>"),
        Fault::answer(200, "application/json", r#"{"name":"name"}"#),
        Fault::answer(200, "application/json", r#"{"tags":"v1"}"#),
    ] {
        let registry = Registry::start();
        let image = put_image(&registry);
        registry.fault("/tags/list", fault.clone());
        let stem = fallback(&image);
        let place = registry.reference("name:v1");
        let found = tree(&source(&place), &image.digest).await;
        assert_eq!(found.outcome(), Some(Listed), "{fault:?}");
        let asked = registry.lines();
        for end in ["", ".sig", ".att", ".sbom"] {
            let line = format!("GET /v2/name/manifests/{stem}{end}");
            assert!(asked.contains(&line), "{fault:?}: {asked:?}");
        }
        let signature = put(&registry, Some(&format!("{stem}.sig")), &cosign(SPDX, "x"));
        let found = tree(&source(&place), &image.digest).await;
        assert_eq!(
            found.top().next().unwrap().descriptor.digest,
            signature.digest
        );
        assert_eq!(found.outcome(), Some(Listed), "{fault:?}");
    }
}

#[tokio::test]
async fn a_registry_that_refuses_every_way_cannot_list_them() {
    for refused in [400, 405, 406] {
        let found = outcome(&[
            ("/referrers/", Fault::status(404)),
            ("/tags/list", Fault::status(405)),
            ("/manifests/sha256-", Fault::status(refused)),
        ])
        .await;
        assert_eq!(found, (CannotList, Vec::new()), "{refused}");
    }
}

#[tokio::test]
async fn a_tag_that_could_not_be_read_is_not_none() {
    for fault in [
        Fault::error(403, "DENIED", "requested access to the resource is denied"),
        Fault::error(404, "NAME_UNKNOWN", "repository name not known to registry"),
        Fault::status(500),
        Fault::answer(404, "text/html", "<html>gone</html>"),
        Fault::answer(200, "text/html", "<!DOCTYPE html>"),
    ] {
        let faults = [
            ("/referrers/", Fault::status(404)),
            ("/tags/list", Fault::status(405)),
            ("/manifests/sha256-", fault.clone()),
        ];
        let (found, _) = outcome(&faults).await;
        assert_eq!(found, NotRead, "{fault:?}");
    }
}

#[tokio::test]
async fn a_fallback_tag_that_is_no_index_is_not_none() {
    for (kind, body) in [
        (
            MediaType::OCI_MANIFEST,
            cosign(SPDX, "a manifest").to_string(),
        ),
        (MediaType::OCI_INDEX, "{}".to_owned()),
        (
            MediaType::OCI_INDEX,
            r#"{"schemaVersion":2,"manifests":{}}"#.to_owned(),
        ),
    ] {
        let registry = Registry::start();
        let image = put_image(&registry);
        registry.put_manifest("name", Some(&fallback(&image)), kind, body.as_bytes());
        let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
        assert_eq!(tree.outcome(), Some(NotRead), "{body}");
    }
}

#[tokio::test]
async fn what_was_read_is_shown_beside_what_was_not() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let good = put(&registry, None, &manifest(SPDX, &image, "good"));
    let gone = manifest(SPDX, &image, "gone").to_string();
    let gone = crate::support::referrer::descriptor(gone.as_bytes());
    let entry = |of: &porthole::model::Descriptor| {
        json!({
            "mediaType": MediaType::OCI_MANIFEST, "digest": of.digest, "size": of.size,
            "artifactType": SPDX,
        })
    };
    let entries = [entry(&good), json!({"digest": 7}), entry(&gone)];
    let tag = fallback(&image);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&entries));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(tree.outcome(), Some(NotRead));
    assert_eq!(lines(&tree).len(), 2);
    let problems: Vec<_> = tree.problems().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("entry 1"), "{problems:?}");
    assert!(problems[1].contains(gone.digest.hex()), "{problems:?}");
    // what could not be read is still shown as what it was listed as
    let missing = tree.top().nth(1).unwrap();
    assert_eq!(missing.kind.to_string(), "SPDX SBOM");
    assert_eq!((missing.total_size, missing.belongs()), (None, false));
}

#[tokio::test]
async fn the_api_that_fails_does_not_hide_what_the_tags_know() {
    let registry = Registry::with_referrers(ReferrersApi::Whole { page: 9 });
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let entry = json!({
        "mediaType": MediaType::OCI_MANIFEST, "digest": sbom.digest, "size": sbom.size,
    });
    let tag = fallback(&image);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&[entry]));
    registry.fault("/referrers/", Fault::status(500));
    let tree = tree(&source(&registry.reference("name:v1")), &image.digest).await;
    assert_eq!(tree.outcome(), Some(NotRead));
    assert!(tree.top().next().unwrap().was_found_by(Way::FallbackTag));
}

#[tokio::test]
async fn one_manifest_unknown_is_no_word_about_the_whole_registry() {
    for fault in [
        Fault::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        Fault::status(400),
    ] {
        let registry = Registry::with_referrers(ReferrersApi::Whole { page: 9 });
        let image = put_image(&registry);
        let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
        put(&registry, None, &manifest(SPDX, &sbom, "on the sbom"));
        registry.fault_times("/referrers/", 1, fault.clone());
        let source = source(&registry.reference("name:v1"));
        let first = tree(&source, &image.digest).await;
        assert_eq!((first.len(), first.outcome()), (0, Some(Listed)));
        assert_eq!(tree(&source, &image.digest).await.len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_asked_says_so() {
    use porthole::referrers::ReferrerTree;
    let mut tree = ReferrerTree::empty(porthole::model::Digest::sha256(b"x"));
    tree.complete = true;
    assert_eq!(tree.outcome(), Some(CannotList));
}
