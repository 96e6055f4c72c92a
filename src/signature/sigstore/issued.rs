//! What services gave while something is being signed, held against the trust root at once:
//! a certificate before it is used, a timestamp before it is kept.

use jiff::Timestamp;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::tsa::verify_timestamp_for_authority;
use sigstore_verify::types::{DerCertificate, SignatureBytes, TimestampToken};

use super::{Authorities, TrustRoot, identity};
use crate::signature::x509::der::{self, DerError, Element, Reader};
use crate::signature::x509::{self, Certificate, Form, Hash, KeyKind};

/// Whom a certificate was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedFor {
    /// Any of these names; nothing where the name is not known beforehand.
    pub names: Vec<String>,
    /// Who vouches for the identity.
    pub issuer: String,
    pub key: x509::PublicKey,
}

/// Whom it is for, by what it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    pub name: String,
    pub issuer: String,
    pub not_after: Timestamp,
}

/// Why what a service gave is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuedError {
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    #[error("the certificate is for another key")]
    OtherKey,
    #[error("the certificate is for {found}, and {expected} was asked for")]
    OtherName { expected: String, found: String },
    #[error("the certificate says that {found} vouches for the identity, and {expected} does")]
    OtherIssuer { expected: String, found: String },
    #[error(
        "the certificate is valid from {from} to {to}, and here it is {now}: the clock of this machine or of the authority is off"
    )]
    Clock {
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    },
    #[error("the certificate leads to no authority of the trust root: {0}")]
    NotTrusted(String),
    #[error("the proof that the certificate's issuing was logged: {0}")]
    NotLogged(&'static str),
    #[error("the timestamp is by none of the authorities of the trust root: {0}")]
    Timestamp(String),
}

