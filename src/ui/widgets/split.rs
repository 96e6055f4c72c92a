//! Two parts side by side, with a line between them that can be dragged.

use std::ops::RangeInclusive;

use egui::{Context, CursorIcon, Id, Rect, Role, Sense, Stroke, Ui, WidgetInfo};

use crate::ui::theme::Tokens;

/// Space between the parts, in points.
const GAP: f32 = 28.0;

/// Neither part is narrower than this, in points, where there is room for both.
const LEAST: f32 = 240.0;

/// The shares of the left part that are believed.
pub const SHARES: RangeInclusive<f32> = 0.1..=0.9;

/// A place where two parts lie side by side. How they share it holds for all tabs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    name: &'static str,
    /// Of the left part, until somebody drags the line.
    share: f32,
}

/// The tree of files, and the file that is selected.
pub const FILES: Split = Split {
    name: "Width of the files",
    share: 0.56,
};

/// The tree of referrers, and the one that is selected.
pub const REFERRERS: Split = Split {
    name: "Width of the referrers",
    share: 0.5,
};

impl Split {
    fn id(self) -> Id {
        Id::unique(("split", self.name))
    }

    /// The share that the left part has before anybody drags.
    pub const fn default_share(self) -> f32 {
        self.share
    }

    /// The share that the left part has.
    pub fn share(self, ctx: &Context) -> f32 {
        ctx.data(|data| data.get_temp(self.id()).unwrap_or(self.share))
    }

    /// Gives the left part this share.
    pub fn set(self, ctx: &Context, share: f32) {
        ctx.data_mut(|data| data.insert_temp(self.id(), share));
    }

    /// Where the two parts of `area` lie. The line between them is dragged here.
    pub fn show(self, ui: &Ui, area: Rect) -> (Rect, Rect) {
        let width = area.width();
        let least = (LEAST / width).min(0.5);
        let within = |share: f32| share.clamp(least, 1.0 - least);
        let mut share = within(self.share(ui.ctx()));
        let at = |share: f32| area.left() + width * share;
        let grip = Rect::from_x_y_ranges(at(share) - 5.0..=at(share) + 5.0, area.y_range());
        // by its name: it is the same one while it is dragged, whatever comes or goes beside it
        let response = ui
            .interact(
                grip,
                ui.scope_id().with(self.name),
                Sense::CLICK | Sense::DRAG,
            )
            .on_hover_cursor(CursorIcon::ResizeHorizontal);
        response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, self.name));
        if let Some(pointer) = response
            .interact_pointer_pos()
            .filter(|_| response.dragged())
        {
            share = within((pointer.x - area.left()) / width);
            self.set(ui.ctx(), share);
        }
        if response.double_clicked() {
            share = within(self.share);
            self.set(ui.ctx(), self.share);
        }
        let tokens = Tokens::of(ui);
        let color = match response.hovered() || response.dragged() {
            true => tokens.accent,
            false => tokens.border,
        };
        ui.painter()
            .vline(at(share), area.y_range(), Stroke::new(1.0, color));
        let (left, right) = area.split_left_right_at_x(at(share));
        (
            left.with_max_x(left.right() - GAP / 2.0),
            right.with_min_x(right.left() + GAP / 2.0),
        )
    }
}
