//! Pitfalls of Notation and OpenPGP, kinds of keys, versions of bundles, the page.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::MediaType;
use porthole::signature::notation::{self, StoreKind, TrustPolicy, TrustStore};
use porthole::signature::sigstore::PublicKey;
use porthole::signature::simple::SignedIdentity;
use porthole::signature::{
    Check, CheckKind, Format, Judgement, Outcome, Signer, SubjectReport, Verdict, page,
};
use serde_json::json;

use super::made::{self, Key, SIGNING};
use crate::notation::{read, signatures};

fn failed(checks: &[Check]) -> Vec<CheckKind> {
    let failed = checks.iter().filter(|check| check.is_failed());
    failed.map(|check| check.kind).collect()
}

fn store() -> TrustStore {
    let mut store = TrustStore::default();
    let certificate = read("notation/localkeys/e2e.crt");
    store.add(StoreKind::Ca, "e2e", [("e2e.crt", certificate.as_slice())]);
    store
}

fn statement(level: &str) -> notation::Statement {
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "e2e", "registryScopes": ["*"],
        "signatureVerification": {"level": level},
        "trustStores": ["ca:e2e"], "trustedIdentities": ["*"],
    }]});
    let policy = TrustPolicy::read(policy.to_string().as_bytes()).unwrap();
    policy.statements[0].clone()
}

#[test]
fn pitfall_02_digest_size_and_media_type_are_all_compared() {
    let signature = &signatures("notation/oci_layout/e2e-valid-signature")[0];
    let (statement, store) = (statement("strict"), store());
    let now = jiff::Timestamp::now();
    let judge = |subject: &porthole::signature::Subject| {
        let trust = notation::Trust {
            statement: &statement,
            store: &store,
        };
        notation::verify(
            subject,
            &signature.media_type,
            &signature.bytes,
            Some(trust),
            now,
        )
    };
    assert_eq!(failed(&judge(&signature.subject).checks), []);
    let mut size = signature.subject.clone();
    size.size += 1;
    let mut media_type = signature.subject.clone();
    media_type.media_type = MediaType::new(MediaType::OCI_INDEX);
    let mut digest = signature.subject.clone();
    digest.digest = porthole::model::Digest::sha256(b"other");
    for other in [size, media_type, digest] {
        let verified = judge(&other);
        assert_eq!(failed(&verified.checks), [CheckKind::Subject], "{other:?}");
        assert!(verified.authenticated.is_none());
    }
}

#[test]
fn pitfall_05_the_whole_chain_has_to_be_valid_at_the_proven_time() {
    // Notation: before the root was valid, everything else the same
    let signature = &signatures("notation/oci_layout/e2e-valid-signature")[0];
    let (statement, store) = (statement("strict"), store());
    let trust = notation::Trust {
        statement: &statement,
        store: &store,
    };
    let media_type = &signature.media_type;
    let envelope = notation::Envelope::read(media_type, &signature.bytes).unwrap();
    for certificate in &envelope.chain {
        let early = certificate.not_before - jiff::SignedDuration::from_secs(1);
        let verified = notation::verify(
            &signature.subject,
            media_type,
            &signature.bytes,
            Some(trust),
            early,
        );
        assert_eq!(failed(&verified.checks), [CheckKind::Validity]);
    }
    // Sigstore: an authority of the root that was not valid when the log took the entry in
    let (found, subject) = super::fixtures::fulcio();
    let text = String::from_utf8(super::fixtures::bytes("bundles/trusted_root_pgi.json")).unwrap();
    let mut root: serde_json::Value = serde_json::from_str(&text).unwrap();
    let judge = |root: &serde_json::Value| {
        let root = porthole::signature::TrustRoot::read(root.to_string().as_bytes(), "r").unwrap();
        let trust = porthole::signature::Trust {
            signers: vec![super::fixtures::fulcio_signer()],
            root: Some(root),
        };
        porthole::signature::sigstore::verify(&found, &subject, &trust)
    };
    assert_eq!(judge(&root).judgement(), Judgement::Accepted);
    for authority in root["certificateAuthorities"].as_array_mut().unwrap() {
        authority["validFor"] =
            json!({"start": "2001-01-01T00:00:00Z", "end": "2002-01-01T00:00:00Z"});
    }
    let report = judge(&root);
    assert_eq!(report.judgement(), Judgement::Rejected);
    let kind = report.reason().unwrap().kind;
    assert!(
        matches!(kind, CheckKind::Validity | CheckKind::Certificate),
        "{kind:?}"
    );
}

