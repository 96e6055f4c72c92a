//! Certificates of somebody's own authorities, as cosign takes by `--ca-roots` and
//! containers/image by `pki`.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use sigstore_verify::crypto::WEBPKI_VERIFICATION_ALGS;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Pattern;

/// Code signing (RFC 5280, section 4.2.1.12): 1.3.6.1.5.5.7.3.3 as DER writes it.
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

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
        let roots: Vec<CertificateDer<'_>> = self
            .roots
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let anchors: Result<Vec<TrustAnchor<'_>>, _> =
            roots.iter().map(anchor_from_trusted_cert).collect();
        let anchors = anchors.map_err(|error| format!("a root cannot be used: {error}"))?;
        let between: Vec<CertificateDer<'_>> = self
            .intermediates
            .iter()
            .chain(chain)
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let leaf = CertificateDer::from(leaf);
        let leaf = EndEntityCert::try_from(&leaf)
            .map_err(|error| format!("the certificate cannot be read: {error}"))?;
        leaf.verify_for_usage(
            WEBPKI_VERIFICATION_ALGS,
            &anchors,
            &between,
            UnixTime::since_unix_epoch(Duration::from_secs(time)),
            KeyUsage::required_if_present(CODE_SIGNING),
            None,
            None,
        )
        .map(|_| ())
        .map_err(|error| error.to_string())
    }
}
