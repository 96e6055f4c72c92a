//! What happens when something arrives.

use std::sync::Arc;

use crate::engine::queue::Urgency;
use crate::engine::{
    Chosen, Extent, Failure, FailureKind, Image, Node, NodePath, Opened, Parts, Remote, tree,
};
use crate::model::{Document, ImageConfig};
use crate::transport::{BlobState, Resolved, Source};

use super::{Actor, Arrived, Opening, SMALL_INDEX, image_of};

impl Actor {
    pub(super) fn arrive(&mut self, opening: Opening, arrived: Arrived) {
        let of_a_check = matches!(arrived, Arrived::Checked(_));
        if opening != self.present && !of_a_check {
            return;
        }
        match arrived {
            Arrived::Opened(Ok((place, resolved))) => {
                if let Some(platform) = place.wanted.clone() {
                    self.wanted = platform;
                }
                self.place = Some(place);
                self.opened(resolved);
                self.end_old_desks();
                self.list_referrers_again();
                self.verify_again();
                self.count_one();
            }
            Arrived::Opened(Err(not_opened)) => {
                self.understood = not_opened.reference;
                let error = Arc::new(not_opened.failure);
                self.fail_pending_referrers(&error);
                self.opened = Remote::Failed {
                    error,
                    previous: self.opened.value().cloned(),
                };
                self.count_one();
            }
            Arrived::Child { path, document } => {
                self.fetching = self.fetching.saturating_sub(1);
                self.child_arrived(&path, document);
                self.list_wanted_referrers();
                self.verify_by_itself();
                self.settle_verdicts();
                self.count_one();
            }
            Arrived::Config { path, config } => {
                self.fetching = self.fetching.saturating_sub(1);
                self.config_arrived(&path, config);
                self.count_one();
            }
            Arrived::Presence { path, states } => {
                self.fetching = self.fetching.saturating_sub(1);
                self.blobs_mut(&path, |blobs| {
                    for (blob, state) in blobs.iter_mut().zip(states) {
                        // bytes that were hashed say more than a look at the folder
                        if *blob != BlobState::Verified || state == BlobState::Missing {
                            *blob = state;
                        }
                    }
                });
            }
            Arrived::Checked(checked) => self.checked(checked),
            Arrived::Artifact(read) => self.artifact_arrived(read),
            Arrived::Referrers(grown) => {
                self.referrers_arrived(grown);
                self.verify_wanted();
            }
            Arrived::Verified(trust, report) => {
                let digest = report.subject.digest.clone();
                self.verified(&trust, digest, Remote::Ready(report));
            }
            Arrived::NotVerified(trust, digest, error) => {
                let previous = None;
                self.verified(&trust, digest, Remote::Failed { error, previous });
            }
            Arrived::Nothing => return,
        }
        self.start_desks();
        self.dirty = true;
    }

    fn count_one(&self) {
        if let Some(job) = &self.opening {
            job.progress().add(1);
        }
    }

    fn opened(&mut self, resolved: Resolved) {
        let (raw, annotations, notes) = match resolved {
            Resolved::Several(images) => {
                self.opened = Remote::Ready(Opened::Several(images.into()));
                return;
            }
            Resolved::Document {
                raw,
                annotations,
                notes,
            } => (raw, annotations, notes),
        };
        if let Some(job) = &mut self.opening {
            job.phase("reading");
        }
        let mut known = false;
        let mut image = image_of(Document::read(raw), annotations, notes);
        // what is still the same need not be asked again
        if let Some(Opened::Image(previous)) = self.opened.value() {
            let same = previous.root.document.raw() == image.root.document.raw();
            if same {
                image.root = Arc::clone(&previous.root);
                image.chosen.clone_from(&previous.chosen);
                known = true;
            }
        }
        self.opened = Remote::Ready(Opened::Image(image));
        if self.extent == Extent::Root {
            return;
        }
        if known {
            self.look_again(&NodePath::root());
        } else {
            self.node_arrived(&NodePath::root());
        }
    }

    /// After a reload: asks again for what failed, and looks again at the blobs.
    fn look_again(&mut self, path: &NodePath) {
        let Some(node) = self.image().and_then(|image| image.node(path)).cloned() else {
            return;
        };
        match &node.parts {
            Parts::Manifest { .. } => {
                self.forget_config_failure(path);
                self.fetch_config(path);
                self.look_at_blobs(path);
            }
            Parts::Index { children } => {
                for (position, child) in children.iter().enumerate() {
                    match child {
                        Remote::Ready(_) => self.look_again(&path.child(position)),
                        Remote::NotAsked => {}
                        _ => self.ask_again(path.child(position)),
                    }
                }
            }
            Parts::Unknown => {}
        }
    }

    fn ask_again(&mut self, path: NodePath) {
        let Some(image) = self.image_mut() else {
            return;
        };
        if let Some(child) = tree::child_mut(&mut image.root, &path) {
            *child = Remote::NotAsked;
        }
        self.enqueue(path, Urgency::Rest);
    }

    fn forget_config_failure(&mut self, path: &NodePath) {
        let Some(image) = self.image_mut() else {
            return;
        };
        if let Some(node) = tree::node_mut(&mut image.root, path)
            && let Parts::Manifest { config, .. } = &mut node.parts
            && config.error().is_some()
        {
            *config = Remote::NotAsked;
        }
    }

