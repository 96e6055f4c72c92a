//! The address bar: Back, Forward, the field, Open, and the platform picker.

use std::sync::Arc;

use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::{
    Area, Button, Color32, Context, Frame, Galley, Id, Key, Margin, Order, Rect, RichText, Role,
    TextBuffer, TextEdit, TextStyle, Ui, Vec2, WidgetInfo, vec2,
};

use super::parts::{bar_button, button_width, primary_button};
use super::platform_picker;
use crate::engine::{Failure, ImageId, Place};
use crate::model::{Transport, limits, text};
use crate::ui::action::{Action, Actions};
use crate::ui::app::Tab;
use crate::ui::commands::{Command, CommandId, Situation, format_first};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::text::fit_middle;

/// The field's text, and which image it stands for.
#[derive(Debug, Default)]
pub struct AddressBar {
    text: String,
    /// The image and text that were last put into the field.
    shown: Option<(ImageId, String)>,
    wants_focus: bool,
    /// What was typed and is no reference, and why.
    refused: Option<(String, Arc<Failure>)>,
}

const OPEN: &str = "Open";

/// What is done most with an image that is open.
const ACTIONS: [CommandId; 3] = [CommandId::Copy, CommandId::Export, CommandId::Sign];

impl AddressBar {
    /// Gives the field the focus, with all of its text selected.
    pub const fn focus(&mut self) {
        self.wants_focus = true;
    }

    /// Whether somebody types into the field.
    pub fn has_focus(ctx: &Context) -> bool {
        ctx.memory(|memory| memory.has_focus(field_id()))
    }

    /// Says below the field why `text` cannot be opened, and lets it be corrected. `tab` has
    /// the focus.
    pub fn refuse(&mut self, text: String, failure: Arc<Failure>, tab: Option<&Tab>) {
        // what is shown already is not put in its place
        self.shown = address(tab);
        self.text.clone_from(&text);
        self.refused = Some((text, failure));
        self.wants_focus = true;
    }

    /// Draws the bar.
    pub fn show(&mut self, ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
        ui.horizontal_centered(|ui| {
            for (id, icon) in [
                (CommandId::Back, icons::ARROW_LEFT),
                (CommandId::Forward, icons::ARROW_RIGHT),
            ] {
                step(ui, id.command(), icon, situation, actions);
            }
            let tab = situation.tab.filter(|tab| !tab.is_several());
            let picker = tab.map(platform_picker::label);
            let mut right = button_width(ui, OPEN) + ui.spacing().item_spacing.x;
            right += size::CONTROL + ui.spacing().item_spacing.x;
            if let Some(label) = &picker {
                right += platform_picker::width(ui, label) + ui.spacing().item_spacing.x;
            }
            for id in ACTIONS {
                right += button_width(ui, id.command().name) + ui.spacing().item_spacing.x;
            }
            let width = (ui.available_width() - right).max(80.0);
            self.field(ui, width, situation, actions);
            star(ui, situation, actions);
            self.open_button(ui, situation.tab, actions);
            if let (Some(tab), Some(label)) = (tab, picker) {
                platform_picker::show(ui, tab, &label, actions);
            }
            for id in ACTIONS {
                command_button(ui, id.command(), situation, actions);
            }
        });
    }

