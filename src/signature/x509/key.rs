//! Public keys and how they verify. The algorithm follows from the key: what a header says
//! is compared with it, never believed (signing.md, pitfall 14).

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

use super::der::{self, Reader};

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// How many bits an RSA key may have.
pub(crate) const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// With the length of its modulus in bits.
    Rsa(usize),
    P256,
    P384,
    P521,
    Ed25519,
}

/// A hash that signatures are made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How an RSA signature is padded, or how the two halves of an ECDSA signature are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RSA PKCS #1 v1.5, or ECDSA as DER: what certificates and CMS have.
    Classic,
    /// RSA PSS with a salt as long as the hash, or ECDSA as r and s: what JOSE and COSE have.
    Jose,
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    /// The content of the BIT STRING.
    bytes: Vec<u8>,
    /// SubjectPublicKeyInfo in DER.
    spki: Vec<u8>,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the public key cannot be read: {0}")]
    Unreadable(String),
    #[error("keys of the kind {0} are not supported")]
    Unsupported(String),
    #[error("the RSA key has {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
    #[error("the point of the elliptic curve is not written out in full")]
    Compressed,
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.kind)
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("ECDSA P-256"),
            Self::P384 => f.write_str("ECDSA P-384"),
            Self::P521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) in DER.
    pub fn from_spki_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let unreadable = |error: x509_cert::der::Error| KeyError::Unreadable(error.to_string());
        let spki = SubjectPublicKeyInfoOwned::from_der(bytes).map_err(unreadable)?;
        Self::from_spki(&spki)
    }

    /// Takes the key of a parsed SubjectPublicKeyInfo.
    pub fn from_spki(spki: &SubjectPublicKeyInfoOwned) -> Result<Self, KeyError> {
        let unreadable = |error: x509_cert::der::Error| KeyError::Unreadable(error.to_string());
        let bytes = spki
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| KeyError::Unreadable("it does not end on a byte".to_owned()))?
            .to_vec();
        let kind = if spki.algorithm.oid == RSA {
            let bits = modulus_bits(&bytes)?;
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::RsaSize(bits));
            }
            KeyKind::Rsa(bits)
        } else if spki.algorithm.oid == EC {
            let parameters = spki.algorithm.parameters.as_ref();
            let curve = parameters
                .and_then(|any| any.decode_as::<ObjectIdentifier>().ok())
                .ok_or_else(|| KeyError::Unsupported("EC without a named curve".to_owned()))?;
            let (kind, half) = if curve == P256 {
                (KeyKind::P256, 32)
            } else if curve == P384 {
                (KeyKind::P384, 48)
            } else if curve == P521 {
                (KeyKind::P521, 66)
            } else {
                return Err(KeyError::Unsupported(format!("EC {curve}")));
            };
            if bytes.first() != Some(&4) || bytes.len() != 1 + 2 * half {
                return Err(KeyError::Compressed);
            }
            kind
        } else if spki.algorithm.oid == ED25519 {
            KeyKind::Ed25519
        } else {
            return Err(KeyError::Unsupported(spki.algorithm.oid.to_string()));
        };
        Ok(Self {
            kind,
            bytes,
            spki: spki.to_der().map_err(unreadable)?,
        })
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SubjectPublicKeyInfo in DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature` over `message` is by this key. Where the key allows only one
    /// hash (Ed25519), `hash` is not looked at; where a hash and the key do not go together
    /// the answer is no.
    pub fn verifies(&self, hash: Hash, form: Form, message: &[u8], signature: &[u8]) -> bool {
        let Some(algorithm) = self.algorithm(hash, form) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .is_ok()
    }

    fn algorithm(&self, hash: Hash, form: Form) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self.kind, form, hash) {
            (KeyKind::Rsa(_), Form::Classic, Hash::Sha256) => &lc::RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa(_), Form::Classic, Hash::Sha384) => &lc::RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa(_), Form::Classic, Hash::Sha512) => &lc::RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::Rsa(_), Form::Jose, Hash::Sha256) => &lc::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa(_), Form::Jose, Hash::Sha384) => &lc::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa(_), Form::Jose, Hash::Sha512) => &lc::RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256, Form::Classic, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, Form::Classic, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
            (KeyKind::P256, Form::Classic, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
            (KeyKind::P384, Form::Classic, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, Form::Classic, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
            (KeyKind::P384, Form::Classic, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
            (KeyKind::P521, Form::Classic, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
            (KeyKind::P521, Form::Classic, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
            (KeyKind::P521, Form::Classic, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
            (KeyKind::P256, Form::Jose, Hash::Sha256) => &lc::ECDSA_P256_SHA256_FIXED,
            (KeyKind::P384, Form::Jose, Hash::Sha384) => &lc::ECDSA_P384_SHA384_FIXED,
            (KeyKind::P521, Form::Jose, Hash::Sha512) => &lc::ECDSA_P521_SHA512_FIXED,
            (KeyKind::Ed25519, ..) => &lc::ED25519,
            _ => return None,
        })
    }
}

/// How long the modulus of an RSAPublicKey (RFC 8017, appendix A.1.1) is.
fn modulus_bits(bytes: &[u8]) -> Result<usize, KeyError> {
    let read = || {
        let mut key = Reader::new(bytes).expect(der::SEQUENCE)?.inside();
        Ok(bits_of(key.expect(der::INTEGER)?.magnitude()))
    };
    read().map_err(|error: der::DerError| KeyError::Unreadable(error.to_string()))
}

/// The same of an RSAPrivateKey (RFC 8017, appendix A.1.2); nothing where it is none.
pub(crate) fn rsa_private_key_bits(bytes: &[u8]) -> Option<usize> {
    let mut key = Reader::new(bytes).expect(der::SEQUENCE).ok()?.inside();
    key.expect(der::INTEGER).ok()?;
    Some(bits_of(key.expect(der::INTEGER).ok()?.magnitude()))
}

/// The same of an RSA key in PKCS #8 (RFC 5208, section 5); nothing where it is none.
pub(crate) fn pkcs8_rsa_bits(bytes: &[u8]) -> Option<usize> {
    let mut key = Reader::new(bytes).expect(der::SEQUENCE).ok()?.inside();
    key.expect(der::INTEGER).ok()?;
    let mut algorithm = key.expect(der::SEQUENCE).ok()?.inside();
    let named = algorithm.expect(der::OBJECT_IDENTIFIER).ok()?;
    let is_rsa = named.content == RSA.as_bytes();
    let key = key.expect(der::OCTET_STRING).ok().filter(|_| is_rsa)?;
    rsa_private_key_bits(key.content)
}

fn bits_of(modulus: &[u8]) -> usize {
    let first = modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    modulus.len() * 8 - first
}
