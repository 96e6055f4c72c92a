//! The tabs of the open images, which can be dragged, split and closed.

use std::collections::BTreeMap;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Align2, Color32, CursorIcon, DragAndDrop, FontId, Id, Painter, PointerButton, Rect,
    Response, Role, Sense, Stroke, Style, Ui, Visuals, WidgetInfo, WidgetText, vec2,
};
use egui_tiles::{
    Behavior, EditAction, ResizeState, SimplificationOptions, TabState, Tabs as TabBar, Tile,
    TileId, Tiles, UiResponse,
};

use super::image_pane;
use crate::engine::{ImageId, KeyInfo, Place};
use crate::model::text;
use crate::ui::action::{Action, Actions, CopyWhat};
use crate::ui::app::{Tab, TabsParts};
use crate::ui::drag;
use crate::ui::image_menu::{ImageMenu, item};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::{focus_ring, roving, take_finds};

/// Height of the bar that the tabs lie in.
const BAR: f32 = 36.0;
/// Space left and right of a title.
const MARGIN: f32 = 14.0;
/// Space left of the first tab.
const LEFT: f32 = 8.0;
/// Longest name of tabs that lie side by side, in characters.
const SIDE_BY_SIDE: usize = 48;
/// The button that closes a tab, with its distance from the title.
const CLOSE: f32 = 16.0;
const CLOSE_GAP: f32 = 6.0;
/// The line under what is selected.
pub(super) const UNDERLINE: f32 = 2.0;

/// Draws the tabs and what they show.
pub fn show(
    ui: &mut Ui,
    tabs: TabsParts<'_>,
    keys: &[KeyInfo],
    now: jiff::Timestamp,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    let TabsParts {
        tree,
        open,
        focused,
        reveal,
    } = tabs;
    let several = open.len() > 1;
    let rect = ui.max_rect();
    let pointer = ui.ctx().pointer_latest_pos();
    let outside = pointer.is_some_and(|pointer| !rect.contains(pointer));
    let dragging = DragAndDrop::has_payload_of_type::<drag::Dragged>(ui.ctx());
    // whoever drops a tab on a place copies its image there: the tab stays where it is
    let released = ui.input(|input| input.pointer.any_released());
    let before = released.then(|| tree.clone());
    let mut behavior = ImageTabs {
        open,
        focused,
        reveal,
        several,
        keys,
        now,
        tokens,
        actions,
        outside,
        bar: Rect::NOTHING,
        first: false,
    };
    tree.ui(&mut behavior, ui);
    let dropped = dragging && !DragAndDrop::has_payload_of_type::<drag::Dragged>(ui.ctx());
    if let Some(before) = before
        && (outside || dropped)
    {
        *tree = before;
    }
}

struct ImageTabs<'a> {
    open: &'a mut BTreeMap<ImageId, Tab>,
    focused: &'a mut Option<ImageId>,
    reveal: &'a mut Option<ImageId>,
    several: bool,
    keys: &'a [KeyInfo],
    now: jiff::Timestamp,
    tokens: &'static Tokens,
    actions: &'a mut Actions,
    /// Whether the pointer is somewhere else in the window.
    outside: bool,
    /// The bar whose tabs are drawn now, and whether the first of them comes next.
    bar: Rect,
    first: bool,
}

/// Where the tab in front lies among the others, and for how many passes it is still
/// scrolled to: what comes in sight beside the tabs takes of their room a pass later.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Front {
    left: f32,
    width: f32,
    bar: f32,
    passes: u8,
}

/// For how many passes a tab is scrolled to.
const REVEAL: u8 = 4;

