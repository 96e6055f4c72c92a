//! Envelopes: Sigstore's bundles, DSSE (secure-systems-lab/dsse), and the statements of
//! in-toto (in-toto/attestation, `spec/v1/statement.md`).

use std::borrow::Cow;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::loose::{List, Object, Text, cut};
use crate::model::sbom::{Sbom, SbomError};

/// What content lay in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// A Sigstore bundle.
    Bundle,
    /// A signed envelope with so many signatures, none of them verified here.
    Dsse { signatures: usize },
    /// An in-toto statement.
    Statement,
}

/// What an in-toto statement says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The address of what is stated.
    pub predicate_type: String,
    /// What it is stated about.
    pub subjects: Vec<StatementSubject>,
}

/// A subject of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementSubject {
    pub name: String,
    /// Algorithm and hexadecimal digits, as they are written.
    pub digests: Vec<(String, String)>,
}

/// What was taken out of an envelope.
pub(super) struct Found {
    pub(super) envelope: Envelope,
    pub(super) payload_type: String,
    pub(super) payload: Result<Vec<u8>, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(borrow)]
    dsse_envelope: Option<&'a RawValue>,
    #[serde(default)]
    payload_type: Text,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(default)]
    signatures: List<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stated<'a> {
    #[serde(default, rename = "_type")]
    kind: Text,
    #[serde(default)]
    predicate_type: Text,
    #[serde(default)]
    subject: List<Object<Subject>>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subject {
    name: Text,
    digest: Object<serde_json::Map<String, serde_json::Value>>,
}

/// What lies in `bytes`, where they are a bundle or a signed envelope.
pub(super) fn payload(bytes: &[u8]) -> Option<Found> {
    let outer: Outer<'_> = serde_json::from_slice(bytes).ok()?;
    if let Some(inner) = outer.dsse_envelope {
        return Some(Found {
            envelope: Envelope::Bundle,
            payload_type: String::new(),
            payload: Ok(inner.get().as_bytes().to_vec()),
        });
    }
    let payload_type = outer.payload_type.said()?;
    let encoded: Cow<'_, str> = serde_json::from_str(outer.payload?.get()).ok()?;
    let signatures = outer.signatures.items.len() + outer.signatures.left_out;
    Some(Found {
        envelope: Envelope::Dsse { signatures },
        payload_type,
        payload: decode(&encoded),
    })
}

/// DSSE allows both alphabets of base64.
fn decode(encoded: &str) -> Result<Vec<u8>, String> {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let standard = STANDARD.decode(encoded);
    standard
        .or_else(|_| URL_SAFE.decode(encoded))
        .map_err(|why| format!("the payload of its envelope is not base64: {why}"))
}

/// The statement in `bytes` and its predicate, where they are one.
pub(super) fn statement(bytes: &[u8]) -> Option<(Statement, &str)> {
    let stated: Stated<'_> = serde_json::from_slice(bytes).ok()?;
    let kind = stated.kind.as_str()?;
    if !kind.starts_with("https://in-toto.io/Statement/") {
        return None;
    }
    let subjects = stated.subject.objects().map(|subject| {
        let digests = subject.digest.0.unwrap_or_default().into_iter().take(16);
        StatementSubject {
            name: subject.name.said().unwrap_or_default(),
            digests: digests
                .filter_map(|(algorithm, digits)| {
                    Some((cut(algorithm, 64), cut(digits.as_str()?.to_owned(), 256)))
                })
                .collect(),
        }
    });
    let statement = Statement {
        predicate_type: stated.predicate_type.said().unwrap_or_default(),
        subjects: subjects.collect(),
    };
    Some((statement, stated.predicate.map_or("null", RawValue::get)))
}

/// The SBOM that a predicate is. cosign also wrote it as a text, by itself or under `Data`.
pub(super) fn sbom_predicate(predicate: &str) -> Result<Sbom, SbomError> {
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow, rename = "Data")]
        data: Option<&'a RawValue>,
    }
    if let Ok(text) = serde_json::from_str::<Cow<'_, str>>(predicate) {
        return Sbom::read(text.as_bytes());
    }
    if let Ok(Data { data: Some(data) }) = serde_json::from_str(predicate) {
        return match serde_json::from_str::<Cow<'_, str>>(data.get()) {
            Ok(text) => Sbom::read(text.as_bytes()),
            Err(_) => Sbom::read(data.get().as_bytes()),
        };
    }
    Sbom::read(predicate.as_bytes())
}
