//! The jobs panel: what runs in the background, what failed, what was found.

mod blobs;
mod links;
mod meter;
mod row;
mod title;
mod told;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Id, Margin, Panel, ScrollArea, Ui, UiBuilder};

pub use meter::Meters;
pub use row::clock_or_seconds;
pub use title::Title;

use super::parts::group_heading;
use crate::engine::{CopySnapshot, JobId, JobKind, JobSnapshot, JobState, Waiting};
use crate::ui::action::{Action, Actions};
use crate::ui::commands::CommandId;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::{icon_button, link};

/// A job that only opens something is not shown before it has run this long, so that the
/// panel does not come and go with every click.
const PATIENCE: Duration = Duration::from_millis(800);
/// As long for a job that lists files: how far it is stands above the files.
const LISTING_PATIENCE: Duration = Duration::from_secs(4);
/// How long such a job is still shown after it has ended well.
const LINGER: Duration = Duration::from_secs(4);
/// Progress is drawn at this pace.
const PACE: Duration = Duration::from_millis(66);
/// How many rows are seen without scrolling.
const ROWS: usize = 5;
/// How many more while the blobs of a copy are shown.
const UNFOLDED_ROWS: usize = 4;
/// Height of the line above the jobs, and the space above and below all.
const HEADING: f32 = 24.0;
const MARGIN: i8 = 6;
/// The space at both sides, and how far the bar of what is scrolled lies in it.
const SIDE: i8 = 16;
const BAR: f32 = 14.0;

/// Draws the panel where it is open and has something to show. `waiting` tells the registry
/// that a job waits for. `copies` have the blobs of their jobs.
pub fn show(
    ui: &mut Ui,
    open: bool,
    jobs: &[Arc<JobSnapshot>],
    waiting: &dyn Fn(&JobSnapshot) -> Option<Waiting>,
    copies: &[Arc<CopySnapshot>],
    meters: &mut Meters,
    actions: &mut Actions,
) {
    let now = Instant::now();
    let shown: Vec<_> = jobs.iter().filter(|job| is_shown(job, now)).collect();
    if let Some(next) = jobs.iter().filter_map(|job| changes_in(job, now)).min() {
        ui.ctx().request_repaint_after(next);
    }
    if !open || shown.is_empty() {
        return;
    }
    if shown.iter().any(|job| !job.state.is_final()) {
        ui.ctx().request_repaint_after(PACE);
    }
    let tokens = Tokens::of(ui);
    let copy = |job: &JobSnapshot| copies.iter().find(|copy| copy.job == Some(job.id));
    let unfolded = shown
        .iter()
        .filter(|job| row::is_unfolded(ui.ctx(), job))
        .collect::<Vec<_>>();
    let blobs = unfolded
        .iter()
        .filter_map(|job| copy(job)?.progress.as_ref());
    let blobs: usize = blobs.map(|progress| progress.blobs.len()).sum();
    let width = ui.available_width() - 2.0 * f32::from(SIDE);
    let told: f32 = unfolded
        .iter()
        .map(|job| told::height(ui, job, width))
        .sum();
    let rows = shown.len().min(ROWS) as f32 * row::HEIGHT;
    let all = (rows + blobs as f32 * blobs::HEIGHT + told)
        .min((ROWS + UNFOLDED_ROWS) as f32 * row::HEIGHT);
    let separator = 1.0;
    let height = HEADING + all + 2.0 * f32::from(MARGIN) + separator;
    Panel::bottom("jobs")
        .exact_size(height)
        .frame(super::frame(tokens, Margin::symmetric(SIDE, MARGIN)))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            heading(ui, &shown, actions);
            // the bar lies beside the rows, in the margin
            let mut area = ui.available_rect_before_wrap();
            let width = area.width();
            area.max.x += BAR;
            ScrollArea::vertical()
                .min_scrolled_height(row::HEIGHT)
                .auto_shrink([false, false])
                .show(&mut ui.new_child(UiBuilder::new().max_rect(area)), |ui| {
                    ui.set_max_width(width);
                    let rows = shown
                        .iter()
                        .map(|job| (&***job, copy(job).map(|copy| &**copy)));
                    let title = row::titles(ui, rows, width);
                    for job in &shown {
                        let waiting = waiting(job);
                        let copy = copy(job).map(|copy| &**copy);
                        let speed = meters.of(job, now);
                        let row =
                            row::show(ui, (job, copy), title, speed, waiting.as_ref(), actions);
                        if is_new(ui, job, &shown) {
                            ui.scroll_to_rect(row, None);
                        }
                        if !row::is_unfolded(ui.ctx(), job) {
                            continue;
                        }
                        ui.push_id(job.id, |ui| {
                            told::show(ui, job);
                            if let Some(progress) = copy.and_then(|copy| copy.progress.as_ref()) {
                                blobs::show(ui, progress, job.state.is_final());
                            }
                        });
                    }
                });
        });
}

/// Whether a job is the last of those that are `shown`, and was not there before: then it is
/// brought into sight once.
fn is_new(ui: &Ui, job: &JobSnapshot, shown: &[&Arc<JobSnapshot>]) -> bool {
    let last = shown.last().is_some_and(|last| last.id == job.id);
    let seen = Id::unique("the last of the jobs");
    last && ui.data_mut(|data| {
        let before: Option<JobId> = data.get_temp(seen);
        data.insert_temp(seen, job.id);
        before != Some(job.id)
    })
}