impl From<DerError> for IssuedError {
    fn from(error: DerError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// SignedCertificateTimestampList in a certificate (RFC 6962, section 3.3).
const TIMESTAMPS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

impl TrustRoot {
    /// Checks what was issued: key, name, issuer, validity now, the way to an authority, and
    /// the proof of a log of certificates where the root names one. `chain` is DER, the
    /// certificate first.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_issued(
        &self,
        chain: &[Vec<u8>],
        wanted: &IssuedFor,
        now: Timestamp,
    ) -> Result<Issued, IssuedError> {
        let (leaf, above) = chain
            .split_first()
            .ok_or_else(|| IssuedError::Unreadable("there is none".to_owned()))?;
        let unreadable = |error: &dyn std::fmt::Display| IssuedError::Unreadable(error.to_string());
        let certificate = Certificate::from_der(leaf).map_err(|error| unreadable(&error))?;
        if certificate.key != wanted.key {
            return Err(IssuedError::OtherKey);
        }
        let info = parse_certificate_info(&DerCertificate::from_bytes(leaf))
            .map_err(|error| unreadable(&error))?;
        let names = identity::identities(leaf).unwrap_or_default();
        let name = match names.as_slice() {
            [one] if wanted.names.is_empty() || wanted.names.contains(one) => one.clone(),
            found => {
                return Err(IssuedError::OtherName {
                    expected: match wanted.names.as_slice() {
                        [] => "one name".to_owned(),
                        names => names.join(" or "),
                    },
                    found: found.join(", "),
                });
            }
        };
        let issuer = info.issuer.unwrap_or_default();
        if issuer != wanted.issuer {
            return Err(IssuedError::OtherIssuer {
                expected: wanted.issuer.clone(),
                found: issuer,
            });
        }
        if !certificate.is_valid_at(now) {
            return Err(IssuedError::Clock {
                from: certificate.not_before,
                to: certificate.not_after,
                now,
            });
        }
        let known: Vec<Vec<u8>> = self
            .parsed()
            .certificate_authorities
            .iter()
            .filter(|authority| authority.valid_for.is_none_or(|range| range.contains(now)))
            .flat_map(|authority| &authority.cert_chain.certificates)
            .map(|certificate| certificate.raw_bytes.as_bytes().to_vec())
            .collect();
        let authorities = Authorities {
            roots: known,
            intermediates: Vec::new(),
            identity: None,
            host: None,
        };
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        authorities
            .check(leaf, above, seconds)
            .map_err(IssuedError::NotTrusted)?;
        if self.has_certificate_logs() {
            let known = authorities.roots.iter().chain(above);
            let above: Vec<_> = known
                .filter_map(|der| Certificate::from_der(der).ok())
                .collect();
            self.check_logged(leaf, &certificate, &above)?;
        }
        Ok(Issued {
            name,
            issuer,
            not_after: certificate.not_after,
        })
    }

    /// Checks the one proof of a log of certificates (RFC 6962, section 3.2) that is in the
    /// certificate.
    pub(super) fn check_logged(
        &self,
        leaf: &[u8],
        certificate: &Certificate,
        above: &[Certificate],
    ) -> Result<(), IssuedError> {
        let refuse = IssuedError::NotLogged;
        let (tbs, list) = without_timestamps(leaf)?;
        let list = list.ok_or(refuse("there is none in the certificate"))?;
        let list = Reader::new(&list).expect(der::OCTET_STRING)?.content;
        let form = refuse("it cannot be read");
        let proof = sized(list).filter(|(_, rest)| rest.is_empty());
        let proof = proof.and_then(|(proofs, _)| sized(proofs));
        let (proof, more) = proof.ok_or(form.clone())?;
        if !more.is_empty() {
            return Err(refuse("there is more than one"));
        }
        // version 1, the log, the time
        let (head, rest) = proof.split_at_checked(41).ok_or(form.clone())?;
        let (extensions, rest) = sized(rest).ok_or(form.clone())?;
        let (algorithm, rest) = rest.split_at_checked(2).ok_or(form.clone())?;
        let (signature, rest) = sized(rest).ok_or(form.clone())?;
        if head[0] != 0 || !rest.is_empty() {
            return Err(form);
        }
        let (log, time) = (&head[1..33], &head[33..]);
        let millis = time
            .iter()
            .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let at = i64::try_from(millis).ok();
        let at = at.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let at = at.ok_or(form.clone())?;
        let logs = self.parsed().ctlogs.iter();
        let mut logs = logs.filter(|known| known.log_id.key_id.as_bytes() == log);
        let known = logs.find(|log| {
            log.public_key
                .valid_for
                .is_none_or(|range| range.contains(at))
        });
        let known = known.ok_or(refuse("it is of a log that the trust root does not name"))?;
        let key = x509::PublicKey::from_spki_der(known.public_key.raw_bytes.as_bytes());
        let key = key.map_err(|_| refuse("the log's key cannot be used"))?;
        let hash = match (algorithm, key.kind()) {
            ([4, 3], KeyKind::P256) | ([4, 1], KeyKind::Rsa(_)) => Hash::Sha256,
            ([5, 3], KeyKind::P384) | ([5, 1], KeyKind::Rsa(_)) => Hash::Sha384,
            ([6, 1], KeyKind::Rsa(_)) => Hash::Sha512,
            _ => return Err(refuse("its algorithm does not go with the log's key")),
        };
        for issuer in above
            .iter()
            .filter(|issuer| certificate.is_issued_by(issuer))
        {
            let issuer = crate::model::Digest::sha256(issuer.key.spki_der());
            let mut signed = vec![0, 0];
            signed.extend_from_slice(time);
            signed.extend_from_slice(&[0, 1]);
            signed.extend_from_slice(&super::hex_bytes(issuer.hex()));
            signed.extend_from_slice(&(tbs.len() as u32).to_be_bytes()[1..]);
            signed.extend_from_slice(&tbs);
            signed.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
            signed.extend_from_slice(extensions);
            if key.verifies(hash, Form::Classic, &signed, signature) {
                return Ok(());
            }
        }
        Err(refuse(
            "its signature is not the log's over this certificate",
        ))
    }

    /// Checks an answer of a timestamp authority (`TimeStampResp`) over `signature`. Gives
    /// its time.
    ///
    /// # Errors
    /// Where it is by none of the root's authorities, or not over these bytes.
    pub fn check_timestamp(
        &self,
        answer: &[u8],
        signature: &[u8],
    ) -> Result<Timestamp, IssuedError> {
        let token = TimestampToken::new(answer.to_vec());
        let signature = SignatureBytes::from_bytes(signature);
        let mut why = "it names none".to_owned();
        for authority in self.parsed().tsa_authorities() {
            match verify_timestamp_for_authority(&token, &signature, &authority) {
                Ok(time) => return Ok(time),
                Err(error) => why = error.to_string(),
            }
        }
        Err(IssuedError::Timestamp(why))
    }
}

/// What stands behind a length of two bytes, and what follows it.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// TBSCertificate without the proofs of logs, as a log signs it, and the proofs.
fn without_timestamps(certificate: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), DerError> {
    let mut outer = Reader::new(certificate).expect(der::SEQUENCE)?.inside();
    let tbs = outer.expect(der::SEQUENCE)?;
    let mut parts = tbs.inside();
    let (mut kept, mut found): (Vec<Vec<u8>>, _) = (Vec::new(), None);
    while !parts.is_empty() {
        let part = parts.element()?;
        if part.tag != der::context(3) {
            kept.push(part.full.to_vec());
            continue;
        }
        let mut list = part.inside().expect(der::SEQUENCE)?.inside();
        let mut others: Vec<&[u8]> = Vec::new();
        while !list.is_empty() {
            let extension = list.expect(der::SEQUENCE)?;
            match proofs(&extension)? {
                Some(value) if found.is_none() => found = Some(value),
                _ => others.push(extension.full),
            }
        }
        let list = der::write(der::SEQUENCE, &others);
        kept.push(der::write(der::context(3), &[&list]));
    }
    let kept: Vec<&[u8]> = kept.iter().map(Vec::as_slice).collect();
    Ok((der::write(der::SEQUENCE, &kept), found))
}

/// The value of the extension where it is the one with the proofs of logs.
fn proofs(extension: &Element<'_>) -> Result<Option<Vec<u8>>, DerError> {
    let mut parts = extension.inside();
    if parts.expect(der::OBJECT_IDENTIFIER)?.content != TIMESTAMPS {
        return Ok(None);
    }
    parts.optional(der::BOOLEAN)?;
    Ok(Some(parts.expect(der::OCTET_STRING)?.content.to_vec()))
}
