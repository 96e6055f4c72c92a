//! Failures as they are shown: what happened, what to try, and the details.

use std::borrow::Cow;

use crate::layer::LayerError;
use crate::model::text;
use crate::services::ServiceError;
use crate::transport::{CLOSE_TAGS, LocateError, MORE_TAGS, OTHER_TAGS, Problem, TransportError};

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
    /// The place was reached, and its certificate is not trusted.
    Certificate,
    /// The user ended it.
    Cancelled,
    Other,
}

/// A tag that its repository has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTag<'a> {
    /// Host and name, as [`RegistryReference::name`](crate::model::RegistryReference::name).
    pub repository: &'a str,
    pub tag: &'a str,
    /// Some of those that are there: the ones that are close, else the newest.
    pub others: Vec<&'a str>,
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

    /// Whether a login may help: the place refused, or hides what needs one.
    pub fn may_need_login(&self) -> bool {
        match self.kind {
            FailureKind::Access => true,
            FailureKind::Missing => self.hint == Problem::NotFound.hint(),
            _ => false,
        }
    }

    /// The tag that is not there, where that is what happened.
    pub fn missing_tag(&self) -> Option<MissingTag<'_>> {
        if self.kind != FailureKind::Missing {
            return None;
        }
        // as `TransportError` says it
        let said = self.headline.strip_prefix("tag ")?;
        let (tag, place) = said.split_once(" of ")?;
        let repository = place.strip_suffix(&format!(": {}", Problem::NotFound))?;
        let close = self.hint.strip_prefix(CLOSE_TAGS);
        let named = close.or_else(|| self.hint.strip_prefix(OTHER_TAGS));
        let others = named.into_iter().flat_map(|tags| tags.split(", "));
        Some(MissingTag {
            repository,
            tag,
            others: others.filter(|tag| *tag != MORE_TAGS).collect(),
        })
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
    use super::{Failure, FailureKind, MissingTag, without_options};
    use crate::transport::{CLOSE_TAGS, MORE_TAGS, OTHER_TAGS, Problem, TransportError};

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
        let place = "registry.example.com:5000/team/app";
        let failure = |what: &str, advice: Option<String>| {
            let mut error = TransportError::new(what, place, Problem::NotFound);
            error.more().advice = advice;
            Failure::from(error)
        };
        for (advice, others) in [
            (
                format!("{OTHER_TAGS}1.1.0, 1.0.0, {MORE_TAGS}"),
                vec!["1.1.0", "1.0.0"],
            ),
            (format!("{CLOSE_TAGS}lates"), vec!["lates"]),
        ] {
            let failure = failure("tag latest", Some(advice));
            let expected = MissingTag {
                repository: place,
                tag: "latest",
                others,
            };
            assert_eq!(failure.missing_tag(), Some(expected));
            assert!(!failure.may_need_login(), "its tags could be listed");
        }
        let hidden = failure("tag latest", None);
        assert_eq!(
            hidden.missing_tag().map(|missing| missing.others),
            Some(vec![])
        );
        assert!(hidden.may_need_login());
        assert_eq!(failure("manifest sha256:ab", None).missing_tag(), None);
        let other = Failure {
            kind: FailureKind::Network,
            ..hidden
        };
        assert_eq!(other.missing_tag(), None);
        assert!(!other.may_need_login());
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
