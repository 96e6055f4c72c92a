//! Every image among the fixtures, opened as a user opens it: what its README says of it is
//! what is listed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// What is in one of the fixtures.
struct Expected {
    /// Below `tests/fixtures`; opened without a prefix, by what is there.
    path: &'static str,
    /// Behind the path, with its colon.
    name: &'static str,
    kind: &'static str,
    /// The beginning of the hex digits.
    digest: &'static str,
    /// Of an index its entries, of a manifest itself: platform, digest, number of layers.
    images: &'static [(&'static str, &'static str, usize)],
    /// What refers to it, two spaces for each step down; nothing where the place cannot tell.
    referrers: Option<&'static [&'static str]>,
    /// Whether its manifest is stored nowhere.
    derived: bool,
}

const BUSYBOX_AMD64: (&str, &str, usize) = ("linux/amd64", "5d4cf3e3026c", 3);
const BUSYBOX_ARM64: (&str, &str, usize) = ("linux/arm64/v8", "db2d9bc85262", 3);
const BUILDKIT: &[(&str, &str, usize)] = &[
    ("linux/amd64", "bea271ad6397", 7),
    ("linux/arm64", "f9061675fe96", 7),
    ("linux/arm/v7", "91cacb4fafd4", 7),
    ("unknown/unknown", "9cb9a3e7ebae", 1),
    ("unknown/unknown", "b904505a2c01", 1),
    ("unknown/unknown", "7c2877d06a0d", 1),
];

const fn layout(
    path: &'static str,
    name: &'static str,
    digest: &'static str,
    images: &'static [(&'static str, &'static str, usize)],
    referrers: &'static [&'static str],
) -> Expected {
    let kind = if images.len() == 1 {
        "manifest"
    } else {
        "index"
    };
    Expected {
        path,
        name,
        kind,
        digest,
        images,
        referrers: Some(referrers),
        derived: false,
    }
}

/// What Notation signed for its own tests: an artifact with one file.
const fn notation(
    path: &'static str,
    name: &'static str,
    digest: &'static str,
    referrers: &'static [&'static str],
) -> Expected {
    Expected {
        kind: "artifact",
        ..layout(path, name, digest, &[], referrers)
    }
}

/// A flat folder; nothing there refers to anything.
const fn flat(
    path: &'static str,
    digest: &'static str,
    images: &'static [(&'static str, &'static str, usize)],
) -> Expected {
    Expected {
        referrers: None,
        ..layout(path, "", digest, images, &[])
    }
}

const SIGNED_BY_NOTATION: &[&str] = &["Notation signature"];
const E2E: &str = "b8479de3f88f";

