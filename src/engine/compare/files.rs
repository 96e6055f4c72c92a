//! The files of two images: which layers have to be known for that, and what they tell.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use crate::diff::{self, FileChange};
use crate::engine::files::{ReadLayer, by_tables, judge, known_layer, objections};
use crate::engine::shared::{JobHandle, Shared};
use crate::engine::{Failure, FailureKind, Progress, Unit};
use crate::layer::{Allowance, EntryKind, FileTree, LayerIndex};
use crate::model::{Descriptor, Digest};

use super::side::Side;

/// How many layers are read at once.
const CONCURRENT: usize = 2;

/// The trees of both images, as far as they are known.
pub(super) struct Trees {
    pub before: Arc<FileTree>,
    pub after: Arc<FileTree>,
    /// How many layers at the bottom of both the trees are made without.
    pub left_out: usize,
    /// Whether the files of some layers are only known by what those say of themselves.
    pub by_tables: bool,
    /// How many layers' lists of files are known.
    pub opened: usize,
    pub changes: Vec<FileChange>,
    pub notes: Vec<String>,
}

/// The lists of files that are known, by the digests of the layers.
struct Known {
    indexes: HashMap<Digest, LayerIndex>,
}

impl Trees {
    /// Reads what has to be known. Layers that both have at the bottom are only read where
    /// the others leave open what is new and what replaces something.
    pub(super) async fn of(
        shared: &Arc<Shared>,
        before: &Side,
        after: &Side,
        fetch_shared: bool,
        job: &JobHandle,
    ) -> Result<Self, Failure> {
        let (one, other) = (before.layers(), after.layers());
        let same = one.iter().zip(&other);
        let bottom = same.take_while(|(one, other)| agree(one, other)).count();
        let mut known = Known {
            indexes: HashMap::new(),
        };
        let mut notes = Vec::new();
        known.read(shared, before, &one[bottom..], job).await?;
        known.read(shared, after, &other[bottom..], job).await?;
        known.hold(before, &one[bottom..])?;
        known.hold(after, &other[bottom..])?;
        let mut trees = known.trees(&one, &other, bottom).await?;
        if bottom > 0 && trees.leave_open(&known, &one[bottom..], &other[bottom..]) {
            let here = !before.is_remote() || !after.is_remote();
            // a place at hand is asked whether it has them whole
            let listed = !here && known.look(shared, &one[..bottom]).await;
            if listed || here || fetch_shared {
                let near = if before.is_remote() { after } else { before };
                match known.read(shared, near, &one[..bottom], job).await {
                    Ok(()) => trees = known.trees(&one, &other, 0).await?,
                    Err(failure) if failure.kind == FailureKind::Cancelled => return Err(failure),
                    Err(failure) => notes.push(format!(
                        "A layer that both have could not be read: {failure}. What only one \
                         image's own layers hold is listed as added or removed."
                    )),
                }
            } else {
                notes.push(format!(
                    "{bottom} layers that both have were not fetched. What only one image's own \
                     layers hold is listed as added or removed; it may replace a file of theirs."
                ));
            }
        } else if bottom > 0 {
            trees.left_out = 0; // nothing depends on them
        }
        trees.opened = known.indexes.len();
        for (side, tree) in [("before", &trees.before), ("after", &trees.after)] {
            let tables = by_tables(tree.layers().iter().enumerate());
            trees.by_tables |= tables.is_some();
            let objections = objections(tree.layers().iter().enumerate());
            let said = tables.into_iter().chain(objections);
            notes.extend(said.map(|note| format!("{side}: {note}")));
        }
        trees.notes = notes;
        Ok(trees)
    }

    /// Whether a shared layer below would say more: something is there on one side only, or
    /// a layer speaks of what lies below it.
    fn leave_open(
        &self,
        known: &Known,
        one: &[(Descriptor, Option<Digest>)],
        other: &[(Descriptor, Option<Digest>)],
    ) -> bool {
        let sided = self.changes.iter().any(|change| {
            let folder = |state: &diff::FileState| state.kind == EntryKind::Directory;
            match (&change.before, &change.after) {
                // a folder that a layer does not list has the mode that a lower one gave it
                (Some(before), Some(after)) => folder(before) || folder(after),
                _ => true,
            }
        });
        let speaks = |layer: &(Descriptor, Option<Digest>)| {
            known
                .indexes
                .get(&layer.0.digest)
                .is_some_and(|index| index.entries().any(|entry| entry.kind().is_whiteout()))
        };
        // a link to what lies below has its content there, and a folder that no layer lists
        // may be a link there, which leads elsewhere
        let linked = [&self.before, &self.after].iter().any(|tree| {
            tree.walk().skip(1).any(|node| match node.kind() {
                EntryKind::Hardlink => node.content().is_none(),
                EntryKind::Directory => node.layer().is_none(),
                _ => false,
            })
        });
        sided || linked || one.iter().any(speaks) || other.iter().any(speaks)
    }
}

