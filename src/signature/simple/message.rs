//! OpenPGP messages: opened with keys, and read only where one of them signed.
//!
//! They are read packet by packet (RFC 9580, section 10.3), since signatures of version 3
//! come in messages too, which gpg takes and the library for whole messages does not.

use std::io::Read as _;

use jiff::Timestamp;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{LiteralData, OnePassSignature, Packet, PacketParser, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::CompressionAlgorithm;

use super::keyring::{Keyring, Objection, brief};
use crate::model::limits;

/// What a message says, signed by a key that may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub content: Vec<u8>,
    /// The primary key's fingerprint in upper-case hexadecimal.
    pub fingerprint: String,
    pub user: Option<String>,
    /// When it was signed, by the signer's word.
    pub created: Option<Timestamp>,
}

/// Why a message is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("it is no OpenPGP message: {0}")]
    Unreadable(String),
    #[error("the OpenPGP message is compressed with BZip2, which is not read here")]
    Compression,
    #[error("the OpenPGP message is not signed")]
    NotSigned,
    #[error("the OpenPGP message has {0} signatures where one belongs")]
    Signatures(usize),
    #[error(
        "the OpenPGP message unpacks to more than {} bytes",
        limits::SIGNATURE_BYTES
    )]
    TooLarge,
    #[error("the hash of the signature is too weak: {0}")]
    Weak(String),
    #[error("the signature is of a kind that is not for documents")]
    Kind,
    #[error("the signature has a critical part that is not known")]
    Critical,
    #[error("the signature has expired")]
    Expired,
    #[error("the signature was made in the future")]
    Future,
    #[error("the signature is dated before its key was made ({fingerprint})")]
    BeforeKey { fingerprint: String },
    #[error("none of the keys made the signature")]
    UnknownKey,
    #[error("{objection} ({fingerprint})")]
    KeyRefused {
        fingerprint: String,
        objection: Objection,
    },
}

/// How far ahead of ours the signer's clock may be, in seconds.
const SKEW: i64 = 300;

/// Most packets of a message that are looked at.
const PACKETS: usize = 8;

/// Opens a message with the keys of a ring, as of `now`.
///
/// # Errors
///
/// Where it is not one signed message of one signature by a key that may sign. The content
/// is not given away then.
pub fn open(bytes: &[u8], keys: &Keyring, now: Timestamp) -> Result<Opened, MessageError> {
    let (literal, signature) = signed(bytes)?;
    let content = literal.data();
    let mut refused = None;
    for signer in keys.signers(now) {
        if !signer.key.made(&signature, content) {
            continue;
        }
        check(&signature, now)?;
        if created(&signature) < i64::from(signer.key.created()) {
            refused = Some(MessageError::BeforeKey {
                fingerprint: signer.fingerprint,
            });
            continue;
        }
        if let Some(objection) = signer.objection {
            refused = Some(MessageError::KeyRefused {
                fingerprint: signer.fingerprint,
                objection,
            });
            continue;
        }
        let created = signature.created().map(|time| i64::from(time.as_secs()));
        return Ok(Opened {
            content: content.to_vec(),
            fingerprint: signer.fingerprint,
            user: signer.user,
            created: created.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        });
    }
    Err(refused.unwrap_or(MessageError::UnknownKey))
}

/// The text of a message and its one signature: a one-pass signature, the text, the
/// signature; or, as older programs write it, the signature and the text. All of it may be
/// compressed.
fn signed(bytes: &[u8]) -> Result<(LiteralData, Signature), MessageError> {
    let mut packets = packets(bytes)?;
    if let [Packet::CompressedData(compressed)] = packets.as_slice() {
        // the packet begins with its algorithm
        let algorithm = compressed
            .to_bytes()
            .ok()
            .and_then(|bytes| bytes.first().copied());
        if algorithm == Some(CompressionAlgorithm::BZip2.into()) {
            return Err(MessageError::Compression);
        }
        let mut plain = Vec::new();
        let limit = limits::SIGNATURE_BYTES;
        let plainly = compressed
            .decompress()
            .map_err(|why| why.to_string())
            .and_then(|reader| {
                let read = reader.take(limit + 1).read_to_end(&mut plain);
                read.map_err(|why| why.to_string())
            });
        plainly.map_err(MessageError::Unreadable)?;
        if plain.len() as u64 > limit {
            return Err(MessageError::TooLarge);
        }
        packets = self::packets(&plain)?;
    }
    let is_signature = |packet: &&Packet| matches!(packet, Packet::Signature(_));
    let signatures = packets.iter().filter(is_signature).count();
    if signatures > 1 {
        return Err(MessageError::Signatures(signatures));
    }
    let mut packets = packets.into_iter();
    let parts = (
        packets.next(),
        packets.next(),
        packets.next(),
        packets.next(),
    );
    match parts {
        (
            Some(Packet::OnePassSignature(before)),
            Some(Packet::LiteralData(literal)),
            Some(Packet::Signature(signature)),
            None,
        ) if announces(&before, &signature) => Ok((literal, signature)),
        (Some(Packet::Signature(signature)), Some(Packet::LiteralData(literal)), None, None) => {
            Ok((literal, signature))
        }
        _ if signatures == 0 => Err(MessageError::NotSigned),
        _ => Err(MessageError::Unreadable(
            "it is not one text with one signature".to_owned(),
        )),
    }
}

/// Its packets; more than a message may have are none of one.
fn packets(bytes: &[u8]) -> Result<Vec<Packet>, MessageError> {
    let unreadable = |why: pgp::errors::Error| MessageError::Unreadable(brief(&why));
    let packets = PacketParser::new(bytes)
        .filter(|packet| !matches!(packet, Ok(Packet::Marker(_) | Packet::Padding(_))))
        .take(PACKETS);
    packets.collect::<Result<_, _>>().map_err(unreadable)
}

/// Whether what stands before the text announces this signature: of the same kind, by the
/// same algorithms. Whose it is only the signature proves.
fn announces(before: &OnePassSignature, signature: &Signature) -> bool {
    signature.config().is_some_and(|config| {
        before.typ() == config.typ
            && before.hash_algorithm() == config.hash_alg
            && before.public_key_algorithm() == config.pub_alg
    })
}

/// When it was made, by the signer's word, in seconds since 1970; 0 where it does not say.
fn created(signature: &Signature) -> i64 {
    let created = signature.created();
    created.map_or(0, |time| i64::from(time.as_secs()))
}

/// What is said about a signature by itself.
fn check(signature: &Signature, now: Timestamp) -> Result<(), MessageError> {
    let config = signature.config().ok_or(MessageError::Kind)?;
    if !matches!(config.typ, SignatureType::Binary | SignatureType::Text) {
        return Err(MessageError::Kind);
    }
    let is_strong = matches!(
        config.hash_alg,
        HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    );
    if !is_strong {
        return Err(MessageError::Weak(config.hash_alg.to_string()));
    }
    let is_unknown = |packet: &pgp::packet::Subpacket| {
        use pgp::packet::SubpacketData::{Experimental, Notation, Other};
        packet.is_critical && matches!(packet.data, Experimental(..) | Other(..) | Notation(_))
    };
    if config.hashed_subpackets.iter().any(is_unknown) {
        return Err(MessageError::Critical);
    }
    let created = created(signature);
    if created > now.as_second() + SKEW {
        return Err(MessageError::Future);
    }
    let lifetime = signature.signature_expiration_time();
    let lifetime = lifetime.map_or(0, |time| i64::from(time.as_secs()));
    if lifetime != 0 && created + lifetime < now.as_second() {
        return Err(MessageError::Expired);
    }
    Ok(())
}
