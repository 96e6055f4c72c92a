//! The files of an image: a tree with sizes, where each comes from, and what is in it.

mod damaged;
mod detail;
mod picture;
mod query;
mod state;
mod tree;
mod words;

use egui::{Rect, RichText, Ui, UiBuilder};

use crate::engine::{Command, FilesRequest, FilesSnapshot, LayerState, NodePath, Remote};
use crate::layer::{FileSort, Origin, Scope};
use crate::model::{Reference, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::split::FILES;
use crate::ui::widgets::table::Sort;
use crate::ui::widgets::{
    drop_down, empty_state, error_box, icon_button, link, search, text, toggle,
};

use super::subject::{ManifestSubject, Subject};
use super::{View, ViewContext, ViewState, page, pending, reload, unread};

pub(super) use state::FilesState;

/// Layers of a registry up to this are read as soon as somebody looks, in bytes.
const AT_ONCE: u64 = 256 << 20;

/// From this width of the view on the details stand beside the tree, in points.
const WIDE: f32 = 820.0;

/// Width of what chooses whose files are shown, and of the button after the filter with the
/// space before it, in points.
const SCOPE: f32 = 132.0;
const CHANGED: f32 = 112.0;

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let id = context.image.id;
    match Subject::of(context) {
        Subject::Manifest(subject) if !state.facts.manifest(&subject).is_image() => {
            let hint = "An artifact has no file system. What it holds is in the overview.";
            let headline = "This artifact holds no layers of files";
            if empty_state(ui, icons::FILES, headline, hint, Some("Show overview")) {
                context.actions.push(Action::ShowView(id, View::Overview));
            }
        }
        Subject::Manifest(subject) if subject.manifest.layers.is_empty() => {
            let hint = "A container of it begins with an empty folder.";
            empty_state(ui, icons::FILES, "This image has no files", hint, None);
        }
        Subject::Manifest(subject) => page::fixed(ui, |ui| {
            manifest(ui, state, &subject, context);
        }),
        Subject::Index => {
            let hint = "Files belong to one image of an index. Choose which.";
            let headline = "No image is chosen";
            if empty_state(ui, icons::FILES, headline, hint, Some("Show platforms")) {
                context.actions.push(Action::ShowView(id, View::Platforms));
            }
        }
        Subject::Unread(node) => page::scrolling(ui, |ui| unread::show(ui, node, context)),
        Subject::Pending => page::scrolling(ui, pending::manifest),
        Subject::Failed(error) => page::scrolling(ui, |ui| {
            error_box(ui, error, Some(reload(context)), context.actions);
        }),
    }
}

fn ask(context: &mut ViewContext<'_>, path: &NodePath, request: FilesRequest) {
    context.actions.push(Action::Send(Command::Files {
        image: context.image.id,
        manifest: path.clone(),
        request,
    }));
}

fn manifest(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    state.files.keep_for(subject.path, subject.digest());
    let files = context
        .files
        .filter(|files| files.digest == *subject.digest());
    let Some(files) = files else {
        not_asked(ui, state, subject, context);
        return;
    };
    let kept = &mut state.files;
    let wanted = kept.query();
    // while a pattern is typed it is no pattern yet: what was listed stays
    let changed = kept.asked.as_ref() != Some(&wanted);
    let name = wanted.name.as_ref().filter(|_| changed);
    let problem = name.and_then(|name| name.check().err());
    kept.problem = problem.map(|problem| problem.to_string());
    if changed && kept.problem.is_none() {
        // what was asked for before may not show in what is known of it yet
        let asked_before = kept.asked.replace(wanted.clone()).is_some();
        if asked_before || files.query != wanted || matches!(files.list, Remote::NotAsked) {
            ask(context, subject.path, FilesRequest::Look(wanted));
        }
    }
    if let Some(list) = files.list.value() {
        kept.lay_out(list);
    }
    kept.reveal_selected();
    let instructions: Vec<Option<&str>> = {
        let facts = state.facts.manifest(subject);
        (0..subject.manifest.layers.len())
            .map(|layer| facts.instruction(layer))
            .collect()
    };
    let has_details = kept.selected.is_some() && kept.node().is_some();
    // they take of the room of the tree, which may have shown the row there
    kept.reveal |= has_details && !kept.had_details;
    kept.had_details = has_details;
    let (tree, detail) = split(ui, has_details);
    // in the same place whether there are details or not: the keyboard stays in the tree
    ui.scope_builder(UiBuilder::new().id_salt("tree").max_rect(tree), |ui| {
        list(ui, kept, files, &instructions, subject, context);
    });
    if let Some(detail) = detail {
        ui.scope_builder(UiBuilder::new().id_salt("details").max_rect(detail), |ui| {
            let damaged = damaged::layers(subject.node);
            details(ui, kept, files, &damaged, context);
        });
    }
}

