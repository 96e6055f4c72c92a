//! Two images beside each other: platforms, configs, layers, files, packages.
//!
//! Everything here compares what others have read; nothing is asked of a place.

mod config;
mod files;
pub mod packages;

use std::collections::{BTreeMap, BTreeSet};

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

/// Those of `list` for which `both` is true, and the others.
fn split<T: Clone>(list: &[T], both: &[bool]) -> (Vec<T>, Vec<T>) {
    let mut both = both.iter();
    list.iter()
        .cloned()
        .partition(|_| both.next() == Some(&true))
}

impl<T: Ord + Clone> Sets<T> {
    /// Compares two lists, each in its own order.
    pub fn of(before: &[T], after: &[T]) -> Self {
        let (shared, only_before) = split(before, &in_both(before, after));
        let (again, only_after) = split(after, &in_both(after, before));
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
    /// As the first index writes it.
    pub platform: String,
    /// As the second one writes it: perhaps `linux/arm64` for `linux/arm64/v8`.
    pub platform_after: String,
    /// The digests of its manifests, in the order of the index.
    pub before: Vec<Digest>,
    pub after: Vec<Digest>,
}

/// The platforms that two indexes list, as they are written. What is spelled in another way
/// and means the same ([`Platform::normalized`]) is in both.
///
/// [`Platform::normalized`]: crate::model::Platform::normalized
pub fn platforms(before: &Index, after: &Index) -> Sets<String> {
    let (before, after) = (images(before), images(after));
    let names = |list: &[(Listed, Digest)]| -> Vec<Listed> {
        let names = list.iter();
        names.map(|(platform, _)| platform.clone()).collect()
    };
    let written = Sets::of(&names(&before), &names(&after));
    let meant = |list: &[Listed]| -> Vec<String> {
        let listed = list.iter();
        listed.map(|platform| platform.meaning.clone()).collect()
    };
    let (before, after) = (meant(&written.before), meant(&written.after));
    let (same, before_alone) = split(&written.before, &in_both(&before, &after));
    let (_, after_alone) = split(&written.after, &in_both(&after, &before));
    let plain = |list: Vec<Listed>| list.into_iter().map(|platform| platform.name).collect();
    Sets {
        shared: plain([written.shared, same].concat()),
        before: plain(before_alone),
        after: plain(after_alone),
        reordered: written.reordered,
    }
}

/// The platforms that both indexes list, however they spell them, with other images.
pub fn changed_platforms(before: &Index, after: &Index) -> Vec<PlatformChange> {
    let (before, after) = (images(before), images(after));
    let names = |list: &[(Listed, Digest)]| -> BTreeSet<String> {
        let names = list.iter();
        names.map(|(platform, _)| platform.name.clone()).collect()
    };
    let both = &names(&before) & &names(&after);
    // what both write alike is that, and only the rest is told by what it means
    let grouped = |list: Vec<(Listed, Digest)>| {
        let mut found: BTreeMap<(bool, String), (String, Vec<Digest>)> = BTreeMap::new();
        for (platform, digest) in list {
            let key = match both.contains(&platform.name) {
                true => (true, platform.name.clone()),
                false => (false, platform.meaning),
            };
            let group = found.entry(key);
            let (_, digests) = group.or_insert_with(|| (platform.name, Vec::new()));
            digests.push(digest);
        }
        found
    };
    let (before, mut after) = (grouped(before), grouped(after));
    let changes = before.into_iter().filter_map(|(key, (platform, before))| {
        let (platform_after, after) = after.remove(&key)?;
        (before != after).then_some(PlatformChange {
            platform,
            platform_after,
            before,
            after,
        })
    });
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by(|one, other| one.platform.cmp(&other.platform));
    changes
}

/// A platform as an index lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    /// As it is written.
    name: String,
    /// The same for whatever means the same.
    meaning: String,
}

/// What an index lists for each platform; attestations, which are for none, are left out.
fn images(index: &Index) -> Vec<(Listed, Digest)> {
    let entries = index.descriptors();
    let entries = entries.filter_map(|(_, entry)| {
        let (name, meaning) = match &entry.platform {
            Some(platform) if platform.is_unknown() => return None,
            Some(platform) => (platform.to_string(), platform.normalized().to_string()),
            None => ("no platform".to_owned(), "no platform".to_owned()),
        };
        Some((Listed { name, meaning }, entry.digest.clone()))
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
