//! Which entries are shown, and in which order: worked out when the filter, the order or
//! the index changes.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::engine::Node;
use crate::model::{Document, Index, annotation};
use crate::ui::views::cached::Cached;
use crate::ui::views::facts::{EntryKind, IndexFacts};
use crate::ui::views::subject::platform_label;
use crate::ui::widgets::table::Sort;

use super::row;

/// Positions of the entries that are shown, in their order.
#[derive(Debug, Default)]
pub(super) struct Order {
    rows: Vec<u32>,
    /// What each entry is found by, in lower case.
    words: Cached<Document, Vec<String>>,
    made_for: Option<MadeFor>,
}

#[derive(Debug)]
struct MadeFor {
    document: Arc<Document>,
    /// Only where the order follows from what lies under the index.
    node: Option<Arc<Node>>,
    filter: String,
    sort: Option<Sort>,
}

impl Order {
    /// The entries that are shown.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Makes the rows anew where something they follow from has changed.
    pub(super) fn lay_out(
        &mut self,
        node: &Arc<Node>,
        index: &Index,
        facts: &IndexFacts,
        filter: &str,
        sort: Option<Sort>,
    ) {
        let filter = filter.trim();
        let by_children = sort.is_some_and(|sort| row::is_of_child(sort.column));
        let node_kept = |made: &MadeFor| match &made.node {
            None => !by_children,
            Some(held) => by_children && Arc::ptr_eq(held, node),
        };
        let same = self.made_for.as_ref().is_some_and(|made| {
            Arc::ptr_eq(&made.document, &node.document)
                && node_kept(made)
                && made.filter == filter
                && made.sort == sort
        });
        if same {
            return;
        }
        self.rows = self.found(node, index, facts, filter);
        if let Some(sort) = sort {
            self.sort(node, index, facts, sort);
        }
        self.made_for = Some(MadeFor {
            document: Arc::clone(&node.document),
            node: by_children.then(|| Arc::clone(node)),
            filter: filter.to_owned(),
            sort,
        });
    }

    /// The entries that say every word of the filter.
    fn found(
        &mut self,
        node: &Arc<Node>,
        index: &Index,
        facts: &IndexFacts,
        filter: &str,
    ) -> Vec<u32> {
        let all = 0..short(index.entries.len());
        if filter.is_empty() {
            return all.collect();
        }
        let wanted: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
        let words = self.words.get(&node.document, || {
            let entries = 0..index.entries.len();
            entries.map(|at| words(index, facts, at)).collect()
        });
        all.filter(|at| {
            let own = &words[*at as usize];
            wanted.iter().all(|word| own.contains(word))
        })
        .collect()
    }

    fn sort(&mut self, node: &Arc<Node>, index: &Index, facts: &IndexFacts, sort: Sort) {
        let entries = row::Keys { node, index, facts };
        let mut keyed: Vec<(row::Key, u32)> = self
            .rows
            .iter()
            .map(|at| (entries.key(*at as usize, sort.column), *at))
            .collect();
        keyed.sort_by(|(a, at_a), (b, at_b)| {
            let by_key = match (a.is_unknown(), b.is_unknown()) {
                // what is not known comes last, whichever way round
                (true, false) => return Ordering::Greater,
                (false, true) => return Ordering::Less,
                _ => a.cmp(b),
            };
            let by_key = if sort.descending {
                by_key.reverse()
            } else {
                by_key
            };
            by_key.then(at_a.cmp(at_b))
        });
        self.rows = keyed.into_iter().map(|(_, at)| at).collect();
    }
}

/// Everything that an entry is found by.
fn words(index: &Index, facts: &IndexFacts, at: usize) -> String {
    let kind = facts.kinds[at];
    let mut words = kind.word().to_owned();
    if let EntryKind::Attestation { about: Some(about) } = kind
        && let Some(Ok(entry)) = index.entries.get(about)
        && let Some(platform) = &entry.platform
    {
        words.push(' ');
        words.push_str(&platform_label(platform));
    }
    if let Ok(entry) = &index.entries[at] {
        for word in [
            entry.platform.as_ref().map(platform_label),
            Some(entry.digest.to_string()),
            entry.artifact_type.as_ref().map(ToString::to_string),
            entry
                .annotation(annotation::REF_NAME)
                .map(ToOwned::to_owned),
        ]
        .into_iter()
        .flatten()
        {
            words.push(' ');
            words.push_str(&word);
        }
    }
    words.to_lowercase()
}

/// A position; `limits::ENTRIES` is far below `u32::MAX`.
fn short(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
