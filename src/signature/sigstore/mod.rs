//! Sigstore and cosign: keys, legacy signatures and attestations, bundles.
//!
//! Certificates with their logs and timestamps are judged by `sigstore-verify`, and only in
//! [`library`]; what it does not do (keys, own authorities, identities by pattern, what a
//! statement is about, older kinds of log entries, other curves) is done here.

mod certificate;
mod dsse;
mod entry;
mod facts;
mod fulcio;
mod identity;
mod issued;
mod key;
mod legacy;
mod library;
mod log;
mod parts;
mod pki;
mod statement;
mod trust_root;
mod verify;

pub use facts::{Details, certificate_details};
pub use identity::{IdentityRule, Pattern, PatternError};
pub use issued::{Issued, IssuedError, IssuedFor};
pub use key::{KeyError, PublicKey};
pub use pki::Authorities;
pub(super) use trust_root::hex_bytes;
pub use trust_root::{RootError, TrustRoot};
pub use verify::verify;

/// Sigstore's public instance: where its TUF repository is, and the root that trust in that
/// begins with.
pub const PUBLIC_GOOD: sigstore_verify::trust_root::SigstoreInstance =
    sigstore_verify::trust_root::SigstoreInstance::PublicGood;

/// What cosign states when it signs an image.
pub const SIGNING_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What a bundle calls the key that it was signed with: the hash of its public half.
pub fn key_hint(key: &PublicKey) -> String {
    use ::base64::Engine as _;
    let hash = trust_root::hex_bytes(&key.fingerprint());
    ::base64::engine::general_purpose::STANDARD.encode(hash)
}

/// The fingerprint of the key that a bundle calls `hint`, as keys are shown: `SHA256:` and hex.
/// Nothing where that is no hash, as others may write it.
pub fn fingerprint_of_hint(hint: &str) -> Option<String> {
    let hash = <[u8; 32]>::try_from(base64(hint)?).ok()?;
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("SHA256:{hex}"))
}

/// The one name and the issuer of a certificate, DER, by its own word; nothing where it does
/// not say both.
pub fn named(leaf: &[u8]) -> Option<(String, String)> {
    let info = sigstore_verify::crypto::parse_certificate_info(
        &sigstore_verify::types::DerCertificate::from_bytes(leaf),
    );
    let issuer = info.ok()?.issuer?;
    match identity::identities(leaf)?.as_slice() {
        [one] => Some((one.clone(), issuer)),
        _ => None,
    }
}

/// What stands in the log entries of a bundle, or of cosign's annotation `entry`, for
/// people. Nothing of it is checked.
pub fn entry_details(bundle: Option<&serde_json::Value>, entry: Option<&str>) -> Details {
    let entries = match bundle {
        Some(bundle) => log::entries(bundle).unwrap_or_default(),
        None => Vec::new(),
    };
    let own = entry.and_then(legacy::entry_of);
    let own = own.as_ref().and_then(entry::Entry::read);
    let entries = entries.iter().chain(&own);
    entries.flat_map(entry::Entry::details).collect()
}

/// Base64 as found in annotations and PEM: white space between is nothing.
fn base64(text: &str) -> Option<Vec<u8>> {
    use ::base64::Engine as _;
    let text: String = text.split_ascii_whitespace().collect();
    ::base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()
}

/// A certificate in base64, as DER; nothing where it is longer than what is read
/// ([`crate::model::limits::CERTIFICATE_BYTES`]).
fn certificate(text: &str) -> Option<Vec<u8>> {
    base64(text).filter(|der| der.len() <= crate::model::limits::CERTIFICATE_BYTES)
}

/// The certificates of a PEM text, DER, in their order. Nothing where one cannot be read,
/// there is none, or they are more or longer than what is read
/// ([`crate::model::limits::CHAIN_LENGTH`], [`crate::model::limits::CERTIFICATE_BYTES`]).
pub(super) fn certificates(pem: &str) -> Option<Vec<Vec<u8>>> {
    use crate::model::limits;
    let mut found = Vec::new();
    for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, _) = block.split_once("-----END CERTIFICATE-----")?;
        if found.len() >= limits::CHAIN_LENGTH {
            return None;
        }
        found.push(certificate(body)?);
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;

    #[test]
    fn certificates_are_read_up_to_a_length() {
        let limit = crate::model::limits::CERTIFICATE_BYTES;
        for (length, read) in [(limit, true), (limit + 1, false)] {
            let text = STANDARD.encode(vec![0x30; length]);
            assert_eq!(certificate(&text).is_some(), read, "{length}");
            let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
            assert_eq!(certificates(&pem).is_some(), read, "{length}");
        }
    }

    #[test]
    fn a_hint_is_the_fingerprint_that_keys_are_shown_by() {
        let bytes: Vec<u8> = (100..132).collect();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hint = STANDARD.encode(&bytes);
        assert_eq!(fingerprint_of_hint(&hint), Some(format!("SHA256:{hex}")));
        for other in ["", "release-2026", "bOFEVw=="] {
            assert_eq!(fingerprint_of_hint(other), None, "{other}");
        }
    }
}
