//! Signatures that real tools made: each comes to what its origin says of it.

use std::path::PathBuf;
use std::sync::Arc;

use porthole::model::{Annotations, Digest, MediaType};
use porthole::signature::sigstore::{IdentityRule, Pattern, PublicKey, TrustRoot};
use porthole::signature::{
    CheckKind, Format, Found, Judgement, SignedBy, Signer, Subject, Trust, sigstore,
};
use serde_json::Value;

use super::made;

pub fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/signing")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

pub fn identity(identity: &str, issuer: &str) -> Signer {
    let rule = IdentityRule {
        identity: Pattern::regex(identity).unwrap(),
        issuer: Pattern::exact(issuer).unwrap(),
    };
    Signer::identity(identity, rule)
}

fn of_digest(hex: &str) -> Subject {
    let digest: Digest = format!("sha256:{hex}").parse().unwrap();
    Subject {
        digest,
        media_type: MediaType::new(MediaType::OCI_MANIFEST),
        size: 1,
        reference: None,
    }
}

/// The signature file of a `dir:` image of containers/image, and the image.
pub fn directory(name: &str) -> (Arc<Found>, Subject) {
    let file = bytes(&format!("containers-image/{name}/signature-1"));
    let value: Value =
        serde_json::from_slice(file.strip_prefix(b"\0sigstore-json\n").unwrap()).unwrap();
    let payload = value["payload"].as_str().unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap();
    let annotations: Annotations = serde_json::from_value(value["annotations"].clone()).unwrap();
    let manifest = made::document(
        &bytes(&format!("containers-image/{name}/manifest.json")),
        "",
    );
    let subject = Subject::of(&manifest, MediaType::new(MediaType::OCI_MANIFEST));
    (made::found(Format::Cosign, &payload, annotations), subject)
}

/// A legacy keyless signature with a log entry of the public log.
pub fn fulcio() -> (Arc<Found>, Subject) {
    directory("dir-img-cosign-fulcio-rekor-valid")
}

pub fn fulcio_signer() -> Signer {
    identity("mitr@redhat\\.com", "https://github.com/login/oauth")
}

/// A legacy signature by key with a log entry.
pub fn key_with_log() -> (Arc<Found>, Subject) {
    directory("dir-img-cosign-key-rekor-valid")
}

/// The key of [`key_with_log`], with the log asked for.
pub fn logged_key() -> Signer {
    let key = PublicKey::from_pem(&bytes("containers-image/cosign2.pub")).unwrap();
    Signer {
        log: true,
        ..Signer::key("key", key)
    }
}

/// A bundle v0.3 with certificate, log and proof, its subject, and who signed.
pub fn conda() -> (Value, Subject, Signer) {
    let subject = of_digest("54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f");
    let signer = identity(
        "https://github\\.com/.*",
        "https://token.actions.githubusercontent.com",
    );
    (
        json("bundles/conda-attestation.sigstore.json"),
        subject,
        signer,
    )
}

#[test]
fn bundles_of_the_public_instance_are_accepted() {
    let (value, subject, signer) = conda();
    let report = made::verify(&made::bundle(&value), &subject, vec![signer]);
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    let facts = report.authenticated.unwrap();
    assert!(facts.predicate_type.unwrap().contains("conda"));
    assert!(!facts.times.is_empty());
}

/// As `cosign sign-blob` makes it.
#[test]
fn a_bundle_over_the_bytes_themselves_is_no_signature_of_an_image() {
    let subject = Subject::of(
        &made::document(&bytes("bundles/cosign-v3-blob.txt"), ""),
        MediaType::default(),
    );
    let value = json("bundles/cosign-v3-blob.sigstore.json");
    let report = made::verify(&made::bundle(&value), &subject, Vec::new());
    assert_eq!(report.judgement(), Judgement::Rejected);
    assert_eq!(report.reason().unwrap().kind, CheckKind::Form);
}

