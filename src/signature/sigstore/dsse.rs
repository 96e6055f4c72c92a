//! DSSE envelopes (secure-systems-lab/dsse, `envelope.md`), read strictly.

use serde_json::Value;

use crate::signature::{Check, CheckKind, json};

/// The only type of payload that says what it is about.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

const MEMBERS: &json::Members = &[
    ("", &["payload", "payloadType", "signatures"]),
    ("/signatures/*", &["keyid", "sig"]),
];

/// An envelope.
pub(super) struct Envelope {
    pub payload_type: String,
    pub payload: Vec<u8>,
    /// What was signed with a name for the key that nobody vouches for.
    pub signatures: Vec<Vec<u8>>,
}

/// Base64 with either alphabet, as the specification of envelopes asks readers to take it.
fn either_base64(text: &str) -> Option<Vec<u8>> {
    use ::base64::Engine as _;
    let url = ::base64::engine::general_purpose::URL_SAFE;
    super::base64(text).or_else(|| url.decode(text).ok())
}

impl Envelope {
    /// Reads an envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Check> {
        let value = json::read(bytes).map_err(|problem| {
            Check::failed(
                CheckKind::Form,
                format!("the envelope cannot be read: {problem}"),
            )
        })?;
        Self::of(&value)
    }

    /// Takes an envelope out of a bundle.
    pub fn of(value: &Value) -> Result<Self, Check> {
        let form = |what: &str| Check::failed(CheckKind::Form, format!("the envelope has {what}"));
        json::check_case(value, MEMBERS).map_err(|problem| {
            Check::failed(
                CheckKind::Form,
                format!("the envelope cannot be read: {problem}"),
            )
        })?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let payload_type = text("payloadType").ok_or_else(|| form("no payloadType"))?;
        if payload_type != IN_TOTO {
            return Err(form("another payload than a statement").compared(IN_TOTO, payload_type));
        }
        let payload = text("payload").and_then(either_base64);
        let payload = payload.ok_or_else(|| form("no payload in base64"))?;
        let listed = value.get("signatures").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| form("no signatures"))?;
        if listed.is_empty() || listed.len() > crate::model::limits::BUNDLE_ENTRIES {
            return Err(form("no signature, or too many").found(listed.len().to_string()));
        }
        let signatures = listed.iter().map(|signature| {
            let text = signature.get("sig").and_then(Value::as_str);
            text.and_then(either_base64)
        });
        let signatures: Option<Vec<_>> = signatures.collect();
        Ok(Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures: signatures.ok_or_else(|| form("a signature that is not base64"))?,
        })
    }

    /// The bytes that are signed (pre-authentication encoding).
    pub fn signed(&self) -> Vec<u8> {
        sigstore_verify::types::pae(&self.payload_type, &self.payload)
    }
}
