//! What a config says, in sections.

use std::cell::RefCell;

use egui::Ui;

use crate::model::{ImageConfig, RunSettings};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::size;
use crate::ui::views::ViewContext;
use crate::ui::views::overview::{arguments, health};
use crate::ui::views::page::{GAP, SECTION, beside};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{Date, Look, Row, exact, heading, text};

/// From this width on sections stand side by side.
const TWO_COLUMNS: f32 = 640.0;

const PAIRS: [Column; 2] = [
    Column::wide("Name", 120.0, 0.4),
    Column::wide("Value", 140.0, 1.0),
];

const HISTORY: [Column; 4] = [
    Column::new("#", 32.0).right(),
    Column::wide("Instruction", 160.0, 1.0),
    Column::new("Created", 110.0).from_width(480.0),
    Column::new("Layer", 64.0).right(),
];

/// Names and values of a config, in the order in which they are shown.
#[derive(Debug)]
pub(super) struct Pairs {
    environment: Vec<(String, String)>,
    labels: Vec<(String, String)>,
}

impl Pairs {
    pub(super) fn of(config: &ImageConfig) -> Self {
        let variable = |entry: &String| {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            (name.to_owned(), value.to_owned())
        };
        let label = |(key, value): (&String, &String)| (key.clone(), value.clone());
        Self {
            environment: config.run.environment.iter().map(variable).collect(),
            labels: config.run.labels.iter().map(label).collect(),
        }
    }
}

/// Draws all sections that have something in them.
pub(super) fn show(
    ui: &mut Ui,
    config: &ImageConfig,
    named: &Pairs,
    context: &mut ViewContext<'_>,
) {
    let now = context.now;
    let actions = RefCell::new(&mut *context.actions);
    let left = |ui: &mut Ui| platform(ui, config, now, &mut actions.borrow_mut());
    let right = |ui: &mut Ui| runs(ui, &config.run, &mut actions.borrow_mut());
    let width = ui.available_width();
    if width >= TWO_COLUMNS {
        beside(ui, (width - GAP) / 2.0, left, right);
    } else {
        left(ui);
        ui.add_space(SECTION);
        right(ui);
    }
    let actions = actions.into_inner();
    pairs(ui, "Environment", &named.environment, actions);
    pairs(ui, "Labels", &named.labels, actions);
    history(ui, config, now, actions);
}

fn platform(ui: &mut Ui, config: &ImageConfig, now: jiff::Timestamp, actions: &mut Actions) {
    heading(ui, "Platform", "");
    let platform = &config.platform;
    let mut row = |name: &'static str, value: Option<&str>, look: Look| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            Row::new(name, value).look(look).show(ui, actions);
        }
    };
    row("System", Some(&platform.os), Look::Mono);
    row("Architecture", Some(&platform.architecture), Look::Mono);
    row("Variant", platform.variant.as_deref(), Look::Mono);
    row("System version", platform.os_version.as_deref(), Look::Mono);
    row(
        "System features",
        Some(&platform.os_features.join(", ")),
        Look::Mono,
    );
    row("Author", config.author.as_deref(), Look::Words);
    if let Some(created) = &config.created {
        let date = Date::read(created);
        let relative = date.relative(now);
        let words = match date {
            Date::At(at) => format!("{relative}, {}", exact(at)),
            _ => relative.into_owned(),
        };
        Row::new("Created", &words)
            .look(Look::Words)
            .hover(date.exact())
            .show(ui, actions);
    }
}

fn runs(ui: &mut Ui, run: &RunSettings, actions: &mut Actions) {
    heading(ui, "Runs", "");
    let mut any = false;
    let mut row = |name: &'static str, value: &str| {
        if !value.is_empty() {
            any = true;
            Row::new(name, value).show(ui, actions);
        }
    };
    row("Entry point", &arguments(&run.entrypoint));
    row("Command", &arguments(&run.command));
    row("User", run.user.as_deref().unwrap_or_default());
    row(
        "Working folder",
        run.working_dir.as_deref().unwrap_or_default(),
    );
    row("Ports", &run.ports.join(", "));
    row("Volumes", &run.volumes.join(", "));
    row(
        "Stop signal",
        run.stop_signal.as_deref().unwrap_or_default(),
    );
    row("Shell", &arguments(&run.shell));
    for instruction in &run.on_build {
        row("On build", instruction);
    }
    health(ui, run, actions);
    if !any && run.healthcheck.is_none() {
        Row::new("Nothing", "it says nothing about how to run it")
            .look(Look::Weak)
            .show(ui, actions);
    }
}

/// A table of names and values, of which only the visible rows are drawn.
fn pairs(ui: &mut Ui, title: &str, pairs: &[(String, String)], actions: &mut Actions) {
    if pairs.is_empty() {
        return;
    }
    ui.add_space(SECTION);
    heading(ui, title, &text::number_words(pairs.len()));
    let copied = RefCell::new(None);
    Table::new(title, &PAIRS, pairs.len()).show(ui, |row| {
        let (name, value) = &pairs[row.index];
        let shown_name = text::line(name);
        let shown = text::value(value);
        row.mono(0, &shown_name);
        if value.is_empty() {
            row.weak(1, "empty");
        } else {
            row.mono(1, &shown);
        }
        row.name(format!("{shown_name}: {shown}"));
        row.response.context_menu(|ui| {
            if ui.button("Copy value").clicked() {
                *copied.borrow_mut() = Some((value.to_owned(), shown_name.to_string()));
            }
            if ui.button("Copy name and value").clicked() {
                let both = format!("{name}={value}");
                *copied.borrow_mut() = Some((both, shown_name.to_string()));
            }
        });
    });
    if let Some((text, what)) = copied.into_inner() {
        actions.push(Action::Copy { text, what });
    }
}

fn history(ui: &mut Ui, config: &ImageConfig, now: jiff::Timestamp, actions: &mut Actions) {
    let steps = &config.history;
    if steps.is_empty() {
        return;
    }
    ui.add_space(SECTION);
    heading(ui, "History", &text::count(steps.len(), "step", "steps"));
    let copied = RefCell::new(None);
    Table::new("History", &HISTORY, steps.len()).show(ui, |row| {
        let step = &steps[row.index];
        let instruction = step.instruction();
        let shown = instruction
            .as_deref()
            .map_or("no instruction".into(), text::line);
        if step.empty_layer {
            row.faint();
        }
        row.weak(0, &row.index.to_string());
        row.words(1, &shown);
        if let Some(created) = &step.created {
            let date = Date::read(created);
            row.weak(2, &date.relative(now));
            row.hint(2, &date.exact());
        }
        row.weak(3, if step.empty_layer { "none" } else { "yes" });
        row.name(format!("Step {}: {shown}", row.index));
        row.response.context_menu(|ui| {
            if ui.button("Copy instruction").clicked() {
                *copied.borrow_mut() = instruction.clone();
            }
        });
    });
    if let Some(text) = copied.into_inner() {
        let what = "instruction".to_owned();
        actions.push(Action::Copy { text, what });
    }
    ui.add_space(size::GRID);
}
