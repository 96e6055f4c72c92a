//! What each layer does to the names of an image.

use super::build::Builder;
use super::{Change, Known};
use crate::layer::LayerIndex;

/// How many names a layer adds, changes and removes; whiteouts count as what they remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerChanges {
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
}

impl LayerChanges {
    /// Of each of `layers`, the lowest first.
    pub fn of(layers: &[LayerIndex]) -> Vec<Self> {
        let mut builder = Builder::new();
        let mut all = Vec::with_capacity(layers.len());
        for (position, layer) in layers.iter().enumerate() {
            builder.mark();
            builder.apply(position as u32, layer);
            let known = Known {
                versions: &builder.versions,
                layers,
            };
            let mut counts = Self::default();
            // the root is no name
            for node in builder.nodes.iter().skip(1) {
                if !node.alive && !node.before {
                    continue;
                }
                match known.change(node) {
                    Change::None => {}
                    Change::Added => counts.added += 1,
                    Change::Changed => counts.changed += 1,
                    Change::Removed => counts.removed += 1,
                }
            }
            all.push(counts);
        }
        all
    }

    /// `+12 ~3 −1`; a dash for nothing.
    pub fn short(&self) -> String {
        let parts = [('+', self.added), ('~', self.changed), ('−', self.removed)];
        let parts = parts.iter().filter(|(_, count)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(sign, count)| format!("{sign}{}", crate::model::text::count(*count as u64)))
            .collect();
        if parts.is_empty() {
            return "–".to_owned();
        }
        parts.join(" ")
    }

    /// The same in words.
    pub fn long(&self) -> String {
        let count = |count: usize| crate::model::text::count(count as u64);
        format!(
            "{} added, {} changed, {} removed",
            count(self.added),
            count(self.changed),
            count(self.removed)
        )
    }
}
