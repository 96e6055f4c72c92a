//! Signatures of every format, accepted by whom they are for.

use porthole::engine::SignFormat;
use serde_json::{Value, json};

use super::driven::{Driven, by_key, config, request};
use super::place::{
    REGISTRIES, cosign_sign, cosign_verify, digest, index, layout, notation_chain, pushed,
    pushed_index, registry,
};
use super::{Home, said};
use crate::support::layout::{Layout, entry};

#[test]
fn cosign_accepts_both_kinds_by_every_key_in_registries_with_and_without_the_api() {
    let home = Home::new();
    for (offset, name) in REGISTRIES {
        let Some(host) = registry(offset, name) else {
            return;
        };
        let Some(image) = pushed(&home, &host, "cosign") else {
            return;
        };
        let image = format!("{image}:amd64");
        for kind in ["p256", "p384", "ed25519", "rsa-3072"] {
            let key = home.kept(&format!("{kind}.pub")).display().to_string();
            if offset == 1 {
                home.key(kind, kind);
            }
            for (bundle, format) in [(true, "bundle"), (false, "cosign")] {
                let reference = format!("docker://{image}");
                home.run(&["sign", &reference, "--key", kind, "--format", format]);
                let Some((accepted, words)) = cosign_verify(&home, &key, bundle, &image) else {
                    return;
                };
                assert!(accepted, "{name} {kind} {format}: {words}");
            }
        }
        // another key did not sign
        home.run(&["keys", "generate", &format!("other-{name}")]);
        let other = home
            .kept(&format!("other-{name}.pub"))
            .display()
            .to_string();
        let (accepted, words) = cosign_verify(&home, &other, false, &image).unwrap();
        assert!(!accepted, "{words}");
    }
}

#[test]
fn what_cosign_wrote_beside_still_verifies_and_annotations_are_signed() {
    let home = Home::new();
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "beside") else {
        return;
    };
    let image = format!("{image}:amd64");
    let reference = format!("docker://{image}");
    let ours = home.key("ours", "p256");
    let theirs = home.key("theirs", "p256");
    let key = home.kept("theirs.key").display().to_string();
    for bundle in [false, true] {
        let Some(()) = cosign_sign(&home, &key, bundle, &image) else {
            return;
        };
        let format = if bundle { "bundle" } else { "cosign" };
        home.run(&[
            "sign", &reference, "--key", "ours", "--format", format, "-a", "build=42",
        ]);
        for key in [&ours, &theirs] {
            let (accepted, words) = cosign_verify(&home, key, bundle, &image).unwrap();
            assert!(accepted, "{key} {bundle}: {words}");
            assert_eq!(
                words.contains("\"build\":\"42\""),
                *key == ours && !bundle || words.contains("build")
            );
        }
        // and the other way round
        cosign_sign(&home, &key, bundle, &image).unwrap();
        let (accepted, words) = cosign_verify(&home, &ours, bundle, &image).unwrap();
        assert!(accepted, "{words}");
    }
    let (_, words) = cosign_verify(&home, &ours, false, &image).unwrap();
    assert!(words.contains("\"build\":\"42\""), "{words}");
}

