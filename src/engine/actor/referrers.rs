//! What refers to the manifests of the image: searched for when somebody looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::engine::{Failure, NodePath, ReferrerTrees, Remote, fetch};
use crate::model::{Descriptor, Digest, annotation};
use crate::referrers::{ReferrerTree, Search, search};

use super::{Actor, Arrived};

/// The trees that were asked for.
#[derive(Default)]
pub(super) struct Referrers {
    pub trees: Arc<ReferrerTrees>,
    /// Where somebody looked, to look there again after a reload.
    wanted: BTreeSet<NodePath>,
}

/// A tree that arrived, and what brings the fuller ones.
pub(super) struct Grown {
    subject: Digest,
    tree: Option<ReferrerTree>,
    rest: BoxStream<'static, ReferrerTree>,
}

impl Actor {
    /// Somebody looks at what refers to the manifest at `path`. Where it is not known yet
    /// which manifest that is, it is asked for as soon as it is.
    pub(super) fn want_referrers(&mut self, path: NodePath) {
        self.list_referrers(&path, None);
        self.referrers.wanted.insert(path);
    }

    /// Asks for what is wanted and could not be asked for before.
    pub(super) fn list_wanted_referrers(&mut self) {
        for path in self.referrers.wanted.clone() {
            self.list_referrers(&path, None);
        }
    }

    /// Forgets what was known and asks for it again; it stays visible meanwhile.
    pub(super) fn list_referrers_again(&mut self) {
        let before = std::mem::take(&mut self.referrers.trees);
        for path in self.referrers.wanted.clone() {
            self.list_referrers(&path, Some(&*before));
        }
    }

    fn list_referrers(&mut self, path: &NodePath, before: Option<&ReferrerTrees>) {
        let (Some(source), Some(subject)) = (self.source(), self.digest_of(path)) else {
            return;
        };
        match self.referrers.trees.get(&subject) {
            None | Some(Remote::NotAsked | Remote::Failed { .. }) => {}
            Some(Remote::Pending { .. } | Remote::Ready(_)) => return,
        }
        let known = before.unwrap_or(&self.referrers.trees).get(&subject);
        let previous = known.and_then(Remote::value).cloned();
        Arc::make_mut(&mut self.referrers.trees)
            .insert(subject.clone(), Remote::Pending { previous });
        let found = search(Search {
            manifests: Arc::new(fetch::Cached {
                source: Arc::clone(&source),
                store: self.shared.store.clone(),
            }),
            source,
            in_index: self.describing(path, &subject),
            listed: None,
            subject: subject.clone(),
        });
        self.grow(subject, found);
        self.dirty = true;
    }

    fn grow(&mut self, subject: Digest, mut rest: BoxStream<'static, ReferrerTree>) {
        self.spawn(async move {
            let tree = rest.next().await;
            Arrived::Referrers(Grown {
                subject,
                tree,
                rest,
            })
        });
    }

    pub(super) fn referrers_arrived(&mut self, grown: Grown) {
        let Grown {
            subject,
            tree,
            rest,
        } = grown;
        let Some(tree) = tree.map(Arc::new) else {
            return;
        };
        let Some(known) = Arc::make_mut(&mut self.referrers.trees).get_mut(&subject) else {
            return;
        };
        if tree.complete {
            *known = Remote::Ready(tree);
            return;
        }
        // a whole tree from before says more than the beginning of the new one
        if !known.value().is_some_and(|before| before.complete) {
            *known = Remote::Pending {
                previous: Some(tree),
            };
        }
        self.grow(subject, rest);
    }

    /// Shows that everything is about to be asked for again.
    pub(super) fn referrers_pending(&mut self) {
        for tree in Arc::make_mut(&mut self.referrers.trees).values_mut() {
            *tree = Remote::Pending {
                previous: tree.value().cloned(),
            };
        }
    }

    /// What was on its way will not come.
    pub(super) fn fail_pending_referrers(&mut self, failure: &Arc<Failure>) {
        if !self.referrers.trees.values().any(Remote::is_pending) {
            return;
        }
        for tree in Arc::make_mut(&mut self.referrers.trees).values_mut() {
            if tree.is_pending() {
                *tree = Remote::Failed {
                    error: Arc::clone(failure),
                    previous: tree.value().cloned(),
                };
            }
        }
    }

    /// The digest of the manifest at `path`, which need not have been read.
    fn digest_of(&self, path: &NodePath) -> Option<Digest> {
        self.image()?.digest(path).cloned()
    }

    /// Entries of the indexes on the way to `path` that say that they describe `subject`.
    fn describing(&self, path: &NodePath, subject: &Digest) -> Vec<Descriptor> {
        let Some(image) = self.image() else {
            return Vec::new();
        };
        let subject = subject.to_string();
        let mut found = BTreeMap::new();
        let mut above = path.parent();
        while let Some(path) = above {
            let index = image.node(&path).and_then(|node| node.document.index());
            for (position, entry) in index.into_iter().flat_map(|index| index.descriptors()) {
                if entry.annotation(annotation::BUILDKIT_SUBJECT) == Some(&subject)
                    && entry.digest.to_string() != subject
                {
                    found.insert(entry.digest.clone(), (path.child(position), entry));
                }
            }
            above = path.parent();
        }
        // as they stand in the index, not by their digests
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter().map(|(_, entry)| entry.clone()).collect()
    }
}
