//! What the large dialogs are made of, so that they look and behave alike: a title, a body
//! that scrolls where the window is small, and a footer whose buttons stay where they are.
//! Escape closes; a click beside does not, since there is more in such a dialog than one
//! word to lose. Ctrl+Enter presses the main button from everywhere.

mod choice;
mod field;
mod figure;
mod path;
mod said;
mod secret;

mod enter;

pub use choice::{Choice, pick, segments, tick};
pub use field::{Look, combo, combo_some, combo_ui, lines, row, text};
pub use figure::figure;
pub use path::{browse, browse_width, forget_path, give_path, path, path_row, picked_path};
pub use said::{
    code_frame, command_line, heading, heading_with, in_sight, note, progress, quiet,
    room_for_bars, waiting, wrong,
};
pub use secret::{SecretText, secret};

use egui::{
    Align, Align2, Button, Color32, Context, Frame, Id, Key, Layout, Margin, Modal, Modifiers,
    RichText, ScrollArea, Ui, UiBuilder, vec2,
};

use crate::ui::panels::parts::primary_button;
use crate::ui::theme::{Tokens, size, strong};

/// What is said where a policy was to be written that is another one by then.
pub const CHANGED_MEANWHILE: &str =
    "The policy was changed meanwhile, and nothing was written. This is what would be written now.";

/// Around everything in a dialog, in points.
const MARGIN: f32 = 20.0;
/// Between the body and the footer, and what stays free around the dialog.
const GAP: f32 = 16.0;
const AROUND: f32 = 24.0;
/// How far the bar of what is scrolled lies in the margin.
const BAR_BESIDE: f32 = 14.0;
/// Largest share of the left half, what lies between the halves, in points, and where there
/// is less room for that.
const LEFT: f32 = 0.45;
const HALVES: f32 = 28.0;
const NARROW: f32 = 750.0;

/// A large dialog before it is drawn.
pub struct Sheet<'a> {
    name: &'a str,
    title: Option<&'a str>,
    why: Option<&'a str>,
    width: f32,
    height: f32,
    fixed: bool,
}

impl<'a> Sheet<'a> {
    /// A dialog with this accessible name, which is its title too.
    pub const fn new(name: &'a str) -> Self {
        Self {
            name,
            title: None,
            why: None,
            width: 640.0,
            height: 0.0,
            fixed: false,
        }
    }

    /// A title that says more than the name.
    pub const fn title(mut self, title: &'a str) -> Self {
        self.title = Some(title);
        self
    }

    /// What it is for, in a sentence under the title.
    pub const fn why(mut self, why: &'a str) -> Self {
        self.why = Some(why);
        self
    }

    /// How wide it is where the window has room, in points.
    pub const fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// How high the body is at least where the window has room, so that nothing jumps when
    /// more comes into it; in points.
    pub const fn body_height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// The body never gets higher than that: what does not fit is scrolled to.
    pub const fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// Draws it; says whether it is to be closed.
    pub fn show<S>(
        self,
        ctx: &Context,
        state: &mut S,
        body: impl FnOnce(&mut S, &mut Ui),
        footer: impl FnOnce(&mut S, &mut Footer<'_>),
    ) -> bool {
        let tokens = Tokens::for_dark(ctx.theme() == egui::Theme::Dark);
        let id = Id::unique(("dialog", self.name));
        let area = Modal::default_area(id)
            .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .accessible_name(self.name);
        let room = ctx.content_rect().size() - vec2(2.0 * AROUND, 2.0 * AROUND);
        let style = ctx.global_style();
        let response = Modal::new(id)
            .area(area)
            .frame(Frame::window(&style).inner_margin(Margin::same(MARGIN as i8)))
            .backdrop_color(Color32::BLACK.gamma_multiply(if tokens.dark { 0.5 } else { 0.25 }))
            .show(ctx, |ui| {
                ui.set_width(self.width.min(room.x) - 2.0 * MARGIN);
                // a dialog is as bright as a button elsewhere
                ui.visuals_mut().widgets.inactive.weak_bg_fill = tokens.panel;
                ui.visuals_mut().widgets.inactive.bg_fill = tokens.panel;
                self.content(ui, room.y - 2.0 * MARGIN, state, body, footer)
            });
        // what is in the middle is there one frame after it has grown
        let size = response.response.rect.size();
        let before = ctx.data_mut(|data| {
            let kept = data.get_temp_mut_or_insert_with(id.with("size"), || size);
            std::mem::replace(kept, size)
        });
        if before != size {
            ctx.request_repaint();
        }
        let beside = response.backdrop_response.clicked();
        response.inner || (!beside && response.should_close())
    }

    fn content<S>(
        &self,
        ui: &mut Ui,
        height: f32,
        state: &mut S,
        body: impl FnOnce(&mut S, &mut Ui),
        footer: impl FnOnce(&mut S, &mut Footer<'_>),
    ) -> bool {
        let tokens = Tokens::of(ui);
        enter::begin(ui);
        let top = ui.cursor().top();
        let title = self.title.unwrap_or(self.name);
        ui.add(egui::Label::new(strong(title).size(17.0)).truncate());
        if let Some(why) = self.why {
            ui.add_space(2.0);
            ui.add(egui::Label::new(RichText::new(why).color(tokens.weak)).wrap());
        }
        ui.add_space(8.0);
        let used = ui.cursor().top() - top;
        let mut room = (height - used - GAP - size::CONTROL - 8.0).max(80.0);
        if self.fixed {
            room = room.min(self.height);
        }
        // the bar lies beside what is scrolled, in the margin
        let mut area = ui.available_rect_before_wrap();
        let width = area.width();
        area.max.x += BAR_BESIDE;
        let mut inside = ui.new_child(UiBuilder::new().max_rect(area));
        ScrollArea::vertical()
            .id_salt(("body of", self.name))
            .max_height(room)
            .min_scrolled_height(self.height.min(room))
            .auto_shrink([false, true])
            .show(&mut inside, |ui| {
                ui.set_max_width(width);
                ui.set_min_height(self.height.min(room));
                body(state, ui);
                follow_focus(ui);
            });
        ui.allocate_space(vec2(width, inside.min_rect().height()));
        ui.add_space(GAP - 4.0);
        let row = vec2(ui.available_width(), size::CONTROL);
        let mut close = false;
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            let mut parts = Footer { ui, close: false };
            footer(state, &mut parts);
            close = parts.close;
        });
        close
    }
}

