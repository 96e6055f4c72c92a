//! OpenPGP keys, and which of them may sign when (RFC 9580, section 5.2.3 and 10.1).

use std::borrow::Cow;
use std::io::Read as _;

use jiff::Timestamp;
use pgp::armor::Dearmor;
use pgp::composed::{Deserializable, SignedPublicKey, SignedSecretKey};
use pgp::packet::{
    KeyFlags, Packet, PacketParser, PublicKey, PublicSubkey, Signature, SignatureType,
};
use pgp::types::{KeyDetails, Tag};

use crate::model::limits;

/// Keys that signatures are checked with, each of them once: what any copy of a key says of
/// it counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keyring {
    keys: Vec<SignedPublicKey>,
    /// Every revocation of a whole key that was read, wherever it stood.
    revocations: Vec<Signature>,
}

/// Why a file is no keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("the OpenPGP keys cannot be read: {0}")]
    Unreadable(String),
    #[error("the file has no OpenPGP key")]
    Nothing,
    #[error(
        "the file has no OpenPGP key, but the revocation of one; put it behind the key that it revokes, in one file"
    )]
    Revocation,
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

    /// When it was made, in seconds since 1970.
    pub fn created(self) -> u32 {
        match self {
            Self::Primary(key) => key.created_at().as_secs(),
            Self::Subkey(key) => key.created_at().as_secs(),
        }
    }
}

/// What speaks against a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    #[error("the key was revoked")]
    Revoked,
    #[error("the subkey was revoked")]
    SubkeyRevoked,
    #[error("the key has expired")]
    Expired,
    #[error("the subkey has expired")]
    SubkeyExpired,
    #[error("the key has not signed itself")]
    Unsigned,
    #[error("the subkey is not bound to the key")]
    Unbound,
    #[error("the key may not sign")]
    MayNotSign,
    #[error("the subkey may not sign")]
    SubkeyMayNotSign,
}

/// A key that can sign, and what speaks against it.
pub(super) struct Signer<'a> {
    pub key: SigningKey<'a>,
    /// The fingerprint of the primary key, by which people know it.
    pub fingerprint: String,
    pub user: Option<String>,
    pub objection: Option<Objection>,
}

