//! `trustpolicy.oci.json` and its older name `trustpolicy.json`
//! (trust-store-trust-policy.md, version 1.0).

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use super::trust_store::StoreKind;
use crate::signature::json;
use crate::signature::x509::DistinguishedName;

/// A trust policy that was checked by the rules of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    pub statements: Vec<Statement>,
}

/// What holds for some repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub name: String,
    /// `host/repository`, or `*` alone.
    pub scopes: Vec<String>,
    pub level: Level,
    pub verify_timestamp: VerifyTimestamp,
    pub stores: Vec<(StoreKind, String)>,
    pub identities: Vec<TrustedIdentity>,
}

/// Whose certificates are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedIdentity {
    /// `*`: everybody whom the stores vouch for.
    Any,
    /// `x509.subject`: these attributes of the subject, others do not matter.
    Subject(BTreeMap<String, String>),
    /// For a plugin; nothing here matches it.
    Other(String),
}

/// What is done about each kind of check that fails. Integrity is always enforced, unless
/// everything is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub authenticity: Action,
    pub authentic_timestamp: Action,
    pub expiry: Action,
    pub revocation: Action,
    /// Nothing is checked at all.
    pub skip: bool,
}

/// What is done about a check that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Enforce,
    Log,
    Skip,
}

/// When a timestamp is asked for, where the statement names a store of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyTimestamp {
    Always,
    AfterCertExpiry,
}

/// Why a document is no trust policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustPolicyError {
    #[error("the trust policy cannot be read: {0}")]
    Unreadable(String),
    #[error("the trust policy has the version {0:?}; 1.0 is known")]
    Version(String),
    #[error("the trust policy has no statement")]
    Empty,
    #[error("the statement {statement:?}: {why}")]
    Statement { statement: String, why: String },
    #[error("two statements are called {0:?}")]
    NameTwice(String),
    #[error("the registry scope {0:?} stands twice")]
    ScopeTwice(String),
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    version: String,
    #[serde(default, rename = "trustPolicies")]
    trust_policies: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    name: String,
    #[serde(default)]
    registry_scopes: Vec<String>,
    #[serde(default)]
    signature_verification: WrittenVerification,
    #[serde(default)]
    trust_stores: Vec<String>,
    #[serde(default)]
    trusted_identities: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVerification {
    #[serde(default)]
    level: String,
    #[serde(default, rename = "override")]
    overridden: BTreeMap<String, String>,
    #[serde(default)]
    verify_timestamp: String,
}

impl TrustPolicy {
    /// Reads and checks a trust policy.
    ///
    /// # Errors
    ///
    /// The first rule of version 1.0 that it breaks.
    pub fn read(bytes: &[u8]) -> Result<Self, TrustPolicyError> {
        let unreadable = |why: String| TrustPolicyError::Unreadable(why);
        let value = json::read(bytes).map_err(|why| unreadable(why.to_string()))?;
        let document = Document::deserialize(value).map_err(|why| unreadable(why.to_string()))?;
        if document.version != "1.0" {
            return Err(TrustPolicyError::Version(document.version));
        }
        if document.trust_policies.is_empty() {
            return Err(TrustPolicyError::Empty);
        }
        let statements = document.trust_policies.into_iter().map(Statement::read);
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        for (position, statement) in statements.iter().enumerate() {
            let before = &statements[..position];
            if before.iter().any(|other| other.name == statement.name) {
                return Err(TrustPolicyError::NameTwice(statement.name.clone()));
            }
        }
        let mut scopes: Vec<_> = statements.iter().flat_map(|s| &s.scopes).collect();
        scopes.sort();
        if let Some(pair) = scopes.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TrustPolicyError::ScopeTwice(pair[0].clone()));
        }
        Ok(Self { statements })
    }

    /// The statement for a repository (`host/name`): the one that names it, else the one
    /// for `*`. What is not in a registry has no name, so that only `*` holds.
    pub fn statement_for(&self, repository: Option<&str>) -> Option<&Statement> {
        let named = |scope: &str| {
            let mut all = self.statements.iter();
            all.find(|statement| statement.scopes.iter().any(|s| s == scope))
        };
        repository.and_then(named).or_else(|| named("*"))
    }
}

