//! OpenPGP keys that sign (RFC 9580), as gpg exports them.

use std::fmt;
use std::io::Read as _;

use pgp::armor::Dearmor;
use pgp::composed::{
    ArmorOptions, Deserializable, MessageBuilder, SignedPublicKey, SignedSecretKey,
    SignedSecretSubKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, PacketParser, Signature, SignatureType};
use pgp::types::{CompressionAlgorithm, KeyDetails, Password, SecretParams, SigningKey};
use zeroize::Zeroizing;

use super::key::{KeyImportError, SignError};
use crate::model::{limits, wiping};

/// An OpenPGP key with its secret half, unlocked when it signs.
pub struct OpenPgpKey {
    key: SignedSecretKey,
    passphrase: Zeroizing<Vec<u8>>,
    /// Which of its subkeys signs; nothing for the key itself.
    subkey: Option<usize>,
}

impl fmt::Debug for OpenPgpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenPgpKey({}, …)", self.fingerprint())
    }
}

/// Whether a file is an OpenPGP secret key, armoured or not.
pub fn is_secret_key(bytes: &[u8]) -> bool {
    is_binary(bytes) || has(bytes, b"-----BEGIN PGP PRIVATE KEY BLOCK-----")
}

/// Whether packets stand there as they are. A text may begin with the mark of its encoding,
/// which looks like one.
fn is_binary(bytes: &[u8]) -> bool {
    let is_packet = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    is_packet && !has(bytes, b"-----BEGIN ")
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

impl OpenPgpKey {
    /// Reads one secret key, armoured or not, and tries the passphrase.
    ///
    /// # Errors
    /// Where it is none, none of its keys may sign, or the passphrase is missing or wrong.
    pub fn read(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyImportError> {
        // the library keeps copies to itself, and does not wipe them
        wiping::from_now_on();
        let key = parse(bytes)?;
        let subkey = choose(&key).ok_or(KeyImportError::NoSigning)?;
        let read = Self {
            key,
            passphrase: Zeroizing::new(passphrase.unwrap_or_default().to_vec()),
            subkey,
        };
        if read.is_encrypted() && passphrase.is_none() {
            return Err(KeyImportError::Passphrase);
        }
        let password = read.password();
        let unlocked = match read.secret_subkey() {
            Some(subkey) => subkey.key.unlock(&password, |_, _| Ok(())),
            None => read.key.primary_key.unlock(&password, |_, _| Ok(())),
        };
        match unlocked {
            Ok(Ok(())) => Ok(read),
            _ => Err(KeyImportError::Wrong),
        }
    }

    /// Whether the part that signs is encrypted.
    pub fn is_encrypted(&self) -> bool {
        let parameters = match self.secret_subkey() {
            Some(subkey) => subkey.key.secret_params(),
            None => self.key.primary_key.secret_params(),
        };
        matches!(parameters, SecretParams::Encrypted(_))
    }

    /// The same key, armoured, every secret of it encrypted with `passphrase` where none was.
    ///
    /// # Errors
    /// Where it cannot be encrypted.
    pub fn to_armour(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
        let mut key = self.key.clone();
        let password = Password::from(passphrase);
        let unreadable = |_| KeyImportError::Unreadable;
        let plain = |parameters: &SecretParams| matches!(parameters, SecretParams::Plain(_));
        if !passphrase.is_empty() {
            if plain(key.primary_key.secret_params()) {
                let done = key.primary_key.set_password(rand::thread_rng(), &password);
                done.map_err(unreadable)?;
            }
            for subkey in &mut key.secret_subkeys {
                if plain(subkey.key.secret_params()) {
                    let done = subkey.key.set_password(rand::thread_rng(), &password);
                    done.map_err(unreadable)?;
                }
            }
        }
        let bytes = key.to_armored_bytes(ArmorOptions::default());
        bytes.map(Zeroizing::new).map_err(unreadable)
    }

    /// The public half, armoured.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn public_armour(&self) -> Result<String, KeyImportError> {
        let public = self.key.to_public_key();
        let text = public.to_armored_string(ArmorOptions::default());
        text.map_err(|_| KeyImportError::Unreadable)
    }

    /// The primary key's fingerprint in upper-case hexadecimal, as gpg shows it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.key.primary_key)
    }

    /// Whose it says it is.
    pub fn user(&self) -> Option<String> {
        user(self.key.details.users.first()?.id.id())
    }

    /// Signs `content` as a message (RFC 9580, section 10.3): what containers/image keeps as
    /// a simple signature.
    ///
    /// # Errors
    /// Where the key cannot be unlocked or does not sign.
    pub fn sign(&self, content: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut message = MessageBuilder::from_bytes("", content.to_vec());
        // gpg compresses, and every reader of such messages reads both
        message.compression(CompressionAlgorithm::ZLIB);
        let key: &dyn SigningKey = match self.secret_subkey() {
            Some(subkey) => &subkey.key,
            None => &self.key.primary_key,
        };
        message.sign(key, self.password(), HashAlgorithm::Sha512);
        let signed = message.to_vec(rand::thread_rng());
        signed.map_err(|_| SignError::Failed)
    }

    fn secret_subkey(&self) -> Option<&SignedSecretSubKey> {
        self.key.secret_subkeys.get(self.subkey?)
    }

    fn password(&self) -> Password {
        Password::Static(self.passphrase.clone())
    }
}

