//! The file that is selected: what it is, its content, and what a layer changed in it.

use std::sync::Arc;

use egui::{Align, Layout, RichText, Ui};

use crate::engine::{
    Command, FileContent, FileRef, FilesRequest, FilesSnapshot, Remote, ShownFile,
};
use crate::layer::content::{Content, Language};
use crate::layer::{Change, EntryKind, FileNode};
use crate::model::text::size as size_text;
use crate::ui::action::Action;
use crate::ui::dialogs::SaveWish;
use crate::ui::theme::{Tokens, icons, strong};
use crate::ui::views::{ViewContext, reload};
use crate::ui::widgets::document::{DiffState, DocumentState, Mode, hex};
use crate::ui::widgets::{Date, Look, Row, error_box, exact, heading, icon_button, skeleton, text};

use super::picture::PictureState;
use super::words;

/// Width of the names, in points.
const NAMES: f32 = 104.0;

/// What is kept of the file that is selected.
#[derive(Debug, Default)]
pub(super) struct DetailState {
    page: Page,
    /// What was asked for.
    asked: Option<(FileRef, Option<FileRef>)>,
    document: Option<(FileRef, DocumentState)>,
    diff: DiffState,
    picture: PictureState,
}

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Text,
    Changes,
    Hex,
    Details,
}

/// Draws it into all the space there is; says whether it is to be closed.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut DetailState,
    files: &FilesSnapshot,
    node: &FileNode<'_>,
    damaged: &[usize],
    context: &mut ViewContext<'_>,
) -> bool {
    let closed = head(ui, files, node, context);
    if node.layer().is_some_and(|layer| damaged.contains(&layer)) {
        let words = format!("{}  {}", icons::TRIANGLE_ALERT, super::damaged::DAMAGED);
        ui.label(RichText::new(words).color(Tokens::of(ui).damaged));
        ui.add_space(4.0);
    }
    let content = match node.content() {
        Some((layer, position, entry)) if entry.kind() == EntryKind::File => {
            Some(FileRef { layer, position })
        }
        _ => None,
    };
    let before = content.and_then(|_| previous(node));
    let page = match state.page {
        Page::Changes if before.is_none() => Page::Text,
        Page::Text | Page::Changes | Page::Hex if content.is_none() => Page::Details,
        page => page,
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let mut choice = |ui: &mut Ui, own, word: &str| {
            if ui.selectable_label(page == own, word).clicked() {
                state.page = own;
            }
        };
        if let Some(file) = content {
            let file = Some(file);
            let first = match files.shown.as_ref().and_then(|shown| shown.content.value()) {
                Some(content)
                    if content.pixels.is_some()
                        && files
                            .shown
                            .as_ref()
                            .is_some_and(|shown| Some(shown.file) == file) =>
                {
                    "Picture"
                }
                _ => "Text",
            };
            choice(ui, Page::Text, first);
            if let Some(before) = before {
                let word = format!("Changes since layer {}", before.layer);
                choice(ui, Page::Changes, &word);
            }
            choice(ui, Page::Hex, "Hex");
        }
        choice(ui, Page::Details, "Details");
    });
    ui.add_space(8.0);
    match (page, content) {
        (Page::Details, _) | (_, None) => details(ui, node, context),
        (page, Some(file)) => {
            let beside = before.filter(|_| page == Page::Changes);
            let shown = state.ask(files, file, beside, context);
            match shown {
                Some(shown) => {
                    if shown.content.is_pending() {
                        slow(ui, files, file);
                    }
                    state.content(ui, page, &shown, context);
                }
                None => waiting(ui),
            }
        }
    }
    closed
}

fn head(
    ui: &mut Ui,
    files: &FilesSnapshot,
    node: &FileNode<'_>,
    context: &mut ViewContext<'_>,
) -> bool {
    let tokens = Tokens::of(ui);
    let path = words::shown(&node.path());
    let mut closed = false;
    ui.horizontal(|ui| {
        let room = (ui.available_width() - 92.0).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(egui::Label::new(strong(&path)).truncate());
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            closed = icon_button(ui, icons::X, "Close the details").clicked();
            if can_be_saved(node) && icon_button(ui, icons::DOWNLOAD, "Save…").clicked() {
                context.actions.push(save(files, node));
            }
            if icon_button(ui, icons::COPY, "Copy this path").clicked() {
                context.actions.push(Action::Copy {
                    text: String::from_utf8_lossy(&node.path()).into_owned(),
                    what: "path".to_owned(),
                });
            }
        });
    });
    let mut parts = Vec::new();
    match node.kind() {
        EntryKind::Directory => {
            let count = text::count(node.count() as usize, "name", "names");
            parts.push(format!("{}, {count} in it", size_text(node.total())));
        }
        EntryKind::File | EntryKind::Hardlink => parts.push(size_text(node.size())),
        kind => parts.push(words::kind(kind).to_owned()),
    }
    if let Some(entry) = node.entry() {
        parts.push(words::mode(entry.mode()));
        parts.push(format!("{}:{}", entry.uid(), entry.gid()));
        parts.push(made(entry.mtime().0, context.now));
    }
    if node.change() != Change::Removed
        && let Some(layer) = node.layer()
    {
        parts.push(format!("from layer {layer}"));
    }
    if let Some(before) = words::replaces(node) {
        parts.push(format!("replaces layer {before}"));
    }
    parts.extend(words::marks(node).into_iter().map(str::to_owned));
    let words = RichText::new(parts.join(", ")).color(tokens.weak);
    ui.add(egui::Label::new(words).wrap());
    ui.add_space(4.0);
    closed
}

