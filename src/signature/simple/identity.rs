//! Whether the signed name is the one that was asked for (containers-policy.json.5.md,
//! `signedIdentity`).

use crate::model::{Digest, RegistryReference};
use crate::signature::{Check, CheckKind};

/// How the signed name is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignedIdentity {
    /// The same name with the same tag or digest.
    MatchExact,
    /// The same name and tag; by digest, any tag of the same name.
    #[default]
    MatchRepoDigestOrExact,
    /// The same name, whatever the tag.
    MatchRepository,
    /// This name with this tag or digest.
    ExactReference(String),
    /// This name, whatever the tag.
    ExactRepository(String),
    /// As `MatchRepoDigestOrExact`, after `prefix` of the name was replaced.
    RemapIdentity {
        prefix: String,
        signed_prefix: String,
    },
}

/// Why a signed name does not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmatched {
    #[error("the image has no name to compare")]
    NoName,
    #[error("{0:?} is no image name")]
    Unreadable(String),
    #[error("the signed name is another")]
    Other { expected: String, found: String },
}

/// A name as it stands: nothing is added to it.
struct Named {
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl SignedIdentity {
    /// Reads how a name is compared: `exact`, `repo-digest-or-exact`, `repository` (that of
    /// the image), or the name itself, with a tag or digest or without.
    ///
    /// # Errors
    ///
    /// Where it is neither such a word nor the whole name of an image.
    pub fn read(text: &str) -> Result<Self, String> {
        match text {
            "exact" => return Ok(Self::MatchExact),
            "repo-digest-or-exact" => return Ok(Self::MatchRepoDigestOrExact),
            "repository" => return Ok(Self::MatchRepository),
            _ => {}
        }
        let named = Named::parse(text).ok().filter(|_| text.contains('/'));
        let named = named.ok_or_else(|| {
            format!("{text:?} is no signed name: give HOST/NAME:TAG, HOST/NAME, exact, repo-digest-or-exact or repository")
        })?;
        Ok(if named.is_name_only() {
            Self::ExactRepository(text.to_owned())
        } else {
            Self::ExactReference(text.to_owned())
        })
    }

    /// Compares the signed name with that of the image.
    ///
    /// # Errors
    ///
    /// What was expected and what was found.
    pub fn check(&self, image: Option<&RegistryReference>, signed: &str) -> Result<(), Unmatched> {
        let found = Named::parse(signed)?;
        let other = |expected: String| Unmatched::Other {
            expected,
            found: signed.to_owned(),
        };
        let asked = || image.map(Named::of).ok_or(Unmatched::NoName);
        let (is_same, expected) = match self {
            Self::MatchExact => {
                let asked = asked()?;
                (asked.is_exactly(&found), asked.text())
            }
            Self::MatchRepoDigestOrExact => {
                let asked = asked()?;
                (asked.covers(&found), asked.text())
            }
            Self::MatchRepository => {
                let asked = asked()?;
                (asked.name == found.name, asked.name)
            }
            Self::ExactReference(wanted) => {
                let wanted = Named::parse(wanted)?;
                (wanted.is_exactly(&found), wanted.text())
            }
            Self::ExactRepository(wanted) => {
                let wanted = Named::parse(wanted)?;
                (wanted.name == found.name, wanted.name)
            }
            Self::RemapIdentity {
                prefix,
                signed_prefix,
            } => {
                let mut asked = asked()?;
                let rest = asked.name.strip_prefix(prefix.as_str());
                if let Some(rest) = rest.filter(|r| r.is_empty() || r.starts_with('/')) {
                    asked.name = format!("{signed_prefix}{rest}");
                }
                (asked.covers(&found), asked.text())
            }
        };
        if is_same {
            Ok(())
        } else {
            Err(other(expected))
        }
    }

    /// The same as a check. A format that signs no name says nothing that could fit.
    pub fn judge(&self, image: Option<&RegistryReference>, signed: Option<&str>) -> Check {
        let kind = CheckKind::Reference;
        let Some(signed) = signed else {
            return Check::failed(kind, "no name is signed, and the policy asks for one");
        };
        match self.check(image, signed) {
            Ok(()) => Check::passed(kind, "the signed name is the one asked for").found(signed),
            Err(why) => {
                let check = Check::failed(kind, why.to_string());
                match why {
                    Unmatched::Other { expected, found } => check.compared(expected, found),
                    Unmatched::NoName | Unmatched::Unreadable(_) => check.found(signed),
                }
            }
        }
    }
}

impl Named {
    fn parse(text: &str) -> Result<Self, Unmatched> {
        let read: Result<RegistryReference, _> = text.parse();
        let read = read.map_err(|_| Unmatched::Unreadable(text.chars().take(200).collect()))?;
        Ok(Self {
            name: read.name(),
            tag: read.tag().map(ToOwned::to_owned),
            digest: read.digest().cloned(),
        })
    }

    /// The image that was asked for, with the tag that stands for none.
    fn of(image: &RegistryReference) -> Self {
        let digest = image.digest().cloned();
        let tag = image.tag().or_else(|| digest.is_none().then_some("latest"));
        Self {
            name: image.name(),
            tag: tag.map(ToOwned::to_owned),
            digest,
        }
    }

    fn text(&self) -> String {
        let mut text = self.name.clone();
        if let Some(tag) = &self.tag {
            text.push_str(&format!(":{tag}"));
        }
        if let Some(digest) = &self.digest {
            text.push_str(&format!("@{digest}"));
        }
        text
    }

    const fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    fn is_exactly(&self, signed: &Self) -> bool {
        !self.is_name_only() && !signed.is_name_only() && self.text() == signed.text()
    }

    fn covers(&self, signed: &Self) -> bool {
        if self.tag.is_some() {
            return self.is_exactly(signed);
        }
        self.digest.is_some() && !signed.is_name_only() && self.name == signed.name
    }
}
