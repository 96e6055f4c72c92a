//! Reading the blobs of a manifest through, to see whether they are what it says.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::shared::JobHandle;
use crate::engine::{Failure, FailureKind, JobId, JobKind, JobState, NodePath, Unit, fetch};
use crate::model::{Descriptor, Digest};
use crate::transport::{BlobState, Problem, Source, TransportError, hash_blob};

use super::{Actor, Arrived};

/// A check that runs.
pub(super) struct Check {
    job: JobId,
    token: CancellationToken,
}

/// What a check has found out.
pub(super) struct Checked {
    path: NodePath,
    /// The manifest that is checked: the image may have been reloaded meanwhile.
    manifest: Digest,
    states: Vec<(usize, BlobState)>,
    /// Where it goes on.
    rest: Run,
}

/// A check between two blobs.
struct Run {
    source: Arc<dyn Source>,
    blobs: Arc<[Descriptor]>,
    next: usize,
    damaged: Vec<String>,
    job: JobHandle,
    token: CancellationToken,
}

impl Actor {
    /// Starts to read the blobs of the manifest at `path`.
    pub(super) fn check_blobs(&mut self, path: &NodePath) {
        let Some(source) = self.source() else {
            return;
        };
        let node = self.image().and_then(|image| image.node(path));
        let Some((manifest, blobs)) = node.map(|node| {
            let manifest = node.document.raw().digest().clone();
            (manifest, fetch::blobs_of(&node.document))
        }) else {
            return;
        };
        if blobs.is_empty() {
            return;
        }
        let job = self.shared.jobs.start(
            JobKind::Check,
            format!("Check the bytes of {}", manifest.short()),
            self.id,
            Unit::Bytes,
            "hashing",
        );
        for blob in blobs.iter() {
            job.progress().expect(blob.size);
        }
        let token = job.token().clone();
        self.checks.push(Check {
            job: job.id(),
            token: token.clone(),
        });
        let run = Run {
            source,
            blobs,
            next: 0,
            damaged: Vec::new(),
            job,
            token,
        };
        self.go_on(path.clone(), manifest, run);
    }

    fn go_on(&mut self, path: NodePath, manifest: Digest, run: Run) {
        let present = self.present;
        self.tasks.spawn(async move {
            let checked = run.step(path, manifest).await;
            (present, Arrived::Checked(checked))
        });
    }

    pub(super) fn checked(&mut self, checked: Checked) {
        let node = self.image().and_then(|image| image.node(&checked.path));
        let same = node.is_some_and(|n| *n.document.raw().digest() == checked.manifest);
        if same {
            self.blobs_mut(&checked.path, |blobs| {
                for (position, state) in checked.states {
                    if let Some(slot) = blobs.get_mut(position) {
                        *slot = state;
                    }
                }
            });
        }
        let run = checked.rest;
        if run.is_over() {
            self.checks.retain(|check| check.job != run.job.id());
            // the states are seen before the job is called done
            self.publish();
            run.end();
        } else {
            self.go_on(checked.path, checked.manifest, run);
        }
    }

    pub(super) fn cancel_checks(&mut self) {
        for check in self.checks.drain(..) {
            check.token.cancel();
        }
    }
}

impl Run {
    fn is_over(&self) -> bool {
        self.token.is_cancelled() || self.next >= self.blobs.len()
    }

    /// Reads the next blob.
    async fn step(mut self, path: NodePath, manifest: Digest) -> Checked {
        let position = self.next;
        self.next += 1;
        let mut states = Vec::new();
        if let Some(blob) = self.blobs.get(position).cloned() {
            let job = self.job.clone();
            let hashed = async {
                if fetch::embedded(&blob).is_some() {
                    job.progress().add(blob.size);
                    return Ok(BlobState::Verified);
                }
                hash_blob(&*self.source, &blob, |bytes| job.progress().add(bytes)).await
            };
            match self.token.run_until_cancelled(hashed).await {
                Some(hashed) => {
                    let state = hashed.unwrap_or_else(|error| state_of(&error));
                    if state != BlobState::Verified {
                        self.damaged.push(describe(&blob, &state));
                    }
                    states.push((position, state));
                }
                None => self.next = self.blobs.len(),
            }
        }
        Checked {
            path,
            manifest,
            states,
            rest: self,
        }
    }

    fn end(self) {
        let state = if self.token.is_cancelled() {
            JobState::Cancelled
        } else if self.damaged.is_empty() {
            JobState::Done
        } else {
            JobState::Failed(Arc::new(
                Failure::new(
                    FailureKind::Damaged,
                    format!(
                        "{} of {} blobs are not what the manifest says",
                        self.damaged.len(),
                        self.blobs.len()
                    ),
                    "Copy the image again from where it came",
                )
                .with_details(self.damaged),
            ))
        };
        self.job.end(state);
    }
}

fn state_of(error: &TransportError) -> BlobState {
    match &error.problem {
        problem if problem.is_missing() => BlobState::Missing,
        Problem::WrongSize {
            expected,
            found: Some(found),
        } => BlobState::WrongSize {
            expected: *expected,
            found: *found,
        },
        problem => BlobState::Unreadable {
            why: problem.to_string(),
        },
    }
}

fn describe(blob: &Descriptor, state: &BlobState) -> String {
    let problem = state.problem();
    let what = problem.as_deref().unwrap_or("is intact");
    format!("{} {what}", blob.digest)
}
