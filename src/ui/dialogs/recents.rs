//! Quick open: the images that were open before, by a part of their name.

use egui::Context;

use super::finder::{Finder, Found, Item, Words};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::recents::Recents;

const WORDS: Words = Words {
    title: "Open recent",
    field: "Image",
    hint: "Type a part of an image's name",
    nothing: "No image that was open before is called that",
};

/// Draws the list; says whether it is done.
pub fn show(ctx: &Context, finder: &mut Finder, recents: &Recents, actions: &mut Actions) -> bool {
    let items: Vec<_> = recents
        .iter()
        .map(|recent| Item {
            icon: recent.icon,
            name: text::visible(&recent.title).into_owned(),
            detail: text::visible(&recent.place).into_owned(),
            note: String::new(),
            enabled: Ok(()),
        })
        .collect();
    match finder.show(ctx, &WORDS, &items) {
        Found::NotYet => false,
        Found::Closed => true,
        Found::Item(index) => {
            if let Some(recent) = recents.iter().nth(index) {
                actions.push(Action::Open(recent.reference.clone()));
            }
            true
        }
    }
}
