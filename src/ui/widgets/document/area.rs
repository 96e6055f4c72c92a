//! Many rows of one height, of which only the visible ones are drawn.

use std::ops::Range;

use egui::{
    EventFilter, Key, Modifiers, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2,
    vec2,
};

/// The rows before they are drawn.
pub(super) struct Area<'a> {
    /// Its accessible name.
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) rows: usize,
    pub(super) row_height: f32,
    /// The width of the content where it is wider than the window, in points.
    pub(super) width: f32,
    /// Whether it takes all the height and scrolls, or is as high as its rows.
    pub(super) scrolls: bool,
    /// The row to scroll to in this frame.
    pub(super) reveal: Option<usize>,
}

/// What a visible part of the rows is drawn into.
pub(super) struct Part<'a> {
    pub(super) ui: &'a mut Ui,
    /// All rows, also those that are not visible.
    pub(super) rect: Rect,
    pub(super) visible: Range<usize>,
    /// Has the focus of the keyboard.
    pub(super) response: Response,
    row_height: f32,
}

impl Part<'_> {
    /// Where a row lies.
    pub(super) fn row(&self, row: usize) -> Rect {
        let top = self.rect.top() + row as f32 * self.row_height;
        Rect::from_x_y_ranges(self.rect.x_range(), top..=top + self.row_height)
    }

    /// Scrolls where a key says so.
    pub(super) fn scroll_by_keys(&self) {
        if !self.response.has_focus() {
            return;
        }
        let ui = &*self.ui;
        let row = self.row_height;
        let page = self.page() as f32 * row;
        for (key, by) in [
            (Key::ArrowDown, row),
            (Key::ArrowUp, -row),
            (Key::PageDown, page),
            (Key::PageUp, -page),
        ] {
            if pressed(ui, key) {
                // the content moves against the way of the eye
                ui.scroll_with_delta(vec2(0.0, -by));
            }
        }
        for (key, to) in [
            (Key::Home, self.rect.top()),
            (Key::End, self.rect.bottom() - row),
        ] {
            if pressed(ui, key) {
                let target = Rect::from_min_size(pos2(self.rect.left(), to), vec2(1.0, row));
                ui.scroll_to_rect(target, None);
            }
        }
    }

    /// How many rows a page is.
    pub(super) fn page(&self) -> usize {
        self.visible.len().saturating_sub(2).max(1)
    }
}

impl Area<'_> {
    /// Draws the visible rows with `draw`.
    pub(super) fn show<R>(self, ui: &mut Ui, draw: impl FnOnce(&mut Part<'_>) -> R) -> R {
        if !self.scrolls {
            return self.part(ui, draw);
        }
        ScrollArea::new([self.width > 0.0, true])
            .id_salt(self.name)
            .auto_shrink(false)
            .show(ui, |ui| self.part(ui, draw))
            .inner
    }

    fn part<R>(&self, ui: &mut Ui, draw: impl FnOnce(&mut Part<'_>) -> R) -> R {
        let width = self.width.max(ui.available_width());
        let size = vec2(width, self.rows as f32 * self.row_height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::focusable_noninteractive());
        response.widget_info(|| WidgetInfo::labeled(self.role, ui.is_enabled(), self.name));
        if response.has_focus() {
            let filter = EventFilter {
                vertical_arrows: true,
                horizontal_arrows: true,
                ..EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
            super::super::focus_ring(ui, rect.intersect(ui.clip_rect()));
        }
        if let Some(row) = self.reveal {
            let top = rect.top() + row as f32 * self.row_height;
            let target = Rect::from_x_y_ranges(
                rect.left()..=rect.left() + 1.0,
                top - self.row_height..=top + 2.0 * self.row_height,
            );
            ui.scroll_to_rect(target, None);
        }
        let clip = ui.clip_rect();
        let from = ((clip.top() - rect.top()) / self.row_height).floor();
        let to = ((clip.bottom() - rect.top()) / self.row_height).ceil();
        let visible =
            (from.max(0.0) as usize).min(self.rows)..(to.max(0.0) as usize).min(self.rows);
        draw(&mut Part {
            ui,
            rect,
            visible,
            response,
            row_height: self.row_height,
        })
    }
}

/// Whether a key was pressed; nothing else sees it then.
pub(super) fn pressed(ui: &Ui, key: Key) -> bool {
    ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}

/// Tells a screen reader the words of a row that are only painted.
pub(super) fn say(ui: &Ui, row: Rect, position: usize, words: String) {
    let response = ui.interact(row, ui.scope_id().with(("row", position)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
}
