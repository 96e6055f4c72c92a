//! OpenPGP keys, and which of them may sign when (RFC 9580, section 5.2.3 and 10.1).

use std::io::Read as _;

use jiff::Timestamp;
use pgp::armor::Dearmor;
use pgp::composed::{Deserializable, SignedPublicKey, SignedSecretKey};
use pgp::packet::{
    KeyFlags, Packet, PacketParser, PublicKey, PublicSubkey, Signature, SignatureType,
};
use pgp::types::{KeyDetails, Tag};

use crate::model::limits;

/// Keys that signatures are checked with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keyring {
    keys: Vec<SignedPublicKey>,
}

/// Why a file is no keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("the OpenPGP keys cannot be read: {0}")]
    Unreadable(String),
    #[error("the file has no OpenPGP key")]
    Nothing,
    #[error("the file has more than {} OpenPGP keys", limits::OPENPGP_KEYS)]
    TooMany,
}

/// A key or one of its subkeys.
#[derive(Clone, Copy)]
pub(super) enum SigningKey<'a> {
    Primary(&'a PublicKey),
    Subkey(&'a PublicSubkey),
}

impl SigningKey<'_> {
    /// Whether it made the signature over `content`.
    pub fn made(self, signature: &Signature, content: &[u8]) -> bool {
        match self {
            Self::Primary(key) => signature.verify(key, content).is_ok(),
            Self::Subkey(key) => signature.verify(key, content).is_ok(),
        }
    }
}

/// A key that can sign, and what speaks against it.
pub(super) struct Signer<'a> {
    pub key: SigningKey<'a>,
    /// The fingerprint of the primary key, by which people know it.
    pub fingerprint: String,
    pub user: Option<String>,
    pub objection: Option<String>,
}

impl Keyring {
    /// Reads the keys of a file, armoured or not. Of secret keys the public half is taken.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyringError> {
        let mut keyring = Self::default();
        keyring.add(bytes)?;
        Ok(keyring)
    }

    /// Adds the keys of a file.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), KeyringError> {
        let unreadable = |why: pgp::errors::Error| KeyringError::Unreadable(brief(&why));
        let mut plain = Vec::new();
        // the first byte of a packet has its highest bit set
        let binary = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            bytes
        } else {
            let read = Dearmor::new(bytes)
                .take(limits::SIGNATURE_BYTES)
                .read_to_end(&mut plain);
            read.map_err(|why| KeyringError::Unreadable(why.to_string()))?;
            &plain
        };
        let packets: Vec<_> = PacketParser::new(binary)
            // gpg's own notes, which stand between the parts of a key in its files
            .filter(|packet| !matches!(packet, Ok(Packet::Trust(_) | Packet::Marker(_))))
            .collect();
        let is_secret = matches!(packets.first(), Some(Ok(Packet::SecretKey(_))));
        let packets = packets.into_iter().peekable();
        let keys: Vec<pgp::errors::Result<SignedPublicKey>> = if is_secret {
            let keys = SignedSecretKey::from_packets(packets);
            keys.map(|key| key.map(|key| key.to_public_key())).collect()
        } else {
            SignedPublicKey::from_packets(packets).collect()
        };
        let before = self.keys.len();
        for key in keys {
            if self.keys.len() == limits::OPENPGP_KEYS {
                return Err(KeyringError::TooMany);
            }
            self.keys.push(key.map_err(unreadable)?);
        }
        if self.keys.len() == before {
            return Err(KeyringError::Nothing);
        }
        Ok(())
    }

    /// The fingerprints of the primary keys, in upper-case hexadecimal as gpg shows them.
    pub fn fingerprints(&self) -> Vec<String> {
        self.keys
            .iter()
            .map(|key| fingerprint(&key.primary_key))
            .collect()
    }

    /// Every key that could have signed, judged for `now`.
    pub(super) fn signers(&self, now: Timestamp) -> Vec<Signer<'_>> {
        self.keys.iter().flat_map(|key| signers(key, now)).collect()
    }
}

