//! Trust policies: whose signatures are asked for, by where an image comes from.
//!
//! Three kinds of files are read, each with its own meaning: Porthole's own (`file`),
//! `policy.json` of containers/image (`containers`) and Notation's `trustpolicy.json`
//! (`notation`). All of them become [`Rule`]s that one judge applies.

mod containers;
mod edit;
mod file;
mod files;
mod import;
mod judge;
mod notation;
mod preview;
mod scope;
mod signer;
mod verdict;
mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Digest, limits};

use super::found::Format;
use super::sigstore::TrustRoot;
use super::trust::Signer;

pub use edit::{
    EditError, Entries, NEW_POLICY, NewSigner, PolicyEdit, RuleEntry, SignerEntry, Way, edited,
    entries,
};
pub use files::{Files, StoreFiles};
pub use import::{Foreign, Import, ImportError, Left, import};
pub use judge::judge;
pub use preview::{Preview, previewed};
pub use scope::{Scope, ScopeName, explicit_name, name_of};
pub use verdict::{overall, through};
pub use write::{Proposal, proposal, proposal_of_notation};

/// A trust policy that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Where it came from, for people.
    pub source: String,
    pub kind: PolicyKind,
    pub rules: Vec<Rule>,
    /// The trust root that it names itself.
    pub root: Option<RootSource>,
    /// Whether nothing is verified before it is asked for.
    pub by_hand: bool,
    /// SHA-256 of what it was read from and of every file that it names, in hex.
    pub fingerprint: String,
}

/// Where a trust root comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum RootSource {
    Fixed(TrustRoot),
    /// A TUF repository, by its address, and the `root.json` that trust in it begins with.
    Tuf {
        address: String,
        root: Arc<[u8]>,
    },
}

/// Whose way of writing policies it is, and so how the rule for an image is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyKind {
    /// Porthole's: the longest scope wins.
    #[default]
    Porthole,
    /// containers/image: the image's own scopes, from the exact one outwards.
    Containers,
    /// Notation: the exact repository, else `*`.
    Notation,
}

/// What is asked of the images of one scope: every requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub scope: Scope,
    pub requirements: Vec<Requirement>,
    pub level: Level,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// Everything is accepted, signed or not.
    Anything,
    /// Everything is rejected, and why.
    Nothing { why: String },
    /// It is not known what is asked for, as a key cannot be read.
    Broken { why: String },
    /// Signatures are asked for.
    Signed(Asked),
}

/// Which signatures are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub signers: Vec<Signer>,
    /// How many distinct signers have to stand for the image; 0 where only attestations
    /// are asked for.
    pub at_least: usize,
    /// Predicate types of which an attestation by one of the signers has to be there.
    pub attestations: Vec<String>,
    /// The only format that counts; nothing for every one.
    pub only: Option<Format>,
    /// What certificates and logs are judged by, instead of the root for all.
    pub root: Option<TrustRoot>,
}

/// What of an index has to be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The index, or every platform in it.
    #[default]
    Either,
    /// The index and every platform in it.
    Both,
    /// Every platform in it, whatever is said of the index.
    Platforms,
    /// What was asked about, whatever lies below it.
    This,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy has more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("the policy cannot be read: {0}")]
    Syntax(String),
    #[error("it is no policy: neither Porthole's TOML, nor a policy.json, nor a trustpolicy.json")]
    NoPolicy,
    #[error("version {0} of trust policies is not known; this is version 1")]
    Version(u64),
    #[error("signer {name:?}: {why}")]
    Signer { name: String, why: String },
    #[error("the trust root: {0}")]
    TrustRoot(String),
    #[error("the rule for {scope:?}: {why}")]
    Rule { scope: String, why: String },
}

impl PolicyError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        "Correct the file, or write its entries anew in the settings, under Trust"
    }
}

impl Policy {
    /// Reads a policy of any kind, told apart by what is in it. Files that it names come
    /// by `files`.
    ///
    /// # Errors
    /// Where it is too long, of no known kind, or breaks a rule of its kind.
    pub fn read_any(text: &str, source: &str, files: &dyn Files) -> Result<Self, PolicyError> {
        if text.len() as u64 > limits::TRUST_FILE_BYTES {
            return Err(PolicyError::TooLong {
                limit: limits::TRUST_FILE_BYTES,
            });
        }
        if !text.trim_start().starts_with('{') {
            return Self::read(text, source, files);
        }
        let value = super::json::read(text.as_bytes())
            .map_err(|problem| PolicyError::Syntax(problem.to_string()))?;
        let files = files::Recording::new(text, files);
        let (kind, rules) = if value.get("trustPolicies").is_some() {
            (PolicyKind::Notation, notation::read(text, &files)?)
        } else if value.get("default").is_some() {
            (PolicyKind::Containers, containers::read(&value, &files)?)
        } else {
            return Err(PolicyError::NoPolicy);
        };
        Ok(Self {
            source: source.to_owned(),
            kind,
            rules,
            root: None,
            by_hand: false,
            fingerprint: files.fingerprint(),
        })
    }

