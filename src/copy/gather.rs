//! Reading what is to be copied: the image, the chosen images of its index, and what they
//! become.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::model::{
    ArtifactManifest, Content, Descriptor, Digest, Document, Index, MediaKind, Platform,
    RawDocument, annotation, limits,
};
use crate::transport::{Destination, Source};

use super::convert;
use super::error::CopyError;
use super::missing;
use super::options::{CopyOptions, Format, Selection, Wanted};
use super::plan::Role;

/// How many manifests are read at once.
const AT_ONCE: usize = 8;

/// Most platforms that are named where one that is wanted is not there.
const PLATFORMS: usize = 20;

/// A manifest or index of the copy.
pub(super) struct Node {
    /// As the source has it.
    pub from: Descriptor,
    /// What is written; nothing where it is there already.
    pub raw: Option<RawDocument>,
    pub role: Role,
    pub children: Vec<Node>,
    /// Config and layers.
    pub blobs: Vec<Descriptor>,
}

/// What reading needs.
pub(super) struct Gather<'a> {
    pub source: &'a Arc<dyn Source>,
    pub destination: &'a Arc<dyn Destination>,
    pub options: &'a CopyOptions,
    /// What is wanted of an index; nothing for all of it.
    pub wanted: Option<Vec<Wanted>>,
    pub seen: Mutex<Seen>,
}

/// What was seen of an index, and of those that lie in it.
#[derive(Default)]
pub(super) struct Seen {
    /// Positions in what is wanted, of what is there.
    found: HashSet<usize>,
    /// What there is, each once.
    platforms: Vec<String>,
}

impl Node {
    /// The digest at the destination.
    pub fn digest(&self) -> &Digest {
        self.raw
            .as_ref()
            .map_or(&self.from.digest, RawDocument::digest)
    }

    /// Whether it is not what the source has, byte for byte.
    pub fn changed(&self) -> bool {
        *self.digest() != self.from.digest
    }

    /// Whether it is an index in another one, and nothing of it is among what is `wanted`.
    fn is_left_out(&self, wanted: Option<&[Wanted]>) -> bool {
        let inside = inside(&self.from, wanted).is_some();
        inside && is_open(&self.from) && self.children.is_empty()
    }

    /// It and everything under it, children first.
    pub fn walk<'a>(&'a self, into: &mut Vec<&'a Self>) {
        for child in &self.children {
            child.walk(into);
        }
        into.push(self);
    }
}

impl<'a> Gather<'a> {
    /// The image itself, from its root document. Where the place holds no index, the one
    /// image of it that is wanted.
    pub async fn root(&self, raw: RawDocument) -> Result<Node, CopyError> {
        let document = Document::read(raw);
        if let Some(index) = document.index()
            && !self.destination.takes().indexes
        {
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

    fn wanted(&self) -> Option<&[Wanted]> {
        self.wanted.as_deref()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses where something that is wanted is in no index that was read.
    fn all_found(&self) -> Result<(), CopyError> {
        let seen = self.seen();
        let mut wanted = self.wanted().unwrap_or_default().iter().enumerate();
        match wanted.find(|(position, _)| !seen.found.contains(position)) {
            None => Ok(()),
            Some((_, one)) => Err(not_there(&seen.platforms, one)),
        }
    }

    /// The one image that is wanted of an index, for a place that holds one image.
    async fn single(&self, index: &Index) -> Result<Descriptor, CopyError> {
        if let (Selection::Usual, Some([Wanted::Platform(platform)])) =
            (&self.options.selection, self.wanted())
        {
            return self.usual(index, platform, 1).await;
        }
        let mut images = self.images(index, self.wanted(), 1).await?;
        self.all_found()?;
        let mut digests = HashSet::new();
        images.retain(|image| digests.insert(image.digest.clone()));
        match images.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(CopyError::refused(
                format!(
                    "{} holds one image and no index of several",
                    self.destination.reference()
                ),
                "Choose one platform (--platform OS/ARCH), or copy to oci:, dir: or a registry",
            )),
        }
    }

    /// The image for `platform`, in the index or in one that lies in it.
    fn usual<'b>(
        &'b self,
        index: &'b Index,
        platform: &'b Platform,
        depth: usize,
    ) -> BoxFuture<'b, Result<Descriptor, CopyError>> {
        async move {
            self.look(index, None);
            let choice = index.choose(platform).filter(|choice| choice.fits());
            let entry = choice.and_then(|choice| index.entries[choice.position].clone().ok());
            let wanted = Wanted::Platform(platform.clone());
            let entry = entry.ok_or_else(|| not_there(&self.seen().platforms, &wanted))?;
            if !entry.media_type.is_index() {
                return Ok(entry);
            }
            let inner = self.inner(&entry, depth).await?;
            match inner.index() {
                Some(inner) => self.usual(inner, platform, depth + 1).await,
                None => Ok(entry),
            }
        }
        .boxed()
    }