#[test]
fn cosigns_own_attestation_is_accepted_with_its_trusted_root() {
    let value = json("bundles/oci-attestation.sigstore.json");
    let subject = of_digest("732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4");
    let root = TrustRoot::read(&bytes("bundles/trusted_root_pgi.json"), "pgi").unwrap();
    let trust = Trust {
        signers: Vec::new(),
        root: Some(root),
    };
    let report = sigstore::verify(&made::bundle(&value), &subject, &trust);
    assert!(report.authenticated.is_some(), "{:#?}", report.checks);
    assert_eq!(report.judgement(), Judgement::NotJudged);
}

#[test]
fn a_legacy_signature_by_key_with_its_log_entry() {
    let (found, subject) = key_with_log();
    let key = PublicKey::from_pem(&bytes("containers-image/cosign2.pub")).unwrap();
    let root = TrustRoot::of_parts(&[], &[&text("containers-image/rekor.pub")], &[], &[]).unwrap();
    let mut signer = Signer::key("key", key);
    let verify = |signer: &Signer, root: Option<TrustRoot>| {
        let trust = Trust {
            signers: vec![signer.clone()],
            root,
        };
        sigstore::verify(&found, &subject, &trust)
    };
    assert_eq!(verify(&signer, None).judgement(), Judgement::Accepted);
    signer.log = true;
    let report = verify(&signer, Some(root));
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    assert_eq!(report.authenticated.unwrap().times.len(), 1);
    let other = TrustRoot::read(&bytes("keys/trusted_root.json"), "other").unwrap();
    assert_eq!(
        verify(&signer, Some(other)).judgement(),
        Judgement::Rejected
    );
    // without an entry
    let (found, subject) = directory("dir-img-cosign-valid");
    let key = PublicKey::from_pem(&bytes("containers-image/cosign.pub")).unwrap();
    let mut signer = Signer::key("key", key);
    signer.log = true;
    let report = made::verify(&found, &subject, vec![signer]);
    assert_eq!(
        report.judgement(),
        Judgement::Rejected,
        "{:#?}",
        report.checks
    );
}

#[test]
fn certificates_of_ones_own_authorities() {
    let (found, subject) = directory("dir-img-cosign-pki-valid");
    let signer = |roots: &str, identity: Option<&str>| {
        let identity = identity.map(|text| Pattern::exact(text).unwrap());
        let authorities = sigstore::Authorities::from_pem(&text(roots), "", identity);
        Signer::new("pki", SignedBy::Authorities(authorities.unwrap()))
    };
    let ours = "containers-image/pki_root_crts.pem";
    let report = made::verify(
        &found,
        &subject,
        vec![signer(ours, Some("qiwan@redhat.com"))],
    );
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    let report = made::verify(
        &found,
        &subject,
        vec![signer(ours, Some("other@redhat.com"))],
    );
    assert_eq!(
        report.reason().unwrap().kind,
        porthole::signature::CheckKind::Identity
    );
    // the same roots for several: whom the first does not name, the next may
    let named = |name: &str, roots: &str, identity: Option<&str>| Signer {
        name: name.to_owned(),
        ..signer(roots, identity)
    };
    let others = [
        named("elsewhere", "containers-image/fulcio_v1.crt.pem", None),
        named("other", ours, Some("other@redhat.com")),
    ];
    let third = named("third", ours, Some("third@redhat.com"));
    let report = made::verify(&found, &subject, [&others[..], &[third]].concat());
    let check = report.reason().unwrap();
    assert_eq!(check.kind, porthole::signature::CheckKind::Identity);
    let expected = "one of other@redhat.com, third@redhat.com";
    assert_eq!(check.expected.as_deref(), Some(expected));
    let ones = [
        named("qiwan", ours, Some("qiwan@redhat.com")),
        named("anybody", ours, None),
    ];
    let report = made::verify(&found, &subject, [&others[..], &ones].concat());
    assert_eq!(report.accepts, ["qiwan", "anybody"], "{:#?}", report.checks);
    let report = made::verify(
        &found,
        &subject,
        vec![signer("containers-image/fulcio_v1.crt.pem", None)],
    );
    assert_eq!(
        report.reason().unwrap().kind,
        porthole::signature::CheckKind::Certificate
    );
}
