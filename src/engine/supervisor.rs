//! Takes commands and hands them to the task of the image that they are about.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::actor::{Actor, Message};
use super::additions::Additions;
use super::browser;
use super::chores;
use super::compare::Comparisons;
use super::copies::Copies;
use super::places::{self, Places};
use super::search::Searches;
use super::shared::Shared;
use super::tags::TagCopies;
use super::{Command, Failure, ImageId, JobId, JobKind, JobSnapshot, NodePath, Outcome};

/// The open images, and what each job could be done again by.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    images: HashMap<ImageId, Running>,
    /// The manifest that was last checked of an image, to check it again.
    checked: HashMap<ImageId, NodePath>,
    copies: Copies,
    tags: TagCopies,
    comparisons: Comparisons,
    additions: Additions,
    searches: Searches,
    places: Places,
}

struct Running {
    messages: mpsc::UnboundedSender<Message>,
    closed: CancellationToken,
}

impl Supervisor {
    pub fn new(shared: Arc<Shared>) -> Self {
        let copies = Copies::default();
        Self {
            shared,
            images: HashMap::new(),
            checked: HashMap::new(),
            tags: TagCopies::new(copies.turns()),
            copies,
            comparisons: Comparisons::default(),
            additions: Additions::default(),
            searches: Searches::default(),
            places: Places::default(),
        }
    }

