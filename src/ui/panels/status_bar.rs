//! The status bar: what is selected, whether its bytes were verified, how it was reached.

use std::sync::Arc;

use egui::{Align, Button, Layout, Response, RichText, Role, Ui, WidgetInfo};

use super::toasts::Toasts;
use super::{jobs, message_list};
use crate::engine::{JobSnapshot, Node, Remote};
use crate::model::{Content, text};
use crate::transport::{Connection, Security};
use crate::ui::action::{Action, Actions};
use crate::ui::app::Tab;
use crate::ui::commands::{CommandId, Situation};
use crate::ui::recents;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::{View, label_of, referrer_count};
use crate::ui::widgets::{Status, digest_tooltip};

/// What it means to be offline.
pub const OFFLINE: &str = "Nobody but the registry of an image and its token service is asked: no mirror, no lookaside on another host, no TUF repository, no log, no signing service. Credential helpers are still run, and may ask somebody themselves.";

/// Draws the bar.
pub fn show(
    ui: &mut Ui,
    situation: &Situation<'_>,
    jobs: &[Arc<JobSnapshot>],
    messages: &mut Toasts,
    now: jiff::Timestamp,
    actions: &mut Actions,
) {
    let tab = situation.tab;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        if let Some(tab) = tab {
            document(ui, tab, actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            message_list::show(ui, messages, now, actions);
            if let Some(tab) = tab {
                place(ui, tab);
            }
            if situation.offline {
                offline(ui, actions);
            }
            job_count(ui, jobs, actions);
        });
    });
}

/// The selected manifest or index.
fn document(ui: &mut Ui, tab: &Tab, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    if tab.place().is_some() {
        let listed = tab.place_snapshot().map(|place| &place.listed);
        if listed.is_none_or(Remote::is_pending) {
            words(ui, icons::LOADER, "listing", tokens.weak);
        }
        return;
    }
    if let Some(comparison) = tab.comparison() {
        let files = comparison.snapshot.as_ref().map(|known| &known.files);
        if files.is_none_or(Remote::is_pending) {
            words(ui, icons::LOADER, "comparing", tokens.weak);
        }
        return;
    }
    bytes(ui, tab, actions);
    let Some(node) = tab.node() else {
        let pending = tab
            .snapshot()
            .is_none_or(|snapshot| snapshot.opened.is_pending());
        if pending {
            words(ui, icons::LOADER, "opening", tokens.weak);
        }
        return;
    };
    trust(ui, tab, actions);
    let digest = node.document.raw().digest();
    if let Some(image) = tab.image() {
        weak(ui, &label_of(image, &tab.selection()));
        // what it is the digest of stands close to it
        ui.add_space(-10.0);
    }
    let text = RichText::new(digest.short())
        .family(egui::FontFamily::Monospace)
        .size(size::SMALL)
        .color(tokens.weak);
    let response = ui.add(Button::new(text).frame(false).small());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Copy {digest}")));
    digest_tooltip(&response, digest, false);
    if response.clicked() {
        actions.push(Action::Run(CommandId::CopyDigest));
    }
    // those that the view lists: of what the views are about, and of what it lies in
    let referrers = tab
        .snapshot()
        .and_then(|snapshot| referrer_count(snapshot, &tab.subject()));
    let parts: Vec<_> = listed(node).into_iter().chain(referrers).collect();
    weak(ui, &parts.join(", "));
}

/// How the bytes of what is selected are, in the words of the overview; a click leads there.
fn bytes(ui: &mut Ui, tab: &Tab, actions: &mut Actions) {
    let (Some(health), Some(snapshot)) = (tab.health(), tab.snapshot()) else {
        return;
    };
    let words = RichText::new(format!("{} {}", health.icon, health.headline))
        .size(size::SMALL)
        .color((health.color)(Tokens::of(ui)));
    let response = ui.add(Button::new(words).frame(false).small());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("Bytes: {}", health.headline))
    });
    let mut why = health.lines;
    why.push("Nothing is said by this about who made it.".to_owned());
    if response.on_hover_text(why.join("\n")).clicked() {
        actions.push(Action::ShowView(snapshot.id, View::Overview));
    }
}

