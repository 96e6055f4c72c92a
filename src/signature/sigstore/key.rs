//! Public keys as cosign writes them, and what a signature by one looks like.
//!
//! The key decides the algorithm; nothing that comes with a signature does.

use std::fmt;

use aws_lc_rs::signature as rs;
use ed25519_dalek::Digest as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::model::{Digest, limits};
use crate::signature::x509::{self, der};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key of a kind that cosign signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// SubjectPublicKeyInfo.
    spki: Vec<u8>,
    /// The point, the RSAPublicKey or the 32 bytes.
    raw: Vec<u8>,
    /// Whether only signatures count that containers/image makes and knows.
    narrow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    P521,
    Rsa,
    Ed25519,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("it has {found} bytes, more than the {limit} that are read")]
    TooLong { found: usize, limit: u64 },
    #[error("it is not a public key in PEM: there is no \"BEGIN PUBLIC KEY\"")]
    NotPem,
    #[error("it is a private key; give the public one")]
    Private,
    #[error("its public key cannot be read: {0}")]
    Der(String),
    #[error("keys of the algorithm {0} are not known here")]
    Algorithm(String),
    #[error("it is an RSA key of {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
    #[error("there are {0} public keys in it, and one belongs there: give each a file of its own")]
    Several(usize),
    #[error("its point is not written in full; only uncompressed points are accepted")]
    Compressed,
}