/// Where the tree is drawn, and where the details: beside it, or below where it is narrow.
fn split(ui: &Ui, has_details: bool) -> (Rect, Option<Rect>) {
    let area = ui.available_rect_before_wrap();
    if !has_details {
        return (area, None);
    }
    if area.width() >= WIDE {
        let (left, right) = FILES.show(ui, area);
        return (left, Some(right));
    }
    let (above, below) = area.split_top_bottom_at_fraction(0.5);
    (above, Some(below.with_min_y(below.top() + 8.0)))
}

fn details(
    ui: &mut Ui,
    kept: &mut FilesState,
    files: &FilesSnapshot,
    damaged: &[usize],
    context: &mut ViewContext<'_>,
) {
    let mut detail = std::mem::take(&mut kept.detail);
    let closed = match kept.node() {
        Some(node) => detail::show(ui, &mut detail, files, &node, damaged, context),
        None => false,
    };
    kept.detail = detail;
    if closed {
        kept.selected = None;
    }
}

/// Nobody asked for the files yet: what is near or small is read at once, of what is not it
/// is said how much would be fetched.
fn not_asked(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let total = subject
        .manifest
        .layers
        .iter()
        .fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
    let remote = matches!(context.image.reference, Some(Reference::Registry(_)));
    if remote && total > AT_ONCE && state.files.asked.is_none() {
        let hint = format!(
            "To list them, the layers are read through once: {}. What was listed is kept, and \
             the next time nothing is fetched for it.",
            size_text(total)
        );
        let headline = "The files were not listed yet";
        if empty_state(ui, icons::FOLDER_TREE, headline, &hint, Some("List files")) {
            state.files.asked = Some(state.files.query());
            ask(
                context,
                subject.path,
                FilesRequest::Look(state.files.query()),
            );
        }
        return;
    }
    if state.files.asked.is_none() {
        let query = state.files.query();
        state.files.asked = Some(query.clone());
        ask(context, subject.path, FilesRequest::Look(query));
    }
    pending::rows(ui, 8, 300.0);
}

/// The tree with what stands above it.
fn list(
    ui: &mut Ui,
    kept: &mut FilesState,
    files: &FilesSnapshot,
    instructions: &[Option<&str>],
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = size::CONTROL;
        scope(ui, kept, instructions);
        let width = (ui.available_width() - CHANGED - 34.0).clamp(100.0, 420.0);
        search(ui, "Filter files", &mut kept.filter, width).on_hover_text(
            "A part of a name or path, *.so, re:expression, >10MB, changed, setuid, \
             world-writable",
        );
        if toggle(ui, "Changed only", kept.changed)
            .on_hover_text("Only what the layer that is looked at added, changed or removed")
            .clicked()
        {
            kept.changed = !kept.changed;
        }
        let root = files.tree().and_then(|tree| tree.node(0));
        if let Some(root) = root.filter(|_| files.is_over())
            && icon_button(ui, icons::DOWNLOAD, "Save all files…").clicked()
        {
            context.actions.push(detail::save(files, &root));
        }
    });
    if let Some(problem) = &kept.problem {
        let words = format!(
            "{}  {}",
            icons::TRIANGLE_ALERT,
            text::line(&text::capital(problem))
        );
        let color = Tokens::of(ui).caution;
        ui.add(egui::Label::new(RichText::new(words).color(color)).truncate());
    }
    ui.add_space(size::GRID);
    status(ui, files, subject, context);
    if let Remote::Failed { error, .. } = &files.list {
        error_box(ui, error, None, context.actions);
        return;
    }
    let Some(rows) = &kept.rows else {
        pending::rows(ui, 8, 300.0);
        return;
    };
    if rows.is_empty() {
        if files.list.is_pending() || !files.is_over() {
            pending::rows(ui, 8, 300.0);
        } else if rows.list().query().is_filter() {
            let headline = "No file is like this";
            let hint = "Another filter, or none, shows them again.";
            if empty_state(
                ui,
                icons::FUNNEL_X,
                headline,
                hint,
                Some("Clear the filter"),
            ) {
                kept.filter.clear();
                kept.changed = false;
            }
        } else {
            let headline = "Nothing is here";
            let hint = "The layers that are looked at hold no files.";
            empty_state(ui, icons::FILES, headline, hint, None);
        }
        return;
    }
    let reveal = std::mem::take(&mut kept.reveal);
    let damaged = damaged::layers(subject.node);
    let happened = tree::show(ui, rows, &damaged, kept.selected_row(), reveal);
    kept.take(happened);
}

