//! Transparency logs: what Rekor is given to keep (version 1: `hashedrekord` and `dsse`
//! 0.0.1; version 2: `hashedrekord` 0.0.2), and its answer as an entry of a bundle.
//!
//! What a log answers is put into its form here and believed nowhere: the finished signature
//! is verified against the trust root before it is written anywhere.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::dsse;
use super::key::write_pem;
use super::proof::Signatory;
use crate::model::Digest;
use crate::signature::json as strict;
use crate::signature::x509::{self, KeyKind};

/// Which interface a log speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogVersion {
    One,
    /// Entries have no time: a timestamp has to stand beside them.
    Two,
}

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub enum Signed<'a> {
    /// These bytes.
    Message(&'a [u8]),
    /// This statement, in its envelope.
    Statement(&'a [u8]),
}

/// Why there is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    #[error("a log does not take {what} by a key of the kind {kind}: one of P-256 does")]
    Key { what: &'static str, kind: KeyKind },
    #[error("the signer's certificate is missing or cannot be read")]
    Certificate,
    #[error("the answer is no log entry: {0}")]
    Answer(String),
}

impl Signatory {
    /// The kind of the key that signed.
    fn kind(&self) -> Option<KeyKind> {
        match self {
            Self::Key(key) => {
                let key = x509::PublicKey::from_spki_der(key.der()).ok()?;
                Some(key.kind())
            }
            Self::Certificates(chain) => {
                let leaf = x509::Certificate::from_der(chain.first()?).ok()?;
                Some(leaf.key.kind())
            }
        }
    }

    /// Key or certificate in PEM, as Go writes it: verifiers compare the text.
    fn pem(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(write_pem("PUBLIC KEY", key.der())),
            Self::Certificates(chain) => Some(write_pem("CERTIFICATE", chain.first()?)),
        }
    }
}

impl LogVersion {
    /// Where entries are sent, under the address of the log.
    pub const fn path(self) -> &'static str {
        match self {
            Self::One => "/api/v1/log/entries",
            Self::Two => "/api/v2/log/entries",
        }
    }

    /// Whether a log takes what a key of this kind signs like cosign.
    ///
    /// # Errors
    /// Where it does not: its hash is not the one that entries have.
    pub fn takes(self, kind: KeyKind, is_statement: bool) -> Result<(), LogError> {
        let takes = match (self, kind) {
            (_, KeyKind::P256) => true,
            (Self::One, KeyKind::Rsa(_)) => true,
            (Self::One, KeyKind::Ed25519) => is_statement,
            _ => false,
        };
        let what = match is_statement {
            true => "a statement",
            false => "a signature",
        };
        match takes {
            true => Ok(()),
            false => Err(LogError::Key { what, kind }),
        }
    }

    /// What is sent to the log.
    ///
    /// # Errors
    /// Where it does not take this kind of key, or there is no certificate.
    pub fn request(
        self,
        signed: Signed<'_>,
        signature: &[u8],
        by: &Signatory,
    ) -> Result<Bytes, LogError> {
        let kind = by.kind().ok_or(LogError::Certificate)?;
        self.takes(kind, matches!(signed, Signed::Statement(_)))?;
        let pem = by.pem().ok_or(LogError::Certificate)?;
        let pem = BASE64_STANDARD.encode(pem);
        let request = match (self, signed) {
            (Self::One, Signed::Message(message)) => json!({
                "apiVersion": "0.0.1",
                "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {
                        "algorithm": "sha256",
                        "value": Digest::sha256(message).hex(),
                    }},
                    "signature": {
                        "content": BASE64_STANDARD.encode(signature),
                        "publicKey": {"content": pem},
                    },
                },
            }),
            (Self::One, Signed::Statement(statement)) => json!({
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {"proposedContent": {
                    "envelope": dsse::envelope(statement, signature).to_string(),
                    "verifiers": [pem],
                }},
            }),
            (Self::Two, signed) => {
                let hash = match signed {
                    Signed::Message(message) => Digest::sha256(message),
                    Signed::Statement(statement) => Digest::sha256(&dsse::pae(statement)),
                };
                let mut verifier = Map::new();
                let raw = |der: &[u8]| json!({"rawBytes": BASE64_STANDARD.encode(der)});
                match by {
                    Signatory::Key(key) => verifier.insert("publicKey".to_owned(), raw(key.der())),
                    Signatory::Certificates(chain) => {
                        let leaf = chain.first().ok_or(LogError::Certificate)?;
                        verifier.insert("x509Certificate".to_owned(), raw(leaf))
                    }
                };
                verifier.insert("keyDetails".to_owned(), "PKIX_ECDSA_P256_SHA_256".into());
                json!({"hashedRekordRequestV002": {
                    "digest": BASE64_STANDARD.encode(bytes(hash.hex())),
                    "signature": {
                        "content": BASE64_STANDARD.encode(signature),
                        "verifier": verifier,
                    },
                }})
            }
        };
        Ok(request.to_string().into_bytes().into())
    }

    /// The log's answer as bundles have it (`TransparencyLogEntry` in JSON).
    ///
    /// # Errors
    /// Where it has another form.
    pub fn entry(self, answer: &[u8]) -> Result<Value, LogError> {
        let wrong = |why: &str| LogError::Answer(why.to_owned());
        let value =
            strict::read(answer).map_err(|problem| LogError::Answer(problem.to_string()))?;
        match self {
            Self::Two => match value.get("canonicalizedBody") {
                Some(Value::String(_)) => Ok(value),
                _ => Err(wrong("it has no body")),
            },
            Self::One => {
                let object = value.as_object().filter(|object| object.len() == 1);
                let entry = object.and_then(|object| object.values().next());
                let entry = entry.ok_or_else(|| wrong("it is not about exactly one entry"))?;
                first_version(entry).ok_or_else(|| wrong("a part of it is missing"))
            }
        }
    }
}

