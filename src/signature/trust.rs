//! Whom to believe, as plain data: what verification is given, whoever gathered it.

use std::sync::Arc;

use super::notation::{Statement, TrustStore};
use super::sigstore::{Authorities, IdentityRule, PublicKey, TrustRoot};
use super::simple::{Keyring, SignedIdentity};

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
    /// How the name that is signed has to be that of the image. Without it the name is
    /// shown and does not decide, except for OpenPGP: there the default of
    /// [`SignedIdentity`] holds.
    pub signed_name: Option<SignedIdentity>,
}

/// What proves that somebody signed.
#[derive(Clone, Debug, PartialEq)]
pub enum SignedBy {
    Key(PublicKey),
    Identity(IdentityRule),
    /// Certificates of somebody's own authorities.
    Authorities(Authorities),
    /// Notation's stores, identities and level.
    Notation(Arc<NotationTrust>),
    /// OpenPGP keys, any of which may sign.
    OpenPgp(Arc<Keyring>),
}

/// A statement of a Notation trust policy, with the stores that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct NotationTrust {
    pub statement: Statement,
    pub store: TrustStore,
}

impl Signer {
    /// Somebody who signs so; a log is asked for where an identity is.
    pub fn new(name: impl Into<String>, by: SignedBy) -> Self {
        Self {
            name: name.into(),
            log: matches!(by, SignedBy::Identity(_)),
            by,
            signed_name: None,
        }
    }

    /// Whoever holds the key; no log is asked for, as by cosign's `--key`.
    pub fn key(name: impl Into<String>, key: PublicKey) -> Self {
        Self::new(name, SignedBy::Key(key))
    }

    /// Whoever has the identity; the log is asked for.
    pub fn identity(name: impl Into<String>, rule: IdentityRule) -> Self {
        Self::new(name, SignedBy::Identity(rule))
    }
}

impl std::fmt::Display for Signer {
    /// Who it is, as a policy's reader wants to know.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.by {
            SignedBy::Identity(rule) => write!(f, "{} by {}", rule.identity, rule.issuer),
            SignedBy::Key(_) => write!(f, "the key of {}", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

impl PartialEq for IdentityRule {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity && self.issuer == other.issuer
    }
}
