//! `porthole verify` over Notation and OpenPGP signatures, by each kind of policy.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cli::{fixture, verify};

/// A folder of Notation's settings with this trust policy, and `ca:e2e` in its store.
fn notation_settings(folder: &Path, policy: &str, certificate: &str) -> PathBuf {
    let store = folder.join("truststore/x509/ca/e2e");
    fs::create_dir_all(&store).unwrap();
    let from = fixture(&format!("notation/localkeys/{certificate}.crt"));
    fs::copy(from, store.join("e2e.crt")).unwrap();
    let file = folder.join("trustpolicy.json");
    let from = fixture(&format!("notation/trustpolicies/{policy}.json"));
    fs::copy(from, &file).unwrap();
    file
}

fn report(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// The digest of the signed image in a layout of Notation.
fn signed(layout: &str) -> String {
    format!(
        "oci:{}:@sha256:b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9",
        fixture(&format!("notation/oci_layout/{layout}"))
    )
}

#[test]
fn notations_own_policy_and_store_judge_as_notation_does() {
    // layout, policy, certificate of the store, exit code, the check that decides
    let cases = [
        ("e2e-valid-signature", "trustpolicy", "e2e", 0, None),
        (
            "e2e-valid-multiple-signatures",
            "trustpolicy",
            "e2e",
            0,
            None,
        ),
        (
            "e2e-valid-signature",
            "trustpolicy",
            "expired_e2e",
            3,
            Some("certificate"),
        ),
        (
            "e2e-valid-signature",
            "invalid_trusted_identity_trustpolicy",
            "e2e",
            3,
            Some("identity"),
        ),
        ("e2e-valid-signature", "skip_trustpolicy", "e2e", 0, None),
        (
            "e2e-expired-signature",
            "trustpolicy",
            "e2e",
            3,
            Some("expiry"),
        ),
        (
            "e2e-expired-signature",
            "permissive_trustpolicy",
            "e2e",
            0,
            None,
        ),
        (
            "e2e-invalid-signature",
            "trustpolicy",
            "e2e",
            3,
            Some("form"),
        ),
        ("e2e", "trustpolicy", "e2e", 3, None),
    ];
    for (layout, policy, certificate, code, check) in cases {
        let folder = tempfile::tempdir().unwrap();
        let policy_file = notation_settings(folder.path(), policy, certificate);
        let image = signed(layout);
        let output = verify(&[&image, "--policy", policy_file.to_str().unwrap(), "--json"]);
        let what = format!("{layout}, {policy}: {output:?}");
        assert_eq!(output.status.code(), Some(code), "{what}");
        let report = report(&output);
        assert_eq!(report["failedCheck"].as_str(), check, "{what}");
        if layout == "e2e" {
            assert_eq!(report["verdict"], "unsigned", "{what}");
        }
    }
}

#[test]
fn a_signer_of_notation_in_ones_own_policy_is_judged_by_its_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let write = |certificate: &str, level: &str| {
        let policy = folder.path().join("trust.toml");
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"n\"]\n[[signer]]\nname = \"n\"\n[signer.notation]\ncertificates_file = {:?}\nidentities = [\"*\"]\nlevel = {level:?}\n",
            fixture(certificate),
        );
        fs::write(&policy, text).unwrap();
        policy.display().to_string()
    };
    let image = format!("oci:{}:amd64", fixture("referrers-amd64"));
    // the certificate was valid for one day: the level decides whether that counts
    let policy = write("keys/notation.crt", "strict");
    let output = verify(&[&image, "--policy", &policy, "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(report(&output)["failedCheck"], "validity");
    let policy = write("keys/notation.crt", "permissive");
    let output = verify(&[&image, "--policy", &policy, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let accepted = report(&output);
    let formats: Vec<_> = accepted["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|signature| signature["judgement"] == "accepted")
        .map(|signature| signature["format"].as_str().unwrap())
        .collect();
    assert!(formats.contains(&"notationJws") && formats.contains(&"notationCose"));
    let other = write("notation/localkeys/e2e.crt", "permissive");
    let output = verify(&[&image, "--policy", &other, "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(report(&output)["failedCheck"], "certificate");
    let output = verify(&[&image, "--policy", &write("keys/notation.crt", "skip")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("skips verification"));
}

#[test]
fn an_openpgp_signature_needs_its_key_and_its_name() {
    let image = format!("dir:{}", fixture("simple-signing-dir"));
    let key = fixture("keys/gpg-pub.asc");
    let name = "registry.example.org/fix/busybox:amd64";
    // key, signed name, exit code, the check that decides
    let cases = [
        (&key, Some(name), 0, None),
        (&key, Some("registry.example.org/fix/busybox"), 0, None),
        (
            &key,
            Some("registry.example.org/fix/other"),
            3,
            Some("reference"),
        ),
        // a folder has no name that could be the signed one
        (&key, None, 3, Some("reference")),
        (
            &fixture("containers-image/public-key.gpg"),
            Some(name),
            3,
            Some("key"),
        ),
    ];
    for (key, name, code, check) in cases {
        let mut arguments = vec![&*image, "--key", key, "--json"];
        if let Some(name) = name {
            arguments.extend(["--signed-name", name]);
        }
        let output = verify(&arguments);
        assert_eq!(output.status.code(), Some(code), "{name:?}: {output:?}");
        assert_eq!(report(&output)["failedCheck"].as_str(), check);
    }
}

#[test]
fn policy_json_judges_as_containers_image_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let gpg = fixture("keys/gpg-pub.asc");
    let cosign = fixture("containers-image/cosign.pub");
    let cosign2 = fixture("containers-image/cosign2.pub");
    let rekor = fixture("containers-image/rekor.pub");
    let simple = format!("dir:{}", fixture("simple-signing-dir"));
    let legacy = format!("dir:{}", fixture("containers-image/dir-img-cosign-valid"));
    let logged = format!(
        "dir:{}",
        fixture("containers-image/dir-img-cosign-key-rekor-valid")
    );
    let named = r#""signedIdentity":{"type":"exactReference","dockerReference":"registry.example.org/fix/busybox:amd64"}"#;
    let repository = r#""signedIdentity":{"type":"exactRepository","dockerRepository":"192.168.64.2:5000/cosign-signed-single-sample"}"#;
    let by_gpg = format!(r#"{{"type":"signedBy","keyType":"GPGKeys","keyPath":{gpg:?},{named}}}"#);
    let by_key =
        |key: &str, more: &str| format!(r#"{{"type":"sigstoreSigned","keyPath":{key:?}{more}}}"#);
    let anything = r#"{"type":"insecureAcceptAnything"}"#.to_owned();
    let reject = r#"{"type":"reject"}"#.to_owned();
    let cases = [
        (&simple, vec![by_gpg.clone()], 0),
        (&simple, vec![anything.clone()], 0),
        (&simple, vec![reject], 3),
        // every requirement counts
        (&simple, vec![by_gpg.clone(), anything], 0),
        (&simple, vec![by_gpg.clone(), by_key(&cosign, "")], 3),
        // an OpenPGP signature is none of Sigstore, and the other way round
        (&legacy, vec![by_gpg], 3),
        (&legacy, vec![by_key(&cosign, &format!(",{repository}"))], 0),
        (
            &legacy,
            vec![by_key(&cosign2, &format!(",{repository}"))],
            3,
        ),
        // without signedIdentity the image's own name is asked for, and a folder has none
        (&legacy, vec![by_key(&cosign, "")], 3),
        (
            &logged,
            vec![by_key(
                &cosign2,
                &format!(
                    r#","rekorPublicKeyPath":{rekor:?},"signedIdentity":{{"type":"exactRepository","dockerRepository":"REPO"}}"#
                ),
            )],
            0,
        ),
    ];
    for (image, requirements, code) in cases {
        let text = format!(
            r#"{{"default":[{{"type":"reject"}}],"transports":{{"dir":{{"":[{}]}}}}}}"#,
            requirements.join(",")
        );
        let text = text.replace("REPO", &signed_name(&logged));
        fs::write(&file, &text).unwrap();
        let output = verify(&[image, "--policy", file.to_str().unwrap(), "--json"]);
        assert_eq!(output.status.code(), Some(code), "{text}: {output:?}");
    }
}

/// The repository that the signature of a `dir:` image is for.
fn signed_name(image: &str) -> String {
    let output = verify(&[image, "--json"]);
    let report = report(&output);
    let checks = report["signatures"][0]["checks"].as_array().unwrap();
    let name = checks.iter().find(|check| check["kind"] == "reference");
    name.unwrap()["found"].as_str().unwrap().to_owned()
}
