//! How many referrers an image has, in words, as far as that is known.

use std::collections::BTreeSet;

use crate::engine::{ImageSnapshot, NodePath, Remote};
use crate::transport::ListingOutcome;
use crate::ui::widgets::text;

/// Referrers of the manifest at `path` and of the indexes that it lies in: `9 referrers`.
/// Nothing where nobody looked yet.
pub fn referrer_count(snapshot: &ImageSnapshot, path: &NodePath) -> Option<String> {
    let mut found = BTreeSet::new();
    let (mut asked, mut sure, mut more) = (false, true, 0);
    let mut at = Some(path.clone());
    while let Some(path) = at {
        let tree = snapshot.referrers(&path);
        asked |= !matches!(tree, Remote::NotAsked);
        match tree.value() {
            Some(tree) => {
                found.extend(tree.walk().map(|(_, r)| r.descriptor.digest.clone()));
                more += tree.left_out;
                sure &= tree.outcome() == Some(ListingOutcome::Listed);
            }
            None => sure = false,
        }
        at = path.parent();
    }
    if !asked {
        return None;
    }
    let count = found.len() + more;
    Some(match (count, sure) {
        (0, true) => "no referrers".to_owned(),
        (0, false) => return None,
        (_, true) => text::count(count, "referrer", "referrers"),
        (_, false) => format!("{} or more", text::count(count, "referrer", "referrers")),
    })
}
