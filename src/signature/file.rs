//! A signature in a file beside the manifest (containers/image, `internal/signature`): an
//! OpenPGP message as it is, or `\0sigstore-json\n` and JSON, which holds what is a layer
//! under cosign's tag elsewhere.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::json;
use crate::model::{Algorithm, Annotations, Descriptor, Digest};

/// What such a file begins with.
const SIGSTORE: &[u8] = b"\0sigstore-json\n";
/// The same for OpenPGP, which is not written today.
const SIMPLE: &[u8] = b"\0simple-signing\n";

/// What a file beside a manifest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureFile {
    /// An OpenPGP message.
    SimpleSigning(Bytes),
    Attachment(Box<Attachment>),
    /// Something that is not known here.
    Unknown,
}

/// A signature as cosign has it: a layer with annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub layer: Descriptor,
    pub payload: Bytes,
    /// Whether the file says nothing but that.
    pub is_all: bool,
}

impl SignatureFile {
    /// Reads one file. Nothing of it is verified.
    pub fn read(bytes: &Bytes) -> Self {
        if let Some(rest) = bytes.strip_prefix(SIGSTORE) {
            attachment(rest).map_or(Self::Unknown, |read| Self::Attachment(Box::new(read)))
        } else if let Some(rest) = bytes.strip_prefix(SIMPLE) {
            Self::SimpleSigning(bytes.slice_ref(rest))
        } else if bytes.first().is_some_and(|first| *first >= 0x80) {
            Self::SimpleSigning(bytes.clone())
        } else {
            Self::Unknown
        }
    }

    /// The file that holds a layer of cosign's.
    pub fn of_layer(layer: &Descriptor, payload: &[u8]) -> Bytes {
        let object = json!({
            "mimeType": layer.media_type.as_str(),
            "payload": BASE64_STANDARD.encode(payload),
            "annotations": layer.annotations,
        });
        let mut bytes = SIGSTORE.to_vec();
        bytes.extend_from_slice(object.to_string().as_bytes());
        bytes.into()
    }
}

/// `{"mimeType","payload","annotations"}`, the payload in base64.
fn attachment(text: &[u8]) -> Option<Attachment> {
    let value = json::read(text).ok()?;
    let object = value.as_object()?;
    let media_type = object.get("mimeType")?.as_str()?;
    let payload = BASE64_STANDARD
        .decode(object.get("payload")?.as_str()?)
        .ok()?;
    let said = object.get("annotations").and_then(Value::as_object);
    let annotations: Annotations = said
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let digest = Digest::of(Algorithm::Sha256, &payload);
    let is_all = said.map_or(0, |said| said.len()) == annotations.len()
        && object
            .keys()
            .all(|key| matches!(key.as_str(), "mimeType" | "payload" | "annotations"));
    Some(Attachment {
        layer: Descriptor {
            annotations,
            ..Descriptor::new(media_type, digest, payload.len() as u64)
        },
        payload: payload.into(),
        is_all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_more_is_noticed() {
        let mut layer = Descriptor::new("application/x", Digest::sha256(b"payload"), 7);
        layer
            .annotations
            .insert("dev.cosignproject.cosign/signature".into(), "c2ln".into());
        let file = SignatureFile::of_layer(&layer, b"payload");
        let SignatureFile::Attachment(read) = SignatureFile::read(&file) else {
            panic!("{file:?}");
        };
        assert_eq!((&read.layer, read.is_all), (&layer, true));
        assert_eq!(read.payload, b"payload"[..]);
        for (text, is_all) in [
            (r#"{"mimeType":"a","payload":""}"#, true),
            (r#"{"mimeType":"a","payload":"","annotations":null}"#, true),
            (r#"{"mimeType":"a","payload":"","more":1}"#, false),
            (
                r#"{"mimeType":"a","payload":"","annotations":{"a":1}}"#,
                false,
            ),
        ] {
            let file = Bytes::from([SIGSTORE, text.as_bytes()].concat());
            match SignatureFile::read(&file) {
                SignatureFile::Attachment(read) => assert_eq!(read.is_all, is_all, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn openpgp_is_known_by_its_first_byte() {
        let message = Bytes::from_static(b"\x90\x0d\x03");
        let simple = SignatureFile::SimpleSigning(message.clone());
        assert_eq!(SignatureFile::read(&message), simple);
        let marked = Bytes::from([SIMPLE, &message[..]].concat());
        assert_eq!(SignatureFile::read(&marked), simple);
        for bytes in [&b""[..], b"text", b"\0other\nx", b"\0sigstore-json\n{}"] {
            let read = SignatureFile::read(&Bytes::from_static(bytes));
            assert_eq!(read, SignatureFile::Unknown, "{bytes:?}");
        }
    }
}
