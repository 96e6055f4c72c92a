//! Saving files: as jobs of their own, once all layers are known. They go on when the image
//! is closed.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::engine::{Failure, JobId, JobKind, JobState, Outcome, Unit};
use crate::export::{self, From, Plan};
use crate::layer::{Allowance, FileTree, LayerError, LayerIndex};
use crate::model::{Descriptor, text};

use super::super::{LayerState, SaveRequest};
use super::State;

impl State {
    /// Saves what is asked for, now or when the layers are known.
    pub(super) fn save(&mut self, request: SaveRequest) {
        self.list_files();
        self.saves.push_back(request);
    }

    /// Does again what a job did; says whether it was one that saved.
    pub(super) fn save_again(&mut self, job: JobId) -> bool {
        let Some(request) = self.saved.get(&job).cloned() else {
            return false;
        };
        self.save(request);
        true
    }

    pub(super) fn start_saving(&mut self) {
        while self.is_over()
            && let Some(request) = self.saves.pop_front()
        {
            self.start_save(request);
        }
    }

    fn start_save(&mut self, request: SaveRequest) {
        let path = String::from_utf8_lossy(&request.path);
        let digest = self.start.digest.short();
        let job = self.start.shared.jobs.start(
            JobKind::Save,
            format!("Save {} of {digest}", text::visible(&path)),
            self.start.image,
            Unit::Bytes,
            "writing files",
        );
        self.saved.insert(job.id(), request.clone());
        let last = self.layers.len().saturating_sub(1);
        let at = request.at.map_or(last, |at| at.min(last));
        let failed = self
            .layers
            .iter()
            .take(at + 1)
            .find_map(|layer| match &layer.state {
                LayerState::Failed(failure) => Some(Arc::clone(failure)),
                _ => None,
            });
        let shared = Arc::clone(&self.start.shared);
        if let Some(failure) = failed {
            // what is not whole is not written as if it were
            shared
                .slots
                .put_outcome(Outcome::Failed(Arc::clone(&failure)));
            job.end(JobState::Failed(failure));
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let built = self.built.as_ref();
        let built = built
            .filter(|built| built.version == self.version && built.tree.at() == at)
            .map(|built| Arc::clone(&built.tree));
        let descriptors: Vec<Descriptor> =
            self.layers.iter().map(|l| l.descriptor.clone()).collect();
        let packed = descriptors.iter().take(at + 1);
        let packed = packed.fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        let limit = match request.allowance {
            Allowance::Usual => Allowance::Usual.bytes(packed),
            Allowance::Everything => u64::MAX,
        };
        let source = Arc::clone(&self.start.source);
        let (image, manifest) = (self.start.image, self.start.manifest.clone());
        // not among the tasks, which go with the desk: it ends by itself, and says so
        tokio::spawn(async move {
            let token = job.token().clone();
            let progress = job.shared_progress();
            let slots = Arc::clone(&shared.slots);
            let asked = request.clone();
            let written = tokio::task::spawn_blocking(move || {
                let tree = built.unwrap_or_else(|| Arc::new(FileTree::build(layers, at)));
                let plan = Plan::new(tree, &request.path)?;
                // what no layer has in it costs its maker nothing
                if plan.unseen > limit {
                    let bytes = plan.unseen;
                    return Err(LayerError::TooMuch { bytes, limit });
                }
                progress.restart(Unit::Bytes, 0, Some(plan.bytes));
                let from = From {
                    source: &*source,
                    layers: &descriptors,
                };
                let count = |bytes| {
                    progress.add(bytes);
                    slots.wake();
                    match token.is_cancelled() {
                        true => Err(LayerError::Cancelled),
                        false => Ok(()),
                    }
                };
                let write = export::write(&plan, from, &request.to, request.replace, &count);
                Ok(Handle::current().block_on(token.run_until_cancelled(write)))
            });
            let state = match written.await {
                Ok(Ok(Some(Ok(report)))) => {
                    shared.slots.put_outcome(Outcome::FilesSaved {
                        target: asked.to,
                        report,
                    });
                    JobState::Done
                }
                Ok(Ok(None | Some(Err(LayerError::Cancelled)))) => JobState::Cancelled,
                Ok(Ok(Some(Err(error))) | Err(error)) => {
                    let too_much = matches!(error, LayerError::TooMuch { .. });
                    let failure = Arc::new(Failure::from(error));
                    let told = Arc::clone(&failure);
                    shared.slots.put_outcome(match too_much {
                        true => Outcome::SaveTooMuch {
                            image,
                            manifest,
                            request: asked,
                            failure: told,
                        },
                        false => Outcome::Failed(told),
                    });
                    JobState::Failed(failure)
                }
                Err(error) => {
                    let mut failure = Failure::refused(
                        "the files could not be saved",
                        "Try again; if it stays so, report it with the details",
                    );
                    failure.details.push(error.to_string());
                    let failure = Arc::new(failure);
                    shared
                        .slots
                        .put_outcome(Outcome::Failed(Arc::clone(&failure)));
                    JobState::Failed(failure)
                }
            };
            job.end(state);
        });
    }
}
