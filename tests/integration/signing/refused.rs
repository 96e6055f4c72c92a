//! Services and registries that do wrong: nothing half-done stays, or what stays is said, and
//! the error names the step.

use std::time::Duration;

use porthole::config::Network;
use porthole::engine::{EngineConfig, IdentityFrom, SignFormat, TrustConfig};
use serde_json::Value;

use super::driven::{Driven, by_identity, request};
use super::place::layout;
use super::services::{BY_TOKEN, Waiting, services, sign, verified};
use super::sign::files;
use super::{Home, said};
use crate::support::registry::{Fault as Wrong, Registry};
use crate::support::sigstore::{EMAIL, Fault, claims, token};

/// What a service does wrong, and what the error says: the step, then why.
const WRONG: [(Fault, &str, &str); 15] = [
    (
        Fault::AuthorityRefuses,
        "certificate authority",
        "refused (400)",
    ),
    (Fault::OtherKey, "certificate authority", "for another key"),
    (
        Fault::OtherName,
        "certificate authority",
        "somebody.else@example.com",
    ),
    (Fault::OtherClock, "certificate authority", "clock"),
    (
        Fault::OtherAuthority,
        "certificate authority",
        "no authority of the trust root",
    ),
    (
        Fault::NotLogged,
        "certificate authority",
        "issuing was logged",
    ),
    (
        Fault::OtherCertificateLog,
        "certificate authority",
        "issuing was logged",
    ),
    (Fault::TimestampsRefuse, "timestamp authority", "not today"),
    (Fault::OtherNonce, "timestamp authority", "nonce"),
    (Fault::OtherImprint, "timestamp authority", "other bytes"),
    (
        Fault::OtherTimestamps,
        "timestamp authority",
        "none of the authorities",
    ),
    (Fault::LogRefuses, "transparency log", "this log is frozen"),
    (Fault::OtherEntry, "does not prove", "entry"),
    (Fault::ForgedPromise, "does not prove", ""),
    (Fault::LogInFuture, "does not prove", ""),
];

#[test]
fn a_service_that_does_wrong_leaves_nothing_behind_and_the_error_names_it() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let before = files(&home.path("layout"));
    for (fault, step, why) in WRONG {
        services.fault(fault);
        for format in ["bundle", "cosign"] {
            let entries = services.entries();
            let error = home.fail(&sign(&reference, &[&["--format", format], &BY_TOKEN]));
            assert!(
                error.contains(step) && error.contains(why),
                "{fault:?}: {error}"
            );
            assert_eq!(files(&home.path("layout")), before, "{fault:?}");
            // what is in the log stays there, and that is said
            let logged = services.entries() > entries;
            assert_eq!(
                logged,
                error.contains("a log forgets nothing"),
                "{fault:?}: {error}"
            );
            // and so does a certificate in the list of those that were issued
            assert_eq!(
                fault != Fault::AuthorityRefuses,
                error.contains("stays in its list of certificates"),
                "{fault:?}: {error}"
            );
            assert!(!error.contains("it did not say"), "{fault:?}: {error}");
            assert!(!error.contains(&services.token()[..20]), "{error}");
        }
    }
    services.fault(Fault::None);
    home.run(&sign(&reference, &[&BY_TOKEN]));
}

#[test]
fn a_token_that_does_not_do_is_refused_before_anybody_is_asked() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let before = files(&home.path("layout"));
    let changed = |key: &str, value: Value| {
        let mut claims = claims(&services.issuer);
        claims[key] = value;
        token(&claims)
    };
    let cases = [
        (changed("aud", "another".into()), "is for another"),
        (changed("exp", 1_700_000_000.into()), "expired"),
        (changed("iat", 4_000_000_000_u64.into()), "clock"),
        (changed("email_verified", false.into()), "not proven"),
        ("nonsense".to_owned(), "no identity token"),
    ];
    for (text, why) in cases {
        std::fs::write(home.path("token"), &text).unwrap();
        let error = home.fail(&sign(&reference, &[&BY_TOKEN]));
        assert!(error.contains(why), "{why}: {error}");
        assert!(!error.contains(&text), "{error}");
    }
    let shown = services.token();
    let argument = ["--identity-token", &shown, "--yes"];
    let error = home.fail(&sign(&reference, &[&argument]));
    assert!(
        error.contains("not given as an argument") && !error.contains(&shown),
        "{error}"
    );
    assert_eq!(services.questions(), 0);
    assert_eq!(files(&home.path("layout")), before);
}

