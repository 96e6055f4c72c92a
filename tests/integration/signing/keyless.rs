//! Signatures that services vouch for: by an identity, in a log, with a timestamp; accepted by
//! cosign.

use serde_json::Value;

use super::place::{REGISTRIES, layout, pushed, registry};
use super::services::{BY_TOKEN, Waiting, by_identity, cosign, services, sign, verified};
use super::{Home, said};
use crate::support::sigstore::EMAIL;

/// How many signatures of the report are accepted.
fn accepted(report: &Value) -> usize {
    let signatures = report["signatures"].as_array().unwrap().iter();
    signatures.filter(|s| s["judgement"] == "accepted").count()
}

#[test]
fn cosign_accepts_an_identity_in_bundles_and_in_its_older_form() {
    let home = Home::new();
    let services = services(&home);
    for (offset, name) in REGISTRIES {
        let Some(host) = registry(offset, name) else {
            return;
        };
        let Some(image) = pushed(&home, &host, "keyless") else {
            return;
        };
        let image = format!("{image}:amd64");
        let reference = format!("docker://{image}");
        for (bundle, format) in [(true, "bundle"), (false, "cosign")] {
            let arguments = sign(&reference, &[&["--format", format, "--json"], &BY_TOKEN]);
            let report: Value = serde_json::from_str(&home.run(&arguments)).unwrap();
            let written = &report["written"][0];
            assert_eq!(
                written["checked"],
                format!("signed by {EMAIL}, by {}", services.issuer)
            );
            assert_eq!(written["vouched"].as_array().unwrap().len(), 3, "{written}");
            let mut by = by_identity(&services);
            if !bundle {
                by.push("--use-signed-timestamps");
            }
            let Some((accepted, words)) = cosign(&home, "verify", bundle, &by, &image) else {
                return;
            };
            assert!(accepted, "{name} {format}: {words}");
            by[1] = "somebody.else@example.com";
            let (accepted, words) = cosign(&home, "verify", bundle, &by, &image).unwrap();
            assert!(!accepted, "{name} {format}: {words}");
        }
        let report = verified(&home, &reference, EMAIL, &services.issuer);
        assert_eq!(accepted(&report), 2, "{report}");
        let report = verified(
            &home,
            &reference,
            "somebody.else@example.com",
            &services.issuer,
        );
        assert_eq!(accepted(&report), 0, "{report}");
    }
    assert_eq!(services.entries(), 4);
}

#[test]
fn cosign_accepts_a_key_with_log_entry_and_timestamp_and_nothing_is_logged_unasked() {
    let home = Home::new();
    let services = services(&home);
    let key = home.key("ec", "p256");
    home.key("rsa", "rsa-4096");
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "logged") else {
        return;
    };
    let image = format!("{image}:amd64");
    let reference = format!("docker://{image}");
    let logged = [
        "--rekor-url",
        &services.rekor,
        "--trusted-root",
        "root.json",
        "--yes",
    ];
    let stamped = ["--timestamp-server-url", &services.tsa];
    for (bundle, format) in [(true, "bundle"), (false, "cosign")] {
        let plain = sign(&reference, &[&["--key", "ec", "--format", format]]);
        home.run(&plain);
        let refused = [
            "--signing-config",
            "config1.json",
            "--trusted-root",
            "root.json",
            "--no-log",
        ];
        home.run(&sign(
            &reference,
            &[&["--key", "ec", "--format", format], &refused],
        ));
        assert_eq!(services.entries(), if bundle { 0 } else { 2 });
        for name in ["ec", "rsa"] {
            let by = ["--key", name, "--format", format];
            home.run(&sign(&reference, &[&by, &logged, &stamped]));
            let public = home.kept(&format!("{name}.pub")).display().to_string();
            let by = ["--key", &public];
            let Some((accepted, words)) = cosign(&home, "verify", bundle, &by, &image) else {
                return;
            };
            assert!(accepted, "{name} {format}: {words}");
        }
        // a key that always signs alike is in the log already
        let entries = services.entries();
        let by = ["--key", "rsa", "--format", format];
        home.run(&sign(&reference, &[&by, &logged]));
        assert_eq!(services.entries(), entries);
    }
    // one that is in no log is not enough where one is asked for
    let report = home.run(&["verify", &reference, "--key", &key, "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(accepted(&report), 6, "{report}");
}

#[test]
fn cosign_accepts_attestations_by_an_identity() {
    let home = Home::new();
    let services = services(&home);
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "keyless-attest") else {
        return;
    };
    let image = format!("{image}:amd64");
    let reference = format!("docker://{image}");
    std::fs::write(home.path("predicate.json"), "{\"scanner\":{}}").unwrap();
    for (bundle, format) in [(true, "bundle"), (false, "cosign")] {
        let mut arguments = vec!["attach", &reference, "--predicate", "predicate.json"];
        arguments.extend(["--type", "vuln", "--format", format]);
        arguments.extend(BY_TOKEN);
        home.run(&arguments);
        let mut by = by_identity(&services);
        by.extend(["--type", "vuln"]);
        let Some((accepted, words)) = cosign(&home, "verify-attestation", bundle, &by, &image)
        else {
            return;
        };
        assert!(accepted, "{format}: {words}");
    }
}