#[test]
fn pitfall_12_the_signed_name_decides_where_the_policy_or_the_format_says_so() {
    let key = Key::new();
    let mut subject = made::subject("x");
    subject.reference = Some("registry.example.com/app:1".parse().unwrap());
    let found = made::legacy(&key, &made::payload(&subject.digest.to_string()));
    // by a key alone it is shown
    let report = made::verify(&found, &subject, vec![key.signer("k")]);
    assert_eq!(report.judgement(), Judgement::Accepted);
    assert_eq!(report.outcome(CheckKind::Reference), Outcome::NotChecked);
    let named = |identity: SignedIdentity| Signer {
        signed_name: Some(identity),
        ..key.signer("k")
    };
    let repository = named(SignedIdentity::MatchRepository);
    let report = made::verify(&found, &subject, vec![repository.clone()]);
    assert_eq!(report.judgement(), Judgement::Accepted);
    assert_eq!(report.outcome(CheckKind::Reference), Outcome::Passed);
    subject.reference = Some("registry.example.com/other:1".parse().unwrap());
    let report = made::verify(&found, &subject, vec![repository]);
    assert_eq!(failed(&report.checks), [CheckKind::Reference]);
    assert!(report.accepts.is_empty());
    // cosign signs no tag: the exact name is never there
    subject.reference = Some("registry.example.com/app:1".parse().unwrap());
    let report = made::verify(&found, &subject, vec![named(SignedIdentity::MatchExact)]);
    assert_eq!(failed(&report.checks), [CheckKind::Reference]);
    // and a bundle signs no name at all
    let bundle = made::signed_bundle(&key, &subject, SIGNING);
    let report = made::verify(
        &bundle,
        &subject,
        vec![named(SignedIdentity::MatchRepository)],
    );
    assert_eq!(failed(&report.checks), [CheckKind::Reference]);
}

#[test]
fn pitfall_16_what_has_expired_is_refused_or_plainly_tolerated() {
    let signature = &signatures("notation/oci_layout/e2e-expired-signature")[0];
    let store = store();
    let now = jiff::Timestamp::now();
    for (level, outcome, accepted) in [
        ("strict", Outcome::Failed, false),
        ("permissive", Outcome::Tolerated, true),
        ("audit", Outcome::Tolerated, true),
    ] {
        let statement = statement(level);
        let trust = notation::Trust {
            statement: &statement,
            store: &store,
        };
        let verified = notation::verify(
            &signature.subject,
            &signature.media_type,
            &signature.bytes,
            Some(trust),
            now,
        );
        let expiry = verified
            .checks
            .iter()
            .find(|c| c.kind == CheckKind::Expiry)
            .unwrap();
        assert_eq!(expiry.outcome, outcome, "{level}");
        // the time that it expired at is there to be seen
        assert!(
            expiry
                .found
                .as_ref()
                .is_some_and(|time| time.starts_with("20"))
        );
        assert_eq!(verified.accepted_by.is_some(), accepted, "{level}");
    }
}

