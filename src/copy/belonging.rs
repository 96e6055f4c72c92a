//! What refers to an image and belongs to it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::{BoxFuture, try_join_all};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::model::{
    ArtifactClass, ArtifactManifest, Content, Descriptor, Digest, Document, RawDocument, Reference,
};
use crate::referrers::{Manifests, Referrer, ReferrerState, ReferrerTree, Search, Subject, search};
use crate::signature::sign::join;
use crate::transport::{Answer, Asked, ListingOutcome, Source, TransportError, Way};

use super::ahead::Ahead;
use super::beside::Places;
use super::error::{Attached, CopyError};
use super::gather::{Gather, Node};
use super::kept::Kept;
use super::options::{CopyOptions, Format, Selection};
use super::plan::{Action, LeftBehind, PlannedDocument, Role};
use super::planner::AT_ONCE;

/// A manifest that comes along with the image.
pub(super) struct Belonging {
    pub document: PlannedDocument,
    /// Config and layers; for an index, nothing.
    pub blobs: Vec<Descriptor>,
    /// What an index lists.
    pub entries: Option<Node>,
}

impl Belonging {
    /// What it lists, and what lies in that, children first.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        for entry in self.entries.iter().flat_map(|index| &index.children) {
            entry.walk(&mut nodes);
        }
        nodes
    }

    /// Its blobs, and those of what it lists.
    pub fn all_blobs(&self) -> Vec<&Descriptor> {
        let nodes = self.nodes();
        let inner = nodes.into_iter().flat_map(|node| &node.blobs);
        let inner = inner.map(Arc::as_ref);
        self.blobs.iter().chain(inner).collect()
    }
}

/// The manifests that a search reads, remembered: they are copied afterwards.
struct Remembering {
    source: Arc<dyn Source>,
    raws: Mutex<HashMap<Digest, RawDocument>>,
}

impl Remembering {
    fn keep(&self, raw: &RawDocument) {
        let mut raws = self.raws.lock().unwrap_or_else(PoisonError::into_inner);
        raws.insert(raw.digest().clone(), raw.clone());
    }

    fn kept(&self, digest: &Digest) -> Option<RawDocument> {
        let raws = self.raws.lock().unwrap_or_else(PoisonError::into_inner);
        raws.get(digest).cloned()
    }
}

impl Manifests for Remembering {
    fn read<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        async move {
            if let Some(raw) = self.kept(&descriptor.digest) {
                return Ok(raw);
            }
            let raw = self.source.manifest(descriptor).await?;
            self.keep(&raw);
            Ok(raw)
        }
        .boxed()
    }
}

/// What refers to an image, as it is kept at the destination.
#[derive(Default)]
pub(super) struct Found {
    pub manifests: Vec<Belonging>,
    /// Signatures that lie in files there, by the manifest that they are of.
    pub files: Vec<(Digest, Vec<Bytes>)>,
}

impl Found {
    /// What was found, for people; nothing where nothing was.
    pub fn kinds(&self) -> Option<(String, Attached)> {
        let manifests = self.manifests.iter().map(|b| b.document.role.describe());
        let files = self.files.iter().map(|_| "signatures".to_owned());
        let kinds: BTreeSet<_> = manifests.chain(files).collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        let signs = self.manifests.iter().map(|b| b.document.signs);
        (!kinds.is_empty()).then(|| (kinds.join(", "), Attached::of(signs)))
    }
}