fn heading(ui: &mut Ui, shown: &[&Arc<JobSnapshot>], actions: &mut Actions) {
    ui.spacing_mut().interact_size.y = HEADING;
    ui.horizontal(|ui| {
        group_heading(ui, "Jobs");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, icons::CHEVRON_DOWN, "Hide jobs").clicked() {
                actions.push(Action::Run(CommandId::ToggleJobs));
            }
            let ended = shown.iter().any(|job| job.state.is_final());
            if ended && link(ui, "Clear finished").clicked() {
                actions.push(Action::Run(CommandId::ClearJobs));
            }
        });
    });
}

/// How many jobs the status bar counts: those that run, and those that want to be seen.
pub fn count(jobs: &[Arc<JobSnapshot>]) -> usize {
    let now = Instant::now();
    let jobs = jobs.iter();
    jobs.filter(|job| !job.state.is_final() || is_shown(job, now))
        .count()
}

/// The titles of the jobs that would be lost if the program ended now. What only opens an
/// image is not: it changes nothing, and can be asked for again.
pub fn would_be_lost(jobs: &[Arc<JobSnapshot>]) -> Vec<String> {
    let running = jobs.iter().filter(|job| !job.state.is_final());
    running
        .filter(|job| {
            !matches!(
                job.kind,
                JobKind::Open | JobKind::Reload | JobKind::Compare | JobKind::Search
            )
        })
        .map(|job| job.title.to_string())
        .collect()
}

/// How long a job is left alone that only brings something on the screen, which is seen
/// there; nothing for other jobs.
const fn patience(job: &JobSnapshot) -> Option<Duration> {
    match job.kind {
        JobKind::Open | JobKind::Reload => Some(PATIENCE),
        JobKind::ReadLayers | JobKind::Compare | JobKind::Search => Some(LISTING_PATIENCE),
        JobKind::Check | JobKind::Copy | JobKind::CopyTags | JobKind::Save | JobKind::Addition => {
            None
        }
    }
}

fn is_shown(job: &JobSnapshot, now: Instant) -> bool {
    let Some(patience) = patience(job) else {
        return true;
    };
    let took_long = job.ended.unwrap_or(now).duration_since(job.started) >= patience;
    match job.state {
        JobState::Failed(_) | JobState::Cancelled => true,
        JobState::Running { .. } => took_long,
        JobState::Done => took_long && job.ended.is_some_and(|end| now - end < LINGER),
    }
}

/// When a job comes or goes by itself.
fn changes_in(job: &JobSnapshot, now: Instant) -> Option<Duration> {
    let patience = patience(job)?;
    let at = match job.state {
        JobState::Running { .. } => job.started + patience,
        JobState::Done if is_shown(job, now) => job.ended? + LINGER,
        _ => return None,
    };
    at.checked_duration_since(now)
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ImageId, Progress, Unit};

    fn job(kind: JobKind, state: JobState, ran: u64, ended_ago: Option<u64>) -> JobSnapshot {
        let now = Instant::now();
        let ago = |ms: u64| now.checked_sub(Duration::from_millis(ms)).unwrap();
        JobSnapshot {
            id: JobId::next(),
            kind,
            title: "x".into(),
            image: ImageId::next(),
            progress: Arc::new(Progress::new(Unit::Bytes)),
            state,
            started: ago(ran + ended_ago.unwrap_or(0)),
            ended: ended_ago.map(ago),
        }
    }

    #[test]
    fn quick_work_that_is_seen_elsewhere_does_not_bring_the_panel_up() {
        let running = || JobState::Running { phase: "" };
        let cases = [
            (job(JobKind::Open, running(), 100, None), false),
            (job(JobKind::Open, running(), 900, None), true),
            (job(JobKind::Open, JobState::Done, 100, Some(10)), false),
            (job(JobKind::Open, JobState::Done, 900, Some(10)), true),
            (job(JobKind::Reload, JobState::Done, 900, Some(4100)), false),
            (job(JobKind::ReadLayers, running(), 2_000, None), false),
            (job(JobKind::ReadLayers, running(), 5_000, None), true),
            (
                job(JobKind::ReadLayers, JobState::Done, 900, Some(10)),
                false,
            ),
            (job(JobKind::Check, running(), 0, None), true),
            (job(JobKind::Check, JobState::Done, 10, Some(60_000)), true),
            (
                job(JobKind::Open, JobState::Cancelled, 10, Some(60_000)),
                true,
            ),
        ];
        for (job, shown) in cases {
            assert_eq!(is_shown(&job, Instant::now()), shown, "{job:?}");
        }
    }

    #[test]
    fn the_panel_is_drawn_again_when_a_job_comes_or_goes() {
        let running = JobState::Running { phase: "" };
        let now = Instant::now();
        let wait = changes_in(&job(JobKind::Open, running.clone(), 100, None), now).unwrap();
        assert!(wait <= PATIENCE);
        let done = job(JobKind::Open, JobState::Done, 900, Some(10));
        assert!(changes_in(&done, Instant::now()).unwrap() <= LINGER);
        assert_eq!(
            changes_in(&job(JobKind::Check, running, 0, None), now),
            None
        );
    }
}
