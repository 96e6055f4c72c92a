//! Everything that a copy wrote and found: a line for each.

use egui::{Align, CursorIcon, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use crate::copy::{Report, ReportedBlob, ReportedDocument};
use crate::model::{Digest, MediaType, text};
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit;
use crate::ui::theme::Tokens;
use crate::ui::widgets::text as paint;
use crate::ui::widgets::{focus_ring, row_line};

/// How high the list is, and a line of it, in points.
const LIST: f32 = 240.0;
const ROW: f32 = 24.0;
/// Widths of how something came there and of its size, and between the columns.
const HOW: f32 = 72.0;
const SIZE: f32 = 72.0;
const GAP: f32 = 12.0;

/// A name, manifest, signature or blob.
#[derive(Debug)]
pub(super) struct Line {
    /// How it came there.
    how: String,
    digest: Option<Digest>,
    /// Nothing where it is not known.
    size: String,
    what: String,
}

/// Draws all of them, with as much of each digest as what is said of it leaves room for.
pub(super) fn everything(ui: &mut Ui, lines: &[Line], actions: &mut Actions) {
    kit::room_for_bars(ui);
    let painter = ui.painter();
    let longest = lines
        .iter()
        .filter(|line| line.digest.is_some())
        .map(|line| paint::width(painter, &line.what));
    let longest = longest.fold(0.0, f32::max);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical()
            .id_salt("everything in the report")
            .max_height(LIST)
            .min_scrolled_height(LIST.min(lines.len() as f32 * ROW))
            .auto_shrink([false, true])
            .show_rows(ui, ROW, lines.len(), |ui, seen| {
                for at in seen {
                    ui.push_id(at, |ui| lines[at].show(ui, longest, actions));
                }
            });
    });
}

impl Line {
    /// `written  sha256:…  852 B  image for linux/amd64`: what a screen reader says.
    fn words(&self) -> String {
        let Self {
            how, size, what, ..
        } = self;
        match &self.digest {
            Some(digest) => format!("{how:<9}  {digest}  {size:>9}  {what}"),
            None => format!("{how:<9}  {what}"),
        }
    }

    fn show(&self, ui: &mut Ui, longest: f32, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        let size = vec2(ui.available_width(), ROW);
        let sense = match self.digest {
            Some(_) => Sense::click(),
            None => Sense::hover(),
        };
        let (rect, response) = ui.allocate_exact_size(size, sense);
        let painter = ui.painter();
        if self.digest.is_some() && response.hovered() {
            painter.rect_filled(rect, 0.0, tokens.hover);
        }
        let body = |words: &str, color, width| {
            paint::one_line(painter, words, paint::body(), color, width)
        };
        let mut rest = rect;
        paint::paint(painter, rest, body(&self.how, tokens.weak, HOW), Align::Min);
        rest.set_left(rest.left() + HOW + GAP);
        if let Some(digest) = &self.digest {
            let whole = digest.to_string();
            let room = (rest.width() - longest - SIZE - 2.0 * GAP).max(0.0);
            let font = paint::mono();
            let letters =
                paint::one_line(painter, &*whole, font.clone(), tokens.text, f32::INFINITY);
            let letters = match letters.size().x <= room {
                true => letters,
                false => {
                    let short = digest.short();
                    let fitting = paint::fit_middle(painter, &whole, &font, room);
                    let fitting = match fitting.chars().count() > short.chars().count() {
                        true => fitting,
                        false => short,
                    };
                    paint::one_line(painter, fitting, font, tokens.text, f32::INFINITY)
                }
            };
            let drawn = paint::paint(painter, rest, letters, Align::Min);
            rest.set_left(drawn.right() + GAP);
            let mut size = rest;
            size.set_width(SIZE);
            paint::paint(
                painter,
                size,
                body(&self.size, tokens.weak, SIZE),
                Align::Max,
            );
            rest.set_left(size.right() + GAP);
        }
        paint::paint(
            painter,
            rest,
            body(&self.what, tokens.text, rest.width()),
            Align::Min,
        );
        row_line(ui, rect);
        if response.has_focus() {
            focus_ring(ui, rect);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, self.words()));
        let Some(digest) = &self.digest else {
            return;
        };
        let response = response
            .on_hover_cursor(CursorIcon::PointingHand)
            .on_hover_text(format!(
                "{digest}\n{}\nA click copies the digest",
                self.what
            ));
        if response.clicked() {
            actions.push(Action::Copy {
                text: digest.to_string(),
                what: "digest".to_owned(),
            });
        }
    }
}

/// A line for each other name, manifest, signature and blob.
pub(super) fn lines(report: &Report) -> Vec<Line> {
    let names = report.names.iter().map(|name| {
        let before = name.replaced.as_ref().map(|before| before.short());
        let before = before.map_or_else(String::new, |before| {
            format!(", which stood for {before} before")
        });
        Line {
            how: "named".to_owned(),
            digest: None,
            size: String::new(),
            what: format!("{}{before}", text::visible(&name.name)),
        }
    });
    let signatures = report.signatures.iter().map(|signature| {
        let signed = signature.manifest.short();
        let place = match &signature.tag {
            Some(tag) => format!("under {}", text::visible(tag)),
            None => "in a file".to_owned(),
        };
        Line {
            how: "signed".to_owned(),
            digest: Some(signature.digest.clone()),
            size: String::new(),
            what: format!("signature of {signed}, {place}"),
        }
    });
    let documents = report.documents.iter().map(of_document);
    let blobs = report.blobs.iter().map(of_blob);
    let before_blobs = names.chain(documents).chain(signatures);
    before_blobs.chain(blobs).collect()
}

fn of_document(document: &ReportedDocument) -> Line {
    let what = match document.what.as_str() {
        "" => &document.role,
        what => what,
    };
    let what = text::visible(what).into_owned();
    let (how, what) = match document.how.as_str() {
        // such a place makes one of its own of config and layers
        "unpacked" => ("not kept".to_owned(), format!("{what}, its manifest")),
        how => (how.to_owned(), what),
    };
    Line {
        how,
        digest: Some(document.digest.clone()),
        size: text::size(document.size),
        what,
    }
}

fn of_blob(blob: &ReportedBlob) -> Line {
    let size = text::size(blob.size);
    let media_type = MediaType::new(&blob.media_type);
    let what = text::visible(media_type.words()).into_owned();
    let (digest, size, what) = match &blob.stored_as {
        None => (&blob.digest, size, what),
        Some(stored) => {
            let was = blob.digest.short();
            (
                stored,
                String::new(),
                format!("unpacked {what}, which was {was}, {size}"),
            )
        }
    };
    Line {
        how: blob.how.clone(),
        digest: Some(digest.clone()),
        size,
        what,
    }
}
