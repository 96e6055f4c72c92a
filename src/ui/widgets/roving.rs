//! Lists that the Tab key enters once: within one, the arrows move.

use egui::{Context, EventFilter, Id, Key, Modifiers, Response, Sense, Ui};

/// Which way the arrows of a list go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    Rows,
    Columns,
}

/// A list, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roving {
    name: &'static str,
    along: Along,
}

/// The rows of the explorer.
pub const EXPLORER: Roving = Roving::new("explorer", Along::Rows);
/// The open tabs.
pub const TABS: Roving = Roving::new("tabs", Along::Columns);
/// The views of an image.
pub const VIEWS: Roving = Roving::new("views", Along::Columns);

/// What is known of a list between frames.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// What the Tab key stops at.
    stop: Option<Id>,
    /// What was drawn in the last pass, and what was in this one so far.
    before: Vec<Id>,
    now: Vec<Id>,
    pass: u64,
}

impl Roving {
    const fn new(name: &'static str, along: Along) -> Self {
        Self { name, along }
    }

    fn kept<R>(self, ctx: &Context, change: impl FnOnce(&mut Kept) -> R) -> R {
        let id = Id::unique(("roving", self.name));
        ctx.data_mut(|data| change(data.get_temp_mut_or_default(id)))
    }

    /// What an item of the list has to be made with, besides what it senses of the pointer.
    /// `chosen` is the one that the list begins at.
    pub fn sense(self, ctx: &Context, item: Id, chosen: bool) -> Sense {
        let pass = ctx.cumulative_pass_nr();
        let stops = self.kept(ctx, |kept| {
            if kept.pass != pass {
                kept.before = std::mem::take(&mut kept.now);
                kept.pass = pass;
            }
            kept.now.push(item);
            let there = kept.stop.filter(|stop| kept.before.contains(stop));
            match there {
                Some(stop) => stop == item,
                None if chosen || kept.now.len() == 1 => {
                    kept.stop = Some(item);
                    true
                }
                None => kept.stop == Some(item),
            }
        });
        if stops {
            Sense::FOCUSABLE
        } else {
            Sense::empty()
        }
    }

    /// Moves on by the arrows, Home and End while `item` has the keyboard.
    pub fn keys(self, ui: &Ui, item: &Response) {
        if item.clicked() {
            self.kept(ui.ctx(), |kept| kept.stop = Some(item.id));
        }
        if !ui.memory(|memory| memory.has_focus(item.id)) {
            return;
        }
        if item.gained_focus() {
            item.scroll_to_me(None);
        }
        let filter = EventFilter {
            vertical_arrows: self.along == Along::Rows,
            horizontal_arrows: self.along == Along::Columns,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(item.id, filter));
        let (back, forward) = match self.along {
            Along::Rows => (Key::ArrowUp, Key::ArrowDown),
            Along::Columns => (Key::ArrowLeft, Key::ArrowRight),
        };
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (back, forward) = (pressed(back), pressed(forward));
        let (first, last) = (pressed(Key::Home), pressed(Key::End));
        let to = self.kept(ui.ctx(), |kept| {
            let at = kept.before.iter().position(|id| *id == item.id)?;
            let to = match (back, forward, first, last) {
                (true, ..) => at.checked_sub(1)?,
                (_, true, ..) => at + 1,
                (_, _, true, _) => 0,
                (_, _, _, true) => kept.before.len() - 1,
                _ => return None,
            };
            let to = *kept.before.get(to)?;
            kept.stop = Some(to);
            Some(to)
        });
        if let Some(to) = to {
            ui.memory_mut(|memory| memory.request_focus(to));
        }
    }

    /// Gives the list the keyboard; says whether it is on the screen.
    pub fn focus(self, ctx: &Context) -> bool {
        let pass = ctx.cumulative_pass_nr();
        let stop = self.kept(ctx, |kept| {
            let drawn = kept.pass + 1 >= pass;
            kept.stop.filter(|_| drawn)
        });
        if let Some(stop) = stop {
            ctx.memory_mut(|memory| memory.request_focus(stop));
        }
        stop.is_some()
    }

    /// Whether something in the list has the keyboard.
    pub fn has_focus(self, ctx: &Context) -> bool {
        let focused = ctx.memory(egui::Memory::focused);
        self.kept(ctx, |kept| {
            focused.is_some_and(|id| kept.now.contains(&id) || kept.before.contains(&id))
        })
    }
}
