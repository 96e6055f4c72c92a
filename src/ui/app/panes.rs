//! From one part of the window to the next by the keyboard.

use super::App;
use crate::ui::panels::address_bar::AddressBar;
use crate::ui::widgets::find_here;
use crate::ui::widgets::roving::{self, Roving};

/// The parts that the keyboard goes round, after the address bar.
const LISTS: [Roving; 3] = [roving::EXPLORER, roving::TABS, roving::VIEWS];

impl App {
    /// Gives the keyboard to the next part of the window, or the one before: address bar,
    /// explorer, tabs, view. What is not on the screen is left out.
    pub(in crate::ui) fn go_to_pane(&mut self, forward: bool) {
        let count = LISTS.len() + 1;
        let at = if AddressBar::has_focus(&self.ctx) {
            0
        } else {
            let list = LISTS.iter().position(|list| list.has_focus(&self.ctx));
            // what is in no list is in the view
            list.map_or(count - 1, |list| list + 1)
        };
        for step in 1..=count {
            let next = if forward {
                at + step
            } else {
                at + count - step
            };
            match next % count {
                0 => return self.focus_address(),
                list if LISTS[list - 1].focus(&self.ctx) => return,
                _ => {}
            }
        }
    }

    /// Lets what is typed narrow down the view in front, or find in it.
    pub(in crate::ui) fn find_in_view(&self) {
        find_here(&self.ctx);
    }

    /// Opens the dialog that picks an archive after this frame.
    pub(in crate::ui) fn pick_archive(&mut self) {
        self.pick(crate::ui::action::PathWish::File("Open an archive"));
    }
}
