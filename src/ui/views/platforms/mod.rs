//! The entries of an index as a table.

mod order;
mod row;

use std::cell::RefCell;
use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::{Node, NodePath};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::table::{Sort, Table};
use crate::ui::widgets::text::{count, number_words};
use crate::ui::widgets::{empty_state, heading, link, not_here, search};

use super::facts::EntryKind;
use super::subject::Subject;
use super::{View, ViewContext, ViewState, page};

use order::Order;
use row::Entries;

/// The accessible name of the field that narrows the table down.
const FILTER: &str = "Filter platforms";

/// How many rows below the visible ones are asked for.
const AHEAD: usize = 12;

/// What the table keeps between frames.
#[derive(Debug, Default)]
pub(super) struct PlatformsState {
    filter: String,
    sort: Option<Sort>,
    order: Order,
    /// The row that the keyboard is on, where it is not what is selected.
    marked: Option<(NodePath, usize)>,
    /// The selection that was scrolled to.
    revealed: Option<NodePath>,
}

/// Draws the table of the innermost index on the way to what is selected.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let Some(image) = context.image.image() else {
        return;
    };
    let Some((path, node)) = index_in_view(context) else {
        single(ui, context);
        return;
    };
    let depth = path.positions().len();
    let Some(index) = node.document.index() else {
        return;
    };
    let complete = state.facts.index_health(&image.root).complete;
    let facts = state.facts.index(depth, &node.document);
    let kept = &mut state.platforms;
    page::fixed(ui, |ui| {
        way(ui, &path, context);
        heading(ui, "Platforms", &summary(facts));
        if facts.kinds.is_empty() {
            let hint = "Whoever made this index has put no manifest in it yet.";
            empty_state(ui, icons::LIST, "This index is empty", hint, None);
            return;
        }
        ui.add_space(size::GRID);
        let shown = filter_bar(ui, kept, node, index, facts);
        ui.add_space(size::GRID);
        if shown == 0 {
            let hint = format!("No entry says {:?}.", kept.filter);
            if empty_state(
                ui,
                icons::SEARCH_X,
                "Nothing found",
                &hint,
                Some("Clear the filter"),
            ) {
                kept.filter.clear();
            }
            return;
        }
        let entries = Entries {
            index,
            node,
            facts,
            now: context.now,
            missing: not_here(context.image.reference.as_ref()),
            reference: context.image.reference.as_ref(),
        };
        let rows = kept.order.rows();
        let selected = context.selected.positions().get(depth).copied();
        let on = match &kept.marked {
            Some((of, at)) if *of == path => Some(*at),
            _ => selected,
        };
        let on_row = on.and_then(|at| rows.iter().position(|row| *row as usize == at));
        let reveal = if kept.revealed.as_ref() == Some(context.selected) {
            None
        } else {
            on_row
        };
        let columns = row::columns(complete);
        let wished = RefCell::new(Vec::new());
        let touched = Table::new("Platforms", &columns, rows.len())
            .selected(on_row)
            .sort(kept.sort)
            .scrolls()
            .reveal(reveal)
            .show(ui, |row| {
                let at = rows[row.index] as usize;
                entries.draw(row, at, selected == Some(at), &wished);
            });
        kept.revealed = Some(context.selected.clone());
        let visible = touched.visible.start..(touched.visible.end + AHEAD).min(rows.len());
        let looked_at: Vec<usize> = rows[visible].iter().map(|at| *at as usize).collect();

        let at_row = |row: usize| rows.get(row).map(|at| *at as usize);
        let gone_to = touched.selected.and_then(at_row);
        let opened = touched.clicked.or(touched.opened).and_then(at_row);
        if let Some(at) = gone_to {
            kept.marked = Some((path.clone(), at));
        }
        let by_keys = gone_to.filter(|at| facts.kinds[*at] != EntryKind::Index);
        let mut picks: Vec<usize> = opened.or(by_keys).into_iter().collect();
        for wish in wished.into_inner() {
            match wish {
                row::Wish::Select(at) => picks.push(at),
                row::Wish::Act(action) => context.actions.push(action),
            }
        }
        for at in picks {
            if facts.kinds[at] != EntryKind::Unreadable && selected != Some(at) {
                let path = path.child(at);
                context.actions.push(Action::Select(context.image.id, path));
            }
        }
        if let Some(sort) = touched.sorted {
            kept.sort = sort;
        }
        state.wants.ask(context, &path, looked_at);
    });
}

