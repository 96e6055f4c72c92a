//! Places that images are listed in: a layout, the container engines, a registry, one of
//! its repositories. Each that somebody looks at has a task of its own that alone changes
//! its snapshot, as an open image has.

mod facts;
mod list;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::model::{Digest, Reference};

use super::shared::Shared;
use super::{Failure, Remote};

pub use facts::TagFacts;

/// How many tags are looked into at once.
const CONCURRENT: usize = 6;

/// Where images are listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A layout or archive on this machine: what opens it, without the name of an image.
    Local(String),
    /// The container engines of this machine.
    Engines,
    /// A registry, by its host with its port.
    Registry(String),
    /// A repository: `HOST/NAME`.
    Repository(String),
}

/// A place as it is known at one moment.
#[derive(Clone, Debug)]
pub struct PlaceSnapshot {
    pub place: Place,
    /// Grows with every snapshot of the same place.
    pub generation: u64,
    /// What was listed. While it is asked for, what came so far or what was known before;
    /// the same where the rest could not be had.
    pub listed: Remote<Listed>,
    /// What is known of tags that somebody looked at, by their names.
    pub facts: Arc<HashMap<Arc<str>, Remote<Arc<TagFacts>>>>,
}

/// What a place lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The images of a layout, or of engines.
    Images(Arc<[PlaceImage]>),
    /// The repositories of a registry, or the tags of a repository, in the order in which
    /// they came.
    Names(Arc<[Arc<str>]>),
}

/// An image in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceImage {
    /// A short name.
    pub title: String,
    /// More about it in few words.
    pub detail: String,
    /// What opens it.
    pub reference: Reference,
    /// The digest of its manifest or index, where the list says it.
    pub digest: Option<Digest>,
    /// What always opens these bytes, where the place has a name of its own for that: an
    /// engine's ID.
    pub own_name: Option<Reference>,
}

/// What the task of a place is told.
#[derive(Debug)]
pub(super) enum Message {
    List,
    Want(Vec<Arc<str>>),
}

/// What came back to it.
enum Arrived {
    Part(Listed),
    Listed(Result<Listed, Failure>),
    /// The first number says of which list.
    Facts(u64, Arc<str>, Result<TagFacts, Failure>),
}

/// The places that somebody looks at.
#[derive(Default)]
pub(super) struct Places(HashMap<Place, Running>);

struct Running {
    messages: mpsc::UnboundedSender<Message>,
    closed: CancellationToken,
}

impl Places {
    /// Tells the task of a place, which is started where there is none.
    pub fn tell(&mut self, shared: &Arc<Shared>, place: Place, message: Message) {
        let running = self.0.entry(place).or_insert_with_key(|place| {
            let (messages, receiver) = mpsc::unbounded_channel();
            let closed = CancellationToken::new();
            let task = PlaceTask::new(Arc::clone(shared), place.clone());
            tokio::spawn(closed.clone().run_until_cancelled_owned(task.run(receiver)));
            Running { messages, closed }
        });
        // a task that has ended has nothing to do
        let _ = running.messages.send(message);
    }

    /// Forgets a place and ends what is done for it.
    pub fn close(&mut self, shared: &Shared, place: &Place) {
        if let Some(running) = self.0.remove(place) {
            running.closed.cancel();
        }
        shared.slots.remove_place(place);
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for running in self.0.values() {
            running.closed.cancel();
        }
    }
}

struct PlaceTask {
    shared: Arc<Shared>,
    place: Place,
    generation: u64,
    listed: Remote<Listed>,
    facts: Arc<HashMap<Arc<str>, Remote<Arc<TagFacts>>>>,
    /// Tags that somebody looks at and that were not asked for yet.
    wanted: VecDeque<Arc<str>>,
    /// Tags that somebody looked at last.
    looked_at: Vec<Arc<str>>,
    asked: usize,
    /// Which list the facts belong to.
    lists: u64,
    tasks: JoinSet<Arrived>,
    listing: bool,
}

