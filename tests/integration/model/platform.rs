//! image-spec `image-index.md` and the choosing rules of containers/image.

use porthole::model::{
    Choice, ChoiceReason, Descriptor, Digest, Index, MediaType, Platform, choose,
};
use serde_json::{Value, json};

use super::document;

fn entry(platform: Value) -> Value {
    let digest = Digest::sha256(platform.to_string().as_bytes());
    let mut entry = json!({"mediaType": MediaType::OCI_MANIFEST, "digest": digest, "size": 500});
    if !platform.is_null() {
        entry["platform"] = platform;
    }
    entry
}

fn zstd(mut entry: Value) -> Value {
    entry["annotations"] = json!({"io.github.containers.compression.zstd": "true"});
    entry
}

fn platform(os: &str, architecture: &str, variant: &str) -> Value {
    match variant {
        "" => json!({"os": os, "architecture": architecture}),
        variant => json!({"os": os, "architecture": architecture, "variant": variant}),
    }
}

fn linux(architecture: &str, variant: &str) -> Value {
    entry(platform("linux", architecture, variant))
}

fn index(media_type: &str, entries: &[Value]) -> Index {
    let value = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries});
    document(media_type, &value).index().unwrap().clone()
}

fn oci(entries: &[Value]) -> Index {
    index(MediaType::OCI_INDEX, entries)
}

fn docker(entries: &[Value]) -> Index {
    index(MediaType::DOCKER_MANIFEST_LIST, entries)
}

fn wanted(text: &str) -> Platform {
    let mut parts = text.split('/');
    let (os, architecture) = (parts.next().unwrap(), parts.next().unwrap());
    Platform {
        variant: parts.next().map(ToOwned::to_owned),
        ..Platform::new(os, architecture)
    }
}

/// Position and reason, or nothing where nothing fits.
fn fitting(index: &Index, platform: &str) -> Option<(usize, ChoiceReason)> {
    let choice = index.choose(&wanted(platform)).unwrap();
    choice.fits().then_some((choice.position, choice.reason))
}

fn variant(found: &str) -> ChoiceReason {
    ChoiceReason::Variant {
        found: Some(found.to_owned()).filter(|f| !f.is_empty()),
    }
}

/// The list that containers/image tests its choice with: amd64, arm v7, v6, v6 as zstd, a
/// variant that nobody knows, and none.
fn variants() -> Vec<Value> {
    vec![
        linux("amd64", ""),
        linux("arm", "v7"),
        linux("arm", "v6"),
        zstd(linux("arm", "v6")),
        linux("arm", "unrecognized-present"),
        linux("arm", ""),
    ]
}

#[test]
fn variants_are_chosen_as_containers_image_chooses_them() {
    let exact = ChoiceReason::Exact;
    let cases = [
        ("linux/amd64", 0, exact.clone()),
        ("linux/arm/v8", 1, variant("v7")),
        ("linux/arm/v7", 1, exact.clone()),
        // of two that fit alike, the one marked as zstd
        ("linux/arm/v6", 3, exact.clone()),
        ("linux/arm/v5", 5, variant("")),
        ("linux/arm", 5, exact.clone()),
        ("linux/arm/unrecognized-present", 4, exact),
        ("linux/arm/unrecognized-not-present", 5, variant("")),
    ];
    let index = oci(&variants());
    for (platform, position, reason) in cases {
        assert_eq!(
            fitting(&index, platform),
            Some((position, reason)),
            "{platform}"
        );
    }
    assert_eq!(fitting(&index, "linux/s390x"), None);
    assert_eq!(fitting(&index, "windows/amd64"), None);
}

#[test]
fn a_docker_list_takes_the_first_and_knows_no_zstd_copy() {
    let index = docker(&variants());
    for (platform, position) in [("linux/arm/v6", 2), ("linux/arm/v7", 1), ("linux/arm", 5)] {
        assert_eq!(fitting(&index, platform).unwrap().0, position, "{platform}");
    }
}

