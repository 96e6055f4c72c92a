//! Why a copy is not made.

use super::options::{CopyOptions, Wanted};
use crate::transport::TransportError;

/// A place failed, or the copy would not be what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{why}")]
    Refused { why: String, hint: String },
    /// Something that belongs to the image does not come along; without it the copy may be
    /// made.
    #[error("{why}")]
    Stuck {
        why: String,
        hint: String,
        what: Attached,
    },
    /// The source does not have all of it.
    #[error("{why}")]
    Lost {
        why: String,
        hint: String,
        /// The images of the index that can be copied all the same; none where that is
        /// what was chosen, or nothing.
        whole: Vec<Wanted>,
        /// Whether it can be copied without what refers to it, and not with that.
        no_referrers: bool,
    },
}

/// What belongs to an image, as far as it can be left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    Signatures,
    /// All that refers to it, signatures too.
    Everything,
}

impl Attached {
    /// Signatures alone, or more.
    pub(super) fn of(mut signs: impl Iterator<Item = bool>) -> Self {
        if signs.all(|signs| signs) {
            Self::Signatures
        } else {
            Self::Everything
        }
    }

    /// `options` without it, and without what they leave behind already.
    pub fn left_behind(self, options: &CopyOptions) -> CopyOptions {
        CopyOptions {
            remove_signatures: options.remove_signatures || self == Self::Signatures,
            no_referrers: options.no_referrers || self == Self::Everything,
            ..options.clone()
        }
    }
}

impl CopyError {
    pub(super) fn refused(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// What to try.
    pub fn hint(&self) -> String {
        match self {
            Self::Transport(error) => error.problem.hint(),
            Self::Refused { hint, .. } | Self::Stuck { hint, .. } | Self::Lost { hint, .. } => {
                hint.clone()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_to_be_left_behind_already_stays_so() {
        for (signatures, referrers) in [(false, false), (true, false), (false, true)] {
            let chosen = CopyOptions {
                remove_signatures: signatures,
                no_referrers: referrers,
                preserve_digests: true,
                ..CopyOptions::default()
            };
            let left = |what: Attached| what.left_behind(&chosen);
            let expected = |signatures, referrers| CopyOptions {
                remove_signatures: signatures,
                no_referrers: referrers,
                ..chosen.clone()
            };
            assert_eq!(left(Attached::Signatures), expected(true, referrers));
            assert_eq!(left(Attached::Everything), expected(signatures, true));
        }
    }
}
