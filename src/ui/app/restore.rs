//! The tabs of the last run: noted when the program ends, opened again when it starts.

use std::collections::HashMap;

use egui_tiles::{Tile, Tiles, Tree};

use super::{App, Tab, Tabs};
use crate::engine::{Command, Extent, ImageId, NodePath};
use crate::ui::session::{Layout, SavedTab, Session};

impl Tabs {
    /// What is open, for the next run. A tab whose reference was never understood is left
    /// out.
    pub(super) fn to_session(&self) -> Session {
        let mut positions = HashMap::new();
        let mut saved = Vec::new();
        for image in self.order() {
            let Some(tab) = self.get(image) else {
                continue;
            };
            if let Some(reference) = tab.session_text() {
                positions.insert(image, saved.len());
                saved.push(SavedTab {
                    reference,
                    view: tab.view,
                    selected: tab.selected.as_ref().map(|path| path.positions().to_vec()),
                });
            }
        }
        let focused = self.focused_id().and_then(|id| positions.get(&id).copied());
        let layout = self.tree().root.and_then(|root| {
            let tiles = self.tree().tiles.iter();
            let tiles =
                tiles.map(|(id, tile)| Some((*id, map_pane(tile, |i| positions.get(i).copied())?)));
            let tiles = tiles.collect::<Option<Vec<_>>>()?;
            Some(Layout { root, tiles })
        });
        Session::new(saved, focused, layout)
    }

    /// Opens the tabs of a session where it left them. Each sleeps until it is shown.
    pub(super) fn restore(&mut self, session: &Session) {
        let images: Vec<ImageId> = session
            .tabs
            .iter()
            .map(|saved| {
                let image = ImageId::next();
                let mut tab = Tab::asleep(image, saved.reference.clone());
                tab.view = saved.view;
                tab.selected = saved.selected.clone().map(NodePath::from);
                self.add(tab);
                image
            })
            .collect();
        if let Some(layout) = &session.layout {
            let mut tiles = Tiles::default();
            for (id, tile) in &layout.tiles {
                // the session was mended when it was read, so that each pane has a tab
                if let Some(tile) = map_pane(tile, |position| images.get(*position).copied()) {
                    tiles.insert(*id, tile);
                }
            }
            tiles.recompute_next_tile_id();
            *self.parts_mut().tree = Tree::new(super::tabs::tree_id(), layout.root, tiles);
        }
        if let Some(image) = session.focused.and_then(|at| images.get(at)) {
            self.show(*image);
        }
    }
}

/// The same tile with another pane in it; nothing where there is none.
fn map_pane<A, B>(tile: &Tile<A>, map: impl FnOnce(&A) -> Option<B>) -> Option<Tile<B>> {
    Some(match tile {
        Tile::Pane(pane) => Tile::Pane(map(pane)?),
        Tile::Container(container) => Tile::Container(container.clone()),
    })
}

impl App {
    /// Asks for the image of a tab that was opened by an earlier run, now that it is shown.
    pub(super) fn wake(&mut self, image: ImageId) {
        let Some(tab) = self.tabs.get_mut(image) else {
            return;
        };
        if std::mem::take(&mut tab.asleep) {
            if let Some(comparison) = tab.comparison() {
                self.engine.send(comparison.begin());
                return;
            }
            if let Some(place) = tab.place().cloned() {
                self.engine.send(Command::ListPlace { place });
                return;
            }
            self.engine.send(Command::Open {
                image,
                input: tab.input.clone(),
                platform: None,
                extent: Extent::Shown,
            });
        }
    }
}