/// Whether it has content that can be written somewhere else.
pub(super) fn can_be_saved(node: &FileNode<'_>) -> bool {
    let is_file = node
        .content()
        .is_some_and(|(_, _, entry)| entry.kind() == EntryKind::File);
    node.change() != Change::Removed && (node.kind() == EntryKind::Directory || is_file)
}

/// Asks where to save it, with everything that lies in it.
pub(super) fn save(files: &FilesSnapshot, node: &FileNode<'_>) -> Action {
    Action::SaveFiles(SaveWish {
        image: files.image,
        manifest: files.manifest.clone(),
        path: node.path(),
        at: Some(node.tree().at()),
        is_file: node.kind() != EntryKind::Directory,
    })
}

fn made(seconds: i64, now: jiff::Timestamp) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(at) if seconds > 1 => Date::At(at).relative(now).into_owned(),
        _ => "no date".to_owned(),
    }
}

/// The file that was there before, where it was a file.
fn previous(node: &FileNode<'_>) -> Option<FileRef> {
    let mut versions = node.versions();
    let own = versions.next()?;
    let before = versions.find(|version| version.layer != own.layer)?;
    (before.entry.kind() == EntryKind::File).then_some(FileRef {
        layer: before.layer,
        position: before.position,
    })
}

impl DetailState {
    /// Asks for the content where that was not done; gives it once it is the right one.
    fn ask(
        &mut self,
        files: &FilesSnapshot,
        file: FileRef,
        beside: Option<FileRef>,
        context: &mut ViewContext<'_>,
    ) -> Option<Arc<ShownFile>> {
        if self.asked != Some((file, beside)) {
            self.asked = Some((file, beside));
            context.actions.push(Action::Send(Command::Files {
                image: files.image,
                manifest: files.manifest.clone(),
                request: FilesRequest::Show { file, beside },
            }));
        }
        let shown = files.shown.as_ref().filter(|shown| shown.file == file)?;
        let same = shown.beside.as_ref().map(|version| version.file) == beside;
        same.then(|| Arc::clone(shown))
    }

    fn content(
        &mut self,
        ui: &mut Ui,
        page: Page,
        shown: &ShownFile,
        context: &mut ViewContext<'_>,
    ) {
        let content = match &shown.content {
            Remote::Ready(content) => content,
            Remote::Failed { error, .. } => {
                let again = reload(context);
                error_box(ui, error, Some(again), context.actions);
                return;
            }
            Remote::NotAsked | Remote::Pending { .. } => {
                waiting(ui);
                return;
            }
        };
        partial(ui, content);
        match (page, content.content) {
            (Page::Changes, _) => self.changes(ui, shown, context),
            (Page::Text, Content::Text { language, .. }) => {
                let kept = self
                    .document
                    .as_ref()
                    .is_some_and(|(of, _)| *of == shown.file);
                if !kept {
                    let mode = match language {
                        Language::Json => Mode::Tree,
                        _ => Mode::Bytes,
                    };
                    let document = DocumentState::of_bytes(content.bytes.clone(), mode);
                    self.document = Some((shown.file, document));
                }
                if let Some((_, document)) = &mut self.document {
                    document.set_colors(shown.colors.clone());
                    let id = (shown.file.layer, shown.file.position);
                    ui.push_id(id, |ui| {
                        document.show(ui, &|_| None, context.actions, |_, _| ());
                    });
                }
            }
            (Page::Text, Content::Picture(_)) if content.pixels.is_some() => {
                self.picture.show(ui, shown.file, content);
            }
            (Page::Text, other) => {
                let what = match other {
                    Content::Picture(_) => "This picture cannot be drawn here. Its bytes:",
                    _ => "This is not text. Its bytes:",
                };
                ui.label(RichText::new(what).color(Tokens::of(ui).weak));
                hex(ui, &content.bytes);
            }
            _ => hex(ui, &content.bytes),
        }
    }