/// What the library says, without the bytes that it adds.
pub(super) fn brief(why: &pgp::errors::Error) -> String {
    let said = why.to_string();
    let line = said.lines().next().unwrap_or_default();
    let words = line.split(['[', '{']).next().unwrap_or_default();
    let words = words.trim_end_matches([' ', ':', ',', '(']);
    words.chars().take(120).collect()
}

fn fingerprint(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

fn signers(key: &SignedPublicKey, now: Timestamp) -> Vec<Signer<'_>> {
    let primary = &key.primary_key;
    let user = key.details.users.first();
    let user = user.map(|user| String::from_utf8_lossy(user.id.id()).into_owned());
    let whole = objection(key, now);
    let newest = newest_self_signature(key);
    let mut found = vec![Signer {
        key: SigningKey::Primary(primary),
        fingerprint: fingerprint(primary),
        user: user.clone(),
        objection: whole.clone().or_else(|| {
            let may = newest.is_some_and(may_sign);
            (!may).then(|| "the key may not sign".to_owned())
        }),
    }];
    for subkey in &key.public_subkeys {
        let genuine = |kind: SignatureType| {
            subkey.signatures.iter().filter(move |signature| {
                signature.typ() == Some(kind)
                    && signature
                        .verify_subkey_binding(primary, &subkey.key)
                        .is_ok()
            })
        };
        let is_revoked = genuine(SignatureType::SubkeyRevocation).next().is_some();
        let binding = genuine(SignatureType::SubkeyBinding).max_by_key(|s| created(s));
        let objection = whole.clone().or_else(|| {
            let Some(binding) = binding else {
                return Some("the subkey is not bound to the key".to_owned());
            };
            if is_revoked {
                return Some("the subkey was revoked".to_owned());
            }
            if is_expired(&subkey.key, binding, now) {
                return Some("the subkey has expired".to_owned());
            }
            let back = binding.embedded_signature();
            let is_willing = back.is_some_and(|back| {
                back.verify_primary_key_binding(&subkey.key, primary)
                    .is_ok()
            });
            (!binding.key_flags().sign() || !is_willing)
                .then(|| "the subkey may not sign".to_owned())
        });
        found.push(Signer {
            key: SigningKey::Subkey(&subkey.key),
            fingerprint: fingerprint(primary),
            user: user.clone(),
            objection,
        });
    }
    found
}

/// What speaks against the key as a whole.
fn objection(key: &SignedPublicKey, now: Timestamp) -> Option<String> {
    let primary = &key.primary_key;
    let revocations = &key.details.revocation_signatures;
    if revocations
        .iter()
        .any(|signature| signature.verify_key(primary).is_ok())
    {
        return Some("the key was revoked".to_owned());
    }
    let Some(newest) = newest_self_signature(key) else {
        return Some("the key has not signed itself".to_owned());
    };
    is_expired(primary, newest, now).then(|| "the key has expired".to_owned())
}

/// The newest genuine signature of the key over itself or one of its names.
fn newest_self_signature(key: &SignedPublicKey) -> Option<&Signature> {
    let primary = &key.primary_key;
    let direct = key.details.direct_signatures.iter();
    let direct = direct.filter(|signature| signature.verify_key(primary).is_ok());
    let names = key.details.users.iter().flat_map(|user| {
        let signatures = user.signatures.iter().filter(|s| s.is_certification());
        signatures.filter(|s| {
            s.verify_certification(primary, Tag::UserId, &user.id)
                .is_ok()
        })
    });
    direct
        .chain(names)
        .max_by_key(|signature| created(signature))
}

fn may_sign(signature: &Signature) -> bool {
    let flags = signature.key_flags();
    // a key without flags may do everything that its algorithm can
    flags == KeyFlags::default() || flags.sign()
}

fn created(signature: &Signature) -> u32 {
    signature.created().map_or(0, |time| time.as_secs())
}

fn is_expired(key: &impl KeyDetails, signature: &Signature, now: Timestamp) -> bool {
    let Some(lifetime) = signature.key_expiration_time() else {
        return false;
    };
    let end = i64::from(key.created_at().as_secs()) + i64::from(lifetime.as_secs());
    lifetime.as_secs() != 0 && end < now.as_second()
}
