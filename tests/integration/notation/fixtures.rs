//! The signatures that notation made, and what notation says of them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use porthole::signature::notation::{
    Countersignature, Envelope, StoreKind, TimestampError, Trust, TrustPolicy, TrustStore, verify,
};
use porthole::signature::x509::Certificate;
use porthole::signature::{CheckKind, Outcome, SignerFacts};

use super::{fixture, other_digest, outcome, policy, read, reason, signatures, store};

const E2E: &str = "notation/localkeys/e2e.crt";
const EXPIRED: &str = "notation/localkeys/expired_e2e.crt";

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

#[test]
fn every_layout_of_notation_gives_the_outcome_that_notation_documents() {
    use CheckKind::{Certificate, Expiry, Form, Identity, Timestamp, Validity};
    // layout, which signature, certificates of the store, policy, what decides against it
    let cases = [
        ("e2e-valid-signature", 0, E2E, "trustpolicy", None),
        ("e2e-valid-signature", 0, E2E, "audit_trustpolicy", None),
        (
            "e2e-valid-signature",
            0,
            E2E,
            "valid_trusted_identity_trustpolicy",
            None,
        ),
        (
            "e2e-valid-signature",
            0,
            E2E,
            "multiple_trusted_identity_trustpolicy",
            None,
        ),
        (
            "e2e-valid-signature",
            0,
            E2E,
            "invalid_trusted_identity_trustpolicy",
            Some(Identity),
        ),
        (
            "e2e-valid-signature",
            0,
            E2E,
            "invalid_trust_store_trustpolicy",
            Some(Certificate),
        ),
        (
            "e2e-valid-signature",
            0,
            EXPIRED,
            "trustpolicy",
            Some(Certificate),
        ),
        ("e2e-valid-signature", 0, EXPIRED, "audit_trustpolicy", None),
        ("e2e-valid-multiple-signatures", 0, E2E, "trustpolicy", None),
        (
            "e2e-valid-multiple-signatures",
            1,
            E2E,
            "trustpolicy",
            Some(Certificate),
        ),
        ("e2e-expired-signature", 0, E2E, "trustpolicy", Some(Expiry)),
        (
            "e2e-expired-signature",
            0,
            E2E,
            "permissive_trustpolicy",
            None,
        ),
        (
            "e2e-expired-signature",
            0,
            E2E,
            "override_permissive_trustpolicy",
            Some(Expiry),
        ),
        (
            "e2e-expired-signature",
            0,
            E2E,
            "override_strict_trustpolicy",
            None,
        ),
        (
            "e2e-with-expired-cert",
            0,
            EXPIRED,
            "trustpolicy",
            Some(Validity),
        ),
        (
            "e2e-with-expired-cert",
            0,
            EXPIRED,
            "permissive_trustpolicy",
            None,
        ),
        (
            "e2e-with-expired-cert",
            0,
            EXPIRED,
            "override_audit_trustpolicy",
            Some(Validity),
        ),
        ("e2e-invalid-signature", 0, E2E, "trustpolicy", Some(Form)),
        (
            "e2e-with-invalid-timestamped-signature",
            0,
            "",
            "timestamp_trustpolicy",
            Some(Timestamp),
        ),
        (
            "e2e-with-timestamped-signature",
            0,
            "",
            "timestamp_trustpolicy",
            Some(Timestamp),
        ),
    ];
    for (layout, position, certificates, name, expected) in cases {
        let all = signatures(&format!("notation/oci_layout/{layout}"));
        let signature = &all[position];
        let policy = policy(name);
        let store = if certificates.is_empty() {
            own_store(&signature.bytes)
        } else {
            store(&[certificates])
        };
        let trust = Trust {
            statement: policy.statement_for(Some("localhost:5000/e2e")).unwrap(),
            store: &store,
        };
        let verified = verify(
            &signature.subject,
            &signature.media_type,
            &signature.bytes,
            Some(trust),
            now(),
        );
        let what = format!("{layout} {position} under {name}: {:#?}", verified.checks);
        assert_eq!(reason(&verified.checks), expected, "{what}");
        assert_eq!(verified.accepted_by.is_some(), expected.is_none(), "{what}");
        assert_eq!(
            verified.authenticated.is_some(),
            expected.is_none(),
            "{what}"
        );
    }
}

