//! A signed statement around a predicate.

use egui::Ui;

use crate::engine::Addition;
use crate::model::Annotations;
use crate::ui::action::Actions;
use crate::ui::dialogs::addition::{
    Formats, KeyList, PlaceKind, Services, Shared, Signer, With, about_keys,
};
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, Look};
use crate::ui::widgets::link;

/// The types that have a short name, as cosign calls them; then any other.
const KINDS: [(&str, &str); 10] = [
    ("slsaprovenance1", "SLSA provenance v1"),
    ("slsaprovenance", "SLSA provenance v0.2"),
    ("spdxjson", "SPDX SBOM, JSON"),
    ("spdx", "SPDX SBOM, text"),
    ("cyclonedx", "CycloneDX SBOM"),
    ("vuln", "Vulnerability scan"),
    ("openvex", "OpenVEX"),
    ("link", "in-toto link"),
    ("custom", "cosign’s custom type"),
    (OTHER, "Another type…"),
];
const OTHER: &str = "";

/// A statement before it is signed.
#[derive(Debug)]
pub(super) struct Statement {
    predicate: String,
    kind: &'static str,
    /// The address of another type.
    other: String,
    pub(super) signer: Signer,
    services: Services,
    more: bool,
}

impl Statement {
    pub(super) fn of(place: PlaceKind) -> Self {
        Self {
            predicate: String::new(),
            kind: "slsaprovenance1",
            other: String::new(),
            signer: Signer::of(place),
            services: Services::default(),
            more: false,
        }
    }

    /// As the engine takes it; why not yet.
    pub(super) fn addition(&self, keys: &KeyList) -> Result<Addition, String> {
        let predicate = self.predicate.trim();
        if predicate.is_empty() {
            return Err("Name the file of the predicate".to_owned());
        }
        let kind = match self.kind {
            OTHER => self.other.trim(),
            kind => kind,
        };
        if kind.is_empty() {
            return Err("Give the address of the predicate’s type".to_owned());
        }
        let shared = Shared {
            annotations: Annotations::new(),
            identity: None,
            services: self.services.read()?,
        };
        Ok(Addition::Attest {
            signing: Box::new(self.signer.signing(keys, &shared)?),
            predicate: expand_home(predicate).into(),
            kind: kind.to_owned(),
        })
    }

    pub(super) fn show(&mut self, ui: &mut Ui, with: With<'_>, actions: &mut Actions) -> bool {
        kit::heading(ui, "Statement");
        let (hint, title) = ("for example /path/to/provenance.json", "Choose a predicate");
        let predicate = &mut self.predicate;
        kit::path_row(ui, "Predicate", "", predicate, hint, title, actions);
        kit::row(ui, "Type", |ui| {
            let width = ui.available_width();
            kit::combo(ui, "Predicate type", &mut self.kind, &KINDS, width);
        });
        if self.kind == OTHER {
            kit::row(ui, "Address", |ui| {
                let width = ui.available_width();
                let hint = "for example https://example.com/predicate/v1";
                kit::text(
                    ui,
                    "Type address",
                    &mut self.other,
                    hint,
                    Look::Exact,
                    width,
                );
            });
        }
        kit::heading(ui, "Signed by");
        let formats = Formats {
            place: with.place,
            attesting: true,
        };
        let enter = self.signer.show(ui, "", &formats, with, actions);
        about_keys(ui, with.keys, actions);
        let word = match self.more {
            true => "Fewer options",
            false => "More options",
        };
        if link(ui, word).clicked() {
            self.more = !self.more;
        }
        if self.more {
            self.services.show(ui, self.signer.signed(), actions);
        }
        enter
    }
}