    fn child_arrived(&mut self, path: &NodePath, document: Result<Document, Failure>) {
        let Some(image) = self.image_mut() else {
            return;
        };
        let Some(child) = tree::child_mut(&mut image.root, path) else {
            return;
        };
        match document {
            Ok(document) => {
                *child = Remote::Ready(Arc::new(Node::new(document)));
                self.node_arrived(path);
            }
            Err(failure) => {
                *child = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
            }
        }
    }

    /// Decides what is asked for next, now that the document at `path` is known.
    fn node_arrived(&mut self, path: &NodePath) {
        let Some(node) = self.image().and_then(|image| image.node(path)).cloned() else {
            return;
        };
        match &node.parts {
            Parts::Manifest { .. } => {
                self.fetch_config(path);
                self.look_at_blobs(path);
            }
            Parts::Index { .. } => {
                self.choose(path, &node);
                let count = self.entry_count(path);
                let on_the_way = path.is_root() || self.is_chosen(path);
                let everything = self.extent == Extent::Everything;
                if everything || (on_the_way && count <= SMALL_INDEX) {
                    for position in 0..count {
                        let attestation = node
                            .entry(position)
                            .is_some_and(|entry| entry.is_buildkit_attestation());
                        if everything || !attestation {
                            self.enqueue(path.child(position), Urgency::Rest);
                        }
                    }
                }
            }
            Parts::Unknown => {}
        }
    }

    /// Chooses the entry for the wanted platform, where the index lies on the way to it.
    fn choose(&mut self, path: &NodePath, node: &Arc<Node>) {
        let wanted = self.wanted.clone();
        let Some(choice) = node
            .document
            .index()
            .and_then(|index| index.choose(&wanted))
        else {
            return;
        };
        let Some(image) = self.image_mut() else {
            return;
        };
        let target = path.child(choice.position);
        match &mut image.chosen {
            None if path.is_root() => {
                image.chosen = Some(Chosen {
                    path: target.clone(),
                    choices: vec![choice],
                });
            }
            Some(chosen) if chosen.path == *path => {
                chosen.path = target.clone();
                chosen.choices.push(choice);
            }
            _ => return,
        }
        self.enqueue(target, Urgency::Chosen);
    }

    fn is_chosen(&self, path: &NodePath) -> bool {
        let chosen = self.image().and_then(|image| image.chosen.as_ref());
        chosen.is_some_and(|chosen| chosen.path.positions().starts_with(path.positions()))
    }

    fn config_arrived(&mut self, path: &NodePath, arrived: Result<ImageConfig, Failure>) {
        let Some(image) = self.image_mut() else {
            return;
        };
        let Some(node) = tree::node_mut(&mut image.root, path) else {
            return;
        };
        let Parts::Manifest { config, blobs } = &mut node.parts else {
            return;
        };
        match arrived {
            Ok(parsed) => {
                *config = Remote::Ready(Arc::new(parsed));
                // its bytes were hashed on the way
                if let Some(first) = Arc::make_mut(blobs).first_mut() {
                    *first = BlobState::Verified;
                }
            }
            Err(failure) => {
                *config = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
            }
        }
    }

    pub(super) fn blobs_mut(&mut self, path: &NodePath, change: impl FnOnce(&mut [BlobState])) {
        let Some(image) = self.image_mut() else {
            return;
        };
        if let Some(node) = tree::node_mut(&mut image.root, path)
            && let Parts::Manifest { blobs, .. } = &mut node.parts
        {
            change(Arc::make_mut(blobs));
        }
    }

    /// What was on its way will not come: it was ended by the user.
    pub(super) fn cancel_pending(&mut self) {
        let failure = Arc::new(Failure::new(
            FailureKind::Cancelled,
            format!(
                "Opening {} was cancelled",
                crate::model::text::visible(&self.shown)
            ),
            "Open it again when you want to",
        ));
        self.fail_pending(&failure);
    }

    /// What was on its way will not come.
    pub(super) fn fail_pending(&mut self, failure: &Arc<Failure>) {
        if let Remote::Pending { previous } = &mut self.opened {
            self.opened = Remote::Failed {
                error: Arc::clone(failure),
                previous: previous.take(),
            };
        }
        if let Some(image) = self.image_mut() {
            fail_pending(&mut image.root, failure);
        }
        self.fail_pending_referrers(failure);
        self.fail_pending_artifacts(failure);
        self.fail_pending_verifications(failure);
    }

    pub(super) fn image(&self) -> Option<&Image> {
        match self.opened.value()? {
            Opened::Image(image) => Some(image),
            Opened::Several(_) => None,
        }
    }

    pub(super) fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.place.as_ref()?.source))
    }
}

fn fail_pending(node: &mut Arc<Node>, failure: &Arc<Failure>) {
    let pending = || Remote::Failed {
        error: Arc::clone(failure),
        previous: None,
    };
    match &mut Arc::make_mut(node).parts {
        Parts::Index { children } => {
            for child in Arc::make_mut(children) {
                match child {
                    Remote::Pending { .. } => *child = pending(),
                    Remote::Ready(node) => fail_pending(node, failure),
                    _ => {}
                }
            }
        }
        Parts::Manifest { config, .. } if config.is_pending() => {
            *config = Remote::Failed {
                error: Arc::clone(failure),
                previous: None,
            };
        }
        _ => {}
    }
}