impl Statement {
    fn read(written: Written) -> Result<Self, TrustPolicyError> {
        let name = written.name.clone();
        let wrong = |why: String| TrustPolicyError::Statement {
            statement: name.clone(),
            why,
        };
        if written.name.is_empty() {
            return Err(wrong("it has no name".to_owned()));
        }
        let level = Level::read(&written.signature_verification).map_err(wrong)?;
        let verify_timestamp = match written.signature_verification.verify_timestamp.as_str() {
            "" | "always" => VerifyTimestamp::Always,
            "afterCertExpiry" => VerifyTimestamp::AfterCertExpiry,
            other => return Err(wrong(format!("verifyTimestamp {other:?} is not known"))),
        };
        let has_trust = !written.trust_stores.is_empty() || !written.trusted_identities.is_empty();
        if level.skip && has_trust {
            return Err(wrong(
                "it skips verification and names trust stores or identities".to_owned(),
            ));
        }
        if !level.skip && (written.trust_stores.is_empty() || written.trusted_identities.is_empty())
        {
            return Err(wrong(
                "it must name trust stores and trusted identities".to_owned(),
            ));
        }
        check_scopes(&written.registry_scopes).map_err(wrong)?;
        let stores = written.trust_stores.iter().map(|text| read_store(text));
        let stores = stores.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let identities = read_identities(&written.trusted_identities).map_err(wrong)?;
        Ok(Self {
            name: written.name,
            scopes: written.registry_scopes,
            level,
            verify_timestamp,
            stores,
            identities,
        })
    }

    /// Reads one statement by itself.
    ///
    /// # Errors
    ///
    /// As [`TrustPolicy::read`].
    pub fn from_json(value: serde_json::Value) -> Result<Self, TrustPolicyError> {
        let written = Written::deserialize(value);
        Self::read(written.map_err(|why| TrustPolicyError::Unreadable(why.to_string()))?)
    }

