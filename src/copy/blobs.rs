//! What becomes of each blob of a copy: it is there, is mounted, is copied, or stays where it is.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::model::{Descriptor, MediaKind, RegistryReference};
use crate::transport::{BlobState, Destination, Source};

use super::belonging::Belonging;
use super::error::CopyError;
use super::gather::Node;
use super::missing::{self, Lost, Part};
use super::options::CopyOptions;
use super::plan::{BlobAction, PlannedBlob};
use super::planner::AT_ONCE;

/// What is to be done with each blob.
pub(super) async fn blobs<'a>(
    source: &Arc<dyn Source>,
    destination: &dyn Destination,
    options: &CopyOptions,
    (nodes, belongings): (&[&'a Node], &'a [Belonging]),
    mount_from: Option<&RegistryReference>,
) -> Result<Vec<PlannedBlob>, CopyError> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for blob in nodes.iter().flat_map(|node| &node.blobs) {
        if seen.insert(&blob.digest) {
            order.push(blob.as_ref());
        }
    }
    for blob in belongings.iter().flat_map(Belonging::all_blobs) {
        if seen.insert(&blob.digest) {
            order.push(blob);
        }
    }
    let mut looked = Vec::with_capacity(order.len());
    for blob in order {
        looked.push(async move {
            let foreign = matches!(
                blob.media_type.kind(),
                MediaKind::Layer { foreign: true, .. }
            );
            let action = if foreign && !blob.urls.is_empty() && !options.foreign_layers {
                BlobAction::Leave
            } else {
                let (there, here) = join(destination.has_blob(blob), not_there(source, blob)).await;
                match (there?, here) {
                    (true, _) => BlobAction::Skip,
                    (false, Some(why)) => {
                        let digest = blob.digest.clone();
                        return Ok(Err(Lost { digest, why }));
                    }
                    (false, None) if mount_from.is_some() => BlobAction::Mount,
                    (false, None) => BlobAction::Copy,
                }
            };
            Ok::<_, CopyError>(Ok(PlannedBlob {
                descriptor: blob.clone(),
                action,
            }))
        });
    }
    let looked: Vec<_> = stream::iter(looked).buffered(AT_ONCE).try_collect().await?;
    let (mut planned, mut lost) = (Vec::with_capacity(looked.len()), Vec::new());
    for one in looked {
        match one {
            Ok(blob) => planned.push(blob),
            Err(one) => lost.push(one),
        }
    }
    if lost.is_empty() {
        return Ok(planned);
    }
    let parts = nodes.iter().map(|node| Part {
        role: node.role.clone(),
        media_type: node.from.media_type.clone(),
        digest: node.from.digest.clone(),
        subject: missing::subject(&node.from),
        blobs: node.blobs.iter().map(|blob| blob.digest.clone()).collect(),
    });
    let beside = belongings.iter().map(|belonging| Part {
        role: belonging.document.role.clone(),
        media_type: belonging.document.media_type.clone(),
        digest: belonging.document.digest.clone(),
        subject: None,
        blobs: belonging
            .all_blobs()
            .into_iter()
            .map(|blob| blob.digest.clone())
            .collect(),
    });
    let parts: Vec<_> = parts.chain(beside).collect();
    Err(missing::refuse(&lost, &parts))
}

/// Why a blob cannot be had from the source, where that costs nothing to see.
async fn not_there(source: &Arc<dyn Source>, blob: &Descriptor) -> Option<String> {
    match source.blob_check()?.presence(blob).await {
        BlobState::Missing => Some("it is not there".to_owned()),
        BlobState::WrongSize { expected, found } => {
            Some(format!("it has {found} bytes, not {expected}"))
        }
        _ => None,
    }
}
