//! The bell in the status bar, and the list of past messages that it opens.

use egui::{
    Align, Button, Frame, Layout, Margin, Popup, PopupCloseBehavior, RectAlign, Response, RichText,
    Role, ScrollArea, Ui, WidgetInfo,
};

use super::parts::group_heading;
use super::toasts::{Message, Toasts, look};
use crate::ui::action::Actions;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::{exact, link, relative};

const WIDTH: f32 = 420.0;
const HEIGHT: f32 = 360.0;

/// Draws the bell with the number of messages that nobody has looked at.
pub fn show(ui: &mut Ui, messages: &mut Toasts, now: jiff::Timestamp, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let unread = messages.unread();
    let (text, name) = if unread == 0 {
        (icons::BELL.to_owned(), "Messages".to_owned())
    } else {
        let name = format!("Messages, {unread} unread");
        (format!("{} {unread}", icons::BELL), name)
    };
    let color = if unread == 0 {
        tokens.weak
    } else {
        tokens.caution
    };
    let text = RichText::new(text).size(size::SMALL).color(color);
    let response = ui.add(Button::new(text).frame(false).small());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let shown = list(&response, messages, now, actions);
    if shown {
        messages.mark_read();
    } else {
        response.on_hover_text("What was said before");
    }
}

fn list(
    bell: &Response,
    messages: &mut Toasts,
    now: jiff::Timestamp,
    actions: &mut Actions,
) -> bool {
    let popup = Popup::from_toggle_button_response(bell)
        .align(RectAlign::TOP_END)
        .gap(6.0)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name("Past messages")
        .show(|ui| {
            ui.set_width(WIDTH);
            ui.spacing_mut().item_spacing.y = 2.0;
            Frame::NONE
                .inner_margin(Margin::symmetric(8, 4))
                .show(ui, |ui| content(ui, messages, now, actions));
        });
    popup.is_some()
}

fn content(ui: &mut Ui, messages: &mut Toasts, now: jiff::Timestamp, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let any = messages.past_mut().len() > 0;
    let mut clear = false;
    ui.horizontal(|ui| {
        group_heading(ui, "Messages");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            clear = any && link(ui, "Clear").clicked();
        });
    });
    if !any {
        ui.label(RichText::new("Nothing was said yet.").color(tokens.weak));
    }
    ScrollArea::vertical()
        .max_height(HEIGHT)
        // a popup starts small, and would stay so
        .min_scrolled_height(HEIGHT)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for message in messages.past_mut() {
                row(ui, message, now, actions);
            }
        });
    if clear {
        messages.clear();
    }
}

fn row(ui: &mut Ui, message: &mut Message, now: jiff::Timestamp, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let (icon, color) = look(message.warning, tokens);
    ui.add_space(4.0);
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(icon).size(size::ICON).color(color));
        ui.vertical(|ui| {
            ui.add(egui::Label::new(&message.text).wrap());
            ui.horizontal(|ui| {
                let when = RichText::new(relative(message.at, now))
                    .size(size::SMALL)
                    .color(tokens.faint);
                ui.label(when).on_hover_text(exact(message.at));
                for (word, action) in &message.links {
                    if link(ui, word).clicked() {
                        actions.push(action.clone());
                        ui.close();
                    }
                }
                if !message.details.is_empty() {
                    let word = if message.open {
                        "Hide details"
                    } else {
                        "Details"
                    };
                    if link(ui, word).clicked() {
                        message.open = !message.open;
                    }
                }
            });
            if message.open {
                for line in &message.details {
                    let line = RichText::new(line).color(tokens.weak);
                    ui.add(egui::Label::new(line).wrap());
                }
            }
        });
    });
}
