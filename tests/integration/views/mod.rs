//! The views of an image, found by role and name as a screen reader finds them.

mod config;
mod files;
mod layers;
mod overview;
mod platforms;
mod raw;
mod referrers;
mod states;
mod zoo;

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, HarnessBuilder};
use porthole::engine::{Command, FilesSnapshot, ImageSnapshot, NodePath};
use porthole::ui::action::{Action, Actions};
use porthole::ui::theme;
use porthole::ui::views::{self, View, ViewContext, ViewState};

/// A view in a window of its own, and what it wished.
pub struct Shown {
    pub view: View,
    pub image: Arc<ImageSnapshot>,
    pub selected: NodePath,
    pub files: Option<Arc<FilesSnapshot>>,
    pub actions: Vec<Action>,
    /// What the overview asked for without being asked: what refers to the image.
    pub looked_up: Vec<NodePath>,
    state: ViewState,
}

impl Shown {
    /// The image that was chosen is selected, as the window does.
    pub fn new(view: View, image: ImageSnapshot) -> Self {
        let chosen = image.image().and_then(|image| image.chosen.as_ref());
        Self {
            view,
            selected: chosen.map(|chosen| chosen.path.clone()).unwrap_or_default(),
            image: Arc::new(image),
            files: None,
            actions: Vec::new(),
            looked_up: Vec::new(),
            state: ViewState::default(),
        }
    }

    fn draw(ui: &mut egui::Ui, shown: &mut Self) {
        let mut actions = Actions::default();
        let image = Arc::clone(&shown.image);
        let files = shown.files.clone();
        let mut context = ViewContext {
            image: &image,
            files: files.as_deref(),
            selected: &shown.selected.clone(),
            keys: &[],
            now: "2026-11-22T12:00:00Z".parse().unwrap(),
            actions: &mut actions,
        };
        views::show(ui, shown.view, &mut shown.state, &mut context);
        for action in actions.take() {
            if let Action::Select(_, path) = &action {
                shown.selected = path.clone();
            }
            match action {
                Action::Send(Command::ListReferrers { manifest, .. })
                    if shown.view == View::Overview =>
                {
                    shown.looked_up.push(manifest);
                }
                action => shown.actions.push(action),
            }
        }
    }
}

/// A wide window in the dark.
pub fn builder() -> HarnessBuilder<Shown> {
    Harness::builder()
        .with_size([1190.0, 740.0])
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
}

/// Draws `view` of `image` until nothing moves.
pub fn shown(view: View, image: ImageSnapshot) -> Harness<'static, Shown> {
    let mut harness = builder().build_ui_state(Shown::draw, Shown::new(view, image));
    harness.run();
    harness
}

/// Takes what was wished since the last call.
pub fn wishes(harness: &mut Harness<'_, Shown>) -> Vec<Action> {
    std::mem::take(&mut harness.state_mut().actions)
}

/// The commands to the engine among them.
pub fn commands(harness: &mut Harness<'_, Shown>) -> Vec<Command> {
    let wishes = wishes(harness).into_iter();
    wishes
        .filter_map(|wish| match wish {
            Action::Send(command) => Some(command),
            _ => None,
        })
        .collect()
}

/// The texts that were copied among them.
pub fn copied(harness: &mut Harness<'_, Shown>) -> Vec<String> {
    let wishes = wishes(harness).into_iter();
    wishes
        .filter_map(|wish| match wish {
            Action::Copy { text, .. } => Some(text),
            _ => None,
        })
        .collect()
}

/// The names of all rows of the tables.
pub fn rows(harness: &Harness<'_, Shown>) -> Vec<String> {
    let rows = harness.query_all_by_role(Role::Row);
    rows.filter_map(|row| row.accesskit_node().label())
        .collect()
}

/// Every name and text on the screen, in one string.
pub fn words(harness: &Harness<'_, Shown>) -> String {
    let mut words = String::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        for text in [node.label(), node.value()].into_iter().flatten() {
            words.push_str(&text);
            words.push('\n');
        }
    }
    words
}
