//! The search: breadth first, several questions at once, ended by dropping it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};

use crate::model::{Descriptor, Digest, RawDocument, annotation, limits};
use crate::transport::{
    Answer, Asked, Found, ListedReferrer, Listing, Source, TransportError, Way,
};

use super::facts::{Facts, bounded, created, title};
use super::tree::{Below, Referrer, ReferrerState, ReferrerTree, Subject};

/// How many things are asked of the place at once.
const CONCURRENT: usize = 8;

/// Reads manifests by digest; whoever searches may put a cache in between.
pub trait Manifests: Send + Sync {
    /// The manifest that `descriptor` points at, checked against its digest and size.
    fn read<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>>;
}

/// Without a cache.
impl Manifests for Arc<dyn Source> {
    fn read<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        self.manifest(descriptor)
    }
}

/// What is searched for, and where.
pub struct Search {
    pub source: Arc<dyn Source>,
    pub manifests: Arc<dyn Manifests>,
    pub subject: Digest,
    /// Entries of the indexes that the subject lies in which say that they describe it, as
    /// BuildKit writes attestations.
    pub in_index: Vec<Descriptor>,
    /// What the place answered about the subject, where it was asked already.
    pub listed: Option<Listing>,
}

/// Searches, and gives a fuller tree whenever something is found, the last one complete.
/// Nothing is asked while nobody waits for the next tree; dropping the stream ends it.
pub fn search(search: Search) -> BoxStream<'static, ReferrerTree> {
    let growing = Growing::new(search);
    stream::unfold(Some(growing), |growing| async move {
        let mut growing = growing?;
        growing.step().await;
        let tree = growing.tree.clone();
        let rest = (!tree.complete).then_some(growing);
        Some((tree, rest))
    })
    .boxed()
}

/// A tree that grows.
struct Growing {
    search: Arc<Search>,
    tree: ReferrerTree,
    /// One for each node of the tree.
    places: Vec<Place>,
    waiting: VecDeque<Work>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Whose referrers were asked for.
    followed: HashSet<Digest>,
    /// Manifests that came with a listing, until they are read.
    raws: HashMap<usize, RawDocument>,
}

/// Where a node stands in the tree.
struct Place {
    /// What it was listed for; nothing for the subject.
    parent: Option<usize>,
    depth: usize,
    /// It was found by a name made of the digest, and need not say what it refers to.
    by_name: bool,
}

/// Something to ask for. The node is the subject where there is none.
enum Work {
    List(Option<usize>),
    Read(usize),
}

enum Done {
    /// Nothing for a place that cannot be asked.
    Listed(Option<usize>, Option<Listing>),
    Read(usize, Result<Facts, TransportError>),
}

impl Growing {
    fn new(search: Search) -> Self {
        let mut growing = Self {
            tree: ReferrerTree::empty(search.subject.clone()),
            search: Arc::new(search),
            places: Vec::new(),
            waiting: VecDeque::from([Work::List(None)]),
            running: FuturesUnordered::new(),
            followed: HashSet::new(),
            raws: HashMap::new(),
        };
        growing.followed.insert(growing.tree.subject.clone());
        let search = Arc::clone(&growing.search);
        if !search.in_index.is_empty() {
            for descriptor in &search.in_index {
                growing.add(
                    None,
                    ListedReferrer {
                        descriptor: descriptor.clone(),
                        found: vec![Found::by(Way::InIndex)],
                        raw: None,
                    },
                );
            }
            let answer = Answer::Named(search.in_index.len());
            let way = Way::InIndex;
            growing.tree.asked = [Asked { way, answer }].into();
        }
        growing
    }

    /// Waits for the next answer and takes in all that are there by then.
    async fn step(&mut self) {
        self.start();
        if let Some(done) = self.running.next().await {
            self.take_in(done);
            while let Some(Some(done)) = self.running.next().now_or_never() {
                self.take_in(done);
            }
            self.start();
        }
        self.tree.complete = self.running.is_empty() && self.waiting.is_empty();
    }

    /// Asks what waits, as far as the place may be asked at once.
    fn start(&mut self) {
        while self.running.len() < CONCURRENT {
            let Some(work) = self.waiting.pop_front() else {
                return;
            };
            let search = Arc::clone(&self.search);
            let asking = match work {
                Work::List(node) => {
                    let digest = self.digest(node).clone();
                    let known = search.listed.clone().filter(|_| node.is_none());
                    async move {
                        let listing = match (known, search.source.referrer_listing()) {
                            (Some(known), _) => Some(known),
                            (None, Some(place)) => Some(place.referrers(&digest).await),
                            (None, None) => None,
                        };
                        Done::Listed(node, listing)
                    }
                    .boxed()
                }
                Work::Read(node) => {
                    let descriptor = self.tree.nodes[node].descriptor.clone();
                    let raw = self.raws.remove(&node);
                    async move {
                        let raw = match raw {
                            Some(raw) => Ok(raw),
                            None => search.manifests.read(&descriptor).await,
                        };
                        Done::Read(node, raw.map(Facts::read))
                    }
                    .boxed()
                }
            };
            self.running.push(asking);
        }
    }

