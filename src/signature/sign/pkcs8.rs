//! Private keys that are encrypted as openssl does it: `EncryptedPrivateKeyInfo` (RFC 5958,
//! section 3) by PBES2 (RFC 8018, section 6.2).

use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::key::KeyImportError;

/// Most rounds of PBKDF2: some seconds. openssl takes 2048.
const ROUNDS: u32 = 10_000_000;
/// Most memory that scrypt may take, in bytes. openssl takes 16 MiB, cosign 64.
const SCRYPT_BYTES: u64 = 256 << 20;
/// Most passes over it.
const SCRYPT_PASSES: u16 = 16;

/// An encrypted key that could be opened here, by the right passphrase.
pub(super) struct Sealed<'a>(EncryptedPrivateKeyInfoRef<'a>);

impl<'a> Sealed<'a> {
    /// Reads how a key is encrypted.
    ///
    /// # Errors
    /// Where it is encrypted in a way that is not known here, or that would take too long.
    pub fn read(der: &'a [u8]) -> Result<Self, KeyImportError> {
        let unknown = KeyImportError::Encryption;
        let sealed = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unknown.clone())?;
        let EncryptionScheme::Pbes2(parameters) = &sealed.encryption_algorithm else {
            return Err(unknown);
        };
        let bounded = match &parameters.kdf {
            Kdf::Pbkdf2(rounds) => rounds.iteration_count <= ROUNDS,
            Kdf::Scrypt(scrypt) => {
                let bytes = u64::from(scrypt.block_size)
                    .saturating_mul(128)
                    .saturating_mul(scrypt.cost_parameter);
                bytes <= SCRYPT_BYTES && scrypt.parallelization <= SCRYPT_PASSES
            }
            _ => false,
        };
        match bounded {
            true => Ok(Self(sealed)),
            false => Err(KeyImportError::Costly),
        }
    }

    /// The key, PKCS #8.
    ///
    /// # Errors
    /// Where the passphrase is not the one.
    pub fn open(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyImportError> {
        // opened in its own place: no copy of the key is made
        let mut bytes = Zeroizing::new(self.0.encrypted_data.as_bytes().to_vec());
        let scheme = &self.0.encryption_algorithm;
        let opened = scheme.decrypt_in_place(passphrase, bytes.as_mut_slice());
        let length = match opened {
            Ok(opened) => opened.len(),
            Err(pkcs8::pkcs5::Error::DecryptFailed) => return Err(KeyImportError::Wrong),
            Err(_) => return Err(KeyImportError::Encryption),
        };
        bytes.truncate(length);
        // one of 256 wrong passphrases gives something that ends as it should
        match PrivateKeyInfoRef::try_from(bytes.as_slice()) {
            Ok(_) => Ok(bytes),
            Err(_) => Err(KeyImportError::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use pkcs8::der::Encode;
    use pkcs8::der::asn1::OctetStringRef;
    use pkcs8::pkcs5::pbes2::{
        EncryptionScheme as Cipher, Parameters, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams,
    };

    use super::*;
    use crate::signature::sign::SigningKey;
    use crate::signature::x509::KeyKind;

    fn sealed(kdf: Kdf, content: &[u8]) -> Vec<u8> {
        let encryption = Cipher::Aes256Cbc { iv: [7; 16] };
        let info = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: Parameters { kdf, encryption }.into(),
            encrypted_data: OctetStringRef::new(content).unwrap(),
        };
        info.to_der().unwrap()
    }

    fn pbkdf2(iteration_count: u32) -> Kdf {
        Kdf::Pbkdf2(Pbkdf2Params {
            salt: Salt::new([1; 16]).unwrap(),
            iteration_count,
            key_length: None,
            prf: Pbkdf2Prf::HmacWithSha256,
        })
    }

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> Kdf {
        Kdf::Scrypt(ScryptParams {
            salt: Salt::new([1; 16]).unwrap(),
            cost_parameter,
            block_size,
            parallelization,
            key_length: None,
        })
    }

    #[test]
    fn a_key_that_would_take_too_long_is_not_tried() {
        for costly in [
            pbkdf2(ROUNDS + 1),
            pbkdf2(90_000_000),
            scrypt(1 << 40, 8, 1),
            scrypt(1 << 14, 8, 1000),
            scrypt(1 << 14, u16::MAX, 1),
        ] {
            let bytes = sealed(costly, &[0; 64]);
            let read = Sealed::read(&bytes).map(|_| ());
            assert_eq!(read, Err(KeyImportError::Costly));
        }
        for usual in [pbkdf2(2048), pbkdf2(600_000), scrypt(1 << 14, 8, 1)] {
            assert!(Sealed::read(&sealed(usual, &[0; 64])).is_ok());
        }
    }

    #[test]
    fn every_wrong_passphrase_is_one_and_no_other_kind_of_failure() {
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let pkcs8 = key.pkcs8_for_tests();
        let parameters = Parameters {
            kdf: pbkdf2(1),
            encryption: Cipher::Aes256Cbc { iv: [7; 16] },
        };
        let content = parameters.encrypt(b"right", pkcs8).unwrap();
        let bytes = sealed(pbkdf2(1), &content);
        let sealed = Sealed::read(&bytes).unwrap();
        assert_eq!(sealed.open(b"right").unwrap().as_slice(), pkcs8);
        // some of so many end as the right one does
        for wrong in 0..600_u32 {
            let opened = sealed.open(&wrong.to_be_bytes());
            assert_eq!(opened.unwrap_err(), KeyImportError::Wrong, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_sealed_key_is_refused_and_nothing_panics() {
        let good = sealed(pbkdf2(1), &[0; 64]);
        for length in 0..good.len() {
            assert!(Sealed::read(&good[..length]).is_err(), "{length}");
        }
        // not whole blocks of the cipher
        for length in [0, 1, 15, 17, 63] {
            let bytes = sealed(pbkdf2(1), &vec![0; length]);
            let opened = Sealed::read(&bytes).and_then(|sealed| sealed.open(b"any"));
            assert!(opened.is_err(), "{length}");
        }
    }
}
