//! What is missing or damaged, in words.

use std::sync::Arc;

use egui::Color32;

use crate::engine::{FailureKind, Node, Parts, Remote};
use crate::transport::BlobState;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::text;

/// How the bytes of a manifest, its config and its layers are, for a block at the side.
pub(in crate::ui::views) struct Health {
    pub(in crate::ui::views) icon: &'static str,
    pub(in crate::ui::views) headline: &'static str,
    pub(in crate::ui::views) color: fn(&Tokens) -> Color32,
    /// Sentences, the worst first.
    pub(in crate::ui::views) lines: Vec<String>,
    /// Whether reading the blobs would tell more.
    pub(in crate::ui::views) can_check: bool,
}

/// What is known of the entries of an index, all levels counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::ui::views) struct IndexHealth {
    pub(in crate::ui::views) missing: usize,
    pub(in crate::ui::views) damaged: usize,
    pub(in crate::ui::views) failed: usize,
    pub(in crate::ui::views) known: usize,
    /// Whether every entry was read.
    pub(in crate::ui::views) complete: bool,
    /// Sum of everything that is known, each distinct blob once, in bytes. Only where it
    /// is complete.
    pub(in crate::ui::views) total: Option<u64>,
}

impl IndexHealth {
    pub(super) fn new(root: &Arc<Node>) -> Self {
        let mut health = Self {
            complete: true,
            ..Self::default()
        };
        health.count(root);
        if health.complete {
            let mut seen = std::collections::HashSet::new();
            let mut total = 0;
            add_sizes(root, &mut seen, &mut total);
            health.total = Some(total);
        }
        health
    }

    fn count(&mut self, node: &Arc<Node>) {
        let Parts::Index { children } = &node.parts else {
            return;
        };
        for (at, child) in children.iter().enumerate() {
            // what is no descriptor is counted elsewhere; nothing could be read there
            if node
                .document
                .index()
                .is_some_and(|i| i.entries[at].is_err())
            {
                continue;
            }
            match child {
                Remote::Failed { error, .. } => {
                    match error.kind {
                        FailureKind::Missing => self.missing += 1,
                        FailureKind::Damaged => self.damaged += 1,
                        _ => self.failed += 1,
                    }
                    self.complete = false;
                }
                Remote::Ready(node) => {
                    self.known += 1;
                    self.count(node);
                }
                Remote::NotAsked | Remote::Pending { .. } => self.complete = false,
            }
        }
    }
}

fn add_sizes<'a>(
    node: &'a Arc<Node>,
    seen: &mut std::collections::HashSet<&'a crate::model::Digest>,
    total: &mut u64,
) {
    let raw = node.document.raw();
    if !seen.insert(raw.digest()) {
        return;
    }
    *total = total.saturating_add(raw.size());
    if let Some(manifest) = node.document.manifest() {
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            if seen.insert(&blob.digest) {
                *total = total.saturating_add(blob.size);
            }
        }
    }
    if let Parts::Index { children } = &node.parts {
        for child in children.iter().filter_map(Remote::value) {
            add_sizes(child, seen, total);
        }
    }
}

/// How the parts of the manifest `node` are; `missing` says where they are not.
pub(in crate::ui::views) fn health(
    node: &Node,
    index: &IndexHealth,
    missing: &'static str,
) -> Health {
    let mut lines = Vec::new();
    let count = count_blobs(node);
    let config_failed = matches!(
        &node.parts,
        Parts::Manifest {
            config: Remote::Failed { .. },
            ..
        }
    );
    let problem = match &node.parts {
        Parts::Manifest { config, .. } => config.error(),
        _ => None,
    };
    let config_damaged = problem.is_some_and(|error| error.kind == FailureKind::Damaged);
    let config_missing = problem.is_some_and(|error| error.kind == FailureKind::Missing);
    let damaged = count.damaged + index.damaged + usize::from(config_damaged);
    let absent = count.missing + index.missing + usize::from(config_missing);

    push(&mut lines, count.damaged, "layer", "damaged", None);
    push(&mut lines, index.damaged, "entry", "damaged", None);
    if config_failed {
        let word = match (config_damaged, config_missing) {
            (true, _) => "The config is damaged".to_owned(),
            (_, true) => format!("The config is {missing}"),
            _ => "The config could not be read".to_owned(),
        };
        lines.push(word);
    }
    push(&mut lines, count.missing, "layer", missing, None);
    push(&mut lines, index.missing, "entry", missing, None);
    push(&mut lines, index.failed, "entry", "not read", Some("were"));

    let all_verified = count.blobs > 0 && count.verified == count.blobs && !config_failed;
    let (icon, headline, color): (_, _, fn(&Tokens) -> Color32) = if damaged > 0 {
        (icons::TRIANGLE_ALERT, "Damaged", |t| t.damaged)
    } else if absent > 0 {
        (icons::CIRCLE_MINUS, "Incomplete", |t| t.caution)
    } else if all_verified {
        lines.push("Manifest, config and every layer hash to their digests".to_owned());
        (icons::CIRCLE_CHECK, "Every byte verified", |t| t.accepted)
    } else {
        lines.push(documents_line(node, &count));
        (icons::CIRCLE_CHECK, "Documents verified", |t| t.accepted)
    };
    Health {
        icon,
        headline,
        color,
        lines,
        can_check: !all_verified && count.blobs > 0,
    }
}

fn documents_line(node: &Node, count: &Blobs) -> String {
    let config = if node.config().is_some() {
        "Manifest and config hash to their digests"
    } else {
        "The manifest hashes to its digest"
    };
    let layers = match (count.layers, count.present) {
        (0, _) => return format!("{config}."),
        (all, present) if present == all => "the layers are there, not read",
        _ => "the layers were not read",
    };
    format!("{config}; {layers}.")
}

#[derive(Default)]
struct Blobs {
    blobs: usize,
    layers: usize,
    present: usize,
    verified: usize,
    missing: usize,
    damaged: usize,
}

fn count_blobs(node: &Node) -> Blobs {
    let Parts::Manifest { blobs, .. } = &node.parts else {
        return Blobs::default();
    };
    let mut count = Blobs {
        blobs: blobs.len(),
        layers: blobs.len().saturating_sub(1),
        ..Blobs::default()
    };
    for (position, blob) in blobs.iter().enumerate() {
        let layer = position > 0;
        match blob {
            BlobState::NotChecked => {}
            BlobState::Present => count.present += usize::from(layer),
            BlobState::Verified => {
                count.present += usize::from(layer);
                count.verified += 1;
            }
            BlobState::Missing => count.missing += usize::from(layer),
            BlobState::WrongSize { .. }
            | BlobState::WrongDigest { .. }
            | BlobState::Unreadable { .. } => count.damaged += usize::from(layer),
        }
    }
    count
}

/// `2 layers are not in this folder`.
fn push(lines: &mut Vec<String>, count: usize, what: &str, state: &str, verb: Option<&str>) {
    match count {
        0 => {}
        1 => lines.push(format!("1 {what} {} {state}", verb.map_or("is", |_| "was"))),
        _ => {
            let plural = match what.strip_suffix('y') {
                Some(stem) => format!("{stem}ies"),
                None => format!("{what}s"),
            };
            let verb = verb.unwrap_or("are");
            lines.push(format!(
                "{} {verb} {state}",
                text::count(count, what, &plural)
            ));
        }
    }
}
