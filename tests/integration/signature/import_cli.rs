//! Policies of others taken over on the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::cli::{fixture, verify_at};

pub(super) fn porthole(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .output()
        .unwrap()
}

pub(super) fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// On the command line: shown first, written only when that is said, and judged by.
#[test]
fn on_the_command_line_it_is_shown_before_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let simple = fixture("simple-signing-dir");
    let legacy = fixture("containers-image/dir-img-cosign-valid");
    let gpg = fixture("keys/gpg-pub.asc");
    let name = "registry.example.org/fix/busybox:amd64";
    let foreign = home.path().join("policy.json");
    let policy = json!({
        "default": [{"type": "reject"}],
        "transports": {"dir": {&simple: [{
            "type": "signedBy", "keyType": "GPGKeys", "keyPath": gpg,
            "signedIdentity": {"type": "exactReference", "dockerReference": name},
        }]}},
    });
    fs::write(&foreign, policy.to_string()).unwrap();
    let foreign = foreign.to_str().unwrap();
    let import = |more: &[&str]| {
        let arguments = [&["policy", "import", foreign][..], more].concat();
        porthole(home.path(), &arguments)
    };
    let shown = import(&[]);
    assert_eq!(shown.status.code(), Some(0), "{}", said(&shown));
    for text in [
        "scope = \"*\"",
        "reject = true",
        "openpgp_file",
        "Nothing was written",
    ] {
        assert!(said(&shown).contains(text), "{text}: {}", said(&shown));
    }
    let own = home.path().join(".config/porthole/trust.toml");
    assert!(!own.exists(), "to show writes nothing");
    let written = import(&["--write", "--json"]);
    let report: Value = serde_json::from_slice(&written.stdout).unwrap();
    assert_eq!(report["written"], true, "{report:#}");
    let text = fs::read_to_string(&own).unwrap();
    assert!(text.contains(report["added"].as_str().unwrap()), "{text}");
    for (image, code) in [(&simple, 0), (&legacy, 3)] {
        let image = format!("dir:{image}");
        for by in [&["--policy", foreign][..], &[]] {
            let output = verify_at(home.path(), &[&[&*image], by].concat());
            assert_eq!(
                output.status.code(),
                Some(code),
                "{image}: {}",
                said(&output)
            );
        }
    }
    // twice is not said twice: every rule is there
    let again = import(&["--write"]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("already, which stays"));
    assert!(said(&again).contains("nothing is new"), "{}", said(&again));
    assert_eq!(fs::read_to_string(&own).unwrap(), text);
}
