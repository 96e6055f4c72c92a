//! What a tab shows of its image: the bar of views and the view, or why there is none yet.

use egui::{Rect, RichText, ScrollArea, Stroke, Ui, UiBuilder, vec2};

use super::image_tabs::view_tab;
use crate::engine::{Command, Failure, ImageSnapshot, KeyInfo, Place, Remote};
use crate::model::{Reference, Transport, text};
use crate::ui::action::{Action, Actions};
use crate::ui::app::Tab;
use crate::ui::dialogs::Target;
use crate::ui::drag;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::{self, View, ViewContext};
use crate::ui::widgets::link;

/// Height of the bar of views.
const BAR: f32 = 42.0;
/// Height of the line that says that asking again failed.
const BANNER: f32 = 36.0;

/// Draws the tab into all of `ui`.
pub fn show(
    ui: &mut Ui,
    tab: &mut Tab,
    keys: &[KeyInfo],
    now: jiff::Timestamp,
    actions: &mut Actions,
) {
    if tab.asleep {
        actions.push(Action::Wake(tab.image_id()));
    }
    let mut body = ui.max_rect();
    if let Some(place) = tab.place().cloned() {
        let snapshot = tab.place_snapshot().cloned();
        let state = &mut tab.view_state.repository;
        scope(ui, body, |ui| {
            views::repository::show(ui, state, &place, snapshot.as_deref(), now, actions);
        });
        if let Place::Repository(name) = place {
            drag::area(ui, body, &Target::Repository(name), actions);
        }
        return;
    }
    if let Some(comparison) = tab.comparison().cloned() {
        let state = &mut tab.view_state.comparison;
        scope(ui, body, |ui| {
            views::compare::show(
                ui,
                state,
                comparison.id,
                &comparison.request,
                comparison.snapshot.as_deref(),
                actions,
            );
        });
        return;
    }
    if !tab.is_several() {
        let (bar, rest) = body.split_top_bottom_at_y(body.top() + BAR);
        view_bar(ui, bar, tab, actions);
        body = rest;
    }

    let snapshot = tab.snapshot().cloned();
    let Some(snapshot) = snapshot else {
        scope(ui, body, |ui| views::opening(ui, &tab.full_title()));
        return;
    };
    let again = Action::Send(Command::Reload {
        image: tab.image_id(),
    });
    if let Remote::Failed {
        error,
        previous: Some(_),
    } = &snapshot.opened
    {
        let (top, rest) = body.split_top_bottom_at_y(body.top() + BANNER);
        banner(ui, top, error, &again, actions);
        body = rest;
    }
    if tab.changed_on_disk {
        let (top, rest) = body.split_top_bottom_at_y(body.top() + BANNER);
        changed(ui, top, tab, &again, actions);
        body = rest;
    }
    view(ui, body, tab, &snapshot, keys, now, actions);
}

fn view_bar(ui: &mut Ui, rect: Rect, tab: &Tab, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    ui.painter().hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        Stroke::new(1.0, tokens.border),
    );
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ScrollArea::horizontal()
            .id_salt("views")
            .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
            .auto_shrink([false, false])
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    ui.add_space(16.0);
                    for view in View::ALL {
                        let selected = tab.view == view;
                        if view_tab(ui, view.name(), selected, BAR).clicked() {
                            actions.push(Action::ShowView(tab.image_id(), view));
                        }
                    }
                });
            });
    });
}

fn view(
    ui: &mut Ui,
    rect: Rect,
    tab: &mut Tab,
    snapshot: &ImageSnapshot,
    keys: &[KeyInfo],
    now: jiff::Timestamp,
    actions: &mut Actions,
) {
    let selected = tab.selection();
    let files = tab.files().cloned();
    let mut context = ViewContext {
        image: snapshot,
        files: files.as_deref(),
        selected: &selected,
        keys,
        now,
        actions,
    };
    scope(ui, rect, |ui| {
        ui.push_id(tab.view.name(), |ui| {
            views::show(ui, tab.view, &mut tab.view_state, &mut context);
        });
    });
}

/// Draws into `rect` and nowhere else.
fn scope(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui);
    });
}

/// What is known stays visible when asking again failed; this says so above it.
fn banner(ui: &mut Ui, rect: Rect, error: &Failure, again: &Action, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    line_above(ui, rect, |ui| {
        ui.label(RichText::new(icons::TRIANGLE_ALERT).color(tokens.rejected));
        let headline = text::visible(&error.headline);
        let what = format!("{headline}. What was known before is shown.");
        ui.label(RichText::new(text::middle(&what, 160)))
            .on_hover_text(&*error.hint_in_window());
        if link(ui, "Try again").clicked() {
            actions.push(again.clone());
        }
    });
}

/// Says that what is shown is not what lies on the disk any more.
fn changed(ui: &mut Ui, rect: Rect, tab: &Tab, again: &Action, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let folder = matches!(
        tab.reference().map(Reference::transport),
        Some(Transport::Oci | Transport::Dir)
    );
    let place = if folder { "folder" } else { "file" };
    line_above(ui, rect, |ui| {
        ui.label(RichText::new(icons::REFRESH_CW).color(tokens.caution));
        ui.label(format!("This {place} has changed on disk"));
        if link(ui, "Reload").clicked() {
            actions.push(again.clone());
        }
        if link(ui, "Dismiss").clicked() {
            actions.push(Action::DismissChange(tab.image_id()));
        }
    });
}

/// A line above a view, as wide as it.
fn line_above(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.panel);
    ui.painter().hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        Stroke::new(1.0, tokens.border),
    );
    let inner = rect.shrink2(vec2(size::VIEW_MARGIN, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        ui.horizontal_centered(content);
    });
}
