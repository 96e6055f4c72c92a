//! Runs everything in the background: commands in, snapshots out.
//!
//! Each open image and each job has a slot that holds its latest snapshot. The engine
//! overwrites slots and calls a waker; whoever draws reads the slots. So a window that
//! does not look never makes work stall, and nothing here knows of a window.

mod actor;
mod additions;
mod artifact;
mod browser;
mod chores;
mod command;
mod compare;
mod copies;
mod crash;
mod failure;
mod fetch;
mod files;
mod job;
mod outcome;
mod places;
mod queue;
mod roots;
mod running;
mod search;
mod shared;
mod slots;
mod snapshot;
mod supervisor;
mod tags;
mod tree;
mod trust;
mod verdicts;

pub use additions::{
    Addition, AdditionId, AdditionPlan, AdditionReport, AdditionRequest, AdditionSnapshot,
    AttachedFile, Attaching, IdentityFrom, LogUse, PlannedKey, PlannedPiece, PlannedService,
    ServiceRole, SignBy, SignFormat, SignIn, Signing, SigningServices, WrittenPiece,
};
pub use artifact::{ArtifactFile, ArtifactFiles, Artifacts};
pub use chores::{Chore, KeyChore, KeyInfo, KeyTarget, TrustChange, TrustFile, TrustPreview};
pub use command::{Command, Extent};
pub use compare::{
    CompareRequest, ComparedContent, ComparedFile, ComparedFiles, ComparedImage, ComparedImages,
    ComparedSide, ComparisonId, ComparisonSnapshot,
};
pub use copies::{CopyId, CopyRequest, CopySnapshot};
pub use failure::{Failure, FailureKind, without_options};
pub use files::{
    FileContent, FileRef, FilesRequest, FilesSnapshot, LayerFiles, LayerState, SaveRequest,
    ShownFile, ShownVersion,
};
pub use job::{JobId, JobKind, JobSnapshot, JobState, Progress, Unit};
pub use outcome::Outcome;
pub use places::{Listed, Place, PlaceImage, PlaceSnapshot, TagFacts};
// A window takes a secret only to hand it on in a command.
pub use crate::config::{KnownAlias, KnownHost, KnownLogin, KnownRegistry, Secret};
pub use search::{FoundIn, SearchHit, SearchId, SearchRequest, SearchSnapshot};
pub use slots::Slots;
pub use snapshot::{
    Chosen, Image, ImageId, ImageSnapshot, Node, NodePath, Opened, Parts, ReferrerTrees, Remote,
    SubjectReports,
};
pub use tags::{
    CopiedTag, PlannedTag, TagCounts, TagEnded, TagFilter, TagState, Tags, TagsId, TagsRequest,
    TagsSnapshot,
};
pub use trust::{IdentityConfig, RootConfig, RootPlace, TrustConfig, TrustSettings};

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Network;
pub use crate::export::{Report as SavedFiles, Target as SaveTarget};
use crate::model::{Platform, Reference};
use crate::store::Store;
use crate::transport::TransportError;
use crate::transport::registry::Client;
pub use crate::transport::registry::Waiting;

use shared::{Jobs, Shared};
use supervisor::Supervisor;

/// Called, from any thread, when a slot has changed. It must not block.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// What the engine needs to know before it starts.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The platform wanted where a command names none.
    pub platform: Platform,
    /// How registries are reached.
    pub network: Network,
    /// The folder of the cache; nothing for none.
    pub cache: Option<PathBuf>,
    /// Whom to believe.
    pub trust: TrustConfig,
}

/// A handle on the engine. Clones share it; it ends when the last one is dropped.
#[derive(Clone)]
pub struct Engine {
    commands: tokio::sync::mpsc::UnboundedSender<Command>,
    slots: Arc<Slots>,
    start: Arc<Start>,
}

