//! Keys that sign. A [`Signer`] need not hand its key out: a token can be one.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::cosign_key;
use super::pkcs8::Sealed;
use crate::model::wiping;
use crate::signature::x509::{self, Form, Hash, KeyError, KeyKind, PublicKey};

/// Makes signatures.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` with this hash and in this form.
    ///
    /// # Errors
    /// Where the key does not go together with them, or does not answer.
    fn sign(&self, hash: Hash, form: Form, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Signs so that cosign accepts it: ECDSA as DER and RSA PKCS #1 v1.5 with the hash that goes
/// with the key, Ed25519 as it is.
///
/// # Errors
/// Where the key does not answer.
pub fn sign_like_cosign(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, SignError> {
    let hash = match signer.public_key().kind() {
        KeyKind::P256 | KeyKind::Rsa(_) => Hash::Sha256,
        KeyKind::P384 => Hash::Sha384,
        KeyKind::P521 => Hash::Sha512,
        KeyKind::Ed25519 => Hash::Sha512,
    };
    signer.sign(hash, Form::Classic, message)
}

/// Why something was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("a key of the kind {0} does not sign like this")]
    Unsuitable(KeyKind),
    #[error("the key did not sign")]
    Failed,
}

/// Why a key was not taken. Never says anything of the key or the passphrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyImportError {
    #[error("the file is no private key in PEM")]
    NoPem,
    #[error("a file of the kind {0:?} is no private key that can be read here")]
    Label(String),
    #[error("the private key cannot be read")]
    Unreadable,
    #[error("keys of this kind are not supported: P-256, P-384, P-521, Ed25519 and RSA are")]
    Unsupported,
    #[error("the RSA key has {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
    #[error("the key is encrypted, and no passphrase was given")]
    Passphrase,
    #[error("the key could not be opened: the passphrase or the file is wrong")]
    Wrong,
    #[error("the key is encrypted in a way that is not read here")]
    Encryption,
    #[error("opening the key would take more time or memory than a key may ask for")]
    Costly,
    #[error("the key is encrypted as programs did it before PKCS #8, which is not read here")]
    OldPem,
    #[error("none of the OpenPGP key's parts may sign, or its secret part is not in the file")]
    NoSigning,
    #[error("there is more than one OpenPGP key in the file")]
    Several,
    #[error("there are {0} private keys in the file, and one belongs there")]
    SeveralPem(usize),
    #[error(transparent)]
    Cosign(cosign_key::CosignKeyError),
}

impl From<cosign_key::CosignKeyError> for KeyImportError {
    fn from(error: cosign_key::CosignKeyError) -> Self {
        match error {
            cosign_key::CosignKeyError::NotOpened => Self::Wrong,
            other => Self::Cosign(other),
        }
    }
}

impl KeyImportError {
    /// Whether another passphrase may help.
    pub const fn is_passphrase(&self) -> bool {
        matches!(self, Self::Passphrase | Self::Wrong)
    }

    /// What to try.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Passphrase => {
                "Type it (at the prompt; or give --passphrase-fd or COSIGN_PASSWORD)"
            }
            Self::Wrong => "Try again",
            Self::Encryption | Self::Costly | Self::OldPem => {
                "Encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW"
            }
            Self::NoSigning => "Export the whole secret key: gpg --export-secret-keys ID",
            Self::RsaSize(_) => "Make another key (porthole keys generate)",
            Self::SeveralPem(_) => "Give each key a file of its own",
            Self::Several => "Export one key alone: gpg --export-secret-keys ID",
            _ => "Give a private key of cosign, in PEM (PKCS #8, PKCS #1, SEC 1) or of OpenPGP",
        }
    }
}

/// A private key in memory, wiped when it is dropped.
pub struct SigningKey {
    /// PKCS #8 (RFC 5208), version 1.
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.public.kind())
    }
}

