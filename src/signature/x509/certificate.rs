//! Certificates (RFC 5280) with the exact bytes that were signed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use x509_cert::Certificate as Parsed;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::spki::ObjectIdentifier;

use super::der::{self, Reader};
use super::key::{Form, Hash, KeyError, PublicKey};
use super::name::DistinguishedName;
use crate::model::{Digest, limits};

/// A parsed certificate. Nothing of it was checked but its form.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    /// Where TBSCertificate stands in `der`.
    signed: std::ops::Range<usize>,
    signature: Vec<u8>,
    signature_algorithm: ObjectIdentifier,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    pub serial: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub key: PublicKey,
    pub basic_constraints: Option<Extension<BasicConstraints>>,
    pub key_usage: Option<Extension<KeyUsage>>,
    pub extended_key_usage: Option<Extension<ExtendedKeyUsage>>,
    /// SubjectKeyIdentifier, without its OCTET STRING.
    pub subject_key_id: Option<Vec<u8>>,
    /// Whether it names where its revocation can be asked for (a CRL or OCSP).
    pub names_revocation: bool,
}

/// An extension and whether it is critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<T> {
    pub critical: bool,
    pub value: T,
}

/// Why bytes are not a certificate that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate has {found} bytes, more than the {limit} that are read")]
    TooLarge { found: usize, limit: usize },
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    #[error("the certificate's key cannot be used: {0}")]
    Key(#[from] KeyError),
    #[error("the file has no certificate in it")]
    Nothing,
    #[error("the PEM text cannot be read: {0}")]
    Pem(String),
}

impl From<der::DerError> for CertificateError {
    fn from(error: der::DerError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<x509_cert::der::Error> for CertificateError {
    fn from(error: x509_cert::der::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

const OID_SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const OID_CRL_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const OID_AUTHORITY_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Reads one certificate in DER, to its last byte.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > limits::CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge {
                found: bytes.len(),
                limit: limits::CERTIFICATE_BYTES,
            });
        }
        let mut whole = Reader::new(bytes);
        let outer = whole.expect(der::SEQUENCE)?;
        whole.end()?;
        let signed = outer.inside().element()?.full;
        let start = bytes.len() - outer.content.len();
        let parsed = Parsed::from_der(bytes)?;
        let tbs = parsed.tbs_certificate();
        if tbs.signature() != parsed.signature_algorithm() {
            return Err(CertificateError::Unreadable(
                "it names two different signature algorithms".to_owned(),
            ));
        }
        let (issuer_der, subject_der) = names(signed)?;
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds)
                .map_err(|error| CertificateError::Unreadable(error.to_string()))
        };
        let extensions = tbs.extensions().map_or(&[][..], |list| list.as_slice());
        let mut seen = Vec::new();
        for extension in extensions {
            if seen.contains(&extension.extn_id) {
                return Err(CertificateError::Unreadable(format!(
                    "the extension {} stands twice",
                    extension.extn_id
                )));
            }
            seen.push(extension.extn_id);
        }
        let find = |id: ObjectIdentifier| extensions.iter().find(|e| e.extn_id == id);
        let subject_key_id = find(OID_SUBJECT_KEY_ID).and_then(|extension| {
            let bytes = extension.extn_value.as_bytes();
            Some(
                Reader::new(bytes)
                    .expect(der::OCTET_STRING)
                    .ok()?
                    .content
                    .to_vec(),
            )
        });
        Ok(Self {
            signed: start..start + signed.len(),
            signature: parsed
                .signature()
                .as_bytes()
                .ok_or_else(|| CertificateError::Unreadable("its signature is cut".to_owned()))?
                .to_vec(),
            signature_algorithm: parsed.signature_algorithm().oid,
            subject: DistinguishedName::of(tbs.subject()),
            issuer: DistinguishedName::of(tbs.issuer()),
            subject_der,
            issuer_der,
            serial: tbs.serial_number().as_bytes().to_vec(),
            not_before: time(tbs.validity().not_before)?,
            not_after: time(tbs.validity().not_after)?,
            key: PublicKey::from_spki(tbs.subject_public_key_info())?,
            basic_constraints: tbs.get_extension()?.map(Extension::new),
            key_usage: tbs.get_extension()?.map(Extension::new),
            extended_key_usage: tbs.get_extension()?.map(Extension::new),
            subject_key_id,
            names_revocation: find(OID_CRL_POINTS).is_some()
                || find(OID_AUTHORITY_INFO).is_some_and(|e| names_ocsp(e.extn_value.as_bytes())),
            der: bytes.to_vec(),
        })
    }

    /// Reads all certificates of a file: PEM, one or several, or one in DER.
    pub fn all_from_file(bytes: &[u8]) -> Result<Vec<Self>, CertificateError> {
        if bytes.first() == Some(&der::SEQUENCE) {
            return Ok(vec![Self::from_der(bytes)?]);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| CertificateError::Pem("it is no text".to_owned()))?;
        let mut found = Vec::new();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("-----BEGIN CERTIFICATE-----") {
            let (body, after) = after
                .split_once("-----END CERTIFICATE-----")
                .ok_or_else(|| CertificateError::Pem("a certificate has no end".to_owned()))?;
            let body: String = body.split_whitespace().collect();
            let der = BASE64_STANDARD
                .decode(body)
                .map_err(|error| CertificateError::Pem(error.to_string()))?;
            found.push(Self::from_der(&der)?);
            rest = after;
        }
        if found.is_empty() {
            return Err(CertificateError::Nothing);
        }
        Ok(found)
    }

    /// The certificate as it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its SHA-256 fingerprint.
    pub fn fingerprint(&self) -> Digest {
        Digest::sha256(&self.der)
    }

    /// The exact bytes of its subject.
    pub fn subject_der(&self) -> &[u8] {
        &self.subject_der
    }

    /// The exact bytes of its issuer.
    pub fn issuer_der(&self) -> &[u8] {
        &self.issuer_der
    }

    /// Whether `time` lies in its validity, both ends included.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// Whether the basic constraints make it an authority.
    pub fn is_authority(&self) -> bool {
        self.basic_constraints.as_ref().is_some_and(|b| b.value.ca)
    }

    /// Whether the key of `issuer` signed it. Says nothing of names or rights. Signatures
    /// with SHA-1 or weaker count as none.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let Some((hash, form)) = certificate_algorithm(self.signature_algorithm) else {
            return false;
        };
        let signed = &self.der[self.signed.clone()];
        issuer.key.verifies(hash, form, signed, &self.signature)
    }

    /// Whether it names `issuer` and is signed by it.
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer_der == issuer.subject_der && self.is_signed_by(issuer)
    }

    /// Whether it is issued by itself.
    pub fn is_self_signed(&self) -> bool {
        self.is_issued_by(self)
    }

    /// The signature algorithm's object identifier.
    pub const fn signature_algorithm(&self) -> ObjectIdentifier {
        self.signature_algorithm
    }
}

