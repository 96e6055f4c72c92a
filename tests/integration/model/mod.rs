//! The words of the domain: tables from the specifications' own examples, and properties.

mod artifact_kind;
mod attachment;
mod config;
mod conformance;
mod descriptor;
mod digest;
mod document;
mod media_type;
mod platform;
mod reference;
mod sbom;
mod schema1;
mod text;

use bytes::Bytes;
use porthole::model::{Algorithm, Document, MediaType, RawDocument};
use serde_json::Value;

/// Hashes `value` as a document that was said to be of `media_type`.
fn document(media_type: &str, value: &Value) -> Document {
    document_of_bytes(media_type, &serde_json::to_vec(value).unwrap())
}

fn document_of_bytes(media_type: &str, bytes: &[u8]) -> Document {
    Document::read(raw(media_type, bytes))
}

fn raw(media_type: &str, bytes: &[u8]) -> RawDocument {
    RawDocument::hash(
        Bytes::copy_from_slice(bytes),
        Algorithm::Sha256,
        MediaType::new(media_type),
    )
}

/// A digest with the same character everywhere, for documents whose parts are not there.
fn digest(character: char) -> String {
    format!("sha256:{}", character.to_string().repeat(64))
}
