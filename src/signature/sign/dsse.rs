//! DSSE envelopes (secure-systems-lab/dsse, `envelope.md`) with one signature.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// The only type of payload that is signed.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The bytes that are signed for a statement (pre-authentication encoding).
pub fn pae(statement: &[u8]) -> Vec<u8> {
    sigstore_verify::types::pae(IN_TOTO, statement)
}

/// The envelope of a signed statement.
pub(super) fn envelope(statement: &[u8], signature: &[u8]) -> Value {
    json!({
        "payload": BASE64_STANDARD.encode(statement),
        "payloadType": IN_TOTO,
        "signatures": [{"sig": BASE64_STANDARD.encode(signature), "keyid": ""}],
    })
}
