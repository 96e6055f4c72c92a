//! What stands in a policy, as entries: rules and signers as they are written.

use std::fmt;

use serde::Deserialize;
use toml_edit::{Item, Table};

use super::EditError;
use super::table::{list_of, parse, tables, text_of};
use crate::signature::policy::Level;

/// The keys that say how a signer signs.
pub(super) const WAYS: [&str; 12] = [
    "key",
    "key_file",
    "identity",
    "identity_regexp",
    "issuer",
    "issuer_regexp",
    "authorities",
    "authorities_file",
    "openpgp",
    "openpgp_file",
    "notation",
    "signed_name",
];

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEntry {
    pub scope: String,
    /// Names of signers; none where every image is rejected.
    pub signers: Vec<String>,
    /// How many distinct signers are asked for.
    pub at_least: usize,
    /// Predicate types.
    pub attestations: Vec<String>,
    pub level: Level,
}

/// A signer as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerEntry {
    pub name: String,
    pub way: Way,
}

/// How a signer signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A public key in a file, by its path from the policy's folder.
    KeyFile(String),
    /// A public key, in PEM.
    Key(String),
    /// An identity, and who vouches for it.
    Identity { identity: String, issuer: String },
    /// OpenPGP keys in a file.
    OpenPgpFile(String),
    /// OpenPGP keys, in armour.
    OpenPgp(String),
    /// Authorities in a file of certificates.
    AuthoritiesFile(String),
    /// Notation, with certificates (PEM) in the file itself and the subjects of signers.
    Notation {
        certificates: String,
        identities: Vec<String>,
    },
    /// Something that is only changed in the file itself, in words.
    Other(String),
}

/// What stands in a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    pub rules: Vec<RuleEntry>,
    pub signers: Vec<SignerEntry>,
    /// Whether what is opened is verified without being asked for.
    pub automatic: bool,
}

/// What stands in a policy of Porthole's own kind.
///
/// # Errors
/// Where the text is no TOML, or rules or signers are no tables.
pub fn entries(text: &str) -> Result<Entries, EditError> {
    let document = parse(text)?;
    let mut entries = Entries {
        automatic: document
            .get("automatic")
            .and_then(Item::as_bool)
            .unwrap_or(true),
        ..Entries::default()
    };
    for table in tables(&document, "rule")?.into_iter().flatten() {
        entries.rules.push(rule_of(table));
    }
    for table in tables(&document, "signer")?.into_iter().flatten() {
        entries.signers.push(SignerEntry {
            name: text_of(table, "name"),
            way: way_of(table),
        });
    }
    Ok(entries)
}

pub(super) fn rule_of(table: &Table) -> RuleEntry {
    RuleEntry {
        scope: text_of(table, "scope"),
        signers: list_of(table, "signers"),
        at_least: table
            .get("at_least")
            .and_then(Item::as_integer)
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(1),
        attestations: list_of(table, "attestations"),
        level: level_of(table),
    }
}

fn level_of(table: &Table) -> Level {
    let level = table.get("level").and_then(Item::as_str);
    let level = level.and_then(|level| {
        let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(level);
        Level::deserialize(text).ok()
    });
    level.unwrap_or_default()
}

pub(super) fn way_of(table: &Table) -> Way {
    let written: Vec<&str> = WAYS
        .into_iter()
        .filter(|way| *way != "signed_name" && table.contains_key(way))
        .collect();
    match written.as_slice() {
        ["key_file"] => Way::KeyFile(text_of(table, "key_file")),
        ["key"] => Way::Key(text_of(table, "key")),
        ["identity", "issuer"] => Way::Identity {
            identity: text_of(table, "identity"),
            issuer: text_of(table, "issuer"),
        },
        ["openpgp"] => Way::OpenPgp(text_of(table, "openpgp")),
        ["openpgp_file"] => Way::OpenPgpFile(text_of(table, "openpgp_file")),
        ["authorities_file"] => Way::AuthoritiesFile(text_of(table, "authorities_file")),
        ["notation"] => {
            let notation = table.get("notation").and_then(Item::as_table);
            match notation {
                Some(table) if table.len() == 2 && table.contains_key("certificates") => {
                    Way::Notation {
                        certificates: text_of(table, "certificates"),
                        identities: list_of(table, "identities"),
                    }
                }
                _ => Way::Other("notation".to_owned()),
            }
        }
        other => Way::Other(other.join(", ")),
    }
}

impl RuleEntry {
    /// The rule that accepts nothing.
    pub fn rejecting(scope: impl Into<String>) -> Self {
        Self {
            scope: scope.into(),
            signers: Vec::new(),
            at_least: 1,
            attestations: Vec::new(),
            level: Level::default(),
        }
    }

    /// Whether it accepts nothing, whoever signed.
    pub const fn rejects(&self) -> bool {
        self.signers.is_empty()
    }

    /// The rule that makes `signer` one for `scope`. Where `before` is in force there, it is
    /// that one with the signer beside its own; one that rejects everything gives nothing to
    /// begin with.
    pub(crate) fn trusting(scope: &str, signer: &str, before: Option<&Self>) -> Self {
        let before = before.filter(|before| !before.rejects()).cloned();
        let mut rule = before.unwrap_or_else(|| Self::rejecting(scope));
        scope.clone_into(&mut rule.scope);
        if !rule.signers.iter().any(|named| named == signer) {
            rule.signers.push(signer.to_owned());
        }
        rule
    }
}

impl Way {
    /// Whether a policy can ask for an entry in a log of what is signed so.
    pub(super) const fn may_ask_for_a_log(&self) -> bool {
        matches!(
            self,
            Self::Key(_) | Self::KeyFile(_) | Self::Identity { .. }
        )
    }

    /// Whether both are keys, or identities, and so on: how they are written does not matter.
    pub(super) const fn is_of_the_kind_of(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (
                Self::Key(_) | Self::KeyFile(_),
                Self::Key(_) | Self::KeyFile(_)
            ) | (Self::Identity { .. }, Self::Identity { .. })
                | (
                    Self::OpenPgp(_) | Self::OpenPgpFile(_),
                    Self::OpenPgp(_) | Self::OpenPgpFile(_)
                )
                | (Self::AuthoritiesFile(_), Self::AuthoritiesFile(_))
                | (Self::Notation { .. }, Self::Notation { .. })
        )
    }
}

impl fmt::Display for Way {
    /// For people, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyFile(path) => write!(f, "whoever holds the key in {path}"),
            Self::Key(_) => f.write_str("whoever holds the key that stands in the file"),
            Self::Identity { identity, issuer } => {
                write!(f, "{identity}, vouched for by {issuer}")
            }
            Self::OpenPgp(_) => f.write_str("the OpenPGP keys that stand in the file"),
            Self::OpenPgpFile(path) => write!(f, "the OpenPGP keys in {path}"),
            Self::AuthoritiesFile(path) => write!(f, "certificates of the authorities in {path}"),
            Self::Notation { identities, .. } => {
                let who = identities.join(" or ");
                write!(f, "{who}, by Notation and the certificates in the file")
            }
            Self::Other(keys) if keys.is_empty() => f.write_str("nothing yet"),
            Self::Other(keys) => write!(f, "by {keys}, as it stands in the file"),
        }
    }
}
