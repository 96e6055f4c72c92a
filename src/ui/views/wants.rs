//! Asking the engine for what is looked at, once.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::engine::{Command, Node, NodePath, Remote};
use crate::model::Digest;
use crate::ui::action::Action;
use crate::ui::dialogs::list_keys;

use super::ViewContext;

/// Ranges that lie no further apart than this are asked for as one.
const GAP: usize = 8;

/// What was asked for already.
#[derive(Debug, Default)]
pub(super) struct Wants {
    root: Option<Digest>,
    asked: HashSet<(NodePath, usize)>,
    /// Whose referrers were asked for.
    referrers: HashSet<NodePath>,
    verifications: HashSet<NodePath>,
    /// What was looked into.
    artifacts: HashSet<Digest>,
    /// Whether the user's keys were asked for.
    keys: bool,
}

impl Wants {
    /// Asks for those of `positions` of the index at `path` that nobody asked for yet.
    pub(super) fn ask(
        &mut self,
        context: &mut ViewContext<'_>,
        path: &NodePath,
        positions: impl IntoIterator<Item = usize>,
    ) {
        let Some(image) = context.image.image() else {
            return;
        };
        self.forget_another(image.root.document.raw().digest());
        let Some(node) = image.node(path) else {
            return;
        };
        let mut wanted: Vec<usize> = positions
            .into_iter()
            .filter(|at| is_not_asked(node, *at))
            .filter(|at| self.asked.insert((path.clone(), *at)))
            .collect();
        wanted.sort_unstable();
        for entries in ranges(&wanted) {
            context.actions.push(Action::Send(Command::Want {
                image: context.image.id,
                index: path.clone(),
                entries,
            }));
        }
    }

    /// Forgets what was asked for of another image.
    fn forget_another(&mut self, root: &Digest) {
        if self.root.as_ref() != Some(root) {
            *self = Self {
                root: Some(root.clone()),
                ..Self::default()
            };
        }
    }

    /// Asks for what refers to the manifest at `path`, once.
    pub(super) fn ask_referrers(&mut self, context: &mut ViewContext<'_>, path: &NodePath) {
        let Some(image) = context.image.image() else {
            return;
        };
        self.forget_another(image.root.document.raw().digest());
        let unknown = matches!(context.image.referrers(path), Remote::NotAsked);
        if unknown && self.referrers.insert(path.clone()) {
            context.actions.push(Action::Send(Command::ListReferrers {
                image: context.image.id,
                manifest: path.clone(),
            }));
        }
    }

    /// Asks for what vouches for the manifest at `path`, once.
    pub(super) fn ask_verification(&mut self, context: &mut ViewContext<'_>, path: &NodePath) {
        let Some(image) = context.image.image() else {
            return;
        };
        self.forget_another(image.root.document.raw().digest());
        let unknown = matches!(context.image.signatures(path), Remote::NotAsked);
        if unknown && self.verifications.insert(path.clone()) {
            context.actions.push(Action::Send(Command::Verify {
                image: context.image.id,
                manifest: path.clone(),
            }));
        }
    }

    /// Asks for the user's own keys, once.
    pub(super) fn ask_keys(&mut self, context: &mut ViewContext<'_>) {
        if !std::mem::replace(&mut self.keys, true) {
            context.actions.push(list_keys());
        }
    }

    /// Asks for what an artifact says, once.
    pub(super) fn ask_artifact(&mut self, context: &mut ViewContext<'_>, digest: &Digest) {
        let unknown = matches!(context.image.artifact(digest), Remote::NotAsked);
        if unknown && self.artifacts.insert(digest.clone()) {
            context.actions.push(Action::Send(Command::ReadArtifact {
                image: context.image.id,
                manifest: digest.clone(),
            }));
        }
    }

    /// Asks for the node at `path`, where its index is known and it is not.
    pub(super) fn ask_node(&mut self, context: &mut ViewContext<'_>, path: &NodePath) {
        if let (Some(parent), Some(last)) = (path.parent(), path.positions().last()) {
            self.ask(context, &parent, [*last]);
        }
    }
}

fn is_not_asked(node: &Arc<Node>, at: usize) -> bool {
    matches!(node.child(at), Some(Remote::NotAsked))
}

/// Sorted positions as ranges.
fn ranges(positions: &[usize]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for &at in positions {
        match ranges.last_mut() {
            Some(last) if at < last.end + GAP => last.end = at + 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_few_ranges() {
        let ranges = ranges(&[0, 1, 2, 9, 30, 31]);
        assert_eq!(ranges, [0..10, 30..32]);
        assert!(super::ranges(&[]).is_empty());
    }
}