impl ImageTabs<'_> {
    fn tab(&self, tiles: &Tiles<ImageId>, tile: TileId) -> Option<&Tab> {
        self.open.get(tiles.get_pane(&tile)?)
    }

    /// What a tab is called: what is open in it, or the names of those that lie side by side.
    fn title_of(&self, tiles: &Tiles<ImageId>, tile: TileId) -> String {
        match tiles.get(tile) {
            Some(Tile::Pane(image)) => self.open.get(image).map(Tab::title).unwrap_or_default(),
            Some(Tile::Container(container)) => {
                let titles = container
                    .children()
                    .map(|child| self.title_of(tiles, *child));
                let titles = titles.collect::<Vec<_>>().join(" | ");
                text::middle(&titles, SIDE_BY_SIDE).into_owned()
            }
            None => String::new(),
        }
    }

    /// Keeps the tab in front in sight when it comes there, or what lies beside it changes.
    fn keep_in_sight(&self, ui: &Ui, id: Id, rect: Rect, reveal: bool) {
        let id = id.with("front");
        let before: Front = ui.data(|data| data.get_temp(id).unwrap_or_default());
        let mut now = Front {
            left: (rect.left() - ui.max_rect().left()).round(),
            width: rect.width().round(),
            bar: self.bar.width().round(),
            passes: before.passes,
        };
        if reveal || now != before {
            now.passes = REVEAL;
        }
        if now.passes > 0 {
            now.passes -= 1;
            ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
            ui.ctx().request_repaint();
        }
        ui.data_mut(|data| data.insert_temp(id, now));
    }

    /// An arrow of ours in the place of the one that is drawn there.
    fn chevron(&self, ui: &Ui, icon: &str, center: f32) {
        let rect = Rect::from_center_size(egui::pos2(center, self.bar.center().y), vec2(BAR, BAR));
        // where the tabs themselves are not seen
        let (ctx, layer) = (ui.ctx(), ui.layer_id());
        let color = if ctx.rect_contains_pointer(layer, rect) {
            self.tokens.text
        } else {
            self.tokens.weak
        };
        let painter = Painter::new(ctx.clone(), layer, self.bar);
        let font = FontId::proportional(size::ICON);
        painter.text(rect.center(), Align2::CENTER_CENTER, icon, font, color);
    }

    fn close_button(&mut self, ui: &Ui, rect: Rect, id: Id, tab: ImageId, title: &str) -> bool {
        // by the keyboard tabs are closed with Ctrl+W: the list is one stop
        let response = ui.interact(rect, id.with("close"), Sense::CLICK);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Close {title}")));
        let strong = response.hovered();
        if strong {
            ui.painter()
                .rect_filled(rect, f32::from(size::CORNER), self.tokens.hover);
        }
        ui.painter().text(
            rect.center(),
            Align2::CENTER_CENTER,
            icons::X,
            FontId::proportional(13.0),
            if strong {
                self.tokens.text
            } else {
                self.tokens.faint
            },
        );
        let clicked = response.clicked();
        if clicked {
            self.actions.push(Action::CloseTab(tab));
        }
        response.on_hover_text("Close (Ctrl+W)");
        clicked
    }
}

