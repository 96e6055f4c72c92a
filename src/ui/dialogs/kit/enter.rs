//! Enter in a field of one line: in the last one of a dialog it presses the main button, in
//! the others the keyboard stays where it is.

use egui::{Id, Key, Modifiers, Response, Ui};

/// The fields of one line that were drawn in this frame.
#[derive(Clone, Copy, Debug, Default)]
struct Fields {
    /// The last one.
    last: Option<Id>,
    /// The one that Enter was pressed in.
    entered: Option<Id>,
}

fn slot() -> Id {
    Id::unique("fields of one line")
}

/// A field of one line was drawn.
pub(super) fn drawn(field: &Response) {
    let enter = |input: &egui::InputState| {
        input.key_pressed(Key::Enter) && input.modifiers == Modifiers::NONE
    };
    let entered = field.lost_focus() && field.ctx.input(enter);
    field.ctx.data_mut(|data| {
        let fields = data.get_temp_mut_or_default::<Fields>(slot());
        fields.last = Some(field.id);
        if entered {
            fields.entered = Some(field.id);
        }
    });
}

/// A dialog is drawn from its beginning.
pub(super) fn begin(ui: &Ui) {
    ui.data_mut(|data| data.remove::<Fields>(slot()));
}

/// Whether Enter was pressed in the last field. Where nothing can be done yet, and in another
/// field, that keeps the keyboard.
pub(super) fn in_last_field(ui: &Ui, ready: bool) -> bool {
    let fields = ui.data(|data| data.get_temp::<Fields>(slot()));
    let Some(Fields {
        last,
        entered: Some(entered),
    }) = fields
    else {
        return false;
    };
    if ready && last == Some(entered) {
        return true;
    }
    ui.memory_mut(|memory| memory.request_focus(entered));
    false
}
