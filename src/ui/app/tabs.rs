//! The tabs: which are open, where they lie, which has the focus, which were closed.

use std::collections::BTreeMap;

use egui_tiles::{Container, Tile, TileId, Tree};

use super::tab::Tab;
use crate::engine::{CompareRequest, Engine, ImageId, Place};
use crate::ui::views::View;

/// How many closed tabs can be opened again.
const CLOSED: usize = 20;

/// Every open image.
pub struct Tabs {
    /// Where each lies: split side by side or in tabs behind each other.
    tree: Tree<ImageId>,
    open: BTreeMap<ImageId, Tab>,
    focused: Option<ImageId>,
    /// The tab that is to be scrolled to.
    reveal: Option<ImageId>,
    closed: Vec<ClosedTab>,
}

/// The tabs, taken apart to draw them.
pub struct TabsParts<'a> {
    pub tree: &'a mut Tree<ImageId>,
    pub open: &'a mut BTreeMap<ImageId, Tab>,
    pub focused: &'a mut Option<ImageId>,
    /// The tab that is to be scrolled to, to be taken by who does it.
    pub reveal: &'a mut Option<ImageId>,
}

/// What is needed to open a closed tab again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedTab {
    pub input: String,
    pub view: View,
    /// What it showed instead of an image.
    pub place: Option<Place>,
    pub comparison: Option<CompareRequest>,
}

/// The id of the tree of tabs.
pub(super) fn tree_id() -> egui::Id {
    egui::Id::unique("image tabs")
}

impl Default for Tabs {
    fn default() -> Self {
        Self {
            tree: Tree::empty(tree_id()),
            open: BTreeMap::new(),
            focused: None,
            reveal: None,
            closed: Vec::new(),
        }
    }
}

impl Tabs {
    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The id of the one that has the focus.
    pub const fn focused_id(&self) -> Option<ImageId> {
        self.focused
    }

    /// The one that has the focus.
    pub fn focused(&self) -> Option<&Tab> {
        self.open.get(&self.focused?)
    }

    /// The one that has the focus.
    pub fn focused_mut(&mut self) -> Option<&mut Tab> {
        self.open.get_mut(&self.focused?)
    }

    /// Where the tabs lie.
    pub(super) const fn tree(&self) -> &Tree<ImageId> {
        &self.tree
    }

    /// The tab of an image.
    pub fn get(&self, image: ImageId) -> Option<&Tab> {
        self.open.get(&image)
    }

    /// The tab of an image, to be changed.
    pub fn get_mut(&mut self, image: ImageId) -> Option<&mut Tab> {
        self.open.get_mut(&image)
    }

    /// All of them, in no order that a person sees.
    pub fn iter(&self) -> impl Iterator<Item = &Tab> {
        self.open.values()
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tab> {
        self.open.values_mut()
    }

    /// The tab that shows what `text` stands for.
    pub fn find(&self, text: &str) -> Option<ImageId> {
        let tab = self.iter().find(|tab| tab.answers_to(text))?;
        Some(tab.image_id())
    }

    /// The tab that shows a place.
    pub fn find_place(&self, place: &Place) -> Option<ImageId> {
        let tab = self.iter().find(|tab| tab.place() == Some(place))?;
        Some(tab.image_id())
    }

    /// The tabs, taken apart to draw them.
    pub const fn parts_mut(&mut self) -> TabsParts<'_> {
        TabsParts {
            tree: &mut self.tree,
            open: &mut self.open,
            focused: &mut self.focused,
            reveal: &mut self.reveal,
        }
    }

    /// Takes the latest of what is known of every image, and gives those with something new.
    pub fn refresh(&mut self, engine: &Engine) -> Vec<ImageId> {
        let tabs = self.open.values_mut();
        tabs.filter_map(|tab| tab.refresh(engine).then(|| tab.image_id()))
            .collect()
    }

    /// Adds a tab right of the one that has the focus, and gives it the focus.
    pub fn add(&mut self, tab: Tab) {
        let image = tab.image_id();
        let tile = self.tree.tiles.insert_pane(image);
        let beside = self.focused.and_then(|focused| self.tile(focused));
        let container = beside
            .and_then(|beside| self.tree.tiles.parent_of(beside))
            .or(self.tree.root);
        match container.and_then(|id| self.tree.tiles.get_mut(id)) {
            Some(Tile::Container(Container::Tabs(tabs))) => {
                let at = tabs.children.iter().position(|id| Some(*id) == beside);
                let at = at.map_or(tabs.children.len(), |at| at + 1);
                tabs.children.insert(at, tile);
                tabs.active = Some(tile);
            }
            Some(Tile::Container(container)) => container.add_child(tile),
            // egui_tiles may have taken the tabs around a lonely pane away
            Some(Tile::Pane(_)) | None => {
                let children = self.tree.root.into_iter().chain([tile]).collect();
                self.tree.root = Some(self.tree.tiles.insert_tab_tile(children));
            }
        }
        self.open.insert(image, tab);
        self.show(image);
    }

