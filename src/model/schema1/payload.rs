//! What the digest of a signed manifest covers: the JSON as it was before the signatures
//! were put into it (JWS in the form that Docker's libtrust calls "pretty").

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use serde_json::Value;

use crate::model::{MediaKind, MediaType};

/// The bytes that were signed, where `bytes` are a manifest of the first schema with
/// signatures in it. No signature is judged: every one of them says how long the signed
/// part is and what stood behind it, and they have to agree.
pub(in crate::model) fn payload(bytes: &Bytes) -> Option<Bytes> {
    // most manifests are none of these: looking is cheaper than reading
    if !std::str::from_utf8(bytes).ok()?.contains("\"signatures\"") {
        return None;
    }
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let signatures = value.get("signatures")?.as_array()?;
    let mut formats = signatures.iter().map(format);
    let (length, tail) = formats.next()??;
    if !formats.all(|format| format.as_ref() == Some(&(length, tail.clone()))) {
        return None;
    }
    let head = bytes.get(..usize::try_from(length).ok()?)?;
    let mut payload = BytesMut::from(head);
    payload.extend_from_slice(&tail);
    // what is left has to be a manifest of this schema, so that nothing else is ever
    // believed under a digest that its bytes do not hash to
    is_first_schema(&payload).then(|| payload.freeze())
}

/// `formatLength` and `formatTail` of one signature.
fn format(signature: &Value) -> Option<(u64, Vec<u8>)> {
    let protected = decode(signature.get("protected")?)?;
    let protected: Value = serde_json::from_slice(&protected).ok()?;
    let length = protected.get("formatLength")?.as_u64()?;
    Some((length, decode(protected.get("formatTail")?)?))
}

fn decode(text: &Value) -> Option<Vec<u8>> {
    let text = text.as_str()?.trim_end_matches('=');
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

fn is_first_schema(payload: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else {
        return false;
    };
    let own = value.get("mediaType").and_then(Value::as_str);
    let own = own.map(|own| MediaType::new(own).kind());
    let first = matches!(
        own,
        None | Some(MediaKind::DockerSchema1 | MediaKind::DockerSchema1Signed)
    );
    first
        && value.get("schemaVersion").and_then(Value::as_u64) == Some(1)
        && value.get("signatures").is_none()
}
