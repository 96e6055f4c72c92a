//! A private key of whatever kind a file holds, and what is said of it to people.

use std::fmt;

use zeroize::Zeroizing;

use super::Signer as _;
use super::key::{KeyImportError, SigningKey};
use super::openpgp::{self, OpenPgpKey};
use crate::signature::sigstore;

/// A private key from a file.
#[derive(Debug)]
pub enum PrivateKey {
    /// One of cosign's kinds.
    Plain(SigningKey),
    OpenPgp(Box<OpenPgpKey>),
}

/// What is said of a key. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// `ECDSA P-256`, `Ed25519`, `RSA 3072`, `OpenPGP RSA`.
    pub kind: String,
    /// `SHA256:` and the hash of the public half (SubjectPublicKeyInfo), or what gpg shows.
    pub fingerprint: String,
    /// Whose an OpenPGP key says it is.
    pub user: Option<String>,
    /// The public half, PEM or armour.
    pub public: String,
    pub openpgp: bool,
}

impl PrivateKey {
    /// Reads a key: OpenPGP, or in PEM PKCS #8, PKCS #1, SEC 1 or cosign's encrypted form.
    ///
    /// # Errors
    /// Where it is none of them, or the passphrase is missing or wrong.
    pub fn read(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyImportError> {
        if openpgp::is_secret_key(bytes) {
            let key = OpenPgpKey::read(bytes, passphrase)?;
            Ok(Self::OpenPgp(Box::new(key)))
        } else {
            SigningKey::from_pem(bytes, passphrase).map(Self::Plain)
        }
    }

    /// The key as it is kept: cosign's encrypted form, or OpenPGP's.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub fn to_file(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
        match self {
            Self::Plain(key) => {
                let pem = key.to_cosign_pem(passphrase)?;
                Ok(Zeroizing::new(pem.into_bytes()))
            }
            Self::OpenPgp(key) => key.to_armour(passphrase),
        }
    }

    /// What is said of it.
    ///
    /// # Errors
    /// Where the public half cannot be written.
    pub fn facts(&self) -> Result<KeyFacts, KeyImportError> {
        let public = match self {
            Self::Plain(key) => key.public_pem(),
            Self::OpenPgp(key) => key.public_armour()?,
        };
        describe_public(public.as_bytes()).ok_or(KeyImportError::Unreadable)
    }
}

/// Whether the file needs a passphrase before its key can be used; what is no key does not.
pub fn needs_passphrase(bytes: &[u8]) -> bool {
    matches!(
        PrivateKey::read(bytes, None),
        Err(KeyImportError::Passphrase)
    )
}

/// What is said of a key by its public half, PEM or armour; nothing where it is neither.
pub fn describe_public(public: &[u8]) -> Option<KeyFacts> {
    let text = std::str::from_utf8(public).ok()?;
    if text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        let (fingerprint, kind, user) = openpgp::describe_public(public)?;
        return Some(KeyFacts {
            kind,
            fingerprint,
            user,
            public: text.to_owned(),
            openpgp: true,
        });
    }
    let key = sigstore::PublicKey::from_pem(public).ok()?;
    let kind = crate::signature::x509::PublicKey::from_spki_der(key.der()).ok()?;
    Some(KeyFacts {
        kind: kind.kind().to_string(),
        fingerprint: format!("SHA256:{}", key.fingerprint()),
        user: None,
        public: text.to_owned(),
        openpgp: false,
    })
}

impl fmt::Display for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.fingerprint)?;
        match &self.user {
            Some(user) => write!(f, " {user}"),
            None => Ok(()),
        }
    }
}

impl PrivateKey {
    /// Whose signatures it makes, as they are told of afterwards.
    pub fn kind(&self) -> String {
        match self {
            Self::Plain(key) => key.public_key().kind().to_string(),
            Self::OpenPgp(_) => "OpenPGP".to_owned(),
        }
    }
}
