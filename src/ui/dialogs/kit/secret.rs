//! A field for a password: what is typed is never shown, and wiped when it is dropped.

use std::any::TypeId;
use std::fmt;
use std::ops::Range;

use egui::text::CharIndex;
use egui::{Margin, Response, TextBuffer, TextEdit, Ui, vec2};
use zeroize::{Zeroize as _, Zeroizing};

use super::enter;
use super::field::field_id;
use crate::engine::Secret;
use crate::model::wiping;
use crate::ui::theme::size;

/// Longest secret that is taken, in bytes: room is kept for all of it at once, since growing
/// would leave a copy behind.
const BYTES: usize = 8192;

/// What was typed into a field for a password.
pub struct SecretText(Zeroizing<String>);

impl Default for SecretText {
    fn default() -> Self {
        // what the window takes in passes through more hands than this
        wiping::from_now_on();
        Self(Zeroizing::new(String::with_capacity(BYTES)))
    }
}

impl SecretText {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was typed, for whom it is meant.
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.as_str().to_owned())
    }

    /// Whether the same was typed into `other`.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Forgets what was typed.
    pub fn forget(&mut self) {
        self.0.zeroize();
        *self = Self::default();
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl TextBuffer for SecretText {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        &self.0
    }

    fn insert_text(&mut self, text: &str, at: CharIndex) -> usize {
        if self.0.len() + text.len() > BYTES {
            return 0;
        }
        TextBuffer::insert_text(&mut *self.0, text, at)
    }

    fn delete_char_range(&mut self, range: Range<CharIndex>) {
        TextBuffer::delete_char_range(&mut *self.0, range);
    }

    fn clear(&mut self) {
        self.forget();
    }

    fn replace_with(&mut self, text: &str) {
        self.forget();
        self.insert_text(text, CharIndex::default());
    }

    fn take(&mut self) -> String {
        // nobody is given it in the clear
        self.forget();
        String::new()
    }

    fn type_id(&self) -> TypeId {
        TypeId::of::<Self>()
    }
}

/// A field for a password called `name`, `width` points wide.
pub fn secret(ui: &mut Ui, name: &str, value: &mut SecretText, width: f32) -> Response {
    let id = field_id(name);
    let output = TextEdit::singleline(value)
        .id(id)
        .password(true)
        .desired_width(width.max(40.0))
        .min_size(vec2(0.0, size::CONTROL))
        .margin(Margin::symmetric(10, 6))
        .show(ui);
    // what was typed is not kept to be undone
    let mut state = output.state;
    state.clear_undoer();
    state.store(ui.ctx(), id);
    enter::drawn(&output.response.response);
    output.response.response.accessible_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_it_and_it_is_forgotten() {
        let mut text = SecretText::default();
        let before = text.0.as_ptr();
        text.insert_text("s3cret", CharIndex::default());
        assert_eq!(format!("{text:?}"), "SecretText(…)");
        assert_eq!(text.secret().expose(), "s3cret");
        assert_eq!(text.0.as_ptr(), before, "it did not grow");
        let mut again = SecretText::default();
        again.insert_text("s3cret", CharIndex::default());
        assert!(text.is_same(&again) && !text.is_same(&SecretText::default()));
        assert_eq!(TextBuffer::take(&mut text), "");
        assert!(text.is_empty());
        let long = "x".repeat(BYTES + 1);
        assert_eq!(text.insert_text(&long, CharIndex::default()), 0);
    }
}
