//! Two images beside each other: platforms, configs, layers, files, packages.
//!
//! Everything here compares what others have read; nothing is asked of a place.

mod config;
mod files;
pub mod packages;

use std::collections::BTreeSet;

use crate::model::{Digest, ImageConfig, Index, Manifest};

pub use config::{Setting, settings};
pub use files::{Counts, FileChange, FileState, files};
pub use packages::{Package, PackageChange};

/// What both have, and what only one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets<T> {
    pub shared: Vec<T>,
    pub before: Vec<T>,
    pub after: Vec<T>,
}

impl<T: Ord + Clone> Sets<T> {
    /// Compares two lists, each in its own order.
    pub fn of(before: &[T], after: &[T]) -> Self {
        let (one, other): (BTreeSet<&T>, BTreeSet<&T>) =
            (before.iter().collect(), after.iter().collect());
        let (shared, only_before): (Vec<_>, Vec<_>) = before
            .iter()
            .cloned()
            .partition(|item| other.contains(item));
        let only_after = after.iter().filter(|item| !one.contains(item));
        Self {
            shared,
            before: only_before,
            after: only_after.cloned().collect(),
        }
    }

    /// Whether both have the same.
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

/// Whether two manifests have the same layers in the same order: then their files are the
/// same, and no layer has to be opened to know it.
pub fn same_layers(before: &Manifest, after: &Manifest) -> bool {
    let digests = |manifest: &Manifest| -> Vec<Digest> {
        let layers = manifest.layers.iter();
        layers.map(|layer| layer.digest.clone()).collect()
    };
    digests(before) == digests(after)
}

/// The platforms that two indexes list.
pub fn platforms(before: &Index, after: &Index) -> Sets<String> {
    let names = |index: &Index| -> Vec<String> {
        let entries = index.descriptors();
        entries
            .filter_map(|(_, entry)| entry.platform.as_ref())
            .filter(|platform| !platform.is_unknown())
            .map(ToString::to_string)
            .collect()
    };
    Sets::of(&names(before), &names(after))
}

/// The steps of two builds, as their configs tell them.
pub fn history(before: &ImageConfig, after: &ImageConfig) -> Sets<String> {
    let steps = |config: &ImageConfig| -> Vec<String> {
        let steps = config.history.iter();
        steps.filter_map(|step| step.created_by.clone()).collect()
    };
    Sets::of(&steps(before), &steps(after))
}
