//! The slots: the latest snapshot of each image, and of the jobs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::model::Digest;
use crate::transport::registry::Waiting;

use super::{
    AdditionId, AdditionSnapshot, ComparisonId, ComparisonSnapshot, CopyId, CopySnapshot,
    FilesSnapshot, ImageId, ImageSnapshot, JobId, JobSnapshot, NodePath, Outcome, Place,
    PlaceSnapshot, SearchId, SearchSnapshot, TagsId, TagsSnapshot, Waker,
};

/// How many ended jobs are kept; the oldest are forgotten first.
const ENDED_JOBS: usize = 100;

/// Latest values, replaced whole. Reading takes no lock that a writer holds.
pub struct Slots {
    images: ArcSwap<HashMap<ImageId, Arc<ImageSnapshot>>>,
    files: ArcSwap<HashMap<(ImageId, NodePath), Arc<FilesSnapshot>>>,
    jobs: ArcSwap<Vec<Arc<JobSnapshot>>>,
    copies: ArcSwap<HashMap<CopyId, Arc<CopySnapshot>>>,
    tags: ArcSwap<HashMap<TagsId, Arc<TagsSnapshot>>>,
    comparisons: ArcSwap<HashMap<ComparisonId, Arc<ComparisonSnapshot>>>,
    additions: ArcSwap<HashMap<AdditionId, Arc<AdditionSnapshot>>>,
    searches: ArcSwap<HashMap<SearchId, Arc<SearchSnapshot>>>,
    places: ArcSwap<HashMap<Place, Arc<PlaceSnapshot>>>,
    waiting: ArcSwap<Vec<Waiting>>,
    /// Final words queue: each is told once.
    outcomes: Mutex<Vec<Outcome>>,
    waker: Waker,
}

impl Slots {
    /// Empty slots that call `waker` when they change.
    pub fn new(waker: Waker) -> Self {
        Self {
            images: ArcSwap::default(),
            files: ArcSwap::default(),
            jobs: ArcSwap::default(),
            copies: ArcSwap::default(),
            tags: ArcSwap::default(),
            comparisons: ArcSwap::default(),
            additions: ArcSwap::default(),
            searches: ArcSwap::default(),
            places: ArcSwap::default(),
            waiting: ArcSwap::default(),
            outcomes: Mutex::default(),
            waker,
        }
    }

    /// What is known of an image.
    pub fn image(&self, id: ImageId) -> Option<Arc<ImageSnapshot>> {
        self.images.load().get(&id).cloned()
    }

    /// The jobs, the oldest first.
    pub fn jobs(&self) -> Arc<[Arc<JobSnapshot>]> {
        self.jobs.load().iter().cloned().collect()
    }

    /// Puts a snapshot in its slot, unless a newer one is there.
    pub fn put_image(&self, snapshot: Arc<ImageSnapshot>) {
        self.images.rcu(|images| {
            let mut images = HashMap::clone(images);
            let older = images
                .get(&snapshot.id)
                .is_none_or(|there| there.generation < snapshot.generation);
            if older {
                images.insert(snapshot.id, Arc::clone(&snapshot));
            }
            images
        });
        (self.waker)();
    }

    /// Empties the slot of an image.
    pub fn remove_image(&self, id: ImageId) {
        self.images.rcu(|images| {
            let mut images = HashMap::clone(images);
            images.remove(&id);
            images
        });
        (self.waker)();
    }

    /// What is known of the files of a manifest.
    pub fn files(&self, image: ImageId, manifest: &NodePath) -> Option<Arc<FilesSnapshot>> {
        let files = self.files.load();
        files.get(&(image, manifest.clone())).cloned()
    }

    /// Puts a snapshot of a manifest's files in its slot.
    pub fn put_files(&self, snapshot: Arc<FilesSnapshot>) {
        let key = (snapshot.image, snapshot.manifest.clone());
        self.files.rcu(|files| {
            let mut files = HashMap::clone(files);
            files.insert(key.clone(), Arc::clone(&snapshot));
            files
        });
        (self.waker)();
    }

