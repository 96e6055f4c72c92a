//! What about a document does not keep to the specifications, or may surprise a tool.
//!
//! The model reads generously, so that there is something to see; this reads strictly,
//! with the types of the `oci-spec` crate, and says what another tool may refuse.

mod config;
mod document;
mod keys;

pub use config::config_conformance;
pub use document::conformance;

/// Something worth knowing about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// What was found, and where.
    pub message: String,
    /// What follows from it, or what to do about it.
    pub hint: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It keeps to the specification, or nearly; good to know.
    Note,
    /// A tool may refuse it, or see something else in it.
    Warning,
}

impl Finding {
    fn note(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn warning(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// The same in a strict reader's own words.
fn refused_by_strict_readers(what: &str, error: &serde_json::Error) -> Finding {
    Finding::warning(
        format!("{what} is refused by strict readers: {error}"),
        "Tools that hold to the OCI image specification may not read it",
    )
}

/// Whether a text is a date and time of RFC 3339, section 5.6.
fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20
        && bytes
            .iter()
            .take(19)
            .enumerate()
            .all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                10 => matches!(byte, b'T' | b't' | b' '),
                13 | 16 => *byte == b':',
                _ => byte.is_ascii_digit(),
            });
    // the calendar is jiff's part; it alone would take more forms than these
    shaped && text.parse::<jiff::Timestamp>().is_ok()
}
