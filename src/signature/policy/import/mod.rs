//! Policies of others, and single keys, taken over into Porthole's own policy.
//!
//! By what comes of it nothing is accepted that the original rejects, but for what is signed in
//! a registry where containers does not look; and nothing that the policy rejected before. What
//! Porthole's own kind of policy can say is taken over as it is; of what it cannot say, the
//! images are rejected by a rule of their own; where the original asks for nothing, or a rule of
//! the policy holds already, no rule that accepts is written. All of that is told with the reason.

mod containers;
mod keys;
mod notation;

use std::collections::BTreeSet;

use toml_edit::DocumentMut;

use super::edit::{EditError, NewSigner, PolicyEdit, RuleEntry, entries, free_name};
use super::signer::FileSigner;
use super::{Files, Level, PolicyError, Scope, ScopeName};
use crate::model::limits;
use crate::signature::json;
use crate::signature::trust::Signer;

/// What is to be taken over.
pub struct Foreign<'a> {
    /// The file's name from anywhere.
    pub path: &'a str,
    pub bytes: &'a [u8],
    /// Reads what the file names.
    pub files: &'a dyn Files,
    /// Which images a key is for; nothing where it is only to be named by rules later.
    /// Policies say that themselves.
    pub scope: Option<&'a str>,
}

/// What was taken over, and what was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What the file is, in words.
    pub kind: &'static str,
    /// The change of Porthole's policy. Where it holds nothing, nothing could be taken over.
    pub edit: PolicyEdit,
    /// The signer, in words, where it is one key.
    pub who: String,
    pub left: Vec<Left>,
    /// What else is to be known.
    pub notes: Vec<&'static str>,
}

/// An entry that is not taken over as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub what: String,
    /// Why, and what holds here instead.
    pub why: String,
    /// Whether that is because there is an entry for it already.
    pub there: bool,
}

impl Import {
    /// Where nothing would be written: whether that is because all that can be is there.
    pub fn is_there(&self) -> bool {
        self.left.is_empty() || self.left.iter().any(|left| left.there)
    }
}

/// Why nothing can be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("it has more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("{0}")]
    Policy(#[from] PolicyError),
    #[error("it is neither a policy.json, nor a trustpolicy.json, nor a public key: {0}")]
    Unknown(String),
    #[error("it is a policy of Porthole's own kind")]
    Own,
    #[error("a policy says itself which images it is for")]
    Scope,
    #[error("Porthole's policy: {0}")]
    Edit(#[from] EditError),
}

impl ImportError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Own => "Judge by it as it is (--policy FILE), or copy its entries over",
            Self::Scope => "Leave the scope out (--scope)",
            Self::Edit(_) => "Look at the policy in an editor",
            Self::Policy(PolicyError::Rule { .. }) => "Correct it",
            Self::TooLong { .. } | Self::Policy(_) | Self::Unknown(_) => {
                "Give a policy.json of containers, a trustpolicy.json of Notation, a public key in PEM or OpenPGP keys"
            }
        }
    }
}

/// What of `foreign` can be taken over into the policy `before`, whose files `own` reads.
///
/// # Errors
/// Where it is of no known kind, breaks a rule of its kind, or `before` cannot be changed.
pub fn import(before: &str, own: &dyn Files, foreign: &Foreign<'_>) -> Result<Import, ImportError> {
    if foreign.bytes.len() as u64 > limits::TRUST_FILE_BYTES {
        let limit = limits::TRUST_FILE_BYTES;
        return Err(ImportError::TooLong { limit });
    }
    let text = std::str::from_utf8(foreign.bytes).unwrap_or_default();
    if !text.trim_start().starts_with('{') {
        return keys::import(before, foreign);
    }
    let value = json::read(foreign.bytes);
    let value = value.map_err(|why| PolicyError::Syntax(why.to_string()))?;
    if foreign.scope.is_some() {
        return Err(ImportError::Scope);
    }
    let mut draft = Draft::beside(before, own)?;
    let kind = if value.get("trustPolicies").is_some() {
        notation::draft(&value, foreign, &mut draft)?;
        "a trust policy of Notation"
    } else if value.get("default").is_some() {
        draft.level = Level::Platforms;
        draft.note(
            "Where signatures lie beside registries is read of registries.d, as it is there: nothing of that is copied.",
        );
        containers::draft(&value, foreign.files, &mut draft)?;
        "a policy of containers"
    } else {
        return Err(PolicyError::NoPolicy.into());
    };
    Ok(Import {
        kind,
        edit: PolicyEdit::Add {
            signers: draft.signers,
            rules: draft
                .rules
                .into_iter()
                .filter(|rule| rule.made_of.is_some())
                .map(|rule| rule.entry)
                .collect(),
        },
        who: String::new(),
        left: draft.left,
        notes: draft.notes,
    })
}

/// What the requirements of one scope come to in Porthole's own kind of policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Carried {
    /// Nothing is asked for.
    Anything,
    /// Everything is rejected.
    Nothing,
    /// At least so many distinct ones of these have to sign.
    Signed {
        signers: Vec<CarriedSigner>,
        at_least: usize,
    },
    /// It cannot be said, and why.
    Not(String),
}

/// A signer of another policy.
#[derive(Clone, Debug)]
pub(super) struct CarriedSigner {
    /// What to call it.
    pub name: String,
    /// What is written of it.
    pub written: DocumentMut,
    /// What it means.
    pub signer: Signer,
}

impl PartialEq for CarriedSigner {
    /// Whether both mean the same, whatever they are called.
    fn eq(&self, other: &Self) -> bool {
        self.signer == other.signer
    }
}

