//! What came of it: a report for each signature, and the verdict on the image.

use std::sync::Arc;

use serde::Serialize;

use super::policy::{Level, RuleEntry};
use super::{Check, CheckKind, Found, Outcome, Subject, TrustRoot};

/// What was found out about one signature. Only what `checks` passed is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureReport {
    pub found: Arc<Found>,
    /// In the order in which they are shown. A check that never ran is there as not checked.
    pub checks: Vec<Check>,
    /// Who signed, where that is proven. Nothing where the signature does not verify.
    pub authenticated: Option<Authenticated>,
    /// The names of the policy's signers that it stands for. A signature that failed a
    /// check stands for none.
    pub accepts: Vec<String>,
}

/// Everything that a verified signature proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticated {
    pub signer: SignerFacts,
    /// Times that somebody other than the signer vouches for, the earliest first.
    pub times: Vec<ProvenTime>,
    /// The predicate type of an attestation; nothing for a plain signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// More that is proven, for those who unfold it: serial numbers, the workflow, the
    /// index of the log entry.
    pub details: Vec<(String, String)>,
}

/// Who signed. Two signatures are by the same signer where these are equal, or made by one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum SignerFacts {
    /// SHA-256 of the public key (SubjectPublicKeyInfo, DER) in hex.
    #[serde(rename_all = "camelCase")]
    Key { fingerprint: String },
    /// An identity in a certificate, and who vouched for it.
    #[serde(rename_all = "camelCase")]
    Identity {
        subject: String,
        issuer: Option<String>,
    },
    /// A certificate of somebody's own authority: its subject, and SHA-256 of it and of its
    /// public key (SubjectPublicKeyInfo, DER) in hex.
    #[serde(rename_all = "camelCase")]
    Certificate {
        subject: String,
        fingerprint: String,
        key: String,
    },
    /// An OpenPGP key's fingerprint in hex.
    #[serde(rename_all = "camelCase")]
    OpenPgp { fingerprint: String },
}

/// A time that is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvenTime {
    /// RFC 3339.
    pub time: String,
    pub by: TimeSource,
}

/// Who vouches for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TimeSource {
    TransparencyLog,
    TimestampAuthority,
}

/// What a policy says of one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Judgement {
    /// It verifies, and a signer of the policy stands behind it.
    Accepted,
    /// A check failed.
    Rejected,
    /// Nothing failed, and no policy names whoever signed.
    NotJudged,
    /// It is not signed: there is nothing to judge.
    Unsigned,
}

/// The verdict on one manifest or index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict")]
pub enum Verdict {
    /// The policy is satisfied, by these of its signers.
    Accepted { by: Vec<String> },
    /// There are signatures, and they do not satisfy the policy.
    #[serde(rename_all = "camelCase")]
    Rejected {
        why: String,
        /// The check that decided, where one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        check: Option<CheckKind>,
        /// Why in a few words, where no single check says it.
        #[serde(skip)]
        brief: Option<String>,
    },
    /// Every place was asked, and nothing is there.
    Unsigned,
    /// This place could not be asked, or not to the end.
    CannotSay { why: String, hint: String },
    /// No policy says anything about this image.
    NotJudged { why: String },
}

/// Everything that was found out about one manifest or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectReport {
    pub subject: Subject,
    pub verdict: Verdict,
    /// What the manifest by itself comes to, where `verdict` takes an index and its
    /// platforms together.
    pub own: Option<Verdict>,
    pub signatures: Vec<SignatureReport>,
    /// Where it was looked, and how each place answered, in words.
    pub looked: Vec<String>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// The policy that judged: its name and the scope that matched.
    pub policy: Option<String>,
    /// What the rule asks for, in words.
    pub asks: Option<String>,
    /// That rule as it is written, in Porthole's own kind of policy.
    pub rule: Option<RuleEntry>,
    /// What of an index the policy's rule asks to be signed.
    pub level: Option<Level>,
    /// The trust roots that were used.
    pub roots: Vec<RootUsed>,
    /// When it was judged, RFC 3339.
    pub judged: String,
}

/// A trust root that a signature was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootUsed {
    /// Where it came from, and when.
    pub source: String,
    /// SHA-256 of it, in hex.
    pub sha256: String,
    /// The authorities and logs in it, each with the time that it is valid for.
    pub names: Vec<String>,
}

impl RootUsed {
    pub(super) fn of(root: &TrustRoot) -> Self {
        Self {
            source: root.source().to_owned(),
            sha256: root.fingerprint().to_owned(),
            names: root.describe(),
        }
    }
}

impl SignatureReport {
    /// A report of nothing but one failed check.
    pub fn failed(found: Arc<Found>, check: Check) -> Self {
        Self {
            found,
            checks: vec![check],
            authenticated: None,
            accepts: Vec::new(),
        }
    }

    /// What it comes to.
    pub fn judgement(&self) -> Judgement {
        if !self.found.format.is_signed() {
            Judgement::Unsigned
        } else if self.reason().is_some() {
            Judgement::Rejected
        } else if self.accepts.is_empty() || self.authenticated.is_none() {
            Judgement::NotJudged
        } else {
            Judgement::Accepted
        }
    }

    /// The check that decided against it: the first that failed.
    pub fn reason(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.is_failed())
    }

    /// How near it came to being accepted; more is nearer. Where nothing failed, nearest.
    pub(super) fn nearness(&self) -> u8 {
        self.reason().map_or(u8::MAX, |check| check.kind.nearness())
    }

    /// The check of this kind, where there is one.
    pub fn check(&self, kind: CheckKind) -> Option<&Check> {
        self.checks.iter().find(|check| check.kind == kind)
    }

    /// How the check of this kind ended.
    pub fn outcome(&self, kind: CheckKind) -> Outcome {
        self.check(kind)
            .map_or(Outcome::NotChecked, |check| check.outcome)
    }
}

impl Verdict {
    /// A word for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::Unsigned => "unsigned",
            Self::CannotSay { .. } => "cannotSay",
            Self::NotJudged { .. } => "notJudged",
        }
    }

    /// The check that decided against it, where one did.
    pub const fn failed(&self) -> Option<CheckKind> {
        match self {
            Self::Rejected { check, .. } => *check,
            _ => None,
        }
    }

    /// What decided against it, in a few words: what failed, or what is missing.
    pub fn brief(&self) -> Option<String> {
        match self {
            Self::Rejected { brief, check, .. } => brief
                .clone()
                .or_else(|| check.map(|check| check.short().to_owned())),
            _ => None,
        }
    }

    /// Whether the policy is satisfied.
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

impl SignerFacts {
    /// SHA-256 of the public key in hex, where that is who signed.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key { fingerprint } => Some(fingerprint),
            Self::Certificate { key, .. } => Some(key),
            // certificates of an identity are made anew for each signature
            Self::Identity { .. } | Self::OpenPgp { .. } => None,
        }
    }
}

impl std::fmt::Display for SignerFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key { fingerprint } => write!(f, "the key SHA256:{fingerprint}"),
            Self::Identity {
                subject,
                issuer: Some(issuer),
            } => write!(f, "{subject} by {issuer}"),
            Self::Identity { subject, .. } => f.write_str(subject),
            Self::Certificate { subject, .. } => f.write_str(subject),
            Self::OpenPgp { fingerprint } => write!(f, "the OpenPGP key {fingerprint}"),
        }
    }
}