/// Whose files are shown.
fn scope(ui: &mut Ui, kept: &mut FilesState, instructions: &[Option<&str>]) {
    let short = |scope: Scope| match scope {
        Scope::Image => "Whole image".to_owned(),
        Scope::At(layer) => format!("At layer {layer}"),
        Scope::Layer(layer) => format!("Only layer {layer}"),
    };
    let long = |scope: Scope| {
        let layer = match scope {
            Scope::Image => return short(scope),
            Scope::At(layer) | Scope::Layer(layer) => layer,
        };
        let instruction = instructions
            .get(layer)
            .copied()
            .flatten()
            .unwrap_or("no instruction");
        let instruction = text::line(instruction).into_owned();
        format!(
            "{}: {}",
            short(scope),
            crate::model::text::middle(&instruction, 60)
        )
    };
    let chosen = short(kept.scope);
    let name = format!("Files of: {chosen}");
    let response = drop_down(ui, &name, &chosen, SCOPE);
    egui::Popup::menu(&response)
        .accessible_name("Files of")
        .show(|ui| {
            ui.set_width(420.0);
            egui::ScrollArea::vertical()
                .max_height(420.0)
                .show(ui, |ui| {
                    let layers = 0..instructions.len();
                    let scopes = std::iter::once(Scope::Image)
                        .chain(layers.clone().map(Scope::At))
                        .chain(layers.map(Scope::Layer));
                    for scope in scopes {
                        let chosen = kept.scope == scope;
                        if ui.selectable_label(chosen, long(scope)).clicked() {
                            kept.scope = scope;
                            ui.close();
                        }
                    }
                });
        });
}

/// How much is shown, what is still read, what could not be.
fn status(
    ui: &mut Ui,
    files: &FilesSnapshot,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let over = files
        .layers
        .iter()
        .filter(|layer| matches!(layer.state, LayerState::Ready | LayerState::Failed(_)));
    let (over, all) = (over.count(), files.layers.len());
    ui.horizontal(|ui| {
        let mut words = match files.list.value() {
            Some(list) => {
                let count = text::count(list.fitting(), "name", "names");
                let size = size_text(list.bytes());
                match list.unseen() {
                    0 => format!("{count}, {size}"),
                    // the rest is being looked through
                    unseen => {
                        let unseen = text::number_words(unseen);
                        format!("{count} so far, {size}  looking through {unseen} more…")
                    }
                }
            }
            None => String::new(),
        };
        if over < all {
            let entries: usize = files.layers.iter().map(|layer| layer.index.len()).sum();
            let read = text::number_words(entries);
            words = format!(
                "{words}  reading layer {} of {all}, {read} entries…",
                over + 1
            );
        }
        ui.label(RichText::new(words.trim().to_owned()).color(tokens.weak));
        let from_table = files
            .layers
            .iter()
            .any(|layer| layer.index.origin != Origin::Layer);
        if from_table {
            let words = "listed by the layer's own table of contents";
            ui.label(RichText::new(words).color(tokens.faint))
                .on_hover_text(
                    "The table's digest was compared; the layer itself was not read, so what is \
                 listed is what its maker wrote down",
                );
        }
        let one_frame: Vec<String> = (0..all)
            .filter(|layer| files.layers[*layer].index.is_read_from_its_start())
            .map(|layer| layer.to_string())
            .collect();
        if !one_frame.is_empty() {
            let layers = if one_frame.len() == 1 {
                "layer"
            } else {
                "layers"
            };
            let words = format!("{layers} {} read from the start", one_frame.join(", "));
            ui.label(RichText::new(words).color(tokens.faint))
                .on_hover_text(
                    "Packed as one zstd frame, which has no place to begin at but its start: \
                 to show a file of it, all that lies before is unpacked too",
                );
        }
    });
    let unpromised = files.unpromised.as_ref().map(|words| words.to_string());
    let said = unpromised.into_iter().chain(files.objections());
    for words in said.chain(files.lost()) {
        let words = format!("{}  {words}", icons::TRIANGLE_ALERT);
        ui.add(egui::Label::new(RichText::new(words).color(tokens.caution)).truncate());
    }
    damaged::banner(ui, files, subject, context);
    for (position, layer) in files.layers.iter().enumerate() {
        let LayerState::Failed(failure) = &layer.state else {
            continue;
        };
        ui.horizontal(|ui| {
            let words = format!(
                "{}  Layer {position}: {}",
                icons::TRIANGLE_ALERT,
                text::line(&failure.headline)
            );
            let room = (ui.available_width() - 90.0).max(80.0);
            ui.scope(|ui| {
                ui.set_max_width(room);
                ui.add(egui::Label::new(RichText::new(words).color(tokens.damaged)).truncate())
                    .on_hover_text(&*failure.hint_in_window());
            });
            let too_much = matches!(layer.index.ending, crate::layer::Ending::TooMuch { .. });
            let (word, request) = if too_much {
                ("Read anyway", FilesRequest::ReadAnyway { layer: position })
            } else {
                ("Try again", FilesRequest::List)
            };
            if link(ui, word).clicked() {
                ask(context, subject.path, request);
            }
        });
    }
    ui.add_space(2.0);
}

/// What a click on the head of a column asks for.
fn sort_of(sort: Option<Sort>) -> FileSort {
    match sort {
        Some(sort) if sort.column == tree::SIZE => FileSort::Size,
        _ => FileSort::Name,
    }
}
