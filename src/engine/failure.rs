//! Failures as they are shown: what happened, what to try, and the details.

use std::borrow::Cow;

use crate::layer::LayerError;
use crate::model::text;
use crate::services::ServiceError;
use crate::transport::{LocateError, MissingTag, Problem, TransportError};

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
    /// The tag that is not there, where that is what happened.
    pub missing_tag: Option<Box<MissingTag>>,
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
    /// The place was reached, and its certificate is not trusted.
    Certificate,
    /// The user ended it.
    Cancelled,
    Other,
}

impl Failure {
    /// What happened, to what, and what to try; without details.
    pub fn new(kind: FailureKind, headline: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            headline: headline.into(),
            hint: hint.into(),
            details: Vec::new(),
            kind,
            missing_tag: None,
        }
    }

    /// Something that the limits or the shape of the image forbid.
    pub fn refused(headline: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(FailureKind::Other, headline, hint)
    }

    /// The same with other details.
    pub fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

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

    /// Whether a login may help: the place refused, or hides what needs one.
    pub fn may_need_login(&self) -> bool {
        match self.kind {
            FailureKind::Access => true,
            FailureKind::Missing => self.hint == Problem::NotFound.hint(),
            _ => false,
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
            Problem::Certificate { .. } => FailureKind::Certificate,
            problem if problem.is_unanswered() => FailureKind::Network,
            Problem::Cancelled => FailureKind::Cancelled,
            _ => FailureKind::Other,
        };
        let failure = Self::new(kind, error.to_string(), error.hint());
        let said = error.problem.said();
        let said = said.map(|said| format!("{} said: {said}", whose(&error.problem)));
        let more = error.more.unwrap_or_default();
        Self {
            missing_tag: more.missing_tag.map(Box::new),
            ..failure.with_details(said.into_iter().chain(more.details).collect())
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
        Self::new(FailureKind::Network, error.to_string(), error.hint)
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
        Self::new(kind, error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, without_options};
    use crate::transport::{MissingTag, OtherTags, Problem, TransportError};

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
    fn a_missing_tag_is_told_with_those_that_are_there() {
        let failure = |others: OtherTags| {
            let repository = "registry.example.com:5000/team/app".to_owned();
            let mut error = TransportError::new("tag latest", &repository, Problem::NotFound);
            error.more().missing_tag = Some(MissingTag {
                repository,
                tag: "latest".to_owned(),
                others,
            });
            Failure::from(error)
        };
        let tags = || vec!["1.1.0".to_owned(), "1.0.0".to_owned()];
        let newest = |more| OtherTags::Newest { tags: tags(), more };
        for (others, hint) in [
            (newest(true), "There are other tags: 1.1.0, 1.0.0, …"),
            (newest(false), "There are other tags: 1.1.0, 1.0.0"),
            (
                OtherTags::Close(tags()),
                "Tags that are close: 1.1.0, 1.0.0",
            ),
        ] {
            let failure = failure(others);
            assert_eq!(failure.hint, hint);
            assert_eq!(failure.missing_tag.as_ref().unwrap().others.tags(), tags());
            assert!(!failure.may_need_login(), "its tags could be listed");
        }
        let hidden = failure(OtherTags::Unknown);
        assert!(hidden.may_need_login());
        assert!(hidden.missing_tag.unwrap().others.tags().is_empty());
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
