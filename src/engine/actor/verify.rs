//! What vouches for the manifests of the image: looked for and judged once what refers to
//! them is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinError;

use crate::engine::{
    Failure, FailureKind, NodePath, Remote, RootConfig, SubjectReports, TrustSettings, fetch,
};
use crate::model::{Digest, Reference};
use crate::referrers::ReferrerTree;
use crate::signature::policy::{Rule, ScopeName};
use crate::signature::{Discovery, Subject, SubjectReport, discover};

use super::{Actor, Arrived};

/// The reports that were asked for.
#[derive(Default)]
pub(super) struct Verifications {
    /// What is shown: index and platforms taken together.
    pub reports: Arc<SubjectReports>,
    /// What each manifest by itself comes to.
    pub own: Arc<SubjectReports>,
    /// What the last verification of each manifest judges by.
    by: BTreeMap<Digest, Arc<TrustSettings>>,
    /// Where somebody looked, to look there again after a reload.
    wanted: BTreeSet<NodePath>,
}

impl Actor {
    /// Somebody wants to know what vouches for the manifest at `path`.
    pub(super) fn want_verification(&mut self, path: NodePath) {
        self.verifications.wanted.insert(path.clone());
        self.want_referrers(path);
        self.verify_wanted();
    }

    /// The same for what a verdict on something else needs.
    pub(super) fn want_verification_once(&mut self, path: NodePath) {
        if !self.verifications.wanted.contains(&path) {
            self.want_verification(path);
        }
    }

    /// The image was opened: what is shown first is verified, unless the policy says not to.
    pub(super) fn verify_by_itself(&mut self) {
        if !self.shared.config.trust.automatic {
            return;
        }
        if self.shared.trust.load().by_hand() {
            return;
        }
        let chosen = self.image().and_then(|image| image.chosen.as_ref());
        let chosen = chosen.map(|chosen| chosen.path.clone());
        for path in [Some(NodePath::root()), chosen].into_iter().flatten() {
            self.want_verification_once(path);
        }
    }

    /// Judges again by another policy, or what was asked for again.
    pub(super) fn verify_again(&mut self) {
        for report in Arc::make_mut(&mut self.verifications.own).values_mut() {
            *report = Remote::NotAsked;
        }
        self.verifications.reports = Arc::clone(&self.verifications.own);
        self.verify_by_itself();
        self.verify_wanted();
        self.dirty = true;
    }

    /// Starts what is wanted and can be done by now.
    pub(super) fn verify_wanted(&mut self) {
        for path in self.verifications.wanted.clone() {
            self.verify(&path);
        }
    }

    fn verify(&mut self, path: &NodePath) {
        let (Some(source), Some(subject)) = (self.source(), self.subject(path)) else {
            return;
        };
        let digest = subject.digest.clone();
        let known = self.verifications.own.get(&digest);
        if known.is_some_and(|known| !matches!(known, Remote::NotAsked)) {
            return;
        }
        let tree: Arc<ReferrerTree> = match self.referrers.trees.get(&digest) {
            Some(Remote::Ready(tree)) => Arc::clone(tree),
            Some(Remote::Failed { error, .. }) => {
                let error = Arc::clone(error);
                self.put_report(
                    digest,
                    Remote::Failed {
                        error,
                        previous: None,
                    },
                );
                return;
            }
            _ => return,
        };
        let trust = self.shared.trust.load_full();
        if let Some(problem) = &trust.problem {
            let error = Arc::clone(problem);
            self.put_report(
                digest,
                Remote::Failed {
                    error,
                    previous: None,
                },
            );
            return;
        }
        let by = &mut self.verifications.by;
        by.insert(digest.clone(), Arc::clone(&trust));
        self.put_report(digest, Remote::Pending { previous: None });
        let discovery = Discovery {
            manifests: Arc::new(fetch::Cached {
                source: Arc::clone(&source),
                store: self.shared.store.clone(),
            }),
            source,
            tree,
            offline: trust.offline,
        };
        let name = self
            .place
            .as_ref()
            .map(|place| ScopeName::of(&place.reference));
        let name = name.unwrap_or_default();
        let shared = Arc::clone(&self.shared);
        self.spawn(async move {
            let discovered = discover(discovery).await;
            let rule = trust.policy.as_ref().and_then(|policy| policy.rule(&name));
            let tuf = matches!(trust.root, RootConfig::Tuf { .. });
            let wanted = rule.map_or(tuf, Rule::needs_root) && !discovered.is_unsigned();
            let root = match shared.roots.current(&shared, &trust, wanted).await {
                Ok(root) => root,
                Err(failure) => return Arrived::NotVerified(trust, subject.digest, failure),
            };
            let digest = subject.digest.clone();
            let by = Arc::clone(&trust);
            // signatures cost time on the processor: not on a thread that others wait for
            let judged = tokio::task::spawn_blocking(move || {
                let policy = trust.policy.as_ref();
                let verdicts = &shared.verdicts;
                verdicts.judge(&discovered, &subject, &name, policy, root.as_ref())
            });
            came_of(judged.await, by, digest)
        });
    }

