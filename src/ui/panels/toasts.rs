//! Short messages that go away by themselves, and the list of those that are past. They lie at
//! the lower right of what is open, over nothing that waits for a click; while a dialog is
//! open, at the top of the window, where no dialog has a button, and take no clicks.

use std::collections::VecDeque;
use std::time::Duration;

use egui::accesskit::Live;
use egui::{
    Align2, Area, Color32, Context, CornerRadius, Frame, Id, Label, Margin, Order, Pos2, Rect,
    RichText, Role, Ui, WidgetInfo, pos2, vec2,
};
use jiff::Timestamp;

use crate::engine::Failure;
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::link;
use crate::ui::widgets::text as paint;

/// How long a message stays, in seconds; one of something that went wrong stays longer.
const SECONDS: f64 = 4.0;
const WARNING_SECONDS: f64 = 8.0;
/// And one that something can be done with.
const OFFER_SECONDS: f64 = 12.0;
/// How many are shown at a time; the others are counted.
const LIMIT: usize = 3;
/// How many lines a text has at most; what is longer loses its middle.
const LINES: usize = 3;
/// How wide a message is where there is room, what stays free around it, and between two; in
/// points.
const WIDTH: f32 = 420.0;
const AROUND: f32 = 16.0;
const GAP: f32 = 8.0;
/// How many past ones are kept.
const PAST: usize = 200;

