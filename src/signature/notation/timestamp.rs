//! Timestamp countersignatures: a token of RFC 3161 in CMS (RFC 5652) over the signature.
//!
//! It is read by hand, byte for byte as it came: what is hashed is a slice of the token.

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};

use super::chain::{ChainError, Purpose, check_chain};
use crate::model::limits;
use crate::signature::x509::der::{self, DerError, Element, Reader};
use crate::signature::x509::{
    Certificate, CertificateError, DistinguishedName, Form, Hash, KeyKind, certificate_algorithm,
};

/// A time that an authority vouches for.
#[derive(Clone, Debug)]
pub struct Countersignature {
    pub time: Timestamp,
    /// How far off it may be, to both sides.
    pub accuracy: SignedDuration,
    /// Who vouches for it.
    pub authority: DistinguishedName,
    /// From the authority's certificate to the trusted root.
    pub chain: Vec<Certificate>,
}

/// Why a timestamp is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    #[error("the timestamp cannot be read: {0}")]
    Unreadable(#[from] DerError),
    #[error("the timestamp cannot be read: {0}")]
    Form(&'static str),
    #[error("a certificate of the timestamp: {0}")]
    Certificate(#[from] CertificateError),
    #[error("the timestamp uses an algorithm that is not accepted: {0}")]
    Algorithm(String),
    #[error("the timestamp is for other bytes than this signature")]
    OtherBytes,
    #[error("the timestamp's own signature does not fit it")]
    Signature,
    #[error("the timestamp does not name the certificate that signed it")]
    OtherCertificate,
    #[error("the timestamp's certificates lead to none of the trusted authorities")]
    NotTrusted,
    #[error("the timestamp's certificates: {0}")]
    Chain(#[from] ChainError),
    #[error("{0} was not valid at the time of the timestamp")]
    NotValid(String),
}

// Object identifiers, as their content octets.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(in crate::signature) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(in crate::signature) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub(in crate::signature) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
/// The baseline policy of ETSI EN 319 421: accurate to a second where it says nothing.
const BASELINE_POLICY: &[u8] = &[4, 0, 0x8f, 0x67, 1, 1];

impl Countersignature {
    /// Checks a token over `signature` against the roots of a trust store.
    ///
    /// # Errors
    ///
    /// What is wrong with it first: its form, what it is for, its own signature, its
    /// certificates, and their validity at its own time.
    pub fn verify(
        token: &[u8],
        signature: &[u8],
        roots: &[Certificate],
    ) -> Result<Self, TimestampError> {
        let token = Token::read(token)?;
        let info = Info::read(token.content)?;
        if hash(info.hash, signature).as_ref() != info.imprint {
            return Err(TimestampError::OtherBytes);
        }
        let signer = Signer::read(&token)?;
        let leaf = signer.verify(&token, roots)?;
        let chain = build_chain(leaf, &token.certificates, roots)?;
        check_chain(&chain, Purpose::TimeStamping)?;
        if let Some(certificate) = chain.iter().find(|c| !c.is_valid_at(info.time)) {
            return Err(TimestampError::NotValid(certificate.subject.to_string()));
        }
        Ok(Self {
            time: info.time,
            accuracy: info.accuracy,
            authority: leaf.subject.clone(),
            chain,
        })
    }

    /// Whether the whole span of the time lies in the validity of `certificate`.
    pub fn is_within(&self, certificate: &Certificate) -> bool {
        let earliest = self.time.checked_sub(self.accuracy);
        let latest = self.time.checked_add(self.accuracy);
        matches!((earliest, latest), (Ok(earliest), Ok(latest))
            if certificate.is_valid_at(earliest) && certificate.is_valid_at(latest))
    }
}

/// What a token is about, by its own word. Nothing of it is verified.
pub(in crate::signature) struct Stated {
    pub hash: Hash,
    pub imprint: Vec<u8>,
    pub nonce: Option<Vec<u8>>,
}

/// Reads what a token says of itself.
pub(in crate::signature) fn stated(token: &[u8]) -> Result<Stated, TimestampError> {
    let token = Token::read(token)?;
    let info = Info::read(token.content)?;
    Ok(Stated {
        hash: info.hash,
        imprint: info.imprint.to_vec(),
        nonce: info.nonce.map(<[u8]>::to_vec),
    })
}

/// The CMS around the information.
struct Token<'a> {
    content: &'a [u8],
    certificates: Vec<Certificate>,
    signer: Element<'a>,
}

impl<'a> Token<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, TimestampError> {
        let mut whole = Reader::new(bytes);
        let mut info = whole.expect(der::SEQUENCE)?.inside();
        whole.end()?;
        if info.expect(der::OBJECT_IDENTIFIER)?.content != SIGNED_DATA {
            return Err(TimestampError::Form("it is no signed data"));
        }
        let mut explicit = info.expect(der::context(0))?.inside();
        let mut data = explicit.expect(der::SEQUENCE)?.inside();
        data.expect(der::INTEGER)?;
        data.expect(der::SET)?;
        let mut wrapped = data.expect(der::SEQUENCE)?.inside();
        if wrapped.expect(der::OBJECT_IDENTIFIER)?.content != TST_INFO {
            return Err(TimestampError::Form("its content is no timestamp"));
        }
        let content = wrapped
            .expect(der::context(0))?
            .inside()
            .expect(der::OCTET_STRING)?;
        let mut certificates = Vec::new();
        if let Some(list) = data.optional(der::context(0))? {
            let mut list = list.inside();
            while !list.is_empty() {
                let entry = list.element()?;
                if certificates.len() == limits::CHAIN_CERTIFICATES {
                    return Err(TimestampError::Form("it has too many certificates"));
                }
                // the other choices are no longer in use
                if entry.tag == der::SEQUENCE {
                    certificates.push(Certificate::from_der(entry.full)?);
                }
            }
        }
        data.optional(der::context(1))?;
        let mut signers = data.expect(der::SET)?.inside();
        let signer = signers.expect(der::SEQUENCE)?;
        if !signers.is_empty() {
            return Err(TimestampError::Form("it has several signers"));
        }
        data.end()?;
        Ok(Self {
            content: content.content,
            certificates,
            signer,
        })
    }
}

