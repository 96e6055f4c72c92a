//! Finding names in all layers of all platforms of an image.

use egui::{Context, RichText, Ui};

use super::kit::{self, Footer, Look, Sheet};
use crate::engine::{
    Command, Engine, ImageId, Remote, SearchHit, SearchId, SearchRequest, SearchSnapshot,
};
use crate::layer::{EntryKind, NameFilter};
use crate::model::text::size as size_text;
use crate::ui::action::{Action, Actions, FilesPlace};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::table::{Column, RowUi, Table};
use crate::ui::widgets::{error_box, text};

const PATH: usize = 0;
const SIZE: usize = 1;
const IMAGES: usize = 2;

const COLUMNS: [Column; 3] = [
    Column::wide("Path", 220.0, 1.0),
    Column::new("Size", 76.0).right(),
    Column::wide("In layer of", 160.0, 0.7),
];

/// Height of the list, in points.
const LIST: f32 = 380.0;

/// What was typed, and the search that runs for it.
#[derive(Debug)]
pub struct FindFiles {
    /// The image of the tab that it was asked in.
    image: ImageId,
    reference: String,
    id: SearchId,
    text: String,
    asked: Option<SearchRequest>,
    selected: Option<usize>,
    focused: bool,
    /// A row was opened: the dialog is done.
    shown: bool,
}

impl FindFiles {
    pub(super) fn new(image: ImageId, reference: String) -> Self {
        Self {
            image,
            reference,
            id: SearchId::next(),
            text: String::new(),
            asked: None,
            selected: None,
            focused: false,
            shown: false,
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let search = self.id;
        let known = engine.search(search);
        let done = Sheet::new("Find in all layers")
            .why("Names in every layer of every platform, also such as a later layer replaces or removes.")
            .width(860.0)
            .show(
                ctx,
                &mut (self, &mut *actions),
                |(find, actions), ui| find.body(ui, known.as_deref(), actions),
                |(find, actions), footer| find.footer(footer, known.as_deref(), actions),
            );
        if done {
            // it runs for nobody any more
            actions.push(Action::Send(Command::ForgetSearch { search }));
        }
        done
    }

    fn request(&self) -> Option<SearchRequest> {
        let text = self.text.trim();
        let name = match text.strip_prefix("re:") {
            Some(expression) => NameFilter::Regex(expression.trim().to_owned()),
            None if text.contains(['*', '?']) => NameFilter::Glob(text.to_owned()),
            None => NameFilter::Text(text.to_owned()),
        };
        (!text.is_empty()).then(|| SearchRequest {
            reference: self.reference.clone(),
            name,
        })
    }

    fn start(&mut self, actions: &mut Actions) {
        if let Some(request) = self.request() {
            self.asked = Some(request.clone());
            self.selected = None;
            actions.push(Action::Send(Command::Search {
                search: self.id,
                request: Box::new(request),
            }));
        }
    }

    fn body(&mut self, ui: &mut Ui, known: Option<&SearchSnapshot>, actions: &mut Actions) {
        let width = ui.available_width();
        let hint = "A part of a name or path, *.so, re:expression";
        let field = kit::text(ui, "Name", &mut self.text, hint, Look::Exact, width);
        if !std::mem::replace(&mut self.focused, true) {
            field.request_focus();
        }
        let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
        if field.lost_focus() && enter {
            self.start(actions);
        }
        ui.add_space(8.0);
        // the space is kept, so that nothing jumps
        let area = egui::vec2(width, LIST);
        ui.allocate_ui_with_layout(area, *ui.layout(), |ui| {
            ui.set_min_size(area);
            if let Some(known) = known.filter(|known| self.asked.as_ref() == Some(&known.request)) {
                self.found(ui, known, actions);
            }
        });
    }

    fn found(&mut self, ui: &mut Ui, known: &SearchSnapshot, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        let count = text::count(known.hits.len(), "name", "names");
        let words = match &known.state {
            Remote::Failed { error, .. } => return error_box(ui, error, None, actions),
            Remote::Ready(()) => format!("{count} in {} layers", known.searched),
            _ if known.layers == 0 => "Reading documents…".to_owned(),
            _ => format!(
                "{count}, searching layer {} of {}…",
                known.searched + 1,
                known.layers
            ),
        };
        ui.label(RichText::new(words).color(tokens.weak));
        for note in known.notes.iter().take(3) {
            let words = format!("{}  {}", icons::INFO, text::line(note));
            ui.add(egui::Label::new(RichText::new(words).color(tokens.caution)).truncate());
        }
        ui.add_space(4.0);
        let touched = Table::new("Names that were found", &COLUMNS, known.hits.len())
            .selected(self.selected)
            .scrolls()
            .show(ui, |row| {
                let hit = &known.hits[row.index];
                line(row, hit);
            });
        self.selected = touched.selected.or(self.selected);
        if let Some(hit) = touched.opened.and_then(|row| known.hits.get(row)) {
            self.show_in_files(hit, actions);
        }
    }

    /// Leads to a name in the layer that it was found in.
    fn show_in_files(&mut self, hit: &SearchHit, actions: &mut Actions) {
        if let Some(found) = hit.images.first() {
            self.shown = true;
            actions.push(Action::ShowFiles(FilesPlace {
                image: self.image,
                manifest: found.manifest.clone(),
                layer: found.layer,
                path: Some(hit.path.clone()),
            }));
        }
    }

    fn footer(
        &mut self,
        footer: &mut Footer<'_>,
        known: Option<&SearchSnapshot>,
        actions: &mut Actions,
    ) {
        let ready = match self.request() {
            Some(_) => Ok(()),
            None => Err("Type a part of a name"),
        };
        if footer.primary("Find", ready) {
            self.start(actions);
        }
        let hit = known.and_then(|known| known.hits.get(self.selected?));
        let chosen = hit.map_or(Err("Choose a name first"), |_| Ok(()));
        if footer.secondary("Show in Files", chosen)
            && let Some(hit) = hit
        {
            self.show_in_files(hit, actions);
        }
        if self.shown {
            footer.close();
        }
        if footer.secondary("Copy path", chosen)
            && let Some(hit) = hit
        {
            actions.push(Action::Copy {
                text: String::from_utf8_lossy(&hit.path).into_owned(),
                what: "path".to_owned(),
            });
        }
        footer.cancel("Close");
    }
}

fn line(row: &mut RowUi<'_>, hit: &SearchHit) {
    let path = text::line(&String::from_utf8_lossy(&hit.path)).into_owned();
    let removed = hit.kind.is_whiteout();
    let shown = match removed {
        true => format!("{path} (removed)"),
        false => path,
    };
    row.mono(PATH, &shown);
    if hit.kind == EntryKind::File {
        row.words(SIZE, &size_text(hit.size));
    }
    let images: Vec<_> = hit
        .images
        .iter()
        .map(|found| format!("{} {}", text::line(&found.name), found.layer))
        .collect();
    let images = images.join(", ");
    row.weak(IMAGES, &images);
    row.hint(IMAGES, &hit.layer.to_string());
    row.name(format!("{shown}, layer {images}"));
}