/// The messages that are shown, and those that were.
#[derive(Debug)]
pub struct Toasts {
    shown: Vec<Toast>,
    past: VecDeque<Message>,
    unread: usize,
    now: fn() -> Timestamp,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Message {
    pub text: String,
    /// What to try, and what else is known; folded until it is asked for.
    pub details: Vec<String>,
    pub warning: bool,
    pub at: Timestamp,
    /// Whether the details are shown.
    pub open: bool,
    /// What leads on from it.
    pub links: Vec<(&'static str, Action)>,
}

#[derive(Debug)]
struct Toast {
    text: String,
    warning: bool,
    links: Vec<(&'static str, Action)>,
    /// How long it is still to be seen, in seconds.
    left: f64,
    /// When it was seen last, in the time of the input; nothing while it is not.
    seen: Option<f64>,
}

impl Toasts {
    /// No message yet; `now` is the clock.
    pub const fn new(now: fn() -> Timestamp) -> Self {
        Self {
            shown: Vec::new(),
            past: VecDeque::new(),
            unread: 0,
            now,
        }
    }

    /// Something was done.
    pub fn say(&mut self, text: String) {
        self.show_for(text.clone(), false);
        self.keep(text, Vec::new(), false);
        // what was just shown, and went well, need not be read again
        self.unread = self.unread.saturating_sub(1);
    }

    /// Something was done, and `links` lead on from it.
    pub fn offer(&mut self, text: String, links: Vec<(&'static str, Action)>) {
        self.say(text);
        self.link_last(links);
    }

    fn link_last(&mut self, links: Vec<(&'static str, Action)>) {
        if let Some(message) = self.past.front_mut() {
            message.links.clone_from(&links);
        }
        if let Some(toast) = self.shown.last_mut() {
            toast.left = OFFER_SECONDS;
            toast.links = links;
        }
    }

    /// Something could not be done.
    pub fn warn(&mut self, text: String) {
        self.show_for(text.clone(), true);
        self.keep(text, Vec::new(), true);
    }

    /// Something failed.
    pub fn fail(&mut self, failure: &Failure) {
        let headline = text::visible(&failure.headline).into_owned();
        self.show_for(headline, true);
        self.record(failure);
    }

    /// Something that is called `what` failed where nobody sees it, and `links` lead on.
    pub fn fail_unseen(
        &mut self,
        what: &str,
        failure: &Failure,
        links: Vec<(&'static str, Action)>,
    ) {
        let words = format!("{what}: {}", failure.brief());
        self.show_for(text::visible(&words).into_owned(), true);
        self.record(failure);
        self.link_last(links);
    }

    /// Keeps a failure that is shown elsewhere.
    pub fn record(&mut self, failure: &Failure) {
        let hint = failure.hint_in_window();
        let details = failure.details.iter().map(String::as_str);
        let details = std::iter::once(&*hint)
            .chain(details)
            .filter(|line| !line.is_empty())
            .map(|line| text::visible(line).into_owned())
            .collect();
        let headline = text::visible(&failure.headline).into_owned();
        self.keep(headline, details, true);
    }

    /// What was said, the latest first.
    pub fn past_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Message> {
        self.past.iter_mut()
    }

    /// How many nobody has looked at.
    pub const fn unread(&self) -> usize {
        self.unread
    }

    /// Somebody looks at the list: what is over it is in it.
    pub fn mark_read(&mut self) {
        self.unread = 0;
        self.shown.clear();
    }

    /// Forgets what was said.
    pub fn clear(&mut self) {
        self.past.clear();
        self.unread = 0;
    }

    fn keep(&mut self, text: String, details: Vec<String>, warning: bool) {
        self.past.push_front(Message {
            text,
            details,
            warning,
            at: (self.now)(),
            open: false,
            links: Vec::new(),
        });
        self.past.truncate(PAST);
        self.unread = (self.unread + 1).min(self.past.len());
    }

    fn show_for(&mut self, text: String, warning: bool) {
        // the same message again only stays longer
        self.shown.retain(|toast| toast.text != text);
        self.shown.push(Toast {
            text,
            warning,
            links: Vec::new(),
            left: if warning { WARNING_SECONDS } else { SECONDS },
            seen: None,
        });
        if self.shown.len() > PAST {
            self.shown.remove(0);
        }
    }

    /// Draws them in `room`, which is what is open, and asks for the frame in which the next
    /// one goes. Over a dialog (`under_dialog`) only the latest is drawn, and none that leads
    /// on: the time of the others does not run.
    pub fn show(&mut self, ctx: &Context, room: Rect, under_dialog: bool, actions: &mut Actions) {
        let now = ctx.input(|input| input.time);
        for toast in &mut self.shown {
            toast.left -= toast.seen.take().map_or(0.0, |seen| now - seen);
        }
        self.shown.retain(|toast| toast.left > 0.0);
        let alone = self.shown.iter().rposition(|toast| toast.links.is_empty());
        let runs = |at: usize| !under_dialog || Some(at) == alone;
        let running = self.shown.iter_mut().enumerate();
        let running = running.filter(|(at, _)| runs(*at)).map(|(_, toast)| {
            toast.seen = Some(now);
            toast.left
        });
        let Some(next) = running.reduce(f64::min) else {
            return;
        };
        ctx.request_repaint_after(Duration::from_secs_f64(next));
        if under_dialog {
            if let Some(toast) = alone.and_then(|at| self.shown.get(at)) {
                let window = ctx.content_rect();
                let top = pos2(window.center().x, window.top() + 4.0);
                let width = WIDTH.min(window.width() - 2.0 * AROUND);
                area("alone", Order::Tooltip, Align2::CENTER_TOP, top)
                    .interactable(false)
                    .show(ctx, |ui| toast.show(ui, width, actions));
            }
            return;
        }
        let width = WIDTH.min(room.width() - 2.0 * AROUND);
        let mut corner = room.right_bottom() - vec2(AROUND, AROUND);
        // the latest at the bottom; what was followed is done with
        let mut followed = None;
        for (at, toast) in self.shown.iter().enumerate().rev().take(LIMIT) {
            // each has an area of its own, so that nothing beside it is covered
            let drawn = area(at, Order::Middle, Align2::RIGHT_BOTTOM, corner)
                .interactable(!toast.links.is_empty())
                .show(ctx, |ui| toast.show(ui, width, actions));
            if drawn.inner {
                followed = Some(at);
            }
            corner.y -= drawn.response.rect.height() + GAP;
        }
        if let Some(more) = self.shown.len().checked_sub(LIMIT).filter(|n| *n > 0) {
            area("more", Order::Middle, Align2::RIGHT_BOTTOM, corner)
                .interactable(false)
                .show(ctx, |ui| {
                    let words = format!("{} more behind the bell", paint::number_words(more));
                    frame(ui).show(ui, |ui| ui.add(Label::new(words).extend()));
                });
        }
        if let Some(at) = followed {
            self.shown.remove(at);
        }
    }
}

/// Where a message lies.
fn area(
    id: impl std::hash::Hash + std::fmt::Debug,
    order: Order,
    corner: Align2,
    at: Pos2,
) -> Area {
    Area::new(Id::unique(("toast", id)))
        .order(order)
        .pivot(corner)
        .fixed_pos(at)
        .accessible_name("Messages")
}

fn frame(ui: &Ui) -> Frame {
    Frame::popup(ui.style())
        .fill(Tokens::of(ui).raised)
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::symmetric(12, 8))
}

/// The icon and colour of a message.
pub const fn look(warning: bool, tokens: &Tokens) -> (&'static str, Color32) {
    if warning {
        (icons::TRIANGLE_ALERT, tokens.caution)
    } else {
        (icons::CHECK, tokens.accepted)
    }
}

impl Toast {
    /// Draws it as wide as `width`; says whether one of its links was followed.
    fn show(&self, ui: &mut Ui, width: f32, actions: &mut Actions) -> bool {
        let tokens = Tokens::of(ui);
        let mut followed = false;
        let (icon, color) = look(self.warning, tokens);
        let frame = frame(ui);
        let width = width - frame.total_margin().sum().x;
        frame.show(ui, |ui| {
            ui.set_width(width);
            ui.horizontal_top(|ui| {
                let icon = RichText::new(icon).size(size::ICON).color(color);
                ui.add(Label::new(icon).selectable(false));
                ui.vertical(|ui| {
                    let room = ui.available_width();
                    let painter = ui.painter();
                    let font = paint::body();
                    let words = paint::fit_words(painter, &self.text, &font, room);
                    let lines =
                        paint::middle_lines(painter, &words, &font, tokens.text, room, LINES);
                    let cut = lines.text() != self.text;
                    let label = ui.add(Label::new(lines).selectable(false));
                    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.text));
                    // read aloud as soon as it is there
                    ui.ctx()
                        .accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
                    if cut {
                        label.on_hover_text(&self.text);
                    }
                    if self.links.is_empty() {
                        return;
                    }
                    ui.horizontal(|ui| {
                        ui.spacing_mut().item_spacing.x = 16.0;
                        for (word, action) in &self.links {
                            if link(ui, word).clicked() {
                                actions.push(action.clone());
                                followed = true;
                            }
                        }
                    });
                });
            });
        });
        followed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toasts() -> Toasts {
        Toasts::new(Timestamp::now)
    }

    /// A frame at `time`, over a dialog or not.
    fn frame_at(ctx: &Context, toasts: &mut Toasts, time: f64, under_dialog: bool) {
        let input = egui::RawInput {
            time: Some(time),
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1024.0, 700.0))),
            ..egui::RawInput::default()
        };
        let mut output = ctx.run_ui(input, |ui| {
            let room = Rect::from_min_max(pos2(248.0, 108.0), pos2(1024.0, 480.0));
            toasts.show(ui.ctx(), room, under_dialog, &mut Actions::default());
        });
        // nobody paints it
        output.textures_delta.clear();
    }

    #[test]
    fn under_a_dialog_the_time_of_what_leads_on_does_not_run() {
        let ctx = Context::default();
        crate::ui::theme::install(&ctx);
        let mut toasts = toasts();
        toasts.offer("Copied".to_owned(), vec![("Open", Action::ShowTrust)]);
        toasts.say("Saved".to_owned());
        let shown = |toasts: &Toasts| {
            let texts = toasts.shown.iter().map(|toast| toast.text.clone());
            texts.collect::<Vec<_>>()
        };
        frame_at(&ctx, &mut toasts, 0.0, true);
        frame_at(&ctx, &mut toasts, 60.0, true);
        assert_eq!(shown(&toasts), ["Copied"]);
        frame_at(&ctx, &mut toasts, 70.0, false);
        frame_at(&ctx, &mut toasts, 81.0, false);
        assert_eq!(shown(&toasts), ["Copied"], "for twelve seconds");
        frame_at(&ctx, &mut toasts, 83.0, false);
        assert!(toasts.shown.is_empty());
    }
}