    /// Empties the slot of a manifest's files.
    pub fn remove_files(&self, image: ImageId, manifest: &NodePath, digest: &Digest) {
        let key = (image, manifest.clone());
        self.files.rcu(|files| {
            let mut files = HashMap::clone(files);
            // after a reload another manifest may be at the same place
            if files.get(&key).is_some_and(|there| there.digest == *digest) {
                files.remove(&key);
            }
            files
        });
        (self.waker)();
    }

    /// The registries that asked to be left alone and are being waited for.
    pub fn waiting(&self) -> Vec<Waiting> {
        let waiting = self.waiting.load();
        let mut waiting = Vec::clone(&waiting);
        waiting.retain(|waiting| waiting.left().is_some());
        waiting
    }

    /// Puts the registries that are being waited for in their slot.
    pub fn put_waiting(&self, waiting: Vec<Waiting>) {
        self.waiting.store(Arc::new(waiting));
        (self.waker)();
    }

    /// What is known of a place.
    pub fn place(&self, place: &Place) -> Option<Arc<PlaceSnapshot>> {
        self.places.load().get(place).cloned()
    }

    /// Puts a snapshot in its slot. Each place has one task, so the last one is the newest.
    pub fn put_place(&self, snapshot: Arc<PlaceSnapshot>) {
        self.places.rcu(|places| {
            let mut places = HashMap::clone(places);
            places.insert(snapshot.place.clone(), Arc::clone(&snapshot));
            places
        });
        (self.waker)();
    }

    /// Empties the slot of a place.
    pub fn remove_place(&self, place: &Place) {
        self.places.rcu(|places| {
            let mut places = HashMap::clone(places);
            places.remove(place);
            places
        });
        (self.waker)();
    }

    /// Puts a job in its slot.
    pub fn put_job(&self, job: Arc<JobSnapshot>) {
        self.jobs.rcu(|jobs| {
            let mut jobs = Vec::clone(jobs);
            match jobs.iter_mut().find(|there| there.id == job.id) {
                Some(there) => *there = Arc::clone(&job),
                None => jobs.push(Arc::clone(&job)),
            }
            let ended = jobs.iter().filter(|job| job.state.is_final()).count();
            if ended > ENDED_JOBS
                && let Some(oldest) = jobs.iter().position(|job| job.state.is_final())
            {
                jobs.remove(oldest);
            }
            jobs
        });
        (self.waker)();
    }

    /// Forgets a job.
    pub fn remove_job(&self, id: JobId) {
        self.jobs.rcu(|jobs| {
            let others = jobs.iter().filter(|job| job.id != id);
            others.cloned().collect::<Vec<_>>()
        });
        (self.waker)();
    }

    /// What is known of a copy.
    pub fn copy(&self, id: CopyId) -> Option<Arc<CopySnapshot>> {
        self.copies.load().get(&id).cloned()
    }

    /// What is known of each copy, in no order.
    pub fn copies(&self) -> Vec<Arc<CopySnapshot>> {
        self.copies.load().values().cloned().collect()
    }

    /// Puts a copy in its slot.
    pub fn put_copy(&self, copy: Arc<CopySnapshot>) {
        self.copies.rcu(|copies| {
            let mut copies = HashMap::clone(copies);
            copies.insert(copy.id, Arc::clone(&copy));
            copies
        });
        (self.waker)();
    }

    /// Empties the slot of a copy.
    pub fn remove_copy(&self, id: CopyId) {
        self.copies.rcu(|copies| {
            let mut copies = HashMap::clone(copies);
            copies.remove(&id);
            copies
        });
        (self.waker)();
    }

    /// What is known of a copy of all tags.
    pub fn tags(&self, id: TagsId) -> Option<Arc<TagsSnapshot>> {
        self.tags.load().get(&id).cloned()
    }

    /// What is known of each copy of all tags, in no order.
    pub fn tag_copies(&self) -> Vec<Arc<TagsSnapshot>> {
        self.tags.load().values().cloned().collect()
    }

    /// Puts a copy of all tags in its slot.
    pub fn put_tags(&self, copy: Arc<TagsSnapshot>) {
        self.tags.rcu(|tags| {
            let mut tags = HashMap::clone(tags);
            tags.insert(copy.id, Arc::clone(&copy));
            tags
        });
        (self.waker)();
    }

