//! Verifies what was found, requirement by requirement, and judges it.

use std::sync::Arc;

use crate::model::CosignTag;
use crate::transport::Way;

use super::super::discover::Discovered;
use super::super::found::{Found, Subject};
use super::super::report::{Judgement, RootUsed, SignatureReport, SubjectReport, Verdict};
use super::super::trust::Trust;
use super::super::{Check, CheckKind, TrustRoot, verify};
use super::verdict::{unjudged, verdict};
use super::{Asked, Policy, PolicyKind, Requirement, Rule, ScopeName};

/// Verifies everything that was found about `subject` and judges it by the rule that
/// `policy` has for images of this name.
///
/// Without a policy, or without a rule, nothing is accepted or rejected.
pub fn judge(
    discovered: &Discovered,
    subject: &Subject,
    name: &ScopeName,
    policy: Option<&Policy>,
    root: Option<&TrustRoot>,
) -> SubjectReport {
    let now = jiff::Timestamp::now();
    let rule = policy.and_then(|policy| policy.rule(name));
    let mut roots = Vec::new();
    let (mut signatures, verdict) = match rule {
        Some(rule) => {
            let view = View {
                discovered,
                name,
                containers: policy.is_some_and(|policy| policy.kind == PolicyKind::Containers),
            };
            by_rule(&view, subject, rule, root, &mut roots)
        }
        None => {
            let trust = Trust {
                signers: Vec::new(),
                root: root.cloned(),
            };
            roots.extend(root.cloned());
            let found = discovered.found.iter();
            let signatures: Vec<_> = found
                .map(|found| verify(found, subject, &trust, now))
                .collect();
            let verdict = unjudged(discovered, &signatures, policy, name.text());
            (signatures, verdict)
        }
    };
    // what somebody signed is read first
    signatures.sort_by_key(|report| !report.found.format.is_signed());
    SubjectReport {
        subject: subject.clone(),
        verdict,
        own: None,
        signatures,
        looked: discovered.looked.clone(),
        problems: discovered
            .problems
            .iter()
            .map(ToString::to_string)
            .collect(),
        policy: policy.map(|policy| match rule {
            Some(rule) => format!("{}, rule {}", policy.source, rule.scope),
            None => format!("{}, no rule for {}", policy.source, name.text()),
        }),
        asks: rule.map(Rule::asks),
        rule: rule
            .filter(|_| policy.is_some_and(|policy| policy.kind == PolicyKind::Porthole))
            .and_then(Rule::entry),
        level: rule.map(|rule| rule.level),
        roots: roots.iter().map(RootUsed::of).collect(),
        judged: now.to_string(),
    }
}

/// What the policy that judges sees of what was found.
struct View<'a> {
    discovered: &'a Discovered,
    /// The image's name.
    name: &'a ScopeName,
    /// Whether it is a policy of containers.
    containers: bool,
}

const SIGNLESS: &str = "containers knows of no signatures in a place of this kind";

impl View<'_> {
    /// Whether no signature can count, whatever lies there.
    const fn is_signless(&self) -> bool {
        self.containers && self.name.is_signless()
    }

    /// Why containers does not come upon this where it lies; nothing where it does, or is not
    /// asked. What it does not look for is not there for its policies.
    fn unseen(&self, found: &Found) -> Option<String> {
        if !self.containers {
            return None;
        }
        if self.is_signless() {
            return Some(SIGNLESS.to_owned());
        }
        let ways = &found.place.ways;
        if self.discovered.own_list && ways.iter().any(|way| way.starts_with("lookaside:")) {
            let why =
                "containers reads the registry's own list of signatures in place of the lookaside";
            return Some(why.to_owned());
        }
        // a file beside the image, or apart from it
        found.place.manifest.as_ref()?;
        let tag = CosignTag::Signatures.of(&self.discovered.subject);
        let way = Way::CosignTag.name();
        if !ways.contains(&format!("{way}:{tag}")) {
            return Some(format!(
                "in a registry containers looks for signatures of cosign under the tag {tag} alone"
            ));
        }
        (!self.discovered.attached).then(|| {
            "containers looks for signatures of cosign in a registry only where registries.d says use-sigstore-attachments: true for the image, and it does not"
                .to_owned()
        })
    }
}