    fn field(&mut self, ui: &mut Ui, width: f32, situation: &Situation<'_>, actions: &mut Actions) {
        let id = field_id();
        let editing = ui.memory(|memory| memory.has_focus(id));
        self.follow(situation.tab, editing);

        let height = ui.text_style_height(&TextStyle::Body);
        let vertical = ((size::CONTROL - height) / 2.0).floor();
        let hint = RichText::new("registry/repository:tag, oci:FOLDER, or a path");
        let hint = hint.color(Tokens::of(ui).faint);
        let shortened = match editing || self.wants_focus {
            true => None,
            false => shortened(ui, &self.text, width - 20.0),
        };
        let mut layouter = |ui: &Ui, text: &dyn TextBuffer, _wrap_width: f32| {
            layout_reference(ui, shortened.as_deref().unwrap_or(text.as_str()))
        };
        let output = TextEdit::singleline(&mut self.text)
            .id(id)
            .desired_width(width)
            .min_size(vec2(0.0, size::CONTROL))
            .margin(Margin::symmetric(10, vertical as i8))
            .char_limit(limits::REFERENCE_BYTES)
            .hint_text(hint)
            .layouter(&mut layouter)
            .show(ui);
        let response = output.response.response.accessible_name("Reference");
        // where it was clicked is a place of what was shown, not of the whole
        let whole = shortened.is_some() && response.gained_focus();
        let response = match shortened {
            Some(_) => response.on_hover_text(text::visible(&self.text).into_owned()),
            None => response,
        };

        self.show_refused(ui, response.rect, editing || self.wants_focus);
        if std::mem::take(&mut self.wants_focus) || whole {
            response.request_focus();
            let mut state = output.state;
            let end = CCursor::new(self.text.chars().count());
            let all = CCursorRange::two(CCursor::default(), end);
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), id);
        }
        if response.lost_focus() {
            let (enter, escape) =
                ui.input(|i| (i.key_pressed(Key::Enter), i.key_pressed(Key::Escape)));
            if enter {
                self.open(situation.tab, actions);
            } else if escape {
                self.shown = None; // what is open shows again
                self.text.clear();
            }
        }
    }

    /// Shows what the focused tab shows, unless somebody is typing into the field.
    fn follow(&mut self, tab: Option<&Tab>, editing: bool) {
        let now = address(tab);
        if now == self.shown {
            return;
        }
        let image = |of: &Option<(ImageId, String)>| of.as_ref().map(|(image, _)| *image);
        if !editing || image(&now) != image(&self.shown) {
            self.text = now
                .as_ref()
                .map(|(_, text)| text.clone())
                .unwrap_or_default();
            self.shown = now;
        }
    }

    /// Why what was typed cannot be opened, for as long as it stands there.
    fn show_refused(&mut self, ui: &Ui, field: Rect, editing: bool) {
        self.refused
            .take_if(|(text, _)| !editing || *text != self.text);
        let Some((_, failure)) = &self.refused else {
            return;
        };
        let tokens = Tokens::of(ui);
        Area::new(Id::unique("refused reference"))
            .order(Order::Foreground)
            .fixed_pos(field.left_bottom() + vec2(0.0, 4.0))
            .interactable(false)
            .show(ui.ctx(), |ui| {
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(field.width());
                    let headline = text::visible(&failure.headline);
                    let words = format!("{} {headline}", icons::TRIANGLE_ALERT);
                    let words = RichText::new(words).color(tokens.rejected);
                    ui.add(egui::Label::new(words).wrap())
                        .widget_info(|| WidgetInfo::labeled(Role::Alert, true, &*headline));
                    let hint = RichText::new(failure.hint_in_window()).color(tokens.weak);
                    ui.add(egui::Label::new(hint).wrap());
                });
            });
    }

    fn open_button(&self, ui: &mut Ui, tab: Option<&Tab>, actions: &mut Actions) {
        let something = !self.text.trim().is_empty();
        let button = egui::Button::new(OPEN).min_size(vec2(0.0, size::CONTROL));
        let response = ui
            .add_enabled(something, button)
            .on_hover_text("Open what the field holds")
            .on_disabled_hover_text("Type a reference first");
        if response.clicked() {
            self.open(tab, actions);
        }
    }

    fn open(&self, tab: Option<&Tab>, actions: &mut Actions) {
        let text = self.text.trim();
        actions.push(match tab.and_then(Tab::place) {
            // the name of a repository stands for its tags here, as it was left
            Some(Place::Repository(name)) if name == text => Action::Run(CommandId::Reload),
            _ => Action::OpenInstead(text.to_owned()),
        });
    }
}

fn field_id() -> Id {
    Id::unique("reference field")
}

/// What the field shows of a tab, and of which.
fn address(tab: Option<&Tab>) -> Option<(ImageId, String)> {
    tab.map(|tab| (tab.image_id(), tab.address()))
}

/// Back or Forward.
fn step(
    ui: &mut Ui,
    command: &Command,
    icon: &str,
    situation: &Situation<'_>,
    actions: &mut Actions,
) {
    let enabled = (command.enabled)(situation);
    let shortcut = format_first(ui.ctx(), command).unwrap_or_default();
    let hint = match enabled {
        Ok(()) => format!("{} ({shortcut})", command.name),
        Err(why) => why.to_owned(),
    };
    if bar_button(ui, icon, command.name, enabled.is_ok(), &hint).clicked() {
        actions.push(Action::Run(command.id));
    }
}

