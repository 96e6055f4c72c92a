//! Opening a folder by its path, where no dialog service of the desktop answers.

use egui::{Align, Context, Id, Key, Layout, Margin, RichText, TextEdit, TextStyle, Ui, vec2};

use super::{Place, modal};
use crate::ui::action::{Action, Actions};
use crate::ui::panels::parts::{plain_button, primary_button};
use crate::ui::theme::{Tokens, size, strong};

/// The path that was typed.
#[derive(Debug, Default)]
pub struct Folder {
    path: String,
    focused: bool,
}

impl Folder {
    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        modal(ctx, "Open folder", Place::Middle, 560.0, 20, |ui| {
            self.content(ui, actions)
        })
    }

    fn content(&mut self, ui: &mut Ui, actions: &mut Actions) -> bool {
        let weak = Tokens::of(ui).weak;
        ui.label(strong("Open a folder or archive").size(17.0));
        ui.add_space(4.0);
        let why = "No file dialog of the desktop answers here. Type the path of an OCI layout folder or of an archive.";
        ui.label(RichText::new(why).color(weak));
        ui.add_space(12.0);
        let id = Id::unique("folder path field");
        let response = ui
            .add(
                TextEdit::singleline(&mut self.path)
                    .id(id)
                    .font(TextStyle::Monospace)
                    .desired_width(f32::INFINITY)
                    .min_size(vec2(0.0, size::CONTROL))
                    .margin(Margin::symmetric(10, 6))
                    .hint_text("/path/to/folder"),
            )
            .accessible_name("Path");
        if !std::mem::replace(&mut self.focused, true) {
            response.request_focus();
        }
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(16.0);
        let path = self.path.trim();
        let mut open = enter && !path.is_empty();
        let mut close = false;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            open |= primary_button(ui, "Open folder", !path.is_empty()).clicked();
            close |= plain_button(ui, "Cancel").clicked();
        });
        if open {
            actions.push(Action::Open(expand_home(path)));
        }
        open || close
    }
}

/// `~` and `~/…` mean the home folder, as in a shell.
pub fn expand_home(path: &str) -> String {
    let rest = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => return path.to_owned(),
    };
    match std::env::home_dir() {
        Some(home) => format!("{}{rest}", home.display()),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::expand_home;

    #[test]
    fn a_tilde_means_the_home_folder() {
        let home = std::env::home_dir().unwrap().display().to_string();
        assert_eq!(expand_home("~"), home);
        assert_eq!(expand_home("~/images"), format!("{home}/images"));
        for other in ["/a/~", "~other/images", "images"] {
            assert_eq!(expand_home(other), other);
        }
    }
}
