//! One check of a signature: what was looked at, what was expected, what was found.

use serde::Serialize;

/// What a check looks at. The order is the one in which checks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// The envelope can be read: it is of a known form and version, and says nothing twice.
    Form,
    /// The signature fits the signed bytes.
    Signature,
    /// What is signed is this manifest: digest, and size and media type where they are
    /// signed too.
    Subject,
    /// What a statement says is of the kind that was asked for.
    PredicateType,
    /// The key is one of the policy's.
    Key,
    /// The certificate and those above it lead to a root that is trusted.
    Certificate,
    /// The certificate was put into a log of certificates.
    CertificateLog,
    /// Who signed.
    Identity,
    /// Who vouched for who signed.
    Issuer,
    /// The log promised to take the entry in (a signed entry timestamp).
    LogPromise,
    /// The entry is in the log, whose state somebody signed (proof and checkpoint).
    LogInclusion,
    /// The log entry is about this signature, this key and these bytes.
    LogEntry,
    /// A timestamp authority's countersignature.
    Timestamp,
    /// Everything was valid at the time that is proven.
    Validity,
    /// The signer's own time limit.
    Expiry,
    /// Nobody took the certificates, or the key, back.
    Revocation,
    /// The name that is signed.
    Reference,
    /// What the format's own policy demands besides.
    Policy,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    Passed,
    Failed,
    /// It failed, and the policy asks only that it is noted (Notation's level `log`).
    Tolerated,
    /// Nobody looked, or nothing asks for it; `detail` says why.
    NotChecked,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub kind: CheckKind,
    pub outcome: Outcome,
    /// What would have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// One short sentence for people.
    pub detail: String,
    /// What went wrong, as the end of "Rejected: …", where the kind alone would say something
    /// else ([`Check::complaint`]).
    #[serde(skip)]
    pub(super) summary: Option<String>,
}

impl CheckKind {
    /// For people, short enough for a column.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Form => "Form",
            Self::Signature => "Bytes intact",
            Self::Subject => "This image",
            Self::PredicateType => "Predicate type",
            Self::Key => "Key",
            Self::Certificate => "Certificate",
            Self::CertificateLog => "Certificate log",
            Self::Identity => "Identity",
            Self::Issuer => "Issuer",
            Self::LogPromise => "Log promise",
            Self::LogInclusion => "Transparency log",
            Self::LogEntry => "Log entry",
            Self::Timestamp => "Timestamp",
            Self::Validity => "Valid then",
            Self::Expiry => "Expiry",
            Self::Revocation => "Revocation",
            Self::Reference => "Signed name",
            Self::Policy => "Policy",
        }
    }

    /// What failed, in a word or two: "rejected: identity".
    pub const fn short(self) -> &'static str {
        match self {
            Self::Form => "not readable",
            Self::Signature => "bytes changed",
            Self::Subject => "another image",
            Self::PredicateType => "predicate type",
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::CertificateLog => "certificate log",
            Self::Identity => "identity",
            Self::Issuer => "issuer",
            Self::LogPromise => "log promise",
            Self::LogInclusion => "transparency log",
            Self::LogEntry => "log entry",
            Self::Timestamp => "timestamp",
            Self::Validity => "not valid then",
            Self::Expiry => "expired",
            Self::Revocation => "revoked",
            Self::Reference => "signed name",
            Self::Policy => "policy",
        }
    }

    /// What went wrong where it failed, as the end of "Rejected: …".
    pub const fn complaint(self) -> &'static str {
        match self {
            Self::Form => "the signature cannot be read",
            Self::Signature => "the bytes are not what was signed",
            Self::Subject => "signed for another image",
            Self::PredicateType => "it states something else",
            Self::Key => "signed with a key that the policy does not name",
            Self::Certificate => "the certificate leads to no trusted root",
            Self::CertificateLog => "the certificate is in no trusted log",
            Self::Identity => "signed by an identity that the policy does not name",
            Self::Issuer => "the identity was vouched for by somebody else",
            Self::LogPromise => "the log's promise is not genuine",
            Self::LogInclusion => "it is not proven to be in the log",
            Self::LogEntry => "the log entry is about another signature",
            Self::Timestamp => "the timestamp is not genuine",
            Self::Validity => "the certificate was not valid at that time",
            Self::Expiry => "the signature has expired",
            Self::Revocation => "a certificate was revoked",
            Self::Reference => "signed for another name",
            Self::Policy => "the policy does not accept it",
        }
    }

    /// How near a signature with this failure was to being accepted.
    pub(super) const fn nearness(self) -> u8 {
        match self {
            Self::Form => 0,
            Self::Key => 1,
            Self::Signature => 2,
            Self::Identity | Self::Issuer | Self::Reference => 4,
            _ => 3,
        }
    }
}

impl Outcome {
    /// A word for machines and people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Tolerated => "failed, tolerated",
            Self::NotChecked => "not checked",
        }
    }
}

impl Check {
    /// A check that ended like this, with nothing to compare.
    pub fn new(kind: CheckKind, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self {
            kind,
            outcome,
            expected: None,
            found: None,
            detail: detail.into(),
            summary: None,
        }
    }

    /// A check that passed.
    pub fn passed(kind: CheckKind, detail: impl Into<String>) -> Self {
        Self::new(kind, Outcome::Passed, detail)
    }

    /// A check that failed.
    pub fn failed(kind: CheckKind, detail: impl Into<String>) -> Self {
        Self::new(kind, Outcome::Failed, detail)
    }

    /// A check that nobody made, and why.
    pub fn not_checked(kind: CheckKind, why: impl Into<String>) -> Self {
        Self::new(kind, Outcome::NotChecked, why)
    }

    /// With what would have passed, and what is there.
    #[must_use]
    pub fn compared(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// With what is there.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// With what went wrong, as the end of "Rejected: …", in place of what the kind says.
    #[must_use]
    pub fn summed_up(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// What went wrong where it failed, as the end of "Rejected: …".
    pub fn complaint(&self) -> &str {
        self.summary
            .as_deref()
            .unwrap_or_else(|| self.kind.complaint())
    }

    /// Whether it failed and counts.
    pub fn is_failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }
}