#[test]
fn a_sign_in_that_goes_wrong_is_told() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let before = files(&home.path("layout"));
    let mut by = BY_TOKEN.to_vec();
    by.splice(0..2, ["--keyless", "--no-browser"]);
    for (fault, why) in [
        (Fault::SignInRefused, "not today"),
        (Fault::OtherTokenNonce, "nonce"),
        (Fault::OtherAudience, "is for another"),
    ] {
        services.fault(fault);
        let waiting = Waiting::start(&home, &sign(&reference, &[&by]));
        waiting.sign_in();
        let (output, words) = waiting.end();
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(
            words.contains("identity service") || words.contains("identity token"),
            "{words}"
        );
        assert!(words.contains(why), "{fault:?}: {words}");
    }
    services.fault(Fault::OtherIssuer);
    let error = home.fail(&sign(&reference, &[&by]));
    assert!(
        error.contains("calls itself https://issuer.example.com"),
        "{error}"
    );
    assert_eq!(files(&home.path("layout")), before);
}

#[test]
fn a_service_that_does_not_answer_is_not_waited_for_without_end() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let before = files(&home.path("layout"));
    let config = || EngineConfig {
        platform: porthole::model::Platform::host(),
        network: Network {
            stall_timeout: Duration::from_millis(300),
            ..Network::default()
        },
        cache: None,
        trust: TrustConfig::default(),
    };
    for (fault, from, step) in [
        (
            Fault::SilentIssuer,
            IdentityFrom::Browser,
            "identity service",
        ),
        (
            Fault::SilentAuthority,
            IdentityFrom::File(home.path("token")),
            "certificate authority",
        ),
        (
            Fault::SilentTimestamps,
            IdentityFrom::File(home.path("token")),
            "timestamp authority",
        ),
        (
            Fault::SilentLog,
            IdentityFrom::File(home.path("token")),
            "transparency log",
        ),
    ] {
        services.fault(fault);
        let signing = by_identity(&home, from, SignFormat::Bundle);
        let (driven, _) = Driven::planned(config(), request(&reference, vec![signing]));
        let failure = driven.add().unwrap_err();
        let error = &failure.headline;
        assert!(
            error.contains(step) && error.contains("answer"),
            "{fault:?}: {error}"
        );
        assert_eq!(files(&home.path("layout")), before);
        // what it may have done all the same is said
        let doubt = match fault {
            Fault::SilentAuthority => Some("A certificate for release@example.com may have been"),
            Fault::SilentLog => Some("An entry may be in"),
            _ => None,
        };
        let mut details = failure.details.iter();
        let said = details.find(|line| line.ends_with("it did not say"));
        let fits = match (said, doubt) {
            (Some(said), Some(doubt)) => said.starts_with(doubt),
            (said, doubt) => said.is_none() && doubt.is_none(),
        };
        assert!(fits, "{fault:?}: {:?}", failure.details);
    }
}

#[test]
fn a_registry_that_refuses_the_signature_is_told_with_what_stays_in_the_log() {
    let home = Home::new();
    let services = services(&home);
    let registry = Registry::start();
    registry.put_layout(
        "app",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/images/busybox-small"
        ),
    );
    let reference = format!("docker://{}/app:amd64", registry.host());
    for format in ["bundle", "cosign"] {
        registry.fault("PUT ", Wrong::error(403, "DENIED", "read only"));
        let error = home.fail(&sign(&reference, &[&["--format", format], &BY_TOKEN]));
        assert!(error.contains("writing for"), "{error}");
        assert!(error.contains("a log forgets nothing"), "{error}");
        assert!(!error.contains("May be there"), "{error}");
    }
    registry.forget_faults();
    // the signature is taken, and the list that it is found by is not
    let list = "PUT /v2/app/manifests/sha256-";
    registry.fault(list, Wrong::error(403, "DENIED", "read only"));
    let error = home.fail(&sign(&reference, &[&["--format", "bundle"], &BY_TOKEN]));
    assert!(error.contains("May be there: Sigstore bundle"), "{error}");
    registry.forget_faults();
    let report = verified(&home, &reference, EMAIL, &services.issuer);
    assert_eq!(report["verdict"], "unsigned", "{report}");
}

#[test]
fn nothing_of_a_token_or_a_passing_key_is_logged_or_left_in_files() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    // as it lies there: another one is of another second
    let token = std::fs::read_to_string(home.path("token")).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for fault in [Fault::None, Fault::AuthorityRefuses, Fault::LogRefuses] {
        services.fault(fault);
        let arguments = sign(&reference, &[&BY_TOKEN]);
        let mut command = home.porthole(&arguments);
        command.env("PORTHOLE_LOG", "trace");
        let output = command.output().unwrap();
        let words = said(&output);
        for part in &parts[1..] {
            assert!(!words.contains(part), "{fault:?}");
        }
        assert!(!words.contains("PRIVATE KEY"), "{fault:?}");
    }
    assert!(services.saw(&token));
    // it is nowhere but where the user put it
    for (path, bytes) in files(&home.path("")) {
        let text = String::from_utf8_lossy(&bytes);
        let own = path == home.path("token");
        assert_eq!(text.contains(parts[2]), own, "{}", path.display());
    }
}

