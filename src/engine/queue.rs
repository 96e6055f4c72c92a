//! What an image still wants to have asked for, and in which order.

use std::collections::VecDeque;

use super::NodePath;

/// Entries of indexes to be fetched: those somebody waits for first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    urgent: VecDeque<NodePath>,
    /// What somebody looked at and may have scrolled past; replaced by the next look.
    visible: VecDeque<NodePath>,
    rest: VecDeque<NodePath>,
}

/// How much somebody waits for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It is the image on the screen.
    Chosen,
    /// It is a row on the screen.
    Visible,
    /// It will be looked at sooner or later.
    Rest,
}

impl Queue {
    /// Adds an entry behind those as urgent.
    pub fn push(&mut self, path: NodePath, urgency: Urgency) {
        let queue = match urgency {
            Urgency::Chosen => &mut self.urgent,
            Urgency::Visible => &mut self.visible,
            Urgency::Rest => &mut self.rest,
        };
        queue.push_back(path);
    }

    /// The next entry.
    pub fn pop(&mut self) -> Option<NodePath> {
        self.urgent
            .pop_front()
            .or_else(|| self.visible.pop_front())
            .or_else(|| self.rest.pop_front())
    }

    /// Gives up the rows that nobody looks at any more, and names them.
    pub fn forget_visible(&mut self) -> VecDeque<NodePath> {
        std::mem::take(&mut self.visible)
    }

    /// Gives up everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.visible.is_empty() && self.rest.is_empty()
    }
}
