//! Failures as they are shown: what happened, what to try, and the details.

use std::borrow::Cow;

use crate::layer::LayerError;
use crate::model::text;
use crate::services::ServiceError;
use crate::transport::{LocateError, Problem, TransportError};

/// What is shown of an error. Made once, where the error is handled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct Failure {
    /// What happened, to what.
    pub headline: String,
    /// What to try.
    pub hint: String,
    /// More for those who unfold it: what the place said, the causes.
    pub details: Vec<String>,
    pub kind: FailureKind,
}

/// What sort of failure, for icon and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Content that is not what its digest promises, or cannot be read.
    Damaged,
    /// It is not there.
    Missing,
    /// The place wants a login or refuses.
    Access,
    /// The place did not answer well.
    Network,
    /// The user ended it.
    Cancelled,
    Other,
}

impl Failure {
    /// What happened in one line that is cut at its end where there is little room: why
    /// first, then to what; digests short.
    pub fn brief(&self) -> String {
        let headline = text::short_digests(&self.headline);
        // as `TransportError` says it: `manifest 1.37 of HOST/NAME: why`
        let of_place = |words: &str| {
            let (what, place) = words.split_once(" of ")?;
            Some(what.split(' ').count() <= 2 && !place.contains(' '))
        };
        match headline.split_once(": ") {
            Some((what, why)) if of_place(what) == Some(true) => format!("{why}: {what}"),
            _ => headline.into_owned(),
        }
    }

    /// What to try, for those who do not write command lines.
    pub fn hint_in_window(&self) -> Cow<'_, str> {
        without_options(&self.hint)
    }
}

/// `text` without what is in brackets for the command line alone: `(--sparse)` and
/// `(porthole tags HOST/NAME)`.
pub fn without_options(text: &str) -> Cow<'_, str> {
    let is_option = |inside: &str| inside.contains("--") || inside.starts_with("porthole ");
    if !is_option(text) && !text.contains("(porthole ") {
        return text.into();
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (inside, after))) = rest
        .split_once(" (")
        .and_then(|(before, opened)| Some((before, opened.split_once(')')?)))
    {
        kept.push_str(before);
        if !is_option(inside) {
            kept.push_str(&format!(" ({inside})"));
        }
        rest = after;
    }
    kept.push_str(rest);
    kept.into()
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let kind = match &error.problem {
            Problem::WrongDigest { .. }
            | Problem::WrongSize { .. }
            | Problem::NotAFile { .. }
            | Problem::CutOff { .. }
            | Problem::NotInArchive { cut_off: true }
            | Problem::Broken { .. } => FailureKind::Damaged,
            Problem::NotFound
            | Problem::NotInFolder
            | Problem::NotInArchive { cut_off: false }
            | Problem::NotInEngine { .. }
            | Problem::NoEngine { .. }
            | Problem::NoSuchPath
            | Problem::NoSuchName { .. } => FailureKind::Missing,
            Problem::Unauthorized { .. }
            | Problem::WrongCredentials { .. }
            | Problem::CredentialsNotReadable { .. }
            | Problem::ClientCertificate { .. }
            | Problem::Forbidden { .. }
            | Problem::NoLogin
            | Problem::RateLimited { .. } => FailureKind::Access,
            Problem::Server { .. }
            | Problem::Protocol { .. }
            | Problem::EngineUnreachable { .. }
            | Problem::NotAnEngine { .. }
            | Problem::EngineRefused { .. } => FailureKind::Network,
            problem if problem.is_unanswered() => FailureKind::Network,
            Problem::Cancelled => FailureKind::Cancelled,
            _ => FailureKind::Other,
        };
        Self {
            headline: error.to_string(),
            hint: error.hint(),
            details: error
                .problem
                .said()
                .map(|said| format!("{} said: {said}", whose(&error.problem)))
                .into_iter()
                .chain(error.more.map(|more| more.details).unwrap_or_default())
                .collect(),
            kind,
        }
    }
}

/// Who said what a problem repeats.
const fn whose(problem: &Problem) -> &'static str {
    match problem {
        Problem::EngineRefused { .. } => "The engine",
        _ => "The registry",
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self {
            headline: error.to_string(),
            hint: error.hint,
            details: Vec::new(),
            kind: FailureKind::Network,
        }
    }
}

impl From<LocateError> for Failure {
    fn from(error: LocateError) -> Self {
        match error {
            LocateError::Transport(error) => error.into(),
            other => Self::refused(other.to_string(), other.hint()),
        }
    }
}

impl From<LayerError> for Failure {
    fn from(error: LayerError) -> Self {
        let kind = match error {
            LayerError::Transport(error) => return error.into(),
            LayerError::Unreadable { .. } | LayerError::WrongContent { .. } => FailureKind::Damaged,
            LayerError::NoSuchFile { .. } => FailureKind::Missing,
            LayerError::Cancelled => FailureKind::Cancelled,
            _ => FailureKind::Other,
        };
        Self {
            headline: error.to_string(),
            hint: error.hint(),
            details: Vec::new(),
            kind,
        }
    }
}

impl Failure {
    /// Something that the limits or the shape of the image forbid.
    pub fn refused(headline: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            headline: headline.into(),
            hint: hint.into(),
            details: Vec::new(),
            kind: FailureKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, without_options};

    #[test]
    fn in_one_line_the_cause_comes_first() {
        let hex = "2c4473c2".repeat(8);
        for (headline, expected) in [
            (
                format!("blob sha256:{hex} of oci:/ro/x: writing failed: the place is read only"),
                "writing failed: the place is read only: blob sha256:2c4473c2…73c2 of oci:/ro/x",
            ),
            (
                "the source has not all of it: linux/arm64".to_owned(),
                "the source has not all of it: linux/arm64",
            ),
        ] {
            assert_eq!(Failure::refused(headline, "").brief(), expected);
        }
    }

    #[test]
    fn options_are_for_the_command_line() {
        for (text, expected) in [
            (
                "Copy to oci:, or leave it behind (--no-referrers)",
                "Copy to oci:, or leave it behind",
            ),
            (
                "Choose one (--platform OS/ARCH), or (as it is) keep it (without --x)",
                "Choose one, or (as it is) keep it",
            ),
            (
                "Log in again (porthole login HOST): it is not valid",
                "Log in again: it is not valid",
            ),
            ("a (b) -- c (d", "a (b) -- c (d"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without_options(text), expected);
        }
    }
}