/// Everything at the source that refers to one of `subjects`, by subject in their order;
/// where it was asked `ahead`, that is taken.
///
/// # Errors
/// Where the source could not be asked to the end: what it did not tell cannot be copied.
pub(super) async fn referrers(
    places: &Places<'_>,
    options: &CopyOptions,
    subjects: &[Digest],
    ahead: &mut Ahead,
    left: &mut Vec<LeftBehind>,
) -> Result<Found, CopyError> {
    let Places {
        source,
        destination,
        ..
    } = places;
    if source.referrer_listing().is_none() {
        return Ok(Found::default());
    }
    let manifests = Arc::new(Remembering {
        source: Arc::clone(source),
        raws: Mutex::default(),
    });
    let searches = subjects.iter().map(|subject| {
        let mut trees = search(Search {
            source: Arc::clone(source),
            manifests: Arc::clone(&manifests) as Arc<dyn Manifests>,
            subject: subject.clone(),
            in_index: Vec::new(),
            listed: ahead.listing(subject),
        });
        async move {
            let mut last = ReferrerTree::empty(subject.clone());
            while let Some(tree) = trees.next().await {
                last = tree;
            }
            complete(last)
        }
    });
    let trees = try_join_all(searches).await?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for tree in &trees {
        // how deep the signature lies that is left behind, while what refers to it is looked at
        let mut signature = None;
        for (depth, node) in tree.walk() {
            signature = signature.filter(|above| depth > *above);
            let kind = node.kind.to_string();
            match node.subject {
                // it was listed here and is about something else
                Subject::Other(_) => continue,
                Subject::Nothing if signature.is_some() => continue,
                Subject::Nothing => {
                    let raw = manifests.read(&node.descriptor).await?;
                    // one that cannot be read may name the image all the same
                    if Document::read(raw).problem().is_some() {
                        return Err(cut(&kind, &node.descriptor.digest));
                    }
                    continue;
                }
                _ => {}
            }
            let is_signature = signs(node);
            let why = match signature {
                Some(_) => Some("it is about a signature, and those were to be left behind"),
                None if options.remove_signatures && is_signature => {
                    signature = Some(depth);
                    Some("signatures were to be left behind")
                }
                None => None,
            };
            if let Some(why) = why {
                left.push(LeftBehind {
                    what: kind,
                    digest: Some(node.descriptor.digest.clone()),
                    why: why.to_owned(),
                });
                continue;
            }
            for role in roles(node, &kind) {
                if seen.insert((node.descriptor.digest.clone(), role_key(&role))) {
                    found.push((&tree.subject, node, role));
                }
            }
        }
    }
    let mut files = Vec::new();
    if destination.referrer_writing().is_none() {
        let mut reads = Vec::with_capacity(found.len());
        for (subject, node, role) in found {
            let manifests = &manifests;
            reads.push(async move {
                let in_files = match &role {
                    Role::Tag { tag, .. } => {
                        let raw = manifests.read(&node.descriptor).await?;
                        places.files_of_tag(tag, subject, &raw).await?
                    }
                    _ => None,
                };
                Ok::<_, CopyError>(((subject, node, role), in_files))
            });
        }
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let mut others = Vec::new();
        for ((subject, node, role), in_files) in read {
            match in_files {
                Some(signatures) => files.push((subject.clone(), signatures)),
                None => others.push((subject, node, role)),
            }
        }
        found = others;
    }
    if found.is_empty() {
        return Ok(Found {
            files,
            ..Found::default()
        });
    }
    if destination.referrer_writing().is_none() {
        let what = found.iter().map(|(_, node, _)| node.kind.to_string());
        let what: BTreeSet<_> = what.collect();
        let what: Vec<_> = what.into_iter().collect();
        return Err(CopyError::Stuck {
            why: format!(
                "{} cannot hold what refers to the image: {}",
                destination.reference(),
                what.join(", ")
            ),
            hint: "Copy to a registry or an OCI layout, or leave it behind (--no-referrers)"
                .to_owned(),
            what: Attached::of(found.iter().map(|(_, node, _)| signs(node))),
        });
    }
    let listed = listed(places.there, &trees).await;
    // they come as they are, and whole
    let kept = CopyOptions {
        selection: Selection::All,
        format: Format::Keep,
        ..options.clone()
    };
    let gather = Gather {
        source,
        destination: places.destination,
        options: &kept,
        wanted: None,
        seen: Mutex::default(),
        kept: Kept::default(),
        unlisted: matches!(destination.reference(), Reference::Registry(_)),
    };
    let mut reads = Vec::with_capacity(found.len());
    for (_, node, role) in found {
        let (manifests, gather, listed) = (&manifests, &gather, &listed);
        let read = async move {
            let raw = manifests.read(&node.descriptor).await?;
            let entries = entries(gather, &raw, &role).await?;
            let mut belonging = belonging(raw, role, listed)?;
            belonging.document.signs = signs(node);
            belonging.entries = entries;
            if belonging.document.action != Action::Skip && has_joined(places, &belonging).await? {
                belonging.document.action = Action::Skip;
                belonging.document.replaces = None;
            }
            Ok::<_, CopyError>(belonging)
        };
        reads.push(read.boxed());
    }
    let belongings = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(Found {
        manifests: belongings,
        files,
    })
}