impl PlaceTask {
    fn new(shared: Arc<Shared>, place: Place) -> Self {
        Self {
            shared,
            place,
            generation: 0,
            listed: Remote::NotAsked,
            facts: Arc::default(),
            wanted: VecDeque::new(),
            looked_at: Vec::new(),
            asked: 0,
            lists: 0,
            tasks: JoinSet::new(),
            listing: false,
        }
    }

    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let (parts, mut part) = mpsc::unbounded_channel();
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::List) => self.list(&parts),
                    Some(Message::Want(tags)) => self.want(tags),
                    None => return,
                },
                Some(part) = part.recv() => self.arrive(Arrived::Part(part)),
                Some(done) = self.tasks.join_next() => match done {
                    Ok(arrived) => self.arrive(arrived),
                    Err(error) => if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    },
                },
            }
            self.start_facts();
            self.publish();
        }
    }

    fn list(&mut self, parts: &mpsc::UnboundedSender<Listed>) {
        if std::mem::replace(&mut self.listing, true) {
            return;
        }
        self.listed = Remote::Pending {
            previous: self.listed.value().cloned(),
        };
        // what a tag stands for may have changed; what is shown is asked for again
        self.facts = Arc::default();
        self.lists += 1;
        self.wanted = self.looked_at.iter().cloned().collect();
        let (shared, place, parts) = (Arc::clone(&self.shared), self.place.clone(), parts.clone());
        self.tasks.spawn(async move {
            let report = move |part| {
                // the place may be closed meanwhile
                let _ = parts.send(part);
            };
            Arrived::Listed(list::list(&shared, &place, report).await)
        });
    }

    /// Somebody looks at these tags, and no longer at the ones before.
    fn want(&mut self, tags: Vec<Arc<str>>) {
        self.wanted = tags.iter().cloned().collect();
        self.looked_at = tags;
    }

    fn start_facts(&mut self) {
        while self.asked < CONCURRENT {
            let Some(tag) = self.wanted.pop_front() else {
                return;
            };
            if self.facts.contains_key(&tag) {
                continue;
            }
            Arc::make_mut(&mut self.facts)
                .insert(Arc::clone(&tag), Remote::Pending { previous: None });
            self.asked += 1;
            let (shared, place) = (Arc::clone(&self.shared), self.place.clone());
            let list = self.lists;
            self.tasks.spawn(async move {
                let facts = facts::read(&shared, &place, &tag).await;
                Arrived::Facts(list, tag, facts)
            });
        }
    }

    fn arrive(&mut self, arrived: Arrived) {
        match arrived {
            // one that was on its way when the whole came says less than it
            Arrived::Part(part) => {
                if self.listing {
                    self.listed = Remote::Pending {
                        previous: Some(part),
                    };
                }
            }
            Arrived::Listed(listed) => {
                self.listing = false;
                self.listed = match listed {
                    Ok(listed) => Remote::Ready(listed),
                    Err(failure) => Remote::Failed {
                        error: Arc::new(failure),
                        previous: self.listed.value().cloned(),
                    },
                };
            }
            Arrived::Facts(list, tag, facts) => {
                self.asked -= 1;
                // the tag may have moved since
                if list != self.lists {
                    return;
                }
                let facts = match facts {
                    Ok(facts) => Remote::Ready(Arc::new(facts)),
                    Err(failure) => Remote::Failed {
                        error: Arc::new(failure),
                        previous: None,
                    },
                };
                Arc::make_mut(&mut self.facts).insert(tag, facts);
            }
        }
    }

    fn publish(&mut self) {
        self.generation += 1;
        self.shared.slots.put_place(Arc::new(PlaceSnapshot {
            place: self.place.clone(),
            generation: self.generation,
            listed: self.listed.clone(),
            facts: Arc::clone(&self.facts),
        }));
    }
}