impl<T> Extension<T> {
    fn new((critical, value): (bool, T)) -> Self {
        Self { critical, value }
    }
}

/// What a signature algorithm's identifier stands for; nothing for weak and unknown ones.
pub fn certificate_algorithm(id: ObjectIdentifier) -> Option<(Hash, Form)> {
    let hash = match id.to_string().as_str() {
        // sha256WithRSAEncryption, ecdsa-with-SHA256 and so on: RFC 8017, RFC 5758
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        // Ed25519 (RFC 8410) has its hash inside
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "1.3.101.112" => Hash::Sha512,
        _ => return None,
    };
    Some((hash, Form::Classic))
}

/// The issuer and the subject of a TBSCertificate, as bytes.
fn names(signed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), der::DerError> {
    let mut fields = Reader::new(signed).expect(der::SEQUENCE)?.inside();
    fields.optional(der::context(0))?;
    fields.expect(der::INTEGER)?;
    fields.expect(der::SEQUENCE)?;
    let issuer = fields.expect(der::SEQUENCE)?.full.to_vec();
    fields.expect(der::SEQUENCE)?;
    let subject = fields.expect(der::SEQUENCE)?.full.to_vec();
    Ok((issuer, subject))
}

/// Whether an AuthorityInfoAccess names an OCSP responder.
fn names_ocsp(bytes: &[u8]) -> bool {
    // id-ad-ocsp, 1.3.6.1.5.5.7.48.1
    const OCSP: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    let Ok(list) = Reader::new(bytes).expect(der::SEQUENCE) else {
        return false;
    };
    let mut entries = list.inside();
    while let Ok(entry) = entries.expect(der::SEQUENCE) {
        let id = entry.inside().expect(der::OBJECT_IDENTIFIER);
        if id.is_ok_and(|id| id.content == OCSP) {
            return true;
        }
    }
    false
}
