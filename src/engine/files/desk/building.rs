//! Building what is shown: the tree, the list, the account of what is wasted.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::{Remote, crash};
use crate::layer::waste::Waste;
use crate::layer::{FileList, FileQuery, FileTree, LayerIndex};

use super::super::look::{Look, Looked};
use super::{BUILD_SHARE, Done, State};

/// What was built last.
pub(super) struct Built {
    /// The state of the layers that it is of.
    pub version: u64,
    pub tree: Arc<FileTree>,
    /// What the list shows; nothing where it was ended before it was whole.
    pub query: Option<FileQuery>,
}

/// What is being built.
pub(super) struct Building {
    began: Instant,
    query: FileQuery,
    ended: CancellationToken,
}

impl Building {
    pub(super) const fn query(&self) -> &FileQuery {
        &self.query
    }

    /// Nobody wants it any more.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }
}

impl State {
    pub(super) fn wants_building(&self) -> bool {
        let known = self.layers.is_empty() || self.version > 0;
        let is_new = |built: &Built| {
            built.version == self.version && built.query.as_ref() == Some(&self.query)
        };
        let broke = self.broke.as_ref();
        self.listed
            && known
            && !self.built.as_ref().is_some_and(is_new)
            && broke.is_none_or(|(version, query)| (*version, query) != (self.version, &self.query))
    }

    pub(super) fn start_building(&mut self) {
        let early = self.unwatched && !self.is_over();
        if !self.wants_building() || self.building.is_some() || early {
            return;
        }
        let now = Instant::now();
        let other_query = self
            .built
            .as_ref()
            .is_some_and(|built| built.query.as_ref() != Some(&self.query));
        if self.build_at > now && !other_query {
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let same = |built: &Built| (built.version == self.version).then(|| Arc::clone(&built.tree));
        let look = Look {
            version: self.version,
            query: self.query.clone(),
            layers,
            tree: self.built.as_ref().and_then(same),
            ended: CancellationToken::new(),
            begun: self.begun.clone(),
        };
        self.building = Some(Building {
            began: now,
            query: look.query.clone(),
            ended: look.ended.clone(),
        });
        let (version, query) = (look.version, look.query.clone());
        self.tasks.spawn(async move {
            match tokio::task::spawn_blocking(move || look.build()).await {
                Ok(looked) => Done::Looked(Box::new(looked)),
                Err(_) => Done::BuildBroke(version, query),
            }
        });
    }

    /// Building crashed, and would once more.
    pub(super) fn build_broke(&mut self, version: u64, query: FileQuery) {
        self.building = None;
        if query == self.query {
            self.list = Remote::Failed {
                error: Arc::new(crash::failure()),
                previous: self.list.value().cloned(),
            };
        }
        self.broke = Some((version, query));
    }

    /// Shows the beginning of a list at once, where nothing better is shown.
    pub(super) fn begun(&mut self, list: Arc<FileList>) {
        let is_known = |shown: &Arc<FileList>| {
            shown.query() == list.query()
                && (shown.unseen() <= list.unseen() || !Arc::ptr_eq(shown.tree(), list.tree()))
        };
        if *list.query() != self.query || self.list.value().is_some_and(is_known) {
            return;
        }
        self.list = Remote::Pending {
            previous: Some(list),
        };
        self.dirty = true;
        self.published = None;
    }

    pub(super) fn looked(&mut self, looked: Looked) {
        if let Some(building) = self.building.take() {
            self.build_at = Instant::now() + building.began.elapsed() * BUILD_SHARE;
        }
        let fresh = looked.version == self.version && looked.query == self.query;
        let whole = fresh && self.is_over();
        self.built = Some(Built {
            version: looked.version,
            tree: looked.tree,
            query: looked.list.is_some().then_some(looked.query),
        });
        self.list = match looked.list {
            None => return,
            Some(Ok(list)) if whole => Remote::Ready(list),
            Some(Ok(list)) => Remote::Pending {
                previous: Some(list),
            },
            Some(Err(error)) => Remote::Failed {
                error: Arc::new(error.into()),
                previous: self.list.value().cloned(),
            },
        };
    }

    pub(super) fn start_accounting(&mut self) {
        let wanted = self.waste_wanted && !self.accounting && self.is_over() && self.listed;
        if !wanted || self.waste.value().is_some() {
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let version = self.version;
        self.accounting = true;
        self.waste = Remote::Pending { previous: None };
        self.dirty = true;
        self.tasks.spawn(async move {
            let waste = tokio::task::spawn_blocking(move || {
                crash::at("accounting for waste");
                Arc::new(Waste::of(&layers))
            });
            match waste.await {
                Ok(waste) => Done::Waste(version, waste),
                Err(_) => Done::WasteBroke,
            }
        });
    }
}