impl SigningKey {
    /// Makes a new key. RSA is made with 3072 or 4096 bits.
    ///
    /// # Errors
    /// Where such keys are not made here, or there is no randomness.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyImportError> {
        wiping::from_now_on();
        let failed = |_| KeyImportError::Unreadable;
        let pkcs8 = match kind {
            KeyKind::P256 => ec_pkcs8(
                &EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?,
            )?,
            KeyKind::P384 => ec_pkcs8(
                &EcdsaKeyPair::generate(&lc::ECDSA_P384_SHA384_FIXED_SIGNING).map_err(failed)?,
            )?,
            KeyKind::Ed25519 => {
                let key = Ed25519KeyPair::generate().map_err(failed)?;
                Zeroizing::new(key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec())
            }
            KeyKind::Rsa(3072) => {
                rsa_pkcs8(&RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?)?
            }
            KeyKind::Rsa(4096) => {
                rsa_pkcs8(&RsaKeyPair::generate(KeySize::Rsa4096).map_err(failed)?)?
            }
            KeyKind::P521 | KeyKind::Rsa(_) => return Err(KeyImportError::Unsupported),
        };
        Self::from_pkcs8(pkcs8)
    }

    /// Reads a key in PEM: PKCS #8, PKCS #1, SEC 1, or encrypted, as PKCS #8 or in cosign's
    /// form, for which the passphrase is needed. Of a file that holds certificates and the
    /// like, too, the private key counts.
    ///
    /// # Errors
    /// Where it is none of them, or the passphrase is not the one.
    pub fn from_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyImportError> {
        wiping::from_now_on();
        let (label, der) = read_pem(pem)?;
        match label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8(der),
            "EC PRIVATE KEY" => {
                let curves: [&'static EcdsaSigningAlgorithm; 3] = [
                    &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
                    &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
                    &lc::ECDSA_P521_SHA512_FIXED_SIGNING,
                ];
                let read = curves
                    .into_iter()
                    .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, &der).ok());
                Self::from_pkcs8(ec_pkcs8(&read.ok_or(KeyImportError::Unreadable)?)?)
            }
            "RSA PRIVATE KEY" => {
                let key = RsaKeyPair::from_der(&der);
                let key = key.map_err(|_| match x509::rsa_private_key_bits(&der) {
                    Some(bits) if !x509::RSA_BITS.contains(&bits) => KeyImportError::RsaSize(bits),
                    _ => KeyImportError::Unreadable,
                })?;
                Self::from_pkcs8(rsa_pkcs8(&key)?)
            }
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(KeyImportError::Passphrase)?;
                Self::from_pkcs8(cosign_key::decrypt(&der, passphrase)?)
            }
            "ENCRYPTED PRIVATE KEY" => {
                let sealed = Sealed::read(&der)?;
                let passphrase = passphrase.ok_or(KeyImportError::Passphrase)?;
                Self::from_pkcs8(sealed.open(passphrase)?)
            }
            other => Err(KeyImportError::Label(other.chars().take(64).collect())),
        }
    }

    /// The key in cosign's encrypted form, which cosign reads.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub fn to_cosign_pem(&self, passphrase: &[u8]) -> Result<String, KeyImportError> {
        let sealed = cosign_key::encrypt(&self.pkcs8, passphrase)?;
        Ok(write_pem("ENCRYPTED SIGSTORE PRIVATE KEY", &sealed))
    }

    /// The public half in PEM.
    pub fn public_pem(&self) -> String {
        write_pem("PUBLIC KEY", self.public.spki_der())
    }

    #[cfg(test)]
    pub(super) fn pkcs8_for_tests(&self) -> &[u8] {
        &self.pkcs8
    }

    fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyImportError> {
        let unreadable = |_| KeyImportError::Unreadable;
        let curves: [&'static EcdsaSigningAlgorithm; 3] = [
            &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
            &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
            &lc::ECDSA_P521_SHA512_FIXED_SIGNING,
        ];
        let ec = curves
            .into_iter()
            .find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, &pkcs8).ok());
        let spki: PublicKeyX509Der<'_> = if let Some(key) = ec {
            key.public_key().as_der().map_err(unreadable)?
        } else if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8) {
            key.public_key().as_der().map_err(unreadable)?
        } else if let Ok(key) = RsaKeyPair::from_pkcs8(&pkcs8) {
            key.public_key().as_der().map_err(unreadable)?
        } else {
            return Err(match x509::pkcs8_rsa_bits(&pkcs8) {
                Some(bits) if !x509::RSA_BITS.contains(&bits) => KeyImportError::RsaSize(bits),
                _ => KeyImportError::Unsupported,
            });
        };
        let public = PublicKey::from_spki_der(spki.as_ref()).map_err(|why| match why {
            KeyError::RsaSize(bits) => KeyImportError::RsaSize(bits),
            _ => KeyImportError::Unsupported,
        })?;
        Ok(Self { public, pkcs8 })
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, hash: Hash, form: Form, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let kind = self.public.kind();
        let unsuitable = SignError::Unsuitable(kind);
        let random = SystemRandom::new();
        let ecdsa: &'static EcdsaSigningAlgorithm = match (kind, form, hash) {
            (KeyKind::P256, Form::Jose, Hash::Sha256) => &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
            (KeyKind::P384, Form::Jose, Hash::Sha384) => &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
            (KeyKind::P521, Form::Jose, Hash::Sha512) => &lc::ECDSA_P521_SHA512_FIXED_SIGNING,
            (KeyKind::P256, Form::Classic, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1_SIGNING,
            (KeyKind::P384, Form::Classic, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1_SIGNING,
            (KeyKind::P521, Form::Classic, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1_SIGNING,
            (KeyKind::Ed25519, ..) => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.pkcs8);
                let key = key.map_err(|_| SignError::Failed)?;
                return Ok(key.sign(message).as_ref().to_vec());
            }
            (KeyKind::Rsa(_), ..) => {
                let key = RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| SignError::Failed)?;
                let padding: &'static dyn lc::RsaEncoding = match (form, hash) {
                    (Form::Classic, Hash::Sha256) => &lc::RSA_PKCS1_SHA256,
                    (Form::Classic, Hash::Sha384) => &lc::RSA_PKCS1_SHA384,
                    (Form::Classic, Hash::Sha512) => &lc::RSA_PKCS1_SHA512,
                    (Form::Jose, Hash::Sha256) => &lc::RSA_PSS_SHA256,
                    (Form::Jose, Hash::Sha384) => &lc::RSA_PSS_SHA384,
                    (Form::Jose, Hash::Sha512) => &lc::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature)
                    .map_err(|_| SignError::Failed)?;
                return Ok(signature);
            }
            _ => return Err(unsuitable),
        };
        let key = EcdsaKeyPair::from_pkcs8(ecdsa, &self.pkcs8).map_err(|_| SignError::Failed)?;
        let signature = key.sign(&random, message).map_err(|_| SignError::Failed)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn ec_pkcs8(key: &EcdsaKeyPair) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
    let document = key.to_pkcs8v1().map_err(|_| KeyImportError::Unreadable)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

