//! `porthole verify`: what it says, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/signing")
        .join(name);
    path.display().to_string()
}

pub fn verify(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    verify_at(folder.path(), arguments)
}

/// With this home folder.
pub fn verify_at(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .arg("verify")
        .args(arguments)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .output()
        .unwrap()
}

/// The digest of an image.
pub fn digest_of(image: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["inspect", "--json", image])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_directory_ends_as_its_origin_says() {
    let key = fixture("containers-image/cosign.pub");
    let key2 = fixture("containers-image/cosign2.pub");
    let cases = [
        ("valid", &key, 0),
        ("valid", &key2, 3),
        ("valid-2", &key, 0),
        ("valid-with-tag", &key, 0),
        ("mixed", &key, 0),
        ("modified-manifest", &key, 3),
        ("manifest-digest-error", &key, 3),
        ("other-attachment", &key, 3),
        ("no-manifest", &key, 1),
        ("key-rekor-valid", &key2, 0),
    ];
    for (name, key, code) in cases {
        let image = format!(
            "dir:{}",
            fixture(&format!("containers-image/dir-img-cosign-{name}"))
        );
        let output = verify(&[&image, "--key", key]);
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
    }
}

#[test]
fn json_holds_every_check_with_what_was_expected_and_found() {
    let image = format!(
        "dir:{}",
        fixture("containers-image/dir-img-cosign-fulcio-rekor-valid")
    );
    let arguments = [
        &image,
        "--identity",
        "nobody@example.com",
        "--issuer",
        "https://github.com/login/oauth",
        "--json",
        "--offline",
    ];
    let output = verify(&arguments);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "rejected");
    assert_eq!(report["failedCheck"], "identity");
    let checks = report["signatures"][0]["checks"].as_array().unwrap();
    let identity = checks
        .iter()
        .find(|check| check["kind"] == "identity")
        .unwrap();
    assert_eq!(identity["outcome"], "failed");
    assert_eq!(identity["expected"], "nobody@example.com");
    assert_eq!(identity["found"], "mitr@redhat.com");
    let log = checks
        .iter()
        .find(|check| check["kind"] == "logPromise")
        .unwrap();
    assert_eq!(log["outcome"], "passed");
}

#[test]
fn a_layout_with_referrers_is_judged_by_key() {
    let image = format!("oci:{}", fixture("referrers-amd64"));
    let key = fixture("keys/cosign.pub");
    let output = verify(&[&image, "--key", &key, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let formats: Vec<_> = report["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["format"].as_str().unwrap())
        .collect();
    for format in [
        "sigstoreBundle",
        "notationJws",
        "notationCose",
        "unsignedDocument",
    ] {
        assert!(formats.contains(&format), "{formats:?}");
    }
}

#[test]
fn without_anybody_named_nothing_is_judged() {
    let image = format!("dir:{}", fixture("containers-image/dir-img-cosign-valid"));
    let output = verify(&[&image]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was judged"));
}

#[test]
fn unsigned_is_not_the_same_as_cannot_say() {
    let images = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    let key = fixture("keys/cosign.pub");
    let layout = format!("oci:{}:amd64", images.join("busybox-small").display());
    let output = verify(&[&layout, "--key", &key]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("unsigned"));
    let archive = format!(
        "docker-archive:{}",
        images.join("busybox-amd64-docker-archive.tar").display()
    );
    let output = verify(&[&archive, "--key", &key]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_policy_that_cannot_be_read_judges_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("trust.toml");
    std::fs::write(
        &policy,
        "version = 1\n[[rule]]\nscope = \"*\"\nsigners = []\n",
    )
    .unwrap();
    let image = format!("dir:{}", fixture("containers-image/dir-img-cosign-valid"));
    let output = verify(&[&image, "--policy", policy.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("names no signers"),
        "{output:?}"
    );
}

#[test]
fn the_report_is_written_to_a_file_as_a_page_or_as_json() {
    let image = format!(
        "dir:{}",
        fixture("containers-image/dir-img-cosign-modified-manifest")
    );
    let key = fixture("containers-image/cosign.pub");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    for name in ["report.html", "report.json"] {
        let output = verify(&[&image, "--key", &key, "--report", &at(name)]);
        // it is written although the image is refused, and changes nothing about that
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    }
    let digest = digest_of(&image);
    let page = std::fs::read_to_string(at("report.html")).unwrap();
    assert!(page.starts_with("<!") && page.contains(&digest), "{page}");
    let json = std::fs::read(at("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(json.to_string().contains(&digest), "{json}");
    let nowhere = verify(&[&image, "--key", &key, "--report", &at("none/report.json")]);
    assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
    let errors = String::from_utf8_lossy(&nowhere.stderr);
    assert!(errors.contains("report.json"), "{errors}");
}

#[test]
fn what_somebody_signed_stands_before_what_nobody_did() {
    let image = format!("oci:{}", fixture("referrers-amd64"));
    let output = verify(&[&image, "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = report["signatures"].as_array().unwrap();
    let unsigned: Vec<_> = listed
        .iter()
        .map(|one| one["format"].as_str().unwrap().starts_with("unsigned"))
        .collect();
    assert!(unsigned.is_sorted(), "{unsigned:?}");
    assert!(unsigned.contains(&true) && unsigned.contains(&false));
}
