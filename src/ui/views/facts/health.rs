//! What is missing or damaged, in words.

use std::sync::Arc;

use egui::Color32;

use crate::engine::{FailureKind, Image, ImageSnapshot, Node, NodePath, Parts, Remote};
use crate::transport::{BlobState, Note};
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::subject::Subject;
use crate::ui::widgets::{not_here, text};

/// How the bytes of a manifest, its config and its layers are, for a block at the side and
/// for the status bar.
pub(in crate::ui) struct Health {
    pub(in crate::ui) icon: &'static str,
    pub(in crate::ui) headline: &'static str,
    pub(in crate::ui) color: fn(&Tokens) -> Color32,
    /// Sentences, the worst first.
    pub(in crate::ui) lines: Vec<String>,
    /// Whether reading the blobs would tell more.
    pub(in crate::ui::views) can_check: bool,
}

/// What is known of the entries of an index, all levels counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct IndexHealth {
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
    /// Looks through everything that is known under `root`.
    pub(in crate::ui) fn new(root: &Arc<Node>) -> Self {
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

/// How what is selected is, with everything that is known of it; nothing while nothing is.
pub(in crate::ui) fn of_selected(
    snapshot: &ImageSnapshot,
    index: &IndexHealth,
    selected: &NodePath,
) -> Option<Health> {
    let image = snapshot.image()?;
    let missing = not_here(snapshot.reference.as_ref());
    match Subject::at_selection(snapshot, selected) {
        Subject::Manifest(subject) => Some(health(image, subject.node, index, missing)),
        Subject::Index => Some(Known::of_index(index).health(missing)),
        Subject::Unread(_) => Some(Known::default().health(missing)),
        Subject::Failed(error) => {
            let known = match error.kind {
                FailureKind::Damaged => Known {
                    damaged_entries: 1,
                    ..Known::default()
                },
                FailureKind::Missing => Known {
                    missing_entries: 1,
                    ..Known::default()
                },
                _ => return None,
            };
            Some(known.health(missing))
        }
        Subject::Pending => None,
    }
}

/// Whether the manifest was made here, of what an archive lists: nobody else ever had its
/// digest.
pub(in crate::ui::views) fn is_derived(image: &Image) -> bool {
    let derived = |note: &Note| matches!(note, Note::DerivedManifest { .. });
    image.notes.iter().any(derived)
}

/// How the parts of the manifest `node` of `image` are; `missing` says where they are not.
pub(in crate::ui::views) fn health(
    image: &Image,
    node: &Node,
    index: &IndexHealth,
    missing: &'static str,
) -> Health {
    let blobs = count_blobs(node);
    let kind = match &node.parts {
        Parts::Manifest { config, .. } => config.error().map(|error| error.kind),
        _ => None,
    };
    let known = Known {
        config_failed: kind.is_some(),
        config_damaged: kind == Some(FailureKind::Damaged) || blobs.config_damaged,
        config_missing: kind == Some(FailureKind::Missing) || blobs.config_missing,
        derived: is_derived(image),
        documents: documents_line(node, &blobs),
        blobs,
        ..Known::of_index(index)
    };
    known.health(missing)
}

/// What is known of a selection, before it is put into words.
#[derive(Default)]
struct Known {
    blobs: Blobs,
    config_failed: bool,
    config_damaged: bool,
    config_missing: bool,
    damaged_entries: usize,
    missing_entries: usize,
    failed_entries: usize,
    derived: bool,
    /// What was read of the documents, where it is a manifest.
    documents: String,
}

impl Known {
    fn of_index(index: &IndexHealth) -> Self {
        Self {
            damaged_entries: index.damaged,
            missing_entries: index.missing,
            failed_entries: index.failed,
            ..Self::default()
        }
    }

    fn health(self, missing: &'static str) -> Health {
        let count = &self.blobs;
        let mut lines = Vec::new();
        let damaged = count.damaged + self.damaged_entries + usize::from(self.config_damaged);
        let absent = count.missing + self.missing_entries + usize::from(self.config_missing);

        push(&mut lines, count.damaged, "layer", "damaged", None);
        push(&mut lines, self.damaged_entries, "entry", "damaged", None);
        match (self.config_damaged, self.config_missing) {
            (true, _) => lines.push("The config is damaged".to_owned()),
            (_, true) => lines.push(format!("The config is {missing}")),
            _ if self.config_failed => lines.push("The config could not be read".to_owned()),
            _ => {}
        }
        push(&mut lines, count.missing, "layer", missing, None);
        push(&mut lines, self.missing_entries, "entry", missing, None);
        push(
            &mut lines,
            self.failed_entries,
            "entry",
            "not read",
            Some("were"),
        );

        let all_verified = count.blobs > 0 && count.verified == count.blobs && !self.config_failed;
        let every = "Manifest, config and every layer hash to their digests";
        let (icon, headline, color): (_, _, fn(&Tokens) -> Color32) = if damaged > 0 {
            (icons::TRIANGLE_ALERT, "Damaged", |t| t.damaged)
        } else if absent > 0 {
            (icons::CIRCLE_MINUS, "Incomplete", |t| t.caution)
        } else if self.derived {
            lines.push("The archive holds no manifest: this one was made of its list, and nobody else has its digest.".to_owned());
            if all_verified {
                lines.push("Config and layers hash to what it says.".to_owned());
            }
            (icons::CIRCLE_DASHED, "Derived, not verifiable", |t| t.weak)
        } else if all_verified {
            lines.push(every.to_owned());
            (icons::CIRCLE_CHECK, "Every byte verified", |t| t.accepted)
        } else {
            if !self.documents.is_empty() {
                lines.push(self.documents);
            }
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
    config_missing: bool,
    config_damaged: bool,
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
            BlobState::Missing => {
                count.missing += usize::from(layer);
                count.config_missing |= !layer;
            }
            BlobState::WrongSize { .. }
            | BlobState::WrongDigest { .. }
            | BlobState::Unreadable { .. } => {
                count.damaged += usize::from(layer);
                count.config_damaged |= !layer;
            }
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
