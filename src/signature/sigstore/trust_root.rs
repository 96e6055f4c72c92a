//! Trust roots: which authorities, logs and timestamp authorities are believed.
//!
//! A root comes with the program, from a file, or by TUF, by the user's choice; never from
//! the image. Keys whose time is over stay: they count for old signatures.

use std::fmt;
use std::sync::{Arc, OnceLock};

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::crypto::Keyring;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::TimeRange;
use sigstore_verify::{Error, Verifier};

use crate::model::{Digest, limits};
use crate::signature::json as strict;

/// A trust root that was read and can be used.
#[derive(Clone)]
pub struct TrustRoot {
    inner: Arc<Inner>,
    source: Arc<str>,
}

struct Inner {
    verifier: Verifier,
    parsed: TrustedRoot,
    fingerprint: String,
}

/// Why a trust root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error("it has more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("it is not a trusted root: {0}")]
    Syntax(String),
    #[error("it cannot be used: {0}")]
    Unusable(#[from] Error),
}

impl TrustRoot {
    /// Sigstore's public good instance, as it was when this program was built.
    ///
    /// # Errors
    /// Never in a program that passed its tests.
    pub fn embedded() -> Result<Self, RootError> {
        // each verification asks for it
        static READ: OnceLock<TrustRoot> = OnceLock::new();
        if let Some(read) = READ.get() {
            return Ok(read.clone());
        }
        let read = Self::read(
            SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes(),
            "Sigstore public good, as built in",
        )?;
        Ok(READ.get_or_init(|| read).clone())
    }

    /// Reads a `trusted_root.json` (`application/vnd.dev.sigstore.trustedroot+json`).
    ///
    /// # Errors
    /// Where it is too long, says something twice, or names keys that cannot be used.
    pub fn read(bytes: &[u8], source: &str) -> Result<Self, RootError> {
        if bytes.len() as u64 > limits::TRUST_FILE_BYTES {
            return Err(RootError::TooLong {
                limit: limits::TRUST_FILE_BYTES,
            });
        }
        let value = strict::read(bytes).map_err(|e| RootError::Syntax(e.to_string()))?;
        let parsed = TrustedRoot::from_json(&value.to_string())
            .map_err(|error| RootError::Syntax(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                verifier: Verifier::new(&parsed)?,
                parsed,
                fingerprint: Digest::sha256(bytes).hex().to_owned(),
            }),
            source: source.into(),
        })
    }

    /// A root of single pieces in PEM: authorities (each a chain, the issuer of leaves
    /// first), keys of logs of signatures, of logs of certificates, and chains of timestamp
    /// authorities.
    ///
    /// # Errors
    /// As [`TrustRoot::read`].
    pub fn of_parts(
        authorities: &[&str],
        logs: &[&str],
        certificate_logs: &[&str],
        timestamps: &[&str],
    ) -> Result<Self, RootError> {
        let chain = |pem: &&str| {
            let certificates = super::certificates(pem)
                .ok_or_else(|| RootError::Syntax("no certificate in PEM".to_owned()))?;
            let list: Vec<_> = certificates
                .iter()
                .map(|der| json!({"rawBytes": STANDARD.encode(der)}))
                .collect();
            Ok(json!({"uri": "", "certChain": {"certificates": list}}))
        };
        let log = |pem: &&str| {
            let key = super::PublicKey::from_pem(pem.as_bytes())
                .map_err(|error| RootError::Syntax(error.to_string()))?;
            let id = hex_bytes(&key.fingerprint());
            Ok(json!({
                "baseUrl": "", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": STANDARD.encode(key.der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256"},
                "logId": {"keyId": STANDARD.encode(id)},
            }))
        };
        let all = |list: &[&str], make: &dyn Fn(&&str) -> Result<Value, RootError>| {
            list.iter().map(make).collect::<Result<Vec<_>, _>>()
        };
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": all(logs, &log)?,
            "certificateAuthorities": all(authorities, &chain)?,
            "ctlogs": all(certificate_logs, &log)?,
            "timestampAuthorities": all(timestamps, &chain)?,
        });
        Self::read(root.to_string().as_bytes(), "single keys and certificates")
    }

    /// The same, said to come from somewhere else.
    #[must_use]
    pub fn from_source(&self, source: &str) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            source: source.into(),
        }
    }

    pub(super) fn parsed(&self) -> &TrustedRoot {
        &self.inner.parsed
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.inner.verifier
    }

    /// The keys of its logs of signatures.
    pub(super) fn log_keys(&self) -> Result<Keyring, String> {
        self.inner
            .parsed
            .rekor_keys()
            .map_err(|error| error.to_string())
    }

    /// The certificates of its authorities, DER, each with the time it is valid for.
    pub(super) fn authorities(&self) -> impl Iterator<Item = (&[u8], Option<TimeRange>)> {
        let authorities = self.inner.parsed.certificate_authorities.iter();
        authorities.flat_map(|authority| {
            let certificates = authority.cert_chain.certificates.iter();
            certificates.map(|one| (one.raw_bytes.as_bytes(), authority.valid_for))
        })
    }

    /// Whether it names a log of certificates.
    pub(super) fn has_certificate_logs(&self) -> bool {
        !self.inner.parsed.ctlogs.is_empty()
    }

    /// Where it came from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// SHA-256 of what was read, in hex.
    pub fn fingerprint(&self) -> &str {
        &self.inner.fingerprint
    }

    /// What it names, each with the time it is valid for, in words.
    pub fn describe(&self) -> Vec<String> {
        let root = &self.inner.parsed;
        let window = |range: &Option<sigstore_verify::trust_root::TimeRange>| match range {
            None => String::new(),
            Some(range) => match range.end {
                Some(end) => format!(", {} to {end}", range.start),
                None => format!(", since {}", range.start),
            },
        };
        let authorities = root.certificate_authorities.iter();
        let authorities = authorities.map(|ca| {
            let name = ca.subject.common_name.as_deref().unwrap_or(&ca.uri);
            format!("certificate authority {name}{}", window(&ca.valid_for))
        });
        let logs = root.tlogs.iter().map(|log| {
            format!(
                "transparency log {}{}",
                log.base_url,
                window(&log.public_key.valid_for)
            )
        });
        let ct = root.ctlogs.iter().map(|log| {
            format!(
                "certificate log {}{}",
                log.base_url,
                window(&log.public_key.valid_for)
            )
        });
        let tsa = root.timestamp_authorities.iter().map(|tsa| {
            let name = tsa.subject.common_name.as_deref().unwrap_or("");
            format!("timestamp authority {name}{}", window(&tsa.valid_for))
        });
        authorities.chain(logs).chain(ct).chain(tsa).collect()
    }
}

pub(in crate::signature) fn hex_bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoot({})", self.source)
    }
}

impl PartialEq for TrustRoot {
    fn eq(&self, other: &Self) -> bool {
        self.inner.fingerprint == other.inner.fingerprint
    }
}
