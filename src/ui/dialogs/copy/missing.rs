//! What is missing before anything can be planned.

use crate::model::text;

/// What somebody has to choose first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The place of the source holds several images.
    Image,
    Place,
    /// What stands there is no reference, and why.
    Reference(String),
    /// Nothing of the index is taken.
    Platform,
}

impl Missing {
    /// Why the button cannot be pressed.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Image => "Choose one of the images".to_owned(),
            Self::Place => "Say where to".to_owned(),
            Self::Reference(problem) => text::visible(problem).into_owned(),
            Self::Platform => "Choose a platform".to_owned(),
        }
    }

    /// What stands in place of a plan.
    pub(super) fn sentence(&self) -> String {
        let first = match self {
            Self::Image => "Choose one of the images",
            Self::Place => "Say where to",
            Self::Reference(_) => "Say where to, in a way that can be read",
            Self::Platform => "Choose a platform",
        };
        format!(
            "{first}, and what would be sent, mounted and left is listed here. Nothing is written before you press the button."
        )
    }
}
