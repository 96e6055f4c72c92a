//! Changes of Porthole's own policy: what stands in the file as entries, and single changes
//! of its text, in which comments and order stay.

use std::fmt;

use serde::Deserialize;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::Level;

/// A policy that nothing stands in yet.
pub const NEW_POLICY: &str = "# Whom Porthole trusts. See docs/trust-policy.md.\nversion = 1\n";

/// The keys that say how a signer signs.
const WAYS: [&str; 12] = [
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
    /// Names of signers.
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

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyEdit {
    /// Makes `signer` one for `scope`: beside those of the rule that is there, or in a new
    /// one.
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
        entries.rules.push(RuleEntry {
            scope: text_of(table, "scope"),
            signers: list_of(table, "signers"),
            at_least: table
                .get("at_least")
                .and_then(Item::as_integer)
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(1),
            attestations: list_of(table, "attestations"),
            level: level_of(table),
        });
    }
    for table in tables(&document, "signer")?.into_iter().flatten() {
        entries.signers.push(SignerEntry {
            name: text_of(table, "name"),
            way: way_of(table),
        });
    }
    Ok(entries)
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
        PolicyEdit::Automatic(automatic) => {
            set(document.as_table_mut(), "automatic", (*automatic).into());
        }
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| EditError::Syntax(error.to_string()))
}

/// The tables of a kind; nothing where there are none.
fn tables<'a>(
    document: &'a DocumentMut,
    kind: &'static str,
) -> Result<Option<&'a ArrayOfTables>, EditError> {
    match document.get(kind) {
        None => Ok(None),
        Some(item) => item
            .as_array_of_tables()
            .map(Some)
            .ok_or(EditError::Inline(kind)),
    }
}

fn tables_mut<'a>(
    document: &'a mut DocumentMut,
    kind: &'static str,
) -> Result<&'a mut ArrayOfTables, EditError> {
    document
        .entry(kind)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(EditError::Inline(kind))
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
    let find = |all: &ArrayOfTables, wanted: &str| {
        all.iter().position(|table| text_of(table, key) == wanted)
    };
    if before != Some(after) && find(all, after).is_some() {
        return Err(EditError::There(kind, after.to_owned()));
    }
    let at = match before {
        Some(before) => {
            find(all, before).ok_or_else(|| EditError::Gone(kind, before.to_owned()))?
        }
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
    let known = tables(document, "signer")?.into_iter().flatten();
    let same = known
        .map(|table| (text_of(table, "name"), way_of(table)))
        .find(|(_, way)| *way == signer.way);
    let name = match same {
        Some((name, _)) => name,
        None => {
            write_signer(
                slot(document, "signer", "name", None, &signer.name)?,
                signer,
            )?;
            signer.name.clone()
        }
    };
    let rules = tables_mut(document, "rule")?;
    let rule = rules
        .iter_mut()
        .find(|table| text_of(table, "scope") == scope);
    match rule {
        Some(rule) => {
            let mut signers = list_of(rule, "signers");
            if !signers.contains(&name) {
                signers.push(name);
                set(rule, "signers", array(&signers));
            }
        }
        None => {
            let rule = RuleEntry {
                scope: scope.to_owned(),
                signers: vec![name],
                at_least: 1,
                attestations: Vec::new(),
                level: Level::Either,
            };
            write_rule(slot(document, "rule", "scope", None, scope)?, &rule);
        }
    }
    Ok(())
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
    if way_of(table) == signer.way {
        return Ok(());
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
        return Ok(());
    }
    let pairs: Vec<(&str, &String)> = match &signer.way {
        Way::KeyFile(path) => vec![("key_file", path)],
        Way::Key(pem) => vec![("key", pem)],
        Way::Identity { identity, issuer } => vec![("identity", identity), ("issuer", issuer)],
        Way::OpenPgpFile(path) => vec![("openpgp_file", path)],
        Way::AuthoritiesFile(path) => vec![("authorities_file", path)],
        Way::Notation { .. } | Way::Other(_) => {
            return Err(EditError::ByHand(signer.name.clone()));
        }
    };
    // how the name has to be stays; how it signs is another now
    for way in WAYS.iter().filter(|way| **way != "signed_name") {
        if !pairs.iter().any(|(key, _)| key == way) {
            table.remove(way);
        }
    }
    for (key, text) in pairs {
        set(table, key, text.as_str().into());
    }
    Ok(())
}

