//! cosign's signatures in annotations: what proves them, and the same as a bundle, which
//! is the form that `sigstore-verify` takes.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::model::{Annotations, limits};
use crate::signature::{Check, CheckKind, json as strict};

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const ENTRY: &strict::Members = &[
    ("", &["SignedEntryTimestamp", "Payload"]),
    ("/Payload", &["body", "integratedTime", "logIndex", "logID"]),
];
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// What lies in the annotations of a signature.
pub(super) struct Proofs {
    /// Nothing for an attestation, whose envelope has it.
    pub signature: Option<Vec<u8>>,
    /// The signer's certificate and those above it, DER; empty for a signature by key.
    pub certificates: Vec<Vec<u8>>,
    /// The log entry, as a bundle has it.
    entry: Option<Value>,
    /// The timestamp in base64.
    timestamp: Option<String>,
}

impl Proofs {
    /// Reads the annotations.
    pub fn read(annotations: &Annotations) -> Result<Self, Check> {
        let form = |kind, what: &str| Check::failed(kind, format!("{what} cannot be read"));
        let signature = annotations.get(SIGNATURE).filter(|text| !text.is_empty());
        let signature = signature.map(|text| {
            super::base64(text)
                .filter(|bytes| bytes.len() as u64 <= limits::SIGNATURE_BYTES)
                .ok_or_else(|| form(CheckKind::Form, "the signature's base64"))
        });
        let mut certificates = Vec::new();
        for (key, what) in [
            (CERTIFICATE, "the certificate"),
            (CHAIN, "the certificate chain"),
        ] {
            if let Some(pem) = annotations.get(key).filter(|pem| !pem.trim().is_empty()) {
                let read =
                    super::certificates(pem).ok_or_else(|| form(CheckKind::Certificate, what))?;
                certificates.extend(read);
            }
        }
        let entry = annotations.get(LOG_ENTRY).filter(|text| !text.is_empty());
        let entry = entry
            .map(|text| entry_of(text).ok_or_else(|| form(CheckKind::LogEntry, "the log entry")));
        let timestamp = annotations.get(TIMESTAMP).filter(|text| !text.is_empty());
        let timestamp = timestamp.map(|text| {
            let value = strict::read(text.as_bytes()).ok();
            let token = value.as_ref().and_then(|v| v.get("SignedRFC3161Timestamp"));
            let token = token.and_then(Value::as_str).map(ToOwned::to_owned);
            token.ok_or_else(|| form(CheckKind::Timestamp, "the timestamp"))
        });
        Ok(Self {
            signature: signature.transpose()?,
            certificates,
            entry: entry.transpose()?,
            timestamp: timestamp.transpose()?,
        })
    }

    /// Whether there is a log entry.
    pub const fn has_entry(&self) -> bool {
        self.entry.is_some()
    }

    /// The bundle that says the same. `content` is its `messageSignature` or
    /// `dsseEnvelope`.
    pub fn bundle(&self, by_key: bool, content: (&str, Value)) -> Value {
        let entries: Vec<_> = self.entry.iter().cloned().collect();
        let stamps: Vec<_> = self.timestamp.iter().collect();
        let stamps: Vec<_> = stamps
            .iter()
            .map(|t| json!({"signedTimestamp": t}))
            .collect();
        // version 0.1 demands a promise, 0.3 allows for a timestamp alone
        let promised = !entries.is_empty();
        let mut material = json!({
            "tlogEntries": entries,
            "timestampVerificationData": {"rfc3161Timestamps": stamps},
        });
        if by_key {
            material["publicKey"] = json!({"hint": ""});
        } else if promised {
            let chain = self.certificates.iter();
            let chain: Vec<_> = chain
                .map(|der| json!({"rawBytes": STANDARD.encode(der)}))
                .collect();
            material["x509CertificateChain"] = json!({"certificates": chain});
        } else if let Some(leaf) = self.certificates.first() {
            material["certificate"] = json!({"rawBytes": STANDARD.encode(leaf)});
        }
        let version = if promised {
            "application/vnd.dev.sigstore.bundle+json;version=0.1"
        } else {
            "application/vnd.dev.sigstore.bundle.v0.3+json"
        };
        let mut bundle = json!({"mediaType": version, "verificationMaterial": material});
        bundle[content.0] = content.1;
        bundle
    }
}

/// `{"SignedEntryTimestamp","Payload":{"body","integratedTime","logIndex","logID"}}` as an
/// entry of a bundle.
pub(super) fn entry_of(text: &str) -> Option<Value> {
    let value = strict::read_as(text.as_bytes(), ENTRY).ok()?;
    let payload = value.get("Payload")?;
    let body = payload.get("body")?.as_str()?;
    let id = payload.get("logID")?.as_str()?;
    if id.len() != 64
        || !id
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return None;
    }
    let decoded: Value = strict::read(&super::base64(body)?).ok()?;
    Some(json!({
        "logIndex": payload.get("logIndex")?.as_i64()?.to_string(),
        "logId": {"keyId": STANDARD.encode(super::trust_root::hex_bytes(id))},
        "kindVersion": {
            "kind": decoded.get("kind")?.as_str()?,
            "version": decoded.get("apiVersion")?.as_str()?,
        },
        "integratedTime": payload.get("integratedTime")?.as_i64()?.to_string(),
        "inclusionPromise": {
            "signedEntryTimestamp": value.get("SignedEntryTimestamp")?.as_str()?,
        },
        "canonicalizedBody": body,
    }))
}
