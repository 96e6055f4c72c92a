//! Who may sign: identities and issuers, exact or by pattern, always both.

use regex::Regex;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Fulcio's name for a user without an email address (Fulcio, `oid-info.md`).
const FULCIO_USERNAME: &str = "1.3.6.1.4.1.57264.1.7";

/// What an identity or issuer has to be.
#[derive(Clone, Debug)]
pub enum Pattern {
    Exact(String),
    /// Matches the whole text, however it was written.
    Regex(Regex),
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("{0:?} is not a regular expression: {1}")]
    Syntax(String, String),
    #[error("an empty text would match nobody")]
    Empty,
}

/// An identity and who has to vouch for it.
#[derive(Clone, Debug)]
pub struct IdentityRule {
    pub identity: Pattern,
    pub issuer: Pattern,
}

impl Pattern {
    /// Exactly this text.
    ///
    /// # Errors
    /// Where it is empty.
    pub fn exact(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self::Exact(text.to_owned()))
    }

    /// A regular expression that has to match the whole text: `release@.*` does not match
    /// `not-release@x`, whatever anchors it has itself.
    ///
    /// # Errors
    /// Where it is empty or none, or larger than 64 KiB when compiled.
    pub fn regex(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let syntax = |error: regex::Error| PatternError::Syntax(text.to_owned(), error.to_string());
        // by itself first: a parenthesis may not end our group
        Regex::new(text).map_err(syntax)?;
        let whole = regex::RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(64 << 10)
            .build();
        whole.map(Self::Regex).map_err(syntax)
    }

    /// Whether the whole of `text` is what this asks for.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Regex(regex) => write!(f, "/{}/", regex.as_str()),
        }
    }
}

/// The names in a certificate that Sigstore gives to signers, in their order.
///
/// Nothing where they cannot be read.
pub(super) fn identities(der: &[u8]) -> Option<Vec<String>> {
    let certificate = Certificate::from_der(der).ok()?;
    let extensions = certificate.tbs_certificate().extensions();
    let mut found = Vec::new();
    let oid = <SubjectAltName as x509_cert::der::oid::AssociatedOid>::OID;
    for extension in extensions
        .into_iter()
        .flatten()
        .filter(|e| e.extn_id == oid)
    {
        let names = SubjectAltName::from_der(extension.extn_value.as_bytes()).ok()?;
        for name in names.0 {
            found.push(match name {
                GeneralName::Rfc822Name(text) => text.to_string(),
                GeneralName::UniformResourceIdentifier(text) => text.to_string(),
                GeneralName::DnsName(text) => text.to_string(),
                GeneralName::OtherName(other) if other.type_id.to_string() == FULCIO_USERNAME => {
                    other.value.decode_as::<String>().ok()?
                }
                // it counts as a name, and matches nothing that is asked for
                other => format!("\u{fffd}{:?}", other.to_der().ok()?),
            });
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text_or_nothing() {
        let pattern = Pattern::regex("release@example\\.com|ci").unwrap();
        assert!(pattern.matches("release@example.com") && pattern.matches("ci"));
        for other in [
            "xrelease@example.com",
            "release@example.com.evil",
            "cix",
            "",
            "ci\n",
        ] {
            assert!(!pattern.matches(other), "{other:?}");
        }
        assert!(Pattern::regex("a)|(b").is_err());
        assert!(Pattern::regex("(?m)a").unwrap().matches("a"));
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        assert_eq!(Pattern::exact(""), Err(PatternError::Empty));
        assert_eq!(Pattern::regex(""), Err(PatternError::Empty));
    }
}
