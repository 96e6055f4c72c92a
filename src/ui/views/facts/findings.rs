//! What does not keep to the specifications, found without holding up a frame.

use std::sync::Arc;

use crate::engine::Node;
use crate::model::{Document, Finding, Platform, Severity, config_conformance, conformance};
use crate::ui::widgets::Background;

/// Findings, once they are there.
#[derive(Debug)]
pub(in crate::ui::views) struct Findings(Background<Vec<Finding>>);

impl Findings {
    pub(super) fn of_document(ctx: &egui::Context, document: &Arc<Document>) -> Self {
        let size = document.bytes().len();
        let document = Arc::clone(document);
        Self::start(ctx, size, move || conformance(&document))
    }

    /// Of the config beside its manifest, and of the manifest where `with_document`.
    pub(super) fn of_manifest(
        ctx: &egui::Context,
        node: &Arc<Node>,
        said: Option<Platform>,
        with_document: bool,
    ) -> Self {
        let config = node.config().map_or(0, |config| config.raw().bytes().len());
        let size = node.document.bytes().len() + config;
        let node = Arc::clone(node);
        Self::start(ctx, size, move || {
            let mut found = Vec::new();
            if with_document {
                found = conformance(&node.document);
            }
            if let (Some(config), Some(manifest)) = (node.config(), node.document.manifest()) {
                found.extend(config_conformance(config, manifest, said.as_ref()));
            }
            found
        })
    }

    fn start(
        ctx: &egui::Context,
        size: usize,
        find: impl FnOnce() -> Vec<Finding> + Send + 'static,
    ) -> Self {
        let mut findings = Background::default();
        findings.start(ctx, size, move || {
            let mut found = find();
            found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            found
        });
        Self(findings)
    }

    pub(super) fn poll(&mut self) {
        self.0.poll();
    }

    /// Those that are known, warnings first.
    pub(in crate::ui::views) fn all(&self) -> &[Finding] {
        self.0.get().map_or(&[], Vec::as_slice)
    }

    /// How many of them are warnings.
    pub(in crate::ui::views) fn warnings(&self) -> usize {
        let warning = |finding: &&Finding| finding.severity == Severity::Warning;
        self.all().iter().filter(warning).count()
    }
}
