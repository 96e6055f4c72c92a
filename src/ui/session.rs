//! The tabs that were open when the program ended, where they lay, and what each showed.
//! References only: what was typed may hold more than a reference, and is never kept.

use std::collections::HashSet;

use egui_tiles::{Tile, TileId};
use serde::{Deserialize, Serialize};

use super::views::View;

/// The key that it is kept under, beside the settings: a layout that cannot be read must not
/// take them along.
const KEY: &str = "session";

/// The version of what is written. Something else that is found is not read.
const VERSION: u32 = 1;

/// How many tabs are opened again.
const TABS: usize = 50;

/// The open tabs of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    version: u32,
    pub tabs: Vec<SavedTab>,
    /// Position in `tabs` of the one that had the focus.
    pub focused: Option<usize>,
    /// Nothing where the tabs lie in one row.
    pub layout: Option<Layout>,
}

/// A tab as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedTab {
    /// What opens the image from any folder.
    pub reference: String,
    pub view: View,
    /// What a person selected: positions in the indexes from the outermost on.
    pub selected: Option<Vec<usize>>,
}

/// Where the tabs lay: split side by side or behind each other. Panes are positions in
/// [`Session::tabs`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    pub root: TileId,
    pub tiles: Vec<(TileId, Tile<usize>)>,
}

impl Session {
    /// These tabs, with the layout where it holds each of them once.
    pub fn new(tabs: Vec<SavedTab>, focused: Option<usize>, layout: Option<Layout>) -> Self {
        let mut session = Self {
            version: VERSION,
            tabs,
            focused,
            layout,
        };
        session.mend();
        session
    }

    /// Reads what the last run wrote. What is missing, damaged or of another version is an
    /// empty one.
    pub fn load(storage: &dyn eframe::Storage) -> Self {
        let read: Option<Self> = eframe::get_value(storage, KEY);
        let mut session = read
            .filter(|session| session.version == VERSION)
            .unwrap_or_default();
        session.mend();
        session
    }

    /// Writes it for the next run.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, KEY, self);
    }

    /// Takes out what cannot be shown again.
    fn mend(&mut self) {
        self.tabs.truncate(TABS);
        let count = self.tabs.len();
        self.focused = self.focused.filter(|focused| *focused < count);
        self.layout = self.layout.take().filter(|layout| layout.holds_all(count));
    }
}

impl Layout {
    /// Whether every tile is reached once from the root, and with them each of `count` panes.
    fn holds_all(&self, count: usize) -> bool {
        let mut seen = HashSet::new();
        let mut panes = HashSet::new();
        let mut left = vec![self.root];
        while let Some(id) = left.pop() {
            let mut found = self.tiles.iter().filter(|(there, _)| *there == id);
            let (Some((_, tile)), None) = (found.next(), found.next()) else {
                return false;
            };
            if !seen.insert(id) {
                return false;
            }
            match tile {
                Tile::Pane(pane) => {
                    if *pane >= count || !panes.insert(*pane) {
                        return false;
                    }
                }
                Tile::Container(container) => left.extend(container.children()),
            }
        }
        panes.len() == count && seen.len() == self.tiles.len()
    }
}

#[cfg(test)]
mod tests {
    use egui_tiles::{Container, Tiles};

    use super::*;

    fn tab(reference: &str) -> SavedTab {
        SavedTab {
            reference: reference.to_owned(),
            view: View::Layers,
            selected: Some(vec![1]),
        }
    }

    /// Two panes side by side.
    fn layout() -> Layout {
        let mut tiles = Tiles::default();
        let panes = vec![tiles.insert_pane(0), tiles.insert_pane(1)];
        let root = tiles.insert_horizontal_tile(panes);
        let tiles = tiles.iter().map(|(id, tile)| (*id, tile.clone())).collect();
        Layout { root, tiles }
    }

    #[test]
    fn a_layout_with_every_tab_once_is_kept() {
        let tabs = vec![tab("oci:/a"), tab("oci:/b")];
        let layout = Some(layout());
        let session = Session::new(tabs, Some(1), layout.clone());
        assert_eq!((session.focused, &session.layout), (Some(1), &layout));
    }

    #[test]
    fn a_layout_that_is_not_one_is_left_out_and_the_tabs_stay() {
        let two = || vec![tab("oci:/a"), tab("oci:/b")];
        let mut twice = layout();
        let root = twice.root;
        for (id, tile) in &mut twice.tiles {
            if let Tile::Container(Container::Linear(linear)) = tile {
                linear.children.push(*id); // it holds itself
            }
        }
        let mut dangling = layout();
        dangling.tiles.retain(|(id, _)| *id == root);
        let three = [two(), vec![tab("oci:/c")]].concat();
        for (tabs, layout) in [(two(), twice), (two(), dangling), (three, layout())] {
            let count = tabs.len();
            let session = Session::new(tabs, Some(7), Some(layout));
            assert_eq!((session.tabs.len(), session.focused), (count, None));
            assert_eq!(session.layout, None);
        }
    }
}
