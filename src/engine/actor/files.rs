//! The desks at which files of the image's manifests are looked at.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::engine::files::{
    Desk, DeskMessage, FilesRequest, Hashed, Start, promised_layers, unpromised,
};
use crate::engine::{JobId, NodePath, Parts};

use super::Actor;

/// The desks, and what was asked before one could be started.
pub(super) struct Files {
    desks: HashMap<NodePath, Desk>,
    waiting: Vec<(NodePath, FilesRequest)>,
    /// What desks have hashed comes out of `hashed`.
    hashing: mpsc::UnboundedSender<Hashed>,
    pub(super) hashed: mpsc::UnboundedReceiver<Hashed>,
}

impl Default for Files {
    fn default() -> Self {
        let (hashing, hashed) = mpsc::unbounded_channel();
        Self {
            desks: HashMap::new(),
            waiting: Vec::new(),
            hashing,
            hashed,
        }
    }
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

    /// A layer was read through: its blob is known to be what it is.
    pub(super) fn layer_hashed(&mut self, hashed: Hashed) {
        let Hashed {
            manifest,
            digest,
            layer,
            state,
        } = hashed;
        let node = self.image().and_then(|image| image.node(&manifest));
        if node.is_some_and(|node| *node.document.raw().digest() == digest) {
            self.blobs_mut(&manifest, |blobs| {
                // the config comes first
                if let Some(slot) = blobs.get_mut(layer + 1) {
                    *slot = state;
                }
            });
            self.dirty = true;
        }
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
            hashed: self.files.hashing.clone(),
        })
    }
}