/// A store with the signature's own root, and one of authorities that did not stamp it.
fn own_store(envelope: &[u8]) -> TrustStore {
    let envelope = Envelope::read("application/jose+json", envelope).unwrap();
    let mut store = TrustStore::default();
    let root = envelope.chain.last().unwrap().clone();
    store.add_certificates(StoreKind::Ca, "e2e", vec![root]);
    let authority = read("notation/timestamp/DigiCertTSARootSHA384.cer");
    store.add(
        StoreKind::Tsa,
        "e2e",
        [("DigiCert.cer", authority.as_slice())],
    );
    store
}

#[test]
fn what_is_only_noted_is_shown_as_failed_and_tolerated() {
    let signature = &signatures("notation/oci_layout/e2e-expired-signature")[0];
    let policy = policy("permissive_trustpolicy");
    let store = store(&[E2E]);
    let trust = Trust {
        statement: &policy.statements[0],
        store: &store,
    };
    let verified = verify(
        &signature.subject,
        &signature.media_type,
        &signature.bytes,
        Some(trust),
        now(),
    );
    assert_eq!(
        outcome(&verified.checks, CheckKind::Expiry),
        Some(Outcome::Tolerated)
    );
    assert_eq!(
        outcome(&verified.checks, CheckKind::Revocation),
        Some(Outcome::NotChecked)
    );
    let signer = verified.authenticated.unwrap().signer;
    assert!(matches!(
        signer,
        SignerFacts::Certificate { subject, .. } if subject == "C=US, ST=WA, L=Seattle, O=Notary, CN=e2e"
    ));
}

#[test]
fn jws_and_cose_that_notation_made_here_are_accepted() {
    let mut store = TrustStore::default();
    let certificate = read("keys/notation.crt");
    store.add(
        StoreKind::Ca,
        "e2e",
        [("notation.crt", certificate.as_slice())],
    );
    let policy = policy("trustpolicy");
    let all = signatures("referrers-amd64");
    let mut kinds: Vec<_> = all.iter().map(|s| s.media_type.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "application/cose",
            "application/jose+json",
            "application/jose+json"
        ]
    );
    for signature in &all {
        // the certificate is valid for a day
        let envelope = Envelope::read(&signature.media_type, &signature.bytes).unwrap();
        let judge = |subject, now| {
            let trust = Trust {
                statement: &policy.statements[0],
                store: &store,
            };
            verify(
                subject,
                &signature.media_type,
                &signature.bytes,
                Some(trust),
                now,
            )
        };
        let verified = judge(&signature.subject, envelope.signing_time);
        assert_eq!(
            verified.accepted_by.as_deref(),
            Some("e2e"),
            "{:#?}",
            verified.checks
        );

        // pitfalls 2 and 8: each of the three must be that of this manifest
        let mut other = signature.subject.clone();
        other.digest = other_digest();
        assert_eq!(
            reason(&judge(&other, now()).checks),
            Some(CheckKind::Subject)
        );
        let mut other = signature.subject.clone();
        other.size += 1;
        assert_eq!(
            reason(&judge(&other, now()).checks),
            Some(CheckKind::Subject)
        );
        let mut other = signature.subject.clone();
        other.media_type =
            porthole::model::MediaType::new("application/vnd.oci.image.index.v1+json");
        assert_eq!(
            reason(&judge(&other, now()).checks),
            Some(CheckKind::Subject)
        );
    }
}

#[test]
fn without_a_policy_nothing_is_accepted() {
    let signature = &signatures("notation/oci_layout/e2e-valid-signature")[0];
    let verified = verify(
        &signature.subject,
        &signature.media_type,
        &signature.bytes,
        None,
        now(),
    );
    assert_eq!(verified.accepted_by, None);
    assert_eq!(reason(&verified.checks), None);
    assert_eq!(
        outcome(&verified.checks, CheckKind::Signature),
        Some(Outcome::Passed)
    );
    assert_eq!(
        outcome(&verified.checks, CheckKind::Certificate),
        Some(Outcome::NotChecked)
    );
}

