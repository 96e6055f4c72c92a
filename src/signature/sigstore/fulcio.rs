//! Certificates of a trust root's authorities, at the times that are proven, and their
//! entries in logs of certificates.

use jiff::Timestamp;
use webpki::KeyUsage;

use crate::signature::x509::Certificate;
use crate::signature::{Check, CheckKind};

use super::TrustRoot;
use super::pki::{self, CODE_SIGNING};

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
    checks.push(if root.has_certificate_logs() {
        match logged(root, leaf, chain) {
            Ok(()) => Check::passed(CheckKind::CertificateLog, "its issuing was logged"),
            Err(why) => Check::failed(CheckKind::CertificateLog, why),
        }
    } else {
        Check::not_checked(
            CheckKind::CertificateLog,
            "the trust root names no log of certificates",
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
    let trusted: Vec<&[u8]> = root
        .authorities()
        .filter(|(_, window)| window.is_none_or(|window| window.contains(time)))
        .map(|(der, _)| der)
        .collect();
    if trusted.is_empty() {
        let words = format!("no authority of the trust root was valid at {time}");
        return Err((CheckKind::Validity, words));
    }
    let between: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let seconds = u64::try_from(time.as_second()).unwrap_or_default();
    let usage = KeyUsage::required(CODE_SIGNING);
    pki::leads(leaf, &trusted, &between, seconds, usage).map_err(|why| match why {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            (CheckKind::Validity, format!("at the proven time: {why}"))
        }
        why => {
            let words = format!("it leads to no trusted root: {why}");
            (CheckKind::Certificate, words)
        }
    })
}

/// Whether a log of certificates signed for this one.
fn logged(root: &TrustRoot, leaf: &[u8], chain: &[Vec<u8>]) -> Result<(), String> {
    let certificate = Certificate::from_der(leaf).map_err(|error| error.to_string())?;
    let known = root.authorities().map(|(der, _)| der);
    let above: Vec<_> = known
        .chain(chain.iter().map(Vec::as_slice))
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    root.check_logged(leaf, &certificate, &above)
        .map_err(|error| error.to_string())
}
