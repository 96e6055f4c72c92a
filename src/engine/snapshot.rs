//! What a window or a command line sees of an open image: immutable values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{
    Annotations, Choice, Descriptor, Digest, Document, ImageConfig, Platform, Reference,
};
use crate::referrers::ReferrerTree;
use crate::signature::SubjectReport;
use crate::transport::{BlobState, Connection, NamedImage, Note};

use super::{Artifacts, Failure};

/// Names an open image for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageId(u64);

impl ImageId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A value that comes from elsewhere. What was known before stays visible while it is
/// asked for again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Remote<T> {
    #[default]
    NotAsked,
    Pending {
        previous: Option<T>,
    },
    Ready(T),
    Failed {
        error: Arc<Failure>,
        previous: Option<T>,
    },
}

impl<T> Remote<T> {
    /// The value that is known, fresh or from before.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Ready(value)
            | Self::Pending {
                previous: Some(value),
            }
            | Self::Failed {
                previous: Some(value),
                ..
            } => Some(value),
            _ => None,
        }
    }

    /// Whether it is being asked for.
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// Why it could not be had.
    pub const fn error(&self) -> Option<&Arc<Failure>> {
        match self {
            Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Where a node lies in the tree of indexes: the position in each, from the outermost.
/// The empty path is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodePath(Vec<usize>);

impl NodePath {
    /// The root.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The child at `position` of this node.
    #[must_use]
    pub fn child(&self, position: usize) -> Self {
        let mut path = self.0.clone();
        path.push(position);
        Self(path)
    }

    /// The node that this one lies in; nothing for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// Positions from the outermost index on.
    pub fn positions(&self) -> &[usize] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<usize>> for NodePath {
    fn from(positions: Vec<usize>) -> Self {
        Self(positions)
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&positions.join("."))
    }
}

/// An open image as it is known at one moment.
#[derive(Clone, Debug)]
pub struct ImageSnapshot {
    pub id: ImageId,
    /// Grows with every snapshot of the same image.
    pub generation: u64,
    /// What the user typed, dropped or clicked.
    pub input: Arc<str>,
    /// What it was understood as; nothing before that, or where it is no reference.
    pub reference: Option<Reference>,
    /// The platform that is wanted.
    pub wanted: Platform,
    pub opened: Remote<Opened>,
    /// How the registry was reached.
    pub connection: Option<Connection>,
    /// What refers to manifests of the image, as far as somebody looked
    /// ([`super::Command::ListReferrers`]).
    pub referrers: Arc<ReferrerTrees>,
    /// What artifacts say that somebody looked into
    /// ([`super::Command::ReadArtifact`]).
    pub artifacts: Arc<Artifacts>,
    /// What vouches for manifests of the image, as far as it was asked for
    /// ([`super::Command::Verify`]).
    pub signatures: Arc<SubjectReports>,
    /// Whether nothing is verified before it is asked for: the policy says so.
    pub by_hand: bool,
    /// Whether nobody but the image's own place is asked about it.
    pub offline: bool,
}

/// What vouches for manifests, by their digests.
pub type SubjectReports = BTreeMap<Digest, Remote<Arc<SubjectReport>>>;

/// What refers to manifests, by their digests. While it is searched for, the value is what
/// was found so far ([`ReferrerTree::complete`] is false), or all that was found the time
/// before.
pub type ReferrerTrees = BTreeMap<Digest, Remote<Arc<ReferrerTree>>>;

/// What was found behind a reference.
#[derive(Clone, Debug)]
pub enum Opened {
    Image(Image),
    /// A place with several images; the user picks one.
    Several(Arc<[NamedImage]>),
}

/// An image: its root document and what is known of everything under it.
#[derive(Clone, Debug)]
pub struct Image {
    pub root: Arc<Node>,
    /// What the place says about it (a layout's `index.json` entry).
    pub place_annotations: Arc<Annotations>,
    /// What else the place has to tell, as that its manifest was derived.
    pub notes: Arc<[Note]>,
    /// The image chosen for the wanted platform.
    pub chosen: Option<Chosen>,
}

/// The image that is shown first, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub path: NodePath,
    /// One choice for each index on the way.
    pub choices: Vec<Choice>,
}

/// A manifest or index, and what is known of what it lists.
#[derive(Clone, Debug)]
pub struct Node {
    pub document: Arc<Document>,
    pub parts: Parts,
}

/// What is known of what a document lists.
#[derive(Clone, Debug)]
pub enum Parts {
    /// One for each entry of the index, in its order.
    Index { children: Arc<[Remote<Arc<Node>>]> },
    Manifest {
        config: Remote<Arc<ImageConfig>>,
        /// The config first, then one for each layer.
        blobs: Arc<[BlobState]>,
    },
    /// A document of a type that is not read here, or that cannot be read.
    Unknown,
}

impl ImageSnapshot {
    /// A short name for a tab or a window title.
    pub fn title(&self) -> String {
        self.reference
            .as_ref()
            .map_or_else(|| self.input.to_string(), Reference::title)
    }

    /// The image, where one was found.
    pub fn image(&self) -> Option<&Image> {
        match self.opened.value()? {
            Opened::Image(image) => Some(image),
            Opened::Several(_) => None,
        }
    }

    /// The node at `path`, where it is known.
    pub fn node(&self, path: &NodePath) -> Option<&Arc<Node>> {
        self.image()?.node(path)
    }

    /// What refers to the manifest at `path`; not asked where nobody looked yet.
    pub fn referrers(&self, path: &NodePath) -> &Remote<Arc<ReferrerTree>> {
        const NOT_ASKED: &Remote<Arc<ReferrerTree>> = &Remote::NotAsked;
        let digest = self.image().and_then(|image| image.digest(path));
        let tree = digest.and_then(|digest| self.referrers.get(digest));
        tree.unwrap_or(NOT_ASKED)
    }

    /// What the files of the artifact with this digest say; not asked where nobody looked.
    pub fn artifact(&self, manifest: &Digest) -> &Remote<Arc<super::ArtifactFiles>> {
        const NOT_ASKED: &Remote<Arc<super::ArtifactFiles>> = &Remote::NotAsked;
        self.artifacts.get(manifest).unwrap_or(NOT_ASKED)
    }

    /// What vouches for the manifest at `path`; not asked where nobody wanted to know yet.
    pub fn signatures(&self, path: &NodePath) -> &Remote<Arc<SubjectReport>> {
        const NOT_ASKED: &Remote<Arc<SubjectReport>> = &Remote::NotAsked;
        let digest = self.image().and_then(|image| image.digest(path));
        let report = digest.and_then(|digest| self.signatures.get(digest));
        report.unwrap_or(NOT_ASKED)
    }

    /// The reference that opens what lies under `digest` in the same place, such as a
    /// referrer; nothing where the place has no names for single manifests.
    pub fn reference_at(&self, digest: &Digest) -> Option<Reference> {
        self.reference.as_ref()?.at_digest(digest)
    }

    /// Whether nothing is being asked for any more, apart from referrers.
    pub fn settled(&self) -> bool {
        match &self.opened {
            Remote::NotAsked | Remote::Pending { .. } => false,
            Remote::Failed { .. } | Remote::Ready(Opened::Several(_)) => true,
            Remote::Ready(Opened::Image(image)) => image.root.settled(),
        }
    }
}

impl Image {
    /// The node at `path`, where it is known.
    pub fn node(&self, path: &NodePath) -> Option<&Arc<Node>> {
        let mut node = &self.root;
        for position in path.positions() {
            node = node.child(*position)?.value()?;
        }
        Some(node)
    }

    /// The digest of the manifest or index at `path`, which need not have been read.
    pub fn digest(&self, path: &NodePath) -> Option<&Digest> {
        if path.is_root() {
            return Some(self.root.document.raw().digest());
        }
        Some(&self.descriptor(path)?.digest)
    }

    /// The descriptor that points at the node at `path`; nothing for the root.
    pub fn descriptor(&self, path: &NodePath) -> Option<&Descriptor> {
        let (last, rest) = path.positions().split_last()?;
        let parent = self.node(&NodePath(rest.to_vec()))?;
        parent.document.index()?.entries.get(*last)?.as_ref().ok()
    }
}

impl Node {
    /// What is known of the entry at `position`.
    pub fn child(&self, position: usize) -> Option<&Remote<Arc<Self>>> {
        match &self.parts {
            Parts::Index { children } => children.get(position),
            _ => None,
        }
    }

    /// The image config, where it is known.
    pub fn config(&self) -> Option<&Arc<ImageConfig>> {
        match &self.parts {
            Parts::Manifest { config, .. } => config.value(),
            _ => None,
        }
    }

    /// What it takes in its place, in bytes: the manifest with its config and layers, each
    /// distinct blob once. Nothing for what is no manifest, and where the size of a blob is
    /// not known.
    pub fn total_size(&self) -> Option<u64> {
        let manifest = self.document.manifest().filter(|m| m.sizes_known())?;
        let own = self.document.raw().size();
        Some(manifest.blob_size().saturating_add(own))
    }

    fn settled(&self) -> bool {
        match &self.parts {
            Parts::Index { children } => children.iter().all(|child| match child {
                Remote::Pending { .. } => false,
                Remote::Ready(node) => node.settled(),
                Remote::NotAsked | Remote::Failed { .. } => true,
            }),
            Parts::Manifest { config, .. } => !config.is_pending(),
            Parts::Unknown => true,
        }
    }
}