/// A command of the table by its name.
fn command_button(
    ui: &mut Ui,
    command: &Command,
    situation: &Situation<'_>,
    actions: &mut Actions,
) {
    let enabled = (command.enabled)(situation);
    let shortcut = format_first(ui.ctx(), command).unwrap_or_default();
    let response = if command.id == CommandId::Sign && enabled.is_ok() {
        primary_button(ui, command.name, true)
    } else {
        let button = Button::new(command.name).min_size(vec2(0.0, size::CONTROL));
        ui.add_enabled(enabled.is_ok(), button)
    };
    let response = response
        .on_hover_text(format!("{} ({shortcut})", command.tooltip))
        .on_disabled_hover_text(enabled.err().unwrap_or_default());
    if response.clicked() {
        actions.push(Action::Run(command.id));
    }
}

/// Takes what is shown into the favourites, or out.
fn star(ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
    let command = CommandId::Favourite.command();
    let enabled = (command.enabled)(situation);
    let tokens = Tokens::of(ui);
    let on = situation.favourite;
    let color = match (enabled, on) {
        (Err(_), _) => tokens.faint,
        (Ok(()), true) => tokens.accent,
        (Ok(()), false) => tokens.weak,
    };
    let text = RichText::new(icons::STAR).size(size::ICON).color(color);
    let fill = if on { tokens.selection } else { tokens.raised };
    let button = Button::new(text)
        .fill(fill)
        .min_size(Vec2::splat(size::CONTROL));
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(6.0, 4.0);
            ui.add_enabled(enabled.is_ok(), button)
        })
        .inner;
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled.is_ok(), on, "Favourite"));
    let word = if on {
        "Take out of the favourites"
    } else {
        "Add to the favourites"
    };
    let shortcut = format_first(ui.ctx(), command).unwrap_or_default();
    let response = response.on_hover_text(format!("{word} ({shortcut})"));
    if response
        .on_disabled_hover_text(enabled.err().unwrap_or_default())
        .clicked()
    {
        actions.push(Action::Run(command.id));
    }
}

/// Between the prefix of a transport and the name, in points.
const GAP: f32 = 6.0;

/// `text` without the middle of its name, so that the tag at its end is seen in `width`;
/// nothing where it fits.
fn shortened(ui: &Ui, text: &str, width: f32) -> Option<String> {
    let font = TextStyle::Body.resolve(ui.style());
    let (prefix, rest) = text.split_at(prefix_len(text));
    let laid = ui
        .painter()
        .layout_no_wrap(prefix.to_owned(), font.clone(), Color32::PLACEHOLDER);
    let gap = if prefix.is_empty() { 0.0 } else { GAP };
    let fitting = fit_middle(ui.painter(), rest, &font, width - laid.size().x - gap);
    (fitting != rest).then(|| format!("{prefix}{fitting}"))
}

/// The prefix of a transport stands back a little, so that the name itself is read first.
fn layout_reference(ui: &Ui, text: &str) -> Arc<Galley> {
    let tokens = Tokens::of(ui);
    let font = TextStyle::Body.resolve(ui.style());
    let format = |color| TextFormat::simple(font.clone(), color);
    let (prefix, rest) = text.split_at(prefix_len(text));
    let mut job = LayoutJob::default();
    if !prefix.is_empty() {
        job.append(prefix, 0.0, format(tokens.faint));
    }
    let gap = if prefix.is_empty() { 0.0 } else { GAP };
    job.append(rest, gap, format(tokens.text));
    job.wrap.max_width = f32::INFINITY;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// Length in bytes of the prefix of a transport; 0 where there is none.
fn prefix_len(text: &str) -> usize {
    if text.starts_with("docker://") {
        return "docker://".len();
    }
    Transport::ALL
        .iter()
        .filter(|transport| **transport != Transport::Docker)
        .filter_map(|transport| text.strip_prefix(transport.prefix()))
        .find(|rest| rest.starts_with(':'))
        .map_or(0, |rest| text.len() - rest.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::prefix_len;

    #[test]
    fn the_prefix_is_what_names_the_transport() {
        let cases = [
            ("docker://a/b", "docker://"),
            ("oci:folder:name", "oci:"),
            ("oci-archive:x.tar", "oci-archive:"),
            ("docker-daemon:busybox", "docker-daemon:"),
            ("busybox:1.36", ""),
            ("docker:5000/a", ""),
            ("ocean:1", ""),
            ("", ""),
        ];
        for (text, prefix) in cases {
            assert_eq!(&text[..prefix_len(text)], prefix, "{text}");
        }
    }
}
