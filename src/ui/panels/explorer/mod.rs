//! The explorer at the left: the favourites, the images that were open before, and the
//! places that images are looked for in.

mod line;
mod places;

use egui::{Frame, Margin, Panel, RichText, ScrollArea, Ui};

use self::places::Tree;
use super::list_row;
use super::parts::group_heading;
use crate::engine::{Engine, Place};
use crate::ui::action::{Action, Actions, CopyWhat};
use crate::ui::drag;
use crate::ui::favourites::Favourites;
use crate::ui::image_menu::{ImageMenu, item};
use crate::ui::recents::{Recent, Recents};
use crate::ui::state::{EXPLORER_WIDTH, Settings};
use crate::ui::theme::{Tokens, size};

/// What the focused tab shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Current<'a> {
    pub reference: Option<&'a str>,
    pub place: Option<&'a Place>,
}

/// Draws the explorer where it is open. What is in the places comes from `engine`.
pub fn show(
    ui: &mut Ui,
    settings: &mut Settings,
    current: Current<'_>,
    engine: &Engine,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    let Settings {
        explorer_open,
        explorer_width,
        recents,
        favourites,
        places,
        ..
    } = settings;
    let panel = Panel::left("explorer")
        .frame(Frame::NONE.fill(tokens.panel))
        .default_size(*explorer_width)
        .size_range(*EXPLORER_WIDTH.start()..=*EXPLORER_WIDTH.end());
    let shown = panel.show_collapsible(ui, explorer_open, |ui| {
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .content_margin(Margin::symmetric(8, 16))
            .show(ui, |ui| {
                list(ui, recents, favourites, current.reference, actions);
                let tree = Tree {
                    engine,
                    places,
                    current: current.reference,
                    current_place: current.place,
                    actions,
                };
                tree_of_places(ui, tree);
            });
    });
    if let Some(shown) = shown
        && *explorer_open
    {
        let width = shown.response.rect.width();
        *explorer_width = width.clamp(*EXPLORER_WIDTH.start(), *EXPLORER_WIDTH.end());
    }
}

fn list(
    ui: &mut Ui,
    recents: &Recents,
    favourites: &Favourites,
    current: Option<&str>,
    actions: &mut Actions,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if !favourites.is_empty() {
        heading(ui, "Favourites");
        for favourite in favourites.iter() {
            // the same image may be listed below as well
            ui.push_id("favourites", |ui| {
                row(
                    ui,
                    favourite,
                    Group::Favourites,
                    favourites,
                    current,
                    actions,
                );
            });
        }
        ui.add_space(16.0);
    }
    heading(ui, "Recent");
    if recents.is_empty() {
        let hint = "Images that you open are listed here.";
        Frame::NONE
            .inner_margin(Margin::symmetric(8, 4))
            .show(ui, |ui| {
                ui.label(RichText::new(hint).color(Tokens::of(ui).weak));
            });
    }
    for recent in recents.iter() {
        row(ui, recent, Group::Recent, favourites, current, actions);
    }
}

fn tree_of_places(ui: &mut Ui, mut tree: Tree<'_>) {
    if !tree.places.folders().is_empty() {
        ui.add_space(16.0);
        heading(ui, "Folders and archives");
        tree.folders(ui);
    }
    ui.add_space(16.0);
    heading(ui, "Registries");
    tree.registries(ui);
    ui.add_space(2.0);
    ui.add_space(16.0);
    heading(ui, "On this computer");
    tree.engines(ui);
}

/// Which list a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Favourites,
    Recent,
}

fn heading(ui: &mut Ui, text: &str) {
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        group_heading(ui, text);
    });
    ui.add_space(2.0);
}

fn row(
    ui: &mut Ui,
    recent: &Recent,
    group: Group,
    favourites: &Favourites,
    current: Option<&str>,
    actions: &mut Actions,
) {
    let selected = current == Some(recent.reference.as_str());
    let response = list_row::show(ui, recent, selected, size::LIST_ROW);
    let what = CopyWhat::Reference(recent.reference.clone());
    let response = drag::source(response, &what, &recent.title);
    if response.clicked() {
        actions.push(Action::Open(recent.reference.clone()));
    }
    let favourite = favourites.contains(&recent.reference);
    response.context_menu(|ui| row_menu(ui, recent, group, favourite, actions));
}

fn row_menu(ui: &mut Ui, recent: &Recent, group: Group, favourite: bool, actions: &mut Actions) {
    let reference = &recent.reference;
    let star = if favourite {
        "Remove from favourites"
    } else {
        "Add to favourites"
    };
    if item(ui, "Open") {
        actions.push(Action::Open(reference.clone()));
    }
    ImageMenu::of(reference).show(ui, actions);
    if item(ui, star) {
        actions.push(Action::ToggleFavourite(reference.clone()));
    }
    if group == Group::Recent && item(ui, "Remove from recent") {
        actions.push(Action::ForgetRecent(reference.clone()));
    }
}
