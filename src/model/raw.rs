//! Raw documents: exact bytes with the digest that they really have.

use bytes::Bytes;

use super::{Algorithm, Digest, MediaType, schema1};

/// Exact bytes that were hashed, and the type they were said to have.
///
/// A value of this type is proof that `digest` is the digest of `bytes`: there is no
/// other way to make one than to hash. Of a signed manifest of Docker's first schema the
/// digest is that of the part that was signed, [`RawDocument::covered`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    bytes: Bytes,
    /// What was hashed: all of the bytes, or the payload of a signed manifest.
    covered: Bytes,
    digest: Digest,
    media_type: MediaType,
}

impl RawDocument {
    /// Hashes `bytes` with `algorithm`.
    pub fn hash(bytes: Bytes, algorithm: Algorithm, media_type: MediaType) -> Self {
        let covered = bytes.clone();
        Self::hash_covered(bytes, covered, algorithm, media_type)
    }

    /// Hashes the bytes of a manifest of which no digest is known. Where it is one of
    /// Docker's first schema with signatures in it, the digest is that of what was signed
    /// (distribution's `manifest-v2-1`, "Signed Manifests").
    pub fn hash_manifest(bytes: Bytes, algorithm: Algorithm, media_type: MediaType) -> Self {
        let covered = schema1::payload(&bytes).unwrap_or_else(|| bytes.clone());
        Self::hash_covered(bytes, covered, algorithm, media_type)
    }

    fn hash_covered(
        bytes: Bytes,
        covered: Bytes,
        algorithm: Algorithm,
        media_type: MediaType,
    ) -> Self {
        Self {
            digest: Digest::of(algorithm, &covered),
            bytes,
            covered,
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

    /// Takes the bytes of a manifest where they, or what was signed of them
    /// ([`RawDocument::hash_manifest`]), hash to `expected`, else gives the digest found.
    pub fn verify_manifest(
        bytes: Bytes,
        expected: &Digest,
        media_type: MediaType,
    ) -> Result<Self, Digest> {
        Self::verify(bytes.clone(), expected, media_type.clone()).or_else(|found| {
            let raw = Self::hash_manifest(bytes, expected.algorithm(), media_type);
            (raw.digest == *expected).then_some(raw).ok_or(found)
        })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes that the digest is the digest of: all of them, but for a signed manifest
    /// of Docker's first schema, whose signatures it does not cover.
    pub fn covered(&self) -> &Bytes {
        &self.covered
    }

    /// Whether there are signatures inside that the digest does not cover.
    pub fn is_signed(&self) -> bool {
        self.covered.len() != self.bytes.len()
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