    /// The images that are wanted of an index and of those that lie in it.
    fn images<'b>(
        &'b self,
        index: &'b Index,
        wanted: Option<&'b [Wanted]>,
        depth: usize,
    ) -> BoxFuture<'b, Result<Vec<Descriptor>, CopyError>> {
        async move {
            let mut images = Vec::new();
            for position in self.chosen(index, wanted) {
                let Ok(entry) = &index.entries[position] else {
                    continue;
                };
                if entry.is_buildkit_attestation() {
                    continue;
                }
                if !entry.media_type.is_index() {
                    images.push(entry.clone());
                    continue;
                }
                let inner = self.inner(entry, depth).await?;
                if let Some(inner) = inner.index() {
                    let wanted = inside(entry, wanted);
                    images.extend(self.images(inner, wanted, depth + 1).await?);
                }
            }
            Ok(images)
        }
        .boxed()
    }

    /// An index that lies in another one.
    async fn inner(&self, entry: &Descriptor, depth: usize) -> Result<Document, CopyError> {
        if depth >= limits::INDEX_DEPTH {
            return Err(too_deep());
        }
        Ok(Document::read(self.source.manifest(entry).await?))
    }

    fn document<'b>(
        &'b self,
        from: Descriptor,
        document: Document,
        (role, wanted, depth): (Role, Option<&'b [Wanted]>, usize),
    ) -> BoxFuture<'b, Result<Node, CopyError>> {
        async move {
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
                    match document.media_type().kind() {
                        MediaKind::DockerSchema1 | MediaKind::DockerSchema1Signed => {
                            "Docker's first schema is not converted yet; pull and push it with docker first"
                        }
                        _ => "Copy OCI or Docker images",
                    },
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
        let raw = if convert::changes(self.options.format, document.media_type()) {
            convert::manifest(document, self.options.format).map_err(|why| {
                CopyError::refused(
                    format!(
                        "{} cannot be written in the format {}: {why}",
                        role.describe(),
                        self.options.format.name()
                    ),
                    match role {
                        Role::Attestation => {
                            "Leave attestations out (--no-referrers), or keep the format"
                        }
                        _ => "Keep the format (--format keep)",
                    },
                )
            })?
        } else {
            document.raw().clone()
        };
        let mut seen = HashSet::new();
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        let blobs = blobs.filter(|blob| seen.insert(&blob.digest)).cloned();
        Ok(Node {
            from,
            raw: Some(raw),
            role,
            children: Vec::new(),
            blobs: blobs.collect(),
        })
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
            role,
            children: Vec::new(),
            blobs: artifact.blobs,
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
        // an index that nothing is wanted of is left out
        let (chosen, read): (Vec<_>, Vec<_>) = chosen
            .into_iter()
            .zip(read)
            .filter(|(_, child)| !matches!(child, Ok(child) if child.is_left_out(wanted)))
            .unzip();
        let missing: Vec<_> = read
            .iter()
            .filter_map(|child| child.as_ref().err())
            .collect();
        if !missing.is_empty() && !self.options.sparse {
            let names: Vec<_> = missing.iter().map(|entry| named(entry)).collect();
            let whole = read.iter().flatten().filter_map(|child| match &child.role {
                Role::Child(platform) => Some((platform.as_deref(), &child.from.digest)),
                _ => None,
            });
            return Err(missing::without(
                format!("the source does not have {}", names.join(", ")),
                whole,
            ));
        }
        let children: Vec<_> = read.into_iter().flatten().collect();
        let whole = chosen.len() == index.entries.len();
        let changed = children.iter().any(Node::changed);
        let kind = convert::index_type(document.media_type(), self.options.format);
        let keep = kind.is_none() && !changed && (whole || self.options.sparse);
        let raw = if keep {
            document.raw().clone()
        } else {
            rewrite(document, &chosen, &children, kind)?
        };
        Ok(Node {
            from,
            raw: Some(raw),
            role,
            children,
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
        let may_stay = self.options.format == Format::Keep && !entry.media_type.is_index();
        if may_stay && self.destination.has_manifest(&entry).await? {
            // it was taken, so what it names is there
            return Ok(Ok(Node {
                from: entry,
                raw: None,
                role,
                children: Vec::new(),
                blobs: Vec::new(),
            }));
        }
        let raw = match self.source.manifest(&entry).await {
            Ok(raw) => raw,
            Err(error) if error.problem.is_missing() => return Ok(Err(entry)),
            Err(error) => return Err(error.into()),
        };
        let place = (role, wanted, depth);
        let node = self.document(entry, Document::read(raw), place).await?;
        Ok(Ok(node))
    }

    /// Notes what there is in an index, and what of it is wanted.
    fn look(&self, index: &Index, wanted: Option<&[Wanted]>) {
        let mut seen = self.seen();
        for (_, entry) in index.descriptors() {
            let wanted = wanted.unwrap_or_default().iter().enumerate();
            let found = wanted.filter(|(_, one)| one.fits(entry));
            seen.found.extend(found.map(|(position, _)| position));
            if let Some(platform) = &entry.platform
                && !entry.is_buildkit_attestation()
            {
                let platform = called(platform);
                if !seen.platforms.contains(&platform) && seen.platforms.len() < PLATFORMS {
                    seen.platforms.push(platform);
                }
            }
        }
    }

    /// The positions of the entries that are to be copied; those of indexes, too, that may
    /// have something in them that is wanted.
    fn chosen(&self, index: &Index, wanted: Option<&[Wanted]>) -> Vec<usize> {
        self.look(index, wanted);
        let rewritten = self.options.format != Format::Keep || self.wanted.is_some();
        let attestation = |entry: &Descriptor| entry.is_buildkit_attestation();
        let Some(wanted) = wanted else {
            let all = index.entries.iter().enumerate();
            let all = all.filter(|(_, entry)| {
                !(self.options.no_referrers && rewritten && entry.as_ref().is_ok_and(attestation))
            });
            return all.map(|(position, _)| position).collect();
        };
        let fits = |entry: &Descriptor| {
            !attestation(entry) && (is_open(entry) || wanted.iter().any(|one| one.fits(entry)))
        };
        let images: HashSet<_> = index
            .descriptors()
            .filter(|(_, entry)| fits(entry))
            .map(|(_, entry)| entry.digest.to_string())
            .collect();
        let of_image = |entry: &Descriptor| {
            let subject = entry.annotation(annotation::BUILDKIT_SUBJECT);
            attestation(entry)
                && !self.options.no_referrers
                && subject.is_some_and(|subject| images.contains(subject))
        };
        let chosen = index.descriptors();
        let chosen = chosen.filter(|(_, entry)| fits(entry) || of_image(entry));
        chosen.map(|(position, _)| position).collect()
    }
}

/// Whether an entry is an index that does not say what it is for: only its own entries do.
fn is_open(entry: &Descriptor) -> bool {
    entry.media_type.is_index() && entry.platform.is_none()
}

/// What is wanted of what lies in the index `entry`: all of it, where it is wanted itself.
fn inside<'a>(entry: &Descriptor, wanted: Option<&'a [Wanted]>) -> Option<&'a [Wanted]> {
    wanted.filter(|wanted| !wanted.iter().any(|one| one.fits(entry)))
}