    fn take_in(&mut self, done: Done) {
        match done {
            Done::Listed(node, listing) => self.listed(node, listing),
            Done::Read(node, Ok(facts)) => self.read(node, facts),
            Done::Read(node, Err(error)) => {
                let referrer = self.node_mut(node);
                referrer.state = ReferrerState::NotRead(Arc::new(error));
                referrer.below = Below::NotFollowed;
            }
        }
    }

    fn listed(&mut self, parent: Option<usize>, listing: Option<Listing>) {
        let listing = listing.unwrap_or_default();
        self.tree.left_out += listing.left_out;
        for listed in listing.referrers {
            self.add(parent, listed);
        }
        match parent {
            None => {
                let before = self.tree.asked.iter().cloned();
                self.tree.asked = before.chain(listing.asked).collect();
            }
            Some(parent) => self.node_mut(parent).below = Below::Asked(listing.asked.into()),
        }
    }

    /// Puts a referrer under `parent`, unless it is there already.
    fn add(&mut self, parent: Option<usize>, listed: ListedReferrer) {
        let ListedReferrer {
            descriptor,
            found,
            raw,
        } = listed;
        let siblings = match parent {
            None => &self.tree.top,
            Some(parent) => &self.tree.nodes[parent].children,
        };
        // what an index names is found a second time in the folder or registry; only those
        // few can be twice
        let known = siblings.iter().take(self.search.in_index.len()).copied();
        let mut known =
            known.filter(|at| self.tree.nodes[*at].descriptor.digest == descriptor.digest);
        if let (None, Some(there)) = (parent, known.next()) {
            let there = self.node_mut(there);
            for found in found {
                if !there.found.contains(&found) {
                    there.found.push(found);
                }
            }
            return;
        }
        let node = self.tree.nodes.len();
        if node >= limits::TREE_REFERRERS {
            self.tree.left_out += 1;
            return;
        }
        let describes = descriptor.annotation(annotation::BUILDKIT_SUBJECT);
        let describes = describes.is_some_and(|text| *text == self.digest(parent).to_string());
        let by_tag = found.iter().any(|found| found.way == Way::CosignTag);
        let depth = parent.map_or(0, |parent| self.places[parent].depth + 1);
        self.places.push(Place {
            parent,
            depth,
            by_name: by_tag || describes,
        });
        self.tree.add(parent, Referrer::listed(descriptor, found));
        if let Some(raw) = raw {
            self.raws.insert(node, raw);
        }
        self.waiting.push_back(Work::Read(node));
    }

    fn read(&mut self, node: usize, facts: Facts) {
        let listed_for = self.digest(self.places[node].parent);
        let subject = match facts.subject {
            Some(subject) if subject == *listed_for => Subject::This,
            Some(subject) => Subject::Other(subject),
            None if self.places[node].by_name => Subject::ByName,
            None => Subject::Nothing,
        };
        let (annotations, cut) = bounded(facts.annotations);
        let referrer = self.node_mut(node);
        referrer.state = ReferrerState::Read;
        referrer.artifact_type = facts.artifact_type;
        referrer.kind = facts.kind;
        referrer.total_size = Some(facts.total_size);
        // BuildKit's manifests say nothing; the entry in the index does
        if annotations.is_empty() && referrer.title.is_none() {
            referrer.title.clone_from(&facts.file);
        }
        if !annotations.is_empty() || cut {
            referrer.created = created(&annotations);
            referrer.title = title(&annotations).or(facts.file);
            referrer.annotations = Arc::new(annotations);
            referrer.annotations_cut = cut;
        }
        referrer.subject = subject;
        let below = self.below(node);
        if matches!(below, Below::NotAsked) {
            let digest = self.digest(Some(node)).clone();
            self.followed.insert(digest);
            self.waiting.push_back(Work::List(Some(node)));
        }
        self.node_mut(node).below = below;
    }

    /// Whether what refers to `node` is to be asked for, or why not.
    fn below(&self, node: usize) -> Below {
        let referrer = &self.tree.nodes[node];
        let digest = &referrer.descriptor.digest;
        if !referrer.belongs() {
            return Below::NotFollowed;
        }
        let mut above = self.places[node].parent;
        while let Some(at) = above {
            if self.tree.nodes[at].descriptor.digest == *digest {
                return Below::Loop;
            }
            above = self.places[at].parent;
        }
        if self.tree.subject == *digest {
            Below::Loop
        } else if self.followed.contains(digest) {
            Below::Shown
        } else if self.places[node].depth + 1 >= limits::REFERRER_DEPTH {
            Below::TooDeep
        } else if self.tree.nodes.len() >= limits::TREE_REFERRERS {
            Below::NoRoom
        } else {
            Below::NotAsked
        }
    }

    /// The digest of a node; the subject's where there is none.
    fn digest(&self, node: Option<usize>) -> &Digest {
        match node {
            None => &self.tree.subject,
            Some(node) => &self.tree.nodes[node].descriptor.digest,
        }
    }

    fn node_mut(&mut self, node: usize) -> &mut Referrer {
        Arc::make_mut(&mut self.tree.nodes[node])
    }
}
