//! What a copy did: every manifest and blob with how it came there, to be saved and checked
//! later.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use egui::{Context, RichText, ScrollArea, TextStyle, Ui};
use jiff::Timestamp;

use super::folder::expand_home;
use super::kit::{self, Footer, Sheet};
use crate::copy::{Report, ReportedBlob, ReportedDocument};
use crate::engine::{Chore, Command, without_options};
use crate::model::{MediaType, Reference, text};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::panels::jobs::clock_or_seconds;
use crate::ui::theme::{Tokens, icons, strong};
use crate::ui::widgets::text::{count, line};

/// How high the list of everything is, in points.
const LIST: f32 = 240.0;

/// The dialog that shows it.
#[derive(Debug)]
pub struct CopyReport {
    report: Arc<Report>,
    /// Where Save writes.
    path: String,
    /// What was there already when it was to be written.
    there: Option<PathBuf>,
    lines: Vec<String>,
}

impl CopyReport {
    /// Shows a report; `now` tells it from others of the same image.
    pub fn new(report: Arc<Report>, now: Timestamp) -> Self {
        let lines = lines(&report);
        let name = file_name(&report, now);
        Self {
            report,
            path: format!("~/{name}"),
            there: None,
            lines,
        }
    }

    /// It was not written, since something is there already.
    pub fn file_there(&mut self, path: &Path) {
        self.there = Some(path.to_owned());
    }

    /// The file that it is written to; nothing where none is named.
    fn file(&self) -> Option<PathBuf> {
        let path = self.path.trim();
        (!path.is_empty()).then(|| PathBuf::from(expand_home(path)))
    }

    /// Whether that file was found to be there.
    fn is_there(&self) -> bool {
        self.there.is_some() && self.there == self.file()
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Report of the copy").width(940.0).show(
            ctx,
            &mut (self, actions),
            |(report, actions), ui| report.body(ui, actions),
            |(report, actions), footer| report.footer(footer, actions),
        )
    }

    fn body(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        let report = &self.report;
        let exact = |text: &str| RichText::new(line(text)).text_style(TextStyle::Monospace);
        for (word, value) in [
            ("From", report.source.as_str()),
            ("To", report.destination.as_str()),
        ] {
            kit::row(ui, word, |ui| {
                ui.add(egui::Label::new(exact(value)).truncate())
            });
        }
        kit::row(ui, "Digest", |ui| {
            ui.add(egui::Label::new(exact(&report.digest.to_string())).truncate());
        });
        let took = clock_or_seconds(Duration::from_millis(report.milliseconds));
        let words = format!(
            "{} sent in {took}: {}, {}",
            text::size(report.bytes_sent),
            count(
                report.documents.len(),
                "manifest or index",
                "manifests and indexes"
            ),
            count(report.blobs.len(), "blob", "blobs"),
        );
        kit::quiet(ui, &words);
        if let Some(before) = &report.replaced {
            let words = format!("The name stood for {} before", before.short());
            kit::quiet(ui, &words).on_hover_text(before.to_string());
        }
        if report.digest != report.from {
            let words = format!("Made of {}, and written anew", report.from.short());
            kit::quiet(ui, &words).on_hover_text(report.from.to_string());
        }
        for left in &report.left_behind {
            let why = without_options(&left.why);
            let words = format!("Stayed behind: {}, since {why}", left.what);
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &line(&words));
        }
        ui.add_space(8.0);
        ui.label(strong("Everything there"));
        let height = ui.text_style_height(&TextStyle::Monospace);
        ScrollArea::both()
            .id_salt("everything in the report")
            .max_height(LIST)
            .min_scrolled_height(LIST.min((self.lines.len() + 1) as f32 * (height + 4.0)))
            .auto_shrink([false, true])
            // the bar lies under the last line, not on it
            .show_rows(ui, height, self.lines.len() + 1, |ui, seen| {
                for line in self.lines.iter().skip(seen.start).take(seen.len()) {
                    let line = RichText::new(line).text_style(TextStyle::Monospace);
                    ui.add(egui::Label::new(line).extend());
                }
            });
        ui.add_space(8.0);
        kit::row(ui, "Save as", |ui| {
            let name = Path::new(&self.path).file_name();
            let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let wish = PathWish::SaveFile(name);
            let hint = "/path/to/report.json";
            kit::path(ui, "File", &mut self.path, hint, 0.0, wish, actions);
        });
        let Some(file) = self.file() else {
            return;
        };
        if self.is_there() {
            let file = file.display().to_string();
            let words = format!("{} is there already.", line(&file));
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
        }
        let file = file.to_string_lossy();
        let check = text::command_line(["porthole", "copy", "--check", &file]);
        let name = "Check later that all of it is still there";
        kit::command_line(ui, name, &check, actions);
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let file = self.file();
        let replace = self.is_there();
        let words = match replace {
            true => "Replace the file",
            false => "Save as JSON",
        };
        let ready = file.as_ref().map_or(Err("Name a file"), |_| Ok(()));
        if footer.primary(words, ready)
            && let Some(path) = file
            // a report is made of texts and numbers
            && let Ok(text) = serde_json::to_string_pretty(&*self.report)
        {
            self.there = None;
            actions.push(Action::Send(Command::Chore(match replace {
                true => Chore::SaveText { path, text },
                false => Chore::SaveNewText { path, text },
            })));
        }
        footer.cancel("Close");
        let destination = self.report.destination.clone();
        if footer.secondary("Open the copy", Ok(())) {
            actions.push(Action::Open(destination));
            footer.close();
        }
    }
}

