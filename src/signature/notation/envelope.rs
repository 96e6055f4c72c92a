//! What both envelopes say, read into one form.

use std::fmt;

use jiff::Timestamp;

use super::{cose, jws};
use crate::signature::x509::{Certificate, CertificateError, Form, Hash, KeyKind};

/// The payload's type (signature-specification.md, "Signature Envelope").
pub const PAYLOAD_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";

pub(super) const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
pub(super) const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";
pub(super) const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";
pub(super) const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
pub(super) const PLUGIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
pub(super) const PLUGIN_PREFIX: &str = PLUGIN;

/// How an envelope is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnvelopeKind {
    Jws,
    Cose,
}

/// Who vouches for the time of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `notary.x509`: the signer's own word, a timestamp authority's where there is one.
    X509,
    /// `notary.x509.signingAuthority`: the authority that signed.
    SigningAuthority,
}

/// The algorithms that Notation allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
}

/// An envelope as it was read. Nothing of it is believed yet.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub kind: EnvelopeKind,
    /// The exact bytes that are signed for.
    pub payload: Vec<u8>,
    pub content_type: String,
    /// What the header says; compared with the key, never used.
    pub algorithm: Algorithm,
    pub scheme: Scheme,
    /// When it was signed, by the signer's or the authority's word.
    pub signing_time: Timestamp,
    pub expiry: Option<Timestamp>,
    /// Critical headers that are not known here.
    pub unknown_critical: Vec<String>,
    /// The verification plugin that the signature asks for.
    pub plugin: Option<String>,
    /// From the leaf to the root.
    pub chain: Vec<Certificate>,
    /// A timestamp token (RFC 3161) over the signature.
    pub timestamp: Option<Vec<u8>>,
    /// What made it, unauthenticated.
    pub agent: Option<String>,
    /// The bytes that the signature is over.
    pub(super) signed: Vec<u8>,
    pub signature: Vec<u8>,
}

/// Why bytes are no Notation envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error(
        "{0:?} is not the type of a Notation envelope: application/jose+json and application/cose are"
    )]
    MediaType(String),
    #[error("the envelope cannot be read: {0}")]
    Unreadable(String),
    #[error("the envelope has no {0}")]
    Missing(&'static str),
    #[error("{what} of the envelope is not {expected}")]
    Type {
        what: &'static str,
        expected: &'static str,
    },
    #[error("the signature algorithm {0} is not one of Notation's")]
    Algorithm(String),
    #[error("the signing scheme {0:?} is not known")]
    Scheme(String),
    #[error("the header {0} must be marked critical and is not")]
    NotCritical(&'static str),
    #[error("the header {0} is marked critical and is not there")]
    CriticalMissing(String),
    #[error("the header {0} does not belong to the signing scheme {1}")]
    WrongTime(&'static str, Scheme),
    #[error("the time {0:?} cannot be read")]
    Time(String),
    #[error("the certificate chain has {found} certificates, more than the {limit} that are read")]
    ChainLength { found: usize, limit: usize },
    #[error("certificate {} of the chain: {why}", position + 1)]
    Certificate {
        position: usize,
        why: CertificateError,
    },
}

impl Envelope {
    /// Reads an envelope of this media type.
    pub fn read(media_type: &str, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        match EnvelopeKind::of(media_type) {
            Some(EnvelopeKind::Jws) => jws::read(bytes),
            Some(EnvelopeKind::Cose) => cose::read(bytes),
            None => Err(EnvelopeError::MediaType(media_type.to_owned())),
        }
    }

    /// What stands in the envelope and its certificates, for people. Nothing of it is
    /// checked.
    pub fn details(&self) -> Vec<(String, String)> {
        let mut details = Vec::new();
        let mut add = |name: &str, value: String| details.push((name.to_owned(), value));
        if let Some(leaf) = self.chain.first() {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            add("Certificate subject", leaf.subject.to_string());
            add("Certificate issuer", leaf.issuer.to_string());
            add("Certificate serial", hex(&leaf.serial));
            add("Certificate SHA-256", leaf.fingerprint().hex().to_owned());
            add("Certificate valid from", leaf.not_before.to_string());
            add("Certificate valid until", leaf.not_after.to_string());
        }
        if let Some(root) = self.chain.last().filter(|_| self.chain.len() > 1) {
            add("Root certificate", root.subject.to_string());
        }
        add("Signing scheme", self.scheme.to_string());
        add(
            "Signed, by the signer's word",
            self.signing_time.to_string(),
        );
        if let Some(expiry) = self.expiry {
            add("Expires", expiry.to_string());
        }
        if let Some(agent) = &self.agent {
            add("Made by, by its own word", agent.clone());
        }
        details
    }

    /// Whether the leaf's key made the signature, by the algorithm that the key asks for.
    pub fn is_intact(&self) -> bool {
        let Some(leaf) = self.chain.first() else {
            return false;
        };
        let Some(algorithm) = Algorithm::of(leaf.key.kind()) else {
            return false;
        };
        leaf.key
            .verifies(algorithm.hash(), Form::Jose, &self.signed, &self.signature)
    }
}

impl EnvelopeKind {
    /// The kind of a layer's media type.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/jose+json" => Some(Self::Jws),
            "application/cose" => Some(Self::Cose),
            _ => None,
        }
    }

    /// The media type of the layer.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jws => "application/jose+json",
            Self::Cose => "application/cose",
        }
    }
}