/// `tree`, where all of it could be read.
fn complete(tree: ReferrerTree) -> Result<ReferrerTree, CopyError> {
    let not_read = |what: String| {
        CopyError::refused(
            format!("it cannot be said what belongs to the image: {what}"),
            "Try again, or copy the image without what refers to it (--no-referrers)",
        )
    };
    if tree.outcome() == Some(ListingOutcome::NotRead) {
        let first = tree.problems().next().map(ToString::to_string);
        return Err(not_read(
            first.unwrap_or_else(|| "the referrers could not be listed".to_owned()),
        ));
    }
    if tree.left_out > 0 {
        return Err(not_read(format!(
            "{} referrers are too many",
            tree.left_out
        )));
    }
    for (_, node) in tree.walk() {
        if let ReferrerState::NotRead(error) = &node.state {
            return Err(not_read(error.to_string()));
        }
    }
    Ok(tree)
}

fn signs(node: &Referrer) -> bool {
    node.kind.class() == ArtifactClass::Signature
}

/// How a referrer is found at the source, and is to be found at the destination.
fn roles(node: &Referrer, kind: &str) -> Vec<Role> {
    let mut roles = Vec::new();
    for found in &node.found {
        match (found.way, &found.tag) {
            (Way::CosignTag, Some(tag)) => roles.push(Role::Tag {
                tag: tag.clone(),
                kind: kind.to_owned(),
            }),
            // it comes with the index
            (Way::InIndex, _) => {}
            _ if node.subject == Subject::This => {
                let role = Role::Referrer {
                    // what it really refers to its own manifest says
                    subject: node.descriptor.digest.clone(),
                    kind: kind.to_owned(),
                };
                if !roles
                    .iter()
                    .any(|role| matches!(role, Role::Referrer { .. }))
                {
                    roles.push(role);
                }
            }
            _ => {}
        }
    }
    roles
}

fn role_key(role: &Role) -> String {
    match role {
        Role::Tag { tag, .. } => tag.clone(),
        _ => String::new(),
    }
}

/// What the destination lists already: digest, and the tag where it is by one.
async fn listed(
    there: Option<&Arc<dyn Source>>,
    trees: &[ReferrerTree],
) -> HashSet<(Digest, Option<String>)> {
    let mut known = HashSet::new();
    let Some(listing) = there.and_then(|there| there.referrer_listing()) else {
        return known;
    };
    if listing.is_new().await {
        return known;
    }
    let mut subjects: HashSet<&Digest> = HashSet::new();
    for tree in trees.iter().filter(|tree| !tree.is_empty()) {
        subjects.insert(&tree.subject);
        subjects.extend(tree.walk().map(|(_, node)| &node.descriptor.digest));
    }
    let asked = subjects
        .into_iter()
        .map(|subject| listing.referrers(subject));
    for answer in futures_util::future::join_all(asked).await {
        for referrer in answer.referrers {
            for found in referrer.found {
                let tag = found.tag.filter(|_| found.way == Way::CosignTag);
                // one that only lies there is not listed
                if found.way != Way::Blob {
                    known.insert((referrer.descriptor.digest.clone(), tag));
                }
            }
        }
    }
    known
}