/// The innermost index on the way to what is selected.
fn index_in_view<'a>(context: &ViewContext<'a>) -> Option<(NodePath, &'a Arc<Node>)> {
    let image = context.image.image()?;
    let mut found = None;
    let mut path = NodePath::root();
    let mut positions = context.selected.positions().iter();
    loop {
        let Some(node) = image
            .node(&path)
            .filter(|node| node.document.index().is_some())
        else {
            return found;
        };
        found = Some((path.clone(), node));
        match positions.next() {
            Some(position) => path = path.child(*position),
            None => return found,
        }
    }
}

/// An image that is not in an index.
fn single(ui: &mut Ui, context: &mut ViewContext<'_>) {
    let id = context.image.id;
    match Subject::of(context) {
        Subject::Manifest(subject) => {
            let headline = match subject.platform() {
                Some(platform) if !subject.manifest.is_artifact() => format!(
                    "This image is for one platform: {}",
                    super::subject::platform_label(platform)
                ),
                _ => "This is a single manifest".to_owned(),
            };
            let hint = "It is no index, so there is no platform to choose.";
            if empty_state(ui, icons::CPU, &headline, hint, Some("Show layers")) {
                context.actions.push(Action::ShowView(id, View::Layers));
            }
        }
        _ => {
            let hint = "It cannot be read as an index or a manifest. Its bytes can be seen.";
            let headline = "No platforms are known";
            if empty_state(
                ui,
                icons::FILE_QUESTION_MARK,
                headline,
                hint,
                Some("Show in Raw"),
            ) {
                context.actions.push(Action::ShowView(id, View::Raw));
            }
        }
    }
}

/// The way back out of an index that lies in another one.
fn way(ui: &mut Ui, path: &NodePath, context: &mut ViewContext<'_>) {
    if path.is_root() {
        return;
    }
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let mut at = NodePath::root();
        for (level, position) in path.positions().iter().enumerate() {
            let word = if level == 0 {
                "All entries".to_owned()
            } else {
                format!("Index {}", path.positions()[level - 1])
            };
            if link(ui, &word).clicked() {
                context
                    .actions
                    .push(Action::Select(context.image.id, at.clone()));
            }
            ui.label(RichText::new(icons::CHEVRON_RIGHT).color(tokens.faint));
            at = at.child(*position);
        }
        let last = path.positions().last().copied().unwrap_or_default();
        ui.label(RichText::new(format!("Index {last}")).color(tokens.weak));
    });
    ui.add_space(size::GRID);
}

/// The field, and how many rows it leaves. Gives that number.
fn filter_bar(
    ui: &mut Ui,
    kept: &mut PlatformsState,
    node: &Arc<Node>,
    index: &crate::model::Index,
    facts: &super::facts::IndexFacts,
) -> usize {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        search(ui, FILTER, &mut kept.filter, 240.0);
        kept.order
            .lay_out(node, index, facts, &kept.filter, kept.sort);
        let shown = kept.order.rows().len();
        if !kept.filter.trim().is_empty() {
            let words = format!(
                "{} of {}",
                number_words(shown),
                number_words(facts.kinds.len())
            );
            ui.label(RichText::new(words).color(tokens.weak));
        }
        shown
    })
    .inner
}

/// `4 images, 2 attestations`.
fn summary(facts: &super::facts::IndexFacts) -> String {
    let mut parts = Vec::new();
    let mut push = |number: usize, one: &str, many: &str| {
        if number > 0 {
            parts.push(count(number, one, many));
        }
    };
    let others = facts.choices.len() - facts.images;
    push(facts.images, "image", "images");
    push(others, "other entry", "other entries");
    push(facts.attestations, "attestation", "attestations");
    push(facts.unreadable, "unreadable entry", "unreadable entries");
    parts.join(", ")
}
