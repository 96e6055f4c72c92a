//! Signatures made in the test, by keys made in the test.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
use porthole::signature::policy::{Policy, judge};
use porthole::signature::sigstore::{self, PublicKey};
use porthole::signature::{
    Discovered, Format, Found, Place, SignatureReport, Signer, Statement, Subject, SubjectReport,
    Trust, TrustRoot,
};
use porthole::transport::ListingOutcome;
use serde_json::{Value, json};

pub const SIGNING: &str = "https://sigstore.dev/cosign/sign/v1";
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A key pair.
pub struct Key {
    pair: EcdsaKeyPair,
    pub public: PublicKey,
}

impl Key {
    pub fn new() -> Self {
        Self::of(&ECDSA_P256_SHA256_ASN1_SIGNING)
    }

    pub fn of(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let der = pair.public_key().as_der().unwrap();
        let public = PublicKey::from_der(der.as_ref()).unwrap();
        Self { pair, public }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    pub fn signer(&self, name: &str) -> Signer {
        Signer::key(name, self.public.clone())
    }
}

/// The kinds of elliptic curves that cosign signs with, with the hashes that it used.
pub fn curves() -> [&'static EcdsaSigningAlgorithm; 3] {
    [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ]
}

/// An Ed25519 key, and its signature over `message`.
pub fn ed25519(message: &[u8]) -> (PublicKey, Vec<u8>) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let der = pair.public_key().as_der().unwrap();
    let public = PublicKey::from_der(der.as_ref()).unwrap();
    (public, pair.sign(message).as_ref().to_vec())
}

pub fn subject(text: &str) -> Subject {
    let raw = document(text.as_bytes(), MediaType::OCI_MANIFEST);
    Subject::of(&raw, MediaType::new(MediaType::OCI_MANIFEST))
}

pub fn document(bytes: &[u8], media_type: &str) -> RawDocument {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    RawDocument::hash(bytes, Algorithm::Sha256, MediaType::new(media_type))
}

pub fn found(format: Format, bytes: &[u8], annotations: Annotations) -> Arc<Found> {
    Arc::new(Found {
        format,
        statement: Statement::Signature,
        claims: Default::default(),
        listed_for: Digest::sha256(b""),
        place: Place::default(),
        raw: document(bytes, ""),
        annotations,
        manifest: None,
    })
}

pub fn payload(digest: &str) -> Vec<u8> {
    let value = json!({
        "critical": {
            "identity": {"docker-reference": "registry.example.com/app"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    value.to_string().into_bytes()
}

/// A legacy signature of these bytes.
pub fn legacy(key: &Key, payload: &[u8]) -> Arc<Found> {
    let signature = STANDARD.encode(key.sign(payload));
    let annotations = [("dev.cosignproject.cosign/signature".to_owned(), signature)];
    found(Format::Cosign, payload, annotations.into())
}

pub fn statement(digests: &[&Digest], predicate_type: &str) -> Value {
    let subjects = digests
        .iter()
        .map(|d| json!({"digest": {"sha256": d.hex()}}));
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects.collect::<Vec<_>>(),
        "predicateType": predicate_type,
        "predicate": {},
    })
}

/// A bundle by key, as cosign 3 writes it without a log.
pub fn bundle_value(key: &Key, statement: &[u8]) -> Value {
    let kind = "application/vnd.in-toto+json";
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), statement.len());
    let mut signed = head.into_bytes();
    signed.extend_from_slice(statement);
    let hint = key.public.fingerprint();
    let hint: Vec<u8> = (0..32)
        .map(|n| u8::from_str_radix(&hint[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    json!({
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": STANDARD.encode(hint)}},
        "dsseEnvelope": {
            "payload": STANDARD.encode(statement),
            "payloadType": kind,
            "signatures": [{"sig": STANDARD.encode(key.sign(&signed))}],
        },
    })
}

pub fn bundle(value: &Value) -> Arc<Found> {
    found(
        Format::SigstoreBundle,
        value.to_string().as_bytes(),
        Annotations::new(),
    )
}

pub fn signed_bundle(key: &Key, subject: &Subject, predicate_type: &str) -> Arc<Found> {
    let statement = statement(&[&subject.digest], predicate_type).to_string();
    bundle(&bundle_value(key, statement.as_bytes()))
}

pub fn trust(signers: Vec<Signer>) -> Trust {
    Trust {
        signers,
        root: Some(TrustRoot::embedded().unwrap()),
    }
}

pub fn verify(found: &Arc<Found>, subject: &Subject, signers: Vec<Signer>) -> SignatureReport {
    sigstore::verify(found, subject, &trust(signers))
}

pub fn discovered(subject: &Subject, found: Vec<Arc<Found>>) -> Discovered {
    Discovered {
        subject: subject.digest.clone(),
        found,
        looked: Vec::new(),
        problems: Vec::new(),
        outcome: ListingOutcome::Listed,
        attached: false,
        own_list: false,
    }
}

pub fn judged(subject: &Subject, found: Vec<Arc<Found>>, policy: &Policy) -> SubjectReport {
    judge(
        &discovered(subject, found),
        subject,
        &"registry.example.com/app".into(),
        Some(policy),
        None,
    )
}

/// A private key in PEM (PKCS #8), not encrypted.
pub fn private_pem() -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let der = pair.to_pkcs8v1().unwrap();
    let body = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n").into_bytes()
}
