//! Places that images are written to.
//!
//! A destination hashes what it is given on the way in: nothing gets a digest's name before
//! its bytes hashed to it. What was there before stays valid until [`Destination::commit`].

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use crate::model::{
    Annotations, ArtifactManifest, Content, Descriptor, Digest, Document, MediaType, RawDocument,
    Reference, RegistryReference,
};

use super::{BlobStream, Problem, ReferrerRemove, Source, TagEdit, TransportError};

/// A place that an image is written to. Every call may run beside others.
///
/// Blobs come before the manifests that name them, children before the index that lists
/// them, and [`Destination::commit`] last. Dropping a returned future cancels what it does
/// and leaves nothing that could be taken for whole.
pub trait Destination: Send + Sync {
    /// Where it is written to, as it was asked for.
    fn reference(&self) -> &Reference;

    /// What such a place can hold.
    fn takes(&self) -> Takes;

    /// Looks whether the place may be written to, without writing.
    ///
    /// # Errors
    /// Where it may not: it holds something else that would be lost.
    fn prepare(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The digest of what the destination's own name stands for now; nothing where it is
    /// new, or where the place cannot tell.
    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>>;

    /// The digest of what `name`, another name than the destination's own, stands for now;
    /// nothing where it is new, or where the place cannot tell.
    ///
    /// # Errors
    /// Where the place has no such names, or fails.
    fn named<'a>(
        &'a self,
        _name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        let what = "a second name";
        let place = self.reference().to_string();
        let problem = Problem::CannotHold { what };
        let refused = TransportError::new("image", place, problem);
        Box::pin(std::future::ready(Err(refused)))
    }

    /// Whether the blob is there, whole as far as can be seen without reading it.
    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>>;

    /// Writes a blob, hashed on the way.
    ///
    /// # Errors
    /// Where the bytes are not those of the descriptor, the payload or the place fails.
    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>>;

    /// Whether the manifest or index is there, whether a name stands for it or not.
    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>>;

    /// Writes a manifest or index, byte for byte. A registry without the API lists one that
    /// has a `subject` under the fallback tag when [`Destination::commit`] runs
    /// (distribution-spec, "Pushing Manifests with Subject").
    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>>;

    /// Whether everything that is put, edited and removed becomes visible with
    /// [`Destination::commit`] alone, at once or not at all.
    fn gathers(&self) -> bool {
        false
    }

    /// Makes everything that was put visible under its names, and safe.
    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>>;

    /// Nothing of what was gathered will be wanted again: it is removed as far as it can be.
    fn give_up(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    /// The digest that a blob has where it is, when it is stored in another form.
    fn stored_as(&self, _blob: &Digest) -> Option<Digest> {
        None
    }

    /// How many bytes were written by [`Destination::commit`], where that is not what was put:
    /// layers are unpacked.
    fn written(&self) -> Option<u64> {
        None
    }

    /// Taking blobs from another repository of the same registry.
    fn mounting(&self) -> Option<&dyn Mount> {
        None
    }

    /// Keeping what refers to a manifest.
    fn referrer_writing(&self) -> Option<&dyn ReferrerWrite> {
        None
    }

    /// Changing what tags stand for.
    fn tag_editing(&self) -> Option<&dyn TagEdit> {
        None
    }

    /// Taking back what refers to a manifest.
    fn referrer_removal(&self) -> Option<&dyn ReferrerRemove> {
        None
    }

    /// Keeping signatures beside manifests.
    fn signature_writing(&self) -> Option<&dyn SignatureWrite> {
        None
    }
}

/// What a manifest is called where it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming<'a> {
    /// By its digest alone: it is listed by an index, or found by what it refers to.
    Digest,
    /// By the destination's own name.
    Own,
    /// By a tag, or a layout's name, beside the destination's own.
    Tag(&'a str),
}

/// What a kind of place can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// More than one image: an index.
    pub indexes: bool,
    /// The manifest byte for byte; else only config and layers, unpacked.
    pub manifests: bool,
    /// Several names for one image.
    pub names: bool,
    /// Names of anything: tags made of digests can be kept.
    pub tags: bool,
}