impl Behavior<ImageId> for ImageTabs<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, image: &mut ImageId) -> UiResponse {
        let rect = ui.max_rect();
        let pressed = ui.input(|input| input.pointer.any_pressed());
        if pressed && ui.rect_contains_pointer(rect) {
            *self.focused = Some(*image);
        }
        ui.painter().rect_filled(rect, 0.0, self.tokens.background);
        take_finds(ui.ctx(), Some(*image) == *self.focused);
        if let Some(tab) = self.open.get_mut(image) {
            image_pane::show(ui, tab, self.keys, self.now, self.actions);
        }
        take_finds(ui.ctx(), false);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, image: &ImageId) -> WidgetText {
        self.open
            .get(image)
            .map(Tab::title)
            .unwrap_or_default()
            .into()
    }

    fn tab_ui(
        &mut self,
        tiles: &mut Tiles<ImageId>,
        ui: &mut Ui,
        id: Id,
        tile: TileId,
        state: &TabState,
    ) -> Response {
        if std::mem::take(&mut self.first) && ui.clip_rect().left() > self.bar.left() + BAR {
            self.chevron(ui, icons::CHEVRON_LEFT, self.bar.left() + LEFT + BAR / 2.0);
        }
        let tab = self.tab(tiles, tile);
        let title = self.title_of(tiles, tile);
        let failure = tab.and_then(Tab::failure).cloned();
        let full_title = tab.map_or_else(|| title.clone(), Tab::full_title);
        let image = tab.map(Tab::image_id);

        let focused = image.is_some() && image == *self.focused;
        let color = if state.active {
            self.tokens.text
        } else {
            self.tokens.weak
        };
        let mut job = LayoutJob::default();
        let mut append = |text: &str, gap: f32, size: f32, color: Color32| {
            let mut format = TextFormat::simple(FontId::proportional(size), color);
            format.valign = Align::Center;
            job.append(text, gap, format);
        };
        let gap = if failure.is_some() {
            append(icons::TRIANGLE_ALERT, 0.0, 13.0, self.tokens.rejected);
            6.0
        } else {
            0.0
        };
        append(&title, gap, size::BODY, color);
        let galley = ui.painter().layout_job(job);
        let width = galley.size().x + 2.0 * MARGIN + CLOSE_GAP + CLOSE;
        let (_, rect) = ui.allocate_space(vec2(width, BAR));
        let stop = roving::TABS.sense(ui.ctx(), id, focused);
        let response = ui
            .interact(rect, id, Sense::CLICK | Sense::DRAG | stop)
            .on_hover_cursor(CursorIcon::Default);
        roving::TABS.keys(ui, &response);
        let known = tab.is_some_and(|tab| tab.image().is_some());
        if let Some(image) = image.filter(|_| known && response.drag_started()) {
            let dragged = drag::Dragged::image(CopyWhat::Tab(image), title.clone());
            response.dnd_set_drag_payload(dragged);
        }
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, state.active, &title));
        let reveal = image.is_some() && image == *self.reveal;
        if reveal {
            *self.reveal = None;
        }
        if reveal || state.active {
            self.keep_in_sight(ui, id, rect, reveal || response.clicked());
        }
        let close = Rect::from_center_size(
            egui::pos2(rect.right() - MARGIN - CLOSE / 2.0 + 4.0, rect.center().y),
            vec2(CLOSE, CLOSE),
        );

        if !state.is_being_dragged {
            let painter = ui.painter();
            let at = egui::pos2(
                rect.left() + MARGIN,
                rect.center().y - galley.size().y / 2.0,
            );
            painter.galley(at, galley, color);
            if state.active {
                let accent = if focused || !self.several {
                    self.tokens.accent
                } else {
                    self.tokens.faint
                };
                let line = Rect::from_min_max(
                    egui::pos2(rect.left(), rect.bottom() - UNDERLINE),
                    rect.right_bottom(),
                );
                painter.rect_filled(line, 0.0, accent);
            }
            if response.has_focus() {
                focus_ring(ui, rect);
            }
            if let Some(image) = image {
                let over = response.hovered() || ui.rect_contains_pointer(rect);
                if (over || state.active)
                    && !self.close_button(ui, close, id, image, &title)
                    && response.clicked_by(PointerButton::Middle)
                {
                    self.actions.push(Action::CloseTab(image));
                }
                if response.clicked() || response.drag_started() {
                    *self.focused = Some(image);
                }
            }
        }
        if let Some(image) = image {
            response.context_menu(|ui| {
                if let Some(tab) = self.open.get(&image) {
                    let failed = self.open.values().any(|tab| tab.failure().is_some());
                    tab_menu(ui, tab, self.several, failed, self.actions);
                }
            });
        }
        match failure {
            Some(failure) => response.on_hover_text(format!("{full_title}\n{}", failure.headline)),
            None if full_title == title => response,
            None => response.on_hover_text(full_title),
        }
    }

    fn drag_ui(&mut self, tiles: &Tiles<ImageId>, ui: &mut Ui, tile: TileId) {
        // what can be copied is shown beside the pointer already
        if DragAndDrop::has_payload_of_type::<drag::Dragged>(ui.ctx()) {
            return;
        }
        let title = self.title_of(tiles, tile);
        egui::Frame::popup(ui.style()).show(ui, |ui| ui.label(title));
    }

    fn top_bar_right_ui(
        &mut self,
        _tiles: &Tiles<ImageId>,
        ui: &mut Ui,
        _tile: TileId,
        _tabs: &TabBar,
        _scroll: &mut f32,
    ) {
        let rect = ui.max_rect();
        self.bar = rect;
        ui.painter().hline(
            rect.x_range(),
            rect.bottom() - 0.5,
            Stroke::new(1.0, self.tokens.border),
        );
        // the arrows that scroll are drawn over what is left of theirs
        ui.spacing_mut().icon_width = 0.0;
        let widgets = &mut ui.visuals_mut().widgets;
        widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
        widgets.inactive.bg_stroke = Stroke::NONE;
    }

    fn tab_bar_left_ui(
        &mut self,
        _tiles: &Tiles<ImageId>,
        ui: &mut Ui,
        _tile: TileId,
        _tabs: &TabBar,
    ) {
        if ui.max_rect().right() < self.bar.right() - BAR / 2.0 {
            self.chevron(ui, icons::CHEVRON_RIGHT, self.bar.right() - BAR / 2.0);
        }
        self.first = true;
        ui.add_space(LEFT);
    }

    fn on_edit(&mut self, _: EditAction) {}

    fn cycle_tabs_with_keyboard(&self) -> bool {
        false // a command of the table does
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..SimplificationOptions::default()
        }
    }

    fn tab_bar_height(&self, _: &Style) -> f32 {
        BAR
    }

    fn min_size(&self) -> f32 {
        160.0
    }

    fn tab_bar_color(&self, _: &Visuals) -> Color32 {
        self.tokens.panel
    }

    fn resize_stroke(&self, _: &Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::new(1.0, self.tokens.border),
            ResizeState::Hovering | ResizeState::Dragging => Stroke::new(2.0, self.tokens.accent),
        }
    }

    fn drag_preview_color(&self, _: &Visuals) -> Color32 {
        if self.outside {
            return Color32::TRANSPARENT;
        }
        self.tokens.accent.gamma_multiply(0.15)
    }

    fn drag_preview_stroke(&self, visuals: &Visuals) -> Stroke {
        if self.outside {
            return Stroke::NONE;
        }
        visuals.selection.stroke
    }
}