/// Writes a value where it is another, and keeps what stands around it.
fn set(table: &mut Table, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            if bare(old) != bare(&new) {
                let decor = old.decor().clone();
                *old = new;
                *old.decor_mut() = decor;
            }
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// The same; what goes without saying is not written, and taken out where it is.
fn set_unless(table: &mut Table, key: &str, new: Value, plain: bool) {
    if !plain {
        set(table, key, new);
    } else if table.contains_key(key) {
        table.remove(key);
    }
}

/// A value without what stands around it.
fn bare(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("{:?}", list.iter().map(bare).collect::<Vec<_>>()),
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(number) => number.value().to_string(),
        Value::Boolean(is) => is.value().to_string(),
        other => other.to_string(),
    }
}

fn array(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(String::as_str).collect::<Array>())
}

fn text_of(table: &Table, key: &str) -> String {
    let text = table.get(key).and_then(Item::as_str);
    text.unwrap_or_default().to_owned()
}

fn list_of(table: &Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Item::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(ToOwned::to_owned).collect()
}

fn level_of(table: &Table) -> Level {
    let level = table.get("level").and_then(Item::as_str);
    let level = level.and_then(|level| {
        let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(level);
        Level::deserialize(text).ok()
    });
    level.unwrap_or_default()
}

fn way_of(table: &Table) -> Way {
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

impl fmt::Display for Way {
    /// For people, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyFile(path) => write!(f, "whoever holds the key in {path}"),
            Self::Key(_) => f.write_str("whoever holds the key that stands in the file"),
            Self::Identity { identity, issuer } => {
                write!(f, "{identity}, vouched for by {issuer}")
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"# kept by the team
version = 1

# what we ship
[[rule]]
scope = "host/edge/**"   # everything of edge
signers = ["release"]
level = "both"

[[signer]]
name = "release"         # the bot
identity = "release@example.com"
issuer = "https://accounts.example.com"
log = false

[[signer]]
name = "wabbit"
[signer.notation]
stores = ["ca:wabbit"]
identities = ["*"]
"#;

    fn rule(scope: &str, signers: &[&str]) -> RuleEntry {
        RuleEntry {
            scope: scope.to_owned(),
            signers: signers.iter().map(ToString::to_string).collect(),
            at_least: 1,
            attestations: Vec::new(),
            level: Level::Either,
        }
    }

    fn identity(name: &str, identity: &str) -> SignerEntry {
        SignerEntry {
            name: name.to_owned(),
            way: Way::Identity {
                identity: identity.to_owned(),
                issuer: "https://accounts.example.com".to_owned(),
            },
        }
    }

    #[test]
    fn what_stands_in_the_file_is_listed() {
        let read = entries(POLICY).unwrap();
        assert!(read.automatic);
        assert_eq!(
            read.rules,
            [RuleEntry {
                level: Level::Both,
                ..rule("host/edge/**", &["release"])
            }]
        );
        let ways: Vec<_> = read.signers.iter().map(|s| s.way.to_string()).collect();
        assert_eq!(
            ways,
            [
                "release@example.com, vouched for by https://accounts.example.com",
                "by notation, as it stands in the file"
            ]
        );
        assert_eq!(entries(NEW_POLICY).unwrap().rules, []);
    }

    #[test]
    fn a_rule_is_changed_where_it_stands_and_every_comment_stays() {
        let edit = PolicyEdit::PutRule {
            before: Some("host/edge/**".to_owned()),
            rule: RuleEntry {
                at_least: 2,
                ..rule("host/edge/api", &["release", "wabbit"])
            },
        };
        let text = edited(POLICY, &edit).unwrap();
        let expected = POLICY
            .replace("host/edge/**", "host/edge/api")
            .replace(r#"["release"]"#, r#"["release", "wabbit"]"#)
            .replace("level = \"both\"\n", "at_least = 2\n");
        assert_eq!(text, expected);
        // the same again changes nothing
        let again = PolicyEdit::PutRule {
            before: Some("host/edge/api".to_owned()),
            rule: entries(&text).unwrap().rules.remove(0),
        };
        assert_eq!(edited(&text, &again).unwrap(), text);
    }

    #[test]
    fn rules_and_signers_are_added_and_taken_out() {
        let edit = PolicyEdit::PutRule {
            before: None,
            rule: rule("other/**", &["wabbit"]),
        };
        let more = edited(POLICY, &edit).unwrap();
        assert_eq!(entries(&more).unwrap().rules.len(), 2);
        assert!(more.contains("# what we ship") && more.contains("# the bot"));
        assert_eq!(
            edited(&more, &edit),
            Err(EditError::There("rule", "other/**".to_owned()))
        );
        let name = "wabbit".to_owned();
        assert_eq!(
            edited(&more, &PolicyEdit::RemoveSigner { name: name.clone() }),
            Err(EditError::InUse {
                name: name.clone(),
                scope: "other/**".to_owned()
            })
        );
        let scope = "other/**".to_owned();
        let less = edited(
            &more,
            &PolicyEdit::RemoveRule {
                scope: scope.clone(),
            },
        )
        .unwrap();
        assert_eq!(less, POLICY);
        let gone = edited(&less, &PolicyEdit::RemoveRule { scope });
        assert!(matches!(gone, Err(EditError::Gone("rule", _))), "{gone:?}");
        let less = edited(&less, &PolicyEdit::RemoveSigner { name }).unwrap();
        assert_eq!(
            less,
            POLICY
                .split("\n[[signer]]\nname = \"wabbit\"")
                .next()
                .unwrap()
        );
    }

    #[test]
    fn a_signer_gets_another_name_everywhere_and_another_way() {
        let edit = PolicyEdit::PutSigner {
            before: Some("release".to_owned()),
            signer: SignerEntry {
                name: "bot".to_owned(),
                way: Way::KeyFile("bot.pub".to_owned()),
            },
        };
        let text = edited(POLICY, &edit).unwrap();
        let read = entries(&text).unwrap();
        assert_eq!(read.rules[0].signers, ["bot"]);
        assert_eq!(read.signers[0].way, Way::KeyFile("bot.pub".to_owned()));
        assert!(text.contains("# the bot") && text.contains("log = false"));
        assert!(!text.contains("issuer"));
    }

    #[test]
    fn to_trust_somebody_joins_the_rule_that_is_there() {
        let edit = |scope: &str| PolicyEdit::Trust {
            scope: scope.to_owned(),
            signer: identity("me", "me@example.com"),
        };
        let text = edited(POLICY, &edit("host/edge/**")).unwrap();
        let read = entries(&text).unwrap();
        assert_eq!(read.rules.len(), 1);
        assert_eq!(read.rules[0].signers, ["release", "me"]);
        // known already, under another name
        let same = PolicyEdit::Trust {
            scope: "new/app".to_owned(),
            signer: identity("other", "me@example.com"),
        };
        let read = entries(&edited(&text, &same).unwrap()).unwrap();
        assert_eq!(read.rules[1], rule("new/app", &["me"]));
        assert_eq!(read.signers.len(), 3);
        // in a new file
        let read = entries(&edited(NEW_POLICY, &edit("a/b")).unwrap()).unwrap();
        assert_eq!(read.rules, [rule("a/b", &["me"])]);
    }

    #[test]
    fn verifying_by_itself_is_turned_off_and_on() {
        let off = edited(POLICY, &PolicyEdit::Automatic(false)).unwrap();
        assert!(!entries(&off).unwrap().automatic);
        assert!(
            off.starts_with("# kept by the team\nversion = 1\nautomatic = false\n"),
            "{off}"
        );
        let on = edited(&off, &PolicyEdit::Automatic(true)).unwrap();
        assert!(entries(&on).unwrap().automatic);
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_people() {
        let inline = "version = 1\nrule = [{ scope = \"*\", signers = [\"a\"] }]\n";
        assert_eq!(entries(inline), Err(EditError::Inline("rule")));
        assert!(matches!(entries("version ="), Err(EditError::Syntax(_))));
        let edit = PolicyEdit::PutSigner {
            before: Some("wabbit".to_owned()),
            signer: SignerEntry {
                name: "wabbit".to_owned(),
                way: Way::Other("notation".to_owned()),
            },
        };
        assert_eq!(edited(POLICY, &edit).unwrap(), POLICY);
    }
}