    /// A verification by `trust` came to its end.
    pub(super) fn verified(
        &mut self,
        trust: &Arc<TrustSettings>,
        digest: Digest,
        report: Remote<Arc<SubjectReport>>,
    ) {
        let current = self.shared.trust.load_full();
        if Arc::ptr_eq(trust, &current) {
            self.put_report(digest, report);
            return;
        }
        // whom it accepts may not be trusted any more; it counts for nothing
        let newer = self.verifications.by.get(&digest);
        if newer.is_some_and(|newer| Arc::ptr_eq(newer, &current)) {
            return;
        }
        self.put_report(digest, Remote::NotAsked);
        self.verify_wanted();
    }

    /// What was on its way will not come.
    pub(super) fn fail_pending_verifications(&mut self, failure: &Arc<Failure>) {
        if !self.verifications.own.values().any(Remote::is_pending) {
            return;
        }
        for report in Arc::make_mut(&mut self.verifications.own).values_mut() {
            if report.is_pending() {
                *report = Remote::Failed {
                    error: Arc::clone(failure),
                    previous: None,
                };
            }
        }
        self.settle_verdicts();
    }

    fn put_report(&mut self, digest: Digest, report: Remote<Arc<SubjectReport>>) {
        Arc::make_mut(&mut self.verifications.own).insert(digest, report);
        self.settle_verdicts();
        self.dirty = true;
    }

    /// The manifest at `path` as something that is vouched for.
    fn subject(&self, path: &NodePath) -> Option<Subject> {
        let image = self.image()?;
        let named = match &self.place.as_ref()?.reference {
            Reference::Registry(image) => Some(image.clone()),
            _ => None,
        };
        let subject = match image.node(path) {
            Some(node) => {
                let document = &node.document;
                Subject::of(document.raw(), document.media_type().clone())
            }
            None => Subject::at(image.descriptor(path)?),
        };
        Some(subject.named(named))
    }
}

/// What judging by `trust` came to. That it ended without a verdict is a defect, which is
/// said: nobody waits for it.
fn came_of(
    judged: Result<Arc<SubjectReport>, JoinError>,
    trust: Arc<TrustSettings>,
    digest: Digest,
) -> Arrived {
    let error = match judged {
        Ok(report) => return Arrived::Verified(trust, report),
        Err(error) => error,
    };
    tracing::error!(%error, "judging failed");
    let failure = Failure::new(
        FailureKind::Other,
        "Something went wrong inside Porthole while this was judged",
        "Try again; if it stays so, report it with the details",
    )
    .with_details(vec![error.to_string()]);
    Arrived::NotVerified(trust, digest, Arc::new(failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_judge_that_breaks_is_said_and_not_waited_for() {
        let judged: tokio::task::JoinHandle<Arc<SubjectReport>> =
            tokio::task::spawn_blocking(|| panic!("on purpose"));
        let (trust, digest) = (Arc::default(), Digest::sha256(b"x"));
        let came = came_of(judged.await, Arc::clone(&trust), digest.clone());
        let Arrived::NotVerified(by, of, failure) = came else {
            panic!("a verdict came of it");
        };
        assert!(Arc::ptr_eq(&by, &trust) && of == digest);
        assert!(
            failure.headline.contains("went wrong"),
            "{}",
            failure.headline
        );
    }
}