    fn changes(&mut self, ui: &mut Ui, shown: &ShownFile, context: &mut ViewContext<'_>) {
        let tokens = Tokens::of(ui);
        let Some(version) = &shown.beside else {
            return;
        };
        match (&version.content, &version.diff) {
            (Remote::Failed { error, .. }, _) | (_, Remote::Failed { error, .. }) => {
                error_box(ui, error, None, context.actions)
            }
            (Remote::Ready(_), Remote::Ready(Some(diff))) if diff.is_empty() => {
                let words = "The content is the same; mode, owner or date differ.";
                ui.label(RichText::new(words).color(tokens.weak));
            }
            (Remote::Ready(_), Remote::Ready(Some(diff))) => self.diff.show(ui, diff),
            (Remote::Ready(before), Remote::Ready(None)) => {
                let now = shown.content.value().map_or(0, |content| content.size);
                let words = format!(
                    "One of the two is not text: {} before, {} now.",
                    size_text(before.size),
                    size_text(now)
                );
                ui.label(RichText::new(words).color(tokens.weak));
            }
            _ => waiting(ui),
        }
    }
}

/// Says where only a part is shown, or what was not compared.
fn partial(ui: &mut Ui, content: &FileContent) {
    if content.verified {
        return;
    }
    let part = (content.bytes.len() as u64) < content.size;
    let words = if part {
        let shown = size_text(content.bytes.len() as u64);
        format!(
            "The first {shown} of {}: not compared with a digest",
            size_text(content.size)
        )
    } else if content.digest.is_some() {
        "Not verified: its layer is damaged, or not what was promised".to_owned()
    } else {
        "Not compared with a digest: the listing has none for it".to_owned()
    };
    let words = format!("{}  {words}", icons::CIRCLE_DASHED);
    ui.label(RichText::new(words).color(Tokens::of(ui).caution));
}

/// Says why a file takes long, where that is known.
fn slow(ui: &mut Ui, files: &FilesSnapshot, file: FileRef) {
    let layer = files.layers.get(file.layer);
    if layer.is_some_and(|layer| layer.index.is_read_from_its_start()) {
        let words = format!(
            "Layer {} is one zstd frame: it is unpacked from its start up to this file…",
            file.layer
        );
        ui.add(egui::Label::new(RichText::new(words).color(Tokens::of(ui).weak)).wrap());
        ui.add_space(8.0);
    }
}

fn waiting(ui: &mut Ui) {
    for width in [260.0, 180.0, 320.0, 220.0] {
        skeleton::bar(ui, width, 11.0);
        ui.add_space(9.0);
    }
}

/// Everything that the layers say of it.
fn details(ui: &mut Ui, node: &FileNode<'_>, context: &mut ViewContext<'_>) {
    egui::ScrollArea::vertical()
        .id_salt("file details")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let mut row = |ui: &mut Ui, name: &'static str, value: &str, look| {
                Row::new(name, value)
                    .name_width(NAMES)
                    .look(look)
                    .show(ui, context.actions);
            };
            row(ui, "Type", words::kind(node.kind()), Look::Words);
            if let Some(entry) = node.entry() {
                let bytes = text::bytes(node.size());
                row(ui, "Size", &bytes, Look::Words);
                let mode = format!("{:04o} {}", entry.mode(), words::mode(entry.mode()));
                row(ui, "Mode", &mode, Look::Mono);
                row(
                    ui,
                    "Owner",
                    &format!("{}:{}", entry.uid(), entry.gid()),
                    Look::Mono,
                );
                if let Ok(at) = jiff::Timestamp::from_second(entry.mtime().0) {
                    row(ui, "Changed", &exact(at), Look::Words);
                }
                if let Some(link) = entry.link() {
                    row(ui, "Leads to", &words::shown(link), Look::Mono);
                }
                if let Some((_, _, content)) = node.content()
                    && let Some(digest) = content.digest()
                {
                    row(ui, "Digest", &digest.to_string(), Look::Mono);
                }
                if let Some(extra) = entry.extra() {
                    if let Some((major, minor)) = extra.device {
                        row(ui, "Device", &format!("{major}, {minor}"), Look::Mono);
                    }
                    for (name, value) in &extra.xattrs {
                        let words = format!("{}={}", words::shown(name), words::shown(value));
                        row(ui, "Attribute", &words, Look::Mono);
                    }
                }
            } else {
                row(
                    ui,
                    "Listed",
                    "by no layer: it is there for what lies in it",
                    Look::Weak,
                );
            }
            ui.add_space(crate::ui::views::page::SECTION);
            heading(ui, "Layers that had it", "");
            for version in node.versions() {
                let entry = &version.entry;
                let ended = match version.ended {
                    Some((layer, _)) => format!(", until layer {layer}"),
                    None => String::new(),
                };
                let value = format!(
                    "{}, {}, {}{ended}",
                    words::kind(entry.kind()),
                    size_text(entry.size()),
                    words::mode(entry.mode())
                );
                let name = format!("Layer {}", version.layer);
                Row::new(name, &value)
                    .name_width(NAMES)
                    .look(Look::Words)
                    .show(ui, context.actions);
            }
        });
}
