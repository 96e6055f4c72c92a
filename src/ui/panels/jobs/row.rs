//! One job: what it does, how far it is, how it ended.

use std::time::Duration;

use egui::{
    Align, Align2, Context, FontId, Id, Layout, Rect, Response, Role, Sense, Ui, UiBuilder,
    WidgetInfo, vec2,
};

use super::links;
use super::meter::Speed;
use super::title::Title;
use crate::engine::{CopySnapshot, JobSnapshot, JobState, Unit, Waiting};
use crate::model::text;
use crate::ui::action::Actions;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::icon_button;
use crate::ui::widgets::text as paint;

pub(super) const HEIGHT: f32 = 32.0;

/// Widths of the columns that do not grow, from the left and from the right.
const TITLE: f32 = 480.0;
const COUNT: f32 = 150.0;
const RATE: f32 = 84.0;
const LEFT: f32 = 76.0;
/// Share of the title where all are short, and of what is said of a failure.
const TITLE_SHARE: f32 = 0.36;
const FAILURE_SHARE: f32 = 0.3;
/// Least width of a bar, with the space around it.
const BAR: f32 = 120.0;
/// Between a title and what follows, and between the mark of how a job ended and its words.
pub(super) const GAP: f32 = 12.0;
const MARK: f32 = 24.0;
/// The button that unfolds a row; titles begin behind it, where there is none, too.
pub(super) const FOLD: f32 = 22.0;
/// What a copy does before its turn has come.
const WAITING: &str = "waiting";
/// Narrower than this, rate and time left are left out.
const ROOM: f32 = 860.0;

/// A job with the copy that it makes.
pub type Shown<'a> = (&'a JobSnapshot, Option<&'a CopySnapshot>);

/// How wide the titles of all `rows` are: as the longest of them, as far as the rest of each
/// row has its room; `width` is that of a row.
pub(super) fn titles<'a>(ui: &Ui, rows: impl Iterator<Item = Shown<'a>>, width: f32) -> f32 {
    let least = TITLE.min(width * TITLE_SHARE);
    let (mut longest, mut room) = (least, width);
    for (job, copy) in rows {
        let title = match copy {
            Some(copy) => Title::of(&copy.request).whole(),
            None => text::visible(&job.title).into_owned(),
        };
        // a part of a point more, since widths are no whole numbers
        longest = longest.max(FOLD + paint::width(ui.painter(), &title).ceil() + GAP + 0.5);
        room = room.min(width - rest(ui, job, copy, width));
    }
    longest.min(room).max(least)
}

/// How much of a row is behind its title, at least.
fn rest(ui: &Ui, job: &JobSnapshot, copy: Option<&CopySnapshot>, width: f32) -> f32 {
    let said = match &job.state {
        JobState::Running { .. } => BAR + COUNT + if width >= ROOM { LEFT + RATE } else { 0.0 },
        state => {
            let words = MARK + paint::width(ui.painter(), &ended_words(job, state)) + GAP;
            match state {
                JobState::Failed(_) => words.min(width * FAILURE_SHARE),
                _ => words,
            }
        }
    };
    said + links::width(ui, &links::of(job, copy))
}

/// Draws a job over the whole width, with its title in the first `title` points of it; says
/// where.
pub fn show(
    ui: &mut Ui,
    (job, copy): Shown<'_>,
    title: f32,
    speed: Speed,
    waiting: Option<&Waiting>,
    actions: &mut Actions,
) -> Rect {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let (title, mut rest) = rect.split_left_right_at_x(rect.left() + title);
    let mut take_right = |width: f32| {
        let (left, taken) = rest.split_left_right_at_x(rest.right() - width);
        rest = left;
        taken
    };
    let links = links::of(job, copy);
    let buttons = take_right(links::width(ui, &links));
    // of what has ended the words have that room
    let roomy = rect.width() >= ROOM && !job.state.is_final();
    let (left, rate) = if roomy {
        (Some(take_right(LEFT)), Some(take_right(RATE)))
    } else {
        (None, None)
    };

    let name = text::visible(&job.title);
    let (place, title) = title.split_left_right_at_x(title.left() + FOLD);
    let progress = copy.and_then(|copy| copy.progress.as_ref());
    if matches!(job.state, JobState::Failed(_)) || progress.is_some_and(|p| !p.blobs.is_empty()) {
        fold(ui, place, job, &name);
    }
    let room = title.width() - GAP;
    let short = match copy {
        Some(copy) => Title::of(&copy.request).fit(ui, room),
        None => paint::fit_middle(ui.painter(), &name, &paint::body(), room),
    };
    let response = write(ui, title, Align2::LEFT_CENTER, &short, tokens.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &*name));
    response.on_hover_text(&*name);
    match (&job.state, waiting) {
        (JobState::Running { .. }, Some(waiting)) => {
            let words = waiting.to_string();
            let words = text::visible(&words);
            let response = write(ui, rest, Align2::LEFT_CENTER, &words, tokens.caution);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &*words));
        }
        (JobState::Running { phase }, None) => {
            let count = take_right(COUNT);
            bar(ui, rest.shrink2(vec2(GAP, 0.0)), job, &name);
            let done = match counted(job) {
                // one that takes long is none yet
                Some(done) if job.progress.done() > 0 || job.progress.unit() == Unit::Tags => done,
                _ => (*phase).to_owned(),
            };
            write(ui, count, Align2::RIGHT_CENTER, &done, tokens.weak);
            if let (Some(rect), Some(text)) = (rate, rate_text(job, phase, speed)) {
                write(ui, rect, Align2::RIGHT_CENTER, &text, tokens.weak);
            }
            if let (Some(rect), Some(time)) = (left, speed.left) {
                let text = format!("{} left", clock(time));
                write(ui, rect, Align2::RIGHT_CENTER, &text, tokens.weak);
            }
        }
        (state, _) => ended(ui, rest, job, state),
    }
    links::show(ui, buttons, links, actions);
    rect
}

