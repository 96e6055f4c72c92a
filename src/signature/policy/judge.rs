//! The verdict: what the signatures that were found come to under a rule.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::transport::ListingOutcome;

use super::super::discover::Discovered;
use super::super::found::{Format, Found, Subject};
use super::super::report::{Authenticated, Judgement, SignatureReport, SubjectReport, Verdict};
use super::super::trust::Trust;
use super::super::{Check, CheckKind, TrustRoot};
use super::super::{notation, sigstore, simple};
use super::{Level, Policy, Rule};

/// Verifies everything that was found about `subject` and judges it by the rule that
/// `policy` has for images of this name.
///
/// Without a policy, or without a rule, nothing is accepted or rejected.
pub fn judge(
    discovered: &Discovered,
    subject: &Subject,
    name: &str,
    policy: Option<&Policy>,
    root: Option<&TrustRoot>,
) -> SubjectReport {
    let rule = policy.and_then(|policy| policy.rule(name));
    let trust = Trust {
        signers: rule.map(|rule| rule.signers.clone()).unwrap_or_default(),
        root: root.cloned(),
    };
    let found = discovered.found.iter();
    let signatures: Vec<_> = found.map(|found| verify(found, subject, &trust)).collect();
    let verdict = match rule {
        Some(rule) => verdict(discovered, &signatures, rule),
        None => unjudged(discovered, &signatures, policy, name),
    };
    SubjectReport {
        subject: subject.clone(),
        verdict,
        signatures,
        looked: discovered.looked.clone(),
        problems: discovered
            .problems
            .iter()
            .map(ToString::to_string)
            .collect(),
        policy: policy.map(|policy| match rule {
            Some(rule) => format!("{}, rule {}", policy.source, rule.scope),
            None => format!("{}, no rule for {name}", policy.source),
        }),
        roots: root
            .map(|root| format!("{} (SHA256:{})", root.source(), root.fingerprint()))
            .into_iter()
            .collect(),
        judged: jiff::Timestamp::now().to_string(),
    }
}

/// The verdict on an index together with its platforms. `platforms` are those that are
/// images; each of them has a report.
pub fn overall(level: Level, root: &SubjectReport, platforms: &[Arc<SubjectReport>]) -> Verdict {
    let accepted = |report: &&Arc<SubjectReport>| report.verdict.is_accepted();
    let every = !platforms.is_empty() && platforms.iter().all(|report| accepted(&report));
    match level {
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

/// Verifies one thing by what it is.
fn verify(found: &Arc<Found>, subject: &Subject, trust: &Trust) -> SignatureReport {
    match found.format {
        Format::Cosign | Format::CosignAttestation | Format::SigstoreBundle => {
            sigstore::verify(found, subject, trust)
        }
        Format::UnsignedStatement | Format::UnsignedDocument => unsigned(found, "nobody signed it"),
        Format::Unknown => SignatureReport::failed(
            Arc::clone(found),
            Check::failed(CheckKind::Form, "it is no signature of a known format"),
        ),
        // what holds without anybody's trust; a policy here names no stores and no keys
        // for these formats yet, so they stand for nobody
        Format::NotationJws | Format::NotationCose => {
            let media_type = found.raw.media_type().as_str();
            let bytes = found.raw.bytes();
            let verified = notation::verify(subject, media_type, bytes, None, now());
            unjudgeable(found, verified.checks, verified.authenticated)
        }
        Format::SimpleSigning => {
            let verified = simple::verify(subject, found.raw.bytes(), None, now());
            unjudgeable(found, verified.checks, verified.authenticated)
        }
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn unjudgeable(
    found: &Arc<Found>,
    checks: Vec<Check>,
    authenticated: Option<Authenticated>,
) -> SignatureReport {
    SignatureReport {
        found: Arc::clone(found),
        checks,
        authenticated,
        accepts: Vec::new(),
    }
}

fn unsigned(found: &Arc<Found>, why: &str) -> SignatureReport {
    SignatureReport {
        found: Arc::clone(found),
        checks: vec![Check::not_checked(CheckKind::Signature, why)],
        authenticated: None,
        accepts: Vec::new(),
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

fn unjudged(
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
    let by = match signers.as_slice() {
        [] => "signed".to_owned(),
        signers => format!("signed by {}", signers.join(" and ")),
    };
    Verdict::NotJudged {
        why: match policy {
            None => format!("{by}; there is no policy that says whom to trust"),
            Some(_) => format!("{by}; the policy has no rule for {name}"),
        },
    }
}

fn verdict(discovered: &Discovered, signatures: &[SignatureReport], rule: &Rule) -> Verdict {
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
    let missing = rule
        .attestations
        .iter()
        .find(|wanted| !accepted().any(|report| stated(report).as_ref() == Some(*wanted)));
    if signers.len() >= rule.at_least && missing.is_none() {
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
    if signers.len() >= rule.at_least
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
                rule.at_least
            ),
            check: None,
        };
    }
    // the reason that is nearest to being accepted says most
    let failed = signatures.iter().filter_map(SignatureReport::reason);
    if let Some(check) = failed.max_by_key(|check| nearness(check.kind)) {
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

/// How near a signature with this failure was to being accepted.
const fn nearness(kind: CheckKind) -> u8 {
    match kind {
        CheckKind::Form => 0,
        CheckKind::Key => 1,
        CheckKind::Signature => 2,
        CheckKind::Identity | CheckKind::Issuer => 4,
        _ => 3,
    }
}
