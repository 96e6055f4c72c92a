//! Notation's `trustpolicy.json` as a policy: a rule for each registry scope, judged by
//! Notation's own levels, stores and identities.

use std::sync::Arc;

use super::signer::read_stores;
use super::{Asked, Files, Level, PolicyError, Requirement, Rule, Scope};
use crate::signature::notation::TrustPolicy;
use crate::signature::trust::{NotationTrust, SignedBy, Signer};

/// Reads the rules.
pub(super) fn read(text: &str, files: &dyn Files) -> Result<Vec<Rule>, PolicyError> {
    let policy = TrustPolicy::read(text.as_bytes())
        .map_err(|error| PolicyError::Syntax(error.to_string()))?;
    let mut rules = Vec::new();
    for statement in policy.statements {
        let scopes = statement.scopes.clone();
        let requirement = if statement.level.skip {
            Requirement::Anything
        } else {
            let name = statement.name.clone();
            let store = read_stores(&statement, files, false);
            let trust = NotationTrust { statement, store };
            let signer = Signer::new(name, SignedBy::Notation(Arc::new(trust)));
            Requirement::Signed(Asked::one_of(vec![signer]))
        };
        for scope in scopes {
            rules.push(Rule {
                scope: Scope::read(&scope).map_err(|why| PolicyError::Rule {
                    scope: scope.clone(),
                    why,
                })?,
                requirements: vec![requirement.clone()],
                level: Level::This,
            });
        }
    }
    Ok(rules)
}