/// Whether the blobs of a job, and why it failed, are shown.
pub(super) fn is_unfolded(ctx: &Context, job: &JobSnapshot) -> bool {
    ctx.data(|data| data.get_temp(fold_id(job)).unwrap_or(false))
}

fn fold_id(job: &JobSnapshot) -> Id {
    Id::unique(("blobs of", job.id))
}

/// The button that shows the blobs of a job, and why it failed.
fn fold(ui: &mut Ui, place: Rect, job: &JobSnapshot, name: &str) {
    let open = is_unfolded(ui.ctx(), job);
    let icon = if open {
        icons::CHEVRON_DOWN
    } else {
        icons::CHEVRON_RIGHT
    };
    let builder = UiBuilder::new()
        .max_rect(place)
        .layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        let verb = if open { "Hide" } else { "Show" };
        let words = match job.state {
            JobState::Failed(_) => format!("{verb} why it failed: {name}"),
            _ => format!("{verb} the blobs of {name}"),
        };
        if icon_button(ui, icon, &words).clicked() {
            ui.ctx()
                .data_mut(|data| data.insert_temp(fold_id(job), !open));
        }
    });
}

/// How it ended, in words.
fn ended_words(job: &JobSnapshot, state: &JobState) -> String {
    match state {
        JobState::Failed(failure) => failure.brief(),
        JobState::Cancelled => "Cancelled".to_owned(),
        JobState::Done | JobState::Running { .. } => {
            let what = counted_as(job.progress.unit(), job.progress.done());
            format!("Done: {what} in {}", clock_or_seconds(job.elapsed()))
        }
    }
}

/// How it ended: an icon and words, never a colour alone.
fn ended(ui: &mut Ui, rect: Rect, job: &JobSnapshot, state: &JobState) {
    let tokens = Tokens::of(ui);
    let words = ended_words(job, state);
    // the whole of it on hover, and under the row where that is unfolded
    let (icon, color, hint) = match state {
        JobState::Failed(failure) => (
            icons::CIRCLE_X,
            tokens.rejected,
            format!("{}\n{}", failure.headline, failure.hint_in_window()),
        ),
        JobState::Cancelled => (icons::BAN, tokens.weak, String::new()),
        JobState::Done | JobState::Running { .. } => {
            (icons::CIRCLE_CHECK, tokens.accepted, String::new())
        }
    };
    let (mark, words_at) = rect.split_left_right_at_x(rect.left() + 24.0);
    ui.painter().text(
        mark.left_center() + vec2(4.0, 0.0),
        Align2::LEFT_CENTER,
        icon,
        FontId::proportional(size::ICON),
        color,
    );
    let words = text::visible(&words);
    let text_color = if matches!(state, JobState::Failed(_)) {
        tokens.text
    } else {
        tokens.weak
    };
    let response = write(ui, words_at, Align2::LEFT_CENTER, &words, text_color);
    if !hint.is_empty() {
        let hint = hint.lines().map(text::visible).collect::<Vec<_>>();
        response.on_hover_text(hint.join("\n").trim_end());
    }
}

