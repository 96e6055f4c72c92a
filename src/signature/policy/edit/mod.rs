//! Changes of Porthole's own policy: what stands in the file as entries, and single changes
//! of its text, in which comments and order stay.

mod entry;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::{Level, Scope, ScopeName};
use entry::{WAYS, rule_of, way_of};
use table::{array, list_of, parse, set, set_unless, tables, tables_mut, text_of};

pub use entry::{Entries, RuleEntry, SignerEntry, Way, entries};

/// A policy that nothing stands in yet.
pub const NEW_POLICY: &str = "# Whom Porthole trusts. See docs/trust-policy.md.\nversion = 1\n";

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyEdit {
    /// Makes `signer` one for the name `scope`: beside those of the rule that is there, or in
    /// a new one. The new one replaces a wider one for this name, and so asks for what that
    /// one does.
    Trust {
        scope: String,
        signer: SignerEntry,
    },
    /// Writes a rule, instead of the one with the scope `before`, or as a new one.
    PutRule {
        before: Option<String>,
        rule: RuleEntry,
    },
    RemoveRule {
        scope: String,
    },
    /// Writes a signer, instead of the one named `before`, or as a new one. Rules that name
    /// it go with a new name.
    PutSigner {
        before: Option<String>,
        signer: SignerEntry,
    },
    RemoveSigner {
        name: String,
    },
    /// Whether what is opened is verified without being asked for.
    Automatic(bool),
    /// Writes what was taken over from another policy: new signers and new rules.
    Add {
        signers: Vec<NewSigner>,
        rules: Vec<RuleEntry>,
    },
}

/// A signer with all that is written of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSigner {
    pub name: String,
    /// What stands in its table besides the name, in TOML.
    pub written: String,
}

/// Why a policy cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("it cannot be read: {0}")]
    Syntax(String),
    #[error("its {0}s are written in one line, which is changed by hand only")]
    Inline(&'static str),
    #[error("there is no {0} {1:?} in it any more")]
    Gone(&'static str, String),
    #[error("there is a {0} {1:?} in it already")]
    There(&'static str, String),
    #[error("the rule for {scope} still names the signer {name:?}")]
    InUse { name: String, scope: String },
    #[error("how the signer {0:?} signs is changed by hand only")]
    ByHand(String),
    #[error("the rule for {0} rejects every image; change that first")]
    Rejects(String),
}

/// The policy `text` with one change. What comes out is to be read as a policy before it is
/// believed.
///
/// # Errors
/// Where the text is no TOML, or what is to be changed is not there, or there already.
pub fn edited(text: &str, edit: &PolicyEdit) -> Result<String, EditError> {
    let mut document = parse(text)?;
    match edit {
        PolicyEdit::Trust { scope, signer } => trust(&mut document, scope, signer)?,
        PolicyEdit::PutRule { before, rule } => {
            let table = slot(
                &mut document,
                "rule",
                "scope",
                before.as_deref(),
                &rule.scope,
            )?;
            write_rule(table, rule);
        }
        PolicyEdit::RemoveRule { scope } => remove(&mut document, "rule", "scope", scope)?,
        PolicyEdit::PutSigner { before, signer } => {
            let name = before.as_deref();
            let table = slot(&mut document, "signer", "name", name, &signer.name)?;
            write_signer(table, signer)?;
            if let Some(before) = before.as_ref().filter(|before| **before != signer.name) {
                rename(&mut document, before, &signer.name)?;
            }
        }
        PolicyEdit::RemoveSigner { name } => {
            for table in tables(&document, "rule")?.into_iter().flatten() {
                if list_of(table, "signers").contains(name) {
                    return Err(EditError::InUse {
                        name: name.clone(),
                        scope: text_of(table, "scope"),
                    });
                }
            }
            remove(&mut document, "signer", "name", name)?;
        }
        PolicyEdit::Add { signers, rules } => {
            for signer in signers {
                let written = parse(&signer.written)?;
                let table = slot(&mut document, "signer", "name", None, &signer.name)?;
                set(table, "name", signer.name.as_str().into());
                for (key, item) in written.iter() {
                    table.insert(key, without_place(item));
                }
            }
            for rule in rules {
                write_rule(
                    slot(&mut document, "rule", "scope", None, &rule.scope)?,
                    rule,
                );
            }
        }
        PolicyEdit::Automatic(automatic) => {
            set(document.as_table_mut(), "automatic", (*automatic).into());
        }
    }
    Ok(document.to_string())
}

/// The table to write to: the one whose `key` is `before`, or a new one. `after` is what
/// its `key` is going to be.
fn slot<'a>(
    document: &'a mut DocumentMut,
    kind: &'static str,
    key: &str,
    before: Option<&str>,
    after: &str,
) -> Result<&'a mut Table, EditError> {
    let all = tables_mut(document, kind)?;
    let named = |table: &Table, wanted: &str| match key {
        // `**` is the scope `*`
        "scope" => Scope::plain(&text_of(table, key)) == Scope::plain(wanted),
        _ => text_of(table, key) == wanted,
    };
    let find = |all: &ArrayOfTables, wanted: &str| all.iter().position(|t| named(t, wanted));
    let own = before.and_then(|before| find(all, before));
    if find(all, after).is_some_and(|there| Some(there) != own) {
        return Err(EditError::There(kind, after.to_owned()));
    }
    let at = match before {
        Some(before) => own.ok_or_else(|| EditError::Gone(kind, before.to_owned()))?,
        None => {
            let mut table = Table::new();
            // as a person would write it: a line between
            table.decor_mut().set_prefix("\n");
            all.push(table);
            all.len() - 1
        }
    };
    let gone = || EditError::Gone(kind, after.to_owned());
    all.get_mut(at).ok_or_else(gone)
}

