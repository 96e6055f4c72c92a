//! What is wanted of a copy.

use std::fmt;
use std::str::FromStr;

use crate::model::{Descriptor, Digest, Platform};

/// What is wanted of a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyOptions {
    pub selection: Selection,
    /// Write the one image of an index that is chosen, this system's where none is, in place
    /// of an index with it: what places that hold one image always get.
    pub single: bool,
    /// Keep an index as it is, and leave out of the place what was not chosen.
    pub sparse: bool,
    /// Leave signatures, SBOMs and whatever else refers to the image where they are, and the
    /// attestations in its index too where that is written anew.
    pub no_referrers: bool,
    pub format: Format,
    /// Refuse where the digest of anything would change.
    pub preserve_digests: bool,
    /// Leave signatures behind and take everything else.
    pub remove_signatures: bool,
    /// Fetch layers that are not to be distributed, in place of leaving them where their
    /// addresses say.
    pub foreign_layers: bool,
    /// What the image is to be called too, beside the destination's own name: tags, or a
    /// layout's names.
    pub also: Vec<String>,
}

/// Which images of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All of them where the place can hold an index; else the one for this platform.
    #[default]
    Usual,
    All,
    /// Those that are wanted, each of which must be there.
    Some(Vec<Wanted>),
}

/// An image of an index that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every image for this system and architecture; of this variant and version where they
    /// are said.
    Platform(Platform),
    Digest(Digest),
    /// The one image that fits this system best.
    Local,
}

/// How [`Wanted::Local`] is written.
const LOCAL: &str = "local";

/// What manifests are to be written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As they are.
    #[default]
    Keep,
    Oci,
    Docker,
}

/// Why a text names nothing that could be wanted.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} names no image of an index: write os/architecture[/variant], os(version)/architecture, a digest, or local for this system's"
)]
pub struct WantedError(String);

impl Selection {
    /// The images that are wanted by their digest.
    pub fn digests(&self) -> Vec<&Digest> {
        let wanted = match self {
            Self::Usual | Self::All => &[][..],
            Self::Some(wanted) => wanted,
        };
        let digests = wanted.iter().filter_map(|one| match one {
            Wanted::Digest(digest) => Some(digest),
            Wanted::Platform(_) | Wanted::Local => None,
        });
        digests.collect()
    }
}

impl Wanted {
    /// Whether an entry of an index is wanted by it. Which one fits this system no entry tells
    /// alone.
    pub fn fits(&self, entry: &Descriptor) -> bool {
        match self {
            Self::Digest(digest) => entry.digest == *digest,
            Self::Local => false,
            Self::Platform(wanted) => entry.platform.as_ref().is_some_and(|found| {
                found.os == wanted.os
                    && found.architecture == wanted.architecture
                    && wanted.variant.as_ref().is_none_or(|variant| {
                        found.variant.as_ref() == Some(variant)
                            // arm64 has one variant, which few write
                            || (found.variant.is_none() && found.architecture == "arm64")
                    })
                    && (wanted.os_version.is_none() || wanted.os_version == found.os_version)
            }),
        }
    }
}

impl FromStr for Wanted {
    type Err = WantedError;

    fn from_str(text: &str) -> Result<Self, WantedError> {
        let error = || WantedError(text.chars().take(100).collect());
        if text == LOCAL {
            return Ok(Self::Local);
        }
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(|_| error());
        }
        let (plain, version) = match text.split_once('(') {
            Some((os, rest)) => {
                let (version, rest) = rest.split_once(')').ok_or_else(error)?;
                (format!("{os}{rest}"), Some(version.to_owned()))
            }
            None => (text.to_owned(), None),
        };
        let platform: Platform = plain.parse().map_err(|_| error())?;
        Ok(Self::Platform(Platform {
            os_version: version,
            ..platform
        }))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Local => f.write_str(LOCAL),
            Self::Platform(platform) => match &platform.os_version {
                None => platform.fmt(f),
                Some(version) => {
                    write!(f, "{}({version})/{}", platform.os, platform.architecture)?;
                    match &platform.variant {
                        Some(variant) => write!(f, "/{variant}"),
                        None => Ok(()),
                    }
                }
            },
        }
    }
}

impl Format {
    /// As it is written on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Oci => "oci",
            Self::Docker => "docker",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_a_platform_or_a_digest() {
        let digest = Digest::sha256(b"x").to_string();
        for text in [
            "linux/amd64",
            "linux/arm/v7",
            "windows(10.0.17763)/amd64",
            "local",
            digest.as_str(),
        ] {
            assert_eq!(text.parse::<Wanted>().unwrap().to_string(), text);
        }
        for text in ["", "linux", "a:b", "windows(10/amd64", "sha256:xx"] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }
}