fn rsa_pkcs8(key: &RsaKeyPair) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
    let document: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyImportError::Unreadable)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// The label and the content of the one private key in a file in PEM (RFC 7468).
fn read_pem(pem: &[u8]) -> Result<(String, Zeroizing<Vec<u8>>), KeyImportError> {
    let mut rest = std::str::from_utf8(pem).map_err(|_| KeyImportError::NoPem)?;
    let mut other = None;
    let labels = rest.split("-----BEGIN ").skip(1);
    let labels = labels.filter_map(|after| Some(after.split_once("-----")?.0));
    let count = labels
        .filter(|label| label.ends_with("PRIVATE KEY"))
        .count();
    if count > 1 {
        return Err(KeyImportError::SeveralPem(count));
    }
    // openssl writes the curve before a key of SEC 1, and others certificates
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(KeyImportError::NoPem)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or(KeyImportError::NoPem)?;
        if label.ends_with("PRIVATE KEY") {
            return Ok((label.to_owned(), read_body(body)?));
        }
        other.get_or_insert(label);
        rest = after;
    }
    Err(match other {
        Some(label) => KeyImportError::Label(label.chars().take(64).collect()),
        None => KeyImportError::NoPem,
    })
}

fn read_body(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
    if body.trim_start().starts_with("Proc-Type:") {
        return Err(KeyImportError::OldPem);
    }
    // room for all of it at once: growing would leave copies of it behind
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    body.split_whitespace().for_each(|line| text.push_str(line));
    let mut der = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64_STANDARD.decode_slice(text.as_bytes(), der.as_mut_slice());
    der.truncate(length.map_err(|_| KeyImportError::NoPem)?);
    Ok(der)
}

