//! What a copy did: every manifest and blob with how it came there, to be saved and checked
//! later.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Context, RichText, ScrollArea, TextStyle, Ui};

use super::folder::expand_home;
use super::kit::{self, Footer, Sheet};
use crate::copy::Report;
use crate::engine::{Chore, Command};
use crate::model::text;
use crate::ui::action::{Action, Actions, PathWish};
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
    lines: Vec<String>,
}

impl CopyReport {
    /// Shows a report.
    pub fn new(report: Arc<Report>) -> Self {
        let lines = lines(&report);
        Self {
            report,
            path: "~/copy-report.json".to_owned(),
            lines,
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Report of the copy").width(820.0).show(
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
        let seconds = report.milliseconds as f64 / 1000.0;
        let words = format!(
            "{} sent in {seconds:.1} s: {}, {}",
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
            let words = format!("Stayed behind: {}, since {}", left.what, left.why);
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &line(&words));
        }
        ui.add_space(8.0);
        ui.label(strong("Everything there"));
        let height = ui.text_style_height(&TextStyle::Monospace);
        ScrollArea::both()
            .id_salt("everything in the report")
            .max_height(LIST)
            .min_scrolled_height(LIST.min(self.lines.len() as f32 * (height + 4.0)))
            .auto_shrink([false, true])
            .show_rows(ui, height, self.lines.len(), |ui, seen| {
                for line in &self.lines[seen] {
                    let line = RichText::new(line).text_style(TextStyle::Monospace);
                    ui.add(egui::Label::new(line).extend());
                }
            });
        ui.add_space(8.0);
        kit::row(ui, "Save as", |ui| {
            let wish = PathWish::SaveFile("copy-report.json".to_owned());
            let hint = "/path/to/report.json";
            kit::path(ui, "File", &mut self.path, hint, 0.0, wish, actions);
        });
        let check = format!("porthole copy --check {}", self.path.trim());
        kit::command_line(
            ui,
            "Check later that all of it is still there",
            &check,
            actions,
        );
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let path = self.path.trim();
        let ready = match path.is_empty() {
            true => Err("Name a file"),
            false => Ok(()),
        };
        if footer.primary("Save as JSON", ready)
            // a report is made of texts and numbers
            && let Ok(text) = serde_json::to_string_pretty(&*self.report)
        {
            let path = PathBuf::from(expand_home(path));
            actions.push(Action::Send(Command::Chore(Chore::SaveText { path, text })));
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
    let documents = report.documents.iter().map(|document| {
        format!(
            "{:<9}  {}  {:>9}  {}",
            document.how,
            document.digest,
            text::size(document.size),
            document.role
        )
    });
    let blobs = report.blobs.iter().map(|blob| {
        format!(
            "{:<9}  {}  {:>9}  {}",
            blob.how,
            blob.digest,
            text::size(blob.size),
            text::visible(&blob.media_type)
        )
    });
    let before_blobs = names.chain(documents).chain(signatures);
    before_blobs.chain(blobs).collect()
}
