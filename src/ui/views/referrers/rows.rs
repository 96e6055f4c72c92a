//! The rows of the trees: made anew when a tree or the filter changes, not once a frame.

use std::sync::Arc;

use crate::engine::{Failure, ImageSnapshot, NodePath, Remote};
use crate::model::{Digest, text::size as size_text};
use crate::referrers::{Referrer, ReferrerTree};
use crate::transport::ListingOutcome;
use crate::ui::widgets::text;

use super::super::subject::platform_label;

/// What was known of one subject when the rows were made.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) subject: Digest,
    pub(super) tree: Option<Arc<ReferrerTree>>,
    pub(super) error: Option<Arc<Failure>>,
    pub(super) pending: bool,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// What the following ones refer to.
    Group(usize),
    /// A referrer: its group, how deep it lies, and where it stands among all.
    Referrer {
        group: usize,
        depth: usize,
        at: usize,
    },
    /// What is to be said of a group that has none.
    Nothing(usize),
}

/// What it comes to where there is not one referrer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    None,
    CannotList,
    NotRead,
    Pending,
}

/// All rows.
#[derive(Debug, Default)]
pub(in crate::ui::views) struct Rows {
    pub(super) groups: Vec<Group>,
    pub(super) lines: Vec<Line>,
    pub(super) referrers: Vec<Arc<Referrer>>,
    total: u64,
    filter: String,
}

impl Rows {
    /// Makes the rows anew where something they follow from has changed.
    pub(in crate::ui::views) fn lay_out(
        &mut self,
        snapshot: &ImageSnapshot,
        subjects: &[NodePath],
        filter: &str,
    ) {
        let filter = filter.trim().to_lowercase();
        let groups: Vec<Group> = subjects
            .iter()
            .filter_map(|path| group(snapshot, path))
            .collect();
        let same = self.filter == filter
            && self.groups.len() == groups.len()
            && self
                .groups
                .iter()
                .zip(&groups)
                .all(|(one, other)| one.is(other));
        if same {
            return;
        }
        self.groups = groups;
        self.filter = filter;
        self.lines.clear();
        self.referrers.clear();
        self.total = 0;
        for group in 0..self.groups.len() {
            self.add(group);
        }
    }

    fn add(&mut self, group: usize) {
        let head = self.lines.len();
        self.lines.push(Line::Group(group));
        let tree = self.groups[group].tree.clone();
        for (depth, referrer) in tree.iter().flat_map(|tree| tree.walk()) {
            self.total = self
                .total
                .saturating_add(referrer.total_size.unwrap_or(referrer.descriptor.size));
            if !self.filter.is_empty() && !has(referrer, &self.filter) {
                continue;
            }
            self.lines.push(Line::Referrer {
                group,
                // what matches stands by itself
                depth: if self.filter.is_empty() { depth } else { 0 },
                at: self.referrers.len(),
            });
            self.referrers.push(Arc::clone(referrer));
        }
        if self.lines.len() == head + 1 {
            if self.filter.is_empty() {
                self.lines.push(Line::Nothing(group));
            } else {
                self.lines.pop();
            }
        }
    }

    /// Whether no row is there, because of the filter.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What it comes to where there is not one referrer; nothing where there are some.
    pub(super) fn outcome(&self) -> Option<Whole> {
        let some = |group: &Group| group.tree.as_ref().is_some_and(|tree| !tree.is_empty());
        if self.groups.iter().any(some) {
            return None;
        }
        let outcomes: Vec<_> = self.groups.iter().map(Group::outcome).collect();
        let any = |whole| outcomes.contains(&whole);
        Some(if any(Whole::Pending) || outcomes.is_empty() {
            Whole::Pending
        } else if any(Whole::NotRead) {
            Whole::NotRead
        } else if any(Whole::CannotList) {
            Whole::CannotList
        } else {
            Whole::None
        })
    }