/// The same without its place in the text that it was read of.
fn without_place(item: &Item) -> Item {
    match item {
        Item::Table(table) => {
            let mut new = Table::new();
            for (key, item) in table.iter() {
                new.insert(key, item.clone());
            }
            Item::Table(new)
        }
        other => other.clone(),
    }
}

fn remove(
    document: &mut DocumentMut,
    kind: &'static str,
    key: &str,
    wanted: &str,
) -> Result<(), EditError> {
    let all = tables_mut(document, kind)?;
    let at = all.iter().position(|table| text_of(table, key) == wanted);
    let at = at.ok_or_else(|| EditError::Gone(kind, wanted.to_owned()))?;
    all.remove(at);
    if all.is_empty() {
        document.remove(kind);
    }
    Ok(())
}

fn trust(document: &mut DocumentMut, scope: &str, signer: &SignerEntry) -> Result<(), EditError> {
    // one that says more, as that no log is asked for, is not what was shown
    let same = |table: &&Table| {
        let plain = |key: &str| key == "name" || (WAYS.contains(&key) && key != "signed_name");
        way_of(table) == signer.way && table.iter().all(|(key, _)| plain(key))
    };
    let mut known = tables(document, "signer")?.into_iter().flatten();
    let same = known.find(same).map(|table| text_of(table, "name"));
    drop(known);
    let name = match same {
        Some(name) => name,
        None => {
            // the name may be that of one that says more
            let taken: BTreeSet<String> = tables(document, "signer")?
                .into_iter()
                .flatten()
                .map(|table| text_of(table, "name"))
                .collect();
            let signer = SignerEntry {
                name: free_name(&signer.name, &taken),
                ..signer.clone()
            };
            let table = slot(document, "signer", "name", None, &signer.name)?;
            write_signer(table, &signer)?;
            signer.name
        }
    };
    let rules = tables_mut(document, "rule")?;
    let rule = rules
        .iter_mut()
        .find(|table| Scope::plain(&text_of(table, "scope")) == Scope::plain(scope));
    match rule {
        Some(rule) if rule_of(rule).rejects() => {
            return Err(EditError::Rejects(scope.to_owned()));
        }
        Some(rule) => {
            let mut signers = list_of(rule, "signers");
            if !signers.contains(&name) {
                signers.push(name);
                set(rule, "signers", array(&signers));
            }
        }
        None => {
            let rules = tables(document, "rule")?.into_iter().flatten();
            let wide = in_force(rules.map(rule_of), scope);
            let rule = RuleEntry::trusting(scope, &name, wide.as_ref());
            write_rule(slot(document, "rule", "scope", None, scope)?, &rule);
        }
    }
    Ok(())
}

