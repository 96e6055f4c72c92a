//! What proves a signature besides itself: a certificate, log entries, timestamps.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::signature::sigstore::PublicKey;

/// Whose signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signatory {
    /// Whoever holds this key.
    Key(PublicKey),
    /// Whom the certificate names; with those above it, DER, the leaf first.
    Certificates(Vec<Vec<u8>>),
}

/// What was gathered for one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub signatory: Signatory,
    /// Log entries, as a bundle has them (`TransparencyLogEntry` in JSON).
    pub entries: Vec<Value>,
    /// Answers of timestamp authorities (RFC 3161, `TimeStampResp`), DER.
    pub timestamps: Vec<Vec<u8>>,
}

impl Proof {
    /// One of a key alone.
    pub const fn by_key(key: PublicKey) -> Self {
        Self {
            signatory: Signatory::Key(key),
            entries: Vec::new(),
            timestamps: Vec::new(),
        }
    }

    /// The `verificationMaterial` of a bundle, version 0.3.
    pub(super) fn material(&self) -> Value {
        let mut material = Map::new();
        match &self.signatory {
            Signatory::Key(key) => {
                let hash = crate::signature::sigstore::key_hint(key);
                material.insert("publicKey".to_owned(), json!({"hint": hash}));
            }
            Signatory::Certificates(chain) => {
                let leaf = chain.first().map(|der| BASE64_STANDARD.encode(der));
                material.insert("certificate".to_owned(), json!({"rawBytes": leaf}));
            }
        }
        if !self.entries.is_empty() {
            material.insert("tlogEntries".to_owned(), json!(self.entries));
        }
        let stamps = self.timestamps.iter();
        let stamps: Vec<_> = stamps
            .map(|der| json!({"signedTimestamp": BASE64_STANDARD.encode(der)}))
            .collect();
        let data = match stamps.is_empty() {
            true => json!({}),
            false => json!({"rfc3161Timestamps": stamps}),
        };
        material.insert("timestampVerificationData".to_owned(), data);
        Value::Object(material)
    }
}
