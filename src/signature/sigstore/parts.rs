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

/// A signature taken apart.
pub(super) struct Parts {
    pub said: Said,
    /// The bytes that are signed; nothing where only a digest of them is.
    pub message: Option<Vec<u8>>,
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
        message: Some(payload.to_vec()),
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
        message: Some(envelope.signed()),
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
    let value = strict::read(found.raw.bytes())
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
    let (said, message, payload, signatures) =
        match (value.get("dsseEnvelope"), value.get("messageSignature")) {
            (Some(envelope), None) => {
                let envelope = Envelope::of(envelope)?;
                let said = statement::statement(&envelope.payload, subject)?;
                let message = Some(envelope.signed());
                (said, message, Some(envelope.payload), envelope.signatures)
            }
            (None, Some(message)) => {
                let signature = message.get("signature").and_then(Value::as_str);
                let signature = signature.and_then(super::base64);
                let signature = signature.ok_or_else(|| form("it has no signature".to_owned()))?;
                (direct(message, subject)?, None, None, vec![signature])
            }
            _ => return Err(form("it has not exactly one signed content".to_owned())),
        };
    Ok(Parts {
        said,
        message,
        signatures,
        payload,
        envelope: None,
        certificates,
        hint: hint.and_then(Value::as_str).map(ToOwned::to_owned),
        has_entry,
        proof: true,
        bundle: value,
    })
}

/// A bundle that signs the manifest's bytes themselves.
fn direct(message: &Value, subject: &Subject) -> Result<Said, Check> {
    let expected = subject.digest.to_string();
    let found = message
        .pointer("/messageDigest/digest")
        .and_then(Value::as_str);
    let found = found.and_then(super::base64);
    let found = found.map(|bytes| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}:{hex}", subject.digest.algorithm().name())
    });
    let check = match found {
        Some(found) if found == expected => {
            Check::passed(CheckKind::Subject, "this digest, and no other").compared(expected, found)
        }
        Some(found) => Check::failed(CheckKind::Subject, "it was signed for another digest")
            .compared(expected, found),
        None => Check::passed(CheckKind::Subject, "signed as it is").compared(&expected, &expected),
    };
    Ok(Said {
        subject: check,
        reference: None,
        predicate_type: None,
    })
}
