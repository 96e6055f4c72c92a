//! Doing what a plan says: blobs first, several at once, then the manifests, children
//! before parents, and the name last. Into a registry, what lies under cosign's tags is written
//! as soon as its own blobs are there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::{BoxFuture, try_join, try_join_all};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::model::{CosignTag, Descriptor, Digest, Document, Reference, text};
use crate::signature::sign::{append, join};
use crate::transport::{
    BlobStream, Destination, FromSource, Mounted, Naming, Payload, Problem, Source, TagChange,
    TransportError, describe_referrer,
};

use super::addresses::FromAddresses;
use super::error::CopyError;
use super::missing::{self, Lost};
use super::plan::{Action, BlobAction, Plan, PlannedBlob, PlannedDocument, Role};
use super::progress::{BlobProgress, BlobState, CopyProgress};
use super::queue::{BLOBS_AT_ONCE, Queue};
use super::report::Report;
use super::settle;

/// How many manifests are written at once.
const MANIFESTS_AT_ONCE: usize = 6;

/// Does what `plan` says. Dropping the future ends it; what has arrived by then is not sent
/// again by the next copy.
///
/// # Errors
/// Where a place fails, or content is not what its digest says. Then the destination's name
/// stands for what it stood for before.
pub async fn run(
    plan: &Plan,
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    progress: Arc<CopyProgress>,
) -> Result<Report, CopyError> {
    let started = Instant::now();
    let place = &*destination;
    let mounted = if matches!(place.reference(), Reference::Registry(_)) {
        // what lies under cosign's tags names nothing else, and waits to see whether it stays:
        // it comes first, and the rest meanwhile
        let queue = Queue::new(plan, &progress, &blobs_of_tags(plan, place));
        let tags = async {
            queue.first_there().await;
            put_tags(plan, place).await
        };
        let rest = async {
            let mounted = move_blobs(plan, &queue, &source, &destination, &progress).await?;
            put_listed(plan, place, &*source).await?;
            Ok(mounted)
        };
        try_join(rest, tags).await?.0
    } else {
        let queue = Queue::new(plan, &progress, &HashSet::new());
        let mounted = move_blobs(plan, &queue, &source, &destination, &progress).await?;
        put_children(plan, place, &*source).await?;
        put_damaged(plan, place).await?;
        put_signatures(plan, place).await?;
        put_tags(plan, place).await?;
        mounted
    };
    for document in &plan.documents {
        if let (Role::Image, Some(raw)) = (&document.role, &document.raw) {
            destination.put_manifest(raw, Naming::Own).await?;
        }
    }
    for name in plan.names.iter().filter(|name| name.moves(&plan.digest)) {
        let naming = Naming::Tag(&name.name);
        destination.put_manifest(&name.raw, naming).await?;
    }
    destination.commit().await?;
    settle::settle(plan, (&source, &destination), &progress).await?;
    let places = (source.reference(), &*destination);
    let moved = (&mounted[..], progress.sent());
    Ok(Report::new(plan, places, moved, started.elapsed()))
}

/// Moves every blob that is not there. Gives, by position in the progress, which were
/// mounted.
async fn move_blobs(
    plan: &Plan,
    queue: &Queue<'_>,
    source: &Arc<dyn Source>,
    destination: &Arc<dyn Destination>,
    progress: &Arc<CopyProgress>,
) -> Result<Vec<Digest>, CopyError> {
    let mounted = Mutex::new(Vec::new());
    let workers = (0..BLOBS_AT_ONCE).map(|worker| {
        let mounted = &mounted;
        async move {
            while let Some(next) = queue.next(worker) {
                let (blob, count) = (next.blob, &next.count);
                let way = move_blob(plan, blob, count, source, destination, progress).await?;
                queue.arrived(&next);
                if way == Mounted::Yes {
                    let mut mounted = mounted.lock().unwrap_or_else(PoisonError::into_inner);
                    mounted.push(blob.descriptor.digest.clone());
                }
            }
            Ok::<_, CopyError>(())
        }
    });
    try_join_all(workers).await?;
    Ok(mounted.into_inner().unwrap_or_else(PoisonError::into_inner))
}

