//! The tree of referrers: values that do not change.

use std::sync::Arc;

use crate::model::{Annotations, ArtifactKind, Descriptor, Digest, MediaType};
use crate::transport::{Answer, Asked, Found, ListingOutcome, TransportError, Way, outcome};

use super::facts::{bounded, created, title};

/// Everything that refers to one manifest, directly or not, as it is known at one moment.
#[derive(Clone, Debug)]
pub struct ReferrerTree {
    /// The manifest that it is about.
    pub subject: Digest,
    /// Whether everything was asked for; until then more may come.
    pub complete: bool,
    /// How the place answered for the subject; empty before that, and where it is of a
    /// kind that cannot be asked.
    pub asked: Arc<[Asked]>,
    /// How many referrers were listed and have no room here
    /// ([`crate::model::limits::TREE_REFERRERS`]).
    pub left_out: usize,
    pub(super) nodes: Vec<Arc<Referrer>>,
    pub(super) top: Vec<usize>,
}

/// One thing that refers to another.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// As the place listed it. Its annotations are those of `annotations`.
    pub descriptor: Descriptor,
    /// Where it was found, each place once.
    pub found: Vec<Found>,
    pub state: ReferrerState,
    /// What it says that it is; before it was read, what the place says.
    pub artifact_type: Option<MediaType>,
    pub kind: ArtifactKind,
    /// What it refers to by its own word.
    pub subject: Subject,
    /// Manifest, config and layers in bytes; nothing before it was read.
    pub total_size: Option<u64>,
    /// What it is called, or what its first file is, as annotations say it.
    pub title: Option<String>,
    /// When it was made, as its annotations say it.
    pub created: Option<String>,
    /// Its own; before it was read, those of the descriptor. Long ones are cut.
    pub annotations: Arc<Annotations>,
    /// Whether `annotations` holds less than there is
    /// ([`crate::model::limits::REFERRER_ANNOTATION_BYTES`]).
    pub annotations_cut: bool,
    pub below: Below,
    pub(super) children: Vec<usize>,
}

/// How far a referrer is known.
#[derive(Clone, Debug)]
pub enum ReferrerState {
    /// The place named it; its manifest is still to come.
    Listed,
    /// Its manifest was read and has the digest that it was listed by.
    Read,
    NotRead(Arc<TransportError>),
}

/// What a referrer refers to by its own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// It was not read.
    Unknown,
    /// What it was listed for.
    This,
    /// It names nothing, and need not: it was found by a name made of the digest, or as an
    /// entry of the index.
    ByName,
    /// It names nothing, although it was listed by what it names.
    Nothing,
    /// Something else than what it was listed for.
    Other(Digest),
}

/// How the search for what refers to a referrer ended.
#[derive(Clone, Debug)]
pub enum Below {
    /// It is still to be asked for.
    NotAsked,
    Asked(Arc<[Asked]>),
    /// It lies on itself: it is one of those that it refers to.
    Loop,
    /// It is in the tree a second time; what refers to it is shown there.
    Shown,
    /// It lies deeper than [`crate::model::limits::REFERRER_DEPTH`].
    TooDeep,
    /// The tree is full ([`crate::model::limits::TREE_REFERRERS`]).
    NoRoom,
    /// It is none of the subject's, or could not be read.
    NotFollowed,
}

impl ReferrerTree {
    /// A tree of which nothing is known yet.
    pub fn empty(subject: Digest) -> Self {
        Self {
            subject,
            complete: false,
            asked: Arc::default(),
            left_out: 0,
            nodes: Vec::new(),
            top: Vec::new(),
        }
    }

    /// Adds a referrer of the one at position `parent`, or of the subject. Gives its own
    /// position, counted from 0.
    ///
    /// # Panics
    /// Where there is no such parent.
    pub fn add(&mut self, parent: Option<usize>, referrer: Referrer) -> usize {
        let position = self.nodes.len();
        match parent {
            None => self.top.push(position),
            Some(parent) => Arc::make_mut(&mut self.nodes[parent])
                .children
                .push(position),
        }
        self.nodes.push(Arc::new(referrer));
        position
    }

    /// What refers to the subject itself, in the order in which the place named it.
    pub fn top(&self) -> impl ExactSizeIterator<Item = &Arc<Referrer>> {
        self.top.iter().map(|at| &self.nodes[*at])
    }

    /// What refers to `referrer`, which is one of this tree.
    pub fn children(&self, referrer: &Referrer) -> impl ExactSizeIterator<Item = &Arc<Referrer>> {
        referrer.children.iter().map(|at| &self.nodes[*at])
    }

    /// All of it, each before what refers to it, with how deep it lies (0 at the top).
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Arc<Referrer>)> {
        let mut stack: Vec<_> = self.top.iter().rev().map(|at| (0, *at)).collect();
        std::iter::from_fn(move || {
            let (depth, at) = stack.pop()?;
            let node = &self.nodes[at];
            stack.extend(node.children.iter().rev().map(|at| (depth + 1, *at)));
            Some((depth, node))
        })
    }

    /// How many referrers are in it.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no referrer is in it. Only with [`ReferrerTree::outcome`] this says "none".
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What it comes to: whether this is all there is, the place cannot say, or something
    /// could not be read. Nothing as long as it is asked for.
    pub fn outcome(&self) -> Option<ListingOutcome> {
        if !self.complete {
            return None;
        }
        Some(match self.problems().next() {
            Some(_) => ListingOutcome::NotRead,
            None => outcome(&self.asked),
        })
    }

    /// What could not be read: ways of asking, and referrers.
    pub fn problems(&self) -> impl Iterator<Item = &TransportError> {
        let nodes = self.nodes.iter().flat_map(|node| {
            let own = match &node.state {
                ReferrerState::NotRead(error) => Some(&**error),
                _ => None,
            };
            let below: &[Asked] = match &node.below {
                Below::Asked(asked) => asked,
                _ => &[],
            };
            own.into_iter().chain(not_read(below))
        });
        not_read(&self.asked).chain(nodes)
    }
}

fn not_read(asked: &[Asked]) -> impl Iterator<Item = &TransportError> {
    asked.iter().filter_map(|asked| match &asked.answer {
        Answer::NotRead(error) => Some(error),
        _ => None,
    })
}

impl Referrer {
    /// One of which only the listing is known.
    pub fn listed(mut descriptor: Descriptor, found: Vec<Found>) -> Self {
        let (annotations, annotations_cut) = bounded(std::mem::take(&mut descriptor.annotations));
        // content and addresses are foreign and can be long; its own manifest is read
        descriptor.data = None;
        descriptor.urls.clear();
        Self {
            kind: ArtifactKind::of_type(descriptor.artifact_type.as_ref(), &annotations),
            artifact_type: descriptor.artifact_type.clone(),
            descriptor,
            found,
            state: ReferrerState::Listed,
            subject: Subject::Unknown,
            total_size: None,
            title: title(&annotations),
            created: created(&annotations),
            annotations: Arc::new(annotations),
            annotations_cut,
            below: Below::NotAsked,
            children: Vec::new(),
        }
    }

    /// Whether it was found by `way`.
    pub fn was_found_by(&self, way: Way) -> bool {
        self.found.iter().any(|found| found.way == way)
    }

    /// Whether it may be believed to belong to what it was listed for.
    pub const fn belongs(&self) -> bool {
        matches!(self.subject, Subject::This | Subject::ByName)
    }
}
