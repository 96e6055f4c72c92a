//! What a row says of a referrer: the same words wherever it is listed.

use egui::Color32;

use crate::model::text::short_digests;
use crate::model::{ArtifactKind, Digest};
use crate::signature::{Judgement, SignatureReport};
use crate::ui::theme::Tokens;
use crate::ui::views::ViewContext;
use crate::ui::widgets::{short_fingerprint, text};

/// What it is, as it begins a line. A type stands as it is written.
pub(in crate::ui::views) fn kind_words(kind: &ArtifactKind) -> String {
    let words = kind.to_string();
    let words = text::line(&words);
    match kind {
        ArtifactKind::Other(media_type) if !media_type.is_empty() => words.into_owned(),
        _ => text::capital(&words),
    }
}

/// What the policy says of what lies in a manifest, and who signed it.
pub(in crate::ui::views) struct Vouched {
    pub(in crate::ui::views) verdict: &'static str,
    /// Nothing where several signed it.
    pub(in crate::ui::views) by: Option<String>,
    /// Of the verdict.
    pub(in crate::ui::views) color: Color32,
}

impl Vouched {
    /// All of it, in one line.
    pub(in crate::ui::views) fn words(&self) -> String {
        match &self.by {
            Some(by) => format!("{}, {by}", self.verdict),
            None => self.verdict.to_owned(),
        }
    }
}

/// The same of `manifest`, where it is known.
pub(in crate::ui::views) fn vouched(
    manifest: &Digest,
    context: &ViewContext<'_>,
    tokens: &Tokens,
) -> Option<Vouched> {
    let subjects = super::subjects(context);
    let reports = subjects
        .iter()
        .filter_map(|path| context.image.signatures(path).value());
    let mut signatures = reports
        .flat_map(|report| &report.signatures)
        .filter(|signature| signature.found.place.manifest.as_ref() == Some(manifest));
    let first = signatures.next()?;
    let (mut same, mut alone) = (true, true);
    for other in signatures {
        alone = false;
        same &= other.judgement() == first.judgement();
    }
    // where a manifest carries several, only what holds for all of them is said here
    if !same {
        return None;
    }
    let (verdict, color) = match first.judgement() {
        Judgement::Accepted => ("accepted", tokens.accepted),
        Judgement::Rejected => ("rejected", tokens.rejected),
        Judgement::NotJudged => ("not judged", tokens.weak),
        Judgement::Unsigned => return None,
    };
    let by = by(first, context).filter(|_| alone);
    Some(Vouched { verdict, by, color })
}

/// Who signed: proven, or by the signature's own word.
fn by(signature: &SignatureReport, context: &ViewContext<'_>) -> Option<String> {
    if let Some(name) = signature.accepts.first() {
        return Some(format!("by {}", text::line(name)));
    }
    if let Some(facts) = &signature.authenticated {
        let signer = facts.signer.to_string();
        return Some(format!("by {}", text::line(&short_digests(&signer))));
    }
    let claims = &signature.found.claims;
    if let Some(claimed) = &claims.key {
        let is_it = |key: &&crate::engine::KeyInfo| {
            let facts = key.facts.as_ref();
            facts.is_some_and(|facts| facts.fingerprint == *claimed)
        };
        return Some(match context.keys.iter().find(is_it) {
            Some(own) => format!("says your key {}", text::line(&own.name)),
            None => format!("says key {}", short_fingerprint(claimed)),
        });
    }
    let signer = claims.signer.as_ref()?;
    Some(format!("says {}", text::line(&short_digests(signer))))
}
