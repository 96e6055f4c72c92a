//! What is said while files are held over the window.

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, RichText, Shape, Stroke, vec2};

use crate::model::text;
use crate::ui::theme::{Tokens, icons, size, strong};

/// How many files are named.
const NAMED: usize = 5;

/// Covers the window while files are held over it: names them and says what will happen.
/// `asks` where it is asked what is to be done with a single one.
pub fn show(ctx: &Context, asks: bool) {
    let names = ctx.input(|input| {
        let files = input.raw.hovered_files.iter();
        files
            .map(|file| {
                let name = file.path.as_deref().and_then(std::path::Path::file_name);
                name.map_or_else(|| "a file".to_owned(), |n| n.to_string_lossy().into_owned())
            })
            .collect::<Vec<_>>()
    });
    if names.is_empty() {
        return;
    }
    let tokens = Tokens::for_dark(ctx.theme() == egui::Theme::Dark);
    let rect = ctx.content_rect();
    let area = Area::new(Id::unique("drop overlay"))
        .order(Order::Tooltip)
        .fixed_pos(rect.min)
        .interactable(false)
        // what is below must never shine through the words, not even for a moment
        .fade_in(false)
        .accessible_name("Drop to open");
    area.show(ctx, |ui| {
        let painter = ui.painter();
        painter.rect_filled(rect, 0.0, tokens.background.gamma_multiply(0.85));
        let inner = rect.shrink(24.0);
        let corners = [
            inner.left_top(),
            inner.right_top(),
            inner.right_bottom(),
            inner.left_bottom(),
            inner.left_top(),
        ];
        painter.extend(Shape::dashed_line(
            &corners,
            Stroke::new(2.0, tokens.accent),
            8.0,
            6.0,
        ));
        let place = Align2::CENTER_CENTER.align_size_within_rect(vec2(480.0, 240.0), rect);
        ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
            let panel = Frame::popup(ui.style())
                .fill(tokens.raised)
                .inner_margin(Margin::same(24));
            panel.show(ui, |ui| {
                ui.vertical_centered(|ui| message(ui, tokens, &names, asks));
            });
        });
    });
}

fn message(ui: &mut egui::Ui, tokens: &Tokens, names: &[String], asks: bool) {
    ui.label(
        RichText::new(icons::PACKAGE_OPEN)
            .size(36.0)
            .color(tokens.accent),
    );
    ui.add_space(8.0);
    let asks = asks && names.len() == 1;
    let title = if asks {
        "Drop to open or copy"
    } else {
        "Drop to open"
    };
    ui.label(strong(title).size(size::TITLE));
    let what = match names.len() {
        1 if asks => "Whether it is opened or copied is asked next".to_owned(),
        1 => "It opens in a new tab".to_owned(),
        count => format!(
            "{} items open, each in a tab of its own",
            text::count(count as u64)
        ),
    };
    ui.label(RichText::new(what).color(tokens.weak));
    ui.add_space(8.0);
    for name in names.iter().take(NAMED) {
        let name = text::visible(name);
        ui.monospace(text::middle(&name, 56).into_owned());
    }
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        ui.label(
            RichText::new(format!("and {} more", text::count(more as u64))).color(tokens.weak),
        );
    }
}
