//! Why a copy was not made, and how it could go on.

use std::sync::Arc;

use crate::copy::{Attached, CopyError, Selection, Wanted};

use super::{CopyRequest, CopySnapshot};
use crate::engine::{Failure, FailureKind};

/// Why a copy is not planned or made, and what could be copied all the same.
pub(in crate::engine) struct Failed {
    pub(in crate::engine) failure: Failure,
    whole: Vec<Wanted>,
    no_referrers: bool,
    pub(super) stuck: Option<Attached>,
    /// The same copy with that left behind which could not be converted.
    pub(super) rest: Option<Box<CopyRequest>>,
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            failure: error.into(),
            whole: Vec::new(),
            no_referrers: false,
            stuck: None,
            rest: None,
        }
    }
}

impl Failed {
    pub(super) fn of(error: CopyError) -> Self {
        let (whole, no_referrers) = match &error {
            CopyError::Lost {
                whole,
                no_referrers,
                ..
            } => (whole.clone(), *no_referrers),
            _ => (Vec::new(), false),
        };
        let stuck = match &error {
            CopyError::Stuck { what, .. } => Some(*what),
            _ => None,
        };
        Self {
            whole,
            no_referrers,
            stuck,
            rest: None,
            failure: error.into(),
        }
    }

    /// Puts into `snapshot` how it could go on; what failed.
    pub(super) fn told(self, snapshot: &mut CopySnapshot) -> Arc<Failure> {
        if !self.whole.is_empty() || self.no_referrers {
            let mut request = snapshot.request.clone();
            if !self.whole.is_empty() {
                request.options.selection = Selection::Some(self.whole);
            }
            request.options.no_referrers |= self.no_referrers;
            snapshot.without_lost = Some(Box::new(request));
        }
        if let Some(what) = self.stuck {
            let mut request = snapshot.request.clone();
            request.options = what.left_behind(&request.options);
            snapshot.left_behind = Some(Box::new(request));
        }
        if self.rest.is_some() {
            snapshot.left_behind = self.rest;
        }
        Arc::new(self.failure)
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Transport(error) => error.into(),
            CopyError::Refused { why, hint } | CopyError::Stuck { why, hint, .. } => {
                Self::refused(why, hint)
            }
            CopyError::Lost { why, hint, .. } => Self {
                kind: FailureKind::Missing,
                ..Self::refused(why, hint)
            },
        }
    }
}
