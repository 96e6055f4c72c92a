//! Reading what is to be copied: the image, the chosen images of its index, and what they
//! become.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::model::{
    ArtifactManifest, Content, Descriptor, Digest, Document, Index, MediaKind, Platform,
    RawDocument, annotation, limits,
};
use crate::transport::{Destination, Source};

use super::chosen::{Seen, inside, too_deep};
use super::convert;
use super::error::{Attached, CopyError};
use super::kept::Kept;
use super::missing;
use super::options::{CopyOptions, Format, Wanted};
use super::plan::Role;
use super::settle;

/// How many manifests are read at once.
const AT_ONCE: usize = 8;

/// A manifest or index of the copy.
pub(super) struct Node {
    /// As the source has it.
    pub from: Descriptor,
    /// What is written; nothing where it is there already, or is read again then.
    pub raw: Option<RawDocument>,
    /// Whether it is read again when it is written.
    pub later: bool,
    pub role: Role,
    pub children: Vec<Node>,
    /// Config and layers. Images of an index have most in common.
    pub blobs: Vec<Arc<Descriptor>>,
}

/// What reading needs.
pub(super) struct Gather<'a> {
    pub source: &'a Arc<dyn Source>,
    pub destination: &'a Arc<dyn Destination>,
    pub options: &'a CopyOptions,
    /// What is wanted of an index; nothing for all of it.
    pub wanted: Option<Vec<Wanted>>,
    pub seen: Mutex<Seen>,
    pub kept: Kept,
    /// Whether what is there may not be listed by what it refers to: it lies in a registry, and
    /// no copy of the whole has ended there.
    pub unlisted: bool,
}

impl Node {
    /// A manifest that lies at the destination, with all that it names.
    const fn there(from: Descriptor, role: Role) -> Self {
        Self {
            from,
            raw: None,
            later: false,
            role,
            children: Vec::new(),
            blobs: Vec::new(),
        }
    }

    /// The digest at the destination.
    pub fn digest(&self) -> &Digest {
        self.raw
            .as_ref()
            .map_or(&self.from.digest, RawDocument::digest)
    }

    /// The digest of its config, where it is an image and is written.
    pub fn config(&self) -> Option<Digest> {
        let document = Document::read(self.raw.clone()?);
        Some(document.manifest()?.config.digest.clone())
    }

    /// Whether it is not what the source has, byte for byte.
    pub fn changed(&self) -> bool {
        *self.digest() != self.from.digest
    }

    /// The digests of what it lists and is copied with it.
    pub fn listed(&self) -> impl Iterator<Item = Digest> {
        self.children.iter().map(|child| child.digest().clone())
    }

    /// It and everything under it, children first.
    pub fn walk<'a>(&'a self, into: &mut Vec<&'a Self>) {
        for child in &self.children {
            child.walk(into);
        }
        into.push(self);
    }
}

