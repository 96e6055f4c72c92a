//! What was found: signatures and statements as they lie there, with unchecked claims.

use std::fmt;

use serde::Serialize;

use crate::model::{Annotations, Descriptor, Digest, MediaType, RawDocument, RegistryReference};

/// What is to be vouched for: one manifest or index, by its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub digest: Digest,
    pub media_type: MediaType,
    /// In bytes.
    pub size: u64,
    /// The name that it was asked for by, where it came from a registry.
    pub reference: Option<RegistryReference>,
}

/// How a signature or statement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// cosign's simple signing payload with the signature in annotations.
    Cosign,
    /// cosign's `.att`: a DSSE envelope with what proves it in annotations.
    CosignAttestation,
    /// A Sigstore bundle.
    SigstoreBundle,
    NotationJws,
    NotationCose,
    /// An OpenPGP message of containers/image.
    SimpleSigning,
    /// An in-toto statement that nobody signed, as BuildKit writes it.
    UnsignedStatement,
    /// A document that nobody signed, such as an SBOM under cosign's `.sbom` tag.
    UnsignedDocument,
    /// Something that lies where signatures lie and is none that is known here.
    Unknown,
}

/// What is said, as far as it is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Statement {
    /// "This is the image."
    Signature,
    /// Something about the image.
    #[serde(rename_all = "camelCase")]
    Attestation { predicate_type: Option<String> },
    /// The thing itself, of this type.
    #[serde(rename_all = "camelCase")]
    Document { media_type: String },
}

/// What a signature says of itself. Nothing of it was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Who signed, in words: an identity, a certificate's subject, a key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The fingerprint of the key that it says it was made with, as keys are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who vouched for who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When, as RFC 3339 or as it is written there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The digests that it says it covers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// What stands in its certificate and log entry, for those who unfold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
}

/// Where a signature lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The manifest that carries it; nothing for a file beside the image.
    pub manifest: Option<Digest>,
    /// Which of the manifest's layers, or which file, counted from 0.
    pub position: usize,
    /// How it was found, for people and machines: `api`, `cosign-tag:sha256-….sig`.
    pub ways: Vec<String>,
}

/// A signature or statement as it was found. The bytes are those of its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub format: Format,
    pub statement: Statement,
    pub claims: Claims,
    /// The manifest that it was found for.
    pub listed_for: Digest,
    pub place: Place,
    /// The payload (cosign), bundle, envelope or message: the exact bytes, hashed.
    pub raw: RawDocument,
    /// The annotations that belong to it: those of its layer, or of a `dir:` file.
    /// Never authenticated by themselves.
    pub annotations: Annotations,
    /// The manifest that carries it, where one does.
    pub manifest: Option<RawDocument>,
}

impl Subject {
    /// The subject that `raw` is.
    pub fn of(raw: &RawDocument, media_type: MediaType) -> Self {
        Self {
            digest: raw.digest().clone(),
            media_type,
            size: raw.size(),
            reference: None,
        }
    }

    /// The subject that `descriptor` points at.
    pub fn at(descriptor: &Descriptor) -> Self {
        Self {
            digest: descriptor.digest.clone(),
            media_type: descriptor.media_type.clone(),
            size: descriptor.size,
            reference: None,
        }
    }

    /// The same under the name that it was asked for by.
    #[must_use]
    pub fn named(mut self, reference: Option<RegistryReference>) -> Self {
        self.reference = reference;
        self
    }
}

impl Format {
    /// Whether something of this format is signed at all. What cannot be read may be.
    pub const fn is_signed(self) -> bool {
        !matches!(self, Self::UnsignedStatement | Self::UnsignedDocument)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cosign => "cosign",
            Self::CosignAttestation => "cosign attestation",
            Self::SigstoreBundle => "Sigstore bundle",
            Self::NotationJws => "Notation, JWS",
            Self::NotationCose => "Notation, COSE",
            Self::SimpleSigning => "OpenPGP simple signing",
            Self::UnsignedStatement => "in-toto statement, unsigned",
            Self::UnsignedDocument => "document, unsigned",
            Self::Unknown => "unknown",
        })
    }
}
