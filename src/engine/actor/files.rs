//! The desks at which files of the image's manifests are looked at.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::files::{Desk, DeskMessage, FilesRequest, Start, promised_layers, unpromised};
use crate::engine::{JobId, NodePath, Parts};

use super::Actor;

/// The desks, and what was asked before one could be started.
#[derive(Default)]
pub(super) struct Files {
    desks: HashMap<NodePath, Desk>,
    waiting: Vec<(NodePath, FilesRequest)>,
}

impl Actor {
    /// Somebody asks about the files of the manifest at `path`.
    pub(super) fn ask_files(&mut self, path: NodePath, request: FilesRequest) {
        if let Some(desk) = self.files.desks.get(&path) {
            desk.tell(DeskMessage::Request(request));
            return;
        }
        self.files.waiting.push((path, request));
        self.start_desks();
    }

    /// Starts the desks that can be started by now.
    pub(super) fn start_desks(&mut self) {
        for (path, request) in std::mem::take(&mut self.files.waiting) {
            if !self.files.desks.contains_key(&path) {
                let Some(start) = self.desk_start(&path) else {
                    self.files.waiting.push((path, request));
                    continue;
                };
                self.files.desks.insert(path.clone(), Desk::start(start));
            }
            if let Some(desk) = self.files.desks.get(&path) {
                desk.tell(DeskMessage::Request(request));
            }
        }
    }

    /// After a reload: ends the desks of manifests that are others now.
    pub(super) fn end_old_desks(&mut self) {
        let mut desks = std::mem::take(&mut self.files.desks);
        desks.retain(|path, desk| {
            let image = self.image();
            image.and_then(|image| image.digest(path)) == Some(&desk.digest)
        });
        self.files.desks = desks;
    }

    /// Tells the desks about a job of theirs.
    pub(super) fn tell_desks(&self, job: JobId, again: bool) {
        for desk in self.files.desks.values() {
            desk.tell(if again {
                DeskMessage::Again(job)
            } else {
                DeskMessage::Cancelled(job)
            });
        }
    }

    /// What a desk begins with; nothing before manifest and config are known.
    fn desk_start(&self, path: &NodePath) -> Option<Start> {
        let node = self.image()?.node(path)?;
        let manifest = node.document.manifest()?;
        let Parts::Manifest { config, .. } = &node.parts else {
            return None;
        };
        if config.is_pending() || self.opened.is_pending() {
            return None;
        }
        Some(Start {
            shared: Arc::clone(&self.shared),
            source: self.source()?,
            image: self.id,
            manifest: path.clone(),
            digest: node.document.raw().digest().clone(),
            layers: promised_layers(manifest, config.value().map(AsRef::as_ref)),
            unpromised: unpromised(manifest, config.value().map(AsRef::as_ref)),
        })
    }
}