#[test]
fn arm_variants_are_tried_downwards_and_none_last() {
    // every entry that may be taken for arm/v7, the best first
    let mut entries = vec![
        linux("arm", "v7"),
        linux("arm", "v6"),
        linux("arm", "v5"),
        linux("arm", ""),
    ];
    let mut reasons = vec![
        ChoiceReason::Exact,
        variant("v6"),
        variant("v5"),
        variant(""),
    ];
    // a newer one never runs
    let newer = linux("arm", "v8");
    while !entries.is_empty() {
        // listed from the worst to the best, so that position decides nothing
        let mut listed: Vec<_> = entries.iter().rev().cloned().collect();
        listed.insert(0, newer.clone());
        let best = listed.len() - 1;
        assert_eq!(
            fitting(&oci(&listed), "linux/arm/v7"),
            Some((best, reasons[0].clone()))
        );
        entries.remove(0);
        reasons.remove(0);
    }
    assert_eq!(fitting(&oci(&[newer]), "linux/arm/v7"), None);
}

#[test]
fn arm64_without_a_variant_takes_none_first_and_then_v8() {
    let none = linux("arm64", "");
    let v8 = linux("arm64", "v8");
    let both = oci(&[v8.clone(), none.clone()]);
    assert_eq!(
        fitting(&both, "linux/arm64"),
        Some((1, ChoiceReason::Exact))
    );
    assert_eq!(
        fitting(&oci(&[v8]), "linux/arm64"),
        Some((0, variant("v8")))
    );
    assert_eq!(
        fitting(&both, "linux/arm64/v8"),
        Some((0, ChoiceReason::Exact))
    );
    assert_eq!(
        fitting(&oci(&[none]), "linux/arm64/v8"),
        Some((0, variant("")))
    );
    // nothing is known of variants of amd64: only the one asked for, or none
    let amd64 = oci(&[linux("amd64", "v3"), linux("amd64", "")]);
    assert_eq!(fitting(&amd64, "linux/amd64").unwrap().0, 1);
    assert_eq!(fitting(&amd64, "linux/amd64/v3").unwrap().0, 0);
    assert_eq!(fitting(&amd64, "linux/amd64/v2").unwrap().0, 1);
}

#[test]
fn an_entry_without_a_platform_comes_last_in_an_index_and_never_in_a_docker_list() {
    let entries = [entry(Value::Null), linux("arm64", "v8"), linux("amd64", "")];
    assert_eq!(
        fitting(&oci(&entries), "linux/amd64"),
        Some((2, ChoiceReason::Exact))
    );
    assert_eq!(
        fitting(&oci(&entries), "linux/s390x"),
        Some((0, ChoiceReason::NoPlatform))
    );
    assert_eq!(fitting(&docker(&entries), "linux/s390x"), None);
    // an empty platform, which some tools write for artifacts, is none
    let empty = oci(&[entry(json!({"os": "", "architecture": ""}))]);
    assert_eq!(
        fitting(&empty, "linux/s390x"),
        Some((0, ChoiceReason::NoPlatform))
    );
}

#[test]
fn the_zstd_mark_decides_among_entries_without_a_platform_too() {
    let entries = [
        entry(Value::Null),
        zstd(entry(Value::Null)),
        zstd(entry(Value::Null)),
    ];
    assert_eq!(fitting(&oci(&entries), "linux/amd64").unwrap().0, 1);
    // but a platform that fits counts for more than the mark
    let entries = [zstd(entry(Value::Null)), linux("amd64", "")];
    assert_eq!(fitting(&oci(&entries), "linux/amd64").unwrap().0, 1);
}

#[test]
fn attestations_are_never_chosen() {
    let mut attestation = entry(platform("unknown", "unknown", ""));
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": Digest::sha256(b"image"),
    });
    let unmarked = entry(platform("unknown", "unknown", ""));
    let with_image = oci(&[attestation.clone(), unmarked.clone(), linux("s390x", "")]);
    let choice = with_image.choose(&wanted("linux/amd64")).unwrap();
    assert_eq!(
        choice,
        Choice {
            position: 2,
            reason: ChoiceReason::NothingFits
        }
    );
    assert_eq!(fitting(&with_image, "unknown/unknown"), None);
    // engines choose by the platform: what it is called keeps nobody from running it
    let mut called = linux("amd64", "");
    called["annotations"] = attestation["annotations"].clone();
    assert_eq!(fitting(&oci(&[called]), "linux/amd64").unwrap().0, 0);
    let alone = oci(&[attestation, unmarked]);
    assert_eq!(alone.choose(&wanted("linux/amd64")), None);
    assert_eq!(oci(&[]).choose(&wanted("linux/amd64")), None);
}