/// A line for each other name, manifest, signature and blob.
fn lines(report: &Report) -> Vec<String> {
    let names = report.names.iter().map(|name| {
        let before = name.replaced.as_ref().map(|before| before.short());
        let before = before.map_or_else(String::new, |before| {
            format!(", which stood for {before} before")
        });
        format!("{:<9}  {}{before}", "named", text::visible(&name.name))
    });
    let signatures = report.signatures.iter().map(|signature| {
        let signed = signature.manifest.short();
        let place = match &signature.tag {
            Some(tag) => format!("under {}", text::visible(tag)),
            None => "in a file".to_owned(),
        };
        let digest = &signature.digest;
        format!("{:<9}  {digest}  signature of {signed}, {place}", "signed")
    });
    let documents = report.documents.iter().map(document_line);
    let blobs = report.blobs.iter().map(blob_line);
    let before_blobs = names.chain(documents).chain(signatures);
    before_blobs.chain(blobs).collect()
}

fn document_line(document: &ReportedDocument) -> String {
    let ReportedDocument { digest, size, .. } = document;
    let size = text::size(*size);
    let what = match document.what.as_str() {
        "" => &document.role,
        what => what,
    };
    let what = text::visible(what);
    match document.how.as_str() {
        // such a place makes one of its own of config and layers
        "unpacked" => format!(
            "{:<9}  {digest}  {size:>9}  {what}, its manifest",
            "not kept"
        ),
        how => format!("{how:<9}  {digest}  {size:>9}  {what}"),
    }
}

fn blob_line(blob: &ReportedBlob) -> String {
    let ReportedBlob { how, digest, .. } = blob;
    let size = text::size(blob.size);
    let media_type = MediaType::new(&blob.media_type);
    let what = text::visible(media_type.words());
    match &blob.stored_as {
        None => format!("{how:<9}  {digest}  {size:>9}  {what}"),
        Some(stored) => {
            let short = digest.short();
            let blank = "";
            format!("{how:<9}  {stored}  {blank:>9}  unpacked {what}, which was {short}, {size}")
        }
    }
}

/// `copy-report-edge-api-1.8.2-20261130-1702.json`: nothing that a shell or a file system
/// would mind.
fn file_name(report: &Report, now: Timestamp) -> String {
    let source = Reference::parse_prefixed(&report.source).and_then(Result::ok);
    let title = source.map_or_else(String::new, |source| source.title());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    let words = title.split(|c| !plain(c)).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(|word| text::middle(word, 40)).collect();
    let words = words.join("-").replace('…', "-");
    let time = now.to_zoned(jiff::tz::TimeZone::system());
    let time = time.strftime("%Y%m%d-%H%M");
    format!("copy-report-{words}-{time}.json")
}