/// An entry as version 1 answers it.
fn first_version(entry: &Value) -> Option<Value> {
    let body = entry.get("body")?.as_str()?;
    let decoded = strict::read(&BASE64_STANDARD.decode(body).ok()?).ok()?;
    let number = |value: &Value| value.as_i64().map(|number| number.to_string());
    let hash = |value: &Value| Some(BASE64_STANDARD.encode(bytes(value.as_str()?)));
    let proof = entry.pointer("/verification/inclusionProof")?;
    let hashes: Option<Vec<_>> = proof.get("hashes")?.as_array()?.iter().map(hash).collect();
    let mut made = Map::new();
    let mut put = |key: &str, value: Value| made.insert(key.to_owned(), value);
    put("logIndex", number(entry.get("logIndex")?)?.into());
    put("logId", json!({"keyId": hash(entry.get("logID")?)?}));
    put(
        "kindVersion",
        json!({"kind": decoded.get("kind")?.as_str()?, "version": decoded.get("apiVersion")?.as_str()?}),
    );
    put(
        "integratedTime",
        number(entry.get("integratedTime")?)?.into(),
    );
    if let Some(promise) = entry.pointer("/verification/signedEntryTimestamp") {
        put(
            "inclusionPromise",
            json!({"signedEntryTimestamp": promise.as_str()?}),
        );
    }
    put(
        "inclusionProof",
        json!({
            "logIndex": number(proof.get("logIndex")?)?,
            "rootHash": hash(proof.get("rootHash")?)?,
            "treeSize": number(proof.get("treeSize")?)?,
            "hashes": hashes?,
            "checkpoint": {"envelope": proof.get("checkpoint")?.as_str()?},
        }),
    );
    put("canonicalizedBody", body.into());
    Some(Value::Object(made))
}

/// The bytes of a hash in hex.
fn bytes(hex: &str) -> Vec<u8> {
    crate::signature::sigstore::hex_bytes(hex)
}
