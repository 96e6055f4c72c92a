//! Certificates of a trust root's authorities, at the times that are proven, and their
//! entries in logs of certificates (RFC 6962).

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sigstore_verify::crypto::WEBPKI_VERIFICATION_ALGS;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use crate::signature::x509::der;
use crate::signature::{Check, CheckKind};

use super::{PublicKey, TrustRoot, trust_root::hex_bytes};

/// Code signing (RFC 5280, section 4.2.1.12).
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
/// The extension with signed certificate timestamps (RFC 6962, section 3.3), as DER.
const TIMESTAMPS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

/// Checks the certificate at each of `times`.
pub(super) fn check(
    root: &TrustRoot,
    leaf: &[u8],
    chain: &[Vec<u8>],
    times: &[Timestamp],
) -> Vec<Check> {
    let mut checks = Vec::new();
    if times.is_empty() {
        checks.push(Check::failed(
            CheckKind::Validity,
            "nobody vouches for the time at which it was signed",
        ));
        checks.push(Check::not_checked(
            CheckKind::Certificate,
            "its time is not known",
        ));
    }
    for time in times {
        match leads(root, leaf, chain, *time) {
            Ok(()) => {
                checks.push(Check::passed(
                    CheckKind::Certificate,
                    "leads to an authority of the trust root",
                ));
                checks.push(Check::passed(
                    CheckKind::Validity,
                    format!("valid at the proven time, {time}"),
                ));
            }
            Err((kind, why)) => checks.push(Check::failed(kind, why)),
        }
    }
    checks.push(if !root.has_certificate_logs() {
        Check::not_checked(
            CheckKind::CertificateLog,
            "the trust root names no log of certificates",
        )
    } else if logged(root, leaf, chain).is_some() {
        Check::passed(CheckKind::CertificateLog, "its issuing was logged")
    } else {
        Check::failed(
            CheckKind::CertificateLog,
            "no log of certificates of the trust root vouches for it",
        )
    });
    checks
}

/// Whether the certificate leads to an authority that was valid at `time`, as it has to be
/// itself.
fn leads(
    root: &TrustRoot,
    leaf: &[u8],
    chain: &[Vec<u8>],
    time: Timestamp,
) -> Result<(), (CheckKind, String)> {
    let trusted: Vec<CertificateDer<'_>> = root
        .authorities()
        .filter(|(_, window)| window.is_none_or(|window| window.contains(time)))
        .map(|(der, _)| CertificateDer::from(der))
        .collect();
    if trusted.is_empty() {
        let words = format!("no authority of the trust root was valid at {time}");
        return Err((CheckKind::Validity, words));
    }
    let anchors: Vec<TrustAnchor<'_>> = trusted
        .iter()
        .filter_map(|der| anchor_from_trusted_cert(der).ok())
        .collect();
    let between: Vec<_> = chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let certificate = |why: webpki::Error| match why {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            (CheckKind::Validity, format!("at the proven time: {why}"))
        }
        why => (
            CheckKind::Certificate,
            format!("it leads to no trusted root: {why}"),
        ),
    };
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(certificate)?;
    let seconds = u64::try_from(time.as_second()).unwrap_or_default();
    leaf.verify_for_usage(
        WEBPKI_VERIFICATION_ALGS,
        &anchors,
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        KeyUsage::required(CODE_SIGNING),
        None,
        None,
    )
    .map(|_| ())
    .map_err(certificate)
}