/// Brings what the keyboard has just come to into sight, where it is scrolled away.
fn follow_focus(ui: &Ui) {
    let focused = ui.memory(egui::Memory::focused);
    let followed = Id::unique("focus that was followed");
    let before = ui.data_mut(|data| {
        let kept: &mut Option<Id> = data.get_temp_mut_or_default(followed);
        std::mem::replace(kept, focused)
    });
    // what was clicked is in sight; and to ask about it in the same pass would take the keyboard
    // from a table whose row was clicked, as the pointer is over the row and not over the table
    let by_pointer = ui.input(|input| input.pointer.any_pressed() || input.pointer.any_released());
    let Some(id) = focused.filter(|_| before != focused && !by_pointer) else {
        return;
    };
    // of what lies elsewhere, as a button of the footer, nothing is cut off
    if let Some(response) = ui.ctx().read_response(id)
        && !response.interact_rect.contains_rect(response.rect)
    {
        ui.scroll_to_rect(response.rect, None);
    }
}

/// What is chosen at the left, `width` points wide where there is room, and what comes of it
/// at the right.
pub fn halves<S>(
    ui: &mut Ui,
    width: f32,
    state: &mut S,
    left: impl FnOnce(&mut S, &mut Ui),
    right: impl FnOnce(&mut S, &mut Ui),
) {
    let whole = ui.available_rect_before_wrap();
    let width = width.min(whole.width() * LEFT);
    let gap = if whole.width() < NARROW { GAP } else { HALVES };
    let (mut one, mut two) = (whole, whole);
    one.set_width(width);
    two.min.x += width + gap;
    let first = ui.scope_builder(UiBuilder::new().max_rect(one), |ui| left(state, ui));
    let second = ui.scope_builder(UiBuilder::new().max_rect(two), |ui| right(state, ui));
    let bottom = first.response.rect.bottom();
    let bottom = bottom.max(second.response.rect.bottom());
    let used = ui.cursor().top() - whole.top();
    ui.allocate_space(vec2(0.0, (bottom - whole.top() - used).max(0.0)));
}

/// Gives the keyboard to the first field of a dialog that was just opened. Twice, since a
/// dialog over another one may not take it in its first frame; `frames` counts.
pub fn first_focus(field: &egui::Response, frames: &mut u8) {
    if *frames < 2 {
        *frames += 1;
        field.request_focus();
        field.ctx.request_repaint();
    }
}

/// The buttons of a dialog, from the right: the main one first.
pub struct Footer<'u> {
    ui: &'u mut Ui,
    close: bool,
}

impl Footer<'_> {
    /// The button that does what the dialog is for; says whether it was pressed. Where it
    /// is not ready, hovering says why.
    pub fn primary(&mut self, words: &str, ready: Result<(), &str>) -> bool {
        let response = primary_button(self.ui, words, ready.is_ok());
        let keys = ready.is_ok()
            && self
                .ui
                .input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        let response = match ready {
            Ok(()) => response.on_hover_text("Ctrl+Enter"),
            Err(why) => response.on_disabled_hover_text(why),
        };
        response.clicked() || keys
    }

    /// The same, which Enter in the last field of one line presses too: for what can be made
    /// good again.
    pub fn confirm(&mut self, words: &str, ready: Result<(), &str>) -> bool {
        let enter = enter::in_last_field(self.ui, ready.is_ok());
        self.primary(words, ready) || enter
    }

    /// Another button; says whether it was pressed.
    pub fn secondary(&mut self, words: &str, ready: Result<(), &str>) -> bool {
        let button = Button::new(words).min_size(vec2(0.0, size::CONTROL));
        let response = self.ui.add_enabled(ready.is_ok(), button);
        match ready {
            Ok(()) => response.clicked(),
            Err(why) => response.on_disabled_hover_text(why).clicked(),
        }
    }

    /// Whether a key was pressed without any other; nobody else sees it then.
    pub fn pressed(&self, key: Key) -> bool {
        let ui = &self.ui;
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
    }

    /// A button that only closes: `Cancel`, or `Close` where nothing is given up.
    pub fn cancel(&mut self, words: &str) {
        self.close |= self.secondary(words, Ok(()));
    }

    /// Closes the dialog after this frame.
    pub const fn close(&mut self) {
        self.close = true;
    }

    /// Anything else at the left of the buttons.
    pub fn left(&mut self, content: impl FnOnce(&mut Ui)) {
        let rest = vec2(self.ui.available_width(), size::CONTROL);
        self.ui
            .allocate_ui_with_layout(rest, Layout::left_to_right(Align::Center), content);
    }
}
