//! What has become of each tag of a copy, while it is made and after.

use egui::{Context, RichText, TextStyle, Ui};

use super::list::List;
use super::tags_of;
use crate::engine::{Command, Engine, JobId, JobState, Remote, Tags, TagsSnapshot};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit::{self, Footer, Sheet};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;
use crate::ui::widgets::text::line;

/// The dialog that shows it.
#[derive(Debug)]
pub struct TagsReport {
    job: JobId,
    list: List,
}

impl TagsReport {
    /// Shows what the copy of a job does or did.
    pub fn new(job: JobId) -> Self {
        Self {
            job,
            list: List::default(),
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let copies = engine.tag_copies();
        let known = copies.iter().find(|copy| copy.job == Some(self.job));
        let jobs = engine.jobs();
        let job = jobs.iter().find(|job| job.id == self.job);
        let state = job.map(|job| job.state.clone());
        Sheet::new("What became of each tag").width(760.0).show(
            ctx,
            &mut (self, actions),
            |(report, actions), ui| report.body(ui, known.map(|known| &**known), actions),
            |(report, actions), footer| report.footer(footer, state.as_ref(), actions),
        )
    }

    fn body(&mut self, ui: &mut Ui, known: Option<&TagsSnapshot>, actions: &mut Actions) {
        let Some(known) = known else {
            kit::quiet(ui, "This copy is not known any more.");
            return;
        };
        let exact = |text: &str| RichText::new(line(text)).text_style(TextStyle::Monospace);
        for (word, place) in [
            ("From", known.request.source()),
            ("To", known.request.destination()),
        ] {
            kit::row(ui, word, |ui| {
                ui.add(egui::Label::new(exact(&place)).truncate())
            });
        }
        match &known.tags {
            Remote::Ready(tags) => self.tags(ui, tags, known.ended),
            Remote::Failed { error, .. } => error_box(ui, error, None, actions),
            _ if known.ended => {
                kit::quiet(ui, "It was cancelled before the tags were known.");
            }
            _ => kit::waiting(ui, "Listing the tags…"),
        }
    }

    fn tags(&mut self, ui: &mut Ui, tags: &Tags, ended: bool) {
        let tokens = Tokens::of(ui);
        let counts = tags.counts();
        let mut words = format!(
            "{} copied, {} sent",
            tags_of(counts.copied),
            text::size(counts.sent)
        );
        for (count, what) in [
            (counts.present, "there before"),
            (counts.failed, "failed"),
            (counts.all() - counts.ended(), "not copied yet"),
        ] {
            if count > 0 {
                words.push_str(&format!("; {} {what}", text::count(count as u64)));
            }
        }
        match (ended, counts.failed) {
            (false, _) => kit::waiting(ui, &words),
            (true, 0) => {
                kit::note(ui, icons::CIRCLE_CHECK, tokens.weak, &words);
            }
            (true, _) => {
                kit::note(ui, icons::CIRCLE_X, tokens.rejected, &words);
            }
        }
        ui.add_space(6.0);
        self.list.show(ui, tags);
    }

    fn footer(&mut self, footer: &mut Footer<'_>, state: Option<&JobState>, actions: &mut Actions) {
        let job = self.job;
        footer.cancel("Close");
        let (words, command) = match state {
            Some(JobState::Failed(_) | JobState::Cancelled) => {
                ("Copy the rest again", Command::Retry { job })
            }
            Some(JobState::Running { .. }) => ("Cancel the copy", Command::Cancel { job }),
            _ => return,
        };
        if footer.secondary(words, Ok(())) {
            actions.push(Action::Send(command));
        }
    }
}
