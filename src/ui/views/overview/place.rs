//! Where an image is, and how that place was reached.

use egui::Ui;

use crate::model::{Reference, Transport};
use crate::transport::{Connection, Security};
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{Look, Row, heading};

use super::pairs::NAMES;

/// Where the image is, and how it was reached.
pub(super) fn show(ui: &mut Ui, context: &mut ViewContext<'_>) {
    heading(ui, "Place", "");
    let Some(reference) = &context.image.reference else {
        return;
    };
    match reference {
        Reference::Registry(registry) => {
            Row::new("Registry", registry.host())
                .name_width(NAMES)
                .whole()
                .show(ui, context.actions);
            Row::new("Repository", registry.repository())
                .name_width(NAMES)
                .whole()
                .show(ui, context.actions);
            if let Some(tag) = registry.tag() {
                Row::new("Tag", tag)
                    .name_width(NAMES)
                    .whole()
                    .show(ui, context.actions);
            }
        }
        Reference::Path(path) => {
            let shown = path.path.display().to_string();
            Row::new(place_word(path.transport), &shown)
                .name_width(NAMES)
                .whole()
                .show(ui, context.actions);
            if let Some(name) = &path.name {
                let name = name.to_string();
                Row::new("Name", &name)
                    .name_width(NAMES)
                    .whole()
                    .show(ui, context.actions);
            }
        }
        Reference::Daemon(name) => {
            Row::new("Engine image", name)
                .name_width(NAMES)
                .whole()
                .show(ui, context.actions);
        }
    }
    if let Some(connection) = &context.image.connection {
        let tokens = Tokens::of(ui);
        let (icon, words, color, hover) = security(connection, tokens);
        let words = format!("{icon}  {words}");
        Row::new("Connection", &words)
            .name_width(NAMES)
            .look(Look::Words)
            .color(color)
            .hover(hover)
            .show(ui, context.actions);
        if let Some(registry) = &connection.mirror_of {
            let words = format!("{}, for {registry}", connection.host);
            Row::new("Mirror", &words)
                .name_width(NAMES)
                .hover("registries.conf names it; everything is checked by digest all the same")
                .show(ui, context.actions);
        }
        if let Some(limit) = &connection.rate_limit {
            let color = if limit.remaining == 0 {
                tokens.caution
            } else {
                tokens.text
            };
            Row::new("Limit", &limit.to_string())
                .name_width(NAMES)
                .look(Look::Words)
                .color(color)
                .hover("The registry says how often it may still be asked; a login may raise it")
                .show(ui, context.actions);
        }
        let user = connection.user.as_deref();
        let look = if user.is_some() {
            Look::Mono
        } else {
            Look::Weak
        };
        Row::new(
            "Logged in as",
            user.unwrap_or("nobody; no login was needed"),
        )
        .name_width(NAMES)
        .look(look)
        .show(ui, context.actions);
    }
}

const fn place_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Oci => "OCI layout",
        Transport::OciArchive => "OCI archive",
        Transport::Dir => "dir: folder",
        Transport::DockerArchive => "Docker archive",
        Transport::Docker => "Registry",
        Transport::DockerDaemon => "Engine",
    }
}

fn security(
    connection: &Connection,
    tokens: &Tokens,
) -> (&'static str, &'static str, egui::Color32, &'static str) {
    match connection.security {
        Security::Https => (
            icons::LOCK,
            "https",
            tokens.text,
            "Checked against the certificates that this system trusts",
        ),
        Security::HttpsOwnRoots => (
            icons::LOCK,
            "https, own certificates",
            tokens.text,
            "Checked against a certificate folder for this registry",
        ),
        Security::HttpsUnverified => (
            icons::LOCK_OPEN,
            "https, not verified",
            tokens.caution,
            "Encrypted, but nobody checked whose certificate it is: you allowed that for this host",
        ),
        Security::HttpLoopback => (
            icons::LOCK_OPEN,
            "plain http, this machine",
            tokens.weak,
            "Not encrypted, and not leaving this machine",
        ),
        Security::HttpAllowed => (
            icons::LOCK_OPEN,
            "plain http",
            tokens.caution,
            "Not encrypted: allowed for this host by the settings",
        ),
    }
}