#[test]
fn an_index_is_signed_with_every_platform_by_several_signers_in_turn() {
    let home = Home::new();
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed_index(&home, &host, "recursive") else {
        return;
    };
    let reference = format!("docker://{image}:all");
    let one = home.key("one", "p256");
    let two = home.key("two", "p256");
    let plan = home.run(&[
        "sign",
        &reference,
        "--key",
        "one",
        "--recursive",
        "--plan",
        "--json",
    ]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["digest"], digest(&home, &reference));
    let labels: Vec<_> = plan["pieces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["label"])
        .collect();
    assert_eq!(labels, ["index", "linux/amd64", "linux/arm64/v8"]);
    for piece in plan["pieces"].as_array().unwrap() {
        // the exact bytes that are signed name this digest
        let hex = piece["subject"]
            .as_str()
            .unwrap()
            .trim_start_matches("sha256:");
        assert!(piece["payload"].as_str().unwrap().contains(hex), "{piece}");
    }
    // nothing was written by the plan
    let refused = home
        .porthole(&["verify", &reference, "--key", &one])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let arguments = [
        "sign",
        &reference,
        "--key",
        "one",
        "--key",
        "two",
        "--recursive",
        "--format",
        "cosign",
        "--json",
    ];
    let report: Value = serde_json::from_str(&home.run(&arguments)).unwrap();
    assert_eq!(report["written"].as_array().unwrap().len(), 6);
    for key in [&one, &two] {
        let all = ["verify", &reference, "--key", key, "--all-platforms"];
        home.run(&all);
        for piece in plan["pieces"].as_array().unwrap() {
            let image = format!("{image}@{}", piece["subject"].as_str().unwrap());
            let Some((accepted, words)) = cosign_verify(&home, key, false, &image) else {
                return;
            };
            assert!(accepted, "{words}");
        }
    }
}

/// Engines choose by the platform, whatever an entry is called.
#[test]
fn everything_that_may_be_run_is_signed_or_nothing_is() {
    let home = Home::new();
    home.key("all", "p256");
    let mut layout = Layout::new(home.path("odd"));
    let amd64 = entry(&layout.image("linux/amd64", &["a"]), "linux/amd64");
    let mut called = entry(&layout.image("linux/arm64", &["b"]), "linux/arm64");
    called["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let spelled = called.to_string().replace("\"digest\"", "\"Digest\"");
    let spelled: Value = serde_json::from_str(&spelled).unwrap();
    for (name, second) in [("called", called), ("spelled", spelled)] {
        let index = layout.index(&[amd64.clone(), second]);
        layout.name(name, &index);
    }
    let plan = |name: &str| {
        let reference = layout.reference(name);
        let arguments = [
            "sign",
            &reference,
            "--key",
            "all",
            "--recursive",
            "--plan",
            "--json",
        ];
        home.porthole(&arguments).output().unwrap()
    };
    let made: Value = serde_json::from_slice(&plan("called").stdout).unwrap();
    let pieces = made["pieces"].as_array().unwrap();
    let labels: Vec<_> = pieces.iter().map(|piece| &piece["label"]).collect();
    assert_eq!(labels, ["index", "linux/amd64", "linux/arm64"]);
    let refused = plan("spelled");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("Digest"), "{}", said(&refused));
}

#[test]
fn a_layout_folder_is_signed_behind_the_air_gap_and_the_signatures_travel() {
    let home = Home::new();
    let reference = index(&home.path("layout"));
    let key = home.key("gap", "p256");
    for format in ["bundle", "cosign"] {
        let arguments = [
            "sign",
            &reference,
            "--key",
            "gap",
            "--format",
            format,
            "--recursive",
        ];
        home.run(&arguments);
    }
    home.run(&["verify", &reference, "--key", &key, "--all-platforms"]);
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let image = format!("{host}/signing-gap-{}:all", std::process::id());
    home.run(&["copy", &reference, &format!("docker://{image}")]);
    for bundle in [true, false] {
        let Some((accepted, words)) = cosign_verify(&home, &key, bundle, &image) else {
            return;
        };
        assert!(accepted, "{bundle}: {words}");
    }
}

#[test]
fn two_signers_at_once_lose_nothing() {
    let home = Home::new();
    let keys: Vec<_> = (0..4).map(|n| home.key(&format!("k{n}"), "p256")).collect();
    let mut places = vec![layout(&home.path("layout"))];
    for (offset, name) in REGISTRIES {
        let Some(host) = registry(offset, name) else {
            return;
        };
        let Some(image) = pushed(&home, &host, "race") else {
            return;
        };
        places.push(format!("docker://{image}:amd64"));
    }
    for reference in places {
        for format in ["bundle", "cosign"] {
            let running: Vec<_> = (0..4)
                .map(|n| {
                    let key = format!("k{n}");
                    let arguments = ["sign", &reference, "--key", &key, "--format", format];
                    quiet(home.porthole(&arguments))
                })
                .collect();
            for mut child in running {
                assert!(child.wait().unwrap().success(), "{reference} {format}");
            }
        }
        for key in &keys {
            let report = home.run(&["verify", &reference, "--key", key, "--json"]);
            let report: Value = serde_json::from_str(&report).unwrap();
            let accepted = report["signatures"].as_array().unwrap().iter();
            let accepted = accepted.filter(|s| s["judgement"] == "accepted").count();
            assert_eq!(accepted, 2, "{reference} {key}: {report}");
        }
    }
}

