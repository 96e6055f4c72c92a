//! The platforms of an index as chips.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{RichText, Ui, vec2};

use crate::engine::{FailureKind, Image, Node, NodePath, Remote};
use crate::model::{Choice, Descriptor, text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::facts::EntryKind;
use crate::ui::views::subject::{Subject, platform_label};
use crate::ui::views::{View, ViewContext, ViewState};
use crate::ui::widgets::{Beside, Chip, Status, chip, not_here, text as words, wide_tooltip};

/// Most chips of one index.
const CHIPS: usize = 40;

/// Most rows of them.
const ROWS: f32 = 4.0;

/// Draws the chips of each index on the way to what is selected, and why that one.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let Some(image) = context.image.image() else {
        return;
    };
    let positions = context.selected.positions();
    let mut path = NodePath::root();
    let mut any = false;
    for depth in 0..=positions.len() {
        let Some(node) = image.node(&path) else {
            break;
        };
        if node.document.index().is_none() {
            break;
        }
        level(ui, state, context, depth, &path, node);
        any = true;
        match positions.get(depth) {
            Some(position) => path = path.child(*position),
            None => break,
        }
    }
    if any {
        below(ui, state, context);
        ui.add_space(4.0 * size::GRID);
    }
}

/// The chips of one index.
fn level(
    ui: &mut Ui,
    state: &mut ViewState,
    context: &mut ViewContext<'_>,
    depth: usize,
    path: &NodePath,
    node: &Arc<Node>,
) {
    let facts = state.facts.index(depth, &node.document);
    let Some(index) = node.document.index() else {
        return;
    };
    let tokens = Tokens::of(ui);
    let selected = context.selected.positions().get(depth).copied();
    let shown = shown_instead(context).and_then(|path| path.positions().get(depth).copied());
    let shown = shown.filter(|_| selected.is_none());
    let order = order(&facts.choices, selected);
    let missing = not_here(context.image.reference.as_ref());
    let mut drawn = Vec::new();

    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        let top = ui.cursor().top();
        for position in order {
            let Some(Ok(entry)) = index.entries.get(position) else {
                continue;
            };
            let child = node.child(position).unwrap_or(&Remote::NotAsked);
            let kind = facts.kinds[position];
            let is_selected = selected == Some(position);
            let response = chip(
                ui,
                &Chip {
                    word: Cow::Owned(word(entry, child, kind)),
                    beside: beside(child, kind, missing, tokens),
                    selected: is_selected,
                    shown: shown == Some(position),
                },
            );
            drawn.push(position);
            let rect = response.rect;
            wide_tooltip(&response, |ui| {
                hover(ui, entry, child, missing, is_selected, context);
            });
            if response.clicked() {
                let path = path.child(position);
                context.actions.push(Action::Select(context.image.id, path));
            }
            // one more would begin another row, or leave no room for what says how many more
            let last_row = rect.top() - top > (ROWS - 1.5) * rect.height();
            if last_row && rect.right() + 2.0 * rect.width() > ui.max_rect().right() {
                break;
            }
        }
        let left_out = facts.choices.len() - drawn.len();
        if left_out > 0 {
            let more = Chip {
                word: Cow::Owned(format!("+ {} more", words::number_words(left_out))),
                beside: Beside::Nothing,
                selected: false,
                shown: false,
            };
            if chip(ui, &more)
                .on_hover_text("All of them in Platforms")
                .clicked()
            {
                show_platforms(context);
            }
        }
    });
    state.wants.ask(context, path, drawn);
}

/// The first of `choices`, and before them the one that is selected where it is not among
/// them.
fn order(choices: &[usize], selected: Option<usize>) -> impl Iterator<Item = usize> {
    let first = &choices[..choices.len().min(CHIPS)];
    let far = selected.filter(|at| choices.binary_search(at).is_ok() && !first.contains(at));
    let rest = choices.len().min(CHIPS - usize::from(far.is_some()));
    far.into_iter().chain(choices[..rest].iter().copied())
}

fn word(entry: &Descriptor, child: &Remote<Arc<Node>>, kind: EntryKind) -> String {
    let config = child.value().and_then(|node| node.config());
    let own = config.map(|config| &config.platform);
    let platform = entry
        .platform
        .as_ref()
        .or(own)
        .filter(|platform| !platform.os.is_empty());
    match (platform, kind) {
        (Some(platform), _) => platform_label(platform),
        (None, EntryKind::Image) => "no platform".to_owned(),
        (None, kind) => kind.word().to_owned(),
    }
}

