//! Web addresses of registries' pages and of their API.

use porthole::transport::{LocateError, locate};
use proptest::prelude::*;

use super::{located, refused};

#[test]
fn pages_of_registries() {
    let digest = "5555555555555555555555555555555555555555555555555555555555555555";
    let hub_layer = format!(
        "https://hub.docker.com/layers/library/alpine/3.17/images/sha256-{digest}?context=explore"
    );
    let hub_digest = format!("docker.io/library/alpine:3.17@sha256:{digest}");
    let quay_manifest = format!("https://quay.io/repository/a/b/manifest/sha256:{digest}");
    let quay_digest = format!("quay.io/a/b@sha256:{digest}");
    let google = format!(
        "https://console.cloud.google.com/artifacts/docker/proj/us/repo/img/sha256:{digest}"
    );
    let google_digest = format!("us-docker.pkg.dev/proj/repo/img@sha256:{digest}");
    let cases = [
        (
            "https://hub.docker.com/_/busybox",
            "docker.io/library/busybox:latest",
        ),
        (
            "https://hub.docker.com/_/busybox/tags?page=1",
            "docker.io/library/busybox:latest",
        ),
        (
            "hub.docker.com/_/busybox",
            "docker.io/library/busybox:latest",
        ),
        (
            "HTTPS://Hub.Docker.com/r/bitnami/nginx/",
            "docker.io/bitnami/nginx:latest",
        ),
        (
            "https://hub.docker.com/r/bitnami/nginx/tags?name=1",
            "docker.io/bitnami/nginx:latest",
        ),
        (
            "https://hub.docker.com/repository/docker/a/b/general",
            "docker.io/a/b:latest",
        ),
        ("https://hub.docker.com/layers/a/b/1.0", "docker.io/a/b:1.0"),
        (&hub_layer, &hub_digest),
        (
            "https://quay.io/repository/projectquay/quay",
            "quay.io/projectquay/quay:latest",
        ),
        (
            "https://quay.io/repository/projectquay/quay?tab=tags&tag=3.9",
            "quay.io/projectquay/quay:3.9",
        ),
        (
            "https://quay.io/repository/projectquay/quay?tab=tags&tag=",
            "quay.io/projectquay/quay:latest",
        ),
        ("https://quay.io/repository/a/b/tag/v1", "quay.io/a/b:v1"),
        (&quay_manifest, &quay_digest),
        // as it stands in many a text, although no registry has it
        (
            "quay.io/repository/biocontainers/blast:2.9",
            "quay.io/biocontainers/blast:2.9",
        ),
        ("https://quay.io/a/b:1", "quay.io/a/b:1"),
        (
            "https://github.com/Owner/Repo/pkgs/container/repo",
            "ghcr.io/owner/repo:latest",
        ),
        (
            "https://github.com/deeptoai-com/kin/pkgs/container/kin%2Fapp",
            "ghcr.io/deeptoai-com/kin/app:latest",
        ),
        (
            "https://github.com/orgs/hotio/packages/container/package/tautulli",
            "ghcr.io/hotio/tautulli:latest",
        ),
        (
            "https://github.com/users/Some/packages/container/app/12345?tag=1.2",
            "ghcr.io/some/app:1.2",
        ),
        (
            "https://gallery.ecr.aws/docker/library/nginx",
            "public.ecr.aws/docker/library/nginx:latest",
        ),
        (
            "https://gallery.ecr.aws/lambda/python#tags",
            "public.ecr.aws/lambda/python:latest",
        ),
        (
            "https://console.cloud.google.com/artifacts/docker/proj/us/repo/img?project=proj",
            "us-docker.pkg.dev/proj/repo/img:latest",
        ),
        (&google, &google_digest),
    ];
    for (address, expected) in cases {
        assert_eq!(
            located(address),
            format!("docker://{expected}"),
            "{address}"
        );
    }
}

#[test]
fn addresses_of_registries() {
    let digest = format!("sha256:{}", "5".repeat(64));
    let by_digest = format!("https://example.com:5000/v2/a/b/manifests/{digest}");
    let referrers = format!("https://example.com/v2/a/b/referrers/{digest}?artifactType=x");
    let cases = [
        ("https://example.com/a/b:1", "example.com/a/b:1".to_owned()),
        (
            "https://example.com/a/b",
            "example.com/a/b:latest".to_owned(),
        ),
        ("http://localhost:5000/a:1", "localhost:5000/a:1".to_owned()),
        ("http://[::1]:5000/a", "[::1]:5000/a:latest".to_owned()),
        (
            "https://example.com/v2/a/b/manifests/1.0",
            "example.com/a/b:1.0".to_owned(),
        ),
        (
            "https://example.com/v2/a/b/tags/list?n=5",
            "example.com/a/b:latest".to_owned(),
        ),
        (
            "https://registry-1.docker.io/v2/library/busybox/manifests/1",
            "docker.io/library/busybox:1".to_owned(),
        ),
        (&by_digest, format!("example.com:5000/a/b@{digest}")),
        (&referrers, format!("example.com/a/b@{digest}")),
    ];
    for (address, expected) in cases {
        assert_eq!(
            located(address),
            format!("docker://{expected}"),
            "{address}"
        );
    }
}

#[test]
fn addresses_that_name_no_image() {
    let cases = [
        ("https://hub.docker.com/u/bitnami", "hub.docker.com"),
        ("https://hub.docker.com/", "hub.docker.com"),
        ("https://github.com/containers/image", "github.com"),
        ("https://gallery.ecr.aws/docker", "gallery.ecr.aws"),
        ("https://example.com", "example.com"),
        ("https://example.com/", "example.com"),
        ("https://example.com/v2/", "example.com"),
        ("https://example.com/v2/_catalog", "example.com"),
        ("https://example.com/v2/a/blobs/sha256:00", "example.com"),
        ("https://user@example.com/a", "example.com"),
        ("https://example.com/%ff", "example.com"),
    ];
    for (address, expected) in cases {
        match refused(address) {
            LocateError::Web { host, .. } => assert_eq!(host, expected, "{address}"),
            other => panic!("{address}: {other:?}"),
        }
    }
    // what is escaped in an address is checked like anything else
    for address in [
        "https://example.com/a%2e%2e/b",
        "https://example.com/a%20b",
        "https://example.com/a%0a",
    ] {
        assert!(
            matches!(refused(address), LocateError::Reference(_)),
            "{address}"
        );
    }
}

#[test]
fn charts_and_folders_behind_oci() {
    assert_eq!(
        located("oci://registry-1.docker.io/bitnamicharts/nginx"),
        "docker://docker.io/bitnamicharts/nginx:latest"
    );
    assert_eq!(
        located("oci://ghcr.io/a/charts/b:1"),
        "docker://ghcr.io/a/charts/b:1"
    );
    assert_eq!(located("oci:///images/a:1"), "oci:///images/a:1");
}

proptest! {
    #[test]
    fn no_address_makes_it_panic(rest in "[a-zA-Z0-9./:@?&=#%_ é-]{0,60}") {
        for host in ["", "hub.docker.com/", "quay.io/", "github.com/", "x:y@z/"] {
            let _ = locate(&format!("https://{host}{rest}"));
        }
        let _ = locate(&format!("file://{rest}"));
    }
}