#[test]
fn a_key_of_a_kind_that_a_format_forbids_is_refused_and_nothing_is_written() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    home.key("ed", "ed25519");
    home.key("ec", "p256");
    let before = files(&home.path("layout"));
    let Some(()) = notation_chain(&home, &["-newkey", "rsa:2048"]) else {
        return;
    };
    let cases: [(&[&str], &str); 5] = [
        (
            &[
                "--key",
                "ed",
                "--format",
                "notation",
                "--cert-chain",
                "chain.pem",
            ],
            "RSA and ECDSA",
        ),
        (
            &[
                "--key",
                "ec",
                "--format",
                "notation",
                "--cert-chain",
                "chain.pem",
            ],
            "not for this key",
        ),
        (&["--key", "ec", "--format", "notation"], "--cert-chain"),
        (
            &["--key", "ec", "--format", "simple"],
            "cannot hold OpenPGP signatures",
        ),
        (&["--key", "nobody"], "nobody"),
    ];
    for (arguments, words) in cases {
        let mut all = vec!["sign", &reference];
        all.extend(arguments);
        let error = home.fail(&all);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    let wrong = home
        .porthole(&["sign", &reference, "--key", "ec"])
        .env("COSIGN_PASSWORD", "wrong")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    let words = said(&wrong);
    assert!(
        words.contains("the passphrase or the file is wrong"),
        "{words}"
    );
    assert_eq!(files(&home.path("layout")), before);
}

/// Every file below a folder, with what is in it.
pub fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_name_that_is_moved_is_told_and_the_shown_digest_is_what_is_signed() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    let key = home.key("ec", "p256");
    let before = digest(&home, &reference);
    let signed = home.run(&["sign", &reference, "--key", "ec", "--json"]);
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(signed["written"][0]["subject"], before);
    assert_eq!(signed["notes"], serde_json::json!([]));
    home.run(&["verify", &reference, "--key", &key]);
    // what was shown is what is signed, although the name is another's by then
    let signings = vec![by_key("ec", SignFormat::Bundle)];
    let (driven, _) = Driven::planned(config(&home), request(&reference, signings));
    let other = format!("oci:{}:1.37.0", home.path("layout").display());
    let moved = digest(&home, &other);
    let path = home.path("layout/index.json");
    let list = std::fs::read_to_string(&path).unwrap();
    let list = list
        .replace("\"1.37.0\"", "\"gone\"")
        .replace("\"amd64\"}", "\"before\"}");
    let list = list.replace("\"gone\"", "\"amd64\"");
    std::fs::write(&path, list).unwrap();
    assert_eq!(digest(&home, &reference), moved);
    let report = driven.add().unwrap();
    assert_eq!(report.written[0].subject.to_string(), before);
    assert!(report.notes[0].contains(&moved), "{:?}", report.notes);
}

#[test]
fn killed_at_any_moment_a_layout_stays_whole() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    let key = home.key("ec", "p256");
    home.run(&["sign", &reference, "--key", "ec", "--format", "cosign"]);
    for delay in [40, 120, 200, 260, 300, 340, 380, 420, 500] {
        for format in ["bundle", "cosign"] {
            let arguments = ["sign", &reference, "--key", "ec", "--format", format];
            let mut child = quiet(home.porthole(&arguments));
            std::thread::sleep(std::time::Duration::from_millis(delay));
            // it may have ended already
            let _ = child.kill();
            child.wait().unwrap();
            // what was signed before is still there, and everything that is there is whole
            let report = home.run(&["verify", &reference, "--key", &key, "--json"]);
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["verdict"], "accepted", "{delay} {format}: {report}");
            assert_eq!(
                report["problems"],
                serde_json::json!([]),
                "{delay}: {report}"
            );
        }
    }
    home.run(&["sign", &reference, "--key", "ec"]);
}

/// Starts a program that says nothing here.
pub fn quiet(mut command: std::process::Command) -> std::process::Child {
    use std::process::Stdio;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}
