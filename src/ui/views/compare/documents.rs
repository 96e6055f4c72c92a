//! What the documents of two images say differently, and which layers both have.

use egui::{Align, RichText, Ui};

use crate::diff::{Sets, in_both};
use crate::engine::{ComparedImages, ComparedSide};
use crate::model::Digest;
use crate::model::text::size as size_text;
use crate::ui::theme::{Tokens, size};
use crate::ui::views::page::SECTION;
use crate::ui::widgets::{heading, row_line, text};

use super::Shown;

/// Width of the names, in points.
const NAMES: f32 = 200.0;

/// Draws it into all the space there is.
pub(super) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    let Some(images) = shown.snapshot.images.value() else {
        return;
    };
    egui::ScrollArea::vertical()
        .id_salt("documents")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            settings(ui, images);
            platforms(ui, images);
            match &images.history {
                Some(history) => {
                    sets(ui, "History", "step", history);
                    equal(ui, history.is_equal(), history.reordered);
                    ui.add_space(SECTION);
                }
                None => {
                    heading(ui, "History", "");
                    say(
                        ui,
                        "A config could not be read, so its steps are not compared.",
                    );
                    ui.add_space(SECTION);
                }
            }
            layers(ui, images);
        });
}

fn say(ui: &mut Ui, words: &str) {
    let color = Tokens::of(ui).weak;
    ui.label(RichText::new(words).color(color));
}

fn settings(ui: &mut Ui, images: &ComparedImages) {
    for (group, title) in [
        ("config", "Config"),
        ("environment", "Environment"),
        ("labels", "Labels"),
    ] {
        let found: Vec<_> = images
            .settings
            .iter()
            .filter(|setting| setting.group == group)
            .collect();
        heading(ui, title, "");
        if found.is_empty() {
            say(ui, "The same in both.");
        }
        for setting in found {
            let name = match group {
                "config" => word(&setting.name),
                _ => &setting.name,
            };
            let name = text::line(name).into_owned();
            let both = setting.before.is_some() && setting.after.is_some();
            if let Some(before) = &setting.before {
                let row = if both { Row::First } else { Row::Only };
                change(ui, &name, row, '-', before);
            }
            if let Some(after) = &setting.after {
                let row = if both { Row::Last } else { Row::Only };
                change(ui, &name, row, '+', after);
            }
        }
        ui.add_space(SECTION);
    }
}

/// A setting of the config as Config calls it.
fn word(name: &str) -> &str {
    match name {
        "platform" => "Platform",
        "created" => "Created",
        "author" => "Author",
        "user" => "User",
        "entrypoint" => "Entry point",
        "command" => "Command",
        "workingDir" => "Working folder",
        "ports" => "Ports",
        "volumes" => "Volumes",
        "stopSignal" => "Stop signal",
        "healthcheck" => "Health check",
        "onBuild" => "On build",
        "shell" => "Shell",
        other => other,
    }
}

fn sets(ui: &mut Ui, title: &str, what: &str, sets: &Sets<String>) {
    let shared = text::count(sets.shared.len(), what, &format!("{what}s"));
    heading(ui, title, &format!("{shared} in both"));
    for (sign, items) in [('-', &sets.before), ('+', &sets.after)] {
        for item in items {
            change(ui, "", Row::Only, sign, item);
        }
    }
}

/// Says where both have the same, and where in another order.
fn equal(ui: &mut Ui, same: bool, reordered: bool) {
    if reordered {
        say(ui, "What both have stands in another order.");
    } else if same {
        say(ui, "The same in both.");
    }
}

fn platforms(ui: &mut Ui, images: &ComparedImages) {
    let Some(platforms) = &images.platforms else {
        return;
    };
    sets(ui, "Platforms", "platform", platforms);
    for changed in &images.changed_platforms {
        let mut said = "";
        for (sign, platform, digests) in [
            ('-', &changed.platform, &changed.before),
            ('+', &changed.platform_after, &changed.after),
        ] {
            for digest in digests {
                let again = std::mem::replace(&mut said, platform) == platform;
                let row = if again { Row::Last } else { Row::Only };
                change(ui, &text::line(platform), row, sign, &digest.to_string());
            }
        }
    }
    let same = platforms.is_equal() && images.changed_platforms.is_empty();
    equal(ui, same, false);
    ui.add_space(SECTION);
}