pub(super) async fn move_blob(
    plan: &Plan,
    blob: &PlannedBlob,
    count: &Arc<BlobProgress>,
    source: &Arc<dyn Source>,
    destination: &Arc<dyn Destination>,
    progress: &Arc<CopyProgress>,
) -> Result<Mounted, CopyError> {
    count.is(BlobState::Running);
    let descriptor = &blob.descriptor;
    let asked = plan.options.foreign_layers && !descriptor.urls.is_empty();
    let addresses =
        asked.then(|| Arc::new(FromAddresses::new(Arc::clone(source), descriptor.clone())));
    let bytes: Arc<dyn Payload> = match &addresses {
        Some(addresses) => Arc::clone(addresses) as _,
        None => Arc::new(FromSource::new(Arc::clone(source), descriptor.clone())),
    };
    let way = loop {
        let payload = Arc::new(Counted {
            payload: Arc::clone(&bytes),
            count: Arc::clone(count),
            progress: Arc::clone(progress),
        });
        let moved = match (blob.action, &plan.mount_from, destination.mounting()) {
            (BlobAction::Mount, Some(from), Some(mounting)) => {
                mounting.mount(descriptor, from, payload).await
            }
            _ => {
                let put = destination.put_blob(descriptor, payload).await;
                put.map(|()| Mounted::Written)
            }
        };
        let failed = match (moved, &addresses) {
            (Ok(way), _) => break way,
            (Err(error), None) => Err(error),
            (Err(error), Some(addresses)) => addresses.after(error),
        };
        if let Err(error) = failed {
            return Err(explained(plan, descriptor, source, error).await);
        }
    };
    progress.stands(count, descriptor.size);
    count.is(match way {
        Mounted::Yes => BlobState::Mounted,
        Mounted::Written => BlobState::Copied,
    });
    Ok(way)
}

/// Why a blob was not moved; where the source does not have it, with the images that need
/// it.
async fn explained(
    plan: &Plan,
    blob: &Descriptor,
    source: &Arc<dyn Source>,
    error: TransportError,
) -> CopyError {
    let of_source = match source.reference() {
        Reference::Registry(image) => error.place == image.name(),
        local => error.place == text::visible(&local.to_string()),
    };
    if matches!(
        error.problem,
        Problem::WrongDigest { .. } | Problem::WrongSize { .. }
    ) {
        // seen where they were written, and the source gave them
        let place = text::visible(&source.reference().to_string()).into_owned();
        return TransportError { place, ..error }.into();
    }
    if !(error.problem.is_missing() && of_source) {
        return error.into();
    }
    let lost = Lost {
        digest: blob.digest.clone(),
        why: error.problem.to_string(),
    };
    missing::refuse(&[lost], &missing::parts(plan, &**source).await)
}

/// A payload whose bytes are counted on their way.
struct Counted {
    payload: Arc<dyn Payload>,
    count: Arc<BlobProgress>,
    progress: Arc<CopyProgress>,
}

impl Payload for Counted {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        async move {
            let stream = self.payload.open(from).await?;
            let (count, progress) = (Arc::clone(&self.count), Arc::clone(&self.progress));
            let mut at = from;
            progress.stands(&count, at);
            let counted = stream.inspect(move |piece| {
                if let Ok(piece) = piece {
                    at += piece.len() as u64;
                    progress.sends(piece.len() as u64);
                    progress.stands(&count, at);
                }
            });
            Ok(counted.boxed())
        }
        .boxed()
    }
}

/// Writes into a registry what comes before the name: everything but the image itself, and the
/// lists of referrers. The image, too, where it is one, so that what may fail comes first.
async fn put_listed(
    plan: &Plan,
    destination: &dyn Destination,
    source: &dyn Source,
) -> Result<(), CopyError> {
    put_children(plan, destination, source).await?;
    put_signatures(plan, destination).await?;
    let image = plan.documents.iter().find(|d| d.role == Role::Image);
    let image = image.and_then(|document| document.raw.as_ref());
    if let Some(raw) = image.filter(|raw| describe_referrer(raw).is_some()) {
        destination.put_manifest(raw, Naming::Digest).await?;
    }
    // without lists that are to be written nothing is asked or sent
    Ok(destination.commit().await?)
}

/// Writes everything but the image itself and what is joined: images of the index, then the
/// indexes in it, then what refers to them.
async fn put_children(
    plan: &Plan,
    destination: &dyn Destination,
    source: &dyn Source,
) -> Result<(), CopyError> {
    let written = |document: &&PlannedDocument| {
        document.role != Role::Image && !is_joined(document, destination)
    };
    let mut indexes = Vec::new();
    let mut first = Vec::new();
    let mut then = Vec::new();
    for document in plan.documents.iter().filter(written) {
        match &document.role {
            Role::Child(_) | Role::Attestation if document.media_type.is_index() => {
                indexes.push(document);
            }
            Role::Child(_) | Role::Attestation => first.push(document),
            _ => then.push(document),
        }
    }
    put_all((destination, source), first).await?;
    // one may lie in the other
    for index in indexes {
        put((destination, source), index).await?;
    }
    put_all((destination, source), then).await
}