/// The bar. Where the total is not known there is only its ground.
fn bar(ui: &mut Ui, rect: Rect, job: &JobSnapshot, name: &str) {
    let tokens = Tokens::of(ui);
    let rect = Rect::from_center_size(rect.center(), vec2(rect.width().max(0.0), 4.0));
    let share = job.progress.share();
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
        info.value = share.map(|share| (share * 100.0).round());
        info
    });
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, tokens.border);
    if let Some(share) = share {
        let mut done = rect;
        done.set_width(rect.width() * share as f32);
        painter.rect_filled(done, 2.0, tokens.accent);
    }
}

/// Words in a column, cut where they are too long. A screen reader has them whole.
fn write(ui: &mut Ui, rect: Rect, align: Align2, words: &str, color: egui::Color32) -> Response {
    let font = FontId::proportional(size::BODY);
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let at = align.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, color);
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    response
}

/// `98.0 of 158 MB`, `3 of 7 documents`; nothing before something was counted.
fn counted(job: &JobSnapshot) -> Option<String> {
    let (done, total) = (job.progress.done(), job.progress.total());
    match (job.progress.unit(), total) {
        (_, None) if done == 0 => None,
        (Unit::Bytes, None) => Some(text::size(done)),
        (Unit::Bytes, Some(total)) => {
            let (done, total) = (text::size(done), text::size(total));
            let unit = total.rsplit(' ').next().unwrap_or_default();
            let done = done.strip_suffix(unit).map_or(&*done, str::trim_end);
            Some(format!("{done} of {total}"))
        }
        (unit, None) => Some(counted_as(unit, done)),
        (unit, Some(total)) => {
            let done = text::count(done);
            Some(format!("{done} of {}", counted_as(unit, total)))
        }
    }
}

/// `1 document`, `10,000 documents`, `214 tags`.
fn counted_as(unit: Unit, count: u64) -> String {
    let word = match unit {
        Unit::Bytes => return text::size(count),
        Unit::Documents => "document",
        Unit::Tags => "tag",
    };
    let many = if count == 1 { "" } else { "s" };
    format!("{} {word}{many}", text::count(count))
}

/// How fast it goes; nothing before anything has moved.
fn rate_text(job: &JobSnapshot, phase: &str, speed: Speed) -> Option<String> {
    let rate = speed.rate.filter(|_| phase != WAITING)?;
    match job.progress.unit() {
        Unit::Bytes => Some(format!("{}/s", text::size(rate as u64))),
        Unit::Documents | Unit::Tags => None,
    }
}

/// `0:07`, `12:30`, `1:02:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How long something took, for people.
pub fn clock_or_seconds(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        "less than 0.1 s".to_owned()
    } else if time < Duration::from_secs(60) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        clock(time)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;
    use crate::engine::{ImageId, JobId, JobKind, Progress};

    fn job(unit: Unit, done: u64, total: u64) -> JobSnapshot {
        let progress = Progress::new(unit);
        progress.add(done);
        progress.expect(total);
        JobSnapshot {
            id: JobId::next(),
            kind: JobKind::Check,
            title: "x".into(),
            image: ImageId::next(),
            progress: Arc::new(progress),
            state: JobState::Running { phase: "" },
            started: Instant::now(),
            ended: None,
        }
    }

    #[test]
    fn counts_read_as_people_say_them() {
        let cases = [
            (Unit::Bytes, 98_000_000, 158_000_000, Some("98.0 of 158 MB")),
            (Unit::Bytes, 900, 158_000_000, Some("900 B of 158 MB")),
            (Unit::Bytes, 12_400, 0, Some("12.4 KB")),
            (Unit::Bytes, 0, 0, None),
            (Unit::Documents, 3, 7, Some("3 of 7 documents")),
            (
                Unit::Documents,
                1200,
                10_000,
                Some("1,200 of 10,000 documents"),
            ),
            (Unit::Tags, 0, 1, Some("0 of 1 tag")),
            (Unit::Tags, 12, 214, Some("12 of 214 tags")),
        ];
        for (unit, done, total, expected) in cases {
            assert_eq!(counted(&job(unit, done, total)).as_deref(), expected);
        }
    }

    #[test]
    fn what_waits_for_its_turn_has_no_speed() {
        let speed = Speed {
            rate: Some(0.0),
            left: None,
        };
        let job = job(Unit::Bytes, 0, 158_000_000);
        assert_eq!(rate_text(&job, WAITING, speed), None);
        assert_eq!(rate_text(&job, "copying", speed).as_deref(), Some("0 B/s"));
    }

    #[test]
    fn times_read_as_a_clock_shows_them() {
        let cases = [(0.2, "0:01"), (61.0, "1:01"), (3723.0, "1:02:03")];
        for (seconds, expected) in cases {
            assert_eq!(clock(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
