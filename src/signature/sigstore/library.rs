//! The one door to `sigstore-verify`: bundles in, checks out.
//!
//! It stops at the first thing that is wrong. So what it did not come to is "not checked",
//! and what it passed on the way there is not claimed.

use serde_json::Value;
use sigstore_verify::types::{Artifact, ArtifactDigest, Bundle, HashAlgorithm};
use sigstore_verify::{
    CertificateError, Error, TimestampError, TransparencyLogError, VerificationPolicy,
    VerificationResult,
};

use crate::model::limits;
use crate::signature::{Check, CheckKind, Outcome, ProvenTime, TimeSource};

use super::TrustRoot;

/// Everything that certificates, logs and timestamps can be checked for.
const ALL: [CheckKind; 7] = [
    CheckKind::Certificate,
    CheckKind::CertificateLog,
    CheckKind::LogPromise,
    CheckKind::LogInclusion,
    CheckKind::LogEntry,
    CheckKind::Timestamp,
    CheckKind::Validity,
];

/// How signatures are made that it verifies.
const SCHEMES: [&str; 6] = [
    "ECDSA P-256 with SHA-256",
    "RSA PKCS #1 v1.5 with SHA-256",
    "Ed25519",
    // as the library itself calls them
    "ECDSA_P256_SHA256",
    "ECDSA_P384_SHA384",
    "RSA_PKCS1_SHA256",
];

/// What is verified.
pub(super) enum Signed<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// The digest of the image: algorithm and bytes.
    Digest(HashAlgorithm, Vec<u8>),
}

/// What came of it.
pub(super) struct Proof {
    pub checks: Vec<Check>,
    pub times: Vec<ProvenTime>,
    pub details: Vec<(String, String)>,
    pub passed: bool,
}

impl Signed<'_> {
    fn artifact(&self) -> Result<Artifact<'_>, Check> {
        match self {
            Self::Bytes(bytes) => Ok(Artifact::Blob(bytes)),
            Self::Digest(algorithm, bytes) => ArtifactDigest::new(*algorithm, bytes.clone())
                .map(Artifact::Digest)
                .map_err(|error| Check::failed(CheckKind::Subject, error.to_string())),
        }
    }
}

/// Reads a bundle that was read strictly before.
pub(super) fn read(value: &Value) -> Result<Bundle, Check> {
    let entries = |pointer: &str| {
        let list = value.pointer(pointer).and_then(Value::as_array);
        list.map_or(0, Vec::len)
    };
    let count = entries("/verificationMaterial/tlogEntries")
        + entries("/verificationMaterial/timestampVerificationData/rfc3161Timestamps")
        + entries("/verificationMaterial/x509CertificateChain/certificates");
    if count > limits::BUNDLE_ENTRIES {
        return Err(Check::failed(
            CheckKind::Form,
            format!("it carries more than {} entries", limits::BUNDLE_ENTRIES),
        ));
    }
    Bundle::from_json(&value.to_string()).map_err(|error| {
        Check::failed(CheckKind::Form, format!("the bundle is not valid: {error}"))
    })
}

/// Verifies what is signed with a certificate of an authority of `root`. Whose it is does
/// not matter here.
pub(super) fn by_certificate(
    root: &TrustRoot,
    bundle: &Bundle,
    signed: &Signed<'_>,
    log: bool,
) -> Proof {
    let mut policy = VerificationPolicy::any_identity();
    if !root.has_certificate_logs() {
        policy = policy.skip_sct();
    }
    let entries = !bundle.verification_material.tlog_entries.is_empty();
    if !log && !entries {
        policy = policy.skip_tlog_unsafe();
    }
    let artifact = match signed.artifact() {
        Ok(artifact) => artifact,
        Err(check) => return Proof::failed(check, true),
    };
    match root.verifier().verify(artifact, bundle, &policy) {
        Ok(result) => Proof::passed(bundle, &result, true),
        Err(error) => Proof::failed(check_of(&error), true),
    }
}

