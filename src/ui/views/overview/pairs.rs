//! Labels and annotations: names and values, the well-known ones first.

use egui::Ui;
use jiff::Timestamp;

use crate::model::{Annotations, annotation};
use crate::ui::action::{Action, Actions};
use crate::ui::widgets::{Date, Look, Row, heading, link, text};

/// Most pairs that the overview shows.
const PAIRS: usize = 12;

/// Width of their names, in points.
pub(super) const NAMES: f32 = 112.0;

/// Names that people look for, in the order in which they are shown.
const FIRST: [&str; 6] = [
    "org.opencontainers.image.title",
    "org.opencontainers.image.description",
    "org.opencontainers.image.source",
    "org.opencontainers.image.revision",
    "org.opencontainers.image.version",
    "org.opencontainers.image.licenses",
];

/// Draws `pairs` under `title`, `limit` of them. Says whether all were asked for.
pub(in crate::ui::views) fn show(
    ui: &mut Ui,
    title: &str,
    pairs: &Annotations,
    limit: usize,
    name_width: f32,
    now: Timestamp,
    actions: &mut Actions,
) -> bool {
    heading(ui, title, "");
    let first = FIRST.iter().filter_map(|key| pairs.get_key_value(*key));
    let others = pairs
        .iter()
        .filter(|(key, _)| !FIRST.contains(&key.as_str()));
    for (key, value) in first.chain(others).take(limit) {
        pair(ui, key, value, name_width, now, actions);
    }
    let left_out = pairs.len().saturating_sub(limit);
    left_out > 0 && link(ui, &text::count(left_out, "more", "more")).clicked()
}

/// The same with the overview's limit.
pub(super) fn short(
    ui: &mut Ui,
    title: &str,
    pairs: &Annotations,
    now: Timestamp,
    actions: &mut Actions,
) -> bool {
    show(ui, title, pairs, PAIRS, NAMES, now, actions)
}

/// One pair. A web address is a link, and so is the image that this one is based on; a
/// date is said as people say it.
pub(in crate::ui::views) fn pair(
    ui: &mut Ui,
    key: &str,
    value: &str,
    name_width: f32,
    now: Timestamp,
    actions: &mut Actions,
) {
    let short = annotation::short_key(key);
    let row = |value| {
        let row = Row::new(short.to_owned(), value).name_width(name_width);
        if short == key {
            row
        } else {
            row.whole_name(key)
        }
    };
    if let Some(address) = web_address(value) {
        let shown = address
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        row(shown)
            .look(Look::Words)
            .copies(value)
            .hover(address)
            .open(Action::Browse(address.to_owned()))
            .show(ui, actions);
        return;
    }
    match key {
        annotation::CREATED => {
            let date = Date::read(value);
            row(&date.relative(now))
                .look(Look::Words)
                .copies(value)
                .hover(format!("{}\n{value}", date.exact()))
                .show(ui, actions);
        }
        annotation::BASE_NAME => {
            row(value)
                .hover("Open the image that this one is based on")
                .open(Action::Open(value.to_owned()))
                .show(ui, actions);
        }
        _ => {
            row(value).show(ui, actions);
        }
    }
}

/// A web address and nothing else.
fn web_address(value: &str) -> Option<&str> {
    let web = value.starts_with("https://") || value.starts_with("http://");
    let plain = value.len() < 2_000 && value.chars().all(|c| c.is_ascii_graphic());
    (web && plain).then_some(value)
}
