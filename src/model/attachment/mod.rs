//! What is in a blob that is attached to an image: an SBOM, a provenance, another statement,
//! or something else, taken out of the envelopes that it lies in.
//!
//! Envelopes are opened, not verified: whether a signature is right, and whose it is, is
//! not asked here.

mod envelope;

use super::provenance::Provenance;
use super::sbom::Sbom;
use super::{Algorithm, MediaType, Predicate, RawDocument, limits};

pub use envelope::{Envelope, Statement, StatementSubject};

/// What was found in a blob.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// What the content lay in, the outermost first.
    pub envelopes: Vec<Envelope>,
    /// The statement that it is the predicate of.
    pub statement: Option<Statement>,
    /// What lay in a signed envelope, where it can be read: the blob itself has it encoded.
    pub payload: Option<RawDocument>,
    pub content: AttachmentContent,
}

/// What an attached blob says.
#[derive(Clone, Debug, PartialEq)]
pub enum AttachmentContent {
    Sbom(Box<Sbom>),
    Provenance(Box<Provenance>),
    /// JSON of another kind, or of none that is known here.
    Json,
    Text,
    /// Bytes that are not text.
    Bytes,
    /// It was said to be something that it cannot be read as.
    Unreadable(String),
}

impl Attachment {
    /// Reads a blob. `media_type` is what the manifest says of it.
    pub fn read(bytes: &[u8], media_type: &MediaType) -> Self {
        let mut attachment = Self {
            envelopes: Vec::new(),
            statement: None,
            payload: None,
            content: AttachmentContent::Bytes,
        };
        attachment.content = attachment.open(bytes, Some(media_type), 0);
        attachment
    }

    /// The SBOM, where it is one.
    pub fn sbom(&self) -> Option<&Sbom> {
        match &self.content {
            AttachmentContent::Sbom(sbom) => Some(sbom),
            _ => None,
        }
    }

    /// The provenance, where it is one.
    pub fn provenance(&self) -> Option<&Provenance> {
        match &self.content {
            AttachmentContent::Provenance(provenance) => Some(provenance),
            _ => None,
        }
    }

    fn open(
        &mut self,
        bytes: &[u8],
        media_type: Option<&MediaType>,
        depth: usize,
    ) -> AttachmentContent {
        if depth > limits::ENVELOPE_DEPTH {
            return AttachmentContent::Unreadable(format!(
                "it lies in more than {} envelopes",
                limits::ENVELOPE_DEPTH
            ));
        }
        if let Some(found) = envelope::payload(bytes) {
            self.envelopes.push(found.envelope);
            return match found.payload {
                Ok(payload) => {
                    let content = self.open(&payload, None, depth + 1);
                    // the innermost says the most
                    if self.payload.is_none() {
                        let media_type = MediaType::new(&found.payload_type);
                        let bytes = bytes::Bytes::from(payload);
                        self.payload =
                            Some(RawDocument::hash(bytes, Algorithm::Sha256, media_type));
                    }
                    content
                }
                Err(why) => AttachmentContent::Unreadable(why),
            };
        }
        if let Some((statement, predicate)) = envelope::statement(bytes) {
            self.envelopes.push(Envelope::Statement);
            let content = predicate_content(&statement.predicate_type, predicate);
            self.statement = Some(statement);
            return content;
        }
        match Sbom::read(bytes) {
            Ok(sbom) => AttachmentContent::Sbom(Box::new(sbom)),
            Err(why) => shape(bytes, media_type, &why.to_string()),
        }
    }
}

fn predicate_content(predicate_type: &str, predicate: &str) -> AttachmentContent {
    let unreadable = |why: String| AttachmentContent::Unreadable(why);
    match Predicate::read(predicate_type) {
        Predicate::Provenance => match Provenance::read(predicate_type, predicate.as_bytes()) {
            Ok(provenance) => AttachmentContent::Provenance(Box::new(provenance)),
            Err(why) => unreadable(why.to_string()),
        },
        Predicate::Sbom(_) => match envelope::sbom_predicate(predicate) {
            Ok(sbom) => AttachmentContent::Sbom(Box::new(sbom)),
            Err(why) => unreadable(why.to_string()),
        },
        _ => AttachmentContent::Json,
    }
}

/// What something is that is none of the documents that are read here.
fn shape(bytes: &[u8], media_type: Option<&MediaType>, why: &str) -> AttachmentContent {
    let said = media_type.map(|media_type| media_type.as_str().to_ascii_lowercase());
    let said = said.unwrap_or_default();
    let readable = ["spdx", "cyclonedx", "syft"]
        .iter()
        .any(|word| said.contains(word))
        && !said.ends_with("xml");
    if readable {
        return AttachmentContent::Unreadable(why.to_owned());
    }
    if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        AttachmentContent::Json
    } else if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
        AttachmentContent::Text
    } else {
        AttachmentContent::Bytes
    }
}