    /// The stores of this kind that it names, each once.
    pub fn stores_of(&self, kind: StoreKind) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (found, name) in &self.stores {
            if *found == kind && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

impl Level {
    /// Everything counts.
    pub const STRICT: Self = Self {
        authenticity: Action::Enforce,
        authentic_timestamp: Action::Enforce,
        expiry: Action::Enforce,
        revocation: Action::Enforce,
        skip: false,
    };
    /// Times and revocation are only noted.
    pub const PERMISSIVE: Self = Self {
        authenticity: Action::Enforce,
        authentic_timestamp: Action::Log,
        expiry: Action::Log,
        revocation: Action::Log,
        skip: false,
    };
    /// All but the integrity is only noted.
    pub const AUDIT: Self = Self {
        authenticity: Action::Log,
        ..Self::PERMISSIVE
    };
    /// Nothing is checked.
    pub const SKIP: Self = Self {
        authenticity: Action::Skip,
        authentic_timestamp: Action::Skip,
        expiry: Action::Skip,
        revocation: Action::Skip,
        skip: true,
    };

    fn read(written: &WrittenVerification) -> Result<Self, String> {
        let mut level = match written.level.as_str() {
            "strict" => Self::STRICT,
            "permissive" => Self::PERMISSIVE,
            "audit" => Self::AUDIT,
            "skip" => Self::SKIP,
            other => return Err(format!("the level {other:?} is not known")),
        };
        if level.skip && !written.overridden.is_empty() {
            return Err("the level skip cannot be overridden".to_owned());
        }
        for (kind, action) in &written.overridden {
            let action = match action.as_str() {
                "enforce" => Action::Enforce,
                "log" => Action::Log,
                "skip" => Action::Skip,
                other => return Err(format!("the action {other:?} is not known")),
            };
            let place = match kind.as_str() {
                "authenticity" => &mut level.authenticity,
                "authenticTimestamp" => &mut level.authentic_timestamp,
                "expiry" => &mut level.expiry,
                "revocation" => &mut level.revocation,
                "integrity" => return Err("integrity cannot be overridden".to_owned()),
                other => return Err(format!("the check {other:?} is not known")),
            };
            if action == Action::Skip && kind != "revocation" {
                return Err(format!("{kind} cannot be skipped"));
            }
            *place = action;
        }
        Ok(level)
    }
}

impl TrustedIdentity {
    /// Whether this names the subject of a certificate.
    pub fn matches(&self, subject: &DistinguishedName) -> bool {
        match self {
            Self::Any => true,
            Self::Subject(wanted) => subject.attributes().is_ok_and(|found| {
                wanted
                    .iter()
                    .all(|(kind, value)| found.get(kind) == Some(value))
            }),
            Self::Other(_) => false,
        }
    }
}

impl std::fmt::Display for TrustedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Subject(attributes) => {
                let parts = attributes
                    .iter()
                    .map(|(kind, value)| format!("{kind}={value}"));
                f.write_str(&parts.collect::<Vec<_>>().join(", "))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

fn read_store(text: &str) -> Result<(StoreKind, String), String> {
    let (kind, name) = text
        .split_once(':')
        .ok_or_else(|| format!("the trust store {text:?} is not written TYPE:NAME"))?;
    let kind = StoreKind::from_name(kind)
        .ok_or_else(|| format!("the trust store {text:?} has a type that is not known"))?;
    if !is_store_name(name) {
        return Err(format!(
            "the trust store {text:?} has a name with other characters than A-Z a-z 0-9 _ . -"
        ));
    }
    Ok((kind, name.to_owned()))
}

/// Whether a store may be called so; such a name is no path.
pub(super) fn is_store_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(is_plain)
}

fn read_identities(written: &[String]) -> Result<Vec<TrustedIdentity>, String> {
    if written.len() > 1 && written.iter().any(|identity| identity == "*") {
        return Err("the identity * stands beside others".to_owned());
    }
    let mut identities: Vec<TrustedIdentity> = Vec::new();
    for text in written {
        if text == "*" {
            identities.push(TrustedIdentity::Any);
            continue;
        }
        let (kind, value) = text
            .split_once(':')
            .ok_or_else(|| format!("the identity {text:?} is not written TYPE:VALUE"))?;
        if kind.trim() != "x509.subject" {
            identities.push(TrustedIdentity::Other(text.clone()));
            continue;
        }
        let wanted = DistinguishedName::parse(value).map_err(|why| why.to_string())?;
        let covers = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
            a.iter().all(|(kind, value)| b.get(kind) == Some(value))
        };
        let overlapping = identities.iter().any(|other| match other {
            TrustedIdentity::Subject(other) => covers(other, &wanted) || covers(&wanted, other),
            _ => false,
        });
        if overlapping {
            return Err(format!("the identity {text:?} overlaps another"));
        }
        identities.push(TrustedIdentity::Subject(wanted));
    }
    Ok(identities)
}

fn check_scopes(scopes: &[String]) -> Result<(), String> {
    if scopes.is_empty() {
        return Err("it has no registry scope".to_owned());
    }
    if scopes.len() > 1 && scopes.iter().any(|scope| scope == "*") {
        return Err("the scope * stands beside others".to_owned());
    }
    // distribution-spec: host, port, and path components
    let form = Regex::new(
        r"^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:[0-9]+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+$",
    )
    .expect("the expression is a constant");
    match scopes
        .iter()
        .find(|scope| *scope != "*" && !form.is_match(scope))
    {
        Some(scope) => Err(format!(
            "the scope {scope:?} is not written host/repository"
        )),
        None => Ok(()),
    }
}
