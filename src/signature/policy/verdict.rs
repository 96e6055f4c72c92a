//! The verdict: what the signatures that were found come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::transport::ListingOutcome;

use super::super::CheckKind;
use super::super::discover::Discovered;
use super::super::report::{Judgement, SignatureReport, SubjectReport, Verdict};
use super::{Asked, Level, Policy};

/// The verdict on an index together with its platforms, where the level asks for them.
/// `platforms` are those that are images, each with its name; each of them has a report.
pub fn overall(
    level: Level,
    root: &SubjectReport,
    platforms: &[(String, Arc<SubjectReport>)],
) -> Verdict {
    let (accepted, missing): (Vec<_>, Vec<_>) = platforms
        .iter()
        .partition(|(_, report)| report.verdict.is_accepted());
    let own = || root.verdict.clone();
    let unknown = missing
        .iter()
        .find(|(_, report)| matches!(report.verdict, Verdict::CannotSay { .. }));
    match (level, root.verdict.is_accepted()) {
        (Level::This, _) | (Level::Either, true) | (Level::Both, false) => own(),
        (Level::Either, false) if accepted.is_empty() => own(),
        (Level::Both, true) if missing.is_empty() => own(),
        (Level::Either, false) if missing.is_empty() => {
            let names = accepted
                .iter()
                .flat_map(|(_, report)| match &report.verdict {
                    Verdict::Accepted { by } => by.clone(),
                    _ => Vec::new(),
                });
            let names: BTreeSet<_> = names.collect();
            Verdict::Accepted {
                by: names.into_iter().collect(),
            }
        }
        _ if unknown.is_some() => {
            let (name, report) = unknown.unwrap_or(&missing[0]);
            match &report.verdict {
                Verdict::CannotSay { why, hint } => Verdict::CannotSay {
                    why: format!("{name}: {why}"),
                    hint: hint.clone(),
                },
                other => other.clone(),
            }
        }
        (level, _) => {
            let names: Vec<_> = missing
                .iter()
                .take(3)
                .map(|(name, _)| name.as_str())
                .collect();
            let more = missing.len().saturating_sub(names.len());
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            let (_, first) = missing[0];
            let index = if level == Level::Both {
                "the index is accepted"
            } else {
                "the index is not accepted"
            };
            let check = first.verdict.failed();
            let brief = format!(
                "{} of {} platforms not accepted",
                missing.len(),
                platforms.len()
            );
            Verdict::Rejected {
                why: format!(
                    "{index}, and not every platform is: {}{more}",
                    names.join(", ")
                ),
                check,
                brief: Some(match (&*missing, first.verdict.brief()) {
                    ([(name, _)], Some(why)) => format!("{name}, {why}"),
                    _ => brief,
                }),
            }
        }
    }
}

/// The verdict on an image that an index lists: its own, or the index's, where the level
/// is satisfied with that. The index's bytes name the image by its digest.
pub fn through(index: &SubjectReport, own: &SubjectReport) -> Verdict {
    let level = index.level.unwrap_or_default();
    match &index.verdict {
        Verdict::Accepted { by } if level == Level::Either && !own.verdict.is_accepted() => {
            let by = by.iter().map(|name| format!("{name} (the index)"));
            Verdict::Accepted { by: by.collect() }
        }
        _ => own.verdict.clone(),
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
            Some(claimed) => format!("signed, as it says by {claimed}"),
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
            brief: None,
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
            brief: Some(format!(
                "{} of {} required signers",
                signers.len(),
                asked.at_least
            )),
        };
    }
    // the reason that is nearest to being accepted says most
    let failed = signatures.iter().filter_map(SignatureReport::reason);
    if let Some(check) = failed.max_by_key(|check| check.kind.nearness()) {
        return Verdict::Rejected {
            why: check.kind.complaint().to_owned(),
            check: Some(check.kind),
            brief: None,
        };
    }
    if accepted().next().is_some() {
        return Verdict::Rejected {
            why: "there are attestations, and no signature of the image itself".to_owned(),
            check: Some(CheckKind::PredicateType),
            brief: None,
        };
    }
    Verdict::Rejected {
        why: "no signer of the policy signed it".to_owned(),
        check: None,
        brief: Some("no signer of the policy".to_owned()),
    }
}
