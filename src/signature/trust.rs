//! Whom to believe, as plain data: what verification is given, whoever gathered it.

use super::sigstore::{Authorities, IdentityRule, PublicKey, TrustRoot};

/// Signers, and what certificates, logs and timestamps are judged by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trust {
    pub signers: Vec<Signer>,
    /// Nothing where certificates of Sigstore cannot be judged.
    pub root: Option<TrustRoot>,
}

/// Somebody who may sign, under the name that the policy gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Signer {
    pub name: String,
    pub by: SignedBy,
    /// Whether the signature has to be in a transparency log of the trust root.
    pub log: bool,
}

/// What proves that somebody signed.
#[derive(Clone, Debug, PartialEq)]
pub enum SignedBy {
    Key(PublicKey),
    Identity(IdentityRule),
    /// Certificates of somebody's own authorities.
    Authorities(Authorities),
}

impl Signer {
    /// Whoever holds the key; no log is asked for, as by cosign's `--key`.
    pub fn key(name: impl Into<String>, key: PublicKey) -> Self {
        Self {
            name: name.into(),
            by: SignedBy::Key(key),
            log: false,
        }
    }

    /// Whoever has the identity; the log is asked for.
    pub fn identity(name: impl Into<String>, rule: IdentityRule) -> Self {
        Self {
            name: name.into(),
            by: SignedBy::Identity(rule),
            log: true,
        }
    }
}

impl PartialEq for IdentityRule {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity && self.issuer == other.issuer
    }
}
