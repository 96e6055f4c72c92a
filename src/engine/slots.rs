//! The slots: the latest snapshot of each image, and of the jobs.

use std::collections::HashMap;
use std::hash::Hash;
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
    images: Latest<ImageId, ImageSnapshot>,
    files: Latest<(ImageId, NodePath), FilesSnapshot>,
    jobs: ArcSwap<Vec<Arc<JobSnapshot>>>,
    copies: Latest<CopyId, CopySnapshot>,
    tags: Latest<TagsId, TagsSnapshot>,
    comparisons: Latest<ComparisonId, ComparisonSnapshot>,
    additions: Latest<AdditionId, AdditionSnapshot>,
    searches: Latest<SearchId, SearchSnapshot>,
    places: Latest<Place, PlaceSnapshot>,
    waiting: ArcSwap<Vec<Waiting>>,
    /// Final words queue: each is told once.
    outcomes: Mutex<Vec<Outcome>>,
    waker: Waker,
}

/// The latest snapshot of each of several things, by what names them.
struct Latest<K, V>(ArcSwap<HashMap<K, Arc<V>>>);

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<K: Clone + Eq + Hash, V> Latest<K, V> {
    fn get(&self, key: &K) -> Option<Arc<V>> {
        self.0.load().get(key).cloned()
    }

    /// In no order.
    fn all(&self) -> Vec<Arc<V>> {
        self.0.load().values().cloned().collect()
    }

    fn put(&self, key: &K, value: &Arc<V>) {
        self.put_over(key, value, |_| true);
    }

    /// Puts it in where nothing is, or what `is_older` takes.
    fn put_over(&self, key: &K, value: &Arc<V>, is_older: impl Fn(&V) -> bool) {
        self.0.rcu(|all| {
            let mut all = HashMap::clone(all);
            if all.get(key).is_none_or(|there| is_older(there)) {
                all.insert(key.clone(), Arc::clone(value));
            }
            all
        });
    }

    fn remove(&self, key: &K) {
        self.remove_where(key, |_| true);
    }

    /// Takes it out where `is_meant` takes it.
    fn remove_where(&self, key: &K, is_meant: impl Fn(&V) -> bool) {
        self.0.rcu(|all| {
            let mut all = HashMap::clone(all);
            if all.get(key).is_some_and(|there| is_meant(there)) {
                all.remove(key);
            }
            all
        });
    }
}

impl Slots {
    /// Empty slots that call `waker` when they change.
    pub fn new(waker: Waker) -> Self {
        Self {
            images: Latest::default(),
            files: Latest::default(),
            jobs: ArcSwap::default(),
            copies: Latest::default(),
            tags: Latest::default(),
            comparisons: Latest::default(),
            additions: Latest::default(),
            searches: Latest::default(),
            places: Latest::default(),
            waiting: ArcSwap::default(),
            outcomes: Mutex::default(),
            waker,
        }
    }

    /// What is known of an image.
    pub fn image(&self, id: ImageId) -> Option<Arc<ImageSnapshot>> {
        self.images.get(&id)
    }

    /// Puts a snapshot in its slot, unless a newer one is there.
    pub fn put_image(&self, snapshot: Arc<ImageSnapshot>) {
        let is_older = |there: &ImageSnapshot| there.generation < snapshot.generation;
        self.images.put_over(&snapshot.id, &snapshot, is_older);
        (self.waker)();
    }

    /// Empties the slot of an image.
    pub fn remove_image(&self, id: ImageId) {
        self.images.remove(&id);
        (self.waker)();
    }

    /// What is known of the files of a manifest.
    pub fn files(&self, image: ImageId, manifest: &NodePath) -> Option<Arc<FilesSnapshot>> {
        self.files.get(&(image, manifest.clone()))
    }

    /// Puts a snapshot of a manifest's files in its slot.
    pub fn put_files(&self, snapshot: Arc<FilesSnapshot>) {
        let key = (snapshot.image, snapshot.manifest.clone());
        self.files.put(&key, &snapshot);
        (self.waker)();
    }

    /// Empties the slot of a manifest's files.
    pub fn remove_files(&self, image: ImageId, manifest: &NodePath, digest: &Digest) {
        // after a reload another manifest may be at the same place
        let is_meant = |there: &FilesSnapshot| there.digest == *digest;
        self.files
            .remove_where(&(image, manifest.clone()), is_meant);
        (self.waker)();
    }

