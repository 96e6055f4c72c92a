//! Raw documents: exact bytes with the digest that they really have.

use bytes::Bytes;

use super::{Algorithm, Digest, MediaType};

/// Exact bytes that were hashed, and the type they were said to have.
///
/// A value of this type is proof that `digest` is the digest of `bytes`: there is no
/// other way to make one than to hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    bytes: Bytes,
    digest: Digest,
    media_type: MediaType,
}

impl RawDocument {
    /// Hashes `bytes` with `algorithm`.
    pub fn hash(bytes: Bytes, algorithm: Algorithm, media_type: MediaType) -> Self {
        let digest = Digest::of(algorithm, &bytes);
        Self {
            bytes,
            digest,
            media_type,
        }
    }

    /// Takes `bytes` only where they hash to `expected`, else gives the digest found.
    pub fn verify(bytes: Bytes, expected: &Digest, media_type: MediaType) -> Result<Self, Digest> {
        let raw = Self::hash(bytes, expected.algorithm(), media_type);
        if raw.digest == *expected {
            Ok(raw)
        } else {
            Err(raw.digest)
        }
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The type that the place they came from gave; the document may say another.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// Number of bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}