impl Keyring {
    /// Reads the keys of a file, armoured or not. Of secret keys the public half is taken.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyringError> {
        let mut keyring = Self::default();
        keyring.add(bytes)?;
        Ok(keyring)
    }

    /// Adds the keys of a file. A key that is there already gets what the copy says of it, and
    /// revocations count wherever they stand.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), KeyringError> {
        let mut keys = Vec::new();
        let before = self.revocations.len();
        for block in blocks(bytes)? {
            parse(&block, &mut keys, &mut self.revocations)?;
        }
        if keys.is_empty() {
            return Err(match self.revocations.len() > before {
                true => KeyringError::Revocation,
                false => KeyringError::Nothing,
            });
        }
        for key in keys {
            self.merge(key);
            if self.keys.len() > limits::OPENPGP_KEYS {
                return Err(KeyringError::TooMany);
            }
        }
        self.revoke();
        Ok(())
    }

    /// The same keys, with what other rings say of them.
    pub(in crate::signature) fn informed_by<'a>(
        &'a self,
        others: impl Iterator<Item = &'a Self>,
    ) -> Cow<'a, Self> {
        let mut informed = Cow::Borrowed(self);
        for other in others {
            let copies = other.keys.iter().filter(|copy| {
                let known = self.keys.iter().find(|known| is_same(*known, *copy));
                known.is_some_and(|known| known != *copy)
            });
            copies.for_each(|copy| informed.to_mut().merge(copy.clone()));
            let news = other.revocations.iter();
            let news = news.filter(|one| !self.revocations.contains(one));
            news.for_each(|one| informed.to_mut().revocations.push(one.clone()));
        }
        if let Cow::Owned(ring) = &mut informed {
            ring.revoke();
        }
        informed
    }

    /// Takes a key in, or what this copy of one says.
    fn merge(&mut self, key: SignedPublicKey) {
        let Some(known) = self.keys.iter_mut().find(|known| is_same(&**known, &key)) else {
            self.keys.push(key);
            return;
        };
        let details = key.details;
        join(
            &mut known.details.revocation_signatures,
            details.revocation_signatures,
        );
        join(
            &mut known.details.direct_signatures,
            details.direct_signatures,
        );
        for user in details.users {
            let mut users = known.details.users.iter_mut();
            match users.find(|known| known.id.id() == user.id.id()) {
                Some(known) => join(&mut known.signatures, user.signatures),
                None => known.details.users.push(user),
            }
        }
        for subkey in key.public_subkeys {
            let mut subkeys = known.public_subkeys.iter_mut();
            match subkeys.find(|known| is_same(&**known, &subkey)) {
                Some(known) => join(&mut known.signatures, subkey.signatures),
                None => known.public_subkeys.push(subkey),
            }
        }
    }

    /// Gives each key those of the revocations that it made.
    fn revoke(&mut self) {
        for key in &mut self.keys {
            let revoked = &mut key.details.revocation_signatures;
            for revocation in &self.revocations {
                if !revoked.contains(revocation) && revocation.verify_key(&key.primary_key).is_ok()
                {
                    revoked.push(revocation.clone());
                }
            }
        }
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

/// Whether they are copies of one key. The cheap half of the question first: fingerprints are
/// hashed anew each time.
fn is_same(one: &impl KeyDetails, other: &impl KeyDetails) -> bool {
    one.created_at() == other.created_at() && one.fingerprint() == other.fingerprint()
}

fn join(known: &mut Vec<Signature>, more: Vec<Signature>) {
    for signature in more {
        if !known.contains(&signature) {
            known.push(signature);
        }
    }
}

/// The packets of a file: as they stand there, or of each of its armoured blocks.
fn blocks(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, KeyringError> {
    const BEGIN: &[u8] = b"-----BEGIN PGP ";
    // the first byte of a packet has its highest bit set
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Ok(vec![Cow::Borrowed(bytes)]);
    }
    let begins_line = |at: &usize| {
        let before = bytes[..*at].iter().rev();
        let last = before.copied().find(|byte| !matches!(byte, b' ' | b'\t'));
        last.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    };
    let begins = bytes.windows(BEGIN.len()).enumerate();
    let begins = begins.filter_map(|(at, part)| (part == BEGIN).then_some(at));
    let mut begins: Vec<usize> = begins.filter(begins_line).collect();
    if begins.is_empty() {
        begins.push(0);
    }
    let ends = begins.iter().skip(1).copied().chain([bytes.len()]);
    let each = begins.iter().zip(ends).map(|(begin, end)| {
        let mut plain = Vec::new();
        let read = Dearmor::new(&bytes[*begin..end])
            .take(limits::SIGNATURE_BYTES)
            .read_to_end(&mut plain);
        read.map_err(|why| KeyringError::Unreadable(why.to_string()))?;
        Ok(Cow::Owned(plain))
    });
    each.collect()
}

/// Reads keys, and the revocations of whole keys wherever they stand among them.
fn parse(
    binary: &[u8],
    keys: &mut Vec<SignedPublicKey>,
    revocations: &mut Vec<Signature>,
) -> Result<(), KeyringError> {
    let mut packets = Vec::new();
    for packet in PacketParser::new(binary) {
        match packet {
            // gpg's own notes, which stand between the parts of a key in its files
            Ok(Packet::Trust(_) | Packet::Marker(_)) => {}
            Ok(Packet::Signature(one)) if one.typ() == Some(SignatureType::KeyRevocation) => {
                revocations.push(one);
            }
            packet => packets.push(packet),
        }
    }
    let unreadable = |why: pgp::errors::Error| KeyringError::Unreadable(brief(&why));
    let is_secret = matches!(packets.first(), Some(Ok(Packet::SecretKey(_))));
    let packets = packets.into_iter().peekable();
    if is_secret {
        for key in SignedSecretKey::from_packets(packets) {
            keys.push(key.map_err(unreadable)?.to_public_key());
        }
    } else {
        for key in SignedPublicKey::from_packets(packets) {
            keys.push(key.map_err(unreadable)?);
        }
    }
    Ok(())
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
        objection: whole.or_else(|| {
            let may = newest.is_some_and(may_sign);
            (!may).then_some(Objection::MayNotSign)
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
        let objection = whole.or_else(|| {
            let Some(binding) = binding else {
                return Some(Objection::Unbound);
            };
            if is_revoked {
                return Some(Objection::SubkeyRevoked);
            }
            if is_expired(&subkey.key, binding, now) {
                return Some(Objection::SubkeyExpired);
            }
            let back = binding.embedded_signature();
            let is_willing = back.is_some_and(|back| {
                back.verify_primary_key_binding(&subkey.key, primary)
                    .is_ok()
            });
            (!binding.key_flags().sign() || !is_willing).then_some(Objection::SubkeyMayNotSign)
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
fn objection(key: &SignedPublicKey, now: Timestamp) -> Option<Objection> {
    let primary = &key.primary_key;
    let revocations = &key.details.revocation_signatures;
    if revocations
        .iter()
        .any(|signature| signature.verify_key(primary).is_ok())
    {
        return Some(Objection::Revoked);
    }
    let Some(newest) = newest_self_signature(key) else {
        return Some(Objection::Unsigned);
    };
    is_expired(primary, newest, now).then_some(Objection::Expired)
}

/// The newest genuine signature of the key over itself or one of its names.
fn newest_self_signature(key: &SignedPublicKey) -> Option<&Signature> {
    let primary = &key.primary_key;
    let direct = key.details.direct_signatures.iter();
    let direct = direct.filter(|signature| signature.verify_key(primary).is_ok());
    let names = key.details.users.iter().flat_map(|user| {
        // that a name was taken back says nothing of what the key may do, and until when
        let signatures = user
            .signatures
            .iter()
            .filter(|s| s.is_certification() && s.typ() != Some(SignatureType::CertRevocation));
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