/// TSTInfo (RFC 3161, section 2.4.2).
struct Info<'a> {
    hash: Hash,
    imprint: &'a [u8],
    time: Timestamp,
    accuracy: SignedDuration,
    /// The number that whoever asked gave along, its INTEGER's content.
    nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, TimestampError> {
        let mut whole = Reader::new(bytes);
        let mut info = whole.expect(der::SEQUENCE)?.inside();
        whole.end()?;
        if info.expect(der::INTEGER)?.small() != Some(1) {
            return Err(TimestampError::Form("its version is not 1"));
        }
        let policy = info.expect(der::OBJECT_IDENTIFIER)?.content;
        let mut imprint = info.expect(der::SEQUENCE)?.inside();
        let hash = hash_algorithm(imprint.expect(der::SEQUENCE)?)?;
        let imprint = imprint.expect(der::OCTET_STRING)?.content;
        info.expect(der::INTEGER)?;
        let time = info.expect(der::GENERALIZED_TIME)?.generalized_time()?;
        let mut accuracy = SignedDuration::ZERO;
        if let Some(written) = info.optional(der::SEQUENCE)? {
            let mut parts = written.inside();
            let wrong = TimestampError::Form("its accuracy is no number");
            // seconds, then milliseconds and microseconds as implicit [0] and [1]
            for (tag, unit) in [(der::INTEGER, 1_000_000), (0x80, 1_000), (0x81, 1)] {
                if let Some(part) = parts.optional(tag)? {
                    let count = part.small().and_then(|n| i64::try_from(n).ok());
                    let micros = count.and_then(|n| n.checked_mul(unit));
                    let micros = micros.ok_or_else(|| wrong.clone())?;
                    accuracy = accuracy.saturating_add(SignedDuration::from_micros(micros));
                }
            }
        } else if policy == BASELINE_POLICY {
            accuracy = SignedDuration::from_secs(1);
        }
        info.optional(der::BOOLEAN)?;
        let nonce = info.optional(der::INTEGER)?.map(|nonce| nonce.content);
        Ok(Self {
            hash,
            imprint,
            time,
            accuracy,
            nonce,
        })
    }
}