fn beside<'a>(
    child: &Remote<Arc<Node>>,
    kind: EntryKind,
    missing: &'static str,
    tokens: &Tokens,
) -> Beside<'a> {
    if let Some(error) = child.error() {
        let (icon, word, color) = match error.kind {
            FailureKind::Damaged => (icons::TRIANGLE_ALERT, "damaged", tokens.damaged),
            FailureKind::Missing => (icons::CIRCLE_MINUS, missing, tokens.caution),
            FailureKind::Cancelled => (icons::CIRCLE_STOP, "cancelled", tokens.weak),
            _ => (icons::CIRCLE_X, "not read", tokens.rejected),
        };
        return Beside::State(Status {
            icon,
            word: Cow::Borrowed(word),
            color,
            meaning: Cow::Borrowed(""),
        });
    }
    let Some(node) = child.value() else {
        return match kind {
            EntryKind::Image | EntryKind::Artifact => Beside::Pending,
            _ => Beside::Nothing,
        };
    };
    if let Some(manifest) = node.document.manifest() {
        let size = node.total_size().unwrap_or(manifest.blob_size());
        return Beside::Text(Cow::Owned(text::size(size)));
    }
    match node.document.index() {
        Some(index) => Beside::Text(Cow::Owned(words::count(
            index.entries.len(),
            "entry",
            "entries",
        ))),
        None => Beside::Text(Cow::Borrowed("not read")),
    }
}

fn hover(
    ui: &mut Ui,
    entry: &Descriptor,
    child: &Remote<Arc<Node>>,
    missing: &'static str,
    selected: bool,
    context: &ViewContext<'_>,
) {
    ui.monospace(entry.digest.to_string());
    if let Some(error) = child.error() {
        if error.kind == FailureKind::Missing {
            ui.label(format!("It is {missing}"));
        } else {
            ui.label(&error.headline);
        }
    }
    if selected && let Some(reason) = reason_words(context) {
        ui.label(reason);
    }
}

/// Why the selected image is the one that is shown, and what is in the index besides.
fn below(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    let Some(image) = context.image.image() else {
        return;
    };
    let facts = state.facts.index(0, &image.root.document);
    let (attestations, unreadable) = (facts.attestations, facts.unreadable);
    let chosen = image.chosen.as_ref();
    let fits = chosen.is_none_or(|chosen| chosen.choices.iter().all(Choice::fits));
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(14.0, 2.0);
        if let Some(words) = reason_words(context) {
            let (words, color) = if fits {
                (words, tokens.faint)
            } else {
                (format!("{} {words}", icons::TRIANGLE_ALERT), tokens.caution)
            };
            ui.label(RichText::new(words).size(size::SMALL).color(color));
        }
        if attestations > 0 {
            let plural = if attestations == 1 { "" } else { "s" };
            let words = format!("{} {attestations} attestation{plural}", icons::PAPERCLIP);
            ui.label(RichText::new(words).size(size::SMALL).color(tokens.faint))
                .on_hover_text("What the build filed beside the images; Platforms lists them");
        }
        if unreadable > 0 {
            let entries = if unreadable == 1 { "entry" } else { "entries" };
            let words = format!(
                "{} {unreadable} {entries} cannot be read",
                icons::TRIANGLE_ALERT
            );
            let words = RichText::new(words).size(size::SMALL).color(tokens.damaged);
            ui.label(words).on_hover_text("Platforms says why");
        }
    });
}

fn reason_words(context: &ViewContext<'_>) -> Option<String> {
    let image = context.image.image()?;
    let chosen = image.chosen.as_ref()?;
    let wanted = &context.image.wanted;
    if let Some(path) = shown_instead(context) {
        let label = label(image, path);
        return Some(format!(
            "The index is selected. Shown below: {label}, which a pull for {wanted} takes"
        ));
    }
    if chosen.path == *context.selected {
        // the last choice is the one among platforms
        return Some(chosen.choices.last()?.explain(wanted));
    }
    let label = label(image, &chosen.path);
    Some(format!("Selected here; a pull for {wanted} takes {label}"))
}

/// The image that is shown where an index is selected in which it was chosen.
fn shown_instead<'a>(context: &ViewContext<'a>) -> Option<&'a NodePath> {
    match Subject::of(context) {
        Subject::Manifest(subject) => Some(subject.path).filter(|path| *path != context.selected),
        _ => None,
    }
}

fn label(image: &Image, path: &NodePath) -> String {
    image
        .descriptor(path)
        .and_then(|entry| entry.platform.as_ref())
        .map_or_else(|| "another one".to_owned(), platform_label)
}

fn show_platforms(context: &mut ViewContext<'_>) {
    let id = context.image.id;
    context.actions.push(Action::ShowView(id, View::Platforms));
}
