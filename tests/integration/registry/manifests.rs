//! Manifests: what is asked, and that nothing else is taken than what was promised.

use porthole::model::limits::MANIFEST_BYTES;
use porthole::model::{Algorithm, Descriptor, Digest, MediaType};
use porthole::transport::Problem;

use super::{BUSYBOX, client, document, network, problem, resolve, source};
use crate::support::registry::{Fault, Registry};
use crate::support::schema1::{image, signed};

const MANIFEST: &[u8] = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}"#;

fn registry() -> Registry {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    registry
}

#[tokio::test]
async fn a_tag_is_asked_for_once_and_with_every_type() {
    let registry = registry();
    let raw = resolve(network(), &registry.reference("busybox:1.37.0"))
        .await
        .unwrap();
    assert_eq!(*raw.digest(), Digest::sha256(raw.bytes()));
    assert_eq!(raw.media_type().as_str(), MediaType::OCI_INDEX);
    let requests = registry.requests();
    assert_eq!(requests.len(), 1);
    let accept = requests[0].header("accept").unwrap();
    for kind in MediaType::MANIFESTS {
        assert!(accept.contains(kind), "{accept}");
    }
}

#[tokio::test]
async fn of_tag_and_digest_the_digest_counts() {
    let registry = registry();
    let digest = resolve(network(), &registry.reference("busybox:1.37.0"))
        .await
        .unwrap();
    let digest = digest.digest();
    let reference = registry.reference(&format!("busybox:no-such-tag@{digest}"));
    let raw = resolve(network(), &reference).await.unwrap();
    assert_eq!(raw.digest(), digest);
    assert_eq!(
        registry.lines()[1],
        format!("GET /v2/busybox/manifests/{digest}")
    );
}

#[tokio::test]
async fn every_algorithm_is_checked() {
    let registry = registry();
    registry.put_manifest("odd", Some("latest"), MediaType::OCI_MANIFEST, MANIFEST);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let right = Digest::of(algorithm, MANIFEST);
        let wrong = Digest::of(algorithm, b"something else");
        let body = str::from_utf8(MANIFEST).unwrap();
        registry.fault(
            "/odd/manifests/sha",
            Fault::answer(200, MediaType::OCI_MANIFEST, body),
        );
        let reference = |digest: &Digest| registry.reference(&format!("odd@{digest}"));
        let raw = resolve(network(), &reference(&right)).await.unwrap();
        assert_eq!(*raw.digest(), right);
        assert_eq!(
            problem(network(), &reference(&wrong)).await,
            Problem::WrongDigest {
                expected: wrong,
                found: right
            }
        );
    }
}

#[tokio::test]
async fn the_registry_must_agree_with_itself() {
    let registry = registry();
    let digest = registry.put_manifest("a", Some("b"), MediaType::OCI_MANIFEST, MANIFEST);
    let reference = registry.reference("a:b");
    let header = |value: &str| Fault::header("Docker-Content-Digest", value);
    // the same bytes by another algorithm: no contradiction, and SHA-256 is what is shown
    let same = Digest::of(Algorithm::Sha512, MANIFEST);
    // what is no digest says nothing
    for agreeing in [&same.to_string(), "", "md5:00", "sha256:xyz"] {
        registry.fault_times("/a/", 1, header(agreeing));
        let raw = resolve(network(), &reference).await.unwrap();
        assert_eq!(*raw.digest(), digest, "{agreeing}");
    }
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let expected = Digest::of(algorithm, b"other");
        registry.fault_times("/a/", 1, header(&expected.to_string()));
        let found = Digest::of(algorithm, MANIFEST);
        assert_eq!(
            problem(network(), &reference).await,
            Problem::WrongDigest { expected, found }
        );
    }
}

