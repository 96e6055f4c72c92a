//! What the views work out of a snapshot, once for each part of it that changes.

mod findings;
mod health;
mod index;
mod manifest;

use std::sync::Arc;

use crate::engine::Node;
use crate::model::{Document, Platform};

use super::cached::{Cached, CachedByParts};
use super::subject::ManifestSubject;

pub(super) use findings::Findings;
pub(in crate::ui) use health::{Health, IndexHealth, of_selected};
pub(super) use health::{health, is_derived};
pub(super) use index::{EntryKind, IndexFacts};
pub(super) use manifest::{ManifestFacts, Step, is_compressed, size_word};

/// Indexes lie at most this deep in each other; see `model::limits`.
const DEPTH: usize = crate::model::limits::INDEX_DEPTH;

/// The facts of one tab.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// One for each index on the way to what is selected.
    indexes: [Cached<Document, IndexFacts>; DEPTH],
    manifest: CachedByParts<ManifestFacts>,
    index_health: Cached<Node, IndexHealth>,
    document_findings: Cached<Document, Findings>,
    manifest_findings: CachedByParts<Findings>,
}

impl Facts {
    /// Of the index that lies `depth` deep in others.
    pub(super) fn index(&mut self, depth: usize, document: &Arc<Document>) -> &mut IndexFacts {
        let depth = depth.min(DEPTH - 1);
        self.indexes[depth].get(document, || IndexFacts::new(document))
    }

    /// Of a manifest, with what its config says about its layers.
    pub(super) fn manifest(&mut self, subject: &ManifestSubject<'_>) -> &mut ManifestFacts {
        self.manifest
            .get(subject.node, || ManifestFacts::new(subject))
    }

    /// What is missing or damaged of everything under an index that was looked at.
    pub(super) fn index_health(&mut self, root: &Arc<Node>) -> &IndexHealth {
        self.index_health.get(root, || IndexHealth::new(root))
    }

    /// The same of the index that was looked through last.
    pub(super) fn known_index_health(&self) -> Option<&IndexHealth> {
        self.index_health.known()
    }

    /// What does not keep to the specifications: of the root, and of the manifest with its
    /// config.
    pub(super) fn findings(
        &mut self,
        ctx: &egui::Context,
        root: &Arc<Node>,
        subject: Option<&ManifestSubject<'_>>,
    ) -> (&Findings, Option<&Findings>) {
        let of_root = self.document_findings.get(&root.document, || {
            Findings::of_document(ctx, &root.document)
        });
        of_root.poll();
        let of_manifest = subject.map(|subject| {
            let said: Option<Platform> = subject.descriptor.and_then(|d| d.platform.clone());
            let with_root = !Arc::ptr_eq(subject.node, root);
            let findings = self.manifest_findings.get(subject.node, || {
                Findings::of_manifest(ctx, subject.node, said, with_root)
            });
            findings.poll();
            &*findings
        });
        (of_root, of_manifest)
    }
}