/// What an engine was started with, as far as whoever draws has to know it.
struct Start {
    platform: Platform,
    /// The options of the command line that say how registries are reached.
    reaching: Vec<String>,
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the background threads could not be started: {0}")]
    Threads(#[from] std::io::Error),
    #[error(transparent)]
    Network(#[from] TransportError),
}

impl Engine {
    /// Starts the engine on threads of its own. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// Where threads or the TLS roots cannot be had.
    pub fn spawn(config: EngineConfig, waker: Waker) -> Result<Self, EngineError> {
        let client = Client::new(config.network.clone())?;
        let start = Arc::new(Start {
            platform: config.platform.clone(),
            reaching: config.network.options(),
        });
        let slots = Arc::new(Slots::new(waker));
        let told = Arc::clone(&slots);
        client.tell_of_waiting(move |waiting| told.put_waiting(waiting));
        let shared = Arc::new(Shared {
            store: Store::new(config.cache.clone()),
            client,
            jobs: Jobs::new(Arc::clone(&slots)),
            slots: Arc::clone(&slots),
            shelf: files::Shelf::default(),
            roots: roots::Roots::default(),
            verdicts: verdicts::Verdicts::default(),
            trust: arc_swap::ArcSwap::from_pointee(TrustSettings::read(
                &config.trust,
                config.network.offline,
            )),
            trust_edits: tokio::sync::Mutex::default(),
            config,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("porthole-engine")
            .enable_all()
            .build()?;
        let (commands, receiver) = tokio::sync::mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("porthole-supervisor".to_owned())
            .spawn(move || {
                runtime.block_on(Supervisor::new(shared).run(receiver));
                // what is still being read on other threads is not waited for
                runtime.shutdown_background();
            })?;
        Ok(Self {
            commands,
            slots,
            start,
        })
    }

    /// An engine on a machine for linux/amd64 that does nothing by itself: commands come out
    /// of the receiver, and whoever holds the slots fills them. For tests of what draws.
    pub fn scripted(
        network: &Network,
    ) -> (
        Self,
        tokio::sync::mpsc::UnboundedReceiver<Command>,
        Arc<Slots>,
    ) {
        let (commands, receiver) = tokio::sync::mpsc::unbounded_channel();
        let slots = Arc::new(Slots::new(Arc::new(|| ())));
        let engine = Self {
            commands,
            slots: Arc::clone(&slots),
            start: Arc::new(Start {
                platform: Platform::new("linux", "amd64"),
                reaching: network.options(),
            }),
        };
        (engine, receiver, slots)
    }

    /// The platform of this machine, which is wanted where a command names none.
    pub fn platform(&self) -> &Platform {
        &self.start.platform
    }

    /// The options of the command line by which the places of `references` are reached as they
    /// are here, for a line to paste: none where no registry is among them. They hold no
    /// secret.
    pub fn reaching(&self, references: &[&str]) -> &[String] {
        let mut parsed = references
            .iter()
            .map(|text| Reference::parse_prefixed(text));
        // a registry may lead to mirrors and services elsewhere, so all of them are given
        match parsed.any(|reference| matches!(reference, Some(Ok(Reference::Registry(_))))) {
            true => &self.start.reaching,
            false => &[],
        }
    }

    /// Sends a command. Never blocks; after the engine has ended it does nothing.
    pub fn send(&self, command: Command) {
        // the receiver is only gone while the program ends
        let _ = self.commands.send(command);
    }

    /// What is known of an image now; nothing before it was opened or after it was closed.
    pub fn image(&self, id: ImageId) -> Option<Arc<ImageSnapshot>> {
        self.slots.image(id)
    }

    /// What is known of the files of a manifest; nothing before somebody asked
    /// ([`Command::Files`]).
    pub fn files(&self, image: ImageId, manifest: &NodePath) -> Option<Arc<FilesSnapshot>> {
        self.slots.files(image, manifest)
    }

    /// What is known of a copy now; nothing before it was asked for or after it was forgotten.
    pub fn copy(&self, id: CopyId) -> Option<Arc<CopySnapshot>> {
        self.slots.copy(id)
    }

    /// Every copy that is planned, made or was made.
    pub fn copies(&self) -> Vec<Arc<CopySnapshot>> {
        self.slots.copies()
    }

    /// What is known of a copy of all tags now; nothing before it was asked for or after it was
    /// forgotten.
    pub fn tags(&self, id: TagsId) -> Option<Arc<TagsSnapshot>> {
        self.slots.tags(id)
    }

    /// Every copy of all tags that is planned, made or was made.
    pub fn tag_copies(&self) -> Vec<Arc<TagsSnapshot>> {
        self.slots.tag_copies()
    }

    /// What is known of a comparison now; nothing before it was asked for or after it was
    /// forgotten.
    pub fn comparison(&self, id: ComparisonId) -> Option<Arc<ComparisonSnapshot>> {
        self.slots.comparison(id)
    }

    /// What is known of an addition now; nothing before it was asked for or after it was
    /// forgotten.
    pub fn addition(&self, id: AdditionId) -> Option<Arc<AdditionSnapshot>> {
        self.slots.addition(id)
    }

    /// What a search has found so far; nothing before it was asked for or after it was
    /// forgotten.
    pub fn search(&self, id: SearchId) -> Option<Arc<SearchSnapshot>> {
        self.slots.search(id)
    }

    /// What is known of a place now; nothing before somebody looked at it.
    pub fn place(&self, place: &Place) -> Option<Arc<PlaceSnapshot>> {
        self.slots.place(place)
    }

    /// What came of chores and looks since this was last asked, in order. Each is told once.
    pub fn take_outcomes(&self) -> Vec<Outcome> {
        self.slots.take_outcomes()
    }

    /// The registries that asked to be left alone and are being waited for. The waker is
    /// called when there is another one; that one is over is not told.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.slots.waiting()
    }

    /// The jobs, the oldest first.
    pub fn jobs(&self) -> Arc<[Arc<JobSnapshot>]> {
        self.slots.jobs()
    }
}
