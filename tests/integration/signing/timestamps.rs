//! Timestamps for Notation, accepted by notation with a trust store for them.

use serde_json::json;

use super::place::{digest, layout, notation_chain, pushed, registry};
use super::services::{services, sign};
use super::sign::files;
use super::{Home, said};
use crate::support::sigstore::Fault;

const BY_CHAIN: [&str; 6] = [
    "--key",
    "notation",
    "--cert-chain",
    "chain.pem",
    "--format",
    "notation",
];

#[test]
fn notation_accepts_a_timestamp_that_leads_to_its_trust_store() {
    let kinds: [&[&str]; 2] = [
        &["-newkey", "rsa:3072"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ];
    for kind in kinds {
        let home = Home::new();
        let services = services(&home);
        let Some(()) = notation_chain(&home, kind) else {
            return;
        };
        let Some(host) = registry(1, "plain") else {
            return;
        };
        // a timestamp is true to a second, and notation asks that the certificate was
        // valid at the earliest time that it may mean
        std::thread::sleep(std::time::Duration::from_secs(2));
        let stamped = ["--timestamp-url", &services.tsa];
        let rooted = ["--timestamp-root-cert", "timestamps.pem"];
        for envelope in ["jws", "cose"] {
            let test = format!("stamped-{envelope}-{}", kind.len());
            let Some(image) = pushed(&home, &host, &test) else {
                return;
            };
            let reference = format!("docker://{image}:amd64");
            let envelope = ["--signature-format", envelope, "--json"];
            let report = home.run(&sign(
                &reference,
                &[&BY_CHAIN, &envelope, &stamped, &rooted],
            ));
            assert!(report.contains("timestamp 2"), "{report}");
            let Some((accepted, words)) = notation(&home, &image, "timestamps.pem") else {
                return;
            };
            assert!(accepted, "{envelope:?} {kind:?}: {words}");
            // the policy does ask for it: with another authority's root it is refused
            let (accepted, words) = notation(&home, &image, "root.pem").unwrap();
            assert!(!accepted, "{envelope:?} {kind:?}: {words}");
        }
    }
}

/// Whether notation accepts the image with its timestamp, which has to lead to `root`.
fn notation(home: &Home, image: &str, root: &str) -> Option<(bool, String)> {
    let config = home.path("config/notation");
    for (kind, from) in [("ca", "root.pem"), ("tsa", root)] {
        let store = config.join(format!("truststore/x509/{kind}/own"));
        std::fs::create_dir_all(&store).unwrap();
        std::fs::copy(home.path(from), store.join("root.pem")).unwrap();
    }
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "own", "registryScopes": ["*"],
        "signatureVerification": {"level": "strict", "verifyTimestamp": "always"},
        "trustStores": ["ca:own", "tsa:own"],
        "trustedIdentities": ["x509.subject: C=SE,ST=Skane,O=Example,CN=release"],
    }]});
    std::fs::write(config.join("trustpolicy.json"), policy.to_string()).unwrap();
    let sum = digest(home, &format!("docker://{image}:amd64"));
    let image = format!("{image}@{sum}");
    let output = home.peer("notation", &["verify", "--insecure-registry", &image])?;
    Some((output.status.success(), said(&output)))
}

#[test]
fn a_timestamp_for_notation_that_leads_elsewhere_or_answers_another_question_is_refused() {
    let home = Home::new();
    let services = services(&home);
    let Some(()) = notation_chain(&home, &["-newkey", "rsa:2048"]) else {
        return;
    };
    let reference = layout(&home.path("layout"));
    let before = files(&home.path("layout"));
    let stamped = ["--timestamp-url", &services.tsa];
    let rooted = ["--timestamp-root-cert", "timestamps.pem"];
    for (fault, root, why) in [
        (Fault::None, "root.pem", "none of the trusted authorities"),
        (Fault::OtherNonce, "timestamps.pem", "nonce"),
        (Fault::OtherImprint, "timestamps.pem", "other bytes"),
        (Fault::OtherTimestamps, "timestamps.pem", "does not fit"),
        (Fault::TimestampsRefuse, "timestamps.pem", "not today"),
    ] {
        services.fault(fault);
        let other = ["--timestamp-root-cert", root];
        let error = home.fail(&sign(&reference, &[&BY_CHAIN, &stamped, &other]));
        assert!(
            error.contains("timestamp authority") && error.contains(why),
            "{fault:?}: {error}"
        );
        assert_eq!(files(&home.path("layout")), before);
    }
    let alone = home.fail(&sign(&reference, &[&BY_CHAIN, &stamped]));
    assert!(alone.contains("--timestamp-root-cert"), "{alone}");
    let logged = ["--rekor-url", &services.rekor, "--yes"];
    let logged = home.fail(&sign(&reference, &[&BY_CHAIN, &logged]));
    assert!(logged.contains("is in no log"), "{logged}");
    services.fault(Fault::None);
    home.run(&sign(&reference, &[&BY_CHAIN, &stamped, &rooted]));
}