/// What vouches for what is selected, where somebody wanted to know.
fn trust(ui: &mut Ui, tab: &Tab, actions: &mut Actions) {
    let Some(snapshot) = tab.snapshot() else {
        return;
    };
    let known = snapshot.signatures(&tab.selection());
    if matches!(known, Remote::NotAsked) {
        return;
    }
    let status = Status::of_trust(known, Tokens::of(ui));
    // one look says what failed; why is told on hover and in the view
    let brief = known.value().and_then(|report| report.verdict.brief());
    let word = match brief {
        Some(brief) => format!("{}: {}", status.word, text::visible(&brief)),
        None => status.word.into_owned(),
    };
    let words = RichText::new(format!("{} {word}", status.icon))
        .size(size::SMALL)
        .color(status.color);
    let response = ui.add(Button::new(words).frame(false).small());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Trust: {word}")));
    if response.on_hover_text(&*status.meaning).clicked() {
        actions.push(Action::ShowView(snapshot.id, View::Signatures));
    }
}

/// How much a document lists.
fn listed(node: &Node) -> Vec<String> {
    match node.document.content() {
        Content::Index(index) => {
            let images = index
                .descriptors()
                .filter(|(_, descriptor)| !descriptor.is_buildkit_attestation())
                .count();
            vec![plural(images, "platform")]
        }
        Content::Manifest(manifest) => {
            let layers = plural(manifest.layers.len(), "layer");
            let size = node.total_size().map(text::size);
            std::iter::once(layers).chain(size).collect()
        }
        _ => Vec::new(),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{} {word}s", text::count(count as u64))
    }
}

/// That nobody else is asked; a click leads to where that is switched.
fn offline(ui: &mut Ui, actions: &mut Actions) {
    let words = RichText::new(format!("{} offline", icons::WIFI_OFF))
        .size(size::SMALL)
        .color(Tokens::of(ui).caution);
    let response = ui.add(Button::new(words).frame(false).small());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Offline"));
    if response.on_hover_text(OFFLINE).clicked() {
        actions.push(Action::Run(CommandId::Settings));
    }
}

/// How the place was reached.
fn place(ui: &mut Ui, tab: &Tab) {
    let tokens = Tokens::of(ui);
    let connection = tab
        .snapshot()
        .and_then(|snapshot| snapshot.connection.as_ref());
    match (connection, tab.reference()) {
        (Some(connection), _) => {
            let (icon, word, color, hint) = security(connection, tokens);
            let hint = match &connection.user {
                Some(user) => format!("{}: {hint}\nLogged in as {user}", connection.host),
                None => format!("{}: {hint}\nNot logged in", connection.host),
            };
            words(ui, icon, word, color).on_hover_text(hint);
        }
        (None, Some(reference)) if reference.transport() != crate::model::Transport::Docker => {
            let icon = recents::icon(reference);
            words(ui, icon, "on this computer", tokens.weak).on_hover_text(tab.full_title());
        }
        _ => {}
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
            tokens.weak,
            "encrypted, and checked against the certificates of the system",
        ),
        Security::HttpsOwnRoots => (
            icons::LOCK,
            "https, own certificates",
            tokens.weak,
            "encrypted, and checked against a certificate folder of yours",
        ),
        Security::HttpsUnverified => (
            icons::LOCK_OPEN,
            "https, not verified",
            tokens.caution,
            "encrypted, but its certificate was not checked, because you allowed that",
        ),
        Security::HttpLoopback => (
            icons::LOCK_OPEN,
            "http on this machine",
            tokens.weak,
            "not encrypted, but it does not leave this machine",
        ),
        Security::HttpAllowed => (
            icons::LOCK_OPEN,
            "plain http",
            tokens.caution,
            "not encrypted, because you allowed that",
        ),
    }
}

fn job_count(ui: &mut Ui, jobs: &[Arc<JobSnapshot>], actions: &mut Actions) {
    let count = jobs::count(jobs);
    if count == 0 {
        return;
    }
    let name = plural(count, "job");
    let text = RichText::new(&name)
        .size(size::SMALL)
        .color(Tokens::of(ui).weak);
    let response = ui.add(Button::new(text).frame(false).small());
    if response.on_hover_text("Show or hide the jobs").clicked() {
        actions.push(Action::Run(CommandId::ToggleJobs));
    }
}

/// An icon and a word in the colour that means the same.
fn words(ui: &mut Ui, icon: &str, word: &str, color: egui::Color32) -> Response {
    use egui::text::{LayoutJob, TextFormat};
    let mut job = LayoutJob::default();
    for (text, gap, size) in [(icon, 0.0, 13.5), (word, 5.0, size::SMALL)] {
        let mut format = TextFormat::simple(egui::FontId::proportional(size), color);
        format.valign = Align::Center;
        job.append(text, gap, format);
    }
    let response = ui.add(egui::Label::new(job).selectable(false));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, word));
    response
}

fn weak(ui: &mut Ui, text: &str) {
    let color = Tokens::of(ui).weak;
    ui.label(RichText::new(text).size(size::SMALL).color(color));
}
