//! OpenPGP messages: opened with keys, and read only where one of them signed.

use std::io::Read as _;

use jiff::Timestamp;
use pgp::composed::Message;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};

use super::keyring::Keyring;
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
    #[error("none of the keys made the signature")]
    UnknownKey,
    #[error("{objection} ({fingerprint})")]
    KeyRefused {
        fingerprint: String,
        objection: String,
    },
}

/// How far ahead of ours the signer's clock may be, in seconds.
const SKEW: i64 = 300;

/// Opens a message with the keys of a ring, as of `now`.
///
/// # Errors
///
/// Where it is not one signed message of one signature by a key that may sign. The content
/// is not given away then.
pub fn open(bytes: &[u8], keys: &Keyring, now: Timestamp) -> Result<Opened, MessageError> {
    let unreadable = |why: pgp::errors::Error| MessageError::Unreadable(why.to_string());
    let mut message = Message::from_bytes(bytes).map_err(unreadable)?;
    if message.is_compressed() {
        message = message.decompress().map_err(unreadable)?;
    }
    match &message {
        Message::Signed { reader, .. } => {
            if reader.num_signatures() != 1 {
                return Err(MessageError::Signatures(reader.num_signatures()));
            }
            if !reader.get_ref().is_literal() {
                return Err(MessageError::Unreadable(
                    "what is signed is no text".to_owned(),
                ));
            }
        }
        Message::Literal { .. } | Message::Compressed { .. } | Message::Encrypted { .. } => {
            return Err(MessageError::NotSigned);
        }
    }
    let mut content = Vec::new();
    let limit = limits::SIGNATURE_BYTES;
    let read = (&mut message).take(limit + 1).read_to_end(&mut content);
    read.map_err(|why| MessageError::Unreadable(why.to_string()))?;
    if content.len() as u64 > limit {
        return Err(MessageError::TooLarge);
    }
    let mut refused = None;
    for signer in keys.signers(now) {
        let Ok(signature) = message.verify(signer.key) else {
            continue;
        };
        check(signature, now)?;
        if let Some(objection) = signer.objection {
            refused = Some(MessageError::KeyRefused {
                fingerprint: signer.fingerprint,
                objection,
            });
            continue;
        }
        let created = signature.created().map(|time| i64::from(time.as_secs()));
        return Ok(Opened {
            content,
            fingerprint: signer.fingerprint,
            user: signer.user,
            created: created.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        });
    }
    Err(refused.unwrap_or(MessageError::UnknownKey))
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
    let created = signature
        .created()
        .map_or(0, |time| i64::from(time.as_secs()));
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
