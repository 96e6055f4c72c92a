//! What artifacts say: read when somebody looks into them, and kept as far as there is room.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::{
    ArtifactFiles, Artifacts, Failure, Image, Node, Parts, Remote, artifact, fetch,
};
use crate::model::{Descriptor, Digest, Document, limits};

use super::{Actor, Arrived};

/// How many artifacts are kept for one image; those that were read first are forgotten.
const KEPT: usize = 64;

/// What was read.
#[derive(Default)]
pub(super) struct Kept {
    pub known: Arc<Artifacts>,
    /// Those that are there, in the order in which they came.
    order: VecDeque<Digest>,
}

/// An artifact that was read, or not.
pub(super) struct ReadOut {
    manifest: Digest,
    files: Result<ArtifactFiles, Failure>,
}

impl Actor {
    /// Somebody looks into the artifact with this digest.
    pub(super) fn read_artifact(&mut self, manifest: &Digest) {
        match self.artifacts.known.get(manifest) {
            None | Some(Remote::NotAsked | Remote::Failed { .. }) => {}
            Some(Remote::Pending { .. } | Remote::Ready(_)) => return,
        }
        let Some(source) = self.source() else {
            return;
        };
        let document = self.image().and_then(|image| document(image, manifest));
        let descriptor = self.listed(manifest);
        if document.is_none() && descriptor.is_none() {
            return;
        }
        Arc::make_mut(&mut self.artifacts.known)
            .insert(manifest.clone(), Remote::Pending { previous: None });
        self.dirty = true;
        let manifests = fetch::Cached {
            source,
            store: self.shared.store.clone(),
        };
        let manifest = manifest.clone();
        self.spawn(async move {
            let files = artifact::read(&manifests, descriptor, document).await;
            Arrived::Artifact(ReadOut { manifest, files })
        });
    }

    pub(super) fn artifact_arrived(&mut self, read: ReadOut) {
        let ReadOut { manifest, files } = read;
        let known = Arc::make_mut(&mut self.artifacts.known);
        match files {
            Ok(files) => {
                known.insert(manifest.clone(), Remote::Ready(Arc::new(files)));
                self.artifacts.order.retain(|kept| *kept != manifest);
                self.artifacts.order.push_back(manifest);
            }
            Err(failure) => {
                let failed = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
                known.insert(manifest, failed);
            }
        }
        self.forget_artifacts();
    }

    /// Makes room: what somebody looks at is read again.
    fn forget_artifacts(&mut self) {
        let Kept { known, order } = &mut self.artifacts;
        let size = |known: &Artifacts, digest: &Digest| {
            let files = known.get(digest).and_then(Remote::value);
            files.map_or(0, |files| files.bytes())
        };
        let mut bytes: u64 = order.iter().map(|digest| size(known, digest)).sum();
        while order.len() > 1
            && (order.len() > KEPT || bytes > limits::ATTACHMENT_TOTAL_BYTES)
            && let Some(oldest) = order.pop_front()
        {
            bytes -= size(known, &oldest);
            Arc::make_mut(known).remove(&oldest);
        }
    }

    /// What was on its way will not come.
    pub(super) fn fail_pending_artifacts(&mut self, failure: &Arc<Failure>) {
        if !self.artifacts.known.values().any(Remote::is_pending) {
            return;
        }
        for artifact in Arc::make_mut(&mut self.artifacts.known).values_mut() {
            if artifact.is_pending() {
                *artifact = Remote::Failed {
                    error: Arc::clone(failure),
                    previous: None,
                };
            }
        }
    }

    /// The descriptor of a referrer that is known.
    fn listed(&self, manifest: &Digest) -> Option<Descriptor> {
        let trees = self.referrers.trees.values().filter_map(Remote::value);
        trees
            .flat_map(|tree| tree.walk())
            .find(|(_, referrer)| referrer.descriptor.digest == *manifest)
            .map(|(_, referrer)| referrer.descriptor.clone())
    }
}

/// The manifest of the image with this digest, where it was read.
fn document(image: &Image, digest: &Digest) -> Option<Arc<Document>> {
    let mut waiting: Vec<&Arc<Node>> = vec![&image.root];
    while let Some(node) = waiting.pop() {
        if node.document.raw().digest() == digest {
            return Some(Arc::clone(&node.document));
        }
        if let Parts::Index { children } = &node.parts {
            waiting.extend(children.iter().filter_map(Remote::value));
        }
    }
    None
}
