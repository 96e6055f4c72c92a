//! Building what is shown: the tree, the list, the account of what is wasted.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::Remote;
use crate::layer::waste::Waste;
use crate::layer::{FileQuery, FileTree, LayerIndex};

use super::super::look::{Looked, look};
use super::{BUILD_SHARE, Done, State};

impl State {
    pub(super) fn wants_building(&self) -> bool {
        let built = self.built.as_ref();
        let known = self.layers.is_empty() || self.version > 0;
        self.listed
            && known
            && built
                .is_none_or(|(version, query, _)| *version != self.version || *query != self.query)
    }

    pub(super) fn start_building(&mut self) {
        if !self.wants_building() || self.building.is_some() {
            return;
        }
        let now = Instant::now();
        let other_query = self
            .built
            .as_ref()
            .is_some_and(|(_, query, _)| *query != self.query);
        if self.build_at > now && !other_query {
            return;
        }
        let layers: Arc<[LayerIndex]> = self.layers.iter().map(|l| l.index.clone()).collect();
        let same = |(version, _, tree): &(u64, FileQuery, Arc<FileTree>)| {
            (*version == self.version).then(|| Arc::clone(tree))
        };
        let tree = self.built.as_ref().and_then(same);
        let (version, query) = (self.version, self.query.clone());
        self.building = Some(now);
        self.tasks.spawn(async move {
            let looked = tokio::task::spawn_blocking(move || look(version, layers, tree, query));
            match looked.await {
                Ok(looked) => Done::Looked(Box::new(looked)),
                Err(_) => Done::Ended,
            }
        });
    }

    pub(super) fn looked(&mut self, looked: Looked) {
        if let Some(began) = self.building.take() {
            self.build_at = Instant::now() + began.elapsed() * BUILD_SHARE;
        }
        let fresh = looked.version == self.version && looked.query == self.query;
        let whole = fresh && self.is_over();
        self.list = match looked.list {
            Ok(list) if whole => Remote::Ready(list),
            Ok(list) => Remote::Pending {
                previous: Some(list),
            },
            Err(error) => Remote::Failed {
                error: Arc::new(error.into()),
                previous: self.list.value().cloned(),
            },
        };
        self.built = Some((looked.version, looked.query, looked.tree));
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
            let waste = tokio::task::spawn_blocking(move || Arc::new(Waste::of(&layers)));
            match waste.await {
                Ok(waste) => Done::Waste(version, waste),
                Err(_) => Done::Ended,
            }
        });
    }
}
