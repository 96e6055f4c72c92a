//! Two images beside each other: platforms, configs, layers, files, packages.
//!
//! Everything here compares what others have read; nothing is asked of a place.

mod config;
mod files;
pub mod packages;

use std::collections::BTreeMap;

use crate::model::{Digest, ImageConfig, Index, Manifest};

pub use config::{Setting, settings};
pub use files::{Counts, FileChange, FileState, files};
pub use packages::{Package, PackageChange};

/// What both have, and what only one of them. What one has twice and the other once is in
/// both once, and once in the one alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets<T> {
    pub shared: Vec<T>,
    pub before: Vec<T>,
    pub after: Vec<T>,
    /// Whether what both have stands in another order in each.
    pub reordered: bool,
}

/// Which items of `list` are in `other` as well, each of them as often as it is there.
pub fn in_both<T: Ord>(list: &[T], other: &[T]) -> Vec<bool> {
    let mut left: BTreeMap<&T, usize> = BTreeMap::new();
    for item in other {
        *left.entry(item).or_default() += 1;
    }
    let taken = list.iter().map(|item| match left.get_mut(item) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    });
    taken.collect()
}

impl<T: Ord + Clone> Sets<T> {
    /// Compares two lists, each in its own order.
    pub fn of(before: &[T], after: &[T]) -> Self {
        let split = |list: &[T], other: &[T]| -> (Vec<T>, Vec<T>) {
            let mut both = in_both(list, other).into_iter();
            list.iter()
                .cloned()
                .partition(|_| both.next() == Some(true))
        };
        let (shared, only_before) = split(before, after);
        let (again, only_after) = split(after, before);
        Self {
            reordered: shared != again,
            shared,
            before: only_before,
            after: only_after,
        }
    }

    /// Whether both have the same, in whatever order.
    pub const fn is_equal(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

/// The layers of two manifests, by their digests.
pub fn layers(before: &Manifest, after: &Manifest) -> Sets<Digest> {
    let digests = |manifest: &Manifest| -> Vec<Digest> {
        let layers = manifest.layers.iter();
        layers.map(|layer| layer.digest.clone()).collect()
    };
    Sets::of(&digests(before), &digests(after))
}

/// A platform for which two indexes have other images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformChange {
    pub platform: String,
    /// The digests of its manifests, in the order of the index.
    pub before: Vec<Digest>,
    pub after: Vec<Digest>,
}

/// The platforms that two indexes list.
pub fn platforms(before: &Index, after: &Index) -> Sets<String> {
    let names = |index: &Index| -> Vec<String> {
        let entries = images(index).into_iter();
        entries.map(|(platform, _)| platform).collect()
    };
    Sets::of(&names(before), &names(after))
}

/// The platforms that both indexes list, with other images.
pub fn changed_platforms(before: &Index, after: &Index) -> Vec<PlatformChange> {
    let by_name = |index: &Index| {
        let mut found: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
        for (platform, digest) in images(index) {
            found.entry(platform).or_default().push(digest);
        }
        found
    };
    let (before, mut after) = (by_name(before), by_name(after));
    let changes = before.into_iter().filter_map(|(platform, before)| {
        let after = after.remove(&platform)?;
        (before != after).then_some(PlatformChange {
            platform,
            before,
            after,
        })
    });
    changes.collect()
}

/// What an index lists for each platform; attestations, which are for none, are left out.
fn images(index: &Index) -> Vec<(String, Digest)> {
    let entries = index.descriptors();
    let entries = entries.filter_map(|(_, entry)| {
        let name = match &entry.platform {
            Some(platform) if platform.is_unknown() => return None,
            Some(platform) => platform.to_string(),
            None => "no platform".to_owned(),
        };
        Some((name, entry.digest.clone()))
    });
    entries.collect()
}

/// The steps of two builds, as their configs tell them.
pub fn history(before: &ImageConfig, after: &ImageConfig) -> Sets<String> {
    let steps = |config: &ImageConfig| -> Vec<String> {
        let steps = config.history.iter();
        steps.filter_map(|step| step.created_by.clone()).collect()
    };
    Sets::of(&steps(before), &steps(after))
}
