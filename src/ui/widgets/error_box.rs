//! What failed, in full, where it happened.

use std::borrow::Cow;

use egui::text::{LayoutJob, TextFormat};
use egui::{Id, RichText, Role, Ui, WidgetInfo};

use crate::engine::{Command, Failure, FailureKind, Place};
use crate::model::text::digests;
use crate::transport::MissingTag;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size, strong};

use super::{button, state_block, text};

/// Widest that sentences are set, in points.
const WIDTH: f32 = 720.0;

/// What failed, what to try, and the details folded. `try_again` is what its button does;
/// nothing for no button.
pub fn error_box(ui: &mut Ui, failure: &Failure, try_again: Option<Action>, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let (icon, word, color) = look(failure.kind, tokens);
    let id = ui.scope_id().with(("error box", &failure.headline));
    let drawn = state_block(ui, color, |ui| {
        ui.set_max_width(WIDTH.min(ui.available_width()));
        ui.spacing_mut().item_spacing.y = size::GRID;
        ui.label(
            strong(format!("{icon} {word}"))
                .size(size::BODY)
                .color(color),
        );
        // over a dialog nothing else is opened
        let of_tab = matches!(try_again, Some(Action::Send(Command::Reload { .. })));
        let missing = failure.missing_tag.as_deref().filter(|_| of_tab);
        ui.add(egui::Label::new(headline(&said(failure), tokens)).wrap());
        let others = missing.filter(|missing| !missing.others.tags().is_empty());
        if let Some(missing) = others {
            other_tags(ui, missing, actions);
        } else if !failure.hint.is_empty() {
            let hint = RichText::new(text::value(&failure.hint_in_window())).color(tokens.weak);
            ui.add(egui::Label::new(hint).wrap());
        }
        details(ui, failure, id);
        ui.add_space(size::GRID);
        ui.horizontal(|ui| {
            if let Some(action) = try_again {
                login(ui, failure, &action, actions);
                if let Some(missing) = missing
                    && ui.button("Show all tags").clicked()
                {
                    let place = Place::Repository(missing.repository.clone());
                    actions.push(Action::OpenPlace(place));
                }
                if ui.button("Try again").clicked() {
                    actions.push(action);
                }
            }
            if failure.kind == FailureKind::Certificate && ui.button("TLS settings…").clicked() {
                actions.push(Action::ShowTls);
            }
            if ui.button("Copy error").clicked() {
                actions.push(Action::Copy {
                    text: whole(failure),
                    what: "error".to_owned(),
                });
            }
        });
    });
    drawn.response.widget_info(|| {
        WidgetInfo::labeled(Role::Alert, true, format!("{word}: {}", said(failure)))
    });
}

/// What happened, as the window says it.
fn said(failure: &Failure) -> Cow<'_, str> {
    match &failure.missing_tag {
        Some(missing) => Cow::Owned(format!(
            "There is no tag {} in {}",
            missing.tag, missing.repository
        )),
        None => Cow::Borrowed(&failure.headline),
    }
}

/// The tags that are there in place of one that is not; each opens.
fn other_tags(ui: &mut Ui, missing: &MissingTag, actions: &mut Actions) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(RichText::new("There are:").color(Tokens::of(ui).weak));
        for tag in missing.others.tags() {
            if button::link(ui, tag).clicked() {
                let reference = format!("docker://{}:{tag}", missing.repository);
                actions.push(Action::OpenInstead(reference));
            }
        }
    });
}

/// The headline with its digests as they are set everywhere.
fn headline(words: &str, tokens: &Tokens) -> LayoutJob {
    let words = text::value(words);
    let mut job = LayoutJob::default();
    let mut append = |words: &str, font| {
        job.append(words, 0.0, TextFormat::simple(font, tokens.text));
    };
    let mut at = 0;
    for digest in digests(&words) {
        append(&words[at..digest.start], text::body());
        append(&words[digest.start..digest.end], text::mono());
        at = digest.end;
    }
    append(&words[at..], text::body());
    job
}

/// A login may help where a registry refused; what was asked is asked again afterwards.
fn login(ui: &mut Ui, failure: &Failure, again: &Action, actions: &mut Actions) {
    if failure.may_need_login()
        && let Action::Send(again) = again
        && ui.button("Log in…").clicked()
    {
        actions.push(Action::LogIn {
            registry: None,
            then: Some(again.clone()),
        });
    }
}

fn details(ui: &mut Ui, failure: &Failure, id: Id) {
    if failure.details.is_empty() {
        return;
    }
    let open = ui.data(|data| data.get_temp::<bool>(id).unwrap_or(false));
    let word = if open { "Hide details" } else { "Details" };
    if button::link(ui, word).clicked() {
        ui.data_mut(|data| data.insert_temp(id, !open));
    }
    if open {
        let tokens = Tokens::of(ui);
        for detail in &failure.details {
            let line = RichText::new(text::value(detail))
                .monospace()
                .color(tokens.weak);
            ui.add(egui::Label::new(line).wrap());
        }
    }
}

/// The failure as a text to send to somebody.
fn whole(failure: &Failure) -> String {
    let mut whole = format!("{}\n{}\n", failure.headline, failure.hint_in_window());
    for detail in &failure.details {
        whole.push_str(detail);
        whole.push('\n');
    }
    whole
}

fn look(kind: FailureKind, tokens: &Tokens) -> (&'static str, &'static str, egui::Color32) {
    match kind {
        FailureKind::Damaged => (icons::TRIANGLE_ALERT, "Damaged", tokens.damaged),
        FailureKind::Missing => (icons::FILE_X, "Not found", tokens.rejected),
        FailureKind::Access => (icons::LOCK, "No access", tokens.rejected),
        FailureKind::Network => (icons::WIFI_OFF, "Not reached", tokens.rejected),
        FailureKind::Certificate => (icons::SHIELD_X, "Certificate not trusted", tokens.rejected),
        FailureKind::Cancelled => (icons::CIRCLE_STOP, "Cancelled", tokens.caution),
        FailureKind::Other => (icons::CIRCLE_X, "Failed", tokens.rejected),
    }
}