impl Scheme {
    pub(super) fn from_name(name: &str) -> Result<Self, EnvelopeError> {
        match name {
            "notary.x509" => Ok(Self::X509),
            "notary.x509.signingAuthority" => Ok(Self::SigningAuthority),
            other => Err(EnvelopeError::Scheme(other.to_owned())),
        }
    }

    /// The header that holds the time of signing.
    pub(super) const fn time_header(self) -> &'static str {
        match self {
            Self::X509 => SIGNING_TIME,
            Self::SigningAuthority => AUTHENTIC_SIGNING_TIME,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        })
    }
}

impl Algorithm {
    /// The one algorithm for a key (signature-specification.md, "Algorithm Selection").
    pub const fn of(key: KeyKind) -> Option<Self> {
        match key {
            KeyKind::Rsa(2048) => Some(Self::Ps256),
            KeyKind::Rsa(3072) => Some(Self::Ps384),
            KeyKind::Rsa(4096) => Some(Self::Ps512),
            KeyKind::P256 => Some(Self::Es256),
            KeyKind::P384 => Some(Self::Es384),
            KeyKind::P521 => Some(Self::Es512),
            KeyKind::Rsa(_) | KeyKind::Ed25519 => None,
        }
    }

    /// The name in a JWS header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Ps256,
            Self::Ps384,
            Self::Ps512,
            Self::Es256,
            Self::Es384,
            Self::Es512,
        ];
        all.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The hash that it is over.
    pub const fn hash(self) -> Hash {
        match self {
            Self::Ps256 | Self::Es256 => Hash::Sha256,
            Self::Ps384 | Self::Es384 => Hash::Sha384,
            Self::Ps512 | Self::Es512 => Hash::Sha512,
        }
    }
}

/// Checks that what must be critical is, and gives what is critical and not known.
pub(super) fn check_critical(
    critical: &[String],
    present: impl Fn(&str) -> bool,
    scheme: Scheme,
) -> Result<Vec<String>, EnvelopeError> {
    let is_critical = |name: &str| critical.iter().any(|entry| entry == name);
    if let Some(missing) = critical.iter().find(|name| !present(name)) {
        return Err(EnvelopeError::CriticalMissing(missing.clone()));
    }
    if !is_critical(SIGNING_SCHEME) {
        return Err(EnvelopeError::NotCritical(SIGNING_SCHEME));
    }
    if present(EXPIRY) && !is_critical(EXPIRY) {
        return Err(EnvelopeError::NotCritical(EXPIRY));
    }
    let (wanted, other) = match scheme {
        Scheme::X509 => (SIGNING_TIME, AUTHENTIC_SIGNING_TIME),
        Scheme::SigningAuthority => (AUTHENTIC_SIGNING_TIME, SIGNING_TIME),
    };
    if present(other) {
        return Err(EnvelopeError::WrongTime(other, scheme));
    }
    if scheme == Scheme::SigningAuthority && !is_critical(wanted) {
        return Err(EnvelopeError::NotCritical(AUTHENTIC_SIGNING_TIME));
    }
    let known = [SIGNING_SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY];
    let unknown = critical
        .iter()
        .filter(|name| !known.contains(&name.as_str()));
    Ok(unknown.cloned().collect())
}

/// Reads the certificates of a chain.
pub(super) fn read_chain(ders: &[Vec<u8>]) -> Result<Vec<Certificate>, EnvelopeError> {
    let limit = crate::model::limits::CHAIN_CERTIFICATES;
    if ders.is_empty() {
        return Err(EnvelopeError::Missing("certificate chain"));
    }
    if ders.len() > limit {
        let found = ders.len();
        return Err(EnvelopeError::ChainLength { found, limit });
    }
    let read = ders.iter().enumerate().map(|(position, der)| {
        Certificate::from_der(der).map_err(|why| EnvelopeError::Certificate { position, why })
    });
    read.collect()
}
