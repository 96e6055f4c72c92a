//! Policies of Notation, and of containers with keys and signatures of other kinds, taken over.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::Reference;
use porthole::signature::policy::{NEW_POLICY, Policy, ScopeName, judge};
use porthole::signature::{Format, Found};
use serde_json::{Value, json};

use super::cli::{fixture, verify_at};
use super::import::{IMAGES, key_file, own, payload, read};
use super::import_cli::{porthole, said};
use super::made::{self, Key, SIGNING};

/// Notation's policies judge the same once they are taken over, stores and all.
#[test]
fn a_policy_of_notation_judges_the_same_once_it_is_taken_over() {
    let layout = |name: &str| {
        let folder = fixture(&format!("notation/oci_layout/{name}"));
        let digest = "sha256:b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9";
        format!("oci:{folder}:@{digest}")
    };
    let mut accepted = 0;
    let policies = [
        "trustpolicy",
        "permissive_trustpolicy",
        "override_strict_trustpolicy",
        "invalid_trusted_identity_trustpolicy",
        "skip_trustpolicy",
    ];
    for policy in policies {
        for certificate in ["e2e", "expired_e2e"] {
            let home = tempfile::tempdir().unwrap();
            let theirs = home.path().join("notation");
            let store = theirs.join("truststore/x509/ca/e2e");
            fs::create_dir_all(&store).unwrap();
            let from = fixture(&format!("notation/localkeys/{certificate}.crt"));
            fs::copy(from, store.join("e2e.crt")).unwrap();
            let file = theirs.join("trustpolicy.json");
            let from = fixture(&format!("notation/trustpolicies/{policy}.json"));
            if fs::copy(from, &file).is_err() {
                panic!("{policy} is not there");
            }
            let file = file.to_str().unwrap();
            let own = home.path().join("own/trust.toml");
            let own = own.to_str().unwrap();
            let import = porthole(
                home.path(),
                &["policy", "import", file, "--policy", own, "--write"],
            );
            let skips = policy.starts_with("skip");
            assert_eq!(
                import.status.success(),
                !skips,
                "{policy}: {}",
                said(&import)
            );
            if skips {
                assert!(said(&import).contains("accepted unsigned there"));
                assert!(!Path::new(own).exists());
                continue;
            }
            for name in [
                "e2e-valid-signature",
                "e2e-expired-signature",
                "e2e-invalid-signature",
                "e2e",
            ] {
                let image = layout(name);
                let by = |policy: &str| {
                    let output = verify_at(home.path(), &[&image, "--policy", policy, "--json"]);
                    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
                    (
                        output.status.code(),
                        report["verdict"].clone(),
                        report["failedCheck"].clone(),
                    )
                };
                assert_eq!(by(own), by(file), "{policy}, {certificate}, {name}");
                accepted += usize::from(by(own).0 == Some(0));
            }
        }
    }
    assert!(accepted >= 3, "{accepted}");
}

/// A key in a policy that is no text is written in armour; one that several may hold is not
/// made into several signers that have to sign.
#[test]
fn openpgp_keys_of_a_policy_stay_what_they_are() {
    let binary = STANDARD.encode(read(&fixture("containers-image/public-key-1.gpg")).unwrap());
    let ring = fixture("containers-image/pubring.gpg");
    let by = |more: Value| {
        let mut by = json!({"type": "signedBy", "keyType": "GPGKeys"});
        by.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        by
    };
    let data = by(json!({"keyData": binary}));
    let policy = json!({"default": [data]});
    let (ours, import, text) = own(NEW_POLICY, &policy);
    assert_eq!(import.left, []);
    assert!(text.contains("BEGIN PGP PUBLIC KEY BLOCK"), "{text}");
    let original = Policy::read_any(&policy.to_string(), "policy.json", &read).unwrap();
    let keys = |policy: &Policy| -> Vec<_> {
        let rule = policy.rule(&ScopeName::of(
            &Reference::parse_prefixed(IMAGES[0]).unwrap().unwrap(),
        ));
        let signers = rule.unwrap().signers();
        signers
            .map(|one| (one.by.clone(), one.signed_name.clone()))
            .collect()
    };
    let (theirs, ours) = (keys(&original), keys(&ours));
    assert_eq!(theirs, ours);
    assert_eq!(ours.len(), 1);
    let several = json!({"default": [data, by(json!({"keyPath": ring}))]});
    let (_, import, _) = own(NEW_POLICY, &several);
    assert!(
        import.left[0].why.contains("one of several keys"),
        "{:?}",
        import.left
    );
}

/// A signature that only the format of the original counts is of no use here either.
#[test]
fn formats_that_the_original_does_not_know_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    let path = key_file(folder.path(), "k.pub", &key);
    let policy = json!({"default": [{"type": "sigstoreSigned", "keyPath": path}]});
    let (ours, ..) = own(NEW_POLICY, &policy);
    let reference = Reference::parse_prefixed(IMAGES[0]).unwrap().unwrap();
    let Reference::Registry(image) = &reference else {
        panic!("{reference}");
    };
    let subject = made::subject("x").named(Some(image.clone()));
    let verdict = |found: Arc<Found>| {
        let discovered = made::discovered(&subject, vec![found]);
        judge(
            &discovered,
            &subject,
            &ScopeName::of(&reference),
            Some(&ours),
            None,
        )
        .verdict
    };
    let bundle = made::signed_bundle(&key, &subject, SIGNING);
    assert_eq!(bundle.format, Format::SigstoreBundle);
    assert!(!verdict(bundle).is_accepted());
    assert!(
        verdict(made::legacy(
            &key,
            &payload(&subject.digest, &image.to_string())
        ))
        .is_accepted()
    );
}