#[test]
fn rsa_and_both_kinds_of_ed25519_are_accepted_and_nothing_else_of_theirs() {
    use ed25519_dalek::{Digest as _, Sha512, SigningKey};
    let subject = made::subject("x");
    let payload = made::payload(&subject.digest.to_string());
    let signed = |signature: &[u8], payload: &[u8]| {
        let annotations = [(
            "dev.cosignproject.cosign/signature".to_owned(),
            STANDARD.encode(signature),
        )];
        made::found(Format::Cosign, payload, annotations.into())
    };
    let judge = |key: &PublicKey, signature: &[u8], payload: &[u8]| {
        let found = signed(signature, payload);
        made::verify(&found, &subject, vec![Signer::key("k", key.clone())]).judgement()
    };
    // Ed25519ph, cosign's default
    let secret = SigningKey::from_bytes(&[7; 32]);
    let public = secret.verifying_key();
    let mut der = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    der.extend_from_slice(public.as_bytes());
    let key = PublicKey::from_der(&der).unwrap();
    let hash = Sha512::new_with_prefix(&payload);
    let prehashed = secret.sign_prehashed(hash, None).unwrap().to_bytes();
    let pure = ed25519_dalek::Signer::sign(&secret, &payload).to_bytes();
    let with_context = secret
        .sign_prehashed(Sha512::new_with_prefix(&payload), Some(b"other"))
        .unwrap();
    assert_eq!(key.verify(&payload, &prehashed), Some("Ed25519ph"));
    assert_eq!(judge(&key, &prehashed, &payload), Judgement::Accepted);
    assert_eq!(judge(&key, &pure, &payload), Judgement::Accepted);
    assert_eq!(
        judge(&key, &with_context.to_bytes(), &payload),
        Judgement::Rejected
    );
    // RSA: PKCS #1 v1.5 with SHA-256, and not PSS
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki = pair.public_key().as_der().unwrap();
    let key = PublicKey::from_der(spki.as_ref()).unwrap();
    let random = aws_lc_rs::rand::SystemRandom::new();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &random, &payload, &mut signature)
        .unwrap();
    assert_eq!(judge(&key, &signature, &payload), Judgement::Accepted);
    pair.sign(&RSA_PSS_SHA256, &random, &payload, &mut signature)
        .unwrap();
    assert_eq!(judge(&key, &signature, &payload), Judgement::Rejected);
}

#[test]
fn bundles_of_every_version_are_read_and_others_are_not() {
    let key = Key::new();
    let subject = made::subject("x");
    let statement = made::statement(&[&subject.digest], SIGNING).to_string();
    let value = made::bundle_value(&key, statement.as_bytes());
    let judge = |media_type: &str| {
        let mut value = value.clone();
        value["mediaType"] = json!(media_type);
        made::verify(&made::bundle(&value), &subject, vec![key.signer("k")])
    };
    for known in [
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
    ] {
        assert_eq!(judge(known).judgement(), Judgement::Accepted, "{known}");
    }
    for other in ["application/vnd.dev.sigstore.bundle.v0.4+json", ""] {
        assert_eq!(failed(&judge(other).checks), [CheckKind::Form], "{other}");
    }
}

#[test]
fn the_page_says_everything_escapes_it_and_runs_nothing() {
    let key = Key::new();
    let subject = made::subject("x");
    let policy = porthole::signature::policy::Policy::of_signers(
        "<script>alert('policy')</script>",
        vec![key.signer("\"><img src=x onerror=alert(1)>")],
    );
    let mut found = (*made::signed_bundle(&key, &subject, SIGNING)).clone();
    found.claims.signer = Some("</td><script>alert(2)</script>\u{202e}".to_owned());
    let report: SubjectReport = made::judged(&subject, vec![Arc::new(found)], &policy);
    assert!(matches!(report.verdict, Verdict::Accepted { .. }));
    let page = page(
        "host/<b>app</b>",
        &[("Index & more".to_owned(), Arc::new(report.clone()))],
    );
    for bad in ["<script", "<img", "<b>", "\u{202e}", "javascript:"] {
        assert!(!page.contains(bad), "{bad}: {page}");
    }
    let links = ["http://", "src=", "href=", "url("];
    for link in links {
        let escaped = page.replace("src=x onerror", "");
        assert!(!escaped.contains(link), "{link}");
    }
    let digest = subject.digest.to_string();
    for said in [
        digest.as_str(),
        "Accepted: signed by",
        "Index &amp; more",
        "&lt;script&gt;alert(&#39;policy&#39;)",
        "Bytes intact",
        "passed",
        &report.judged,
        "default-src 'none'",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for check in &report.signatures[0].checks {
        assert!(page.contains(check.kind.title()), "{:?}", check.kind);
    }
}
