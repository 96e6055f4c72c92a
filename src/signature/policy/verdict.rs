//! The verdict: what the signatures that were found come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::transport::ListingOutcome;

use super::super::CheckKind;
use super::super::discover::Discovered;
use super::super::report::{Judgement, SignatureReport, SubjectReport, Verdict};
use super::{Asked, Level, Policy};

/// The verdict on an index together with its platforms. `platforms` are those that are
/// images; each of them has a report.
pub fn overall(level: Level, root: &SubjectReport, platforms: &[Arc<SubjectReport>]) -> Verdict {
    let accepted = |report: &&Arc<SubjectReport>| report.verdict.is_accepted();
    let every = !platforms.is_empty() && platforms.iter().all(|report| accepted(&report));
    match level {
        Level::This => root.verdict.clone(),
        Level::Either if root.verdict.is_accepted() || !every => root.verdict.clone(),
        Level::Either => platforms[0].verdict.clone(),
        Level::Both if !root.verdict.is_accepted() || platforms.is_empty() || every => {
            root.verdict.clone()
        }
        Level::Both => {
            let missing = platforms.iter().find(|report| !accepted(report));
            missing.map_or_else(|| root.verdict.clone(), |report| report.verdict.clone())
        }
    }
}

/// What there is to say before any signature is looked at: that the place is not known
/// to its end, or has nothing.
fn absent(discovered: &Discovered) -> Option<Verdict> {
    if let Some(problem) = discovered.problems.first() {
        return Some(Verdict::CannotSay {
            why: format!("not everything could be read: {problem}"),
            hint: problem.problem.hint(),
        });
    }
    match discovered.outcome {
        ListingOutcome::Listed => discovered.is_unsigned().then_some(Verdict::Unsigned),
        ListingOutcome::CannotList => Some(Verdict::CannotSay {
            why: "this place cannot say what refers to an image".to_owned(),
            hint: "Look where the image came from".to_owned(),
        }),
        ListingOutcome::NotRead => Some(Verdict::CannotSay {
            why: "the place could not be asked to the end".to_owned(),
            hint: "Try again".to_owned(),
        }),
    }
}

pub(super) fn unjudged(
    discovered: &Discovered,
    signatures: &[SignatureReport],
    policy: Option<&Policy>,
    name: &str,
) -> Verdict {
    if let Some(verdict) = absent(discovered) {
        return verdict;
    }
    let signers: BTreeSet<_> = signatures
        .iter()
        .filter_map(|report| Some(report.authenticated.as_ref()?.signer.to_string()))
        .collect();
    let signers: Vec<_> = signers.into_iter().collect();
    let claimed = signatures.iter().find_map(|report| {
        let signed = report.found.format.is_signed() && report.reason().is_none();
        report.found.claims.signer.as_ref().filter(|_| signed)
    });
    let by = match signers.as_slice() {
        [] => match claimed {
            Some(claimed) => format!("signed, by its own word by {claimed}"),
            None => "signed".to_owned(),
        },
        signers => format!("signed by {}", signers.join(" and ")),
    };
    Verdict::NotJudged {
        why: match policy {
            None => format!("{by}; there is no policy that says whom to trust"),
            Some(_) => format!("{by}; the policy has no rule for {name}"),
        },
    }
}

pub(super) fn verdict(
    discovered: &Discovered,
    signatures: &[SignatureReport],
    asked: &Asked,
) -> Verdict {
    let accepted = || {
        signatures
            .iter()
            .filter(|r| r.judgement() == Judgement::Accepted)
    };
    let stated = |report: &SignatureReport| {
        let facts = report.authenticated.as_ref();
        facts.and_then(|facts| facts.predicate_type.clone())
    };
    let plain: Vec<_> = accepted()
        .filter(|report| stated(report).is_none())
        .collect();
    // distinct is who signed, not how often and not under how many names of the policy
    let signers: BTreeSet<_> = plain
        .iter()
        .filter_map(|report| report.authenticated.as_ref().map(|facts| &facts.signer))
        .collect();
    let missing = asked
        .attestations
        .iter()
        .find(|wanted| !accepted().any(|report| stated(report).as_ref() == Some(*wanted)));
    if signers.len() >= asked.at_least && missing.is_none() {
        let names: BTreeSet<_> = accepted()
            .flat_map(|report| report.accepts.clone())
            .collect();
        return Verdict::Accepted {
            by: names.into_iter().collect(),
        };
    }
    if let Some(verdict) = absent(discovered) {
        return verdict;
    }
    if signers.len() >= asked.at_least
        && let Some(missing) = missing
    {
        return Verdict::Rejected {
            why: format!("there is no attestation of {missing} by a signer of the policy"),
            check: Some(CheckKind::PredicateType),
        };
    }
    if !signers.is_empty() {
        return Verdict::Rejected {
            why: format!(
                "signed by {} of the {} distinct signers that the policy asks for",
                signers.len(),
                asked.at_least
            ),
            check: None,
        };
    }
    // the reason that is nearest to being accepted says most
    let failed = signatures.iter().filter_map(SignatureReport::reason);
    if let Some(check) = failed.max_by_key(|check| check.kind.nearness()) {
        return Verdict::Rejected {
            why: check.kind.complaint().to_owned(),
            check: Some(check.kind),
        };
    }
    if accepted().next().is_some() {
        return Verdict::Rejected {
            why: "there are attestations, and no signature of the image itself".to_owned(),
            check: Some(CheckKind::PredicateType),
        };
    }
    Verdict::Rejected {
        why: "no signer of the policy signed it".to_owned(),
        check: None,
    }
}
