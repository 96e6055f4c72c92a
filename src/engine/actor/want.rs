//! Which entries of the indexes are fetched, and when.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::queue::Urgency;
use crate::engine::{Failure, NodePath, Parts, Remote, fetch, tree};
use crate::model::{Descriptor, Digest, limits};

use super::{Actor, Arrived, CONCURRENT};

impl Actor {
    /// Somebody looks at `entries` of an index.
    pub(super) fn want(&mut self, index: &NodePath, entries: Range<usize>) {
        for wanted in self.queue.forget_visible() {
            self.unmark(&wanted);
        }
        let count = self.entry_count(index);
        for position in entries.start.min(count)..entries.end.min(count) {
            self.enqueue(index.child(position), Urgency::Visible);
        }
    }

    pub(super) fn entry_count(&self, index: &NodePath) -> usize {
        let node = self.image().and_then(|image| image.node(index));
        node.and_then(|node| node.document.index())
            .map_or(0, |index| index.entries.len())
    }

    /// Puts an entry into the queue unless it is known, on its way, or cannot be fetched.
    pub(super) fn enqueue(&mut self, path: NodePath, urgency: Urgency) {
        let checked = self.check_entry(&path);
        let Some(image) = self.image_mut() else {
            return;
        };
        let Some(child) = tree::child_mut(&mut image.root, &path) else {
            return;
        };
        if !matches!(child, Remote::NotAsked) {
            return;
        }
        match checked {
            Ok(()) => {
                *child = Remote::Pending { previous: None };
                if let Some(job) = &self.opening {
                    job.progress().expect(1);
                }
                self.queue.push(path, urgency);
            }
            Err(failure) => {
                *child = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
            }
        }
        self.dirty = true;
    }

    /// Whether an entry may be fetched: it is a descriptor, not too deep, not one of the
    /// indexes that it lies in.
    fn check_entry(&self, path: &NodePath) -> Result<(), Failure> {
        let descriptor = self.descriptor(path).map_err(|problem| {
            Failure::refused(
                format!("entry {path} of the index cannot be read: {problem}"),
                "Its JSON can be looked at in Raw",
            )
        })?;
        if path.positions().len() >= limits::INDEX_DEPTH {
            return Err(Failure::refused(
                format!(
                    "index {} lies deeper than the {} indexes that are followed",
                    descriptor.digest,
                    limits::INDEX_DEPTH
                ),
                "Open it by its digest to look further",
            ));
        }
        let parent = path.parent().unwrap_or_default();
        if self.is_ancestor(&parent, &descriptor.digest) {
            return Err(Failure::refused(
                format!("the index {} lists itself", descriptor.digest),
                "Such an index was not made by a builder; ask where it came from",
            ));
        }
        Ok(())
    }

    fn is_ancestor(&self, path: &NodePath, digest: &Digest) -> bool {
        let image = self.image();
        image.is_some_and(|image| tree::is_ancestor(&image.root, path, digest))
    }

    /// The descriptor of the entry at `path`, or why it is none.
    pub(super) fn descriptor(&self, path: &NodePath) -> Result<Descriptor, String> {
        let missing = || "there is no such entry".to_owned();
        let parent = path.parent().ok_or_else(missing)?;
        let position = path.positions().last().ok_or_else(missing)?;
        let node = self.image().and_then(|image| image.node(&parent));
        let index = node
            .and_then(|node| node.document.index())
            .ok_or_else(missing)?;
        match index.entries.get(*position) {
            Some(Ok(descriptor)) => Ok(descriptor.clone()),
            Some(Err(problem)) => Err(problem.to_string()),
            None => Err(missing()),
        }
    }

    /// Starts what waits, as far as the place may be asked at once.
    pub(super) fn start_fetches(&mut self) {
        while self.fetching < CONCURRENT {
            let Some(path) = self.queue.pop() else {
                return;
            };
            let (Some(source), Ok(descriptor)) = (self.source(), self.descriptor(&path)) else {
                continue;
            };
            let store = self.shared.store.clone();
            self.fetching += 1;
            self.spawn(async move {
                let document = fetch::document(&*source, &store, &descriptor).await;
                Arrived::Child { path, document }
            });
        }
    }

    /// Fetches the config of the manifest at `path`, unless it is known.
    pub(super) fn fetch_config(&mut self, path: &NodePath) {
        let Some(source) = self.source() else {
            return;
        };
        let Some(image) = self.image_mut() else {
            return;
        };
        let Some(node) = tree::node_mut(&mut image.root, path) else {
            return;
        };
        let blobs = fetch::blobs_of(&node.document);
        let (Parts::Manifest { config, .. }, Some(descriptor)) =
            (&mut node.parts, blobs.first().cloned())
        else {
            return;
        };
        if !matches!(config, Remote::NotAsked) {
            return;
        }
        *config = Remote::Pending { previous: None };
        if let Some(job) = &self.opening {
            job.progress().expect(1);
        }
        self.fetching += 1;
        let store = self.shared.store.clone();
        let path = path.clone();
        self.spawn(async move {
            let config = fetch::config(&*source, &store, &descriptor).await;
            Arrived::Config { path, config }
        });
    }

    /// Looks at the blobs of the manifest at `path`, where the place is at hand.
    pub(super) fn look_at_blobs(&mut self, path: &NodePath) {
        let Some(source) = self.source().filter(|s| s.blob_check().is_some()) else {
            return;
        };
        let node = self.image().and_then(|image| image.node(path));
        let Some(blobs) = node.map(|node| fetch::blobs_of(&node.document)) else {
            return;
        };
        let path = path.clone();
        self.fetching += 1;
        self.spawn(async move {
            let states = fetch::presence(&*source, &blobs).await;
            Arrived::Presence { path, states }
        });
    }

    fn unmark(&mut self, path: &NodePath) {
        let Some(image) = self.image_mut() else {
            return;
        };
        if let Some(child) = tree::child_mut(&mut image.root, path)
            && child.is_pending()
        {
            *child = Remote::NotAsked;
            if let Some(job) = &self.opening {
                job.progress().add(1);
            }
            self.dirty = true;
        }
    }
}
