//! `porthole referrers`.

use std::process::{Command, Output};

use porthole::model::MediaType;
use serde_json::{Value, json};

use crate::support::layout::Layout;
use crate::support::referrer::{NOTATION, SPDX, cosign, fallback, index, manifest, put, put_image};
use crate::support::registry::{Fault, ReferrersApi, Registry};

const WHOLE: ReferrersApi = ReferrersApi::Whole { page: 100 };

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .env_remove("REGISTRY_AUTH_FILE")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A registry with an image, an SBOM of it, and a signature of the SBOM.
fn signed_sbom() -> (Registry, [porthole::model::Descriptor; 3]) {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let signature = put(&registry, None, &manifest(NOTATION, &sbom, "signature"));
    (registry, [image, sbom, signature])
}

#[test]
fn json_is_one_object_with_the_tree_in_it() {
    let (registry, [image, sbom, signature]) = signed_sbom();
    let reference = registry.reference("name:v1");
    let output = porthole(&["referrers", "--json", &reference]);
    assert!(output.status.success(), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let referrer = |of: &porthole::model::Descriptor, kind, words, mark: &str, below: Value| {
        json!({
            "digest": of.digest, "mediaType": MediaType::OCI_MANIFEST, "artifactType": kind,
            "kind": words, "size": of.size, "totalSize": of.size + 2 + mark.len() as u64,
            "created": "2026-11-19T14:02:00Z",
            "annotations": {"mark": mark, "org.opencontainers.image.created": "2026-11-19T14:02:00Z"},
            "foundIn": ["api"], "referrers": below,
        })
    };
    let on_sbom = referrer(
        &signature,
        NOTATION,
        "Notation signature",
        "signature",
        json!([]),
    );
    let expected = json!({
        "reference": reference, "digest": image.digest, "outcome": "listed",
        "asked": [{"way": "api", "found": 1}, {"way": "cosign-tag", "found": 0}],
        "leftOut": 0,
        "referrers": [referrer(&sbom, SPDX, "SPDX SBOM", "sbom", json!([on_sbom]))],
    });
    assert_eq!(object, expected);
    // the image itself is asked for once, and nothing in it
    let manifests = registry
        .lines()
        .into_iter()
        .filter(|line| line.contains("/manifests/"));
    assert_eq!(manifests.count(), 3);
    assert!(!registry.lines().iter().any(|line| line.contains("/blobs/")));
}

#[test]
fn text_is_a_line_a_referrer_or_a_tree() {
    let (registry, [_, sbom, signature]) = signed_sbom();
    let reference = registry.reference("name:v1");
    let list = text(&porthole(&["referrers", &reference]).stdout);
    let list: Vec<_> = list.lines().collect();
    assert_eq!(list.len(), 2, "{list:?}");
    let (of_sbom, of_signature) = (sbom.digest.to_string(), signature.digest.to_string());
    for (line, parts) in [
        (
            list[0],
            ["SPDX SBOM", of_sbom.as_str(), " B ", "2026-11-19T14:02:00Z"],
        ),
        (
            list[1],
            [
                "Notation signature",
                of_signature.as_str(),
                " B ",
                "on sha256:",
            ],
        ),
    ] {
        for part in parts {
            assert!(line.contains(part), "{part:?} in {line:?}");
        }
    }
    let tree = text(&porthole(&["referrers", "--tree", &reference]).stdout);
    let tree: Vec<_> = tree.lines().collect();
    assert_eq!(tree[0], reference);
    assert!(tree[1].starts_with("└─ SPDX SBOM "), "{tree:?}");
    assert!(tree[2].starts_with("   └─ Notation signature "), "{tree:?}");
    assert_eq!(
        porthole(&["referrers", "--tree", "--json", "x"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_tree_with_several_branches_is_drawn_with_lines() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let stem = fallback(&image);
    let put = |tag: &str, mark: &str| put(&registry, Some(tag), &cosign("text/spdx+json", mark));
    let first = put(&format!("{stem}.sig"), "first");
    put(&format!("{stem}.sbom"), "last");
    put(&format!("{}.sbom", fallback(&first)), "below");
    let tree = text(&porthole(&["referrers", "--tree", &registry.reference("name:v1")]).stdout);
    let starts = tree
        .lines()
        .skip(1)
        .map(|line| line.split("SPDX").next().unwrap());
    assert_eq!(
        starts.collect::<Vec<_>>(),
        ["├─ ", "│  └─ ", "└─ "],
        "{tree}"
    );
}

#[test]
fn none_is_said_and_is_no_failure() {
    let registry = Registry::start();
    put_image(&registry);
    let reference = registry.reference("name:v1");
    let output = porthole(&["referrers", &reference]);
    assert!(output.status.success() && output.stderr.is_empty());
    let said = text(&output.stdout);
    assert_eq!(said, "none; asked: the referrers tag, cosign's tags\n");
    let output = porthole(&["referrers", "--json", &reference]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&object["outcome"], &object["referrers"]),
        (&json!("listed"), &json!([]))
    );
    assert_eq!(
        object["asked"],
        json!([
            {"way": "api", "supported": false}, {"way": "fallback-tag", "found": 0},
            {"way": "cosign-tag", "found": 0},
        ])
    );
}

#[test]
fn what_could_not_be_read_fails_and_the_rest_is_printed() {
    let registry = Registry::start();
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let entries = [
        json!({"mediaType": MediaType::OCI_MANIFEST, "digest": sbom.digest, "size": sbom.size}),
        json!({"mediaType": MediaType::OCI_MANIFEST, "digest": image.digest, "size": 1}),
    ];
    let tag = fallback(&image);
    registry.put_manifest("name", Some(&tag), MediaType::OCI_INDEX, &index(&entries));
    let reference = registry.reference("name:v1");
    let output = porthole(&["referrers", &reference]);
    assert_eq!(output.status.code(), Some(1));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        out.contains("SPDX SBOM") && out.contains("could not be read"),
        "{out}"
    );
    assert_eq!(err.lines().count(), 2, "{err}");
    assert!(err.contains("not all referrers could be read"), "{err}");

    registry.fault("/referrers/", Fault::status(403));
    let output = porthole(&["referrers", "--json", &reference]);
    assert_eq!(output.status.code(), Some(1));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["outcome"], "not-read");
    assert!(
        object["asked"][0]["error"]
            .as_str()
            .unwrap()
            .contains("403")
    );
}

#[test]
fn a_registry_that_cannot_list_fails_in_other_words() {
    let registry = Registry::start();
    put_image(&registry);
    registry.fault("/tags/list", Fault::status(405));
    registry.fault("/manifests/sha256-", Fault::status(405));
    let output = porthole(&["referrers", &registry.reference("name:v1")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let err = text(&output.stderr);
    assert!(err.contains("was asked and cannot list referrers"), "{err}");

    let fixture = format!("{}/tests/fixtures/images", env!("CARGO_MANIFEST_DIR"));
    let output = porthole(&["referrers", &format!("dir:{fixture}/busybox-dir-v2s2")]);
    assert_eq!(output.status.code(), Some(1));
    let err = text(&output.stderr);
    assert!(
        err.contains("a place of this kind cannot list referrers"),
        "{err}"
    );
}

#[test]
fn the_image_for_a_platform_is_asked_about_with_what_the_index_says_of_it() {
    let fixture = format!("{}/tests/fixtures/images", env!("CARGO_MANIFEST_DIR"));
    let reference = format!("oci:{fixture}/buildkit-app:1");
    let output = porthole(&[
        "referrers",
        &reference,
        "--platform",
        "linux/arm/v7",
        "--json",
    ]);
    assert!(output.status.success(), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let digest = "sha256:91cacb4fafd4734dda7a9753f5e2086023ed1c26a6c8c122a2d7471071a992d9";
    assert_eq!(object["digest"], digest);
    assert_eq!(
        object["reference"],
        format!("oci:{fixture}/buildkit-app:@{digest}")
    );
    assert_eq!(
        object["referrers"][0]["kind"],
        "attestation: SLSA provenance"
    );
    assert_eq!(
        object["referrers"][0]["foundIn"],
        json!(["index", "index.json"])
    );

    let output = porthole(&["referrers", &reference]);
    assert!(output.status.success());
    let said = text(&output.stdout);
    assert!(said.contains("--platform"), "{said}");
    let output = porthole(&["referrers", &reference, "--platform", "linux/s390x"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn names_and_types_play_no_tricks_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("v1", &image);
    let mut value = manifest("application/x\u{1b}[31m\u{202e}", &image, "trick");
    value["annotations"]["org.opencontainers.image.created"] = json!("2026\u{1b}]0;x");
    layout.document(MediaType::OCI_MANIFEST, &value);
    for flag in ["--tree", "--json"] {
        let output = porthole(&["referrers", flag, &layout.reference("v1")]);
        let out = text(&output.stdout);
        assert!(!out.contains('\u{1b}'), "{out:?}");
        assert!(out.contains("application/x"), "{out}");
    }
}
