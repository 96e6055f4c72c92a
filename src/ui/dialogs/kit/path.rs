//! Fields for paths, each with the dialog of the system beside it. What that gives goes to
//! the field that asked for it, whatever was pressed since.

use egui::{Context, Id, Response, Role, Ui, WidgetInfo};

use super::field::{Look, field_id, row, text};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::panels::parts::button_width;

const BROWSE: &str = "Browse…";

/// A path on its way from the dialog of the system to the field that asked for it.
#[derive(Clone, Debug)]
struct Picked {
    field: Id,
    path: String,
}

fn slot() -> Id {
    Id::unique("picked path")
}

/// The dialog of the system gave `path` for `field`.
pub fn give_path(ctx: &Context, field: Id, path: String) {
    ctx.data_mut(|data| data.insert_temp(slot(), Picked { field, path }));
}

/// What was picked is for nobody any more.
pub fn forget_path(ctx: &Context) {
    ctx.data_mut(|data| data.remove::<Picked>(slot()));
}

/// What was picked for the field called `name`, once.
pub fn picked_path(ui: &Ui, name: &str) -> Option<String> {
    let field = field_id(name);
    ui.data_mut(|data| {
        let picked = data.get_temp::<Picked>(slot())?;
        (picked.field == field).then(|| data.remove::<Picked>(slot()))?;
        Some(picked.path)
    })
}

/// How wide the button is that picks a path, with the space before it, in points.
pub fn browse_width(ui: &Ui) -> f32 {
    button_width(ui, BROWSE) + ui.spacing().item_spacing.x
}

/// The button that picks a path for the field called `name`.
pub fn browse(ui: &mut Ui, name: &str, wish: PathWish, actions: &mut Actions) {
    let button = ui.button(BROWSE);
    button.widget_info(|| {
        let name = format!("Browse for {}", name.to_lowercase());
        WidgetInfo::labeled(Role::Button, ui.is_enabled(), name)
    });
    if button.clicked() {
        actions.push(Action::PickPath(wish, field_id(name)));
    }
}

/// A field for a path called `name`, as wide as what is left of the line but for `room`
/// points, with the button that picks one.
pub fn path(
    ui: &mut Ui,
    name: &str,
    value: &mut String,
    hint: &str,
    room: f32,
    wish: PathWish,
    actions: &mut Actions,
) -> Response {
    if let Some(path) = picked_path(ui, name) {
        *value = path;
    }
    let width = ui.available_width() - browse_width(ui) - room;
    let field = text(ui, name, value, hint, Look::Exact, width);
    browse(ui, name, wish, actions);
    field
}

/// A row for the path of a file that is read; `which` tells several from each other, `title`
/// is that of the dialog.
pub fn path_row(
    ui: &mut Ui,
    label: &str,
    which: &str,
    value: &mut String,
    hint: &str,
    title: &'static str,
    actions: &mut Actions,
) -> Response {
    let name = format!("{label}{which}");
    let wish = PathWish::File(title);
    row(ui, label, |ui| {
        path(ui, &name, value, hint, 0.0, wish, actions)
    })
}
