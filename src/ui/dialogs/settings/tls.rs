//! Certificates of hosts, and the hosts that are reached without.

use egui::{RichText, Ui};

use super::SettingsDialog;
use crate::engine::KnownHost;
use crate::model::text;
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::text::count;

impl SettingsDialog {
    pub(super) fn tls(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        kit::quiet(
            ui,
            "Registries are reached by https and checked against the certificates of the system, and these.",
        );
        let Some(known) = &self.hosts else {
            kit::quiet(ui, "Reading the folders…");
            return;
        };
        kit::heading(ui, "Hosts with certificates of their own");
        if known.hosts.is_empty() {
            kit::quiet(
                ui,
                "None. A folder with a host's name in one of these makes one:",
            );
        }
        for folder in known.folders.iter().filter(|_| known.hosts.is_empty()) {
            ui.label(
                RichText::new(text::visible(folder))
                    .monospace()
                    .color(tokens.weak),
            );
        }
        for host in known.hosts.iter() {
            self::host(ui, host);
        }
        if !known.authorities.is_empty() {
            kit::heading(ui, "Authorities for every host");
            for file in known.authorities.iter() {
                ui.label(RichText::new(text::visible(file)).monospace());
            }
        }
        kit::heading(ui, "Hosts that are not checked");
        if known.plain_http.is_empty() && known.unverified.is_empty() {
            kit::quiet(
                ui,
                "None. On this machine itself http is used where https is not answered; anywhere else only for a host that registries.conf or the start of the program names for it.",
            );
        }
        for host in known.plain_http.iter() {
            let words = format!("{}: plain http, not encrypted", text::visible(host));
            kit::note(ui, icons::LOCK_OPEN, tokens.caution, &words);
        }
        for host in known.unverified.iter() {
            let words = format!("{}: its certificate is not checked", text::visible(host));
            kit::note(ui, icons::LOCK_OPEN, tokens.caution, &words);
        }
    }
}

fn host(ui: &mut Ui, host: &KnownHost) {
    let tokens = Tokens::of(ui);
    let mut words = Vec::new();
    if host.authorities > 0 {
        words.push(count(host.authorities, "authority", "authorities"));
    }
    if host.client.is_some() {
        words.push("a client certificate".to_owned());
    }
    if words.is_empty() {
        words.push("an empty folder: https only".to_owned());
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new(icons::LOCK).color(tokens.weak));
        ui.label(text::visible(&host.host).into_owned());
        ui.label(RichText::new(words.join(", ")).color(tokens.weak));
        if host.hidden {
            ui.label(RichText::new("hidden by an earlier folder").color(tokens.faint));
        }
    });
    let folder = host.folder.display().to_string();
    let folder = RichText::new(text::visible(&folder))
        .small()
        .color(tokens.faint);
    ui.indent("folder", |ui| ui.add(egui::Label::new(folder).truncate()));
    if let Some(problem) = &host.problem {
        kit::note(
            ui,
            icons::TRIANGLE_ALERT,
            tokens.rejected,
            &text::visible(problem),
        );
    }
}
