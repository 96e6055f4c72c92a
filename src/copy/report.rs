//! What a copy did, to be kept, and to be checked later.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Descriptor, Digest};
use crate::transport::{BlobState, Destination, Resolved, Source, hash_blob};

use super::plan::{Action, BlobAction, Plan, Role};

/// What a copy did. Everything in it can be checked later with [`check`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub source: String,
    pub destination: String,
    /// What was copied, as the source had it.
    pub from: Digest,
    /// What the destination's name stands for now.
    pub digest: Digest,
    /// What it stood for before.
    pub replaced: Option<Digest>,
    pub documents: Vec<ReportedDocument>,
    pub blobs: Vec<ReportedBlob>,
    /// How many signatures were put beside manifests.
    pub signatures: usize,
    pub left_behind: Vec<Left>,
    /// Bytes of blobs and documents that were sent.
    pub bytes_sent: u64,
    pub milliseconds: u64,
}

/// A manifest or index at the destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedDocument {
    pub digest: Digest,
    pub media_type: String,
    pub size: u64,
    pub role: String,
    /// `written`, `converted` or `present`; `unpacked` where the place keeps config and
    /// layers only.
    pub how: String,
    /// What it was made of, where it was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Digest>,
}

/// A blob at the destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedBlob {
    pub digest: Digest,
    pub media_type: String,
    pub size: u64,
    /// `copied`, `mounted`, `present`, or `left` where its addresses say.
    pub how: String,
    /// The digest that it has there, where it is stored in another form: unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_as: Option<Digest>,
}

/// Something that did not come along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    pub what: String,
    pub digest: Option<Digest>,
    pub why: String,
}

/// How something of a report was found later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedItem {
    pub what: String,
    pub digest: Digest,
    /// What is wrong with it; nothing where it is there and hashes to its digest.
    pub problem: Option<String>,
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        destination: &dyn Destination,
        mounted: &[Digest],
        took: Duration,
    ) -> Self {
        let keeps_manifests = destination.takes().manifests;
        let documents = plan.documents.iter().map(|document| ReportedDocument {
            digest: document.digest.clone(),
            media_type: document.media_type.to_string(),
            size: document.size,
            role: document.role.name().to_owned(),
            how: match document.action {
                _ if !keeps_manifests => "unpacked",
                Action::Skip => "present",
                Action::Write => "written",
                Action::Convert => "converted",
            }
            .to_owned(),
            from: document.from.clone(),
        });
        let documents: Vec<_> = documents.collect();
        let mounted: HashSet<_> = mounted.iter().collect();
        let blobs = plan.blobs.iter().map(|blob| ReportedBlob {
            digest: blob.descriptor.digest.clone(),
            media_type: blob.descriptor.media_type.to_string(),
            size: blob.descriptor.size,
            how: match blob.action {
                BlobAction::Skip => "present",
                BlobAction::Leave => "left",
                _ if mounted.contains(&blob.descriptor.digest) => "mounted",
                BlobAction::Mount | BlobAction::Copy => "copied",
            }
            .to_owned(),
            stored_as: destination.stored_as(&blob.descriptor.digest),
        });
        let blobs: Vec<_> = blobs.collect();
        let sent = blobs.iter().filter(|blob| blob.how == "copied");
        let sent: u64 = sent.map(|blob| blob.size).sum();
        let written = documents
            .iter()
            .filter(|document| !matches!(document.how.as_str(), "present" | "unpacked"));
        let written: u64 = written.map(|document| document.size).sum();
        let left = plan.left_behind.iter().map(|left| Left {
            what: left.what.clone(),
            digest: left.digest.clone(),
            why: left.why.clone(),
        });
        Self {
            source: plan.source.clone(),
            destination: plan.destination.clone(),
            from: plan.from.clone(),
            digest: plan.digest.clone(),
            replaced: plan.replaces.clone().filter(|there| *there != plan.digest),
            documents,
            blobs,
            signatures: plan.signatures.iter().map(|set| set.count()).sum(),
            left_behind: left.collect(),
            bytes_sent: sent + written,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Looks whether everything of `report` is at the destination, which `place` reads: each
/// manifest and each blob is read and hashed, and the name must lead to the image.
pub async fn check(report: &Report, place: Arc<dyn Source>) -> Vec<CheckedItem> {
    let mut items = Vec::new();
    // such a place as keeps no manifests knows its blobs by what it lists, too
    let resolved = place.resolve().await;
    let named = match &resolved {
        Ok(Resolved::Document { raw, .. }) if *raw.digest() != report.digest => {
            Some(format!("its name stands for {} now", raw.digest()))
        }
        Ok(_) => None,
        Err(error) => Some(format!("its name leads nowhere: {}", error.problem)),
    };
    let kept = report.documents.iter();
    for document in kept.filter(|document| document.how != "unpacked") {
        let descriptor =
            Descriptor::new(&document.media_type, document.digest.clone(), document.size);
        let read = place.manifest(&descriptor).await;
        items.push(CheckedItem {
            what: format!("{} manifest", document.role),
            digest: document.digest.clone(),
            problem: match read {
                Err(error) => Some(error.problem.to_string()),
                Ok(_) if document.role == Role::Image.name() => named.clone(),
                Ok(_) => None,
            },
        });
    }
    // where no manifest is kept, none tells that the name leads nowhere
    if items.is_empty() && resolved.is_err() {
        items.push(CheckedItem {
            what: "name".to_owned(),
            digest: report.digest.clone(),
            problem: named,
        });
    }
    for blob in report.blobs.iter().filter(|blob| blob.how != "left") {
        let descriptor = match &blob.stored_as {
            None => Descriptor::new(&blob.media_type, blob.digest.clone(), blob.size),
            Some(stored) => Descriptor::of_unknown_size(&blob.media_type, stored.clone()),
        };
        let problem = match hash_blob(&*place, &descriptor, |_| ()).await {
            Ok(BlobState::Verified) => None,
            Ok(BlobState::WrongDigest { found }) => Some(format!("its bytes hash to {found}")),
            Ok(BlobState::WrongSize { expected, found }) => {
                Some(format!("it has {found} bytes, not {expected}"))
            }
            Ok(_) => Some("it could not be read".to_owned()),
            Err(error) => Some(error.problem.to_string()),
        };
        items.push(CheckedItem {
            what: "blob".to_owned(),
            digest: descriptor.digest,
            problem,
        });
    }
    items
}
