//! What the files of an artifact say: an SBOM, a provenance, a statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::attachment::Attachment;
use crate::model::{Descriptor, Digest, Document, MediaKind, RawDocument, limits};
use crate::referrers::Manifests as _;
use crate::transport::{Source, read_blob};

use super::fetch::Cached;
use super::{Failure, Remote};

/// What is known of artifacts, by the digests of their manifests.
pub type Artifacts = BTreeMap<Digest, Remote<Arc<ArtifactFiles>>>;

/// An artifact that was read to be shown.
#[derive(Clone, Debug)]
pub struct ArtifactFiles {
    /// Its manifest.
    pub document: Arc<Document>,
    /// Its layers, in their order.
    pub files: Vec<ArtifactFile>,
    /// How many more it has past [`limits::ATTACHMENT_BLOBS`].
    pub left_out: usize,
}

/// A file of an artifact.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    pub descriptor: Descriptor,
    /// Its bytes and what they say, or why they could not be read.
    pub content: Result<(RawDocument, Arc<Attachment>), Arc<Failure>>,
}

impl ArtifactFiles {
    /// How many bytes it keeps in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let files = self.files.iter();
        files
            .map(|file| file.content.as_ref().map_or(0, |(raw, _)| raw.size()))
            .sum()
    }
}

/// Reads an artifact: its manifest, unless `known`, and each of its files.
pub(super) async fn read(
    manifests: &Cached,
    descriptor: Option<Descriptor>,
    known: Option<Arc<Document>>,
) -> Result<ArtifactFiles, Failure> {
    let document = match (known, descriptor) {
        (Some(document), _) => document,
        (None, Some(descriptor)) => Arc::new(Document::read(manifests.read(&descriptor).await?)),
        (None, None) => {
            return Err(Failure::refused(
                "this artifact is not known any more",
                "Reload the image and choose it again",
            ));
        }
    };
    let layers = document
        .manifest()
        .map(|manifest| manifest.layers.as_slice())
        .unwrap_or_default();
    let mut files = Vec::new();
    let mut room = limits::ATTACHMENT_TOTAL_BYTES;
    for layer in layers.iter().take(limits::ATTACHMENT_BLOBS) {
        let content = file(&*manifests.source, layer, room).await;
        if let Ok((raw, _)) = &content {
            room = room.saturating_sub(raw.size());
        }
        files.push(ArtifactFile {
            descriptor: layer.clone(),
            content: content.map_err(Arc::new),
        });
    }
    Ok(ArtifactFiles {
        left_out: layers.len().saturating_sub(files.len()),
        files,
        document,
    })
}

async fn file(
    source: &dyn Source,
    descriptor: &Descriptor,
    room: u64,
) -> Result<(RawDocument, Arc<Attachment>), Failure> {
    if matches!(descriptor.media_type.kind(), MediaKind::Layer { .. }) {
        return Err(Failure::refused(
            format!("{} is a layer of an image", descriptor.digest),
            "Open the image to see its layers and files",
        ));
    }
    let raw = read_blob(source, descriptor, limits::ATTACHMENT_BYTES.min(room)).await?;
    let bytes = raw.bytes().clone();
    let media_type = descriptor.media_type.clone();
    let read = tokio::task::spawn_blocking(move || Attachment::read(&bytes, &media_type)).await;
    let attachment = read.map_err(|error| {
        let mut failure = Failure::refused(
            format!("{} could not be looked into", descriptor.digest),
            "Its bytes can be seen when it is opened; please report this",
        );
        failure.details.push(error.to_string());
        failure
    })?;
    Ok((raw, Arc::new(attachment)))
}
