//! The image that something is added to: resolved once, with what it lists.

use std::sync::Arc;

use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::model::{Descriptor, Document, MediaType, Reference, Transport, limits, text};
use crate::signature::images;
use crate::transport::{self, Destination, Located, Resolved, SignatureFolder, Source};

/// An image, and how it can be added to.
#[derive(Clone)]
pub(super) struct Target {
    pub reference: Reference,
    pub source: Arc<dyn Source>,
    /// Where documents go; nothing where the place takes none.
    pub documents: Option<Arc<dyn Destination>>,
    /// Where signatures in files go, where the place itself has such.
    pub beside: Option<Arc<SignatureFolder>>,
    pub root: Descriptor,
    pub subjects: Vec<Subject>,
}

/// One manifest or index that something is added to.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub descriptor: Descriptor,
    pub label: String,
}

impl Target {
    /// Resolves `input` once, and reads everything that it lists where `recursive` asks for
    /// it: what is not there is not signed.
    pub async fn find(shared: &Shared, input: &str, recursive: bool) -> Result<Self, Failure> {
        let Located { reference, .. } = transport::locate(input).map_err(Failure::from)?;
        let source = transport::open(&reference, &shared.client);
        let raw = match source.resolve().await? {
            Resolved::Document { raw, .. } => raw,
            Resolved::Several(images) => {
                let names: Vec<_> = images.iter().map(|i| i.name.to_string()).take(12).collect();
                let names = names.join(", ");
                return Err(Failure::refused(
                    format!("{input} holds {} images", images.len()),
                    format!("Add one of their names: {}", text::visible(&names)),
                ));
            }
        };
        let document = Document::read(raw.clone());
        if let Some(problem) = document.problem() {
            return Err(Failure::refused(
                format!("{input} cannot be signed or added to: {problem}"),
                "Look first at what it says (porthole inspect --raw)",
            ));
        }
        let root = descriptor(&document);
        let label = if document.index().is_some() {
            "index"
        } else {
            "image"
        };
        let mut subjects = vec![Subject {
            descriptor: root.clone(),
            label: label.to_owned(),
        }];
        if recursive {
            below(&*source, &document, &mut subjects).await?;
        }
        let documents = transport::open_destination(&reference, &shared.client).ok();
        if let Some(documents) = documents.filter(|documents| documents.gathers()) {
            // what nothing can be added to is told before anything is signed; another one is
            // written to, which sees the place as it is by then
            documents.has_manifest(&root).await?;
        }
        let beside = match &reference {
            Reference::Path(path) if path.transport == Transport::Dir => {
                Some(Arc::new(SignatureFolder::directory(path.path.clone())))
            }
            _ => None,
        };
        Ok(Self {
            documents: transport::open_destination(&reference, &shared.client).ok(),
            beside,
            reference,
            source,
            root,
            subjects,
        })
    }

    /// The same image, with the place opened anew: an archive's holds what was gathered for
    /// it, and how the archive was when it was opened.
    pub fn afresh(&self, shared: &Shared) -> Self {
        Self {
            documents: transport::open_destination(&self.reference, &shared.client).ok(),
            ..self.clone()
        }
    }

    /// The repository, as signed payloads name it; nothing for an image that is in none.
    pub fn repository(&self) -> Option<String> {
        let Reference::Registry(image) = &self.reference else {
            return None;
        };
        // as go-containerregistry, and so cosign, names Docker Hub
        Some(match image.host() {
            "docker.io" => format!("index.docker.io/{}", image.repository()),
            host => format!("{host}/{}", image.repository()),
        })
    }

    /// The image's whole name without its transport; nothing where it is in no registry.
    pub fn name(&self) -> Option<String> {
        match &self.reference {
            Reference::Registry(image) => Some(image.to_string()),
            _ => None,
        }
    }

    /// Whether this is the image that the reference names, and not one that it lists.
    pub fn is_root(&self, subject: &Descriptor) -> bool {
        subject.digest == self.root.digest
    }
}

fn descriptor(document: &Document) -> Descriptor {
    let raw = document.raw();
    let media_type = document.media_type().as_str();
    Descriptor::new(media_type, raw.digest().clone(), raw.size())
}

/// Adds what an index lists, and what the indexes that it lists do; attestations are none.
async fn below(
    source: &dyn Source,
    root: &Document,
    subjects: &mut Vec<Subject>,
) -> Result<(), Failure> {
    let mut waiting = vec![(root.clone(), 0)];
    while let Some((document, depth)) = waiting.pop() {
        if document.index().is_none() {
            continue;
        }
        let images = images(&document).map_err(|unclear| {
            Failure::refused(
                format!("the images of the index cannot all be signed: {unclear}"),
                unclear.hint(),
            )
        })?;
        for (_, entry) in images {
            if subjects.iter().any(|s| s.descriptor.digest == entry.digest) {
                continue;
            }
            if subjects.len() > limits::TREE_REFERRERS || depth >= limits::INDEX_DEPTH {
                return Err(Failure::refused(
                    "the index lists more than can be signed at once",
                    "Sign its parts one by one",
                ));
            }
            let raw = source.manifest(entry).await?;
            let media_type = match entry.media_type.as_str() {
                "" => raw.media_type().clone(),
                _ => entry.media_type.clone(),
            };
            let descriptor = Descriptor {
                media_type: MediaType::new(media_type.as_str()),
                ..Descriptor::new("", raw.digest().clone(), raw.size())
            };
            let platform = entry.platform.as_ref().map(ToString::to_string);
            let label = platform.unwrap_or_else(|| entry.digest.short());
            subjects.push(Subject { descriptor, label });
            waiting.push((Document::read(raw), depth + 1));
        }
    }
    Ok(())
}