    /// Where the referrer with this digest stands, it, and what it refers to.
    pub(super) fn find(&self, digest: &Digest) -> Option<(usize, Arc<Referrer>, Digest)> {
        self.lines.iter().enumerate().find_map(|(row, line)| {
            let Line::Referrer { group, at, .. } = line else {
                return None;
            };
            let referrer = &self.referrers[*at];
            (referrer.descriptor.digest == *digest).then(|| {
                let subject = self.subject_of(row).unwrap_or(&self.groups[*group].subject);
                (row, Arc::clone(referrer), subject.clone())
            })
        })
    }

    /// What the referrer at `row` lies under, where that is another referrer.
    fn subject_of(&self, row: usize) -> Option<&Digest> {
        let Line::Referrer { depth, .. } = self.lines[row] else {
            return None;
        };
        self.lines[..row].iter().rev().find_map(|line| match line {
            Line::Referrer {
                depth: above, at, ..
            } if *above < depth => Some(&self.referrers[*at].descriptor.digest),
            _ => None,
        })
    }

    /// The digest of the referrer at `row`.
    pub(super) fn digest(&self, row: usize) -> Option<Digest> {
        match self.lines.get(row)? {
            Line::Referrer { at, .. } => Some(self.referrers[*at].descriptor.digest.clone()),
            _ => None,
        }
    }

    /// `9 referrers, 1.2 MB`.
    pub(super) fn summary(&self) -> String {
        let trees = || self.groups.iter().filter_map(|group| group.tree.as_ref());
        let count: usize = trees().map(|tree| tree.len() + tree.left_out).sum();
        let words = text::count(count, "referrer", "referrers");
        let asking = self.groups.iter().any(|group| group.pending);
        let asking = if asking { ", asking…" } else { "" };
        format!("{words}, {}{asking}", size_text(self.total))
    }
}

impl Group {
    fn is(&self, other: &Self) -> bool {
        let same_tree = match (&self.tree, &other.tree) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same_tree
            && self.subject == other.subject
            && self.pending == other.pending
            && self.error.is_some() == other.error.is_some()
    }

    /// What it comes to.
    pub(super) fn outcome(&self) -> Whole {
        if self.error.is_some() {
            return Whole::NotRead;
        }
        match self.tree.as_ref().and_then(|tree| tree.outcome()) {
            None => Whole::Pending,
            Some(ListingOutcome::Listed) => Whole::None,
            Some(ListingOutcome::CannotList) => Whole::CannotList,
            Some(ListingOutcome::NotRead) => Whole::NotRead,
        }
    }
}

fn group(snapshot: &ImageSnapshot, path: &NodePath) -> Option<Group> {
    let image = snapshot.image()?;
    let subject = image.digest(path)?.clone();
    let remote = snapshot.referrers(path);
    let descriptor = image.descriptor(path);
    let is_index = image
        .node(path)
        .is_some_and(|node| node.document.index().is_some());
    let platform = descriptor.and_then(|descriptor| descriptor.platform.as_ref());
    let title = match platform {
        _ if is_index => "The index, for all platforms".to_owned(),
        Some(platform) if !platform.is_unknown() => platform_label(platform),
        _ => "This image".to_owned(),
    };
    Some(Group {
        title,
        subject,
        tree: remote.value().cloned(),
        error: remote.error().cloned(),
        pending: matches!(remote, Remote::NotAsked | Remote::Pending { .. }),
    })
}

/// Whether `word` (in lower case) is in what a row says, or in an annotation.
fn has(referrer: &Referrer, word: &str) -> bool {
    let found = |text: &str| text.to_lowercase().contains(word);
    found(&referrer.kind.to_string())
        || referrer.title.as_deref().is_some_and(found)
        || found(&referrer.descriptor.digest.to_string())
        || referrer
            .artifact_type
            .as_ref()
            .is_some_and(|t| found(t.as_str()))
        || referrer
            .annotations
            .iter()
            .any(|(key, value)| found(key) || found(value))
}
