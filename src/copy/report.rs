//! What a copy did, to be kept, and to be checked later.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{CosignTag, Digest, Document, PathReference, Reference, RegistryReference};
use crate::transport::Destination;

use super::plan::{Action, BlobAction, Plan, PlannedDocument, Role};

/// What a copy did. Everything in it can be checked later ([`check`](super::check())).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Where it was read and written, as references. Paths are whole.
    pub source: String,
    pub destination: String,
    /// What was copied, as the source had it.
    pub from: Digest,
    /// What the destination's name stands for now.
    pub digest: Digest,
    /// What it stood for before.
    pub replaced: Option<Digest>,
    /// What it is called there besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<ReportedName>,
    pub documents: Vec<ReportedDocument>,
    /// Those that were looked at. What a manifest names that was there already is not among
    /// them: the manifest says it to whoever checks.
    pub blobs: Vec<ReportedBlob>,
    /// Signatures that were files at one of the two places.
    pub signatures: Vec<ReportedSignature>,
    pub left_behind: Vec<Left>,
    /// Whether an index was kept as it is without all that it lists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sparse: bool,
    /// How much is listed above, so that it is seen where something is missing; nothing in
    /// reports of earlier versions. Nobody signs a report: whoever wants to can change this too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// The repository that blobs were mounted from, where any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounted_from: Option<String>,
    /// Bytes of blobs and documents that were sent, as often as they were; not those of a
    /// blob that an earlier copy had sent already. Where layers are unpacked, those of the
    /// archive that was written.
    pub bytes_sent: u64,
    pub milliseconds: u64,
}

/// How much a report lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub names: usize,
    pub documents: usize,
    pub blobs: usize,
    pub signatures: usize,
}

/// Another name of the image at the destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedName {
    pub name: String,
    /// What it stood for before.
    pub replaced: Option<Digest>,
}

/// A manifest or index at the destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedDocument {
    pub digest: Digest,
    pub media_type: String,
    pub size: u64,
    pub role: String,
    /// The same for people, with its platform or tag; empty in reports of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// `written`, `converted` or `present`; `unpacked` where the place keeps config and
    /// layers only.
    pub how: String,
    /// What it was made of, where it was converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Digest>,
    /// The tag that it lies under, where nothing else says what it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What an index lists of what was copied with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Digest>,
    /// Its layers, where others keep theirs in the same list: that list may grow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Digest>,
}

/// A signature at the destination that was kept in a file at the source, or is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedSignature {
    /// What it signs.
    pub manifest: Digest,
    /// The SHA-256 of the file; of what was signed where it lies under a tag.
    pub digest: Digest,
    /// Cosign's tag, where it lies under that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
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

impl Report {
    pub(super) fn new(
        plan: &Plan,
        (source, destination): (&Reference, &dyn Destination),
        (mounted, sent): (&[Digest], u64),
        took: Duration,
    ) -> Self {
        let keeps_manifests = destination.takes().manifests;
        let documents = plan.documents.iter().map(|document| ReportedDocument {
            digest: document.digest.clone(),
            media_type: document.media_type.to_string(),
            size: document.size,
            role: document.role.name().to_owned(),
            what: document.role.describe(),
            how: match document.action {
                _ if !keeps_manifests => "unpacked",
                Action::Skip => "present",
                Action::Write => "written",
                Action::Convert => "converted",
            }
            .to_owned(),
            from: document.from.clone(),
            tag: match &document.role {
                Role::Tag { tag, .. } => Some(tag.clone()),
                _ => None,
            },
            children: document.children.clone(),
            entries: entries(document),
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
        let written = documents
            .iter()
            .filter(|document| !matches!(document.how.as_str(), "present" | "unpacked"));
        let written: u64 = written.map(|document| document.size).sum();
        let names = plan.names.iter().map(|name| ReportedName {
            name: name.name.clone(),
            replaced: name.replaces.clone().filter(|_| name.moves(&plan.digest)),
        });
        let left = plan.left_behind.iter().map(|left| Left {
            what: left.what.clone(),
            digest: left.digest.clone(),
            why: left.why.clone(),
        });
        let mut report = Self {
            source: from_anywhere(source),
            destination: from_anywhere(destination.reference()),
            from: plan.from.clone(),
            digest: plan.digest.clone(),
            replaced: plan.replaces.clone().filter(|there| *there != plan.digest),
            names: names.collect(),
            documents,
            blobs,
            signatures: signatures(plan),
            left_behind: left.collect(),
            mounted_from: plan
                .mounts()
                .filter(|_| !mounted.is_empty())
                .map(RegistryReference::name),
            bytes_sent: destination.written().unwrap_or(sent + written),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            sparse: plan.options.sparse,
            counts: None,
        };
        report.counts = Some(report.listed());
        report
    }

    /// How much it lists.
    pub(super) const fn listed(&self) -> Counts {
        Counts {
            names: self.names.len(),
            documents: self.documents.len(),
            blobs: self.blobs.len(),
            signatures: self.signatures.len(),
        }
    }
}

/// A reference that means the same in whatever folder it is read.
fn from_anywhere(reference: &Reference) -> String {
    let Reference::Path(place) = reference else {
        return reference.to_string();
    };
    let path = std::path::absolute(&place.path).unwrap_or_else(|_| place.path.clone());
    let place = PathReference {
        path,
        ..place.clone()
    };
    Reference::Path(place).to_string()
}

/// The layers of what is joined with what others put under its tag.
fn entries(document: &PlannedDocument) -> Vec<Digest> {
    let joined = document.raw.as_ref().filter(|_| document.role.is_joined());
    let joined = joined.map(|raw| Document::read(raw.clone()));
    let manifest = joined.as_ref().and_then(Document::manifest);
    let layers = manifest.into_iter().flat_map(|manifest| &manifest.layers);
    layers.map(|layer| layer.digest.clone()).collect()
}

fn signatures(plan: &Plan) -> Vec<ReportedSignature> {
    let mut reported = Vec::new();
    for set in &plan.signatures {
        let files = set.signatures.iter().map(|file| ReportedSignature {
            manifest: set.manifest.clone(),
            digest: Digest::sha256(file),
            tag: None,
        });
        reported.extend(files);
        let layers = set.layers.iter().map(|(layer, _)| ReportedSignature {
            manifest: set.manifest.clone(),
            digest: layer.digest.clone(),
            tag: Some(CosignTag::Signatures.of(&set.manifest)),
        });
        reported.extend(layers);
    }
    reported
}