/// What can be done with a tab and with what it shows; `several` where there are others,
/// `failed` where nothing could be opened in one of them.
fn tab_menu(ui: &mut Ui, tab: &Tab, several: bool, failed: bool, actions: &mut Actions) {
    let image = tab.image_id();
    if let Some(Place::Repository(name)) = tab.place() {
        if item(ui, "Copy name") {
            actions.push(Action::Copy {
                text: name.clone(),
                what: "repository name".to_owned(),
            });
        }
    } else if let Some(reference) = tab.reference().filter(|_| tab.comparison().is_none()) {
        if item(ui, "Open in another tab") {
            actions.push(Action::OpenAgain(image));
        }
        let menu = ImageMenu::of(&reference.to_string())
            .with_digest(reference, tab.root_digest())
            .of_tab(CopyWhat::Tab(image), tab.compared());
        // of what could not be opened, or is a list, there is only the name
        if tab.image().is_some() {
            menu.show(ui, actions);
        } else {
            menu.show_name(ui, actions);
        }
    }
    ui.separator();
    if item(ui, "Close") {
        actions.push(Action::CloseTab(image));
    }
    if several && item(ui, "Close others") {
        actions.push(Action::CloseOthers(image));
    }
    if failed && item(ui, "Close failed") {
        actions.push(Action::CloseFailed);
    }
}

/// A tab of a bar of views: words with a line under the one that is selected.
pub(super) fn view_tab(ui: &mut Ui, name: &str, selected: bool, height: f32) -> Response {
    let tokens = Tokens::of(ui);
    let font = FontId::proportional(size::BODY);
    let galley = ui
        .painter()
        .layout_no_wrap(name.to_owned(), font, Color32::PLACEHOLDER);
    let (id, rect) = ui.allocate_space(vec2(galley.size().x + 20.0, height));
    let stop = roving::VIEWS.sense(ui.ctx(), id, selected);
    let response = ui.interact(rect, id, Sense::CLICK | stop);
    roving::VIEWS.keys(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, name));
    let color = if selected || response.hovered() || response.has_focus() {
        tokens.text
    } else {
        tokens.weak
    };
    let at = rect.center() - galley.size() / 2.0;
    ui.painter()
        .galley_with_override_text_color(at, galley, color);
    if selected || response.has_focus() {
        let line = Rect::from_min_max(
            egui::pos2(rect.left(), rect.bottom() - UNDERLINE),
            rect.right_bottom(),
        );
        let color = if selected {
            tokens.accent
        } else {
            tokens.faint
        };
        ui.painter().rect_filled(line, 0.0, color);
    }
    if response.has_focus() {
        focus_ring(ui, rect);
    }
    response
}