impl CarriedSigner {
    /// Reads what is written, as the own policy does.
    ///
    /// # Errors
    /// Why that cannot be read.
    pub fn as_written(&self, own: &dyn Files) -> Result<Signer, String> {
        let mut whole = self.written.clone();
        whole.insert("name", toml_edit::value(self.name.as_str()));
        let read: Result<FileSigner, _> = toml::from_str(&whole.to_string());
        read.map_err(|error| error.to_string())?.read(own)
    }
}

/// What is going to be added to a policy.
struct Draft<'a> {
    own: &'a dyn Files,
    /// What the original judges of an index.
    level: Level,
    /// Names of signers that are taken.
    names: BTreeSet<String>,
    signers: Vec<NewSigner>,
    /// First those that stand there already.
    rules: Vec<Drafted>,
    /// How many those are.
    known: usize,
    left: Vec<Left>,
    /// What else is to be known, each once.
    notes: Vec<&'static str>,
}

/// A rule of a draft.
struct Drafted {
    scope: Scope,
    entry: RuleEntry,
    /// What it was made of; nothing for one that stands there already.
    made_of: Option<Carried>,
}

impl<'a> Draft<'a> {
    fn beside(before: &str, own: &'a dyn Files) -> Result<Self, EditError> {
        let known = entries(before)?;
        let rules = known.rules.into_iter().filter_map(|entry| {
            Some(Drafted {
                scope: Scope::read(&entry.scope).ok()?,
                entry,
                made_of: None,
            })
        });
        let rules: Vec<_> = rules.collect();
        Ok(Self {
            own,
            level: Level::This,
            names: known.signers.into_iter().map(|s| s.name).collect(),
            signers: Vec::new(),
            known: rules.len(),
            rules,
            left: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn note(&mut self, note: &'static str) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn leave(&mut self, what: &str, why: impl Into<String>) {
        self.left.push(Left {
            what: what.to_owned(),
            why: why.into(),
            there: false,
        });
    }

    /// The rule that images of this name are judged by here.
    fn in_force(&self, name: &str) -> Option<&Drafted> {
        ScopeName::from(name).longest(&self.rules, |rule| &rule.scope)
    }

    /// The same, of those that stand there already.
    fn known_in_force(&self, name: &str) -> Option<&Drafted> {
        ScopeName::from(name).longest(&self.rules[..self.known], |rule| &rule.scope)
    }

    /// What was asked for of the images of `scope`, called `what` there.
    fn put(&mut self, scope: &str, what: &str, carried: Carried) {
        // the image of the scope that no narrower one can be about: none is called so
        let name = scope.strip_suffix('*').unwrap_or(scope);
        if let Err(why) = Scope::read(scope) {
            self.leave(what, format!("{why}; it is left out"));
            return;
        }
        if carried != Carried::Anything && self.rule_of(scope).is_some() {
            self.is_there(scope, what);
            return;
        }
        let rule = match &carried {
            Carried::Anything => {
                let instead = match self.in_force(name) {
                    Some(rule) => {
                        format!("they are judged by the rule for {} here", rule.scope)
                    }
                    None => "they are not judged here".to_owned(),
                };
                self.leave(
                    what,
                    format!("its images are accepted unsigned there; {instead}"),
                );
                return;
            }
            Carried::Nothing => RuleEntry::rejecting(scope),
            Carried::Not(why) => {
                self.leave(
                    what,
                    format!("{why}. Until you write a rule, its images are rejected here"),
                );
                RuleEntry::rejecting(scope)
            }
            Carried::Signed { signers, at_least } => {
                // a narrower rule would count in place of it, and may ask for less
                if let Some(known) = self.known_in_force(name) {
                    let why = format!(
                        "your rule for {} judges its images, and goes on to: write a narrower one yourself where these signers are to count",
                        known.scope
                    );
                    self.leave(what, why);
                    return;
                }
                RuleEntry {
                    scope: scope.to_owned(),
                    signers: signers.iter().map(|signer| self.signer(signer)).collect(),
                    at_least: *at_least,
                    attestations: Vec::new(),
                    level: self.level,
                }
            }
        };
        self.rule(rule, what, carried);
    }

    fn rule_of(&self, scope: &str) -> Option<&Drafted> {
        let mut rules = self.rules.iter();
        rules.find(|rule| Scope::plain(rule.scope.text()) == Scope::plain(scope))
    }

    /// Adds a rule whose scope was read before.
    fn rule(&mut self, entry: RuleEntry, what: &str, carried: Carried) {
        match self.rule_of(&entry.scope) {
            None => {
                if let Ok(scope) = Scope::read(&entry.scope) {
                    self.rules.push(Drafted {
                        scope,
                        entry,
                        made_of: Some(carried),
                    });
                }
            }
            Some(known) if known.made_of.is_none() => self.is_there(&entry.scope, what),
            // two tags of one repository come to the same
            Some(_) => {}
        }
    }

    fn is_there(&mut self, scope: &str, what: &str) {
        self.left.push(Left {
            what: what.to_owned(),
            why: format!(
                "there is a rule for {scope} in your policy already, which stays as it is"
            ),
            there: true,
        });
    }

    /// The name of a signer: that of one who is written the same, or a new one.
    fn signer(&mut self, signer: &CarriedSigner) -> String {
        let written = signer.written.to_string();
        if let Some(same) = self.signers.iter().find(|known| known.written == written) {
            return same.name.clone();
        }
        let name = free_name(&signer.name, &self.names);
        self.names.insert(name.clone());
        self.signers.push(NewSigner {
            name: name.clone(),
            written,
        });
        name
    }
}