/// Bytes to be written, which can be asked for again from any position.
pub trait Payload: Send + Sync {
    /// The bytes from `from` on, not checked.
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>>;
}

/// Taking blobs from another repository without sending them.
pub trait Mount: Send + Sync {
    /// The repository of `source` that blobs could be taken from; nothing where it is
    /// another registry.
    fn can_mount(&self, source: &Reference) -> Option<RegistryReference>;

    /// Takes `blob` from `from`. Where the registry does not, the blob is written from
    /// `payload`, in the upload that the refusal opened where it opened one.
    fn mount<'a>(
        &'a self,
        blob: &'a Descriptor,
        from: &'a RegistryReference,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<Mounted, TransportError>>;
}

/// How a mount ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounted {
    /// No byte was sent.
    Yes,
    /// The registry did not, and the blob was written.
    Written,
}

/// Keeping manifests that refer to others so that they are found.
pub trait ReferrerWrite: Send + Sync {
    /// Writes a manifest that has a `subject` and makes it be found by it: a registry
    /// without the API lists it under the fallback tag, a layout in `index.json`. Lists are
    /// merged when [`Destination::commit`] runs.
    ///
    /// # Errors
    /// Where it has no subject, or the place fails.
    fn put_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<(), TransportError>>;

    /// Whether a manifest that lies there is found by what it refers to; always where it
    /// refers to nothing. A registry without the API may not list it yet: whoever wrote it was
    /// stopped before [`Destination::commit`].
    ///
    /// # Errors
    /// Where the place fails.
    fn is_listed<'a>(
        &'a self,
        _raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        std::future::ready(Ok(true)).boxed()
    }
}

/// Keeping signatures in files beside manifests (containers/image).
pub trait SignatureWrite: Send + Sync {
    /// Where they are kept, for people.
    ///
    /// # Errors
    /// Where there is no place for them: says why.
    fn place(&self) -> Result<String, TransportError>;

    /// Whether files of every kind are kept there; else those of simple signing alone, and
    /// others lie under tags.
    fn takes_all(&self) -> bool;

    /// Keeps these signatures, in this order, for the manifest with this digest, beside
    /// those of it that are there. `own` says that it is the image itself.
    fn put_signatures<'a>(
        &'a self,
        manifest: &'a Digest,
        own: bool,
        signatures: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<(), TransportError>>;
}

/// Removing things from a place.
pub trait Delete: Send + Sync {
    /// Removes a manifest with every tag that stands for it.
    fn delete_manifest<'a>(
        &'a self,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<(), TransportError>>;

    /// Removes a tag and leaves the manifest where other tags stand for it.
    ///
    /// # Errors
    /// [`super::Problem::TagNotAlone`] where the place can only remove the manifest, and
    /// other tags would go with it.
    fn delete_tag<'a>(&'a self, tag: &'a str) -> BoxFuture<'a, Result<(), TransportError>>;

    /// Removes a blob.
    fn delete_blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), TransportError>>;
}

impl Payload for Bytes {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.len());
        let rest = self.slice(from..);
        std::future::ready(Ok(stream::iter([Ok(rest)]).boxed())).boxed()
    }
}

/// A blob of a source as something to write.
pub struct FromSource {
    source: Arc<dyn Source>,
    blob: Descriptor,
}

impl FromSource {
    /// The blob that `blob` points at in `source`.
    pub fn new(source: Arc<dyn Source>, blob: Descriptor) -> Self {
        Self { source, blob }
    }
}

impl Payload for FromSource {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        let range = (from > 0).then_some(from..self.blob.size);
        self.source.blob(&self.blob, range)
    }
}

