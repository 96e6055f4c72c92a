//! A signature in a file beside the manifest, as something that was found.

use bytes::Bytes;

use crate::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
use crate::signature::file::{Attachment, SignatureFile};
use crate::signature::found::{Format, Found, Place};

use super::formats::{self, BUNDLE, COSIGN_PAYLOAD, DSSE};

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
    let (format, carrier, annotations) = match SignatureFile::read(&bytes) {
        SignatureFile::Attachment(attachment) => {
            let Attachment { layer, payload, .. } = *attachment;
            let media_type = layer.media_type.as_str();
            let format = match media_type {
                COSIGN_PAYLOAD => Format::Cosign,
                DSSE => Format::CosignAttestation,
                bundle if bundle.starts_with(BUNDLE) => Format::SigstoreBundle,
                _ => Format::UnsignedDocument,
            };
            let carrier = raw(payload, media_type);
            (format, carrier, layer.annotations)
        }
        SignatureFile::SimpleSigning(message) => {
            (Format::SimpleSigning, raw(message, ""), Annotations::new())
        }
        SignatureFile::Unknown => (Format::Unknown, raw(bytes, ""), Annotations::new()),
    };
    formats::found(format, subject, place, (carrier, annotations, None))
}
