//! Version and licences.

use egui::{Align, Context, Layout, RichText, ScrollArea, TextStyle, Ui};

use super::{Place, modal};
use crate::ui::panels::parts::plain_button;
use crate::ui::theme::{Tokens, strong};
use crate::ui::widgets::link;

/// What the program is made of that has a licence of its own, and the text of each.
const LICENCES: [(&str, &str, &str); 5] = [
    ("Porthole", "MIT", include_str!("../../../LICENSE-MIT")),
    (
        "Porthole",
        "Apache 2.0",
        include_str!("../../../LICENSE-APACHE"),
    ),
    (
        "Inter",
        "OFL 1.1",
        include_str!("../../../assets/fonts/LICENSE-Inter.txt"),
    ),
    (
        "JetBrains Mono",
        "OFL 1.1",
        include_str!("../../../assets/fonts/LICENSE-JetBrainsMono.txt"),
    ),
    (
        "Lucide icons",
        "ISC and MIT",
        include_str!("../../../assets/fonts/LICENSE-lucide.txt"),
    ),
];

/// Which licence is shown.
#[derive(Debug, Default)]
pub struct About {
    licence: Option<usize>,
}

impl About {
    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context) -> bool {
        modal(ctx, "About Porthole", Place::Middle, 600.0, 20, |ui| {
            self.content(ui)
        })
    }

    fn content(&mut self, ui: &mut Ui) -> bool {
        let weak = Tokens::of(ui).weak;
        ui.label(strong("Porthole").size(20.0));
        let build = if cfg!(debug_assertions) {
            ", debug build"
        } else {
            ""
        };
        let version = format!(
            "Version {}, {} {}{build}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
        );
        ui.label(RichText::new(version).color(weak));
        ui.add_space(8.0);
        ui.label("Looks inside container images, proves who vouches for them, signs them and moves them.");
        ui.add_space(12.0);
        ui.label("Under the MIT licence or the Apache License 2.0, as you choose.");
        ui.add_space(12.0);
        for (position, (name, licence, _)) in LICENCES.iter().enumerate() {
            ui.horizontal(|ui| {
                ui.label(*name);
                ui.label(RichText::new(*licence).color(weak));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let shown = self.licence == Some(position);
                    let word = if shown { "Hide text" } else { "Show text" };
                    let response = link(ui, word);
                    let whose = format!("{word}: {name}, {licence}");
                    response
                        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &whose));
                    if response.clicked() {
                        self.licence = (!shown).then_some(position);
                    }
                });
            });
        }
        if let Some((_, _, text)) = self.licence.and_then(|at| LICENCES.get(at)) {
            ui.add_space(8.0);
            let height = (ui.ctx().content_rect().height() - 480.0).max(120.0);
            ScrollArea::vertical()
                .id_salt(self.licence)
                .max_height(height)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    ui.label(
                        RichText::new(*text)
                            .text_style(TextStyle::Monospace)
                            .size(11.0),
                    );
                });
        }
        ui.add_space(16.0);
        let close = |ui: &mut Ui| plain_button(ui, "Close").clicked();
        ui.with_layout(Layout::right_to_left(Align::Center), close)
            .inner
    }
}
