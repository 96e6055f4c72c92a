//! Porthole's trust policy: whose signatures are asked for, by where an image comes from.
//!
//! A readable TOML file:
//!
//! ```toml
//! version = 1
//!
//! [[rule]]
//! scope = "registry.example.com/edge/**"   # the longest that matches wins
//! signers = ["release"]
//! at_least = 1                             # distinct signers
//! attestations = []                        # predicate types that have to be there too
//! level = "either"                         # index or every platform; or "both"
//!
//! [[signer]]
//! name = "release"
//! identity = "release@example.com"         # or identity_regexp
//! issuer = "https://accounts.example.com"  # or issuer_regexp
//! ```
//!
//! A signer has `key` (PEM) or `key_file`, an identity with an issuer, or `authorities`
//! (PEM) or `authorities_file`.

mod judge;
mod scope;
mod write;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::{Digest, limits};

use super::sigstore::{Authorities, IdentityRule, Pattern, PublicKey};
use super::trust::{SignedBy, Signer};

pub use judge::{judge, overall};
pub use scope::{Scope, name_of};
pub use write::entry;

/// A trust policy that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Where it came from, for people.
    pub source: String,
    pub rules: Vec<Rule>,
    /// SHA-256 of what it was read from, in hex.
    pub fingerprint: String,
}

/// What is asked of the images of one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub scope: Scope,
    pub signers: Vec<Signer>,
    /// How many distinct signers have to stand for the image; 0 where only attestations
    /// are asked for.
    pub at_least: usize,
    /// Predicate types of which an attestation by one of the signers has to be there.
    pub attestations: Vec<String>,
    pub level: Level,
}

/// What of an index has to be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The index, or every platform in it.
    #[default]
    Either,
    /// The index and every platform in it.
    Both,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy has more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("the policy cannot be read: {0}")]
    Syntax(String),
    #[error("version {0} of trust policies is not known; this is version 1")]
    Version(u64),
    #[error("signer {name:?}: {why}")]
    Signer { name: String, why: String },
    #[error("the rule for {scope:?}: {why}")]
    Rule { scope: String, why: String },
}

impl PolicyError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        "Correct the file; `docs/trust-policy.md` shows all that can stand in it"
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    #[serde(default)]
    rule: Vec<FileRule>,
    #[serde(default)]
    signer: Vec<FileSigner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    scope: String,
    #[serde(default)]
    signers: Vec<String>,
    at_least: Option<usize>,
    #[serde(default)]
    attestations: Vec<String>,
    #[serde(default)]
    level: Level,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSigner {
    name: String,
    key: Option<String>,
    key_file: Option<String>,
    identity: Option<String>,
    identity_regexp: Option<String>,
    issuer: Option<String>,
    issuer_regexp: Option<String>,
    authorities: Option<String>,
    authorities_file: Option<String>,
    log: Option<bool>,
}

/// Reads a file that a policy names.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

impl Policy {
    /// Reads a policy. Files that it names come by `files`.
    ///
    /// # Errors
    /// Where it is too long or not such a policy, a signer cannot be used, or a rule could
    /// never be satisfied.
    pub fn read(text: &str, source: &str, files: ReadFile<'_>) -> Result<Self, PolicyError> {
        if text.len() as u64 > limits::TRUST_FILE_BYTES {
            return Err(PolicyError::TooLong {
                limit: limits::TRUST_FILE_BYTES,
            });
        }
        let file: File =
            toml::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?;
        if file.version != 1 {
            return Err(PolicyError::Version(file.version));
        }
        let mut names = BTreeSet::new();
        let mut signers = Vec::new();
        for signer in file.signer {
            if !names.insert(signer.name.clone()) {
                return Err(PolicyError::Signer {
                    name: signer.name,
                    why: "it is there twice".to_owned(),
                });
            }
            let name = signer.name.clone();
            signers.push(
                signer
                    .read(files)
                    .map_err(|why| PolicyError::Signer { name, why })?,
            );
        }
        let rules = file.rule.into_iter().map(|rule| {
            let scope = rule.scope.clone();
            rule.read(&signers)
                .map_err(|why| PolicyError::Rule { scope, why })
        });
        Ok(Self {
            source: source.to_owned(),
            rules: rules.collect::<Result<_, _>>()?,
            fingerprint: Digest::sha256(text.as_bytes()).hex().to_owned(),
        })
    }

