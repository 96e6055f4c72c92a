//! Tags that are close to one that does not exist: what was meant.

use crate::model::TagVersion;
use crate::transport::OtherTags;

/// Most tags that are named.
const SHOWN: usize = 5;

/// What a repository has in place of the tag `wanted`; `whole` says that `all` are all of its
/// tags.
pub(super) fn others(wanted: &str, all: &[String], whole: bool) -> OtherTags {
    let close = near(wanted, all);
    if !close.is_empty() {
        return OtherTags::Close(close);
    }
    if all.is_empty() {
        return OtherTags::Unknown;
    }
    let tags: Vec<_> = newest(all).into_iter().map(str::to_owned).collect();
    let more = !whole || all.len() > tags.len();
    OtherTags::Newest { tags, more }
}

/// The tags of `all` that are closest to `wanted`, the closest first: one begins with the
/// other, or few letters differ.
fn near(wanted: &str, all: &[String]) -> Vec<String> {
    let wanted_low = wanted.to_ascii_lowercase();
    let mut ranked: Vec<(usize, &String)> = all
        .iter()
        .filter_map(|tag| Some((distance(&wanted_low, &tag.to_ascii_lowercase())?, tag)))
        .collect();
    // of equal ones the newest version comes first
    ranked.sort_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| a.1.len().cmp(&b.1.len()))
            .then_with(|| b.1.cmp(a.1))
    });
    let nearest = ranked.into_iter().take(SHOWN);
    nearest.map(|(_, tag)| tag.clone()).collect()
}

/// Some of `all`, the newest versions first; what is no version comes last.
fn newest(all: &[String]) -> Vec<&str> {
    let mut tags: Vec<_> = all
        .iter()
        .map(|tag| (TagVersion::parse(tag), tag.as_str()))
        .collect();
    // stable: those of no version stay as they were listed
    tags.sort_by(|a, b| b.0.cmp(&a.0));
    tags.into_iter().take(SHOWN).map(|(_, tag)| tag).collect()
}

/// How far `tag` is from `wanted`; nothing where it is something else.
fn distance(wanted: &str, tag: &str) -> Option<usize> {
    let bare = |text: &str| text.trim_start_matches('v').to_owned();
    if bare(wanted) == bare(tag) {
        return Some(0);
    }
    let edits = edits(wanted, tag);
    let few = edits <= wanted.len().max(tag.len()) / 3 && edits <= 3;
    let begins = tag.starts_with(wanted) || (!tag.is_empty() && wanted.starts_with(tag));
    // the same version of something: 1.36 of 1.37, not 2 of 1
    let parts = |text: &str| text.split(['.', '-', '_']).next().map(ToOwned::to_owned);
    let series = wanted.contains(['.', '-']) && parts(wanted) == parts(tag);
    match (few, begins, series) {
        (true, ..) => Some(edits),
        (_, true, _) => Some(4),
        (.., true) => Some(4 + edits),
        _ => None,
    }
}

/// How many letters to change, add or take away (Levenshtein). Tags have at most 128.
fn edits(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_among_the_nearest() {
        let all: Vec<String> = [
            "latest",
            "1.36",
            "1.36.1",
            "1.37.0",
            "1.37.0-musl",
            "2.0",
            "stable",
            "v3.1",
            "edge",
        ]
        .map(str::to_owned)
        .to_vec();
        for (wanted, first) in [
            ("lates", "latest"),
            ("Latest", "latest"),
            ("1.37", "1.36"),
            ("1.37.1", "1.37.0"),
            ("3.1", "v3.1"),
            ("stabel", "stable"),
        ] {
            assert_eq!(near(wanted, &all).first().unwrap(), first, "{wanted}");
        }
        assert!(near("1.37", &all).contains(&"1.37.0".to_owned()));
        assert!(near("nightly", &all).is_empty());
        assert!(near("x", &all).is_empty());
    }

    #[test]
    fn the_newest_are_named_first_and_at_most_five() {
        let all = ["1.0.0", "1.1.0", "edge", "1.10.0", "1.2.0"].map(str::to_owned);
        let expected = ["1.10.0", "1.2.0", "1.1.0", "1.0.0", "edge"];
        assert_eq!(newest(&all), expected);
        let many: Vec<String> = (0..9).map(|minor| format!("1.{minor}")).collect();
        assert_eq!(newest(&many), ["1.8", "1.7", "1.6", "1.5", "1.4"]);
        for (all, whole, expected) in [
            (&many[..], true, true),
            (&many[..2], true, false),
            (&many[..2], false, true),
        ] {
            let OtherTags::Newest { more, .. } = others("edge", all, whole) else {
                panic!("none is close");
            };
            assert_eq!(more, expected, "{all:?}");
        }
        assert_eq!(others("edge", &[], true), OtherTags::Unknown);
    }
}