impl Gather<'_> {
    /// The image itself, from its root document. Where the place holds no index, the one
    /// image of it that is wanted.
    pub async fn root(&self, raw: RawDocument) -> Result<Node, CopyError> {
        let document = Document::read(raw);
        if let Some(index) = document.index().filter(|_| self.writes_one()) {
            let entry = self.single(index).await?;
            let raw = self.source.manifest(&entry).await?;
            let place = (Role::Image, self.wanted(), 1);
            return self.document(entry, Document::read(raw), place).await;
        }
        let from = Descriptor::new(
            document.media_type().as_str(),
            document.raw().digest().clone(),
            document.raw().size(),
        );
        let is_index = document.index().is_some();
        let place = (Role::Image, self.wanted(), 0);
        let root = self.document(from, document, place).await?;
        if is_index {
            self.all_found()?;
        }
        Ok(root)
    }

    /// What a document becomes: a manifest, or an index with what it lists.
    pub fn document<'b>(
        &'b self,
        from: Descriptor,
        document: Document,
        (role, wanted, depth): (Role, Option<&'b [Wanted]>, usize),
    ) -> BoxFuture<'b, Result<Node, CopyError>> {
        async move {
            if matches!(
                document.media_type().kind(),
                MediaKind::DockerSchema1 | MediaKind::DockerSchema1Signed
            ) {
                return Err(CopyError::refused(
                    format!(
                        "manifest {} is of Docker's schema 1, which is not copied: converting it comes later",
                        from.digest
                    ),
                    "Pull it with docker and push it again, which writes it anew",
                ));
            }
            match document.content() {
                Content::Index(_) => self.index(from, &document, (role, wanted, depth)).await,
                Content::Manifest(_) => self.manifest(from, &document, role),
                Content::Unknown if ArtifactManifest::is_type(document.media_type()) => {
                    self.artifact(from, &document, role)
                }
                Content::Unknown => Err(CopyError::refused(
                    format!(
                        "manifest {} is of the type {}, which is not copied",
                        from.digest,
                        document.media_type()
                    ),
                    "Copy OCI or Docker images",
                )),
                Content::Invalid(error) => Err(CopyError::refused(
                    format!("manifest {} cannot be read: {error}", from.digest),
                    "Copy the image again from where it came",
                )),
            }
        }
        .boxed()
    }

    fn manifest(
        &self,
        from: Descriptor,
        document: &Document,
        role: Role,
    ) -> Result<Node, CopyError> {
        let manifest = document
            .manifest()
            .expect("the caller has seen that it is one");
        let raw = if self.options.format.changes(document.media_type()) {
            let converted = convert::manifest(document, self.options.format);
            converted.map_err(|why| self.not_converted(&role, &why))?
        } else {
            document.raw().clone()
        };
        let mut seen = HashSet::new();
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        let blobs = blobs.filter(|blob| seen.insert(&blob.digest));
        Ok(Node {
            from,
            raw: Some(raw),
            later: false,
            role,
            children: Vec::new(),
            blobs: self.kept.shared(blobs),
        })
    }

    fn not_converted(&self, role: &Role, why: &str) -> CopyError {
        let why = format!(
            "{} cannot be written in the format {}: {why}",
            role.describe(),
            self.options.format.name()
        );
        match role {
            Role::Attestation => CopyError::Stuck {
                why,
                hint: "Leave attestations out (--no-referrers), or keep the format".to_owned(),
                what: Attached::Everything,
            },
            _ => CopyError::refused(why, "Keep the format (--format keep)"),
        }
    }

    /// An artifact manifest of the drafts: it is copied as it is, or not at all.
    fn artifact(
        &self,
        from: Descriptor,
        document: &Document,
        role: Role,
    ) -> Result<Node, CopyError> {
        let refuse = |why: &str| {
            CopyError::refused(
                format!("{} {why}", role.describe()),
                "Keep the format (--format keep), or leave it out",
            )
        };
        if self.options.format != Format::Keep {
            return Err(refuse("is an artifact manifest, of which no other is made"));
        }
        let artifact = ArtifactManifest::read(document);
        if artifact.is_cut {
            return Err(refuse("names blobs that cannot be read"));
        }
        Ok(Node {
            from,
            raw: Some(document.raw().clone()),
            later: false,
            role,
            children: Vec::new(),
            blobs: self.kept.shared(artifact.blobs.iter()),
        })
    }

    async fn index(
        &self,
        from: Descriptor,
        document: &Document,
        (role, wanted, depth): (Role, Option<&[Wanted]>, usize),
    ) -> Result<Node, CopyError> {
        let index = document
            .index()
            .expect("the caller has seen that it is one");
        if depth >= limits::INDEX_DEPTH {
            return Err(too_deep());
        }
        let chosen = self.chosen(index, wanted);
        self.count(chosen.len())?;
        let mut reads = Vec::with_capacity(chosen.len());
        for position in &chosen {
            let entry = index.entries[*position].clone().map_err(|problem| {
                CopyError::refused(
                    format!("entry {position} of the index cannot be read: {problem}"),
                    "Choose the images that can be read (--platform OS/ARCH)",
                )
            })?;
            let wanted = inside(&entry, wanted);
            reads.push(self.child(entry, wanted, depth + 1).boxed());
        }
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let mut read: Vec<_> = chosen.into_iter().zip(read).collect();
        self.leave_out(index, wanted, &mut read);
        let missing = read.iter().filter_map(|(_, child)| child.as_ref().err());
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() && !self.options.sparse {
            let names: Vec<_> = missing.iter().map(|entry| named_in(index, entry)).collect();
            let lost: HashSet<_> = missing.iter().map(|entry| &entry.digest).collect();
            // what is about an image that is lost itself stays with it
            let beside = missing.iter().any(|entry| {
                let about = missing::subject(entry);
                entry.is_buildkit_attestation() && !about.is_some_and(|of| lost.contains(&of))
            });
            let mut whole = Vec::new();
            for child in read.iter().filter_map(|(_, child)| child.as_ref().ok()) {
                child.walk(&mut whole);
            }
            let whole = whole.iter().filter_map(|node| {
                let offered = missing::offered(&node.role, &node.from.media_type);
                offered.map(|platform| (platform, &node.from.digest))
            });
            return Err(missing::without(
                format!("the source does not have {}", names.join(", ")),
                whole,
                beside,
            ));
        }
        let whole = read.len() == index.entries.len();
        let mut there = read.iter().filter_map(|(_, child)| child.as_ref().ok());
        let changed = there.any(Node::changed);
        let positions: Vec<_> = read.iter().map(|(position, _)| *position).collect();
        self.not_chosen(index, &positions);
        let kind = convert::index_type(index, &positions, self.options.format);
        let kind = kind.map_err(|why| self.not_converted(&role, &why))?;
        let keep = kind.is_none() && !changed && (whole || self.options.sparse);
        // where something is wanted that is not there, that is said later
        if !keep && read.is_empty() && wanted.is_none() && !index.entries.is_empty() {
            return Err(CopyError::refused(
                format!("nothing would be left of the index {}", from.digest),
                "Copy what is said about the images too (without --no-referrers), or keep the format",
            ));
        }
        let raw = if keep {
            document.raw().clone()
        } else {
            rewrite(document, &read, kind)?
        };
        let children = read.into_iter().filter_map(|(_, child)| child.ok());
        Ok(Node {
            from,
            raw: Some(raw),
            later: false,
            role,
            children: children.collect(),
            blobs: Vec::new(),
        })
    }

    /// What an entry points at; the entry itself where the source does not have it.
    async fn child(
        &self,
        entry: Descriptor,
        wanted: Option<&[Wanted]>,
        depth: usize,
    ) -> Result<Result<Node, Descriptor>, CopyError> {
        let role = match &entry.platform {
            _ if entry.is_buildkit_attestation() => Role::Attestation,
            platform => Role::Child(platform.as_ref().map(called)),
        };
        let may_stay = self.options.format == Format::Keep;
        let stays = may_stay && self.destination.has_manifest(&entry).await?;
        // it was taken, so what it names is there, but for layers that were left out then; an
        // index says what there is to look for
        let is_whole = stays && !self.options.foreign_layers && !entry.media_type.is_index();
        if is_whole && !self.unlisted {
            return Ok(Ok(Node::there(entry, role)));
        }
        let raw = match self.source.manifest(&entry).await {
            Ok(raw) => raw,
            Err(error) if error.problem.is_missing() => {
                return Ok(match is_whole {
                    true => Ok(Node::there(entry, role)),
                    false => Err(entry),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let stays =
            stays && (!self.unlisted || settle::is_listed(&**self.destination, &raw).await?);
        if is_whole && stays {
            return Ok(Ok(Node::there(entry, role)));
        }
        let place = (role, wanted, depth);
        let mut node = self.document(entry, Document::read(raw), place).await?;
        let all_there = node
            .children
            .iter()
            .all(|child| child.raw.is_none() && !child.later);
        if stays && all_there && !node.changed() {
            node.raw = None;
        } else if self.kept.reads_later(&node) {
            (node.raw, node.later) = (None, true);
        }
        Ok(Ok(node))
    }
}

/// A platform as it is asked for, with the version that tells two of Windows apart.
pub(super) fn called(platform: &Platform) -> String {
    Wanted::Platform(platform.clone()).to_string()
}

/// An entry of an index, for people.
pub(super) fn named(entry: &Descriptor) -> String {
    match &entry.platform {
        Some(platform) => format!("the image for {}", called(platform)),
        None => format!("the manifest {}", entry.digest),
    }
}

/// An entry of `index`, for people; an attestation by what it is about.
fn named_in(index: &Index, entry: &Descriptor) -> String {
    if !entry.is_buildkit_attestation() {
        return named(entry);
    }
    let Some(subject) = missing::subject(entry) else {
        return format!("the attestation {}", entry.digest);
    };
    let mut entries = index.descriptors();
    let about = entries.find(|(_, other)| other.digest == subject);
    let about = about.map_or_else(|| subject.to_string(), |(_, other)| named(other));
    format!("the attestation of {about}")
}

/// The index with the entries of `read` only, by position, pointing at what they have become.
fn rewrite(
    document: &Document,
    read: &[(usize, Result<Node, Descriptor>)],
    kind: Option<&str>,
) -> Result<RawDocument, CopyError> {
    let mut value: Value = serde_json::from_slice(document.bytes()).map_err(|error| {
        CopyError::refused(
            format!("the index cannot be read: {error}"),
            "Copy it as it is",
        )
    })?;
    let entries = value["manifests"].as_array().cloned().unwrap_or_default();
    let mut kept = Vec::with_capacity(read.len());
    for (position, child) in read {
        let Some(mut entry) = entries.get(*position).cloned() else {
            continue;
        };
        let changed = child.as_ref().ok().filter(|child| child.changed());
        if let Some(raw) = changed.and_then(|child| child.raw.as_ref()) {
            entry["digest"] = json!(raw.digest());
            entry["size"] = json!(raw.size());
            entry["mediaType"] = json!(raw.media_type());
            if let Some(entry) = entry.as_object_mut() {
                // it would be the old content
                entry.remove("data");
            }
        }
        kept.push(entry);
    }
    // attestations say by digest what they are about
    let renamed = read.iter().filter_map(|(_, child)| child.as_ref().ok());
    for child in renamed.filter(|child| child.changed()) {
        for entry in &mut kept {
            let annotations = &mut entry["annotations"];
            if annotations[annotation::BUILDKIT_SUBJECT] == json!(child.from.digest) {
                annotations[annotation::BUILDKIT_SUBJECT] = json!(child.digest());
            }
            if annotations.is_null()
                && let Some(entry) = entry.as_object_mut()
            {
                entry.remove("annotations");
            }
        }
    }
    value["manifests"] = kept.into();
    let kind = match kind {
        Some(kind) => {
            value["mediaType"] = kind.into();
            kind
        }
        None => document.media_type().as_str(),
    };
    Ok(convert::written(
        &value,
        document.raw().digest().algorithm(),
        kind,
    ))
}