/// Whether the library judges such a bundle: how its log entries are written, and how its
/// signature was made (`scheme`, as [`super::PublicKey::verify`] names it).
pub(super) fn knows(value: &Value, scheme: &str) -> bool {
    let text = |value: &Value, pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let entries = value.pointer("/verificationMaterial/tlogEntries");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    let envelope = value.get("dsseEnvelope");
    let of_known_kinds = entries
        .into_iter()
        .take(limits::BUNDLE_ENTRIES + 1)
        .all(|entry| {
            let kind = text(entry, "/kindVersion/kind");
            match (kind.as_str(), text(entry, "/kindVersion/version").as_str()) {
                ("hashedrekord", "0.0.1") => envelope.is_none(),
                ("hashedrekord", "0.0.2") | ("intoto", "0.0.2") => true,
                ("dsse", "0.0.1") => {
                    let body = super::base64(&text(entry, "/canonicalizedBody"));
                    let body = body.and_then(|body| crate::signature::json::read(&body).ok());
                    body.is_some_and(|body| {
                        let signatures = body.pointer("/spec/signatures").and_then(Value::as_array);
                        signatures.is_some_and(|signatures| signatures.len() == 1)
                    })
                }
                _ => false,
            }
        });
    let alone = envelope.is_none_or(|envelope| {
        let signatures = envelope.get("signatures").and_then(Value::as_array);
        let plain = |text: &str| super::base64(text).is_some();
        let payload = envelope.get("payload").and_then(Value::as_str);
        payload.is_some_and(plain)
            && signatures.is_some_and(|signatures| {
                let sig = signatures.first().and_then(|one| one.get("sig"));
                signatures.len() == 1 && sig.and_then(Value::as_str).is_some_and(plain)
            })
    });
    of_known_kinds && alone && SCHEMES.contains(&scheme)
}

impl Proof {
    /// With what is told of the log entries, where they are proven.
    pub fn with_entries(mut self, bundle: &Value) -> Self {
        if self.passed {
            let entries = super::log::entries(bundle).unwrap_or_default();
            let details = entries.iter().flat_map(super::entry::Entry::details);
            self.details.extend(details);
            let indexes = entries.iter().map(|entry| entry.proven_index().to_string());
            let indexes: Vec<_> = indexes.collect();
            let inclusion = self
                .checks
                .iter_mut()
                .find(|check| check.kind == CheckKind::LogInclusion && !check.is_failed());
            if let Some(check) = inclusion.filter(|check| check.outcome == Outcome::Passed) {
                check.detail = format!("entry {}, {}", indexes.join(", "), check.detail);
            }
        }
        self
    }

    fn failed(check: Check, certificate: bool) -> Self {
        let others = ALL.iter().filter(|kind| **kind != check.kind);
        let others = others.filter(|kind| certificate || !is_of_certificates(**kind));
        let mut checks: Vec<_> = others
            .map(|kind| Check::not_checked(*kind, "another check failed before"))
            .collect();
        checks.push(check);
        Self {
            checks,
            times: Vec::new(),
            details: Vec::new(),
            passed: false,
        }
    }

