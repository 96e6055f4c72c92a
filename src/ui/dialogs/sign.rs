//! Signing: by whom and in which format, and exactly what will be signed, found out by the
//! engine while somebody chooses.

use egui::Ui;

use super::addition::{
    Added, AdditionDialog, AnnotationText, Formats, KeyList, PlaceKind, Services, Shared, Signed,
    Signer, With, about_keys,
};
use super::kit::{self, Look};
use crate::engine::Addition;
use crate::ui::action::Actions;
use crate::ui::theme::icons;
use crate::ui::views::View;
use crate::ui::widgets::{icon_button, link};

/// Most that sign in turn.
const SIGNERS: usize = 8;

/// The dialog.
pub type SignDialog = AdditionDialog<Signatures>;

/// Signatures, and the choices of them.
#[derive(Debug)]
pub struct Signatures {
    place: PlaceKind,
    signers: Vec<Signer>,
    annotations: AnnotationText,
    /// The name that is signed; empty for the image's own.
    identity: String,
    services: Services,
    more: bool,
}

impl Added for Signatures {
    const NAME: &'static str = "Sign";
    const TITLE: &'static str = "Sign";
    const DOING: &'static str = "It is being signed";
    const SEEN: (&'static str, View) = ("Show signatures", View::Signatures);

    fn new(place: PlaceKind) -> Self {
        Self {
            place,
            signers: vec![Signer::of(place)],
            annotations: AnnotationText::default(),
            identity: String::new(),
            services: Services::default(),
            more: false,
        }
    }

    fn addition(&self, keys: &KeyList) -> Result<Addition, String> {
        let identity = self.identity.trim();
        let shared = Shared {
            annotations: self.annotations.read()?,
            identity: (!identity.is_empty()).then(|| identity.to_owned()),
            services: self.services.read()?,
        };
        let signings = self.signers.iter();
        let signings: Result<Vec<_>, _> = signings
            .map(|signer| signer.signing(keys, &shared))
            .collect();
        Ok(Addition::Sign(signings?))
    }

    fn signers(&mut self) -> &mut [Signer] {
        &mut self.signers
    }

    fn heading(&self) -> &'static str {
        "Will be signed"
    }

    fn top(&mut self, _: &mut Ui) {}

    fn left(&mut self, ui: &mut Ui, with: With<'_>, actions: &mut Actions) -> bool {
        let formats = Formats {
            place: with.place,
            attesting: false,
        };
        let several = self.signers.len() > 1;
        let mut gone = None;
        let mut enter = false;
        for (at, signer) in self.signers.iter_mut().enumerate() {
            let number = at + 1;
            let which = match at {
                0 => String::new(),
                _ => format!(" {number}"),
            };
            let words = match several {
                true => format!("Signer {number}"),
                false => "Signed by".to_owned(),
            };
            kit::heading_with(ui, &words, |ui| {
                let remove = format!("Remove signer {number}");
                if several && icon_button(ui, icons::X, &remove).clicked() {
                    gone = Some(at);
                }
            });
            enter |= signer.show(ui, &which, &formats, with, actions);
            ui.add_space(4.0);
        }
        if let Some(at) = gone {
            self.signers.remove(at);
        }
        about_keys(ui, with.keys, actions);
        if self.signers.len() < SIGNERS && link(ui, "Another signer").clicked() {
            self.signers.push(Signer::of(with.place));
        }
        self.more(ui, actions);
        enter
    }
}

impl Signatures {
    fn more(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let simple = self.signers.iter().any(Signer::is_simple);
        // it lies in no registry, and has no name of its own to be signed
        let named = simple && self.place == PlaceKind::Directory;
        let word = match self.more {
            true => "Fewer options",
            false => "More options",
        };
        if link(ui, word).clicked() {
            self.more = !self.more;
        }
        let signed = self.signers.iter().map(Signer::signed);
        let signed = signed.fold(Signed::default(), Signed::or);
        if named || (self.more && signed.names_image) {
            let hint = match named {
                true => "for example registry.example.com/team/app:1.0",
                false => "the image’s own",
            };
            kit::row(ui, "Signed name", |ui| {
                let width = ui.available_width();
                let identity = &mut self.identity;
                kit::text(ui, "Signed name", identity, hint, Look::Exact, width).on_hover_text(
                    "The name that cosign’s older form and OpenPGP signatures say the image has",
                );
            });
        }
        if self.more && signed.takes_more() {
            let hover = "KEY=VALUE, one on each line; signed along with the digest";
            self.annotations.show(ui, hover);
            self.services.show(ui, signed, actions);
        }
    }
}
