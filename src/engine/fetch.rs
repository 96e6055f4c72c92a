//! Asking a place for one thing, by way of the cache.

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::model::{
    Descriptor, Document, ImageConfig, MediaKind, MediaType, RawDocument, Reference, limits,
};
use crate::referrers::Manifests;
use crate::store::Store;
use crate::transport::{
    BlobState, Preparation, Problem, Report, Resolved, Source, TransportError, read_blob,
};

use super::shared::JobHandle;
use super::{Failure, Unit};

/// Makes the place ready. Where that takes its time, `job` counts the bytes meanwhile.
pub(super) async fn prepare(source: &dyn Source, mut job: JobHandle) -> Result<(), Failure> {
    let began = Arc::new(Notify::new());
    let (progress, began_here) = (job.shared_progress(), Arc::clone(&began));
    let report: Report = Arc::new(move |Preparation { done, total }| {
        progress.restart(Unit::Bytes, done, total);
        began_here.notify_one();
    });
    let mut preparing = source.prepare(report);
    tokio::select! {
        biased;
        prepared = &mut preparing => prepared?,
        () = began.notified() => {
            job.phase("getting ready");
            preparing.await?;
            job.phase("resolving");
        }
    }
    job.progress().restart(Unit::Documents, 0, Some(1));
    Ok(())
}

/// Resolves what `source` is about. A digest that is in the cache costs no request.
pub(super) async fn resolve(source: &dyn Source, store: &Store) -> Result<Resolved, Failure> {
    let known_digest = match source.reference() {
        Reference::Registry(image) => image.digest(),
        _ => None,
    };
    if let Some(digest) = known_digest
        && let Some(raw) = store.get(digest, &MediaType::default()).await
    {
        return Ok(Resolved::Document {
            raw,
            annotations: Default::default(),
            notes: Vec::new(),
        });
    }
    let resolved = source.resolve().await?;
    if let (Reference::Registry(_), Resolved::Document { raw, .. }) =
        (source.reference(), &resolved)
    {
        store.put(raw).await;
    }
    Ok(resolved)
}

/// The manifest or index that an entry of an index points at.
pub(super) async fn document(
    source: &dyn Source,
    store: &Store,
    descriptor: &Descriptor,
) -> Result<Document, Failure> {
    Ok(Document::read(manifest(source, store, descriptor).await?))
}

async fn manifest(
    source: &dyn Source,
    store: &Store,
    descriptor: &Descriptor,
) -> Result<RawDocument, TransportError> {
    let remote = matches!(source.reference(), Reference::Registry(_));
    if remote && let Some(raw) = store.get(&descriptor.digest, &descriptor.media_type).await {
        check_size(source, descriptor, &raw)?;
        return Ok(raw);
    }
    let raw = match embedded(descriptor) {
        Some(raw) => raw,
        None => source.manifest(descriptor).await?,
    };
    if remote {
        store.put(&raw).await;
    }
    Ok(raw)
}

/// A place whose manifests go by way of the cache.
pub(super) struct Cached {
    pub source: Arc<dyn Source>,
    pub store: Store,
}

impl Manifests for Cached {
    fn read<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        manifest(&*self.source, &self.store, descriptor).boxed()
    }
}

/// The config that a manifest points at.
pub(super) async fn config(
    source: &dyn Source,
    store: &Store,
    descriptor: &Descriptor,
) -> Result<ImageConfig, Failure> {
    let remote = matches!(source.reference(), Reference::Registry(_));
    if remote && let Some(raw) = store.get(&descriptor.digest, &descriptor.media_type).await {
        check_size(source, descriptor, &raw)?;
        return Ok(ImageConfig::read(raw));
    }
    let raw = match embedded(descriptor) {
        Some(raw) => raw,
        None => read_blob(source, descriptor, limits::CONFIG_BYTES).await?,
    };
    if remote {
        store.put(&raw).await;
    }
    Ok(ImageConfig::read(raw))
}

/// What the place knows of each blob of a manifest without a network.
pub(super) async fn presence(source: &dyn Source, blobs: &[Descriptor]) -> Vec<BlobState> {
    let Some(check) = source.blob_check() else {
        return vec![BlobState::NotChecked; blobs.len()];
    };
    let mut states = Vec::with_capacity(blobs.len());
    for blob in blobs {
        states.push(match embedded(blob) {
            Some(_) => BlobState::Verified,
            None => check.presence(blob).await,
        });
    }
    states
}

/// Content that needs no asking: embedded in the descriptor (image-spec `descriptor.md`,
/// "Embedded Content"), or the empty object. It is believed only when it hashes right.
pub(super) fn embedded(descriptor: &Descriptor) -> Option<RawDocument> {
    let media_type = descriptor.media_type.clone();
    if descriptor.media_type.kind() == MediaKind::Empty && descriptor.size == 2 {
        let empty = Bytes::from_static(b"{}");
        return RawDocument::verify(empty, &descriptor.digest, media_type).ok();
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(descriptor.data.as_deref()?)
        .ok()?;
    if decoded.len() as u64 != descriptor.size {
        return None;
    }
    RawDocument::verify(decoded.into(), &descriptor.digest, media_type).ok()
}

/// The cache is asked by digest; the size that the descriptor promises counts as well.
fn check_size(
    source: &dyn Source,
    descriptor: &Descriptor,
    raw: &RawDocument,
) -> Result<(), TransportError> {
    if raw.size() == descriptor.size {
        return Ok(());
    }
    Err(TransportError::new(
        descriptor.digest.to_string(),
        source.reference().to_string(),
        Problem::WrongSize {
            expected: descriptor.size,
            found: Some(raw.size()),
        },
    ))
}

/// The blobs of a manifest in the order of [`super::Parts::Manifest`]'s `blobs`.
pub(super) fn blobs_of(document: &Document) -> Arc<[Descriptor]> {
    document
        .manifest()
        .map_or_else(Default::default, |manifest| {
            std::iter::once(&manifest.config)
                .chain(&manifest.layers)
                .cloned()
                .collect()
        })
}
