//! What `registries.conf` says: mirrors, blocked and insecure registries, short names.

use egui::{RichText, Ui};

use super::SettingsDialog;
use crate::engine::KnownRegistry;
use crate::model::text;
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons};

impl SettingsDialog {
    pub(super) fn mirrors(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        kit::quiet(
            ui,
            "Read from registries.conf and its drop-ins, which podman and skopeo use too. Only reading goes to mirrors, and what they give is hashed.",
        );
        let Some(known) = &self.logins else {
            kit::quiet(ui, "Reading the files…");
            return;
        };
        if let Some(problem) = &known.problem {
            let words = format!("No registry is asked while this is so: {problem}");
            kit::note(ui, icons::CIRCLE_X, tokens.rejected, &text::visible(&words));
        }
        kit::heading(ui, "Registries");
        if known.registries.is_empty() && known.problem.is_none() {
            kit::quiet(ui, "The files say nothing about any registry.");
        }
        for (at, registry) in known.registries.iter().enumerate() {
            ui.push_id(at, |ui| self::registry(ui, registry));
        }
        if known.aliases.is_empty() {
            return;
        }
        kit::heading(ui, "Short names");
        for alias in known.aliases.iter() {
            ui.horizontal(|ui| {
                ui.label(text::visible(&alias.name).into_owned());
                let means = format!("{} {}", icons::ARROW_RIGHT, text::visible(&alias.means));
                ui.label(RichText::new(means).color(tokens.weak));
            })
            .response
            .on_hover_text(text::visible(&alias.file.display().to_string()).into_owned());
        }
    }
}

fn registry(ui: &mut Ui, registry: &KnownRegistry) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(icons::SERVER).color(tokens.weak));
        ui.label(text::visible(&registry.prefix).into_owned());
        if !registry.location.is_empty() && registry.location != registry.prefix {
            let words = format!("is asked at {}", text::visible(&registry.location));
            ui.label(RichText::new(words).color(tokens.weak));
        }
        if registry.blocked {
            ui.label(RichText::new(format!("{} blocked", icons::BAN)).color(tokens.rejected));
        }
        if registry.insecure {
            let words = format!("{} not checked", icons::LOCK_OPEN);
            ui.label(RichText::new(words).color(tokens.caution));
        }
    });
    ui.indent("more of it", |ui| {
        for (mirror, asked) in &registry.mirrors {
            let asked = match *asked {
                "digest-only" => " (for digests only)",
                "tag-only" => " (for tags only)",
                _ => "",
            };
            ui.label(format!("mirror {}{asked}", text::visible(mirror)));
        }
        let file = registry.file.display().to_string();
        let file = RichText::new(text::visible(&file))
            .small()
            .color(tokens.faint);
        ui.add(egui::Label::new(file).truncate());
    });
}
