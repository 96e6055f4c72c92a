//! Notation's `trustpolicy.json`: a signer for each statement, a rule for each scope.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::super::signer::read_stores;
use super::super::{Files, PolicyError};
use super::{Carried, CarriedSigner, Draft, Foreign};
use crate::signature::notation::{Action, Level, Statement, StoreKind, TrustPolicy};
use crate::signature::notation::{TrustStore, VerifyTimestamp};
use crate::signature::sign::write_pem;
use crate::signature::trust::{NotationTrust, SignedBy, Signer};

const KINDS: [StoreKind; 3] = [StoreKind::Ca, StoreKind::SigningAuthority, StoreKind::Tsa];

pub(super) fn draft(
    document: &Value,
    foreign: &Foreign<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), PolicyError> {
    let policy = TrustPolicy::read(foreign.bytes);
    let policy = policy.map_err(|error| PolicyError::Syntax(error.to_string()))?;
    let written = document["trustPolicies"].as_array().into_iter().flatten();
    let mut each: Vec<_> = policy.statements.into_iter().zip(written).collect();
    // what holds for everything is known before what leaves somebody to it
    each.sort_by_key(|(statement, _)| !statement.scopes.iter().any(|scope| scope == "*"));
    for (statement, written) in each {
        let scopes = statement.scopes.clone();
        let carried = match statement.level.skip {
            true => Carried::Anything,
            false => carried(statement, written, foreign.files, draft.own),
        };
        for scope in scopes {
            let what = match scope.as_str() {
                "*" => "the statement for every other repository".to_owned(),
                scope => format!("the statement for {scope}"),
            };
            draft.put(&scope, &what, carried.clone());
        }
    }
    Ok(())
}

/// A statement as a signer, with its stores by name where they are the same beside the own
/// policy, else with their certificates.
fn carried(statement: Statement, written: &Value, files: &dyn Files, own: &dyn Files) -> Carried {
    let store = read_stores(&statement, files, false);
    for kind in KINDS {
        if let Err(why) = store.certificates(kind, &statement.stores_of(kind)) {
            return Carried::Not(why.to_string());
        }
    }
    let trust = NotationTrust { statement, store };
    let texts = |key: &str| -> Vec<String> {
        let list = written[key].as_array().into_iter().flatten();
        list.filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect()
    };
    let identities = texts("trustedIdentities");
    let mut by_name = notation(&trust.statement, &identities);
    by_name["notation"]["stores"] = value(array(&texts("trustStores")));
    let mut by_content = notation(&trust.statement, &identities);
    by_content["notation"]["certificates"] = value(pem(&trust));
    for written in [by_name, by_content] {
        let name = trust.statement.name.clone();
        let carried = CarriedSigner {
            name: name.clone(),
            written,
            signer: Signer::new(name, SignedBy::Notation(trust.clone().into())),
        };
        let read = carried.as_written(own);
        if let Ok(Signer {
            by: SignedBy::Notation(read),
            ..
        }) = read
            && is_same(&read, &trust)
        {
            return Carried::Signed {
                signers: vec![carried],
                at_least: 1,
            };
        }
    }
    let names: Vec<_> = texts("trustStores");
    Carried::Not(format!(
        "its trust stores ({}) are not those beside Porthole's policy, and a policy holds certificates of authorities alone: copy the trust store to `truststore` beside it",
        names.join(", ")
    ))
}

/// The signer without what vouches for it.
fn notation(statement: &Statement, identities: &[String]) -> DocumentMut {
    let mut notation = Table::new();
    notation.insert("identities", value(array(identities)));
    let (level, base) = [
        ("strict", Level::STRICT),
        ("permissive", Level::PERMISSIVE),
        ("audit", Level::AUDIT),
    ]
    .into_iter()
    .find(|(_, level)| *level == statement.level)
    .unwrap_or(("strict", Level::STRICT));
    notation.insert("level", value(level));
    let of = |level: &Level| {
        [
            ("authenticity", level.authenticity),
            ("authenticTimestamp", level.authentic_timestamp),
            ("expiry", level.expiry),
            ("revocation", level.revocation),
        ]
    };
    let mut overridden = InlineTable::new();
    for ((check, wanted), (_, given)) in of(&statement.level).into_iter().zip(of(&base)) {
        if wanted != given {
            let action = match wanted {
                Action::Enforce => "enforce",
                Action::Log => "log",
                Action::Skip => "skip",
            };
            overridden.insert(check, action.into());
        }
    }
    if !overridden.is_empty() {
        notation.insert("override", value(overridden));
    }
    if statement.verify_timestamp == VerifyTimestamp::AfterCertExpiry {
        notation.insert("timestamp", value("afterCertExpiry"));
    }
    let mut document = DocumentMut::new();
    document.insert("notation", Item::Table(notation));
    document
}

/// Whether the one judges as the other does.
fn is_same(one: &NotationTrust, other: &NotationTrust) -> bool {
    let statements = (&one.statement, &other.statement);
    let stores = KINDS.iter().all(|kind| {
        let of = |trust: &NotationTrust| roots(&trust.store, &trust.statement, *kind);
        // stores of timestamps that are named ask for one
        let named = |trust: &NotationTrust| trust.statement.stores_of(*kind).is_empty();
        of(one).is_some() && of(one) == of(other) && named(one) == named(other)
    });
    stores
        && statements.0.level == statements.1.level
        && statements.0.verify_timestamp == statements.1.verify_timestamp
        && statements.0.identities == statements.1.identities
}

/// The certificates of the stores of a kind, in no order.
fn roots(store: &TrustStore, statement: &Statement, kind: StoreKind) -> Option<Vec<Vec<u8>>> {
    let all = store.certificates(kind, &statement.stores_of(kind)).ok()?;
    let mut all: Vec<_> = all.iter().map(|one| one.der().to_vec()).collect();
    all.sort();
    all.dedup();
    Some(all)
}

fn pem(trust: &NotationTrust) -> String {
    let roots = roots(&trust.store, &trust.statement, StoreKind::Ca).unwrap_or_default();
    let each = roots.iter().map(|root| write_pem("CERTIFICATE", root));
    each.collect()
}

fn array(texts: &[String]) -> Array {
    texts.iter().map(String::as_str).collect()
}
