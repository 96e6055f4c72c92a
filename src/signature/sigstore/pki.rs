//! Certificates of somebody's own authorities, as cosign takes by `--ca-roots` and
//! containers/image by `pki`.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use sigstore_verify::crypto::WEBPKI_VERIFICATION_ALGS;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Pattern;

/// Code signing (RFC 5280, section 4.2.1.12): 1.3.6.1.5.5.7.3.3 as DER writes it.
pub(super) const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

/// Authorities that are trusted, and who may have a certificate of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorities {
    /// DER.
    pub roots: Vec<Vec<u8>>,
    /// DER; those that come with a signature are used too.
    pub intermediates: Vec<Vec<u8>>,
    /// The name in the certificate; nothing for anybody whom the authorities know.
    pub identity: Option<Pattern>,
    /// The host that the certificate has to be for too (RFC 6125: `*` stands for a label).
    pub host: Option<String>,
}

impl Authorities {
    /// Reads roots and intermediates in PEM. Nothing where there is no root.
    pub fn from_pem(roots: &str, intermediates: &str, identity: Option<Pattern>) -> Option<Self> {
        Some(Self {
            roots: super::certificates(roots)?,
            intermediates: super::certificates(intermediates).unwrap_or_default(),
            identity,
            host: None,
        })
    }

    /// Whether `leaf` is a certificate for the host that is asked for, where one is.
    pub(super) fn is_for_host(&self, leaf: &[u8]) -> bool {
        let Some(host) = &self.host else {
            return true;
        };
        let leaf = CertificateDer::from(leaf);
        let (Ok(leaf), Ok(name)) = (
            EndEntityCert::try_from(&leaf),
            ServerName::try_from(host.as_str()),
        ) else {
            return false;
        };
        leaf.verify_is_valid_for_subject_name(&name).is_ok()
    }

    /// Whether `leaf` leads to a root at `time` (seconds since 1970) and may sign code.
    pub(super) fn check(&self, leaf: &[u8], chain: &[Vec<u8>], time: u64) -> Result<(), String> {
        let roots: Vec<&[u8]> = self.roots.iter().map(Vec::as_slice).collect();
        let between = self.intermediates.iter().chain(chain);
        let between: Vec<&[u8]> = between.map(Vec::as_slice).collect();
        let usage = KeyUsage::required_if_present(CODE_SIGNING);
        leads(leaf, &roots, &between, time, usage).map_err(|error| error.to_string())
    }
}

/// Whether `leaf` leads to one of `roots` by way of those `between`, all of them DER and
/// valid at `time` (seconds since 1970). Roots that cannot be used stand for nobody.
pub(super) fn leads(
    leaf: &[u8],
    roots: &[&[u8]],
    between: &[&[u8]],
    time: u64,
    usage: KeyUsage,
) -> Result<(), webpki::Error> {
    let certificates = |all: &[&[u8]]| -> Vec<CertificateDer<'static>> {
        let owned = all.iter().map(|der| CertificateDer::from(der.to_vec()));
        owned.collect()
    };
    let (roots, between) = (certificates(roots), certificates(between));
    let anchors: Vec<TrustAnchor<'_>> = roots
        .iter()
        .filter_map(|root| anchor_from_trusted_cert(root).ok())
        .collect();
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf)?;
    leaf.verify_for_usage(
        WEBPKI_VERIFICATION_ALGS,
        &anchors,
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(time)),
        usage,
        None,
        None,
    )
    .map(|_| ())
}