    fn passed(bundle: &Bundle, result: &VerificationResult, certificate: bool) -> Self {
        let material = &bundle.verification_material;
        let entries = &material.tlog_entries;
        let stamps = material
            .timestamp_verification_data
            .rfc3161_timestamps
            .len();
        let mut checks = Vec::new();
        let mut details = Vec::new();
        if result.certificate().is_some() {
            checks.push(Check::passed(
                CheckKind::Certificate,
                "leads to an authority of the trust root",
            ));
            checks.push(if result.sct_verified() {
                Check::passed(CheckKind::CertificateLog, "its issuing was logged")
            } else {
                Check::not_checked(
                    CheckKind::CertificateLog,
                    "the trust root names no log of certificates",
                )
            });
        }
        if let Some(certificate) = bundle.signing_certificate() {
            details.extend(super::certificate_details(certificate.as_bytes()));
        }
        let promised = entries
            .iter()
            .any(|entry| entry.inclusion_promise.is_some());
        let proven = !entries.is_empty() && entries.iter().all(|e| e.inclusion_proof.is_some());
        checks.push(if promised {
            Check::passed(CheckKind::LogPromise, "signed by the log")
        } else {
            Check::not_checked(CheckKind::LogPromise, "there is none")
        });
        checks.push(if proven && result.tlog_verified() {
            // which entry it is, is told with the entries
            Check::passed(CheckKind::LogInclusion, "inclusion and checkpoint proven")
        } else if promised {
            Check::not_checked(CheckKind::LogInclusion, "only promised: there is no proof")
        } else {
            Check::not_checked(CheckKind::LogInclusion, "there is no log entry")
        });
        if entries.is_empty() {
            checks.push(Check::not_checked(CheckKind::LogEntry, "there is none"));
        } else {
            checks.push(Check::passed(
                CheckKind::LogEntry,
                "bound to this signature, this key and these bytes",
            ));
        }
        checks.push(if stamps > 0 {
            Check::passed(CheckKind::Timestamp, "countersigned by a trusted authority")
        } else {
            Check::not_checked(CheckKind::Timestamp, "there is none")
        });
        let integrated = result.integrated_time();
        let mut times: Vec<_> = result
            .verified_timestamps()
            .iter()
            .map(|time| ProvenTime {
                time: time.to_string(),
                by: if integrated == Some(*time) || stamps == 0 {
                    TimeSource::TransparencyLog
                } else {
                    TimeSource::TimestampAuthority
                },
            })
            .collect();
        times.sort_by(|one, other| one.time.cmp(&other.time));
        if certificate {
            let at: Vec<_> = times.iter().map(|time| time.time.as_str()).collect();
            checks.push(Check::passed(
                CheckKind::Validity,
                format!("valid at the proven time, {}", at.join(" and ")),
            ));
        }
        Self {
            checks,
            times,
            details,
            passed: true,
        }
    }
}

const fn is_of_certificates(kind: CheckKind) -> bool {
    matches!(
        kind,
        CheckKind::Certificate | CheckKind::CertificateLog | CheckKind::Validity
    )
}

/// Which check an error of the library is.
fn check_of(error: &Error) -> Check {
    use sigstore_verify::bundle::Error as Shape;
    let kind = match error {
        Error::SignatureInvalid(_) => CheckKind::Signature,
        Error::ArtifactMismatch(what) if what.contains("entry") => CheckKind::LogEntry,
        Error::ArtifactMismatch(_) => CheckKind::Subject,
        Error::Certificate(certificate) => match certificate {
            CertificateError::Sct(_) => CheckKind::CertificateLog,
            CertificateError::NotYetValid { .. }
            | CertificateError::Expired { .. }
            | CertificateError::NoValidAuthority { .. } => CheckKind::Validity,
            _ => CheckKind::Certificate,
        },
        Error::TransparencyLog(log) => match log {
            TransparencyLogError::InclusionPromise(_) => CheckKind::LogPromise,
            TransparencyLogError::EntryMismatch(_) | TransparencyLogError::MalformedEntry(_) => {
                CheckKind::LogEntry
            }
            TransparencyLogError::IntegratedTime(_) => CheckKind::Validity,
            _ => CheckKind::LogInclusion,
        },
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => CheckKind::Validity,
        Error::Timestamp(_) => CheckKind::Timestamp,
        Error::Bundle(shape) => match shape {
            Shape::MissingInclusionPromise(_) => CheckKind::LogPromise,
            Shape::MissingInclusionProof(_)
            | Shape::MissingSigningTimeEvidence
            | Shape::MissingCheckpoint
            | Shape::LogIndexOutOfRange { .. }
            | Shape::CheckpointRootMismatch => CheckKind::LogInclusion,
            Shape::MissingTimestamp => CheckKind::Timestamp,
            _ => CheckKind::Form,
        },
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            CheckKind::Certificate
        }
        _ => CheckKind::Form,
    };
    Check::failed(kind, error.to_string())
}
