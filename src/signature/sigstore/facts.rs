//! What stands in a certificate, for people: read, never believed by that.

use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info};
use sigstore_verify::types::DerCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::identity;

/// Names and values, in the order in which they are shown.
pub type Details = Vec<(String, String)>;

/// Who it is for, who issued it, until when, and what Fulcio wrote into it about a build.
/// Nothing where it cannot be read.
pub fn certificate_details(der: &[u8]) -> Details {
    let Ok(info) = parse_certificate_info(&DerCertificate::from_bytes(der)) else {
        return Vec::new();
    };
    let mut details = Details::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            details.push((name.to_owned(), value));
        }
    };
    let names = identity::identities(der).unwrap_or_default();
    add("Certificate subject", names.join(", "));
    add("Identity issuer", info.issuer.clone().unwrap_or_default());
    if let Ok(certificate) = Certificate::from_der(der) {
        let tbs = certificate.tbs_certificate();
        add("Certificate issuer", tbs.issuer().to_string());
        add("Certificate serial", tbs.serial_number().to_string());
    }
    add("Certificate valid from", info.not_before.to_string());
    add("Certificate valid until", info.not_after.to_string());
    details.extend(claims(&info));
    details
}

/// What Fulcio wrote about the build (Fulcio, `oid-info.md`).
fn claims(info: &CertificateInfo) -> impl Iterator<Item = (String, String)> {
    let claims = &info.ci_claims;
    let pairs = [
        ("Build", &claims.build_signer_uri),
        ("Build digest", &claims.build_signer_digest),
        ("Build configuration", &claims.build_config_uri),
        ("Runner", &claims.runner_environment),
        ("Source", &claims.source_repository_uri),
        ("Commit", &claims.source_repository_digest),
        ("Ref", &claims.source_repository_ref),
        ("Owner", &claims.source_repository_owner_uri),
        ("Trigger", &claims.build_trigger),
        ("Run", &claims.run_invocation_uri),
    ];
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
}
