//! Choosing what to compare an image with.

use egui::Context;

use super::finder::{Finder, Found, Item, Words};
use crate::engine::{CompareRequest, ComparedImage};
use crate::model::{Platform, text};
use crate::ui::action::{Action, Actions};
use crate::ui::recents::Recents;
use crate::ui::theme::icons;

const WORDS: Words = Words {
    title: "Compare with",
    field: "The other image",
    hint: "A part of an image's name, or a whole reference",
    nothing: "Type the reference of an image",
};

/// The image that something is compared with, and what was typed.
#[derive(Debug)]
pub struct CompareWith {
    image: ComparedImage,
    /// Other platforms of the same image.
    platforms: Vec<Platform>,
    finder: Finder,
}

impl CompareWith {
    pub(super) fn new(image: ComparedImage, platforms: Vec<Platform>) -> Self {
        Self {
            image,
            platforms,
            finder: Finder::default(),
        }
    }

    /// Draws the list; says whether it is done.
    pub fn show(&mut self, ctx: &Context, recents: &Recents, actions: &mut Actions) -> bool {
        let own = ComparedImage::clone(&self.image);
        let mut items = Vec::new();
        let mut choices = Vec::new();
        for platform in &self.platforms {
            items.push(item(icons::CPU, platform.to_string(), "of the same image"));
            choices.push(ComparedImage {
                reference: own.reference.clone(),
                platform: Some(platform.clone()),
            });
        }
        let other = |reference: &str| ComparedImage {
            reference: reference.to_owned(),
            platform: own.platform.clone(),
        };
        for recent in recents.iter().filter(|r| r.reference != own.reference) {
            let name = text::visible(&recent.title).into_owned();
            items.push(item(recent.icon, name, &text::visible(&recent.place)));
            choices.push(other(&recent.reference));
        }
        let typed = self.finder.query().trim().to_owned();
        if !typed.is_empty() {
            let name = text::visible(&text::without_secrets(&typed)).into_owned();
            items.push(item(icons::BOX, name, "as it is typed"));
            choices.push(other(&typed));
        }
        match self.finder.show(ctx, &WORDS, &items) {
            Found::NotYet => false,
            Found::Closed => true,
            Found::Item(index) => {
                if let Some(after) = choices.into_iter().nth(index) {
                    actions.push(Action::Compare(Box::new(CompareRequest {
                        before: own,
                        after,
                        fetch_shared: false,
                    })));
                }
                true
            }
        }
    }
}

fn item(icon: &'static str, name: String, detail: &str) -> Item {
    Item {
        icon,
        name,
        detail: detail.to_owned(),
        note: String::new(),
        enabled: Ok(()),
    }
}
