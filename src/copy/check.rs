//! Looking later whether what a copy did is still so.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{
    Descriptor, Digest, Document, Index, MediaKind, RawDocument, Reference, Transport, text,
};
use crate::transport::{BlobState, Problem, Resolved, Source, hash_blob};

use super::beside::files_of;
use super::plan::Role;
use super::report::{Report, ReportedDocument};

/// What is called so is missing in the report, and not at the destination.
pub const REPORT: &str = "report";

/// How something of a report was found later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedItem {
    /// [`REPORT`] for what is wrong with the report itself.
    pub what: String,
    pub digest: Digest,
    /// What is wrong with it; nothing where it is there and hashes to its digest.
    pub problem: Option<String>,
    /// The file that has other bytes of the right number. A copy takes it for whole, and
    /// writes it again only once it is removed.
    pub file: Option<PathBuf>,
}

/// Looks whether everything of `report` is at the destination, which `place` reads: each
/// manifest and each blob is read and hashed, also what a manifest names that was there
/// before; what an index of it has must be in the report, which says how much it listed; and
/// the name must lead to the image. So must its other names, and cosign's tags to what was put
/// there; `called` opens the destination at a name, where it has such.
/// Signatures are looked for where they were put.
pub async fn check(
    report: &Report,
    place: Arc<dyn Source>,
    called: impl Fn(&str) -> Option<Arc<dyn Source>>,
) -> Vec<CheckedItem> {
    let mut items = Vec::new();
    // such a place as keeps no manifests knows its blobs by what it lists, too
    let own = stands_for(Some(Arc::clone(&place)), &report.digest).await;
    let named = match &own {
        Ok(raw) if report.digest.matches(raw.bytes()) => None,
        Ok(raw) => Some(format!("its name stands for {} now", raw.digest())),
        Err(why) => Some(format!("its name leads nowhere: {why}")),
    };
    let mut blobs = Vec::new();
    let mut unlisted = Unlisted::of(report);
    let kept = report.documents.iter();
    for document in kept.filter(|document| document.how != "unpacked") {
        let read = match &document.tag {
            Some(tag) => match stands_for(called(tag), &document.digest).await {
                Ok(raw) => match not_under_tag(&raw, &document.digest, &document.entries) {
                    None => Ok(raw),
                    Some(why) => Err(why),
                },
                Err(why) => Err(format!("its tag leads nowhere: {why}")),
            },
            None => read(&*place, document).await,
        };
        let mut file = None;
        let problem = match read {
            Ok(raw) => {
                let read = Document::read(raw);
                unlisted.look(document, &read);
                blobs.extend(read.blobs());
                None
            }
            Err(why) => {
                file = damaged(&*place, document).await;
                Some(why)
            }
        };
        items.push(CheckedItem {
            file,
            what: format!("{} manifest", document.role),
            digest: document.digest.clone(),
            problem: problem.or_else(|| {
                named
                    .clone()
                    .filter(|_| document.role == Role::Image.name())
            }),
        });
    }
    items.extend(not_listed(report, own.as_ref().ok()));
    items.extend(no_marker(report, place.reference()));
    // where no manifest is kept, none tells that the name leads nowhere
    if items.is_empty() && own.is_err() {
        items.push(CheckedItem {
            file: None,
            what: "name".to_owned(),
            digest: report.digest.clone(),
            problem: named,
        });
    }
    // a place that keeps no manifests makes its own of what it has, for every name the same
    let made = own.as_ref().ok().filter(|_| items.is_empty());
    blobs.extend(
        made.iter()
            .flat_map(|raw| Document::read((*raw).clone()).blobs()),
    );
    let made = made.map(|raw| raw.digest().clone());
    let is_it = |raw: &RawDocument| match &made {
        Some(made) => raw.digest() == made,
        None => report.digest.matches(raw.bytes()),
    };
    for name in &report.names {
        items.push(CheckedItem {
            what: format!("name {}", text::visible(&name.name)),
            digest: report.digest.clone(),
            file: None,
            problem: match stands_for(called(&name.name), &report.digest).await {
                Ok(raw) if is_it(&raw) => None,
                Ok(raw) => Some(format!("it stands for {} now", raw.digest())),
                Err(why) => Some(format!("it leads nowhere: {why}")),
            },
        });
    }
    for signature in &report.signatures {
        let problem = match &signature.tag {
            Some(tag) => match stands_for(called(tag), &signature.digest).await {
                Ok(raw) => {
                    let entries = std::slice::from_ref(&signature.digest);
                    not_under_tag(&raw, &signature.digest, entries)
                }
                Err(why) => Some(format!("its tag leads nowhere: {why}")),
            },
            None => not_beside(&*place, &signature.manifest, &signature.digest).await,
        };
        items.push(CheckedItem {
            what: format!("signature of {}", signature.manifest.short()),
            digest: signature.digest.clone(),
            problem,
            file: None,
        });
    }
    for blob in report.blobs.iter().filter(|blob| blob.how != "left") {
        let descriptor = match &blob.stored_as {
            None => Descriptor::new(&blob.media_type, blob.digest.clone(), blob.size),
            Some(stored) => Descriptor::of_unknown_size(&blob.media_type, stored.clone()),
        };
        items.push(checked(&*place, descriptor).await);
    }
    let stored = report.blobs.iter().map(|blob| {
        let stored = blob.stored_as.as_ref();
        stored.unwrap_or(&blob.digest).clone()
    });
    let mut known: HashSet<_> = stored.collect();
    for blob in blobs {
        // such as may stay where their addresses say nobody promised
        let elsewhere = matches!(
            blob.media_type.kind(),
            MediaKind::Layer { foreign: true, .. }
        ) && !blob.urls.is_empty();
        if !elsewhere && known.insert(blob.digest.clone()) {
            items.push(checked(&*place, blob).await);
        }
    }
    items.extend(unlisted.items);
    items
}

