//! Who vouches for a signature besides its key: a log, a timestamp authority, and who
//! certifies an identity.

use egui::Ui;

use crate::engine::{LogUse, SigningServices};
use crate::ui::action::Actions;
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, Look};

/// Whether a log is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Log {
    /// Where the signing config names one, and for an identity.
    #[default]
    Usual,
    No,
    At,
}

const LOGS: [(Log, &str); 3] = [
    (Log::Usual, "As usual: with an identity only"),
    (Log::No, "None"),
    (Log::At, "The one at this address…"),
];

/// The services that are asked, as they are typed; what is empty is as usual.
#[derive(Debug, Default)]
pub struct Services {
    log: Log,
    log_address: String,
    timestamp: String,
    config: String,
    trust_root: String,
    timestamp_roots: String,
    issuer: String,
    fulcio: String,
}

/// What signs, as far as the services depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signed {
    pub(in crate::ui::dialogs) by_identity: bool,
    /// Somebody has to sign in.
    pub(in crate::ui::dialogs) in_browser: bool,
    pub(in crate::ui::dialogs) for_notation: bool,
    /// A bundle, or cosign's older form.
    pub(in crate::ui::dialogs) for_sigstore: bool,
    /// What is signed names the image.
    pub(in crate::ui::dialogs) names_image: bool,
}

impl Signed {
    /// What either of two needs.
    pub(in crate::ui::dialogs) const fn or(self, other: Self) -> Self {
        Self {
            by_identity: self.by_identity || other.by_identity,
            in_browser: self.in_browser || other.in_browser,
            for_notation: self.for_notation || other.for_notation,
            for_sigstore: self.for_sigstore || other.for_sigstore,
            names_image: self.names_image || other.names_image,
        }
    }

    /// Whether there is anything that services, or annotations, are for: all but OpenPGP's
    /// signatures.
    pub(in crate::ui::dialogs) const fn takes_more(self) -> bool {
        self.for_notation || self.for_sigstore
    }

    /// Of `services` what this has a use for.
    pub(in crate::ui::dialogs) fn of(self, services: &SigningServices) -> SigningServices {
        let all = services.clone();
        if !self.takes_more() {
            return SigningServices::default();
        }
        SigningServices {
            config: all.config.filter(|_| self.for_sigstore),
            trust_root: all.trust_root.filter(|_| self.for_sigstore),
            timestamp_roots: all.timestamp_roots.filter(|_| self.for_notation),
            issuer: all.issuer.filter(|_| self.in_browser),
            fulcio: all.fulcio.filter(|_| self.by_identity),
            client: all.client.filter(|_| self.by_identity),
            ..all
        }
    }
}

impl Services {
    /// As the engine takes it; why not yet.
    pub(in crate::ui::dialogs) fn read(&self) -> Result<SigningServices, &'static str> {
        let text = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let path = |typed: &str| text(typed).map(|path| expand_home(&path).into());
        Ok(SigningServices {
            config: path(&self.config),
            fulcio: text(&self.fulcio),
            log: match self.log {
                Log::Usual => LogUse::Usual,
                Log::No => LogUse::No,
                Log::At => LogUse::At(text(&self.log_address).ok_or("Give the log’s address")?),
            },
            timestamp: text(&self.timestamp),
            trust_root: path(&self.trust_root),
            timestamp_roots: path(&self.timestamp_roots),
            issuer: text(&self.issuer),
            client: None,
        })
    }

    /// The rows for it: those that something that is signed has a use for.
    pub(in crate::ui::dialogs) fn show(
        &mut self,
        ui: &mut Ui,
        signed: Signed,
        actions: &mut Actions,
    ) {
        kit::row(ui, "Log", |ui| {
            let width = ui.available_width();
            kit::combo(ui, "Log", &mut self.log, &LOGS, width);
        });
        if self.log == Log::At {
            let hint = "for example https://rekor.example.com";
            address(ui, "Log address", &mut self.log_address, hint);
        }
        let hint = "if empty: none";
        address(ui, "Timestamp", &mut self.timestamp, hint);
        if signed.for_notation {
            let (hint, title) = (
                "for example /path/to/tsa.pem",
                "Choose the authority’s certificates",
            );
            let (label, path) = ("Timestamp roots", &mut self.timestamp_roots);
            kit::path_row(ui, label, "", path, hint, title, actions);
        }
        let hint = "if empty: Sigstore’s, or the config’s";
        if signed.in_browser {
            address(ui, "Issuer", &mut self.issuer, hint);
        }
        if signed.by_identity {
            address(ui, "Certified by", &mut self.fulcio, hint);
        }
        if !signed.for_sigstore {
            return;
        }
        let (hint, title) = ("for example signing_config.json", "Choose a signing config");
        let path = &mut self.config;
        kit::path_row(ui, "Signing config", "", path, hint, title, actions);
        let (hint, title) = ("if empty: that of the settings", "Choose a trust root");
        let path = &mut self.trust_root;
        kit::path_row(ui, "Trust root", "", path, hint, title, actions);
    }
}

/// A row for the address of a service.
fn address(ui: &mut Ui, name: &str, value: &mut String, hint: &str) {
    kit::row(ui, name, |ui| {
        let width = ui.available_width();
        kit::text(ui, name, value, hint, Look::Exact, width);
    });
}