#[test]
fn a_log_of_version_2_goes_with_a_timestamp_in_a_bundle() {
    let home = Home::new();
    let services = services(&home);
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "log2") else {
        return;
    };
    let image = format!("{image}:amd64");
    let reference = format!("docker://{image}");
    let mut by_token = BY_TOKEN;
    by_token[3] = "config2.json";
    home.run(&sign(&reference, &[&by_token]));
    let report = verified(&home, &reference, EMAIL, &services.issuer);
    assert_eq!(accepted(&report), 1, "{report}");
    home.key("ec", "p256");
    let by_key = [
        "--key",
        "ec",
        "--signing-config",
        "config2.json",
        "--trusted-root",
        "root.json",
    ];
    home.run(&sign(&reference, &[&by_key, &["--yes"]]));
    assert_eq!(services.entries(), 2);
    let by = by_identity(&services);
    let Some((accepted, words)) = cosign(&home, "verify", true, &by, &image) else {
        return;
    };
    assert!(accepted, "{words}");
    // cosign's older form has no place for it
    let older = home.fail(&sign(&reference, &[&["--format", "cosign"], &by_token]));
    assert!(older.contains("another version than 1"), "{older}");
}

#[test]
fn somebody_signs_in_in_the_browser() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let mut by = BY_TOKEN.to_vec();
    by.splice(0..2, ["--keyless", "--no-browser"]);
    let waiting = Waiting::start(&home, &sign(&reference, &[&by]));
    // others come by: with another state, or only to look
    let port = waiting.address.split("localhost%3A").nth(1).unwrap();
    let port = port.split("%2F").next().unwrap();
    let strange = format!("http://127.0.0.1:{port}/auth/callback?code=stolen&state=forged");
    assert!(super::services::get(&strange).0.contains("404"));
    let _open = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let page = waiting.sign_in();
    assert!(page.contains("Signed in"), "{page}");
    let (output, words) = waiting.end();
    assert!(output.status.success(), "{words}");
    assert!(!services.saw("stolen"));
    let report = verified(&home, &reference, EMAIL, &services.issuer);
    assert_eq!(accepted(&report), 1, "{report}");
}