#[test]
fn a_key_that_a_log_does_not_take_is_refused_before_anybody_signs() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    home.key("ec", "p256");
    home.key("ed", "ed25519");
    let before = files(&home.path("layout"));
    let logged = [
        "--rekor-url",
        &services.rekor,
        "--trusted-root",
        "root.json",
    ];
    let both = ["--key", "ec", "--key", "ed", "--format", "cosign", "--yes"];
    let error = home.fail(&sign(&reference, &[&both, &logged]));
    assert!(error.contains("a log does not take a signature"), "{error}");
    assert_eq!(services.entries(), 0);
    assert_eq!(files(&home.path("layout")), before);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    home.key("ec", "p256");
    std::fs::write(
        home.path("sbom.json"),
        r#"{"spdxVersion":"SPDX-2.3","name":"a"}"#,
    )
    .unwrap();
    let before = files(&home.path("layout"));
    let attach = ["attach", &reference, "sbom.json"];
    let address = "https://services.example.com";
    for option in [
        &["--keyless"][..],
        &["--no-log"],
        &["--identity-token", "token"],
        &["--rekor-url", address],
        &["--fulcio-url", address],
        &["--timestamp-server-url", address],
        &["--signing-config", "config1.json"],
    ] {
        let error = home.fail(&[&attach, option].concat());
        let words = format!("{} is for what is signed", option[0]);
        assert!(error.contains(&words), "{error}");
        assert!(error.contains("--predicate"), "{error}");
    }
    for name in ["--fulcio-url", "--oidc-issuer", "--oidc-client-id"] {
        let option = ["--key", "ec", name, address];
        let error = home.fail(&sign(&reference, &[&option]));
        assert!(
            error.contains(&format!("{name} is for identities")),
            "{error}"
        );
    }
    for name in ["--signing-config", "--trusted-root"] {
        for format in ["notation", "simple"] {
            let option = ["--key", "ec", "--format", format, name, "config.json"];
            let error = home.fail(&sign(&reference, &[&option]));
            assert!(error.contains("say nothing about a"), "{error}");
            assert!(error.contains(name), "{error}");
        }
    }
    // and what is for another way of signing, or for none
    std::fs::write(home.path("pass"), "x").unwrap();
    let sign_by = |option: &[&str]| home.fail(&sign(&reference, &[&["--key", "ec"], option]));
    for (option, words) in [
        (
            &["--signature-format", "cose"][..],
            "--signature-format is for Notation",
        ),
        (
            &["--sign-container-identity", "r.example.com/a:1"],
            "does not name the image",
        ),
        (&["--lookaside", "/srv"], "is in no lookaside"),
        (
            &["--cert-chain", "chain.pem"],
            "--cert-chain is for Notation",
        ),
        (&["--expiry", "24h"], "has no expiry"),
        (&["--trusted-root", "root.json"], "no service is asked"),
        (&["--timestamp-root-cert", "roots.pem"], "go with Notation"),
    ] {
        let error = sign_by(option);
        assert!(error.contains(words), "{option:?}: {error}");
    }
    let token = ["--identity-token", "pass", "--oidc-issuer", address];
    let error = home.fail(&sign(&reference, &[&token]));
    assert!(
        error.contains("a token in a file proves the identity already"),
        "{error}"
    );
    let keyless = sign(&reference, &[&["--keyless", "--oidc-issuer", address]]);
    let mut of_ci = home.porthole(&keyless);
    let output = of_ci.env("SIGSTORE_ID_TOKEN", "token").output().unwrap();
    assert!(
        said(&output).contains("the CI that this runs in proves"),
        "{}",
        said(&output)
    );
    let descriptor = ["--identity-token", "pass", "--passphrase-fd", "0"];
    let error = home.fail(&sign(&reference, &[&descriptor]));
    assert!(error.contains("--passphrase-fd is for keys"), "{error}");
    for option in [
        ["--type", "spdx"],
        ["--format", "cosign"],
        ["--passphrase-fd", "0"],
    ] {
        let error = home.fail(&[&attach, &option[..]].concat());
        assert!(
            error.contains(&format!("{} is for what is signed", option[0])),
            "{error}"
        );
    }
    assert_eq!(files(&home.path("layout")), before);
}
