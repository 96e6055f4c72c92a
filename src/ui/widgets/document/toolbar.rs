//! What stands above and below a document: how it is shown, the search, what is copied.

use egui::{Key, RichText, Ui, vec2};

use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::{icon_button, icon_toggle, search, text};

use super::{DocumentState, Mode, copy_value, hex};

/// The accessible name of the field that finds.
const FIND: &str = "Find in document";

/// Width of what follows the field that finds: the count, and the buttons, in points.
const BEHIND: f32 = 216.0;

pub(super) fn show(
    state: &mut DocumentState,
    ui: &mut Ui,
    actions: &mut Actions,
    picker: impl FnOnce(&mut Ui, &mut Actions),
) {
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(28.0);
        picker(ui, actions);
        // of what is no JSON there is one way to see it
        if state.may_be_json() {
            modes(state, ui);
        }
        ui.spacing_mut().item_spacing.x = 4.0;
        find(state, ui);
        ui.add_space(8.0);
        view_buttons(state, ui);
        if icon_button(ui, icons::COPY, "Copy document").clicked() {
            actions.push(copy_all(state));
        }
    });
}

/// The exact text; what is no text as hexadecimal, since a clipboard takes nothing else.
fn copy_all(state: &DocumentState) -> Action {
    match std::str::from_utf8(&state.bytes) {
        Ok(text) => Action::Copy {
            text: text.to_owned(),
            what: "document".to_owned(),
        },
        Err(_) => Action::Copy {
            text: hex::digits(&state.bytes),
            what: "document as hexadecimal".to_owned(),
        },
    }
}

/// Tree or bytes, of JSON.
fn modes(state: &mut DocumentState, ui: &mut Ui) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let button = ui
        .selectable_label(state.mode == Mode::Tree, "Tree")
        .on_hover_text("Each value on its own line, to be folded");
    if button.clicked() {
        state.mode = Mode::Tree;
        state.go = true;
    }
    let shown = state.mode == Mode::Bytes;
    let button = ui
        .selectable_label(shown, "Bytes")
        .on_hover_text("The exact text, which is what the digest is of");
    if button.clicked() {
        state.mode = Mode::Bytes;
        state.go = true;
    }
    ui.spacing_mut().item_spacing.x = 4.0;
    ui.add_space(8.0);
}

fn find(state: &mut DocumentState, ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    // what follows it stays in the same line where there is room at all
    let room = ui.available_size_before_wrap().x;
    let width = if state.may_be_json() {
        (room - 310.0).clamp(100.0, 220.0)
    } else {
        // nothing else is to be chosen: the field fills the line
        (room - BEHIND).max(100.0)
    };
    let field = search(ui, FIND, &mut state.query, width);
    let found = state.matches.get().map_or(0, |matches| matches.len());
    let mut step = 0_isize;
    if field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
        step = if ui.input(|i| i.modifiers.shift) {
            -1
        } else {
            1
        };
        field.request_focus();
    }
    let words = if state.query.is_empty() {
        String::new()
    } else if state.matches.is_running() {
        "searching…".to_owned()
    } else {
        state
            .matches
            .get()
            .map_or(String::new(), |matches| matches.count(state.current))
    };
    let color = if found == 0 {
        tokens.caution
    } else {
        tokens.weak
    };
    let galley = text::one_line(ui.painter(), &*words, text::small(), color, 110.0);
    // always the same width, so that the buttons stay where they are
    let (rect, response) = ui.allocate_exact_size(vec2(78.0, 24.0), egui::Sense::hover());
    text::paint(ui.painter(), rect, galley, egui::Align::Center);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Status, true, &words));
    ui.add_enabled_ui(found > 0, |ui| {
        if icon_button(ui, icons::CHEVRON_UP, "Previous match").clicked() {
            step = -1;
        }
        if icon_button(ui, icons::CHEVRON_DOWN, "Next match").clicked() {
            step = 1;
        }
    });
    if step != 0 && found > 0 {
        let last = found - 1;
        state.current = match (state.current, step) {
            (0, -1) => last,
            (at, -1) => at - 1,
            (at, _) if at >= last => 0,
            (at, _) => at + 1,
        };
        state.go = true;
    }
}

fn view_buttons(state: &mut DocumentState, ui: &mut Ui) {
    if state.shows_tree() {
        let Some(Ok(outline)) = state.prepared.get().map(|p| p.outline.as_ref()) else {
            return;
        };
        let Some(folds) = &mut state.folds else {
            return;
        };
        if icon_button(ui, icons::UNFOLD_VERTICAL, "Unfold all").clicked() {
            folds.set_all(outline, false);
        }
        if icon_button(ui, icons::FOLD_VERTICAL, "Fold all").clicked() {
            folds.set_all(outline, true);
        }
    } else if state.is_text()
        && icon_toggle(ui, icons::WRAP_TEXT, "Break long lines", state.wrap).clicked()
    {
        state.wrap = !state.wrap;
    }
}

/// The way to the value that is selected, and what can be copied of it.
pub(super) fn path_bar(state: &mut DocumentState, ui: &mut Ui, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let top = ui.cursor().top();
    ui.painter().hline(
        ui.max_rect().x_range(),
        top,
        egui::Stroke::new(1.0, tokens.border),
    );
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        let Some(path) = state.selected_path().map(ToOwned::to_owned) else {
            let hint = "Select a value to see and copy the way to it";
            ui.label(RichText::new(hint).color(tokens.faint));
            return;
        };
        let width = ui.available_width() - 76.0;
        let shown = text::value(&path);
        let galley = text::one_line(ui.painter(), &*shown, text::mono(), tokens.weak, width);
        let (rect, response) =
            ui.allocate_exact_size(vec2(galley.size().x, 24.0), egui::Sense::hover());
        text::paint(ui.painter(), rect, galley, egui::Align::Min);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Label, true, format!("JSON path: {shown}"))
        });
        if icon_button(ui, icons::COPY, "Copy JSON path").clicked() {
            actions.push(Action::Copy {
                text: path.clone(),
                what: "JSON path".to_owned(),
            });
        }
        let node = state.selected.and_then(|at| {
            let outline = state.prepared.get()?.outline.as_ref().ok()?;
            outline.nodes().get(at)
        });
        if let Some(node) = node
            && icon_button(ui, icons::CLIPBOARD, "Copy value").clicked()
        {
            copy_value(&state.bytes, node, actions);
        }
    });
}