/// Every requirement of a rule in its turn; the first that is not satisfied decides.
fn by_rule(
    view: &View<'_>,
    subject: &Subject,
    rule: &Rule,
    root: Option<&TrustRoot>,
    roots: &mut Vec<TrustRoot>,
) -> (Vec<SignatureReport>, Verdict) {
    let now = jiff::Timestamp::now();
    let discovered = view.discovered;
    let mut signatures: Vec<Option<SignatureReport>> = vec![None; discovered.found.len()];
    let mut by: Vec<String> = Vec::new();
    let mut against = None;
    for requirement in &rule.requirements {
        let came = match requirement {
            Requirement::Anything => Verdict::Accepted { by: Vec::new() },
            Requirement::Nothing { why } => Verdict::Rejected {
                why: why.clone(),
                check: Some(CheckKind::Policy),
                brief: None,
            },
            Requirement::Broken { why } => Verdict::CannotSay {
                why: why.clone(),
                hint: "Correct the policy, or the file that it names".to_owned(),
            },
            Requirement::Signed(asked) => {
                let root = asked.root.as_ref().or(root);
                roots.extend(root.filter(|root| !roots.contains(root)).cloned());
                let trust = Trust {
                    signers: asked.signers.clone(),
                    root: root.cloned(),
                };
                let found = discovered.found.iter();
                let reports: Vec<_> = found
                    .map(|found| {
                        let verify = || verify(found, subject, &trust, now);
                        counted(found, asked, view, verify)
                    })
                    .collect();
                let came = match verdict(discovered, &reports, asked) {
                    // what could not be read would not count either
                    Verdict::CannotSay { .. } if view.is_signless() => Verdict::Rejected {
                        why: SIGNLESS.to_owned(),
                        check: None,
                        brief: None,
                    },
                    came => came,
                };
                for (kept, report) in signatures.iter_mut().zip(reports) {
                    keep(kept, report);
                }
                came
            }
        };
        match came {
            Verdict::Accepted { by: names } => {
                by.extend(
                    names
                        .into_iter()
                        .filter(|name| !by.contains(name))
                        .collect::<Vec<_>>(),
                );
            }
            other => against = against.or(Some(other)),
        }
    }
    // where nobody is asked for, what is there is looked at all the same
    let trust = Trust {
        signers: Vec::new(),
        root: root.cloned(),
    };
    let signatures = signatures.into_iter().zip(&discovered.found);
    let signatures = signatures
        .map(|(report, found)| report.unwrap_or_else(|| verify(found, subject, &trust, now)))
        .collect();
    (signatures, against.unwrap_or(Verdict::Accepted { by }))
}

/// What does not count for a requirement is not verified for it.
fn counted(
    found: &Arc<Found>,
    asked: &Asked,
    view: &View<'_>,
    verify: impl FnOnce() -> SignatureReport,
) -> SignatureReport {
    if !found.format.is_signed() {
        return verify();
    }
    let other = || {
        let only = asked.only.filter(|only| *only != found.format)?;
        Some(format!(
            "the policy asks for {only}; this is another format"
        ))
    };
    // the format first: where it is another one, the place does not matter
    let Some(why) = other().or_else(|| view.unseen(found)) else {
        return verify();
    };
    SignatureReport {
        found: Arc::clone(found),
        checks: vec![Check::not_checked(CheckKind::Policy, why)],
        authenticated: None,
        accepts: Vec::new(),
    }
}

/// Of several reports on one signature the one that says most is kept: one that accepts
/// it, else the one that came nearest.
fn keep(kept: &mut Option<SignatureReport>, report: SignatureReport) {
    let rank = |report: &SignatureReport| match report.judgement() {
        Judgement::Accepted => (2, 0),
        Judgement::Rejected => (1, report.nearness()),
        Judgement::NotJudged | Judgement::Unsigned => (0, 0),
    };
    match kept {
        Some(before) if rank(before) >= rank(&report) => {}
        _ => *kept = Some(report),
    }
}