/// Whether two images say the same of a layer: its bytes, and what they unpack to.
pub(super) fn agree(
    (one, one_id): &(Descriptor, Option<Digest>),
    (other, other_id): &(Descriptor, Option<Digest>),
) -> bool {
    let ids = one_id.as_ref().zip(other_id.as_ref());
    let same = ids.is_none_or(|(one, other)| one == other || one.algorithm() != other.algorithm());
    one.digest == other.digest && one.size == other.size && same
}

impl Known {
    /// Takes what was listed before; says whether that is all of `layers`.
    async fn look(&mut self, shared: &Shared, layers: &[(Descriptor, Option<Digest>)]) -> bool {
        for (layer, _) in layers {
            if let Some(index) = known_layer(shared, layer, |_| ()).await {
                self.indexes.insert(layer.digest.clone(), index);
            }
        }
        layers
            .iter()
            .all(|(layer, _)| self.indexes.contains_key(&layer.digest))
    }

    async fn read(
        &mut self,
        shared: &Arc<Shared>,
        side: &Side,
        layers: &[(Descriptor, Option<Digest>)],
        job: &JobHandle,
    ) -> Result<(), Failure> {
        let mut wanted: Vec<(usize, &(Descriptor, Option<Digest>))> = Vec::new();
        for (position, layer) in layers.iter().enumerate() {
            let listed = wanted
                .iter()
                .any(|(_, other)| other.0.digest == layer.0.digest);
            if !listed && !self.indexes.contains_key(&layer.0.digest) {
                wanted.push((position, layer));
                job.progress().expect(layer.0.size);
            }
        }
        let reads = wanted.into_iter().map(|(position, (layer, diff_id))| {
            // nobody looks at what is known on the way
            let (partial, _) = mpsc::unbounded_channel();
            let read = ReadLayer {
                shared: Arc::clone(shared),
                source: Arc::clone(&side.source),
                position,
                layer: layer.clone(),
                diff_id: diff_id.clone(),
                allowance: Allowance::Usual,
                progress: Arc::new(Progress::new(Unit::Bytes)),
                total: job.shared_progress(),
                partial,
            };
            let digest = layer.digest.clone();
            async move { (digest, read.run().await) }.boxed()
        });
        let reads: Vec<_> = reads.collect();
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT);
        while let Some((digest, out)) = reads.next().await {
            if let Some(mut failure) = out.failure {
                failure.details.push(side.source.reference().to_string());
                return Err(failure);
            }
            self.indexes.insert(digest, out.index);
        }
        Ok(())
    }

    /// Holds what was read against what one of the images says of it: the other one may say
    /// something else of the same layer.
    fn hold(&self, side: &Side, layers: &[(Descriptor, Option<Digest>)]) -> Result<(), Failure> {
        for (layer, diff_id) in layers {
            let index = self.indexes.get(&layer.digest);
            let wrong = index.and_then(|index| judge(layer, diff_id.as_ref(), index));
            if let Some(mut failure) = wrong {
                failure.details.push(side.source.reference().to_string());
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Both trees without the first `left_out` layers, and how they differ.
    async fn trees(
        &self,
        one: &[(Descriptor, Option<Digest>)],
        other: &[(Descriptor, Option<Digest>)],
        left_out: usize,
    ) -> Result<Trees, Failure> {
        // a layer that is left out has no entries: positions stay what they are
        let indexes = |layers: &[(Descriptor, Option<Digest>)]| -> Arc<[LayerIndex]> {
            let layers = layers.iter().enumerate();
            layers
                .map(
                    |(position, (layer, _))| match self.indexes.get(&layer.digest) {
                        Some(index) if position >= left_out => index.clone(),
                        _ => LayerIndex::default(),
                    },
                )
                .collect()
        };
        let (one, other) = (indexes(one), indexes(other));
        let made = tokio::task::spawn_blocking(move || {
            let build = |layers: Arc<[LayerIndex]>| {
                let last = layers.len().saturating_sub(1);
                Arc::new(FileTree::build(layers, last))
            };
            let (before, after) = (build(one), build(other));
            let changes = diff::files(&before, &after);
            (before, after, changes)
        });
        let (before, after, changes) = made.await.map_err(|error| {
            let mut failure = Failure::refused(
                "the files could not be compared",
                "Try again; if it stays so, report it with the details",
            );
            failure.details.push(error.to_string());
            failure
        })?;
        Ok(Trees {
            before,
            after,
            left_out,
            by_tables: false,
            opened: 0,
            changes,
            notes: Vec::new(),
        })
    }
}