/// Every image, in the order of the READMEs.
const ALL: [Expected; 34] = [
    layout(
        "images/busybox-small",
        ":1.37.0",
        "baa09548704e",
        &[
            BUSYBOX_AMD64,
            BUSYBOX_ARM64,
            ("unknown/unknown", "7e7c78ac5724", 2),
            ("unknown/unknown", "2b0874d0d4ce", 2),
        ],
        &[],
    ),
    layout(
        "images/busybox-small",
        ":plain",
        "5d3026e2bbcf",
        &[BUSYBOX_AMD64, BUSYBOX_ARM64],
        &[],
    ),
    layout(
        "images/busybox-small",
        ":amd64",
        "5d4cf3e3026c",
        &[BUSYBOX_AMD64],
        &[],
    ),
    layout("images/buildkit-app", "", "a6cac17373cc", BUILDKIT, &[]),
    // the layout in the archive is preferred, so that digests are kept
    layout(
        "images/buildkit-docker-save.tar",
        "",
        "a6cac17373cc",
        BUILDKIT,
        &[],
    ),
    flat(
        "images/busybox-dir-v2s2",
        "28e25d5b5e01",
        &[
            ("linux/amd64", "cc87a9f8a976", 3),
            ("linux/arm64/v8", "dcf7c3ca2ad7", 3),
            ("linux/arm/v7", "4e82f0d6e643", 3),
            ("linux/386", "9a99c9cd67a5", 3),
            ("linux/ppc64le", "1e71a2cb8c6c", 3),
            ("linux/s390x", "cc9c9344021b", 3),
            ("linux/riscv64", "fc8780e6ca41", 3),
        ],
    ),
    Expected {
        derived: true,
        ..flat(
            "images/busybox-amd64-docker-archive.tar",
            "8e4359195ba7",
            &[("linux/amd64", "8e4359195ba7", 3)],
        )
    },
    layout(
        "signing/referrers-amd64",
        ":amd64",
        "5d4cf3e3026c",
        &[BUSYBOX_AMD64],
        &[
            "  Notation signature",
            "Notation signature",
            "Notation signature",
            "SPDX SBOM",
            "Sigstore bundle, signature",
            "Sigstore bundle, signature",
            "Sigstore bundle, signature",
            "attestation: SPDX SBOM",
        ],
    ),
    layout(
        "signing/cosign25-keyless",
        "",
        "fd580368ebe8",
        &[("", "fd580368ebe8", 1)],
        &[],
    ),
    flat(
        "signing/simple-signing-dir",
        "5d4cf3e3026c",
        &[BUSYBOX_AMD64],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-fulcio-rekor-valid",
        "0489474da8ea",
        &[("", "0489474da8ea", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-key-rekor-valid",
        "0489474da8ea",
        &[("", "0489474da8ea", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-manifest-digest-error",
        "dc6d2c1a204b",
        &[("linux/amd64", "dc6d2c1a204b", 0)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-mixed",
        "634a8f35b5f1",
        &[("", "634a8f35b5f1", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-modified-manifest",
        "d9dcafdb480a",
        &[("", "d9dcafdb480a", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-other-attachment",
        "634a8f35b5f1",
        &[("", "634a8f35b5f1", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-pki-valid",
        "253c890b744f",
        &[("", "253c890b744f", 0)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-valid",
        "634a8f35b5f1",
        &[("", "634a8f35b5f1", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-valid-2",
        "634a8f35b5f1",
        &[("", "634a8f35b5f1", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-cosign-valid-with-tag",
        "634a8f35b5f1",
        &[("", "634a8f35b5f1", 1)],
    ),
    flat(
        "signing/containers-image/dir-img-manifest-digest-error",
        "dc6d2c1a204b",
        &[("linux/amd64", "dc6d2c1a204b", 0)],
    ),
    flat(
        "signing/containers-image/dir-img-mixed",
        "20bf21ed457b",
        &[("", "20bf21ed457b", 3)],
    ),
    flat(
        "signing/containers-image/dir-img-modified-manifest",
        "2edc21ff514c",
        &[("", "2edc21ff514c", 3)],
    ),
    flat(
        "signing/containers-image/dir-img-unsigned",
        "20bf21ed457b",
        &[("", "20bf21ed457b", 3)],
    ),
    flat(
        "signing/containers-image/dir-img-valid",
        "20bf21ed457b",
        &[("", "20bf21ed457b", 3)],
    ),
    flat(
        "signing/containers-image/dir-img-valid-2",
        "20bf21ed457b",
        &[("", "20bf21ed457b", 3)],
    ),
    flat(
        "signing/containers-image/dir-img-valid-subkey",
        "20bf21ed457b",
        &[("", "20bf21ed457b", 3)],
    ),
    notation("signing/notation/oci_layout/e2e", "", E2E, &[]),
    notation(
        "signing/notation/oci_layout/e2e-expired-signature",
        ":v1",
        E2E,
        SIGNED_BY_NOTATION,
    ),
    notation(
        "signing/notation/oci_layout/e2e-invalid-signature",
        ":v1",
        E2E,
        SIGNED_BY_NOTATION,
    ),
    notation(
        "signing/notation/oci_layout/e2e-valid-multiple-signatures",
        ":v1",
        E2E,
        &["Notation signature", "Notation signature"],
    ),
    notation(
        "signing/notation/oci_layout/e2e-valid-signature",
        ":v1",
        E2E,
        SIGNED_BY_NOTATION,
    ),
    notation(
        "signing/notation/oci_layout/e2e-with-expired-cert",
        ":v1",
        E2E,
        SIGNED_BY_NOTATION,
    ),
    notation(
        "signing/notation/oci_layout/e2e-with-timestamped-signature",
        ":v1",
        "53b0191218ae",
        SIGNED_BY_NOTATION,
    ),
];

/// Told apart from the others by what is said of them.
const OTHERS: [&str; 4] = [
    // several names and none of them an image
    "signing/cosign25-key",
    // nothing but a signature in it
    "signing/containers-image/dir-img-cosign-no-manifest",
    "signing/containers-image/dir-img-no-manifest",
    "signing/notation/oci_layout/e2e-with-invalid-timestamped-signature",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .current_dir(fixtures())
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = porthole(arguments);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    // some are nothing but a manifest and what signs it
    let is_whole = object["damagedBlobs"].as_array().is_none_or(Vec::is_empty);
    let failed = !output.status.success() || object.is_null();
    assert_eq!(failed, !is_whole, "{arguments:?}: {output:?}");
    object
}

fn short(object: &Value) -> &str {
    let digest = object["digest"].as_str().unwrap();
    &digest.strip_prefix("sha256:").unwrap()[..12]
}

/// The platform that a config names, where it is asked for; digest and number of layers.
fn image(object: &Value, platform: &str) -> (String, String, usize) {
    let config = &object["config"];
    let said = match (config["os"].as_str(), config["architecture"].as_str()) {
        (Some(os), Some(architecture)) if !platform.is_empty() => {
            let variant = config["variant"].as_str();
            let variant = variant.map(|v| format!("/{v}")).unwrap_or_default();
            format!("{os}/{architecture}{variant}")
        }
        _ => String::new(),
    };
    let layers = object["layers"].as_array().unwrap().len();
    (said, short(object).to_owned(), layers)
}

/// The kinds of what refers to it, sorted: the order is that of the place.
fn kinds(object: &Value, depth: usize, lines: &mut Vec<String>) {
    for referrer in object["referrers"].as_array().unwrap() {
        let kind = referrer["kind"].as_str().unwrap();
        lines.push(format!("{}{kind}", "  ".repeat(depth)));
        kinds(referrer, depth + 1, lines);
    }
}

#[test]
fn every_image_lists_what_its_readme_says() {
    for expected in &ALL {
        let reference = format!("{}{}", expected.path, expected.name);
        let object = json(&["inspect", "--json", &reference]);
        assert_eq!(short(&object), expected.digest, "{reference}");
        assert_eq!(object["kind"], expected.kind, "{reference}");
        let found: Vec<_> = match object["manifests"].as_array() {
            Some(entries) => entries
                .iter()
                .map(|entry| {
                    let (_, digest, layers) = image(&entry["image"], "");
                    let platform = entry["platform"].as_str().unwrap().to_owned();
                    assert_eq!(entry["digest"], entry["image"]["digest"]);
                    (platform, digest, layers)
                })
                .collect(),
            None if expected.kind == "artifact" => Vec::new(),
            None => vec![image(&object, expected.images[0].0)],
        };
        let wanted: Vec<_> = expected
            .images
            .iter()
            .map(|(platform, digest, layers)| {
                ((*platform).to_owned(), (*digest).to_owned(), *layers)
            })
            .collect();
        assert_eq!(found, wanted, "{reference}");
        notes(expected, &reference, &object);
        referrers(expected, &reference);
    }
}

/// What the place has to say: signatures that lie beside the manifest, a manifest that was
/// derived, and nothing else.
fn notes(expected: &Expected, reference: &str, object: &Value) {
    let notes = object["notes"].as_array().map_or(&[][..], Vec::as_slice);
    let mut wanted = Vec::new();
    let folder = fixtures().join(expected.path);
    let beside = (1..)
        .take_while(|n| folder.join(format!("signature-{n}")).exists())
        .count();
    if beside > 0 {
        wanted.push("detached-signatures");
        let text = notes[0]["text"].as_str().unwrap();
        assert!(text.starts_with(&format!("{beside} ")), "{text}");
    }
    if expected.derived {
        wanted.push("derived-manifest");
    }
    let found: Vec<_> = notes.iter().map(|note| &note["kind"]).collect();
    assert_eq!(found, wanted, "{reference}");
}

fn referrers(expected: &Expected, reference: &str) {
    let Some(wanted) = expected.referrers else {
        let output = porthole(&["referrers", reference]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{reference}");
        assert!(said.contains("cannot list referrers"), "{said}");
        return;
    };
    let object = json(&["referrers", "--json", reference]);
    let mut found = Vec::new();
    kinds(&object, 0, &mut found);
    found.sort();
    assert_eq!(found, wanted, "{reference}");
}

/// What BuildKit attested is said of the platform that it is about.
#[test]
fn every_platform_of_buildkit_has_its_attestation() {
    let places = [
        (
            "images/busybox-small:1.37.0",
            "attestation: SPDX SBOM, SLSA provenance",
            &["linux/amd64", "linux/arm64"][..],
        ),
        (
            "images/buildkit-app",
            "attestation: SLSA provenance",
            &["linux/amd64", "linux/arm64", "linux/arm/v7"],
        ),
        (
            "images/buildkit-docker-save.tar",
            "attestation: SLSA provenance",
            &["linux/amd64", "linux/arm64", "linux/arm/v7"],
        ),
    ];
    for (reference, kind, platforms) in places {
        for platform in platforms {
            let object = json(&["referrers", "--json", "--platform", platform, reference]);
            let mut found = Vec::new();
            kinds(&object, 0, &mut found);
            assert_eq!(found, [kind], "{reference} {platform}");
        }
    }
}

/// cosign's layout holds no image, only what it put under tags: 15 signatures, an
/// attestation and an SBOM.
#[test]
fn what_cosign_tagged_is_listed_by_name_and_each_opens() {
    let path = "signing/cosign25-key";
    let output = porthole(&["inspect", path]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("holds 17 images"), "{said}");
    let index = std::fs::read(fixtures().join(path).join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let names: Vec<_> = entries
        .filter_map(|entry| entry["annotations"]["org.opencontainers.image.ref.name"].as_str())
        .collect();
    assert!(said.contains(names[0]), "{said}");
    let ending = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
    let counted = [".sig", ".att", ".sbom"].map(ending);
    assert_eq!(counted, [15, 1, 1], "{said}");
    for name in names {
        let object = json(&["inspect", "--json", &format!("{path}:{name}")]);
        let layers = object["layers"].as_array().unwrap();
        assert!(!layers.is_empty(), "{name}");
    }
}

#[test]
fn what_is_no_image_is_said_to_be_none() {
    for name in ["dir-img-cosign-no-manifest", "dir-img-no-manifest"] {
        let output = porthole(&["inspect", &format!("signing/containers-image/{name}")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(said.contains("this is not a container image"), "{said}");
    }
    // whose own name for it Notation left as it was, with a signature that is not genuine
    let path = "signing/notation/oci_layout/e2e-with-invalid-timestamped-signature";
    let object = json(&["inspect", "--json", &format!("{path}:v1")]);
    assert_eq!(short(&object), "f1da8cd70d6d");
    let mut found = Vec::new();
    kinds(&json(&["referrers", "--json", path]), 0, &mut found);
    assert_eq!(found, SIGNED_BY_NOTATION);
}

/// Whatever is put among the fixtures has to be put into the table too.
#[test]
fn no_image_among_the_fixtures_is_left_out() {
    let root = fixtures();
    let mut found = BTreeSet::new();
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        let has = |name: &str| folder.join(name).exists();
        if has("index.json") || has("manifest.json") || has("signature-1") {
            found.insert(folder);
            continue;
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "tar") {
                found.insert(path);
            }
        }
    }
    let found: BTreeSet<_> = found
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap())
        // a tree of signatures by digest, and what fuzz targets begin with: no images
        .filter(|path| !path.starts_with("signing/simple-signing-lookaside"))
        .filter(|path| !path.starts_with("corpus"))
        .collect();
    let listed = ALL.iter().map(|expected| expected.path).chain(OTHERS);
    let listed: BTreeSet<_> = listed.map(Path::new).collect();
    assert_eq!(found, listed);
}
