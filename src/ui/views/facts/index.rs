//! What the entries of an index are.

use std::collections::HashMap;

use crate::model::{Descriptor, Digest, Document, IndexEntry, annotation};

/// What an entry of an index is, as far as its descriptor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui::views) enum EntryKind {
    Image,
    Index,
    Artifact,
    /// What BuildKit files beside an image, and the entry that it is about.
    Attestation {
        about: Option<usize>,
    },
    /// A type that is not read here.
    Unknown,
    /// What stands there is no descriptor.
    Unreadable,
}

impl EntryKind {
    /// The word for it.
    pub(in crate::ui::views) const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Index => "index",
            Self::Artifact => "artifact",
            Self::Attestation { .. } => "attestation",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Facts of one index.
#[derive(Debug, Default)]
pub(in crate::ui::views) struct IndexFacts {
    /// What each entry is, in their order.
    pub(in crate::ui::views) kinds: Vec<EntryKind>,
    /// The entries that a person chooses from: all but attestations and what cannot be
    /// read.
    pub(in crate::ui::views) choices: Vec<usize>,
    pub(in crate::ui::views) images: usize,
    pub(in crate::ui::views) attestations: usize,
    pub(in crate::ui::views) unreadable: usize,
}

impl IndexFacts {
    pub(super) fn new(document: &Document) -> Self {
        let Some(index) = document.index() else {
            return Self::default();
        };
        let mut by_digest: HashMap<&Digest, usize> = HashMap::new();
        for (position, entry) in index.descriptors() {
            by_digest.entry(&entry.digest).or_insert(position);
        }
        let mut facts = Self::default();
        for (position, entry) in index.entries.iter().enumerate() {
            let kind = kind(entry, &by_digest);
            match kind {
                EntryKind::Attestation { .. } => facts.attestations += 1,
                EntryKind::Unreadable => facts.unreadable += 1,
                _ => facts.choices.push(position),
            }
            facts.images += usize::from(kind == EntryKind::Image);
            facts.kinds.push(kind);
        }
        facts
    }

    /// Whether choosing a platform is what the index is for.
    pub(in crate::ui::views) const fn is_multi_platform(&self) -> bool {
        self.images > 0
    }
}

fn kind(entry: &IndexEntry, by_digest: &HashMap<&Digest, usize>) -> EntryKind {
    let Ok(entry) = entry else {
        return EntryKind::Unreadable;
    };
    if entry.is_buildkit_attestation() {
        return EntryKind::Attestation {
            about: about(entry, by_digest),
        };
    }
    if entry.media_type.is_index() {
        EntryKind::Index
    } else if !entry.media_type.is_manifest() {
        EntryKind::Unknown
    } else if entry.artifact_type.is_some() {
        EntryKind::Artifact
    } else {
        EntryKind::Image
    }
}

fn about(entry: &Descriptor, by_digest: &HashMap<&Digest, usize>) -> Option<usize> {
    let digest: Digest = entry
        .annotation(annotation::BUILDKIT_SUBJECT)?
        .parse()
        .ok()?;
    by_digest.get(&digest).copied()
}