/// Fingerprint, kind and name of the first public key in an armoured file.
pub fn describe_public(bytes: &[u8]) -> Option<(String, String, Option<String>)> {
    let (key, _) = SignedPublicKey::from_reader_single(bytes).ok()?;
    let kind = format!("OpenPGP {:?}", key.primary_key.algorithm());
    let user = key.details.users.first().and_then(|u| user(u.id.id()));
    Some((fingerprint(&key.primary_key), kind, user))
}

fn user(id: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(id).into_owned();
    (!text.is_empty()).then_some(text)
}

fn fingerprint(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

fn parse(bytes: &[u8]) -> Result<SignedSecretKey, KeyImportError> {
    // room for all of it at once: growing would leave copies of it behind
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len() + 64));
    let binary = if is_binary(bytes) {
        bytes
    } else {
        const BEGIN: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";
        let begins = bytes.windows(BEGIN.len()).filter(|part| *part == BEGIN);
        if begins.count() > 1 {
            return Err(KeyImportError::Several);
        }
        let limit = limits::TRUST_FILE_BYTES;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let read = Dearmor::new(text).take(limit).read_to_end(&mut plain);
        read.map_err(|_| KeyImportError::Unreadable)?;
        &plain
    };
    let packets = PacketParser::new(binary)
        // gpg's own notes, which stand between the parts of a key in its files
        .filter(|packet| !matches!(packet, Ok(Packet::Trust(_) | Packet::Marker(_))));
    let packets: Vec<_> = packets.collect();
    let mut keys = SignedSecretKey::from_packets(packets.into_iter().peekable());
    match (keys.next(), keys.next()) {
        (Some(Ok(key)), None) => Ok(key),
        (Some(Ok(_)), Some(_)) => Err(KeyImportError::Several),
        _ => Err(KeyImportError::Unreadable),
    }
}

/// The part that signs, as gpg chooses it: the newest subkey that may, else the key itself.
fn choose(key: &SignedSecretKey) -> Option<Option<usize>> {
    let subkeys = key.secret_subkeys.iter().enumerate();
    let signing = subkeys.filter(|(_, subkey)| {
        let bindings = subkey.signatures.iter();
        let mut bindings = bindings.filter(|s| s.typ() == Some(SignatureType::SubkeyBinding));
        let is_revoked = subkey
            .signatures
            .iter()
            .any(|s| s.typ() == Some(SignatureType::SubkeyRevocation));
        !is_revoked && bindings.any(|binding| binding.key_flags().sign())
    });
    let newest = signing.max_by_key(|(_, subkey)| subkey.key.created_at().as_secs());
    if let Some((position, _)) = newest {
        return Some(Some(position));
    }
    let users = key.details.users.iter().flat_map(|user| &user.signatures);
    let newest: Option<&Signature> = users
        .chain(&key.details.direct_signatures)
        .filter(|s| s.is_certification() || s.typ() == Some(SignatureType::Key))
        .max_by_key(|s| s.created().map_or(0, |time| time.as_secs()));
    let flags = newest?.key_flags();
    (flags == Default::default() || flags.sign()).then_some(None)
}
