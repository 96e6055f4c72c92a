//! What can be done with a job: words at the right of its row.

use egui::{Align, Layout, Rect, Ui, UiBuilder};

use super::row::GAP;
use crate::engine::{Command, CopySnapshot, JobKind, JobSnapshot, JobState};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::widgets::link;
use crate::ui::widgets::text as paint;

/// Least width of the words of a row, in points, so that bars end below each other.
const LEAST: f32 = 72.0;

/// A word that does something with a job, and what hovering says of it.
pub(super) struct Word {
    word: &'static str,
    hover: String,
    action: Action,
}

/// What can be done with a job, from the right.
pub(super) fn of(job: &JobSnapshot, copy: Option<&CopySnapshot>) -> Vec<Word> {
    let of_job = |word: &'static str, command: Command| of_job(job, word, command);
    let done = copy.filter(|copy| copy.report.value().is_some());
    if job.kind == JobKind::CopyTags {
        return of_tags(job);
    }
    match (&job.state, done) {
        (JobState::Done, Some(copy)) => vec![
            Word {
                word: "Report…",
                hover: "Every manifest and blob, and how it came there".to_owned(),
                action: Action::ShowReport(copy.id),
            },
            Word {
                word: "Open",
                hover: format!("Open {}", copy.request.destination),
                action: Action::Open(copy.request.destination.clone()),
            },
        ],
        (JobState::Done, None) => Vec::new(),
        (JobState::Running { .. }, _) => vec![of_job("Cancel", Command::Cancel { job: job.id })],
        // the engine has forgotten its passphrases: it is done again from where it began
        (JobState::Failed(_) | JobState::Cancelled, _) if job.kind == JobKind::Addition => {
            Vec::new()
        }
        (JobState::Cancelled, _) => vec![of_job("Retry", Command::Retry { job: job.id })],
        (JobState::Failed(_), _) => {
            let mut words = vec![of_job("Retry", Command::Retry { job: job.id })];
            words.extend(copy.and_then(without));
            words
        }
    }
}

/// What is asked of the engine about a job.
fn of_job(job: &JobSnapshot, word: &'static str, command: Command) -> Word {
    Word {
        word,
        hover: format!("{word}: {}", job.title),
        action: Action::Send(command),
    }
}

/// The same for a job that copies all tags.
fn of_tags(job: &JobSnapshot) -> Vec<Word> {
    let of_job = |word: &'static str, command: Command| of_job(job, word, command);
    let first = match &job.state {
        JobState::Running { .. } => Some(of_job("Cancel", Command::Cancel { job: job.id })),
        JobState::Failed(_) | JobState::Cancelled => {
            Some(of_job("Retry", Command::Retry { job: job.id }))
        }
        JobState::Done => None,
    };
    let report = Word {
        word: "Report…",
        hover: "What became of each tag".to_owned(),
        action: Action::ShowTags(job.id),
    };
    first.into_iter().chain([report]).collect()
}

/// Leads back to the plan of a copy that failed, without what cannot be copied.
fn without(copy: &CopySnapshot) -> Option<Word> {
    let (word, hover, request) = match (&copy.without_lost, &copy.left_behind) {
        (Some(rest), _) => (
            "Without what is lost…",
            "Plan the copy of what the source has whole",
            rest,
        ),
        (None, Some(rest)) if rest.options.no_referrers => (
            "Without what refers to it…",
            "Plan the copy of the image alone",
            rest,
        ),
        (None, Some(rest)) => (
            "Without signatures…",
            "Plan the copy of all but the signatures",
            rest,
        ),
        (None, None) => return None,
    };
    Some(Word {
        word,
        hover: hover.to_owned(),
        action: Action::AskCopyAgain {
            copy: copy.id,
            request: request.clone(),
        },
    })
}

/// How wide the words are, side by side.
pub(super) fn width(ui: &Ui, links: &[Word]) -> f32 {
    let widths = links
        .iter()
        .map(|link| paint::width(ui.painter(), link.word) + GAP);
    widths.sum::<f32>().max(LEAST)
}

pub(super) fn show(ui: &mut Ui, rect: Rect, links: Vec<Word>, actions: &mut Actions) {
    let builder = UiBuilder::new()
        .max_rect(rect)
        .layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        for Word {
            word,
            hover,
            action,
        } in links
        {
            let hover = text::visible(&hover);
            if link(ui, word).on_hover_text(&*hover).clicked() {
                actions.push(action);
            }
        }
    });
}