    /// Runs until nobody can send commands any more.
    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            self.handle(command);
        }
        for running in self.images.values() {
            running.closed.cancel();
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Open {
                image,
                input,
                platform,
                extent,
            } => {
                let (messages, receiver) = mpsc::unbounded_channel();
                let closed = CancellationToken::new();
                let actor = Actor::new(Arc::clone(&self.shared), image, input, platform, extent);
                tokio::spawn(actor.run(receiver, closed.clone()));
                let running = Running { messages, closed };
                if let Some(previous) = self.images.insert(image, running) {
                    previous.closed.cancel();
                }
            }
            Command::Close { image } => {
                self.checked.remove(&image);
                if let Some(running) = self.images.remove(&image) {
                    running.closed.cancel();
                }
            }
            Command::Reload { image } => self.tell(image, Message::Reload),
            Command::LookAgain { image } => self.tell(image, Message::LookAgain),
            Command::Want {
                image,
                index,
                entries,
            } => self.tell(image, Message::Want { index, entries }),
            Command::ListReferrers { image, manifest } => {
                self.tell(image, Message::ListReferrers { manifest });
            }
            Command::ReadArtifact { image, manifest } => {
                self.tell(image, Message::ReadArtifact { manifest });
            }
            Command::Files {
                image,
                manifest,
                request,
            } => self.tell(image, Message::Files { manifest, request }),
            Command::Verify { image, manifest } => self.tell(image, Message::Verify { manifest }),
            Command::JudgeAgain => self.judge_again(),
            Command::SetOffline(offline) => {
                self.shared.set_offline(offline);
                self.judge_again();
            }
            Command::CheckBlobs { image, manifest } => {
                self.checked.insert(image, manifest.clone());
                self.tell(image, Message::CheckBlobs { manifest });
            }
            Command::PlanCopy { copy, request } => self.copies.plan(&self.shared, copy, *request),
            Command::Copy { copy, request } => self.copies.make(&self.shared, copy, *request),
            Command::ForgetCopy { copy } => self.copies.forget(&self.shared, copy),
            Command::PlanTags {
                tags,
                request,
                tell,
            } => self.tags.plan(&self.shared, tags, *request, tell),
            Command::CopyTags {
                tags,
                request,
                tell,
            } => self.tags.make(&self.shared, tags, *request, tell),
            Command::ForgetTags { tags } => self.tags.forget(&self.shared, tags),
            Command::Search { search, request } => {
                self.searches.begin(&self.shared, search, *request);
            }
            Command::ForgetSearch { search } => self.searches.forget(&self.shared, search),
            Command::Compare {
                comparison,
                request,
            } => self.comparisons.begin(&self.shared, comparison, *request),
            Command::ShowCompared { comparison, path } => self.comparisons.show(comparison, path),
            Command::ForgetComparison { comparison } => {
                self.comparisons.forget(&self.shared, comparison);
            }
            Command::PlanAddition { addition, request } => {
                self.additions.plan(&self.shared, addition, *request);
            }
            Command::Add {
                addition,
                request,
                passphrases,
                accept,
            } => {
                let request = *request;
                self.additions
                    .make(&self.shared, addition, request, passphrases, accept);
            }
            Command::ForgetAddition { addition } => {
                self.additions.forget(&self.shared, addition);
            }
            Command::Browse { address } => {
                let slots = Arc::clone(&self.shared.slots);
                // it may take as long as the browser runs
                std::thread::spawn(move || {
                    if let Err(failure) = browser::browse(&address) {
                        slots.put_outcome(Outcome::Failed(Arc::new(failure)));
                    }
                });
            }
            Command::ListPlace { place } => {
                self.places.tell(&self.shared, place, places::Message::List);
            }
            Command::WantTags { place, tags } => {
                let message = places::Message::Want(tags);
                self.places.tell(&self.shared, place, message);
            }
            Command::ClosePlace { place } => self.places.close(&self.shared, &place),
            Command::Cancel { job } => self.cancel(job),
            Command::Retry { job } => self.retry(job),
            Command::Chore(chore) => {
                tokio::spawn(chores::run(Arc::clone(&self.shared), chore));
            }
            Command::ClearJobs => self.shared.slots.clear_jobs(),
        }
    }

    fn judge_again(&self) {
        for image in self.images.keys() {
            self.tell(*image, Message::JudgeAgain);
        }
    }

    fn tell(&self, image: ImageId, message: Message) {
        if let Some(running) = self.images.get(&image) {
            // an actor that has ended has nothing to do
            let _ = running.messages.send(message);
        }
    }

    fn cancel(&self, id: JobId) {
        if !self.shared.jobs.cancel(id) {
            return;
        }
        if let Some(job) = self.job(id) {
            match job.kind {
                JobKind::Open | JobKind::Reload => {
                    self.tell(job.image, Message::CancelOpening { job: id });
                }
                JobKind::ReadLayers => {
                    let again = false;
                    self.tell(job.image, Message::FilesJob { job: id, again });
                }
                // it waits on its own token
                JobKind::Check
                | JobKind::Copy
                | JobKind::CopyTags
                | JobKind::Compare
                | JobKind::Save
                | JobKind::Search
                | JobKind::Addition => {}
            }
        }
    }

    fn retry(&mut self, id: JobId) {
        let Some(job) = self.job(id).filter(|job| job.state.is_final()) else {
            return;
        };
        let of_tab = !matches!(
            job.kind,
            JobKind::Copy
                | JobKind::CopyTags
                | JobKind::Compare
                | JobKind::Addition
                | JobKind::Search
        );
        if of_tab && !self.images.contains_key(&job.image) {
            let why = "The tab that this belongs to is closed";
            let refused = Failure::refused(why, "Open the image again and do it there");
            let outcome = Outcome::Failed(Arc::new(refused));
            self.shared.slots.put_outcome(outcome);
            return;
        }
        // what is done again has a job of its own, or goes on in this one
        if !matches!(
            job.kind,
            JobKind::Copy | JobKind::CopyTags | JobKind::Addition
        ) {
            self.shared.slots.remove_job(id);
        }
        match job.kind {
            JobKind::Open | JobKind::Reload => self.tell(job.image, Message::Reload),
            JobKind::ReadLayers | JobKind::Save => {
                let again = true;
                self.tell(job.image, Message::FilesJob { job: id, again });
            }
            JobKind::Copy => self.copies.retry(&self.shared, id),
            JobKind::CopyTags => self.tags.retry(&self.shared, id),
            JobKind::Compare => self.comparisons.retry(&self.shared, id),
            // its passphrases are gone: whoever has them asks again
            JobKind::Addition => {}
            JobKind::Search => self.searches.retry(&self.shared, id),
            JobKind::Check => {
                if let Some(manifest) = self.checked.get(&job.image).cloned() {
                    self.tell(job.image, Message::CheckBlobs { manifest });
                }
            }
        }
    }

    fn job(&self, id: JobId) -> Option<Arc<JobSnapshot>> {
        let jobs = self.shared.slots.jobs();
        jobs.iter().find(|job| job.id == id).cloned()
    }
}