/// SignerInfo (RFC 5652, section 5.3).
struct Signer<'a> {
    id: Element<'a>,
    hash: Hash,
    attributes: Element<'a>,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signer<'a> {
    fn read(token: &Token<'a>) -> Result<Self, TimestampError> {
        let mut info = token.signer.inside();
        info.expect(der::INTEGER)?;
        let id = info.element()?;
        let hash = hash_algorithm(info.expect(der::SEQUENCE)?)?;
        let attributes = info.expect(der::context(0))?;
        let mut algorithm = info.expect(der::SEQUENCE)?.inside();
        let algorithm = algorithm.expect(der::OBJECT_IDENTIFIER)?.content;
        let signature = info.expect(der::OCTET_STRING)?.content;
        Ok(Self {
            id,
            hash,
            attributes,
            algorithm,
            signature,
        })
    }

    /// Checks the signature and gives the certificate that made it.
    /// Authorities may leave it out of the token where whoever asked has it.
    fn verify<'t>(
        &self,
        token: &'t Token<'a>,
        known: &'t [Certificate],
    ) -> Result<&'t Certificate, TimestampError> {
        let candidates = token.certificates.iter().chain(known);
        let leaf = candidates.into_iter().find(|c| self.is_by(c));
        let leaf = leaf.ok_or(TimestampError::OtherCertificate)?;
        if self.attribute(CONTENT_TYPE)?.content != TST_INFO {
            return Err(TimestampError::Form("its signed content type is another"));
        }
        let digest = self.attribute(MESSAGE_DIGEST)?;
        if digest.content != hash(self.hash, token.content).as_ref() {
            return Err(TimestampError::Signature);
        }
        if !self.names(leaf)? {
            return Err(TimestampError::OtherCertificate);
        }
        let hash = self.signature_hash(leaf.key.kind())?;
        // signed is the SET OF the attributes, not the [0] that stands in the token
        let mut signed = self.attributes.full.to_vec();
        signed[0] = der::SET;
        if leaf
            .key
            .verifies(hash, Form::Classic, &signed, self.signature)
        {
            Ok(leaf)
        } else {
            Err(TimestampError::Signature)
        }
    }

    /// Whether the signer's identifier is that of the certificate.
    fn is_by(&self, certificate: &Certificate) -> bool {
        if self.id.tag == der::SEQUENCE {
            let mut parts = self.id.inside();
            let issuer = parts.expect(der::SEQUENCE);
            let serial = parts.expect(der::INTEGER);
            return issuer.is_ok_and(|issuer| issuer.full == certificate.issuer_der())
                && serial.is_ok_and(|serial| serial.content == certificate.serial);
        }
        // an implicit [0] OCTET STRING
        self.id.tag == 0x80 && certificate.subject_key_id.as_deref() == Some(self.id.content)
    }

    /// The one value of an attribute.
    fn attribute(&self, id: &[u8]) -> Result<Element<'a>, TimestampError> {
        let mut list = self.attributes.inside();
        let mut found = None;
        while !list.is_empty() {
            let mut attribute = list.expect(der::SEQUENCE)?.inside();
            if attribute.expect(der::OBJECT_IDENTIFIER)?.content != id {
                continue;
            }
            let mut values = attribute.expect(der::SET)?.inside();
            let value = values.element()?;
            if !values.is_empty() || found.is_some() {
                return Err(TimestampError::Form("an attribute has several values"));
            }
            found = Some(value);
        }
        found.ok_or(TimestampError::Form("a signed attribute is missing"))
    }

    /// Whether the attribute signing-certificate-v2 (RFC 5816) names the certificate.
    fn names(&self, certificate: &Certificate) -> Result<bool, TimestampError> {
        let value = self.attribute(SIGNING_CERTIFICATE_V2)?;
        let mut list = value.inside().expect(der::SEQUENCE)?.inside();
        let mut first = list.expect(der::SEQUENCE)?.inside();
        let algorithm = match first.optional(der::SEQUENCE)? {
            Some(written) => hash_algorithm(written)?,
            None => Hash::Sha256,
        };
        let named = first.expect(der::OCTET_STRING)?.content;
        Ok(named == hash(algorithm, certificate.der()).as_ref())
    }

    fn signature_hash(&self, key: KeyKind) -> Result<Hash, TimestampError> {
        // CMS writes either the key's algorithm or that of the signature
        if self.algorithm == RSA_ENCRYPTION && matches!(key, KeyKind::Rsa(_)) {
            return Ok(self.hash);
        }
        let unknown = || TimestampError::Algorithm(hex(self.algorithm));
        let id = x509_cert::spki::ObjectIdentifier::from_bytes(self.algorithm);
        let (hash, _) = id
            .ok()
            .and_then(certificate_algorithm)
            .ok_or_else(unknown)?;
        Ok(hash)
    }
}

fn hash_algorithm(identifier: Element<'_>) -> Result<Hash, TimestampError> {
    let id = identifier.inside().expect(der::OBJECT_IDENTIFIER)?.content;
    match id {
        SHA256 => Ok(Hash::Sha256),
        SHA384 => Ok(Hash::Sha384),
        SHA512 => Ok(Hash::Sha512),
        other => Err(TimestampError::Algorithm(hex(other))),
    }
}

pub(in crate::signature) fn hash(algorithm: Hash, bytes: &[u8]) -> digest::Digest {
    let algorithm = match algorithm {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Leads from the leaf over what the token brings along to one of the roots.
fn build_chain(
    leaf: &Certificate,
    brought: &[Certificate],
    roots: &[Certificate],
) -> Result<Vec<Certificate>, TimestampError> {
    let mut chain = vec![leaf.clone()];
    while chain.len() <= limits::CHAIN_CERTIFICATES {
        let last = chain.last().expect("it begins with the leaf");
        let is_trusted = roots.iter().any(|root| root.der() == last.der());
        if is_trusted && last.is_self_signed() {
            return Ok(chain);
        }
        let is_next = |c: &&Certificate| {
            last.is_issued_by(c) && chain.iter().all(|there| there.der() != c.der())
        };
        let next = roots.iter().find(is_next);
        let next = next.or_else(|| brought.iter().find(is_next));
        let next = next.ok_or(TimestampError::NotTrusted)?.clone();
        chain.push(next);
    }
    Err(TimestampError::NotTrusted)
}