/// Whether a log of certificates signed for this one. Its issuer is one of those that could
/// be: a signature is over the issuer's key too.
fn logged(root: &TrustRoot, leaf: &[u8], chain: &[Vec<u8>]) -> Option<()> {
    let issued = Certificate::from_der(leaf).ok()?;
    let issuer = issued.tbs_certificate().issuer();
    let known = root.authorities().map(|(der, _)| der);
    let mut issuers = Vec::new();
    for der in known.chain(chain.iter().map(Vec::as_slice)) {
        let Ok(certificate) = Certificate::from_der(der) else {
            continue;
        };
        let tbs = certificate.tbs_certificate();
        if tbs.subject() == issuer {
            let key = tbs.subject_public_key_info().to_der().ok()?;
            issuers.push(crate::model::Digest::sha256(&key));
        }
    }
    let (tbs, timestamps) = without_timestamps(leaf)?;
    let keys = root.certificate_log_keys();
    let mut stamps = Stamps(timestamps.get(2..)?);
    while let Some(stamp) = stamps.next() {
        for issuer in &issuers {
            let message = stamp.message(&hex_bytes(issuer.hex()), &tbs);
            let mut keys = keys.iter().filter(|(key, window)| {
                hex_bytes(&key.fingerprint()) == stamp.log
                    && window.is_none_or(|window| window.contains(stamp.time()))
            });
            if keys.any(|(key, _): &(PublicKey, _)| key.verify(&message, stamp.signature).is_some())
            {
                return Some(());
            }
        }
    }
    None
}

/// A signed certificate timestamp.
struct Stamp<'a> {
    log: &'a [u8],
    timestamp: &'a [u8],
    /// With the two bytes of their length.
    extensions: &'a [u8],
    signature: &'a [u8],
}

/// Reads a list of timestamps, each with the two bytes of its length.
struct Stamps<'a>(&'a [u8]);

impl<'a> Stamps<'a> {
    fn next(&mut self) -> Option<Stamp<'a>> {
        let (one, rest) = sized(self.0)?;
        self.0 = rest;
        let (version, one) = one.split_first()?;
        if *version != 0 {
            return self.next();
        }
        let (log, one) = one.split_at_checked(32)?;
        let (timestamp, one) = one.split_at_checked(8)?;
        let (extensions, _) = sized(one)?;
        let (extensions, one) = one.split_at_checked(2 + extensions.len())?;
        // the key says which algorithm it is
        let (signature, _) = sized(one.get(2..)?)?;
        Some(Stamp {
            log,
            timestamp,
            extensions,
            signature,
        })
    }
}

impl Stamp<'_> {
    fn time(&self) -> Timestamp {
        let millis = self
            .timestamp
            .iter()
            .fold(0u64, |n, byte| n << 8 | u64::from(*byte));
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// What the log signed: an entry of the certificate before it had timestamps.
    fn message(&self, issuer_key: &[u8], tbs: &[u8]) -> Vec<u8> {
        let length = u32::try_from(tbs.len()).unwrap_or(u32::MAX).to_be_bytes();
        [
            &[0, 0],
            self.timestamp,
            &[0, 1],
            issuer_key,
            &length[1..],
            tbs,
            self.extensions,
        ]
        .concat()
    }
}

/// What has two bytes of length before it, and the rest.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    rest.split_at_checked(usize::from(length[0]) << 8 | usize::from(length[1]))
}

/// The part of a certificate that is signed, without the extension with timestamps; and
/// those, as a list with the two bytes of its length.
fn without_timestamps(certificate: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut whole = der::Reader::new(certificate)
        .expect(der::SEQUENCE)
        .ok()?
        .inside();
    let mut fields = whole.expect(der::SEQUENCE).ok()?.inside();
    let mut kept = Vec::new();
    let mut stamps = None;
    while !fields.is_empty() {
        let field = fields.element().ok()?;
        if field.tag != der::context(3) {
            kept.extend_from_slice(field.full);
            continue;
        }
        let mut extensions = field.inside().expect(der::SEQUENCE).ok()?.inside();
        let mut others = Vec::new();
        while !extensions.is_empty() {
            let extension = extensions.expect(der::SEQUENCE).ok()?;
            let mut inside = extension.inside();
            if inside.expect(der::OBJECT_IDENTIFIER).ok()?.content == TIMESTAMPS {
                let value = inside.expect(der::OCTET_STRING).ok()?;
                let list = value.inside().expect(der::OCTET_STRING).ok()?;
                stamps = Some(list.content.to_vec());
            } else {
                others.extend_from_slice(extension.full);
            }
        }
        let others = der::element(der::SEQUENCE, &others);
        kept.extend(der::element(der::context(3), &others));
    }
    Some((der::element(der::SEQUENCE, &kept), stamps?))
}