fn too_deep() -> CopyError {
    CopyError::refused(
        format!(
            "more than {} indexes lie in each other",
            limits::INDEX_DEPTH
        ),
        "Copy one of the inner ones by its digest",
    )
}

/// A platform as it is asked for, with the version that tells two of Windows apart.
fn called(platform: &Platform) -> String {
    Wanted::Platform(platform.clone()).to_string()
}

fn named(entry: &Descriptor) -> String {
    match &entry.platform {
        Some(platform) => format!("the image for {}", called(platform)),
        None => format!("the manifest {}", entry.digest),
    }
}

fn not_there(platforms: &[String], wanted: &Wanted) -> CopyError {
    CopyError::refused(
        format!("the index has no image for {wanted}"),
        if platforms.is_empty() {
            "It names no platforms; choose by digest".to_owned()
        } else {
            format!("There are: {}", platforms.join(", "))
        },
    )
}

/// The index with the chosen entries only, pointing at what the children have become.
fn rewrite(
    document: &Document,
    chosen: &[usize],
    children: &[Node],
    kind: Option<&str>,
) -> Result<RawDocument, CopyError> {
    let mut value: Value = serde_json::from_slice(document.bytes()).map_err(|error| {
        CopyError::refused(
            format!("the index cannot be read: {error}"),
            "Copy it as it is",
        )
    })?;
    let entries = value["manifests"].as_array().cloned().unwrap_or_default();
    let mut kept = Vec::with_capacity(chosen.len());
    for position in chosen {
        let Some(mut entry) = entries.get(*position).cloned() else {
            continue;
        };
        let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
        let child = children
            .iter()
            .find(|child| child.from.digest.to_string() == digest);
        if let Some(raw) = child
            .filter(|child| child.changed())
            .and_then(|c| c.raw.as_ref())
        {
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
    let renamed = children.iter().filter(|child| child.changed());
    for child in renamed {
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
