//! How a container of the image runs, and its labels.

use egui::Ui;

use crate::model::{ImageConfig, RunSettings};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::page::{GAP, SECTION, beside};
use crate::ui::views::subject::ManifestSubject;
use crate::ui::views::{View, ViewContext, ViewState, pending, reload};
use crate::ui::widgets::{Look, Row, error_box, heading};

use super::pairs;

/// From this width on Runs and Labels stand side by side.
const TWO_COLUMNS: f32 = 560.0;

/// Draws both, or what stands in their place.
pub(super) fn show(
    ui: &mut Ui,
    _state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    ui.add_space(SECTION);
    let Some(config) = subject.node.config() else {
        no_config(ui, subject, context);
        return;
    };
    if let Some(problem) = &config.problem {
        heading(ui, "Runs", "");
        let tokens = Tokens::of(ui);
        let words = format!("{} {problem}", icons::TRIANGLE_ALERT);
        let id = context.image.id;
        Row::new("Config", &words)
            .look(Look::Words)
            .color(tokens.damaged)
            .show(ui, context.actions);
        if crate::ui::widgets::link(ui, "Show the config's bytes").clicked() {
            context.actions.push(Action::ShowView(id, View::Config));
        }
        return;
    }
    let labels = &config.run.labels;
    let annotations = &subject.manifest.annotations;
    let id = context.image.id;
    let now = context.now;
    let mut more = false;
    let actions = std::cell::RefCell::new(&mut *context.actions);
    let left = |ui: &mut Ui| runs(ui, config, id, &mut actions.borrow_mut());
    let right = |ui: &mut Ui| {
        if labels.is_empty() && annotations.is_empty() {
            heading(ui, "Labels", "");
            Row::new("none", "the image says nothing about itself")
                .look(Look::Weak)
                .show(ui, &mut actions.borrow_mut());
        }
        if !labels.is_empty() {
            more |= pairs::short(ui, "Labels", labels, now, &mut actions.borrow_mut());
        }
        if !annotations.is_empty() {
            if !labels.is_empty() {
                ui.add_space(SECTION);
            }
            more |= pairs::short(
                ui,
                "Annotations",
                annotations,
                now,
                &mut actions.borrow_mut(),
            );
        }
    };
    let width = ui.available_width();
    if width >= TWO_COLUMNS {
        beside(ui, (width - GAP) / 2.0, left, right);
    } else {
        left(ui);
        ui.add_space(SECTION);
        let mut right = right;
        right(ui);
    }
    if more {
        context.actions.push(Action::ShowView(id, View::Config));
    }
}

fn no_config(ui: &mut Ui, subject: &ManifestSubject<'_>, context: &mut ViewContext<'_>) {
    let error = match &subject.node.parts {
        crate::engine::Parts::Manifest { config, .. } => config.error().cloned(),
        _ => None,
    };
    match error {
        Some(error) => {
            heading(ui, "Runs", "");
            ui.add_space(4.0);
            error_box(ui, &error, Some(reload(context)), context.actions);
        }
        None => pending::runs(ui),
    }
}

fn runs(ui: &mut Ui, config: &ImageConfig, id: crate::engine::ImageId, actions: &mut Actions) {
    heading(ui, "Runs", "");
    let run = &config.run;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    filled(ui, "Entry point", &arguments(&run.entrypoint), actions);
    filled(ui, "Command", &arguments(&run.command), actions);
    user(ui, run, actions);
    filled(ui, "Ports", &run.ports.join(", "), actions);
    filled(ui, "Working folder", &text(&run.working_dir), actions);
    filled(ui, "Volumes", &run.volumes.join(", "), actions);
    filled(ui, "Stop signal", &text(&run.stop_signal), actions);
    health(ui, run, actions);
    let count = run.environment.len();
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        let words = format!("{count} variable{plural}");
        Row::new("Environment", &words)
            .look(Look::Words)
            .hover("Show them in Config")
            .open(Action::ShowView(id, View::Config))
            .show(ui, actions);
    }
    if run.entrypoint.is_empty() && run.command.is_empty() {
        Row::new(
            "Command",
            "none; it has to be given when a container is started",
        )
        .look(Look::Weak)
        .show(ui, actions);
    }
}

/// A row where there is something to say.
fn filled(ui: &mut Ui, name: &'static str, value: &str, actions: &mut Actions) {
    if !value.is_empty() {
        Row::new(name, value).show(ui, actions);
    }
}

fn user(ui: &mut Ui, run: &RunSettings, actions: &mut Actions) {
    match &run.user {
        Some(user) => Row::new("User", user).show(ui, actions),
        None => Row::new("User", "root, since none is set")
            .look(Look::Weak)
            .show(ui, actions),
    };
}

/// Docker's health check in words, as it is written on hover.
pub(in crate::ui::views) fn health(ui: &mut Ui, run: &RunSettings, actions: &mut Actions) {
    let Some(written) = &run.healthcheck else {
        return;
    };
    match health_words(written) {
        Some(words) => Row::new("Health check", &words)
            .hover(written.as_str())
            .show(ui, actions),
        None => Row::new("Health check", written).show(ui, actions),
    };
}

/// `curl localhost, every 30 s`; nothing where it is not as Docker writes it.
fn health_words(written: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(written).ok()?;
    let test: Vec<String> = value
        .get("Test")?
        .as_array()?
        .iter()
        .map(|word| word.as_str().map(ToOwned::to_owned))
        .collect::<Option<_>>()?;
    let mut words = match test.split_first()? {
        (first, []) if first == "NONE" => return Some("none, whatever the base image says".into()),
        (first, rest) if first == "CMD" => arguments(rest),
        (first, [command]) if first == "CMD-SHELL" => command.clone(),
        _ => return None,
    };
    if let Some(interval) = value.get("Interval").and_then(serde_json::Value::as_u64) {
        let seconds = std::time::Duration::from_nanos(interval).as_secs_f64();
        words.push_str(&format!(", every {seconds} s"));
    }
    Some(words)
}

/// Arguments as a shell takes them: those with spaces or quotes in them in quotes.
pub(in crate::ui::views) fn arguments(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|argument| {
        let plain = !argument.is_empty()
            && argument
                .chars()
                .all(|c| c.is_alphanumeric() || "-_=+./:,@%^".contains(c));
        if plain {
            argument.clone()
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{arguments, health_words};

    #[test]
    fn a_health_check_is_said_in_words() {
        let words = |written| health_words(written);
        let written = r#"{"Test":["CMD","curl","-f","a b"],"Interval":30000000000}"#;
        assert_eq!(words(written).as_deref(), Some("curl -f 'a b', every 30 s"));
        let written = r#"{"Test":["CMD-SHELL","exit 0 | true"],"Interval":1500000000}"#;
        assert_eq!(
            words(written).as_deref(),
            Some("exit 0 | true, every 1.5 s")
        );
        assert!(words(r#"{"Test":["NONE"]}"#).is_some());
        for other in [
            r#"{}"#,
            r#"{"Test":[]}"#,
            r#"{"Test":["CMD-SHELL"]}"#,
            r#"{"Test":[1]}"#,
        ] {
            assert_eq!(words(other), None, "{other}");
        }
    }

    #[test]
    fn arguments_are_quoted_as_a_shell_takes_them() {
        let words = ["/bin/sh", "-c", "echo it's", "", "a=b:c"].map(ToOwned::to_owned);
        assert_eq!(arguments(&words), r"/bin/sh -c 'echo it'\''s' '' a=b:c");
        assert_eq!(arguments(&[]), "");
    }
}