/// `name`, with a number where it is one of those that are taken.
pub(super) fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while taken.contains(&free) {
        free = format!("{name} ({number})");
        number += 1;
    }
    free
}

/// The rule that images of this name are judged by, as [`super::Policy::rule`] finds it.
pub(super) fn in_force(rules: impl Iterator<Item = RuleEntry>, name: &str) -> Option<RuleEntry> {
    let scoped: Vec<_> = rules
        .filter_map(|rule| Some((Scope::read(&rule.scope).ok()?, rule)))
        .collect();
    let longest = ScopeName::from(name).longest(&scoped, |(scope, _)| scope)?;
    Some(longest.1.clone())
}

/// Gives a signer its new name in every rule.
fn rename(document: &mut DocumentMut, before: &str, after: &str) -> Result<(), EditError> {
    for table in tables_mut(document, "rule")?.iter_mut() {
        let mut signers = list_of(table, "signers");
        let mut changed = false;
        for signer in signers.iter_mut().filter(|signer| *signer == before) {
            after.clone_into(signer);
            changed = true;
        }
        if changed {
            set(table, "signers", array(&signers));
        }
    }
    Ok(())
}

fn write_rule(table: &mut Table, rule: &RuleEntry) {
    set(table, "scope", rule.scope.as_str().into());
    set_unless(table, "reject", true.into(), !rule.rejects());
    if rule.rejects() {
        for asked in ["signers", "at_least", "attestations", "level"] {
            table.remove(asked);
        }
        return;
    }
    set(table, "signers", array(&rule.signers));
    let count = i64::try_from(rule.at_least).unwrap_or(i64::MAX);
    set_unless(table, "at_least", count.into(), rule.at_least == 1);
    let attestations = array(&rule.attestations);
    set_unless(
        table,
        "attestations",
        attestations,
        rule.attestations.is_empty(),
    );
    let level = rule.level.name();
    set_unless(table, "level", level.into(), rule.level == Level::default());
}

fn write_signer(table: &mut Table, signer: &SignerEntry) -> Result<(), EditError> {
    set(table, "name", signer.name.as_str().into());
    let before = way_of(table);
    if before == signer.way {
        return Ok(());
    }
    let pairs: Vec<(&str, &String)> = match &signer.way {
        Way::KeyFile(path) => vec![("key_file", path)],
        Way::Key(pem) => vec![("key", pem)],
        Way::Identity { identity, issuer } => vec![("identity", identity), ("issuer", issuer)],
        Way::OpenPgpFile(path) => vec![("openpgp_file", path)],
        Way::OpenPgp(keys) => vec![("openpgp", keys)],
        Way::AuthoritiesFile(path) => vec![("authorities_file", path)],
        Way::Notation { .. } => Vec::new(),
        Way::Other(_) => return Err(EditError::ByHand(signer.name.clone())),
    };
    // how the name has to be stays; how it signs is another now
    for way in WAYS.iter().filter(|way| **way != "signed_name") {
        if !pairs.iter().any(|(key, _)| key == way) {
            table.remove(way);
        }
    }
    // "none", which goes without saying for a key, would take the log from an identity; where
    // one is asked for, and can be, it stays asked for
    let asked = table.get("log").and_then(Item::as_bool) == Some(true);
    let stays = asked && signer.way.may_ask_for_a_log();
    if !(before.is_of_the_kind_of(&signer.way) || stays) {
        table.remove("log");
    }
    for (key, text) in pairs {
        set(table, key, text.as_str().into());
    }
    if let Way::Notation {
        certificates,
        identities,
    } = &signer.way
    {
        let mut notation = Table::new();
        notation.insert("certificates", value(certificates.as_str()));
        notation.insert("identities", value(array(identities)));
        table.insert("notation", Item::Table(notation));
    }
    Ok(())
}
