//! What "trust this signer…" means: shown to a person before it counts.

use super::super::found::Found;
use super::super::notation::{Envelope, Statement};
use super::super::report::SignerFacts;
use super::super::sign::write_pem;
use super::Level;
use super::edit::{PolicyEdit, RuleEntry, SignerEntry, Way};
use crate::model::predicate_words;

/// A signer that may be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The change that does it.
    pub edit: PolicyEdit,
    /// Who that is, in words.
    pub who: String,
}

/// To make `signer` one for `scope`, under `name`. `pem` is the key, for a signer by key.
/// Nothing for signers that a policy cannot name. What it writes and means says
/// [`super::previewed`], by the policy as it stands then.
pub fn proposal(
    name: &str,
    scope: &str,
    signer: &SignerFacts,
    pem: Option<&str>,
) -> Option<Proposal> {
    let (way, who) = match signer {
        SignerFacts::Key { .. } => {
            let way = Way::Key(pem?.to_owned());
            (way, "whoever holds this key".to_owned())
        }
        SignerFacts::Identity { subject, issuer } => {
            let issuer = issuer.as_deref()?;
            let way = Way::Identity {
                identity: subject.clone(),
                issuer: issuer.to_owned(),
            };
            (
                way,
                format!("{subject}, as long as {issuer} vouches for it and the log has it"),
            )
        }
        SignerFacts::Certificate { .. } | SignerFacts::OpenPgp { .. } => return None,
    };
    Some(proposed(name, scope, way, who))
}

/// The same for whoever made a Notation signature: the subject of its certificate, under the
/// root that it came with.
pub fn proposal_of_notation(scope: &str, found: &Found) -> Option<Proposal> {
    let media_type = found.raw.media_type().as_str();
    let envelope = Envelope::read(media_type, found.raw.bytes()).ok()?;
    let (leaf, root) = (envelope.chain.first()?, envelope.chain.last()?);
    let certificates = write_pem("CERTIFICATE", root.der());
    let subject = format!("x509.subject: {}", leaf.subject);
    // a subject that lacks what Notation asks of one cannot be named
    let statement = serde_json::json!({
        "name": "x",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:x"],
        "trustedIdentities": [subject],
    });
    let (identity, who) = match Statement::from_json(statement) {
        Ok(_) => {
            let who = format!("{} with a certificate that leads to the root", leaf.subject);
            (subject, who)
        }
        Err(_) => {
            let who = "anybody whose certificate leads to the root".to_owned();
            ("*".to_owned(), who)
        }
    };
    let fingerprint = root.fingerprint();
    let who = format!("{who} {}, {fingerprint}", root.subject);
    let name = format!("{}, for {scope}", leaf.subject);
    let way = Way::Notation {
        certificates,
        identities: vec![identity],
    };
    Some(proposed(&name, scope, way, who))
}

fn proposed(name: &str, scope: &str, way: Way, who: String) -> Proposal {
    let signer = SignerEntry {
        name: name.to_owned(),
        way,
    };
    let edit = PolicyEdit::Trust {
        scope: scope.to_owned(),
        signer,
    };
    Proposal { edit, who }
}

/// What it means to write a rule with one signer more than the rule `before`.
pub(super) fn meaning(who: &str, written: &RuleEntry, before: Option<&RuleEntry>) -> String {
    let scope = &written.scope;
    let plain = || format!("Every image of {scope} is accepted when it is signed by {who}.");
    let before = match before {
        None => return plain(),
        Some(before) if before.rejects() => {
            let wide = &before.scope;
            return format!(
                "{} The rule for {wide}, which rejects them, counts no more here.",
                plain()
            );
        }
        Some(before) => before,
    };
    let others = before.signers.join(" or ");
    let origin = if before.scope == *scope {
        "The rule for these images is there already; this signer joins it.".to_owned()
    } else {
        let wide = &before.scope;
        format!("The new rule begins as the one for {wide}, and counts in place of it here.")
    };
    let mut asked = Vec::new();
    match written.at_least {
        0 => {}
        1 => asked.push("one of these signed it".to_owned()),
        many => asked.push(format!("{many} of these signed it")),
    }
    for stated in &written.attestations {
        let words = predicate_words(stated);
        asked.push(format!("one of these made an attestation of it, {words}"));
    }
    match written.level {
        Level::Both => {
            asked.push("all that holds for the index and for every platform".to_owned());
        }
        Level::Platforms => asked.push("all that holds for every platform of an index".to_owned()),
        Level::Either | Level::This => {}
    }
    if asked == ["one of these signed it"] {
        return format!(
            "Every image of {scope} is accepted when it is signed by {who}, or by {others}. {origin}"
        );
    }
    let asked = asked.join(", and ");
    format!(
        "For images of {scope} it counts what is signed by {who}, beside {others}. One is accepted when {asked}. {origin}"
    )
}