/// What was to refer to an image could not be written whole.
#[derive(Debug)]
pub struct Unwritten {
    pub error: TransportError,
    /// Whether something of it may be found there, for all that is known.
    pub may_be_there: bool,
}

impl Unwritten {
    /// It failed where what is found was being written. Who answers that it is refused has not
    /// got it; no answer, one that contradicts itself, and one that puts off a later look do
    /// not say so.
    pub fn while_written(error: TransportError) -> Self {
        let in_doubt = matches!(
            error.problem,
            Problem::Server { .. }
                | Problem::Protocol { .. }
                | Problem::WrongDigest { .. }
                | Problem::RateLimited { .. }
        );
        let may_be_there = in_doubt || error.problem.is_unanswered();
        Self {
            error,
            may_be_there,
        }
    }
}

impl From<TransportError> for Unwritten {
    /// It failed before anything that can be found was written.
    fn from(error: TransportError) -> Self {
        Self {
            error,
            may_be_there: false,
        }
    }
}

/// Writes small blobs and a manifest that refers to `subject`, and makes it be found: what
/// signing and attaching do. Ends with [`Destination::commit`], but for a place that
/// [gathers](Destination::gathers).
///
/// # Errors
/// Where the place keeps no referrers, a blob is not what its descriptor says, or the place
/// fails.
pub async fn attach(
    destination: &dyn Destination,
    blobs: &[(Descriptor, Bytes)],
    manifest: &RawDocument,
) -> Result<Descriptor, Unwritten> {
    let Some(referrers) = destination.referrer_writing() else {
        let error = TransportError::new(
            format!("manifest {}", manifest.digest()),
            destination.reference().to_string(),
            super::Problem::CannotHold {
                what: "what refers to an image",
            },
        );
        return Err(error.into());
    };
    for (descriptor, bytes) in blobs {
        if !destination.has_blob(descriptor).await? {
            let payload = Arc::new(bytes.clone());
            destination.put_blob(descriptor, payload).await?;
        }
    }
    let put = referrers.put_referrer(manifest).await;
    put.map_err(Unwritten::while_written)?;
    if !destination.gathers() {
        let listed = destination.commit().await;
        // it is there, found or not
        listed.map_err(|error| Unwritten {
            error,
            may_be_there: true,
        })?;
    }
    let described = describe_referrer(manifest);
    Ok(described.map_or_else(|| plain(manifest), |(_, descriptor)| descriptor))
}

/// The descriptor of a document.
pub(super) fn plain(raw: &RawDocument) -> Descriptor {
    let document = Document::read(raw.clone());
    Descriptor::new(
        document.media_type().as_str(),
        raw.digest().clone(),
        raw.size(),
    )
}

/// What a manifest refers to, and its descriptor as lists of referrers have it
/// (distribution-spec, "Listing Referrers"); nothing where it refers to nothing.
pub fn describe_referrer(raw: &RawDocument) -> Option<(Descriptor, Descriptor)> {
    let document = Document::read(raw.clone());
    let (subject, artifact_type, annotations): (_, Option<MediaType>, Annotations) =
        match document.content() {
            Content::Manifest(manifest) => (
                manifest.subject.clone()?,
                Some(
                    manifest
                        .artifact_type
                        .clone()
                        .unwrap_or_else(|| manifest.config.media_type.clone()),
                ),
                manifest.annotations.clone(),
            ),
            Content::Index(index) => (
                index.subject.clone()?,
                index.artifact_type.clone(),
                index.annotations.clone(),
            ),
            Content::Unknown if ArtifactManifest::is_type(document.media_type()) => {
                let read = ArtifactManifest::read(&document);
                (read.subject?, read.artifact_type, read.annotations)
            }
            Content::Unknown | Content::Invalid(_) => return None,
        };
    let descriptor = Descriptor {
        artifact_type,
        annotations,
        ..plain(raw)
    };
    Some((subject, descriptor))
}