#[test]
fn a_policy_that_skips_accepts_nothing() {
    let signature = &signatures("notation/oci_layout/e2e-valid-signature")[0];
    let policy = policy("skip_trustpolicy");
    let trust = Trust {
        statement: &policy.statements[0],
        store: &TrustStore::default(),
    };
    let verified = verify(
        &signature.subject,
        &signature.media_type,
        &signature.bytes,
        Some(trust),
        now(),
    );
    assert_eq!(verified.accepted_by, None);
    assert_eq!(
        outcome(&verified.checks, CheckKind::Signature),
        Some(Outcome::NotChecked)
    );
}

/// The token of a real authority fits the signature, and its own signature fits it; only
/// the root is not one of ours.
#[test]
fn a_timestamp_is_for_this_signature_and_from_a_trusted_authority() {
    let signature = &signatures("notation/oci_layout/e2e-with-timestamped-signature")[0];
    let envelope = Envelope::read(&signature.media_type, &signature.bytes).unwrap();
    let token = envelope.timestamp.clone().unwrap();
    let roots = Certificate::all_from_file(&read("notation/timestamp/DigiCertTSARootSHA384.cer"));
    let roots = roots.unwrap();
    let error = Countersignature::verify(&token, &envelope.signature, &roots).unwrap_err();
    assert_eq!(error, TimestampError::NotTrusted);
    let error = Countersignature::verify(&token, b"another", &roots).unwrap_err();
    assert_eq!(error, TimestampError::OtherBytes);
    for position in 0..token.len() {
        let mut mutant = token.clone();
        mutant[position] ^= 1;
        assert!(Countersignature::verify(&mutant, &envelope.signature, &roots).is_err());
    }
}

/// cosign's bundle has a whole answer of the authority: the token stands behind its status.
fn bundled_token() -> (Vec<u8>, Vec<u8>, Vec<Certificate>) {
    let blobs = fixture("referrers-amd64/blobs/sha256");
    for entry in std::fs::read_dir(blobs).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let Ok(bundle) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
            continue;
        };
        let pointer =
            "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
        let Some(answer) = bundle.pointer(pointer).and_then(|v| v.as_str()) else {
            continue;
        };
        let answer = BASE64_STANDARD.decode(answer).unwrap();
        let status = answer
            .windows(5)
            .position(|w| w == [0x30, 3, 2, 1, 0])
            .unwrap();
        let signature = bundle.pointer("/dsseEnvelope/signatures/0/sig").unwrap();
        let signature = BASE64_STANDARD.decode(signature.as_str().unwrap()).unwrap();
        let chain = Certificate::all_from_file(&read("keys/tsa-chain.pem")).unwrap();
        return (answer[status + 5..].to_vec(), signature, chain);
    }
    panic!("no bundle has a timestamp");
}

#[test]
fn a_timestamp_of_a_trusted_authority_is_believed_and_no_mutant_of_it() {
    // it has no certificates of its own
    let (token, signature, roots) = bundled_token();
    let believed = Countersignature::verify(&token, &signature, &roots).unwrap();
    assert!(
        believed.time.to_string().starts_with("2026-11-"),
        "{}",
        believed.time
    );
    let mut benign = 0;
    for position in 0..token.len() {
        for bit in [1, 0x80] {
            let mut mutant = token.clone();
            mutant[position] ^= bit;
            if let Ok(other) = Countersignature::verify(&mutant, &signature, &roots) {
                // what nobody signed: the version of the wrapping, digest lists
                assert_eq!(other.time, believed.time);
                assert_eq!(other.authority, believed.authority);
                benign += 1;
            }
        }
    }
    assert!(benign < 64, "{benign} mutants are believed");
}

#[test]
fn the_newest_form_of_a_policy_is_read_like_the_older() {
    let newer = TrustPolicy::read(&read("notation/trustpolicies/trustpolicy.json")).unwrap();
    assert_eq!(newer.statements[0].name, "e2e");
}
