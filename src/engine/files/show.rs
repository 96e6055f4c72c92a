//! The content of a file, and its difference to another version.

use std::sync::Arc;

use crate::engine::Failure;
use crate::layer::colors::Colors;
use crate::layer::content::{Content, text_diff};
use crate::layer::picture::pixels;
use crate::layer::{FilePart, LayerIndex, read_beginning, read_small};
use crate::model::{Descriptor, limits};
use crate::transport::Source;

use super::{FileContent, FileRef};

/// Where a file's content is read from.
pub(in crate::engine) struct ReadFile {
    pub source: Arc<dyn Source>,
    pub layer: Descriptor,
    pub index: LayerIndex,
    pub file: FileRef,
}

impl ReadFile {
    pub async fn run(self) -> Result<Arc<FileContent>, Failure> {
        let entry = self.index.entry(self.file.position);
        let part = entry.as_ref().and_then(FilePart::of).ok_or_else(|| {
            Failure::refused(
                "there is nothing to show: it is not a regular file",
                "Choose a file, or what a link leads to",
            )
        })?;
        let whole = part.size <= limits::SHOWN_FILE_BYTES;
        let (source, layer, index) = (&*self.source, &self.layer, &self.index);
        let bytes = if whole {
            read_small(source, layer, index, &part, limits::SHOWN_FILE_BYTES).await?
        } else {
            read_beginning(source, layer, index, &part).await?
        };
        let digest = entry.and_then(|entry| entry.digest());
        let bytes: bytes::Bytes = bytes.into();
        let content = Content::of(&bytes);
        let pixels = match content {
            Content::Picture(picture) if whole => {
                let bytes = bytes.clone();
                let decoded = tokio::task::spawn_blocking(move || pixels(&bytes, picture));
                // a decoder that panics has not decoded it
                decoded.await.ok().flatten().map(Arc::new)
            }
            _ => None,
        };
        Ok(Arc::new(FileContent {
            path: part.shown(),
            size: part.size,
            verified: whole && digest.is_some(),
            digest,
            content,
            pixels,
            bytes,
        }))
    }
}

/// What the parts of a text are, found out by a thread that may take its time; nothing where
/// it is none, or was not understood.
pub(in crate::engine) async fn colors(content: Arc<FileContent>) -> Option<Arc<Colors>> {
    let Content::Text { .. } = content.content else {
        return None;
    };
    let looked = tokio::task::spawn_blocking(move || {
        let text = std::str::from_utf8(&content.bytes).ok()?;
        Some(Colors::of(&content.path, text)).filter(|colors| !colors.is_empty())
    });
    // where that panics, there are no colours
    looked.await.ok().flatten().map(Arc::new)
}

/// The difference of two texts, as `diff -u` has it; nothing where one is none. Found out by
/// a thread that may take its time.
///
/// # Errors
/// Where comparing ended without a result: a defect, which is said.
pub(in crate::engine) async fn difference(
    before: Arc<FileContent>,
    after: Arc<FileContent>,
) -> Result<Option<Arc<str>>, Failure> {
    let (Content::Text { .. }, Content::Text { .. }) = (&before.content, &after.content) else {
        return Ok(None);
    };
    let compared = tokio::task::spawn_blocking(move || text_diff(&before.bytes, &after.bytes));
    match compared.await {
        Ok(diff) => Ok(diff.map(Into::into)),
        Err(error) => Err(Failure {
            details: vec![error.to_string()],
            ..Failure::refused(
                "the two versions could not be compared",
                "Look at each of them by itself; report it with the details",
            )
        }),
    }
}
