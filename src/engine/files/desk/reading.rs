//! Reading the layers, the lowest first, some at once.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::{Failure, FailureKind, JobKind, JobState, Remote, Unit};
use crate::layer::Allowance;

use super::super::LayerState;
use super::super::layers::{Partial, ReadLayer};
use super::{CONCURRENT, Done, State, progress};

impl State {
    /// Reads what was not read yet.
    pub(super) fn list_files(&mut self) {
        if !self.listed {
            self.listed = true;
            self.list = Remote::Pending {
                previous: self.list.value().cloned(),
            };
        }
        let only = self.only.clone();
        let is_wanted = |layer: &usize| only.as_ref().is_none_or(|only| only.contains(layer));
        for layer in (0..self.layers.len()).filter(is_wanted) {
            let again = match &self.layers[layer].state {
                LayerState::Waiting => true,
                LayerState::Failed(failure) => matches!(
                    failure.kind,
                    FailureKind::Cancelled
                        | FailureKind::Network
                        | FailureKind::Certificate
                        | FailureKind::Access
                ),
                LayerState::Reading | LayerState::Ready => false,
            };
            let queued = self.waiting.iter().any(|(waiting, _)| *waiting == layer);
            if again && !queued {
                self.read(layer, self.allowance);
            }
        }
    }

    pub(super) fn read(&mut self, layer: usize, allowance: Allowance) {
        let Some(there) = self.layers.get_mut(layer) else {
            return;
        };
        if matches!(there.state, LayerState::Reading | LayerState::Ready) {
            return;
        }
        there.state = LayerState::Waiting;
        there.progress = Arc::new(progress(there.descriptor.size));
        let size = there.descriptor.size;
        self.waiting.push_back((layer, allowance));
        if self.job.is_none() {
            let digest = self.start.digest.short();
            self.job = Some(self.start.shared.jobs.start(
                JobKind::ReadLayers,
                format!("List the files of {digest}"),
                self.start.image,
                Unit::Bytes,
                "reading layers",
            ));
            self.token = self
                .job
                .as_ref()
                .map_or_else(CancellationToken::new, |job| job.token().clone());
        }
        if let Some(job) = &self.job {
            job.progress().expect(size);
        }
    }

    pub(super) fn start_reading(&mut self) {
        while self.reading < CONCURRENT
            && let Some((position, allowance)) = self.waiting.pop_front()
        {
            let Some(job) = &self.job else {
                return;
            };
            let layer = &mut self.layers[position];
            layer.state = LayerState::Reading;
            let read = ReadLayer {
                shared: Arc::clone(&self.start.shared),
                source: Arc::clone(&self.start.source),
                position,
                layer: layer.descriptor.clone(),
                diff_id: layer.diff_id.clone(),
                allowance,
                progress: Arc::clone(&layer.progress),
                total: job.shared_progress(),
                partial: self.partial.clone(),
            };
            let token = self.token.clone();
            self.tasks.spawn(async move {
                match token.run_until_cancelled(read.run()).await {
                    Some(out) => Done::Layer(position, out),
                    None => Done::LayerEnded,
                }
            });
            self.reading += 1;
            self.dirty = true;
        }
    }

    pub(super) fn partial(&mut self, partial: Partial) {
        if let Some(layer) = self.layers.get_mut(partial.layer)
            && layer.state == LayerState::Reading
            && !self.unwatched
        {
            layer.index = partial.index;
            self.version += 1;
        }
    }

    pub(super) fn lost(&mut self, error: &tokio::task::JoinError) {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "a task of the engine failed");
        self.building = None;
        self.accounting = false;
        self.reading = self.reading.saturating_sub(1);
        self.cancel();
    }

    pub(super) fn cancel(&mut self) {
        self.token.cancel();
        self.waiting.clear();
        let failure = Arc::new(Failure::new(
            FailureKind::Cancelled,
            "Reading the layers was cancelled",
            "List the files again when you want to",
        ));
        for layer in &mut self.layers {
            if matches!(layer.state, LayerState::Reading | LayerState::Waiting) {
                layer.state = LayerState::Failed(Arc::clone(&failure));
            }
        }
        self.version += 1;
        if let Some(job) = self.job.take() {
            self.publish();
            job.end(JobState::Cancelled);
        }
    }

    pub(super) fn end_job_when_done(&mut self) {
        if self.reading > 0 || !self.waiting.is_empty() {
            return;
        }
        let Some(job) = self.job.take() else {
            return;
        };
        self.publish();
        let failed = self.layers.iter().find_map(|layer| match &layer.state {
            LayerState::Failed(failure) => Some(Arc::clone(failure)),
            _ => None,
        });
        job.end(failed.map_or(JobState::Done, JobState::Failed));
        if let Some((file, beside)) = self.show_when_known.take() {
            self.show(file, beside);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.reading == 0 && self.waiting.is_empty()
    }
}