    /// Gives a tab the focus and brings it in front.
    pub fn show(&mut self, image: ImageId) {
        if self.open.contains_key(&image) {
            self.focused = Some(image);
            self.reveal = Some(image);
            self.tree
                .make_active(|_, tile| matches!(tile, Tile::Pane(pane) if *pane == image));
        }
    }

    /// Closes a tab. Its neighbour gets the focus that it had.
    pub fn close(&mut self, image: ImageId) -> bool {
        let Some(tab) = self.open.remove(&image) else {
            return false;
        };
        let order = self.order();
        if let Some(tile) = self.tile(image) {
            self.tree.remove_recursively(tile);
        }
        if self.focused == Some(image) {
            let at = order.iter().position(|id| *id == image).unwrap_or(0);
            let right = order.get(at + 1);
            let left = at.checked_sub(1).and_then(|left| order.get(left));
            self.focused = None;
            if let Some(next) = right.or(left) {
                self.show(*next);
            }
        }
        let place = tab.place().cloned();
        let comparison = tab
            .comparison()
            .map(|comparison| comparison.request.clone());
        self.closed.push(ClosedTab {
            place,
            comparison,
            input: tab.input,
            view: tab.view,
        });
        if self.closed.len() > CLOSED {
            self.closed.remove(0);
        }
        true
    }

    /// Whether a closed tab can be opened again.
    pub const fn has_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The tab that was closed last, taken from those that can be opened again.
    pub fn take_closed(&mut self) -> Option<ClosedTab> {
        self.closed.pop()
    }

    /// Gives the focus to the next tab in the order on the screen, or the one before; from
    /// the last one on to the first.
    pub fn cycle(&mut self, forward: bool) {
        let order = self.order();
        let at = order.iter().position(|id| Some(*id) == self.focused);
        let count = order.len();
        let next = match at {
            Some(at) if forward => (at + 1) % count,
            Some(at) => (at + count - 1) % count,
            None => 0,
        };
        if let Some(next) = order.get(next) {
            self.show(*next);
        }
    }

    /// The images in the order in which their tabs lie on the screen.
    pub fn order(&self) -> Vec<ImageId> {
        let mut order = Vec::new();
        let mut left: Vec<TileId> = self.tree.root.into_iter().collect();
        while let Some(id) = left.pop() {
            match self.tree.tiles.get(id) {
                Some(Tile::Pane(image)) => order.push(*image),
                Some(Tile::Container(container)) => {
                    left.extend(container.children_vec().into_iter().rev());
                }
                None => {}
            }
        }
        order
    }

    fn tile(&self, image: ImageId) -> Option<TileId> {
        self.tree.tiles.find_pane(&image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (Tabs, [ImageId; 3]) {
        let mut tabs = Tabs::default();
        let images = ["a", "b", "c"].map(|input| {
            let image = ImageId::next();
            tabs.add(Tab::new(image, input.to_owned()));
            image
        });
        (tabs, images)
    }

    #[test]
    fn a_new_tab_lies_right_of_the_focused_one_and_has_the_focus() {
        let (mut tabs, [a, b, c]) = three();
        assert_eq!(tabs.order(), [a, b, c]);
        tabs.show(a);
        let d = ImageId::next();
        tabs.add(Tab::new(d, "d".to_owned()));
        assert_eq!(tabs.order(), [a, d, b, c]);
        assert_eq!(tabs.focused_id(), Some(d));
    }

    #[test]
    fn closing_gives_the_focus_to_the_neighbour() {
        let (mut tabs, [a, b, c]) = three();
        tabs.show(b);
        assert!(tabs.close(b));
        assert_eq!(tabs.focused_id(), Some(c));
        assert!(tabs.close(c));
        assert_eq!(tabs.focused_id(), Some(a));
        assert!(tabs.close(a));
        assert_eq!((tabs.focused_id(), tabs.len()), (None, 0));
        assert!(!tabs.close(a));
    }

    #[test]
    fn closing_another_tab_leaves_the_focus() {
        let (mut tabs, [a, _, c]) = three();
        tabs.close(a);
        assert_eq!(tabs.focused_id(), Some(c));
    }

    #[test]
    fn closed_tabs_come_back_the_last_one_first() {
        let (mut tabs, [a, b, _]) = three();
        tabs.close(a);
        tabs.close(b);
        let inputs = [tabs.take_closed(), tabs.take_closed(), tabs.take_closed()]
            .map(|closed| closed.map(|closed| closed.input));
        assert_eq!(inputs, [Some("b".to_owned()), Some("a".to_owned()), None]);
    }

    #[test]
    fn cycling_goes_round() {
        let (mut tabs, [a, b, c]) = three();
        tabs.cycle(true);
        assert_eq!(tabs.focused_id(), Some(a));
        tabs.cycle(false);
        assert_eq!(tabs.focused_id(), Some(c));
        tabs.cycle(false);
        assert_eq!(tabs.focused_id(), Some(b));
    }

    #[test]
    fn a_tab_opens_after_all_were_closed() {
        let (mut tabs, images) = three();
        for image in images {
            tabs.close(image);
        }
        let again = ImageId::next();
        tabs.add(Tab::new(again, "again".to_owned()));
        assert_eq!(tabs.order(), [again]);
    }
}