/// What a line is among those of the same name.
#[derive(Clone, Copy, PartialEq)]
enum Row {
    Only,
    /// Another one follows: no line is drawn between them.
    First,
    /// The name stands above.
    Last,
}

/// One line with its sign: not by colour alone.
fn change(ui: &mut Ui, name: &str, row: Row, sign: char, value: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(
        egui::vec2(ui.available_width(), size::ROW),
        egui::Sense::hover(),
    );
    if row != Row::First {
        row_line(ui, rect);
    }
    let painter = ui.painter();
    let names = NAMES.min(rect.width() * 0.35);
    let shown = if row == Row::Last { "" } else { name };
    let galley = text::one_line(
        painter,
        shown.to_owned(),
        text::body(),
        tokens.weak,
        names - 12.0,
    );
    text::paint(painter, rect, galley, Align::Min);
    let color = match sign {
        '-' => tokens.rejected,
        _ => tokens.accepted,
    };
    let cell = rect.with_min_x(rect.left() + names);
    let words = format!("{sign} {}", text::line(value));
    let galley = text::one_line(painter, words.clone(), text::mono(), color, cell.width());
    let elided = galley.elided;
    text::paint(painter, cell, galley, Align::Min);
    let said = match sign {
        '-' => "only before",
        _ => "only after",
    };
    response.widget_info(|| {
        let label = format!("{name} {said}: {}", text::line(value));
        egui::WidgetInfo::labeled(egui::Role::Label, true, label.trim_start())
    });
    if elided {
        response.on_hover_text(words);
    }
}

fn layers(ui: &mut Ui, images: &ComparedImages) {
    let shared = text::count(images.layers.shared.len(), "layer", "layers");
    heading(ui, "Layers", &format!("{shared} in both"));
    let digests = |side: &ComparedSide| -> Vec<Digest> {
        let layers = side.layers.iter();
        layers.map(|layer| layer.digest.clone()).collect()
    };
    let (before, after) = (digests(&images.before), digests(&images.after));
    for (side, own, shared, sign, word) in [
        (&images.before, &before, &after, '-', "only before"),
        (&images.after, &after, &before, '+', "only after"),
    ] {
        let both = in_both(own, shared);
        for (position, digest) in own.iter().enumerate() {
            if !both[position] {
                line(ui, side, position, digest, sign, word);
            }
        }
    }
    let both = in_both(&before, &after);
    for (position, digest) in before.iter().enumerate() {
        if both[position] {
            line(ui, &images.before, position, digest, '=', "in both");
        }
    }
    if images.layers.reordered {
        equal(ui, false, true);
    }
    ui.add_space(SECTION);
}

fn line(
    ui: &mut Ui,
    side: &ComparedSide,
    position: usize,
    digest: &Digest,
    sign: char,
    word: &str,
) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(
        egui::vec2(ui.available_width(), size::ROW),
        egui::Sense::hover(),
    );
    row_line(ui, rect);
    let color = match sign {
        '-' => tokens.rejected,
        '+' => tokens.accepted,
        _ => tokens.weak,
    };
    let bytes = side
        .layers
        .get(position)
        .map_or_else(String::new, |layer| size_text(layer.size));
    let painter = ui.painter();
    let at = |from: f32, width: f32| {
        egui::Rect::from_min_size(
            rect.min + egui::vec2(from, 0.0),
            egui::vec2(width, rect.height()),
        )
    };
    for (cell, words, font, color, align) in [
        (
            at(0.0, 110.0),
            format!("{sign} {word}"),
            text::body(),
            color,
            Align::Min,
        ),
        (
            at(118.0, 80.0),
            format!("Layer {position}"),
            text::body(),
            tokens.text,
            Align::Min,
        ),
        (
            at(200.0, 80.0),
            bytes.clone(),
            text::body(),
            tokens.text,
            Align::Max,
        ),
        (
            at(300.0, 240.0),
            digest.short(),
            text::mono(),
            tokens.weak,
            Align::Min,
        ),
    ] {
        let galley = text::one_line(painter, words, font, color, cell.width());
        text::paint(painter, cell, galley, align);
    }
    response.widget_info(|| {
        let label = format!("{word}: layer {position}, {bytes}, {}", digest.short());
        egui::WidgetInfo::labeled(egui::Role::Label, true, label)
    });
    crate::ui::widgets::digest_tooltip(&response, digest, false);
}