impl PublicKey {
    /// Reads one public key in PEM: `PUBLIC KEY` (RFC 7468), or `RSA PUBLIC KEY` (PKCS #1).
    ///
    /// # Errors
    /// Where it is none, or more than one, of an algorithm that cosign does not sign with, or of
    /// RSA with a length that does not count.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        if pem.len() as u64 > limits::TRUST_FILE_BYTES {
            return Err(KeyError::TooLong {
                found: pem.len(),
                limit: limits::TRUST_FILE_BYTES,
            });
        }
        let text = std::str::from_utf8(pem).map_err(|_| KeyError::NotPem)?;
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        // one reader takes the first of several, another all of them
        let begins = |kind: &str| text.matches(&format!("-----BEGIN {kind}-----")).count();
        let count = begins("RSA PUBLIC KEY") + begins("PUBLIC KEY");
        if count > 1 {
            return Err(KeyError::Several(count));
        }
        if let Some(der) = block(text, "RSA PUBLIC KEY") {
            return Self::from_der(&info_of_rsa(&der));
        }
        let der = block(text, "PUBLIC KEY").ok_or(KeyError::NotPem)?;
        Self::from_der(&der)
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1).
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(der)
            .map_err(|error| KeyError::Der(error.to_string()))?;
        let raw = info.subject_public_key.as_bytes();
        let raw = raw.ok_or_else(|| KeyError::Der("its bits are no bytes".to_owned()))?;
        let kind = match info.algorithm.oid {
            RSA => match x509::PublicKey::from_spki(&info) {
                Ok(_) => Kind::Rsa,
                Err(x509::KeyError::RsaSize(bits)) => return Err(KeyError::RsaSize(bits)),
                Err(error) => return Err(KeyError::Der(error.to_string())),
            },
            ED25519 => Kind::Ed25519,
            EC => {
                let curve = info.algorithm.parameters.as_ref();
                let curve = curve.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
                match curve {
                    Some(P256) => Kind::P256,
                    Some(P384) => Kind::P384,
                    Some(P521) => Kind::P521,
                    other => {
                        let name = other.map_or_else(|| "unknown".to_owned(), |c| c.to_string());
                        return Err(KeyError::Algorithm(format!("elliptic curve {name}")));
                    }
                }
            }
            other => return Err(KeyError::Algorithm(other.to_string())),
        };
        let is_point = matches!(kind, Kind::P256 | Kind::P384 | Kind::P521);
        if is_point && raw.first() != Some(&4) {
            return Err(KeyError::Compressed);
        }
        Ok(Self {
            kind,
            raw: raw.to_vec(),
            narrow: false,
            spki: info
                .to_der()
                .map_err(|error| KeyError::Der(error.to_string()))?,
        })
    }

    /// The same key, by which only those signatures count that containers/image knows: over
    /// SHA-256, whatever the curve, and Ed25519 over the message itself.
    #[must_use]
    pub fn as_containers(self) -> Self {
        let wide = matches!(self.kind, Kind::P384 | Kind::P521 | Kind::Ed25519);
        Self {
            narrow: wide,
            ..self
        }
    }

    /// Whether cosign makes signatures with such a key that do not count here.
    pub const fn is_narrow(&self) -> bool {
        self.narrow
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of [`PublicKey::der`] in hex.
    pub fn fingerprint(&self) -> String {
        Digest::sha256(&self.spki).hex().to_owned()
    }

    /// Whether `signature` is one of this key's over `message`. Gives how it was made.
    ///
    /// Every way that cosign has signed with such a key is tried: ECDSA in DER with
    /// SHA-256 or the hash of the curve's length, RSA PKCS #1 v1.5 of 2048 bits and more
    /// with SHA-256, Ed25519ph and Ed25519.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Option<&'static str> {
        let is = |algorithm: &'static dyn rs::VerificationAlgorithm| {
            rs::UnparsedPublicKey::new(algorithm, &self.raw)
                .verify(message, signature)
                .is_ok()
        };
        match self.kind {
            Kind::P256 => is(&rs::ECDSA_P256_SHA256_ASN1).then_some("ECDSA P-256 with SHA-256"),
            Kind::P384 if !self.narrow && is(&rs::ECDSA_P384_SHA384_ASN1) => {
                Some("ECDSA P-384 with SHA-384")
            }
            Kind::P384 => is(&rs::ECDSA_P384_SHA256_ASN1).then_some("ECDSA P-384 with SHA-256"),
            Kind::P521 if !self.narrow && is(&rs::ECDSA_P521_SHA512_ASN1) => {
                Some("ECDSA P-521 with SHA-512")
            }
            Kind::P521 => is(&rs::ECDSA_P521_SHA256_ASN1).then_some("ECDSA P-521 with SHA-256"),
            Kind::Rsa => {
                is(&rs::RSA_PKCS1_2048_8192_SHA256).then_some("RSA PKCS #1 v1.5 with SHA-256")
            }
            Kind::Ed25519 if !self.narrow && self.is_prehashed(message, signature) => {
                Some("Ed25519ph")
            }
            Kind::Ed25519 => is(&rs::ED25519).then_some("Ed25519"),
        }
    }

    /// Ed25519ph (RFC 8032, section 5.1) without a context: cosign's default.
    fn is_prehashed(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(raw) = <&[u8; 32]>::try_from(self.raw.as_slice()) else {
            return false;
        };
        let (Ok(key), Ok(signature)) = (
            ed25519_dalek::VerifyingKey::from_bytes(raw),
            ed25519_dalek::Signature::from_slice(signature),
        ) else {
            return false;
        };
        let hash = ed25519_dalek::Sha512::new_with_prefix(message);
        key.verify_prehashed_strict(hash, None, &signature).is_ok()
    }
}

/// The bytes of the first block of this kind in a PEM text.
fn block(text: &str, kind: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {kind}-----"))?;
    super::base64(body)
}

/// An RSAPublicKey (RFC 8017, appendix A.1.1) as SubjectPublicKeyInfo.
fn info_of_rsa(key: &[u8]) -> Vec<u8> {
    let algorithm = [
        der::write(der::OBJECT_IDENTIFIER, &[RSA.as_bytes()]),
        der::write(der::NULL, &[]),
    ]
    .concat();
    let info = [
        der::write(der::SEQUENCE, &[&algorithm]),
        der::write(der::BIT_STRING, &[&[0], key]),
    ]
    .concat();
    der::write(der::SEQUENCE, &[&info])
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.kind, self.fingerprint())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::P256 => "ECDSA P-256",
            Kind::P384 => "ECDSA P-384",
            Kind::P521 => "ECDSA P-521",
            Kind::Rsa => "RSA",
            Kind::Ed25519 => "Ed25519",
        };
        write!(f, "{kind} key SHA256:{}", self.fingerprint())
    }
}