/// An index that refers to something, with all that it lists; nothing for what is none.
async fn entries(
    gather: &Gather<'_>,
    raw: &RawDocument,
    role: &Role,
) -> Result<Option<Node>, CopyError> {
    let document = Document::read(raw.clone());
    if document.index().is_none() {
        return Ok(None);
    }
    let media_type = document.media_type().as_str();
    let from = Descriptor::new(media_type, raw.digest().clone(), raw.size());
    let read = gather
        .document(from, document, (role.clone(), None, 0))
        .await;
    let read = read.map_err(|error| match error {
        CopyError::Transport(error) => error.into(),
        other => CopyError::refused(
            format!("{}, {}: {other}", role.describe(), raw.digest()),
            "Copy the image without what refers to it (--no-referrers)",
        ),
    });
    read.map(Some)
}

/// Whether the tag that it is joined under has all of it already.
///
/// # Errors
/// Where the tag stands for something that it cannot be joined with.
async fn has_joined(places: &Places<'_>, belonging: &Belonging) -> Result<bool, CopyError> {
    let document = &belonging.document;
    let (Role::Tag { tag, .. }, true, Some(ours)) =
        (&document.role, document.role.is_joined(), &document.raw)
    else {
        return Ok(false);
    };
    let Some(editing) = places.destination.tag_editing() else {
        return Ok(false);
    };
    if document.replaces.is_none() {
        return Ok(false);
    }
    // where it cannot be read, writing shows why
    let Ok(Some(there)) = editing.under_tag(tag).await else {
        return Ok(false);
    };
    places.is_same(tag, join(Some(&there), ours))
}

fn belonging(
    raw: RawDocument,
    role: Role,
    listed: &HashSet<(Digest, Option<String>)>,
) -> Result<Belonging, CopyError> {
    let document = Document::read(raw.clone());
    let tag = match &role {
        Role::Tag { tag, .. } => Some(tag.clone()),
        _ => None,
    };
    let role = match (role, crate::transport::describe_referrer(&raw)) {
        (Role::Referrer { kind, .. }, Some((subject, _))) => Role::Referrer {
            subject: subject.digest,
            kind,
        },
        (role, _) => role,
    };
    let replaces = tag.as_ref().and_then(|tag| {
        let mut others = listed.iter();
        let other = others.find(|(_, under)| under.as_ref() == Some(tag));
        other.map(|(digest, _)| digest.clone())
    });
    let there = listed.contains(&(raw.digest().clone(), tag));
    if !there && is_cut(&document) {
        return Err(cut(&role.describe(), raw.digest()));
    }
    Ok(Belonging {
        blobs: if there { Vec::new() } else { document.blobs() },
        entries: None,
        document: PlannedDocument {
            digest: raw.digest().clone(),
            media_type: document.media_type().clone(),
            size: raw.size(),
            from: None,
            replaces: replaces.filter(|other| other != raw.digest()),
            role,
            signs: false,
            action: if there { Action::Skip } else { Action::Write },
            children: Vec::new(),
            raw: Some(raw),
        },
    })
}

/// The refusal of what names blobs that would not come along.
fn cut(what: &str, digest: &Digest) -> CopyError {
    CopyError::refused(
        format!("{what}, {digest}, names blobs that cannot be read"),
        "Copy the image without what refers to it (--no-referrers)",
    )
}

/// Whether it names blobs that cannot be read: they would not come along.
fn is_cut(document: &Document) -> bool {
    match document.content() {
        Content::Invalid(_) => true,
        Content::Unknown if ArtifactManifest::is_type(document.media_type()) => {
            ArtifactManifest::read(document).is_cut
        }
        _ => false,
    }
}

/// Whether any way of asking was answered with something.
pub(super) fn names_any(asked: &[Asked]) -> bool {
    let named = |asked: &Asked| matches!(asked.answer, Answer::Named(count) if count > 0);
    asked.iter().any(named)
}
