//! A signature of cosign or a bundle, taken apart before anything of it is believed.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::model::Digest;
use crate::signature::found::{Format, Found, Subject};
use crate::signature::{Check, CheckKind, json as strict};

use super::dsse::Envelope;
use super::legacy::Proofs;
use super::statement::{self, Said};

/// What bundles may call themselves.
const BUNDLE_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

const BUNDLE: &strict::Members = &[
    (
        "",
        &[
            "mediaType",
            "verificationMaterial",
            "dsseEnvelope",
            "messageSignature",
        ],
    ),
    (
        "/verificationMaterial",
        &[
            "publicKey",
            "certificate",
            "x509CertificateChain",
            "tlogEntries",
            "timestampVerificationData",
        ],
    ),
];

/// A signature taken apart.
pub(super) struct Parts {
    pub said: Said,
    /// The bytes that are signed.
    pub message: Vec<u8>,
    pub signatures: Vec<Vec<u8>>,
    /// The payload of a DSSE envelope.
    pub payload: Option<Vec<u8>>,
    /// An envelope's own bytes, where it is a file.
    pub envelope: Option<Vec<u8>>,
    /// The signer's certificate and those above it, DER.
    pub certificates: Vec<Vec<u8>>,
    /// What the signature says of its key: no reason to trust it.
    pub hint: Option<String>,
    /// The bundle for the library, by key or by certificate.
    pub bundle: Value,
    pub has_entry: bool,
    /// Whether a proof of the log is demanded and not only its promise.
    pub proof: bool,
}

impl Parts {
    /// Takes `found` apart, as something about `subject`.
    pub fn of(found: &Found, subject: &Subject) -> Result<Self, Check> {
        match found.format {
            Format::Cosign => cosign(found, subject),
            Format::CosignAttestation => attestation(found, subject),
            Format::SigstoreBundle => bundle(found, subject),
            _ => Err(Check::failed(
                CheckKind::Form,
                "it is no signature of Sigstore",
            )),
        }
    }
}

fn cosign(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let payload = found.raw.bytes();
    let said = statement::payload(payload, subject)?;
    let proofs = Proofs::read(&found.annotations)?;
    let signature = proofs.signature.clone();
    let signature = signature.ok_or_else(|| {
        Check::failed(CheckKind::Form, "there is no signature in the annotations")
    })?;
    let hash = super::trust_root::hex_bytes(Digest::sha256(payload).hex());
    let content = json!({
        "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(hash)},
        "signature": STANDARD.encode(&signature),
    });
    Ok(Parts {
        said,
        message: payload.to_vec(),
        signatures: vec![signature],
        payload: None,
        envelope: None,
        bundle: proofs.bundle(
            proofs.certificates.is_empty(),
            ("messageSignature", content),
        ),
        has_entry: proofs.has_entry(),
        certificates: proofs.certificates,
        hint: None,
        proof: false,
    })
}

fn attestation(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let envelope = Envelope::read(found.raw.bytes())?;
    let said = statement::statement(&envelope.payload, subject)?;
    let proofs = Proofs::read(&found.annotations)?;
    let content = strict::read(found.raw.bytes()).unwrap_or_default();
    Ok(Parts {
        said,
        message: envelope.signed(),
        payload: Some(envelope.payload),
        envelope: Some(found.raw.bytes().to_vec()),
        signatures: envelope.signatures,
        bundle: proofs.bundle(proofs.certificates.is_empty(), ("dsseEnvelope", content)),
        has_entry: proofs.has_entry(),
        certificates: proofs.certificates,
        hint: None,
        proof: false,
    })
}

fn bundle(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let form = |what: String| Check::failed(CheckKind::Form, what);
    let value = strict::read_as(found.raw.bytes(), BUNDLE)
        .map_err(|problem| form(format!("the bundle cannot be read: {problem}")))?;
    let version = value
        .get("mediaType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !BUNDLE_TYPES.contains(&version) {
        return Err(form("it is a bundle of no known version".to_owned())
            .compared(BUNDLE_TYPES[0], version));
    }
    let material = value.get("verificationMaterial");
    let der = |certificate: &Value| super::certificate(certificate.get("rawBytes")?.as_str()?);
    let single = material.and_then(|m| m.get("certificate"));
    let chain = material.and_then(|m| m.pointer("/x509CertificateChain/certificates"));
    let listed: Vec<&Value> = single
        .into_iter()
        .chain(chain.and_then(Value::as_array).into_iter().flatten())
        .take(crate::model::limits::CHAIN_LENGTH)
        .collect();
    let certificates: Option<Vec<_>> = listed.into_iter().map(der).collect();
    let certificates = certificates
        .ok_or_else(|| Check::failed(CheckKind::Certificate, "the certificate cannot be read"))?;
    let hint = material.and_then(|m| m.pointer("/publicKey/hint"));
    let entries = material
        .and_then(|m| m.get("tlogEntries"))
        .and_then(Value::as_array);
    let has_entry = entries.is_some_and(|entries| !entries.is_empty());
    let envelope = match (value.get("dsseEnvelope"), value.get("messageSignature")) {
        (Some(envelope), None) => Envelope::of(envelope)?,
        // as `cosign sign-blob` makes it, also of a manifest that lies there as a file
        (None, Some(_)) => {
            let why = "it is the signature of a file, not of an image";
            return Err(form("the bundle has no DSSE envelope".to_owned()).summed_up(why));
        }
        _ => return Err(form("it has not exactly one signed content".to_owned())),
    };
    // whatever the others say: readers would differ in which of them they look at
    if envelope.signatures.len() != 1 {
        let count = envelope.signatures.len();
        let why = format!("the envelope of a bundle has one signature, and this has {count}");
        return Err(form(why));
    }
    Ok(Parts {
        said: statement::statement(&envelope.payload, subject)?,
        message: envelope.signed(),
        signatures: envelope.signatures,
        payload: Some(envelope.payload),
        envelope: None,
        certificates,
        hint: hint.and_then(Value::as_str).map(ToOwned::to_owned),
        has_entry,
        proof: true,
        bundle: value,
    })
}
