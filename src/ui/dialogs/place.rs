//! Adding a registry to the explorer, and asking for a repository by its name.

use egui::text::CCursorRange;
use egui::{Align, Context, Id, Key, Layout, Margin, RichText, TextEdit, TextStyle, Ui, vec2};

use super::{Place, modal};
use crate::model::RegistryReference;
use crate::ui::action::{Action, Actions};
use crate::ui::panels::parts::{plain_button, primary_button};
use crate::ui::theme::{Tokens, size, strong};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Registry,
    Repository,
}

/// What was typed.
#[derive(Debug)]
pub struct PlacePrompt {
    wanted: Wanted,
    text: String,
    focused: bool,
}

impl PlacePrompt {
    pub(super) const fn new(wanted: Wanted, text: String) -> Self {
        Self {
            wanted,
            text,
            focused: false,
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        let name = match self.wanted {
            Wanted::Registry => "Add a registry",
            Wanted::Repository => "Browse a repository",
        };
        modal(ctx, name, Place::Middle, 520.0, 20, |ui| {
            self.content(ui, name, actions)
        })
    }

    fn content(&mut self, ui: &mut Ui, name: &str, actions: &mut Actions) -> bool {
        let tokens = Tokens::of(ui);
        let (why, field, hint, button) = match self.wanted {
            Wanted::Registry => (
                "The explorer lists its repositories, where it allows that.",
                "Host",
                "registry.example.com or localhost:5000",
                "Add",
            ),
            Wanted::Repository => (
                "Its tags are listed, whether its registry lists its repositories or not.",
                "Repository",
                "registry.example.com/team/app",
                "Browse tags",
            ),
        };
        ui.label(strong(name).size(17.0));
        ui.add_space(4.0);
        ui.label(RichText::new(why).color(tokens.weak));
        ui.add_space(12.0);
        let id = Id::unique("place field");
        let output = TextEdit::singleline(&mut self.text)
            .id(id)
            .font(TextStyle::Monospace)
            .desired_width(f32::INFINITY)
            .min_size(vec2(0.0, size::CONTROL))
            .margin(Margin::symmetric(10, 6))
            .hint_text(hint)
            .show(ui);
        let response = output.response.response.accessible_name(field);
        if !std::mem::replace(&mut self.focused, true) {
            response.request_focus();
            // behind what stands there already
            let mut state = output.state;
            let end = CCursorRange::one(output.galley.end());
            state.cursor.set_char_range(Some(end));
            state.store(ui.ctx(), id);
        }
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let action = match self.wanted {
            Wanted::Registry => host(&self.text).map(Action::AddRegistry),
            Wanted::Repository => repository(&self.text).map(Action::AddRepository),
        };
        ui.add_space(4.0);
        // the space is kept, so that the buttons stay where they are
        let problem = match &action {
            Err(why) if !self.text.trim().is_empty() => why.as_str(),
            _ => " ",
        };
        ui.label(RichText::new(problem).color(tokens.rejected));
        ui.add_space(12.0);
        let (mut done, mut close) = (enter, false);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            done |= primary_button(ui, button, action.is_ok()).clicked();
            close = plain_button(ui, "Cancel").clicked();
        });
        match action {
            Ok(action) if done => {
                actions.push(action);
                true
            }
            _ => close,
        }
    }
}

/// Without what a web address has around a host.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = ["https://", "http://", "docker://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    text.trim_end_matches('/')
}

/// The host of a registry.
fn host(text: &str) -> Result<String, String> {
    let host = bare(text);
    let host = host.strip_suffix("/v2").unwrap_or(host);
    let parsed = format!("{host}/any/any").parse::<RegistryReference>();
    match parsed {
        // what has neither a dot nor a port is taken for a part of a name on Docker Hub
        Ok(parsed) if parsed.repository() == "any/any" => Ok(parsed.host().to_owned()),
        _ => Err("This is not a host: write registry.example.com or localhost:5000".to_owned()),
    }
}

/// A repository, without a tag.
fn repository(text: &str) -> Result<RegistryReference, String> {
    if text.trim_end().ends_with('/') {
        return Err(String::new()); // the name is still being typed
    }
    let parsed: RegistryReference = bare(text)
        .parse()
        .map_err(|error| format!("This is not a repository: {error}"))?;
    let bare_name = bare(text).rsplit('/').next().unwrap_or_default();
    if bare_name.contains([':', '@']) {
        return Err("Leave the tag out: the tags are what is listed".to_owned());
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::{host, repository};

    #[test]
    fn hosts_are_told_from_names() {
        for (text, expected) in [
            ("registry.example.com", "registry.example.com"),
            (" https://r.example.com:5000/ ", "r.example.com:5000"),
            ("http://localhost/v2/", "localhost"),
            ("localhost:5000", "localhost:5000"),
            ("docker.io", "docker.io"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "busybox",
            "r.example.com/team",
            "a b",
            "user:word@r.example.com",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn repositories_have_no_tag() {
        let name = |text| repository(text).map(|parsed| parsed.name());
        assert_eq!(name("r:5000/team/app").as_deref(), Ok("r:5000/team/app"));
        assert_eq!(name("busybox").as_deref(), Ok("docker.io/library/busybox"));
        for text in [
            "r:5000/",
            "r:5000/team/app:1",
            "r/A",
            "",
            "r.example.com/a@sha256:00",
        ] {
            assert!(repository(text).is_err(), "{text}");
        }
    }
}
