//! Showing the content of a file, and of another version beside it.

use std::sync::Arc;

use crate::engine::{Failure, Remote};
use crate::layer::colors::Colors;

use super::super::show::{ReadFile, colors, difference};
use super::super::{FileContent, FileRef, LayerState, ShownFile, ShownVersion};
use super::{Done, State};

/// A digest in the list of a layer that is not what was promised verifies nothing.
fn verified_in(ready: bool, content: Arc<FileContent>) -> Arc<FileContent> {
    if ready || !content.verified {
        return content;
    }
    Arc::new(FileContent {
        verified: false,
        ..FileContent::clone(&content)
    })
}

impl State {
    pub(super) fn show(&mut self, file: FileRef, beside: Option<FileRef>) {
        let known = |file: &FileRef| {
            let layer = self.layers.get(file.layer);
            layer.is_some_and(|layer| layer.index.is_over() || layer.state == LayerState::Ready)
        };
        if !known(&file) || !beside.as_ref().is_none_or(known) {
            self.list_files();
            self.show_when_known = Some((file, beside));
            return;
        }
        let known = |file: FileRef| match &self.shown {
            Some(shown) if shown.file == file => shown.content.value().cloned(),
            Some(ShownFile {
                beside: Some(beside),
                ..
            }) if beside.file == file => beside.content.value().cloned(),
            _ => None,
        };
        let state = |content: Option<Arc<FileContent>>| match content {
            Some(content) => Remote::Ready(content),
            None => Remote::Pending { previous: None },
        };
        let shown = ShownFile {
            file,
            content: state(known(file)),
            colors: None,
            beside: beside.map(|beside| ShownVersion {
                file: beside,
                content: state(known(beside)),
                diff: Remote::NotAsked,
            }),
        };
        let mut to_read = Vec::new();
        if shown.content.is_pending() {
            to_read.push(file);
        }
        if let Some(version) = &shown.beside
            && version.content.is_pending()
            && version.file != file
        {
            to_read.push(version.file);
        }
        let ready = shown.content.value().cloned();
        let colors = self.shown.take().filter(|before| before.file == file);
        self.shown = Some(ShownFile {
            colors: colors.and_then(|before| before.colors),
            ..shown
        });
        if let Some(content) = ready {
            self.look_for_colors(file, content);
        }
        for file in to_read {
            let layer = &self.layers[file.layer];
            let read = ReadFile {
                source: Arc::clone(&self.start.source),
                layer: layer.descriptor.clone(),
                index: layer.index.clone(),
                file,
            };
            let ready = layer.state == LayerState::Ready;
            self.tasks.spawn(async move {
                let content = read.run().await;
                Done::Content(file, content.map(|content| verified_in(ready, content)))
            });
        }
        self.compare();
    }

    pub(super) fn content(&mut self, file: FileRef, content: Result<Arc<FileContent>, Failure>) {
        let content = match content {
            Ok(content) => Remote::Ready(content),
            Err(failure) => Remote::Failed {
                error: Arc::new(failure),
                previous: None,
            },
        };
        let Some(shown) = &mut self.shown else {
            return;
        };
        if let Some(beside) = shown.beside.as_mut().filter(|beside| beside.file == file) {
            beside.content = content.clone();
        }
        let mut ready = None;
        if shown.file == file {
            ready = content.value().cloned();
            shown.content = content;
        }
        if let Some(content) = ready {
            self.look_for_colors(file, content);
        }
        self.compare();
    }

    /// The text is shown meanwhile.
    fn look_for_colors(&mut self, file: FileRef, content: Arc<FileContent>) {
        let shown = self.shown.as_ref();
        if shown.is_some_and(|shown| shown.file == file && shown.colors.is_none()) {
            self.tasks
                .spawn(async move { Done::Colors(file, colors(content).await) });
        }
    }

    pub(super) fn colors(&mut self, file: FileRef, colors: Option<Arc<Colors>>) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.file == file) {
            shown.colors = colors;
        }
    }

    /// Compares the two versions once both are known.
    pub(super) fn compare(&mut self) {
        if let Some(ShownFile {
            file,
            content: Remote::Ready(content),
            beside: Some(beside),
            ..
        }) = &mut self.shown
            && let Remote::Ready(before) = &beside.content
            && matches!(beside.diff, Remote::NotAsked)
        {
            beside.diff = Remote::Pending { previous: None };
            let files = (*file, beside.file);
            let compared = difference(Arc::clone(before), Arc::clone(content));
            self.tasks
                .spawn(async move { Done::Compared(files, compared.await) });
        }
    }

    pub(super) fn compared(
        &mut self,
        files: (FileRef, FileRef),
        diff: Result<Option<Arc<str>>, Failure>,
    ) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.file == files.0)
            && let Some(beside) = shown
                .beside
                .as_mut()
                .filter(|beside| beside.file == files.1)
        {
            beside.diff = match diff {
                Ok(diff) => Remote::Ready(diff),
                Err(failure) => Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                },
            };
        }
    }
}
