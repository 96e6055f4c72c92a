//! The verdict: what the signatures that were found come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::transport::ListingOutcome;

use super::super::discover::Discovered;
use super::super::report::{Judgement, SignatureReport, SignerFacts, SubjectReport, Verdict};
use super::super::{CheckKind, Outcome};
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
    let all_unsigned = platforms
        .iter()
        .all(|(_, report)| report.verdict == Verdict::Unsigned);
    match (level, root.verdict.is_accepted()) {
        (Level::This, _) | (Level::Either, true) | (Level::Both, false) => own(),
        (Level::Either, false) if accepted.is_empty() => own(),
        (Level::Both, true) if missing.is_empty() => own(),
        (Level::Platforms, _) if platforms.is_empty() => Verdict::CannotSay {
            why: "the policy judges the platforms of an index, and this one lists none".to_owned(),
            hint: "Verify an image that it names by its digest".to_owned(),
        },
        (Level::Platforms, _) if root.verdict == Verdict::Unsigned && all_unsigned => own(),
        (Level::Either, false) | (Level::Platforms, _) if missing.is_empty() => {
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
            let why = match level {
                Level::Both => "the index is accepted, and not every platform is",
                Level::Platforms => "not every platform is accepted",
                _ => "the index is not accepted, and not every platform is",
            };
            let check = first.verdict.failed();
            let brief = format!(
                "{} of {} platforms not accepted",
                missing.len(),
                platforms.len()
            );
            Verdict::Rejected {
                why: format!("{why}: {}{more}", names.join(", ")),
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

/// How many have signed: not how often, under how many names of the policy, or in how many
/// formats. Two are one where they have the same key, or certificates of the same subject by
/// which one signer of the policy is meant.
fn distinct(reports: &[&SignatureReport]) -> usize {
    let mut groups: Vec<Vec<(&SignerFacts, &[String])>> = Vec::new();
    for report in reports {
        let Some(facts) = &report.authenticated else {
            continue;
        };
        let one = (&facts.signer, report.accepts.as_slice());
        let same = |group: &Vec<_>| group.iter().any(|other| is_one(one, *other));
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(same);
        groups = apart;
        groups.push(joined.into_iter().flatten().chain([one]).collect());
    }
    groups.len()
}

fn is_one(one: (&SignerFacts, &[String]), other: (&SignerFacts, &[String])) -> bool {
    let same_subject = match (one.0, other.0) {
        (
            SignerFacts::Certificate { subject, .. },
            SignerFacts::Certificate { subject: other, .. },
        ) => subject == other,
        _ => false,
    };
    let same_name = || one.1.iter().any(|name| other.1.contains(name));
    let same_key = one.0.key().is_some() && one.0.key() == other.0.key();
    one.0 == other.0 || same_key || (same_subject && same_name())
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
    let signers = distinct(&plain);
    let missing = asked
        .attestations
        .iter()
        .find(|wanted| !accepted().any(|report| stated(report).as_ref() == Some(*wanted)));
    if signers >= asked.at_least && missing.is_none() {
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
    if signers >= asked.at_least
        && let Some(missing) = missing
    {
        return Verdict::Rejected {
            why: format!("there is no attestation of {missing} by a signer of the policy"),
            check: Some(CheckKind::PredicateType),
            brief: None,
        };
    }
    // what is in a form that is not read here may be what the policy asks for
    let unread = signatures
        .iter()
        .filter(|report| report.found.format.is_signed())
        .flat_map(|report| &report.checks)
        .find(|check| check.kind == CheckKind::Form && check.outcome == Outcome::NotChecked);
    if let Some(check) = unread {
        return Verdict::CannotSay {
            why: check.detail.clone(),
            hint: "Verify it with the program that signs in this form".to_owned(),
        };
    }
    if signers > 0 {
        return Verdict::Rejected {
            why: format!(
                "signed by {} of the {} distinct signers that the policy asks for",
                signers, asked.at_least
            ),
            check: None,
            brief: Some(format!("{signers} of {} required signers", asked.at_least)),
        };
    }
    // the reason that is nearest to being accepted says most
    let failed = signatures.iter().filter_map(SignatureReport::reason);
    if let Some(check) = failed.max_by_key(|check| check.kind.nearness()) {
        return Verdict::Rejected {
            why: check.complaint().to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
    use crate::signature::found::{Format, Found, Place, Statement};
    use crate::signature::report::Authenticated;

    fn report(signer: SignerFacts, name: &str) -> SignatureReport {
        let raw = RawDocument::hash(Vec::new().into(), Algorithm::Sha256, MediaType::new(""));
        SignatureReport {
            found: Arc::new(Found {
                format: Format::Cosign,
                statement: Statement::Signature,
                claims: Default::default(),
                listed_for: Digest::sha256(b""),
                place: Place::default(),
                raw,
                annotations: Annotations::new(),
                manifest: None,
            }),
            checks: Vec::new(),
            authenticated: Some(Authenticated {
                signer,
                times: Vec::new(),
                predicate_type: None,
                details: Vec::new(),
            }),
            accepts: vec![name.to_owned()],
        }
    }

    /// How many signed, of signers with the name that the policy gives.
    fn count(signers: &[(SignerFacts, &str)]) -> usize {
        let reports: Vec<_> = signers
            .iter()
            .map(|(signer, name)| report(signer.clone(), name))
            .collect();
        distinct(&reports.iter().collect::<Vec<_>>())
    }

    #[test]
    fn one_key_is_one_signer_in_every_format() {
        let key = |key: &str| SignerFacts::Key {
            fingerprint: key.to_owned(),
        };
        let certificate = |subject: &str, number: &str, key: &str| SignerFacts::Certificate {
            subject: subject.to_owned(),
            fingerprint: number.to_owned(),
            key: key.to_owned(),
        };
        let identity = |subject: &str| SignerFacts::Identity {
            subject: subject.to_owned(),
            issuer: None,
        };
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[(key("k"), "a"), (key("k"), "b")]), 1);
        assert_eq!(count(&[(key("k"), "a"), (key("l"), "b")]), 2);
        // a bundle and a signature of Notation
        let notation = certificate("CN=n", "1", "k");
        assert_eq!(count(&[(key("k"), "a"), (notation.clone(), "b")]), 1);
        assert_eq!(count(&[(key("l"), "a"), (notation.clone(), "b")]), 2);
        // one key under two certificates, a subject with a new key, and one of another signer
        let other = certificate("CN=o", "2", "k");
        assert_eq!(count(&[(notation.clone(), "a"), (other.clone(), "b")]), 1);
        let renewed = certificate("CN=n", "3", "m");
        assert_eq!(count(&[(notation.clone(), "a"), (renewed.clone(), "a")]), 1);
        assert_eq!(count(&[(notation.clone(), "a"), (renewed.clone(), "b")]), 2);
        // whoever joins two groups makes them one
        let all = [
            (other, "b"),
            (renewed, "a"),
            (notation, "a"),
            (key("k"), "c"),
        ];
        assert_eq!(count(&all), 1);
        assert_eq!(count(&[(identity("i"), "a"), (identity("i"), "b")]), 1);
        assert_eq!(count(&[(identity("i"), "a"), (identity("j"), "a")]), 2);
    }
}