    /// A policy that asks for one of `signers`, wherever the image comes from.
    pub fn of_signers(source: &str, signers: Vec<Signer>) -> Self {
        Self {
            source: source.to_owned(),
            rules: vec![Rule {
                scope: Scope::everything(),
                signers,
                at_least: 1,
                attestations: Vec::new(),
                level: Level::default(),
            }],
            fingerprint: String::new(),
        }
    }

    /// The rule for an image of this name ([`name_of`]): the one with the longest scope.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        let fitting = self.rules.iter().filter(|rule| rule.scope.matches(name));
        fitting.max_by_key(|rule| rule.scope.weight())
    }
}

impl FileRule {
    fn read(self, signers: &[Signer]) -> Result<Rule, String> {
        let chosen = self.signers.iter().map(|name| {
            let signer = signers.iter().find(|signer| signer.name == *name);
            signer
                .cloned()
                .ok_or_else(|| format!("there is no signer {name:?}"))
        });
        let chosen: Vec<Signer> = chosen.collect::<Result<_, _>>()?;
        if chosen.is_empty() {
            return Err("it names no signers, so nothing could satisfy it".to_owned());
        }
        let at_least = self.at_least.unwrap_or(1);
        if at_least == 0 && self.attestations.is_empty() {
            return Err(
                "it asks for nothing: at_least is 0 and no attestation is named".to_owned(),
            );
        }
        Ok(Rule {
            scope: Scope::read(&self.scope)?,
            signers: chosen,
            at_least,
            attestations: self.attestations,
            level: self.level,
        })
    }
}

impl FileSigner {
    fn read(self, files: ReadFile<'_>) -> Result<Signer, String> {
        let text = |inline: Option<String>, file: Option<String>| match (inline, file) {
            (Some(_), Some(_)) => Err("it is given here and in a file; keep one".to_owned()),
            (Some(text), None) => Ok(Some(text.into_bytes())),
            (None, Some(path)) => files(&path).map(Some),
            (None, None) => Ok(None),
        };
        let pattern =
            |exact: Option<String>, regexp: Option<String>, what: &str| match (exact, regexp) {
                (Some(_), Some(_)) => Err(format!("{what} and {what}_regexp exclude each other")),
                (Some(text), None) => Pattern::exact(&text).map(Some).map_err(|e| e.to_string()),
                (None, Some(text)) => Pattern::regex(&text).map(Some).map_err(|e| e.to_string()),
                (None, None) => Ok(None),
            };
        let key = text(self.key, self.key_file)?;
        let authorities = text(self.authorities, self.authorities_file)?;
        let identity = pattern(self.identity, self.identity_regexp, "identity")?;
        let issuer = pattern(self.issuer, self.issuer_regexp, "issuer")?;
        let (by, log) = match (key, authorities, identity, issuer) {
            (Some(pem), None, None, None) => {
                let key = PublicKey::from_pem(&pem).map_err(|error| error.to_string())?;
                (SignedBy::Key(key), false)
            }
            (None, Some(pem), identity, None) => {
                let pem = String::from_utf8(pem).map_err(|error| error.to_string())?;
                let authorities = Authorities::from_pem(&pem, "", identity);
                let authorities =
                    authorities.ok_or("its authorities are no certificates in PEM")?;
                (SignedBy::Authorities(authorities), false)
            }
            (None, None, Some(identity), Some(issuer)) => {
                (SignedBy::Identity(IdentityRule { identity, issuer }), true)
            }
            (None, None, Some(_), None) => {
                return Err("an identity counts only with an issuer: who vouches for it".to_owned());
            }
            (None, None, None, Some(_)) => {
                return Err("an issuer without an identity would be anybody".to_owned());
            }
            (None, None, None, None) => {
                return Err(
                    "it says nothing of how it signs: key, identity or authorities".to_owned(),
                );
            }
            _ => return Err("it signs in one way only: key, identity or authorities".to_owned()),
        };
        Ok(Signer {
            name: self.name,
            by,
            log: self.log.unwrap_or(log),
        })
    }
}
