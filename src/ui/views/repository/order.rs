//! Which tags are shown, and in which order: worked out when the list, the filter or the
//! order changes, by a thread where the list is long.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Remote, TagFacts};
use crate::model::TagVersion;
use crate::ui::widgets::Background;

/// Longest list whose dates are all asked for.
pub(super) const ALL_DATES: usize = 200;

/// What tags are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    /// As the registry lists them.
    Listed,
    Name,
    #[default]
    Version,
    Date,
}

impl By {
    pub(super) const ALL: [Self; 4] = [Self::Version, Self::Name, Self::Date, Self::Listed];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Listed => "As listed",
            Self::Name => "Name",
            Self::Version => "Version",
            Self::Date => "Date",
        }
    }

    /// Whether the latest comes first when it is chosen.
    pub(super) const fn begins_descending(self) -> bool {
        matches!(self, Self::Version | Self::Date)
    }
}

type Facts = Arc<HashMap<Arc<str>, Remote<Arc<TagFacts>>>>;

/// What the rows follow from.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) names: Arc<[Arc<str>]>,
    pub(super) filter: String,
    pub(super) by: By,
    pub(super) descending: bool,
    /// Where they are ordered by date: what is known of them.
    pub(super) facts: Option<Facts>,
}

impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        let same_facts = match (&self.facts, &other.facts) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.names, &other.names)
            && same_facts
            && self.filter == other.filter
            && (self.by, self.descending) == (other.by, other.descending)
    }
}

/// Tags that are shown, in their order.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) tags: Vec<Arc<str>>,
}

/// The rows, made anew when what they follow from changes.
#[derive(Debug, Default)]
pub(super) struct Order {
    rows: Background<Rows>,
    made_for: Option<Wish>,
}

impl Order {
    /// The rows that were made last; those for `wish` are made where they are other ones.
    pub(super) fn rows(&mut self, ctx: &egui::Context, wish: Wish) -> Option<&Rows> {
        // one that is being made is not thrown away: a list that grows would never be seen
        if !self.rows.is_running() && self.made_for.as_ref() != Some(&wish) {
            self.made_for = Some(wish.clone());
            let bytes = wish.names.len() * 40;
            self.rows.start(ctx, bytes, move || make(&wish));
        }
        self.rows.poll()
    }
}

fn make(wish: &Wish) -> Rows {
    let words: Vec<String> = wish
        .filter
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let fits = |tag: &&Arc<str>| {
        let tag = tag.to_lowercase();
        words.iter().all(|word| tag.contains(word))
    };
    let mut tags: Vec<Arc<str>> = wish.names.iter().filter(fits).cloned().collect();
    match wish.by {
        By::Listed => {}
        By::Name => tags.sort(),
        By::Version => sort_known(&mut tags, wish.descending, TagVersion::parse),
        By::Date => sort_known(&mut tags, wish.descending, |tag| {
            let created = wish.facts.as_ref()?.get(tag)?.value()?.created.clone()?;
            created.parse::<jiff::Timestamp>().ok()
        }),
    }
    if wish.descending && matches!(wish.by, By::Listed | By::Name) {
        tags.reverse();
    }
    Rows { tags }
}

/// By a key; what has none comes last, whichever way round, by name.
fn sort_known<K: Ord>(tags: &mut Vec<Arc<str>>, descending: bool, key: impl Fn(&str) -> Option<K>) {
    let (mut known, mut unknown) = (Vec::with_capacity(tags.len()), Vec::new());
    for tag in tags.drain(..) {
        match key(&tag) {
            Some(key) => known.push((key, tag)),
            None => unknown.push(tag),
        }
    }
    known.sort();
    if descending {
        known.reverse();
    }
    unknown.sort();
    tags.extend(known.into_iter().map(|(_, tag)| tag).chain(unknown));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(names: &[&str], filter: &str, by: By) -> Wish {
        Wish {
            names: names.iter().map(|name| Arc::from(*name)).collect(),
            filter: filter.to_owned(),
            by,
            descending: by.begins_descending(),
            facts: None,
        }
    }

    fn made(wish: &Wish) -> Vec<String> {
        make(wish).tags.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tags_are_filtered_and_ordered() {
        let names = ["v1.10", "latest", "v1.9", "edge", "v1.9-rc1"];
        assert_eq!(made(&wish(&names, "", By::Listed)), names);
        assert_eq!(
            made(&wish(&names, "", By::Name)),
            ["edge", "latest", "v1.10", "v1.9", "v1.9-rc1"]
        );
        // the newest first; what is no version behind them
        assert_eq!(
            made(&wish(&names, "", By::Version)),
            ["v1.10", "v1.9", "v1.9-rc1", "edge", "latest"]
        );
        assert_eq!(made(&wish(&names, "V1 RC", By::Listed)), ["v1.9-rc1"]);
        let mut by_date = wish(&names[..3], "", By::Date);
        let facts = |created: &str| {
            Remote::Ready(Arc::new(TagFacts {
                digest: crate::model::Digest::sha256(b""),
                media_type: crate::model::MediaType::default(),
                platforms: Vec::new(),
                size: None,
                created: Some(created.to_owned()),
                spared: None,
            }))
        };
        let known = [
            ("v1.9", facts("2024-01-02T00:00:00Z")),
            ("latest", facts("2025-01-02T00:00:00Z")),
        ];
        let known = known.map(|(tag, facts)| (Arc::from(tag), facts));
        by_date.facts = Some(Arc::new(HashMap::from(known)));
        assert_eq!(made(&by_date), ["latest", "v1.9", "v1.10"]);
    }
}