#[tokio::test]
async fn a_changed_byte_is_found() {
    let registry = registry();
    let raw = resolve(network(), &registry.reference("busybox:1.37.0"))
        .await
        .unwrap();
    registry.fault("/manifests/", Fault::Corrupt);
    for name in [
        "busybox:1.37.0".to_owned(),
        format!("busybox@{}", raw.digest()),
    ] {
        match problem(network(), &registry.reference(&name)).await {
            Problem::WrongDigest { expected, found } => {
                assert_eq!(expected, *raw.digest(), "{name}");
                assert_ne!(found, expected);
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_size_of_the_descriptor_counts() {
    let registry = registry();
    let digest = registry.put_manifest("a", None, MediaType::OCI_MANIFEST, MANIFEST);
    let source = source(&client(network()), &registry.reference("a:b"));
    let size = MANIFEST.len() as u64;
    let pointing = |size| Descriptor::new(MediaType::OCI_MANIFEST, digest.clone(), size);
    source.manifest(&pointing(size)).await.unwrap();
    for wrong in [size - 1, size + 1, 0] {
        let error = source.manifest(&pointing(wrong)).await.unwrap_err();
        let found = Some(size);
        assert_eq!(
            error.problem,
            Problem::WrongSize {
                expected: wrong,
                found
            }
        );
    }
    let before = registry.requests().len();
    let error = source.manifest(&pointing(1 << 30)).await.unwrap_err();
    assert!(
        matches!(
            error.problem,
            Problem::TooLarge {
                found: Some(0x4000_0000),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        registry.requests().len(),
        before,
        "it is not even asked for"
    );
}

#[tokio::test]
async fn a_manifest_of_a_gigabyte_ends_at_the_limit() {
    let registry = registry();
    let reference = registry.reference("busybox:1.37.0");
    let limit = MANIFEST_BYTES;
    for (said, found) in [(Some(1 << 30), Some(1 << 30)), (None, None)] {
        registry.fault_times("/manifests/", 1, Fault::Endless { said });
        assert_eq!(
            problem(network(), &reference).await,
            Problem::TooLarge { found, limit }
        );
    }
    assert_eq!(registry.requests().len(), 2, "it is not tried again");
}

#[tokio::test]
async fn a_page_for_people_is_no_image() {
    let registry = registry();
    let page = "<!DOCTYPE html>\n<title>Welcome to the hotel</title>";
    let digest = Digest::sha256(b"x");
    for name in ["busybox:1.37.0".to_owned(), format!("busybox@{digest}")] {
        for (kind, body, part) in [
            (
                "text/html; charset=utf-8",
                page,
                "text/html that begins with \"<!DOCTYPE html> <title>Welcome",
            ),
            (
                "application/json",
                r#"{"login": "https://hotel"}"#,
                "application/json that begins with",
            ),
            ("application/json", "[]", "application/json"),
            ("text/plain", "", "nothing"),
        ] {
            registry.fault_times("/manifests/", 1, Fault::answer(200, kind, body));
            match problem(network(), &registry.reference(&name)).await {
                Problem::Protocol { why } => assert!(why.contains(part), "{why}"),
                other => panic!("{name}, {kind}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_manifest_under_another_type_is_taken() {
    let registry = registry();
    let body = str::from_utf8(MANIFEST).unwrap();
    for kind in [
        "application/json",
        "text/plain; charset=utf-8",
        "application/octet-stream",
    ] {
        registry.fault_times("/manifests/", 1, Fault::answer(200, kind, body));
        let raw = resolve(network(), &registry.reference("busybox:1.37.0"))
            .await
            .unwrap();
        assert_eq!(raw.bytes(), MANIFEST, "{kind}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let registry = registry();
    let error = resolve(network(), &registry.reference("busybox:nope"))
        .await
        .unwrap_err();
    assert_eq!(error.problem, Problem::NotFound);
    let place = format!("{}/busybox", registry.host());
    assert_eq!(
        error.to_string(),
        format!("tag nope of {place}: it is not there")
    );

    let digest = Digest::sha256(b"nope");
    let reference = registry.reference(&format!("busybox@{digest}"));
    let error = resolve(network(), &reference).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("manifest {digest} of {place}: it is not there")
    );

    let error = resolve(network(), &registry.reference("nope/nope:1"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "repository nope/nope of {}: it is not there",
            registry.host()
        )
    );
}

#[tokio::test]
async fn a_web_site_is_no_registry() {
    let registry = registry();
    registry.fault(
        "/v2/",
        Fault::answer(404, "text/html", "<h1>Not Found</h1>"),
    );
    match problem(network(), &registry.reference("busybox:1.37.0")).await {
        Problem::Protocol { why } => {
            assert!(why.contains("404") && why.contains("text/html"), "{why}")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn resolving_twice_asks_twice_and_keeps_one_connection() {
    let registry = registry();
    let source = source(&client(network()), &registry.reference("busybox:1.37.0"));
    let first = document(&*source).await.unwrap();
    let digest =
        registry.put_manifest("busybox", Some("1.37.0"), MediaType::OCI_MANIFEST, MANIFEST);
    let second = document(&*source).await.unwrap();
    assert_ne!(
        first.digest(),
        second.digest(),
        "a tag is never believed twice"
    );
    assert_eq!(*second.digest(), digest);
    assert_eq!(registry.connections(), 1);
}

#[tokio::test]
async fn a_signed_manifest_of_the_first_schema_is_known_by_what_was_signed() {
    let registry = Registry::start();
    let (payload, whole) = signed(&image());
    let digest = Digest::sha256(&payload);
    let body = str::from_utf8(&whole).unwrap();
    // as Docker Hub answered while it had them
    let answer = || {
        Fault::answer(200, MediaType::DOCKER_SCHEMA1_SIGNED, body)
            .with_header("Docker-Content-Digest", &digest.to_string())
    };
    registry.fault("/old/manifests/", answer());
    for name in ["old:latest".to_owned(), format!("old@{digest}")] {
        let raw = resolve(network(), &registry.reference(&name))
            .await
            .unwrap();
        assert_eq!((raw.digest(), &raw.bytes()[..]), (&digest, &whole[..]));
    }
    registry.forget_faults();
    let changed = body.replace("old/app", "old/apq");
    let changed = Fault::answer(200, MediaType::DOCKER_SCHEMA1_SIGNED, &changed);
    registry.fault("/old/manifests/", changed);
    let problem = problem(network(), &registry.reference(&format!("old@{digest}"))).await;
    assert!(matches!(problem, Problem::WrongDigest { .. }), "{problem}");
}