/// What is missing in the report itself. It is not signed: this is about a slip, and not about
/// somebody who wants to deceive.
struct Unlisted<'a> {
    report: &'a Report,
    listed: HashSet<&'a Digest>,
    items: Vec<CheckedItem>,
}

impl<'a> Unlisted<'a> {
    /// What its own counts tell.
    fn of(report: &'a Report) -> Self {
        let mut items = Vec::new();
        if let Some(counts) = report.counts {
            let there = report.listed();
            for (what, there, written) in [
                ("names", there.names, counts.names),
                ("manifests", there.documents, counts.documents),
                ("blobs", there.blobs, counts.blobs),
                ("signatures", there.signatures, counts.signatures),
            ] {
                if there != written {
                    items.push(CheckedItem {
                        what: REPORT.to_owned(),
                        digest: report.digest.clone(),
                        problem: Some(format!(
                            "it lists {there} {what} and says that it listed {written}: it was changed"
                        )),
                        file: None,
                    });
                }
            }
        }
        Self {
            report,
            listed: report.documents.iter().map(|d| &d.digest).collect(),
            items,
        }
    }

    /// Looks whether everything is listed that an index of the report has at the destination, or
    /// all that came along, where it was kept without some. In reports of earlier versions the
    /// copy did not say which those are.
    fn look(&mut self, document: &ReportedDocument, read: &Document) {
        let Some(index) = read.index().filter(|_| self.report.counts.is_some()) else {
            return;
        };
        for (_, entry) in index.descriptors() {
            let copied = !self.report.sparse || document.children.contains(&entry.digest);
            let known = self.items.iter().any(|item| item.digest == entry.digest);
            if copied && !known && !self.listed.contains(&entry.digest) {
                self.items.push(CheckedItem {
                    what: REPORT.to_owned(),
                    digest: entry.digest.clone(),
                    problem: Some(format!(
                        "it does not list this manifest, which the index {} has",
                        document.digest.short()
                    )),
                    file: None,
                });
            }
        }
    }
}

/// What is missing of the image itself in the report: it lists the image and, of an index,
/// images.
fn not_listed(report: &Report, own: Option<&RawDocument>) -> Option<CheckedItem> {
    let listed: HashSet<_> = report.documents.iter().map(|d| &d.digest).collect();
    let own = own.filter(|raw| report.digest.matches(raw.bytes()));
    let own = own.map(|raw| Document::read(raw.clone()));
    let index = own.as_ref().and_then(Document::index);
    let mut entries = index.into_iter().flat_map(Index::descriptors).peekable();
    let problem = if !listed.contains(&report.digest) {
        "it does not list the image"
    } else if entries.peek().is_some() && !entries.any(|(_, entry)| listed.contains(&entry.digest))
    {
        "it lists none of the images of the index"
    } else {
        return None;
    };
    Some(CheckedItem {
        what: REPORT.to_owned(),
        digest: report.digest.clone(),
        problem: Some(problem.to_owned()),
        file: None,
    })
}

/// That a folder says of itself that it is a layout, which image-spec `image-layout.md` has
/// every layout do.
fn no_marker(report: &Report, place: &Reference) -> Option<CheckedItem> {
    let Reference::Path(folder) = place else {
        return None;
    };
    let is_layout = folder.transport == Transport::Oci;
    let missing = is_layout && !folder.path.join("oci-layout").is_file();
    missing.then(|| CheckedItem {
        what: "file oci-layout".to_owned(),
        digest: report.digest.clone(),
        problem: Some("it is not there, and every layout has one".to_owned()),
        file: None,
    })
}

