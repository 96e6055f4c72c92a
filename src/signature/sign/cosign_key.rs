//! cosign's encrypted keys: PKCS #8 in a secretbox whose key scrypt makes of the passphrase.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crypto_secretbox::XSalsa20Poly1305;
use crypto_secretbox::aead::{Aead, KeyInit};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::signature::json;

/// Why an encrypted key was not opened. Does not say which part was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignKeyError {
    #[error("the encrypted key is of a form that is not known")]
    Form,
    #[error(
        "the encrypted key asks for scrypt with N={n} r={r} p={p}; N=65536 or 32768, r=8, p=1 are accepted"
    )]
    Parameters { n: u64, r: u64, p: u64 },
    #[error("the key could not be opened: the passphrase or the file is wrong")]
    NotOpened,
    #[error("there is no randomness")]
    Random,
}

const LOG_N: u8 = 16;

/// Opens what stands in the PEM.
///
/// # Errors
/// Where the form or its parameters are not cosign's, or the passphrase is not the one.
pub fn decrypt(sealed: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, CosignKeyError> {
    let value = json::read(sealed).map_err(|_| CosignKeyError::Form)?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let bytes = |pointer: &str| text(pointer).and_then(|text| BASE64_STANDARD.decode(text).ok());
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_u64);
    if text("/kdf/name") != Some("scrypt") || text("/cipher/name") != Some("nacl/secretbox") {
        return Err(CosignKeyError::Form);
    }
    let parameters = (
        number("/kdf/params/N").ok_or(CosignKeyError::Form)?,
        number("/kdf/params/r").ok_or(CosignKeyError::Form)?,
        number("/kdf/params/p").ok_or(CosignKeyError::Form)?,
    );
    let log_n = match parameters {
        (65_536, 8, 1) => 16,
        (32_768, 8, 1) => 15,
        (n, r, p) => return Err(CosignKeyError::Parameters { n, r, p }),
    };
    let salt = bytes("/kdf/salt").ok_or(CosignKeyError::Form)?;
    let nonce = bytes("/cipher/nonce").ok_or(CosignKeyError::Form)?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| CosignKeyError::Form)?;
    let ciphertext = bytes("/ciphertext").ok_or(CosignKeyError::Form)?;
    let opened = cipher(passphrase, &salt, log_n)?.decrypt(&nonce.into(), ciphertext.as_slice());
    opened
        .map(Zeroizing::new)
        .map_err(|_| CosignKeyError::NotOpened)
}

/// Seals a key as cosign does, with its own parameters.
///
/// # Errors
/// Where there is no randomness.
pub fn encrypt(pkcs8: &[u8], passphrase: &[u8]) -> Result<Vec<u8>, CosignKeyError> {
    let mut salt = [0; 32];
    let mut nonce = [0; 24];
    rand::fill(&mut salt).map_err(|_| CosignKeyError::Random)?;
    rand::fill(&mut nonce).map_err(|_| CosignKeyError::Random)?;
    let sealed = cipher(passphrase, &salt, LOG_N)?.encrypt(&nonce.into(), pkcs8);
    let sealed = sealed.map_err(|_| CosignKeyError::NotOpened)?;
    let value = json!({
        "kdf": {
            "name": "scrypt",
            "params": { "N": 1_u64 << LOG_N, "r": 8, "p": 1 },
            "salt": BASE64_STANDARD.encode(salt),
        },
        "cipher": { "name": "nacl/secretbox", "nonce": BASE64_STANDARD.encode(nonce) },
        "ciphertext": BASE64_STANDARD.encode(sealed),
    });
    Ok(value.to_string().into_bytes())
}

fn cipher(passphrase: &[u8], salt: &[u8], log_n: u8) -> Result<XSalsa20Poly1305, CosignKeyError> {
    let parameters = scrypt::Params::new(log_n, 8, 1).map_err(|_| CosignKeyError::Form)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase, salt, &parameters, key.as_mut())
        .map_err(|_| CosignKeyError::Form)?;
    XSalsa20Poly1305::new_from_slice(key.as_ref()).map_err(|_| CosignKeyError::Form)
}
