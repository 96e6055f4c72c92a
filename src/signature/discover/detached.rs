//! A signature in a file beside the manifest (containers/image, `internal/signature`): an
//! OpenPGP message as it is, or `\0sigstore-json\n` and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
use crate::signature::found::{Format, Found, Place};
use crate::signature::json;

use super::formats::{self, BUNDLE, COSIGN_PAYLOAD, DSSE};

/// What such a file begins with.
const SIGSTORE: &[u8] = b"\0sigstore-json\n";
/// The same for OpenPGP, which is not written today.
const SIMPLE: &[u8] = b"\0simple-signing\n";

/// Reads one file. What cannot be read is found as something unknown.
pub(super) fn read(subject: &Digest, position: usize, bytes: Bytes) -> Found {
    let place = Place {
        manifest: None,
        position,
        ways: vec!["file".to_owned()],
    };
    let raw = |bytes: Bytes, media_type: &str| {
        RawDocument::hash(bytes, Algorithm::Sha256, MediaType::new(media_type))
    };
    if let Some(rest) = bytes.strip_prefix(SIGSTORE) {
        if let Some((payload, media_type, annotations)) = attachment(rest) {
            let format = match media_type.as_str() {
                COSIGN_PAYLOAD => Format::Cosign,
                DSSE => Format::CosignAttestation,
                bundle if bundle.starts_with(BUNDLE) => Format::SigstoreBundle,
                _ => Format::UnsignedDocument,
            };
            let carrier = (raw(payload.into(), &media_type), annotations, None);
            return formats::found(format, subject, place, carrier);
        }
    } else if let Some(rest) = bytes.strip_prefix(SIMPLE) {
        let rest = bytes.slice_ref(rest);
        let carrier = (raw(rest, ""), Annotations::new(), None);
        return formats::found(Format::SimpleSigning, subject, place, carrier);
    } else if bytes.first().is_some_and(|first| *first >= 0x80) {
        let carrier = (raw(bytes, ""), Annotations::new(), None);
        return formats::found(Format::SimpleSigning, subject, place, carrier);
    }
    let carrier = (raw(bytes, ""), Annotations::new(), None);
    formats::found(Format::Unknown, subject, place, carrier)
}

/// `{"mimeType","payload","annotations"}`, the payload in base64.
fn attachment(text: &[u8]) -> Option<(Vec<u8>, String, Annotations)> {
    let value = json::read(text).ok()?;
    let media_type = value.get("mimeType")?.as_str()?.to_owned();
    let payload = STANDARD.decode(value.get("payload")?.as_str()?).ok()?;
    let annotations = value.get("annotations").and_then(Value::as_object);
    let annotations = annotations.into_iter().flatten();
    let annotations = annotations
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    Some((payload, media_type, annotations))
}
