//! Looking whether a place on this machine has what it lists: before a copy what was damaged
//! there, and once more when the names are written, since another program that tidies a layout
//! up takes for waste what has no name yet. And whether a registry without the referrers API lists
//! what an earlier copy left there.

use std::sync::Arc;

use crate::model::{Descriptor, Document, RawDocument, Reference, Transport};
use crate::transport::{Destination, Naming, Source, describe_referrer};

use super::belonging::Belonging;
use super::error::CopyError;
use super::plan::{Action, BlobAction, Plan, Role};
use super::progress::{BlobProgress, CopyProgress};
use super::run::move_blob;

/// How often what vanished is written again.
const TRIES: usize = 3;

/// Writes again what has vanished of a layout's folder since it was written or found there.
///
/// # Errors
/// Where it vanishes again, or a place fails.
pub(super) async fn settle(
    plan: &Plan,
    (source, destination): (&Arc<dyn Source>, &Arc<dyn Destination>),
    progress: &Arc<CopyProgress>,
) -> Result<(), CopyError> {
    match destination.reference() {
        // of what had its names before, nobody takes anything for waste
        Reference::Path(path) if path.transport == Transport::Oci && !plan.is_done() => {}
        _ => return Ok(()),
    }
    for _ in 0..TRIES {
        let mut vanished = false;
        let kept = plan.blobs.iter();
        for blob in kept.filter(|blob| blob.action != BlobAction::Leave) {
            if destination.has_blob(&blob.descriptor).await? {
                continue;
            }
            vanished = true;
            // it was counted when it was written first
            let count = Arc::new(BlobProgress::of(&blob.descriptor));
            let uncounted = Arc::new(CopyProgress::default());
            move_blob(plan, blob, &count, source, destination, &uncounted).await?;
            progress.sends(uncounted.sent());
        }
        for document in &plan.documents {
            let own = Descriptor::new(
                document.media_type.as_str(),
                document.digest.clone(),
                document.size,
            );
            // a manifest is a file as a blob is; what lies under it was seen above, but where
            // it was there before
            let there = match document.action {
                // others may have added theirs: then it has another digest
                _ if document.role.is_joined() => true,
                Action::Skip => destination.has_manifest(&own).await?,
                _ => destination.has_blob(&own).await?,
            };
            if there {
                continue;
            }
            let Some(raw) = document.to_write(&**source).await? else {
                return Err(removed());
            };
            vanished = true;
            destination.put_manifest(&raw, Naming::Digest).await?;
        }
        if !vanished {
            return Ok(());
        }
    }
    Err(removed())
}

/// Plans to write again what the destination lists and does not have whole, where that costs
/// no network to see.
pub(super) async fn write_damaged(
    destination: &dyn Destination,
    belongings: &mut [Belonging],
) -> Result<(), CopyError> {
    if !matches!(destination.reference(), Reference::Path(_)) {
        return Ok(());
    }
    for belonging in belongings {
        let document = &mut belonging.document;
        let Some(raw) = document.raw.clone() else {
            continue;
        };
        let own = Descriptor::new(
            document.media_type.as_str(),
            document.digest.clone(),
            document.size,
        );
        let there = match (&document.role, destination.tag_editing()) {
            _ if document.action != Action::Skip => true,
            // others may have added theirs: then it has another digest
            (Role::Tag { tag, .. }, Some(editing)) if document.role.is_joined() => {
                editing.under_tag(tag).await.is_ok()
            }
            _ => destination.has_manifest(&own).await?,
        };
        if !there {
            document.action = Action::Write;
            belonging.blobs = Document::read(raw).blobs();
        }
    }
    Ok(())
}

/// Plans to write again what lies under a tag of the destination and refers to something itself,
/// where the destination does not list it, as after a copy that was stopped.
pub(super) async fn write_unlisted(
    destination: &dyn Destination,
    belongings: &mut [Belonging],
) -> Result<(), CopyError> {
    for belonging in belongings {
        let document = &mut belonging.document;
        let (Role::Tag { tag, .. }, Action::Skip, Some(ours)) =
            (&document.role, document.action, &document.raw)
        else {
            continue;
        };
        if describe_referrer(ours).is_none() {
            continue;
        }
        let listed = match destination.tag_editing() {
            // others may have added theirs: then it is another one
            Some(editing) if document.role.is_joined() => match editing.under_tag(tag).await? {
                Some(there) => is_listed(destination, &there).await?,
                None => false,
            },
            _ => is_listed(destination, ours).await?,
        };
        if !listed {
            document.action = Action::Write;
        }
    }
    Ok(())
}

/// Whether the destination lists a manifest that lies there by what it refers to.
pub(super) async fn is_listed(
    destination: &dyn Destination,
    raw: &RawDocument,
) -> Result<bool, CopyError> {
    match destination.referrer_writing() {
        Some(writing) => Ok(writing.is_listed(raw).await?),
        None => Ok(true),
    }
}

fn removed() -> CopyError {
    CopyError::refused(
        "somebody else removes from the layout what is written to it",
        "Wait until the other program has tidied up, then copy again",
    )
}