/// The file of a manifest that is there with other bytes.
async fn damaged(place: &dyn Source, document: &ReportedDocument) -> Option<PathBuf> {
    let file = file_of(place, &document.digest)?;
    let own = Descriptor::new(&document.media_type, document.digest.clone(), document.size);
    let is_other = matches!(
        hash_blob(place, &own, |_| ()).await,
        Ok(BlobState::WrongDigest { .. } | BlobState::WrongSize { .. })
    );
    is_other.then_some(file)
}

/// The document that the name of `place` stands for, or why there is none. Where several have
/// no name, the one that is `wanted` of them.
async fn stands_for(
    place: Option<Arc<dyn Source>>,
    wanted: &Digest,
) -> Result<RawDocument, String> {
    let Some(place) = place else {
        let what = "such a name";
        return Err(Problem::CannotHold { what }.to_string());
    };
    match place.resolve().await {
        Ok(Resolved::Document { raw, .. }) => Ok(raw),
        Ok(Resolved::Several(images)) => {
            let mut descriptors = images.iter().map(|image| &image.descriptor);
            let Some(image) = descriptors.find(|image| image.digest == *wanted) else {
                return Err(format!("it is none of the {} images there", images.len()));
            };
            let read = place.manifest(image).await;
            read.map_err(|error| error.problem.to_string())
        }
        Err(error) => Err(error.problem.to_string()),
    }
}

/// A document of a report, hashed, or why there is none.
async fn read(place: &dyn Source, document: &ReportedDocument) -> Result<RawDocument, String> {
    let descriptor = Descriptor::new(&document.media_type, document.digest.clone(), document.size);
    let read = place.manifest(&descriptor).await;
    read.map_err(|error| error.problem.to_string())
}

/// What is wrong with `raw`, which lies under a tag where `digest` was put, or joined with it:
/// others may have added theirs since then.
fn not_under_tag(raw: &RawDocument, digest: &Digest, entries: &[Digest]) -> Option<String> {
    if digest.matches(raw.bytes()) {
        return None;
    }
    let found = raw.digest().clone();
    let document = Document::read(raw.clone());
    let layers = document.manifest().map(|manifest| &manifest.layers);
    let layers: HashSet<_> = layers.into_iter().flatten().map(|l| &l.digest).collect();
    let has_all = !entries.is_empty() && entries.iter().all(|entry| layers.contains(entry));
    (!has_all).then(|| format!("its tag stands for {found} now, which does not have it"))
}

/// What is wrong with a signature that was put into a file beside `manifest`.
async fn not_beside(place: &dyn Source, manifest: &Digest, digest: &Digest) -> Option<String> {
    let Some((files, _)) = files_of(place) else {
        return Some("this place has no signatures in files, as it is read here".to_owned());
    };
    match files.signatures(manifest).await {
        Ok(there) if there.iter().any(|file| digest.matches(file)) => None,
        Ok(there) => Some(format!("it is none of the {} that are there", there.len())),
        Err(error) => Some(error.problem.to_string()),
    }
}

async fn checked(place: &dyn Source, descriptor: Descriptor) -> CheckedItem {
    let mut file = None;
    let problem = match hash_blob(place, &descriptor, |_| ()).await {
        Ok(BlobState::Verified) => None,
        Ok(BlobState::WrongDigest { found }) => {
            file = file_of(place, &descriptor.digest);
            Some(format!("its bytes hash to {found}"))
        }
        Ok(BlobState::WrongSize { expected, found }) => {
            Some(format!("it has {found} bytes, not {expected}"))
        }
        Ok(_) => Some("it could not be read".to_owned()),
        Err(error) => Some(error.problem.to_string()),
    };
    CheckedItem {
        what: "blob".to_owned(),
        digest: descriptor.digest,
        problem,
        file,
    }
}

/// The file of a blob, where the place is a layout's folder or a flat one.
fn file_of(place: &dyn Source, digest: &Digest) -> Option<PathBuf> {
    let Reference::Path(folder) = place.reference() else {
        return None;
    };
    let (algorithm, hex) = (digest.algorithm().name(), digest.hex());
    let names = match folder.transport {
        Transport::Oci => [format!("blobs/{algorithm}/{hex}")].to_vec(),
        Transport::Dir => [hex.to_owned(), format!("{algorithm}-{hex}")].to_vec(),
        _ => Vec::new(),
    };
    let mut files = names.iter().map(|name| folder.path.join(name));
    files.find(|file| file.is_file())
}
