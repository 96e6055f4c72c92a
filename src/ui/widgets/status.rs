//! States of blobs and documents: an icon, a word and a colour, and what they mean.

use std::borrow::Cow;
use std::sync::Arc;

use egui::Color32;

use crate::engine::{Remote, without_options};
use crate::model::{Reference, Transport, text};
use crate::signature::{SubjectReport, Verdict};
use crate::transport::BlobState;
use crate::ui::theme::{Tokens, icons};

/// A state as it is shown: never by colour alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub icon: &'static str,
    pub word: Cow<'static, str>,
    pub color: Color32,
    /// A sentence for hover.
    pub meaning: Cow<'static, str>,
}

/// What a place is called: `folder`, `archive`, `registry`, `engine`.
pub const fn place_word(reference: Option<&Reference>) -> &'static str {
    match reference {
        Some(Reference::Registry(_)) => "registry",
        Some(Reference::Daemon(_)) => "engine",
        Some(Reference::Path(path)) => match path.transport {
            Transport::OciArchive | Transport::DockerArchive => "archive",
            _ => "folder",
        },
        None => "place",
    }
}

/// What is said of a thing that is not in its place.
pub fn not_here(reference: Option<&Reference>) -> &'static str {
    match place_word(reference) {
        "registry" => "not in this registry",
        "engine" => "not in this engine",
        "archive" => "not in this archive",
        _ => "not in this folder",
    }
}

impl Status {
    /// A blob's state; `missing` is what [`not_here`] says of its place.
    pub fn of_blob(state: &BlobState, missing: &'static str, tokens: &Tokens) -> Self {
        let (icon, word, color, meaning) = match state {
            BlobState::NotChecked => (
                icons::CIRCLE_DASHED,
                "not checked",
                tokens.faint,
                Cow::Borrowed("Nobody has looked whether it is there"),
            ),
            BlobState::Present => (
                icons::CIRCLE_DOT,
                "present",
                tokens.weak,
                Cow::Borrowed("It is there with the right size; its bytes were not hashed"),
            ),
            BlobState::Verified => (
                icons::CIRCLE_CHECK,
                "verified",
                tokens.accepted,
                Cow::Borrowed("Its bytes were read and hash to its digest"),
            ),
            BlobState::Missing => (
                icons::CIRCLE_MINUS,
                missing,
                tokens.caution,
                Cow::Borrowed("The manifest lists it, but it is not there"),
            ),
            BlobState::WrongSize { expected, found } => (
                icons::TRIANGLE_ALERT,
                "wrong size",
                tokens.damaged,
                Cow::Owned(format!(
                    "The manifest says {expected} bytes, but {found} bytes are there"
                )),
            ),
            BlobState::WrongDigest { found } => (
                icons::TRIANGLE_ALERT,
                "wrong digest",
                tokens.damaged,
                Cow::Owned(format!("Its bytes hash to {found}")),
            ),
            BlobState::Unreadable { why } => (
                icons::TRIANGLE_ALERT,
                "cannot be read",
                tokens.damaged,
                Cow::Owned(text::visible(why).into_owned()),
            ),
        };
        Self {
            icon,
            word: Cow::Borrowed(word),
            color,
            meaning,
        }
    }

    /// What vouches for a manifest, as far as it is known.
    pub fn of_trust(known: &Remote<Arc<SubjectReport>>, tokens: &Tokens) -> Self {
        let (icon, word, color, meaning) = match known {
            Remote::NotAsked => (
                icons::SHIELD,
                "not verified",
                tokens.faint,
                "Nobody has looked for signatures".to_owned(),
            ),
            Remote::Pending { .. } => (
                icons::LOADER,
                "verifying",
                tokens.weak,
                "Signatures are being looked for".to_owned(),
            ),
            Remote::Failed { error, .. } => (
                icons::SHIELD_ALERT,
                "cannot say",
                tokens.caution,
                format!("Cannot say: {}", error.headline),
            ),
            Remote::Ready(report) => match &report.verdict {
                Verdict::Accepted { by } if by.is_empty() => (
                    icons::SHIELD,
                    "not asked for",
                    tokens.weak,
                    "The policy asks for no signature here".to_owned(),
                ),
                Verdict::Accepted { by } => (
                    icons::SHIELD_CHECK,
                    "accepted",
                    tokens.accepted,
                    format!("Accepted: signed by {}", by.join(", ")),
                ),
                Verdict::Rejected { why, .. } => (
                    icons::SHIELD_X,
                    "rejected",
                    tokens.rejected,
                    format!("Rejected: {why}"),
                ),
                Verdict::Unsigned => (
                    icons::SHIELD_OFF,
                    "unsigned",
                    tokens.weak,
                    "Unsigned: every place was asked and has nothing".to_owned(),
                ),
                Verdict::CannotSay { why, hint } => (
                    icons::SHIELD_ALERT,
                    "cannot say",
                    tokens.caution,
                    format!("Cannot say: {why}. {}", without_options(hint)),
                ),
                Verdict::NotJudged { why } => (
                    icons::SHIELD_QUESTION_MARK,
                    "not judged",
                    tokens.weak,
                    format!("Not judged: {why}"),
                ),
            },
        };
        Self {
            icon,
            word: Cow::Borrowed(word),
            color,
            meaning: Cow::Owned(text::visible(&meaning).into_owned()),
        }
    }

    /// Icon and word in one text.
    pub fn label(&self) -> String {
        format!("{}  {}", self.icon, self.word)
    }
}