#[test]
fn positions_count_broken_entries() {
    let index = oci(&[json!({"size": 1}), linux("amd64", "")]);
    assert_eq!(fitting(&index, "linux/amd64").unwrap().0, 1);
}

#[test]
fn the_version_of_windows_is_not_compared() {
    let old = entry(json!({"os": "windows", "architecture": "amd64", "os.version": "10.0.14393"}));
    let new = entry(json!({"os": "windows", "architecture": "amd64", "os.version": "10.0.20348"}));
    let index = oci(&[old, new]);
    assert_eq!(
        fitting(&index, "windows/amd64"),
        Some((0, ChoiceReason::Exact))
    );
    let (_, first) = index.descriptors().next().unwrap();
    let version = first.platform.as_ref().unwrap().os_version.as_deref();
    assert_eq!(version, Some("10.0.14393"));
}

#[test]
fn the_reason_is_a_sentence() {
    let arm = wanted("linux/arm/v7");
    let explain = |reason| {
        Choice {
            position: 0,
            reason,
        }
        .explain(&arm)
    };
    assert_eq!(
        explain(variant("v6")),
        "Chosen because variant v6 runs on linux/arm/v7"
    );
    assert_eq!(
        explain(variant("")),
        "Chosen because an image without a variant runs on linux/arm/v7"
    );
    assert!(explain(ChoiceReason::Exact).contains("it is for linux/arm/v7"));
    assert!(explain(ChoiceReason::NoPlatform).contains("names no platform"));
    assert!(explain(ChoiceReason::NothingFits).contains("Nothing here is for linux/arm/v7"));
}

#[test]
fn platforms_as_people_write_them() {
    let cases = [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("Linux/AMD64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("macos/arm64", "darwin/arm64"),
        ("arm64", "linux/arm64"),
        ("x86-64", "linux/amd64"),
        ("wasip1/wasm", "wasip1/wasm"),
    ];
    for (text, expected) in cases {
        let platform: Platform = text.parse().unwrap();
        assert_eq!(platform.to_string(), expected, "{text}");
    }
    for text in [
        "",
        "linux",
        "linux/",
        "/amd64",
        "a/b/c/d",
        "linux/amd 64",
        "linux/\u{202e}46dma",
        "ubuntu",
    ] {
        assert!(text.parse::<Platform>().is_err(), "{text:?}");
    }
}

#[test]
fn spellings_of_one_platform_mean_the_same_as_containerd_has_it() {
    let cases = [
        (
            "linux/arm64",
            &[
                "linux/arm64/v8",
                "linux/aarch64",
                "linux/arm64/8",
                "Linux/ARM64",
            ][..],
        ),
        (
            "linux/amd64",
            &["linux/x86_64", "linux/x86-64/v1", "linux/amd64/v1"],
        ),
        ("linux/arm/v7", &["linux/arm", "linux/armhf", "linux/arm/7"]),
        ("linux/arm/v6", &["linux/armel", "linux/arm/6"]),
        ("linux/386", &["linux/i386"]),
        ("darwin/arm64", &["macos/aarch64/v8"]),
    ];
    for (name, spellings) in cases {
        assert_eq!(wanted(name).normalized(), wanted(name));
        for spelling in spellings {
            assert_eq!(wanted(spelling).normalized(), wanted(name), "{spelling}");
        }
    }
    for other in [
        "linux/amd64/v2",
        "linux/arm64/v9",
        "linux/arm/v5",
        "linux/arm/v8",
    ] {
        assert_eq!(wanted(other).normalized(), wanted(other));
    }
    let windows = Platform {
        os_version: Some("10.0.17763".to_owned()),
        ..wanted("windows/amd64")
    };
    assert_eq!(windows.normalized(), windows);
}

#[test]
fn choosing_among_descriptors_keeps_the_positions_given() {
    let mut image = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"a"), 1);
    image.platform = Some(Platform::new("linux", "amd64"));
    let choice = choose([(41, &image)], &wanted("linux/amd64"), false).unwrap();
    assert_eq!(choice.position, 41);
}

#[test]
fn this_machine_runs_linux_images() {
    let host = Platform::host();
    assert_eq!(host.os, "linux");
    if cfg!(target_arch = "x86_64") {
        assert_eq!(host.to_string(), "linux/amd64");
    }
    if cfg!(target_arch = "aarch64") {
        assert_eq!(host.to_string(), "linux/arm64/v8");
    }
}