    /// Reads Porthole's own kind of policy, in TOML.
    ///
    /// # Errors
    /// Where it is too long or not such a policy, a signer cannot be used, or a rule could
    /// never be satisfied.
    pub fn read(text: &str, source: &str, files: &dyn Files) -> Result<Self, PolicyError> {
        if text.len() as u64 > limits::TRUST_FILE_BYTES {
            return Err(PolicyError::TooLong {
                limit: limits::TRUST_FILE_BYTES,
            });
        }
        let files = files::Recording::new(text, files);
        let file::Contents {
            rules,
            root,
            automatic,
        } = file::read(text, &files)?;
        Ok(Self {
            source: source.to_owned(),
            kind: PolicyKind::Porthole,
            rules,
            root,
            by_hand: !automatic,
            fingerprint: files.fingerprint(),
        })
    }

    /// A policy that asks for one of `signers`, wherever the image comes from.
    pub fn of_signers(source: &str, signers: Vec<Signer>) -> Self {
        let mut text = String::new();
        for signer in &signers {
            text.push_str(&format!("{signer:?}\n"));
        }
        Self {
            source: source.to_owned(),
            kind: PolicyKind::Porthole,
            rules: vec![Rule {
                scope: Scope::everything(),
                requirements: vec![Requirement::Signed(Asked::one_of(signers))],
                level: Level::This,
            }],
            root: None,
            by_hand: false,
            fingerprint: Digest::sha256(text.as_bytes()).hex().to_owned(),
        }
    }

    /// The rule for an image of this name: the one with the longest scope, or what the
    /// policy's own kind says.
    pub fn rule(&self, name: &ScopeName) -> Option<&Rule> {
        if self.kind == PolicyKind::Containers {
            let mut scopes = name.containers().iter();
            return scopes.find_map(|scope| {
                let mut rules = self.rules.iter();
                rules.find(|rule| rule.scope.text() == scope)
            });
        }
        name.longest(&self.rules, |rule| &rule.scope)
    }
}

impl Level {
    /// As it stands in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Either => "either",
            Self::Both => "both",
            Self::Platforms => "platforms",
            Self::This => "this",
        }
    }

    /// Whether it takes the platforms to judge an index that by itself is accepted or not.
    pub const fn asks_for_platforms(self, accepted: bool) -> bool {
        match self {
            Self::This => false,
            Self::Either => !accepted,
            Self::Both => accepted,
            Self::Platforms => true,
        }
    }
}

impl Asked {
    /// One of these signers.
    pub const fn one_of(signers: Vec<Signer>) -> Self {
        Self {
            signers,
            at_least: 1,
            attestations: Vec::new(),
            only: None,
            root: None,
        }
    }
}

impl Rule {
    /// Whether something of it is judged by the trust root for all.
    pub fn needs_root(&self) -> bool {
        self.requirements
            .iter()
            .any(|requirement| match requirement {
                Requirement::Signed(asked) if asked.root.is_none() => {
                    let mut signers = asked.signers.iter();
                    signers.any(|signer| {
                        signer.log || matches!(signer.by, super::trust::SignedBy::Identity(_))
                    })
                }
                _ => false,
            })
    }

    /// What it asks for, in words.
    pub fn asks(&self) -> String {
        let words = self
            .requirements
            .iter()
            .map(|requirement| match requirement {
                Requirement::Anything => "asks for nothing".to_owned(),
                Requirement::Nothing { .. } => "accepts nothing".to_owned(),
                Requirement::Broken { .. } => "cannot be read to its end".to_owned(),
                Requirement::Signed(asked) => {
                    let names: Vec<_> = asked.signers.iter().map(ToString::to_string).collect();
                    let mut words = format!("asks for {} of: {}", asked.at_least, names.join(", "));
                    for stated in &asked.attestations {
                        words.push_str(&format!(", and an attestation of {stated}"));
                    }
                    words
                }
            });
        words.collect::<Vec<_>>().join(", and ")
    }

    /// As it is written in Porthole's own kind of policy. Nothing where it asks for what such
    /// a one cannot say.
    pub fn entry(&self) -> Option<RuleEntry> {
        let asked = match self.requirements.as_slice() {
            [Requirement::Signed(asked)] => asked,
            [Requirement::Nothing { .. }] => return Some(RuleEntry::rejecting(self.scope.text())),
            _ => return None,
        };
        Some(RuleEntry {
            scope: self.scope.text().to_owned(),
            signers: asked.signers.iter().map(|s| s.name.clone()).collect(),
            at_least: asked.at_least,
            attestations: asked.attestations.clone(),
            level: self.level,
        })
    }

    /// Everybody whom it names.
    pub fn signers(&self) -> impl Iterator<Item = &Signer> {
        let asked = self.requirements.iter().filter_map(|requirement| {
            let Requirement::Signed(asked) = requirement else {
                return None;
            };
            Some(asked)
        });
        asked.flat_map(|asked| &asked.signers)
    }
}