#[test]
fn a_ci_gives_its_identity() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let mut by = BY_TOKEN.to_vec();
    by.splice(0..2, ["--keyless"]);
    let arguments = sign(&reference, &[&by]);
    // GitHub Actions is asked
    let mut github = home.porthole(&arguments);
    github.env(
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        format!("{}/ambient?a=1", services.issuer),
    );
    github.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-s3cret");
    let output = github.output().unwrap();
    // its service is named like the others, without what follows the address
    let named = format!("identity service {}/ambient\n", services.issuer);
    assert!(said(&output).contains(&named), "{}", said(&output));
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("runner-s3cret"));
    let workflow = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
    let report = verified(&home, &reference, workflow, &services.issuer);
    assert_eq!(accepted(&report), 1, "{report}");
    // GitLab has it at hand
    let mut gitlab = home.porthole(&arguments);
    gitlab.env("SIGSTORE_ID_TOKEN", services.token());
    let output = gitlab.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let report = verified(&home, &reference, EMAIL, &services.issuer);
    assert_eq!(accepted(&report), 1, "{report}");
}

#[test]
fn what_a_service_shows_to_others_is_agreed_to_once() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let by = &BY_TOKEN[..6];
    let plan = home.run(&sign(&reference, &[by, &["--plan", "--json"]]));
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let shows: Vec<_> = plan["services"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|service| service["shows"].is_string())
        .map(|service| (&service["role"], &service["accepted"]))
        .collect();
    assert_eq!(
        serde_json::json!(shows),
        serde_json::json!([
            ["certificate authority", false],
            ["transparency log", false]
        ])
    );
    let refused = home.fail(&sign(&reference, &[by]));
    assert!(
        refused.contains("--yes") && refused.contains(&services.rekor),
        "{refused}"
    );
    assert_eq!(services.questions(), 0);
    home.run(&sign(&reference, &[&BY_TOKEN]));
    // from now on it is known
    let known = home.run(&sign(&reference, &[by, &["--plan", "--json"]]));
    assert_eq!(known.matches("\"accepted\": true").count(), 2, "{known}");
    home.run(&sign(&reference, &[by]));
    // another log is another one
    let other = ["--rekor-url", "https://rekor.example.com"];
    let refused = home.fail(&sign(&reference, &[by, &other]));
    assert!(refused.contains("rekor.example.com"), "{refused}");
}

#[test]
fn what_was_agreed_to_counts_where_it_cannot_be_remembered() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    // a folder lies where the list is kept
    std::fs::create_dir_all(home.path("config/porthole/accepted-services")).unwrap();
    let signed = home.run(&sign(&reference, &[&BY_TOKEN]));
    assert!(signed.contains("could not be remembered"), "{signed}");
    let report = verified(&home, &reference, EMAIL, &services.issuer);
    assert_eq!(accepted(&report), 1, "{report}");
    // without it they are asked, and told why
    let refused = home.fail(&sign(&reference, &[&BY_TOKEN[..6]]));
    assert!(refused.contains("is not known"), "{refused}");
    assert!(refused.contains("nobody agreed"), "{refused}");
}

#[test]
fn services_that_are_not_asked_do_not_spoil_a_signing_config() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    home.key("ec", "p256");
    // all of two logs and of two timestamp authorities: more than are asked here
    let mut config = services.signing_config(1);
    for (urls, how) in [
        ("rekorTlogUrls", "rekorTlogConfig"),
        ("tsaUrls", "tsaConfig"),
    ] {
        let first = config[urls][0].clone();
        let mut second = first.clone();
        second["operator"] = "other.example.com".into();
        config[urls] = serde_json::json!([first, second]);
        config[how] = serde_json::json!({"selector": "ALL"});
    }
    std::fs::write(home.path("all.json"), config.to_string()).unwrap();
    let by = ["--key", "ec", "--signing-config", "all.json"];
    let more = ["--trusted-root", "root.json", "--yes"];
    let stamped = ["--timestamp-server-url", &services.tsa];
    let asked = home.fail(&sign(&reference, &[&by, &more, &stamped]));
    assert!(asked.contains("asks for all 2"), "{asked}");
    home.run(&sign(&reference, &[&by, &more, &stamped, &["--no-log"]]));
    let named = ["--rekor-url", &services.rekor];
    home.run(&sign(&reference, &[&by, &more, &stamped, &named]));
    assert_eq!(services.entries(), 1);
}
