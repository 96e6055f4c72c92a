//! What a copy did: every manifest and blob with how it came there, to be saved and checked
//! later.

mod lines;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use egui::{Context, RichText, TextStyle, Ui};
use jiff::Timestamp;

use self::lines::{Line, everything, lines};
use super::folder::expand_home;
use super::kit::{self, Footer, Sheet};
use crate::copy::Report;
use crate::engine::{Chore, Command, without_options};
use crate::model::{Reference, text};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::panels::jobs::clock_or_seconds;
use crate::ui::theme::{Tokens, icons, strong};
use crate::ui::widgets::text::{count, line};

/// The dialog that shows it.
#[derive(Debug)]
pub struct CopyReport {
    report: Arc<Report>,
    /// Where Save writes.
    path: String,
    /// What was there already when it was to be written.
    there: Option<PathBuf>,
    lines: Vec<Line>,
    /// Options of a command line that say how the two places are reached.
    reaching: Vec<String>,
}

impl CopyReport {
    /// Shows a report; `now` tells it from others of the same image. `reaching` are options of
    /// a command line that say how its two places are reached.
    pub fn new(report: Arc<Report>, now: Timestamp, reaching: Vec<String>) -> Self {
        let lines = lines(&report);
        let name = file_name(&report, now);
        Self {
            report,
            path: format!("~/{name}"),
            there: None,
            lines,
            reaching,
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
        everything(ui, &self.lines, actions);
        ui.add_space(8.0);
        kit::row(ui, "Save as", |ui| {
            let name = Path::new(&self.path).file_name();
            let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let wish = PathWish::SaveFile(name);
            let hint = "for example /path/to/report.json";
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
        let reaching = self.reaching.iter().map(String::as_str);
        let words = ["porthole", "copy"].into_iter().chain(reaching);
        let check = text::command_line(words.chain(["--check", &file]));
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