    /// Empties the slot of a copy of all tags.
    pub fn remove_tags(&self, id: TagsId) {
        self.tags.rcu(|tags| {
            let mut tags = HashMap::clone(tags);
            tags.remove(&id);
            tags
        });
        (self.waker)();
    }

    /// What a search has found so far.
    pub fn search(&self, id: SearchId) -> Option<Arc<SearchSnapshot>> {
        self.searches.load().get(&id).cloned()
    }

    /// What each search has found, in no order.
    pub fn searches(&self) -> Vec<Arc<SearchSnapshot>> {
        self.searches.load().values().cloned().collect()
    }

    /// Puts a search in its slot.
    pub fn put_search(&self, search: Arc<SearchSnapshot>) {
        self.searches.rcu(|searches| {
            let mut searches = HashMap::clone(searches);
            searches.insert(search.id, Arc::clone(&search));
            searches
        });
        (self.waker)();
    }

    /// Empties the slot of a search.
    pub fn remove_search(&self, id: SearchId) {
        self.searches.rcu(|searches| {
            let mut searches = HashMap::clone(searches);
            searches.remove(&id);
            searches
        });
        (self.waker)();
    }

    /// What is known of a comparison.
    pub fn comparison(&self, id: ComparisonId) -> Option<Arc<ComparisonSnapshot>> {
        self.comparisons.load().get(&id).cloned()
    }

    /// What is known of each comparison, in no order.
    pub fn comparisons(&self) -> Vec<Arc<ComparisonSnapshot>> {
        self.comparisons.load().values().cloned().collect()
    }

    /// Puts a comparison in its slot, unless a newer one is there.
    pub fn put_comparison(&self, comparison: Arc<ComparisonSnapshot>) {
        self.comparisons.rcu(|comparisons| {
            let mut comparisons = HashMap::clone(comparisons);
            let older = comparisons
                .get(&comparison.id)
                .is_none_or(|there| there.generation < comparison.generation);
            if older {
                comparisons.insert(comparison.id, Arc::clone(&comparison));
            }
            comparisons
        });
        (self.waker)();
    }

    /// What is known of an addition.
    pub fn addition(&self, id: AdditionId) -> Option<Arc<AdditionSnapshot>> {
        self.additions.load().get(&id).cloned()
    }

    /// Puts an addition in its slot.
    pub fn put_addition(&self, addition: Arc<AdditionSnapshot>) {
        self.additions.rcu(|additions| {
            let mut additions = HashMap::clone(additions);
            additions.insert(addition.id, Arc::clone(&addition));
            additions
        });
        (self.waker)();
    }

    /// Empties the slot of a comparison.
    pub fn remove_comparison(&self, id: ComparisonId) {
        self.comparisons.rcu(|comparisons| {
            let mut comparisons = HashMap::clone(comparisons);
            comparisons.remove(&id);
            comparisons
        });
        (self.waker)();
    }

    /// Empties the slot of an addition.
    pub fn remove_addition(&self, id: AdditionId) {
        self.additions.rcu(|additions| {
            let mut additions = HashMap::clone(additions);
            additions.remove(&id);
            additions
        });
        (self.waker)();
    }

    /// Forgets the jobs that have ended.
    pub fn clear_jobs(&self) {
        self.jobs.rcu(|jobs| {
            let running = jobs.iter().filter(|job| !job.state.is_final());
            running.cloned().collect::<Vec<_>>()
        });
        (self.waker)();
    }

    /// Tells how something ended.
    pub fn put_outcome(&self, outcome: Outcome) {
        self.lock_outcomes().push(outcome);
        (self.waker)();
    }

    /// What ended since this was last asked.
    pub fn take_outcomes(&self) -> Vec<Outcome> {
        std::mem::take(&mut *self.lock_outcomes())
    }

    /// Held for one push or take only; a panic cannot leave the list half changed.
    fn lock_outcomes(&self) -> MutexGuard<'_, Vec<Outcome>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something changed that is not in a slot, such as progress.
    pub fn wake(&self) {
        (self.waker)();
    }
}
