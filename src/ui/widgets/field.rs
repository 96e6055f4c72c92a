//! The field that narrows down or finds.

use egui::{Context, Id, Margin, Rect, Response, TextEdit, Ui, UiBuilder, vec2};

use crate::ui::theme::{icons, size};

use super::button;

/// Side of the button that empties the field, in points.
const BUTTON: f32 = 24.0;

/// The wish to type into the field of the view in front, with the pass that it is of.
#[derive(Clone, Copy, Debug, Default)]
struct FindWish(u64);

/// Whether what is drawn now is in front, so that such a wish is for it.
#[derive(Clone, Copy, Debug)]
struct InFront(bool);

fn wish_id() -> Id {
    Id::unique("find wish")
}

/// Gives the field of the view in front the keyboard when it is drawn next.
pub fn find_here(ctx: &Context) {
    let wish = FindWish(ctx.cumulative_pass_nr());
    ctx.data_mut(|data| data.insert_temp(wish_id(), wish));
    ctx.request_repaint();
}

/// What is drawn from now on takes the wish of [`find_here`], or leaves it to another.
pub fn take_finds(ctx: &Context, in_front: bool) {
    ctx.data_mut(|data| data.insert_temp(wish_id(), InFront(in_front)));
}

/// Whether the field that is drawn now is wished for; it is no other's any more then.
fn is_wished(ctx: &Context) -> bool {
    let pass = ctx.cumulative_pass_nr();
    ctx.data_mut(|data| {
        let in_front = data.get_temp::<InFront>(wish_id());
        if !in_front.is_some_and(|InFront(in_front)| in_front) {
            return false;
        }
        let wish = data.remove_temp::<FindWish>(wish_id());
        // a view without a field leaves none behind for the one that is shown later
        wish.is_some_and(|FindWish(of)| pass <= of + 2)
    })
}

/// A field for a filter or a search. `name` is its accessible name and the hint while it
/// is empty. Escape, and a button while something is in it, empty it.
pub fn search(ui: &mut Ui, name: &str, text: &mut String, width: f32) -> Response {
    let mut response = ui
        .add(
            TextEdit::singleline(text)
                .hint_text(name)
                .prefix(icons::SEARCH)
                .desired_width(width)
                .align(egui::Align2::LEFT_CENTER)
                .margin(Margin {
                    left: 8,
                    right: BUTTON as i8 + 4,
                    ..Margin::symmetric(0, 2)
                })
                .min_size(vec2(0.0, size::CONTROL)),
        )
        .accessible_name(name);
    if is_wished(ui.ctx()) {
        response.request_focus();
    }
    let escape = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Escape));
    let cleared = !text.is_empty() && clear(ui, &response);
    if !text.is_empty() && (escape || cleared) {
        text.clear();
        response.mark_changed();
    }
    response
}

/// The button at the end of the field; says whether it was clicked.
fn clear(ui: &mut Ui, field: &Response) -> bool {
    let middle = field.rect.right_center() - vec2(BUTTON / 2.0 + 2.0, 0.0);
    let place = Rect::from_center_size(middle, vec2(BUTTON, BUTTON));
    // a child of its own: what follows the field stays where it is
    let mut inside = ui.new_child(UiBuilder::new().max_rect(place).id_salt("clear"));
    button::icon_button(&mut inside, icons::X, "Clear").clicked()
}
