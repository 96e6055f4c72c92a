//! Why a copy is not made.

use super::options::Wanted;
use crate::transport::TransportError;

/// A place failed, or the copy would not be what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{why}")]
    Refused { why: String, hint: String },
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
            Self::Refused { hint, .. } | Self::Lost { hint, .. } => hint.clone(),
        }
    }
}