async fn put_all(
    places: (&dyn Destination, &dyn Source),
    documents: Vec<&PlannedDocument>,
) -> Result<(), CopyError> {
    let puts: Vec<_> = documents
        .into_iter()
        .map(|document| put(places, document))
        .collect();
    let mut puts = stream::iter(puts).buffer_unordered(MANIFESTS_AT_ONCE);
    while puts.try_next().await?.is_some() {}
    Ok(())
}

fn put<'a>(
    (destination, source): (&'a dyn Destination, &'a dyn Source),
    document: &'a PlannedDocument,
) -> BoxFuture<'a, Result<(), CopyError>> {
    async move {
        let Some(raw) = &document.to_write(source).await? else {
            return Ok(());
        };
        match &document.role {
            Role::Referrer { .. } => match destination.referrer_writing() {
                Some(writing) => writing.put_referrer(raw).await?,
                None => destination.put_manifest(raw, Naming::Digest).await?,
            },
            Role::Tag { tag, .. } => destination.put_manifest(raw, Naming::Tag(tag)).await?,
            Role::Image | Role::Child(_) | Role::Attestation => {
                destination.put_manifest(raw, Naming::Digest).await?;
            }
        }
        Ok(())
    }
    .boxed()
}

/// Writes what is to be joined under its own digest, where nothing else lies under its tag: a
/// file that was damaged there is not read to join it.
async fn put_damaged(plan: &Plan, destination: &dyn Destination) -> Result<(), CopyError> {
    for document in &plan.documents {
        let damaged = is_joined(document, destination)
            && document.action != Action::Skip
            && document.replaces.is_none();
        if let Some(raw) = document.raw.as_ref().filter(|_| damaged) {
            destination.put_manifest(raw, Naming::Digest).await?;
        }
    }
    Ok(())
}

/// Whether it is written together with what others have put under its tag.
fn is_joined(document: &PlannedDocument, destination: &dyn Destination) -> bool {
    document.role.is_joined() && destination.tag_editing().is_some()
}

/// The blobs of what is joined: they must be there before it.
fn blobs_of_tags(plan: &Plan, destination: &dyn Destination) -> HashSet<Digest> {
    let joined = plan
        .documents
        .iter()
        .filter(|document| is_joined(document, destination) && document.action != Action::Skip);
    let raws = joined.filter_map(|document| document.raw.clone());
    let blobs = raws.flat_map(|raw| Document::read(raw).blobs());
    blobs.map(|blob| blob.digest).collect()
}

/// Writes the signatures that lie in files beside manifests.
async fn put_signatures(plan: &Plan, destination: &dyn Destination) -> Result<(), CopyError> {
    let Some(writing) = destination.signature_writing() else {
        return Ok(());
    };
    for set in plan.signatures.iter().filter(|s| !s.signatures.is_empty()) {
        writing
            .put_signatures(&set.manifest, set.own, set.signatures.clone())
            .await?;
    }
    Ok(())
}

/// Writes what lies under cosign's tags, all at once. What others have put there stays, and
/// whoever signs at the same time is not written over.
async fn put_tags(plan: &Plan, destination: &dyn Destination) -> Result<(), CopyError> {
    let Some(editing) = destination.tag_editing() else {
        return Ok(());
    };
    let joined = plan.documents.iter().filter_map(|document| {
        let Role::Tag { tag, .. } = &document.role else {
            return None;
        };
        let written = is_joined(document, destination) && document.action != Action::Skip;
        let raw = document.raw.as_ref().filter(|_| written)?;
        Some(TagChange {
            tag: tag.clone(),
            edit: Box::new(move |there| join(there, raw)),
        })
    });
    let sets = plan.signatures.iter().filter(|set| !set.there);
    let sets = sets.filter(|set| !set.layers.is_empty());
    let layers = sets.map(|set| TagChange {
        tag: CosignTag::Signatures.of(&set.manifest),
        edit: Box::new(move |there| append(there, &set.layers)),
    });
    let changes: Vec<_> = joined.chain(layers).collect();
    editing.edit_tags(&changes).await?;
    Ok(())
}