    /// What is known of a place.
    pub fn place(&self, place: &Place) -> Option<Arc<PlaceSnapshot>> {
        self.places.get(place)
    }

    /// Puts a snapshot in its slot. Each place has one task, so the last one is the newest.
    pub fn put_place(&self, snapshot: Arc<PlaceSnapshot>) {
        self.places.put(&snapshot.place, &snapshot);
        (self.waker)();
    }

    /// Empties the slot of a place.
    pub fn remove_place(&self, place: &Place) {
        self.places.remove(place);
        (self.waker)();
    }

    /// What is known of a copy.
    pub fn copy(&self, id: CopyId) -> Option<Arc<CopySnapshot>> {
        self.copies.get(&id)
    }

    /// Each copy, in no order.
    pub fn copies(&self) -> Vec<Arc<CopySnapshot>> {
        self.copies.all()
    }

    /// Puts a copy in its slot.
    pub fn put_copy(&self, copy: Arc<CopySnapshot>) {
        self.copies.put(&copy.id, &copy);
        (self.waker)();
    }

    /// Empties the slot of a copy.
    pub fn remove_copy(&self, id: CopyId) {
        self.copies.remove(&id);
        (self.waker)();
    }

    /// What is known of a copy of all tags.
    pub fn tags(&self, id: TagsId) -> Option<Arc<TagsSnapshot>> {
        self.tags.get(&id)
    }

    /// Each copy of all tags, in no order.
    pub fn tag_copies(&self) -> Vec<Arc<TagsSnapshot>> {
        self.tags.all()
    }

    /// Puts a copy of all tags in its slot.
    pub fn put_tags(&self, tags: Arc<TagsSnapshot>) {
        self.tags.put(&tags.id, &tags);
        (self.waker)();
    }

    /// Empties the slot of a copy of all tags.
    pub fn remove_tags(&self, id: TagsId) {
        self.tags.remove(&id);
        (self.waker)();
    }

    /// What is known of a search.
    pub fn search(&self, id: SearchId) -> Option<Arc<SearchSnapshot>> {
        self.searches.get(&id)
    }

    /// Each search, in no order.
    pub fn searches(&self) -> Vec<Arc<SearchSnapshot>> {
        self.searches.all()
    }

    /// Puts a search in its slot.
    pub fn put_search(&self, search: Arc<SearchSnapshot>) {
        self.searches.put(&search.id, &search);
        (self.waker)();
    }

    /// Empties the slot of a search.
    pub fn remove_search(&self, id: SearchId) {
        self.searches.remove(&id);
        (self.waker)();
    }

    /// What is known of a comparison.
    pub fn comparison(&self, id: ComparisonId) -> Option<Arc<ComparisonSnapshot>> {
        self.comparisons.get(&id)
    }

    /// Each comparison, in no order.
    pub fn comparisons(&self) -> Vec<Arc<ComparisonSnapshot>> {
        self.comparisons.all()
    }

    /// Puts a comparison in its slot, unless a newer one is there.
    pub fn put_comparison(&self, comparison: Arc<ComparisonSnapshot>) {
        let is_older = |there: &ComparisonSnapshot| there.generation < comparison.generation;
        self.comparisons
            .put_over(&comparison.id, &comparison, is_older);
        (self.waker)();
    }

    /// Empties the slot of a comparison.
    pub fn remove_comparison(&self, id: ComparisonId) {
        self.comparisons.remove(&id);
        (self.waker)();
    }

    /// What is known of an addition.
    pub fn addition(&self, id: AdditionId) -> Option<Arc<AdditionSnapshot>> {
        self.additions.get(&id)
    }

    /// Puts an addition in its slot.
    pub fn put_addition(&self, addition: Arc<AdditionSnapshot>) {
        self.additions.put(&addition.id, &addition);
        (self.waker)();
    }

    /// Empties the slot of an addition.
    pub fn remove_addition(&self, id: AdditionId) {
        self.additions.remove(&id);
        (self.waker)();
    }

    /// The jobs, the oldest first.
    pub fn jobs(&self) -> Arc<[Arc<JobSnapshot>]> {
        self.jobs.load().iter().cloned().collect()
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