/// Bytes as PEM (RFC 7468), in lines of 64 characters.
pub(in crate::signature) fn write_pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_signs_and_is_verified_and_survives_cosigns_form() {
        let kinds = [
            (KeyKind::P256, Hash::Sha256, Form::Jose),
            (KeyKind::P256, Hash::Sha256, Form::Classic),
            (KeyKind::P384, Hash::Sha384, Form::Jose),
            (KeyKind::P384, Hash::Sha384, Form::Classic),
            (KeyKind::Ed25519, Hash::Sha512, Form::Classic),
        ];
        for (kind, hash, form) in kinds {
            let key = SigningKey::generate(kind).unwrap();
            let pem = key.to_cosign_pem(b"correct horse").unwrap();
            let again = SigningKey::from_pem(pem.as_bytes(), Some(b"correct horse")).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            let signature = again.sign(hash, form, b"message").unwrap();
            assert!(
                key.public_key()
                    .verifies(hash, form, b"message", &signature)
            );
            assert!(
                !key.public_key()
                    .verifies(hash, form, b"another", &signature)
            );
            let wrong = SigningKey::from_pem(pem.as_bytes(), Some(b"horse")).unwrap_err();
            assert_eq!(wrong, KeyImportError::Wrong);
            let shown = format!("{key:?} {wrong} {wrong:?}");
            assert!(!shown.contains("horse"), "{shown}");
        }
    }

    #[test]
    fn what_is_signed_like_cosign_is_verified_like_cosign() {
        for kind in [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::Ed25519,
            KeyKind::Rsa(3072),
        ] {
            let key = SigningKey::generate(kind).unwrap();
            let public =
                crate::signature::sigstore::PublicKey::from_pem(key.public_pem().as_bytes());
            let public = public.unwrap();
            let signature = sign_like_cosign(&key, b"message").unwrap();
            assert!(public.verify(b"message", &signature).is_some(), "{kind}");
            assert!(public.verify(b"another", &signature).is_none(), "{kind}");
        }
    }

    #[test]
    fn keys_that_are_not_taken_are_told_why() {
        use crate::signature::x509::der;
        let modulus = [&[0][..], &[0xc3; 128]].concat();
        let integer = |bytes: &[u8]| der::write(der::INTEGER, &[bytes]);
        let rsa = der::write(der::SEQUENCE, &[&integer(&[0]), &integer(&modulus)]);
        let named = [
            der::write(der::OBJECT_IDENTIFIER, &[x509::RSA.as_bytes()]),
            der::write(der::NULL, &[]),
        ];
        let pkcs8 = der::write(
            der::SEQUENCE,
            &[
                &integer(&[0]),
                &der::write(der::SEQUENCE, &[&named.concat()]),
                &der::write(der::OCTET_STRING, &[&rsa]),
            ],
        );
        for (label, der) in [("RSA PRIVATE KEY", &rsa), ("PRIVATE KEY", &pkcs8)] {
            let why = SigningKey::from_pem(write_pem(label, der).as_bytes(), None).unwrap_err();
            assert_eq!(why, KeyImportError::RsaSize(1024), "{label}");
            assert!(why.to_string().contains("1024 bits"), "{why}");
        }
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let one = write_pem("PRIVATE KEY", key.pkcs8_for_tests());
        let beside = [&*one, &key.public_pem()].concat();
        assert!(SigningKey::from_pem(beside.as_bytes(), None).is_ok());
        let two = [&*one, &one].concat();
        let why = SigningKey::from_pem(two.as_bytes(), None).unwrap_err();
        assert_eq!(why, KeyImportError::SeveralPem(2));
    }

    #[test]
    fn parameters_of_another_strength_and_short_nonces_are_refused() {
        for (from, to) in [("65536", "1073741824"), ("\"r\":8", "\"r\":9")] {
            let sealed = String::from_utf8(cosign_key::encrypt(b"key", b"p").unwrap()).unwrap();
            let changed = sealed.replace(from, to);
            assert_ne!(changed, sealed);
            assert!(matches!(
                cosign_key::decrypt(changed.as_bytes(), b"p"),
                Err(cosign_key::CosignKeyError::Parameters { .. })
            ));
        }
        let sealed = cosign_key::encrypt(b"key", b"p").unwrap();
        let mut value: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        value["cipher"]["nonce"] = "AAAA".into();
        assert_eq!(
            cosign_key::decrypt(value.to_string().as_bytes(), b"p").unwrap_err(),
            cosign_key::CosignKeyError::Form
        );
    }
}
