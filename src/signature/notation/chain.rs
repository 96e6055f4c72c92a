//! The rules for certificate chains (signature-specification.md, "Certificate
//! Requirements"): whole, in order, ending in a root that signed itself, each with the
//! rights for what it does. Extensions that are not named there are left aside.

use x509_cert::ext::pkix::KeyUsage;
use x509_cert::spki::ObjectIdentifier;

use super::envelope::Algorithm;
use crate::signature::x509::{Certificate, certificate_algorithm};

/// What the leaf signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Artifacts.
    CodeSigning,
    /// Times (RFC 3161, section 2.3).
    TimeStamping,
}

/// A rule that a chain breaks. `name` is the certificate's subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("the chain has no certificate")]
    Empty,
    #[error("{name}: it did not sign itself, and the chain ends with it")]
    NotSelfSigned { name: String },
    #[error("{name}: it signed itself, and the chain goes on behind it")]
    SelfSignedInside { name: String },
    #[error("{name}: it was not issued by {issuer}, which follows it")]
    NotIssued { name: String, issuer: String },
    #[error("{name}: its signature algorithm {algorithm} is not accepted")]
    Algorithm { name: String, algorithm: String },
    #[error("{name}: a key of the kind {key} is not accepted")]
    Key { name: String, key: String },
    #[error(
        "{name}: it issues certificates, and its basic constraints are not critical with CA true"
    )]
    NotAuthority { name: String },
    #[error("{name}: it may have {limit} authorities below it and has {found}")]
    PathLength {
        name: String,
        limit: u8,
        found: usize,
    },
    #[error("{name}: it signs artifacts or times, and its basic constraints make it an authority")]
    LeafAuthority { name: String },
    #[error("{name}: its key usage is missing or not critical")]
    KeyUsage { name: String },
    #[error("{name}: its key usage does not have {wanted}")]
    KeyUsageLacks { name: String, wanted: &'static str },
    #[error("{name}: its key usage allows more than digital signatures")]
    KeyUsageMore { name: String },
    #[error("{name}: its extended key usage {usage} is not allowed")]
    ExtendedKeyUsage { name: String, usage: String },
    #[error("{name}: its extended key usage is not critical and time stamping alone")]
    NotTimeStamping { name: String },
}

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// Extended key usages that a signer of artifacts must not have: any, server, client,
/// e-mail, time stamping, OCSP.
const EXCLUDED: [&str; 6] = [
    "2.5.29.37.0",
    "1.3.6.1.5.5.7.3.1",
    "1.3.6.1.5.5.7.3.2",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
];

/// Checks a chain from the leaf to the root. Times are not looked at here.
///
/// # Errors
///
/// The first rule that is broken, from the leaf upwards.
pub fn check_chain(chain: &[Certificate], purpose: Purpose) -> Result<(), ChainError> {
    let (leaf, authorities) = chain.split_first().ok_or(ChainError::Empty)?;
    for certificate in chain {
        if certificate_algorithm(certificate.signature_algorithm()).is_none() {
            return Err(ChainError::Algorithm {
                name: certificate.subject.to_string(),
                algorithm: certificate.signature_algorithm().to_string(),
            });
        }
    }
    if authorities.is_empty() && purpose == Purpose::TimeStamping {
        let name = leaf.subject.to_string();
        return Err(ChainError::NotAuthority { name });
    }
    for pair in chain.windows(2) {
        let [certificate, issuer] = pair else {
            continue;
        };
        if certificate.is_self_signed() {
            let name = certificate.subject.to_string();
            return Err(ChainError::SelfSignedInside { name });
        }
        if !certificate.is_issued_by(issuer) {
            return Err(ChainError::NotIssued {
                name: certificate.subject.to_string(),
                issuer: issuer.subject.to_string(),
            });
        }
    }
    let root = chain.last().ok_or(ChainError::Empty)?;
    if !root.is_self_signed() {
        let name = root.subject.to_string();
        return Err(ChainError::NotSelfSigned { name });
    }
    check_leaf(leaf, purpose)?;
    for (below, authority) in authorities.iter().enumerate() {
        check_authority(authority, below)?;
    }
    Ok(())
}

fn check_leaf(leaf: &Certificate, purpose: Purpose) -> Result<(), ChainError> {
    let name = || leaf.subject.to_string();
    if leaf.is_authority() {
        return Err(ChainError::LeafAuthority { name: name() });
    }
    let usage = key_usage(leaf)?;
    if !usage.digital_signature() {
        return Err(ChainError::KeyUsageLacks {
            name: name(),
            wanted: "digitalSignature",
        });
    }
    let more = [
        usage.key_encipherment(),
        usage.data_encipherment(),
        usage.key_agreement(),
        usage.key_cert_sign(),
        usage.crl_sign(),
        usage.encipher_only(),
        usage.decipher_only(),
    ];
    if more.contains(&true) {
        return Err(ChainError::KeyUsageMore { name: name() });
    }
    let extended = leaf.extended_key_usage.as_ref();
    match purpose {
        Purpose::CodeSigning => {
            let usages = extended.map_or(&[][..], |usage| usage.value.0.as_slice());
            let excluded = usages
                .iter()
                .find(|usage| EXCLUDED.contains(&usage.to_string().as_str()));
            if let Some(usage) = excluded {
                return Err(ChainError::ExtendedKeyUsage {
                    name: name(),
                    usage: usage.to_string(),
                });
            }
        }
        Purpose::TimeStamping => {
            let is_exact =
                extended.is_some_and(|usage| usage.critical && usage.value.0 == [TIME_STAMPING]);
            if !is_exact {
                return Err(ChainError::NotTimeStamping { name: name() });
            }
        }
    }
    let accepted = match purpose {
        Purpose::CodeSigning => Algorithm::of(leaf.key.kind()).is_some(),
        // sizes below 2048 bits are no keys here at all
        Purpose::TimeStamping => true,
    };
    if !accepted {
        return Err(ChainError::Key {
            name: name(),
            key: leaf.key.kind().to_string(),
        });
    }
    Ok(())
}

/// `below` counts the authorities between this one and the leaf.
fn check_authority(authority: &Certificate, below: usize) -> Result<(), ChainError> {
    let name = || authority.subject.to_string();
    let constraints = authority.basic_constraints.as_ref();
    let constraints = constraints
        .filter(|constraints| constraints.critical && constraints.value.ca)
        .ok_or_else(|| ChainError::NotAuthority { name: name() })?;
    if let Some(limit) = constraints.value.path_len_constraint
        && usize::from(limit) < below
    {
        return Err(ChainError::PathLength {
            name: name(),
            limit,
            found: below,
        });
    }
    if !key_usage(authority)?.key_cert_sign() {
        return Err(ChainError::KeyUsageLacks {
            name: name(),
            wanted: "keyCertSign",
        });
    }
    Ok(())
}

fn key_usage(certificate: &Certificate) -> Result<&KeyUsage, ChainError> {
    let usage = certificate
        .key_usage
        .as_ref()
        .filter(|usage| usage.critical);
    usage
        .map(|usage| &usage.value)
        .ok_or_else(|| ChainError::KeyUsage {
            name: certificate.subject.to_string(),
        })
}
