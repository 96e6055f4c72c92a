//! Short messages at the lower right that go away by themselves, and the list of those that
//! are past.

use std::collections::VecDeque;
use std::time::Duration;

use egui::accesskit::Live;
use egui::{
    Align2, Area, Color32, Context, CornerRadius, Frame, Id, Margin, Order, RichText, vec2,
};
use jiff::Timestamp;

use crate::engine::Failure;
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::link;

/// How long a message stays, in seconds; one of something that went wrong stays longer.
const SECONDS: f64 = 4.0;
const WARNING_SECONDS: f64 = 8.0;
/// And one that something can be done with.
const OFFER_SECONDS: f64 = 12.0;
/// How many are shown at a time.
const LIMIT: usize = 4;
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
    /// In the time of the input.
    until: f64,
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
    pub fn say(&mut self, ctx: &Context, text: String) {
        self.show_for(ctx, text.clone(), false);
        self.keep(text, Vec::new(), false);
        // what was just shown, and went well, need not be read again
        self.unread = self.unread.saturating_sub(1);
    }

    /// Something was done, and `links` lead on from it.
    pub fn offer(&mut self, ctx: &Context, text: String, links: Vec<(&'static str, Action)>) {
        self.say(ctx, text);
        if let Some(message) = self.past.front_mut() {
            message.links.clone_from(&links);
        }
        if let Some(toast) = self.shown.last_mut() {
            toast.until += OFFER_SECONDS - SECONDS;
            toast.links = links;
        }
    }

    /// Something could not be done.
    pub fn warn(&mut self, ctx: &Context, text: String) {
        self.show_for(ctx, text.clone(), true);
        self.keep(text, Vec::new(), true);
    }

    /// Something failed.
    pub fn fail(&mut self, ctx: &Context, failure: &Failure) {
        let headline = text::visible(&failure.headline).into_owned();
        self.show_for(ctx, headline, true);
        self.record(failure);
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

    fn show_for(&mut self, ctx: &Context, text: String, warning: bool) {
        let now = ctx.input(|input| input.time);
        // the same message again only stays longer
        self.shown.retain(|toast| toast.text != text);
        self.shown.push(Toast {
            text,
            warning,
            links: Vec::new(),
            until: now + if warning { WARNING_SECONDS } else { SECONDS },
        });
        if self.shown.len() > LIMIT {
            self.shown.remove(0);
        }
    }

    /// Draws them above the status bar, and asks for the frame in which the next one goes.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) {
        let now = ctx.input(|input| input.time);
        self.shown.retain(|toast| toast.until > now);
        let Some(next) = self.shown.iter().map(|toast| toast.until).reduce(f64::min) else {
            return;
        };
        ctx.request_repaint_after(Duration::from_secs_f64(next - now));
        let tokens = Tokens::for_dark(ctx.theme() == egui::Theme::Dark);
        let mut above = size::STATUS_BAR + 16.0;
        // the latest at the bottom; what was followed is done with
        let mut followed = None;
        for (at, toast) in self.shown.iter().enumerate().rev() {
            // each has an area of its own, so that nothing beside it is covered
            let area = Area::new(Id::unique(("toast", at)))
                .order(Order::Tooltip)
                .anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -above))
                .interactable(!toast.links.is_empty())
                .accessible_name("Messages");
            let drawn = area.show(ctx, |ui| toast.show(ui, tokens, actions));
            if drawn.inner {
                followed = Some(at);
            }
            above += drawn.response.rect.height() + 8.0;
        }
        if let Some(at) = followed {
            self.shown.remove(at);
        }
    }
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
    /// Draws it; says whether one of its links was followed.
    fn show(&self, ui: &mut egui::Ui, tokens: &Tokens, actions: &mut Actions) -> bool {
        let mut followed = false;
        let (icon, color) = look(self.warning, tokens);
        let frame = Frame::popup(ui.style())
            .fill(tokens.raised)
            .corner_radius(CornerRadius::same(6))
            .inner_margin(Margin::symmetric(12, 8));
        frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(RichText::new(icon).size(size::ICON).color(color));
                let label = ui.label(&self.text);
                for (word, action) in &self.links {
                    if link(ui, word).clicked() {
                        actions.push(action.clone());
                        followed = true;
                    }
                }
                // read aloud as soon as it is there
                ui.ctx()
                    .accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
            });
        });
        followed
    }
}
