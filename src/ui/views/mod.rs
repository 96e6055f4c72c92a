//! The views of an open image. A view draws a snapshot and pushes actions.

mod artifact;
mod cached;
pub(in crate::ui) mod compare;
mod config;
mod facts;
mod files;
mod layers;
mod overview;
mod page;
mod pending;
mod platforms;
mod raw;
mod referrers;
pub(in crate::ui) mod repository;
mod several;
mod signatures;
mod subject;
mod unread;
mod wants;

use std::sync::Arc;

use crate::engine::{
    Command, FilesSnapshot, ImageSnapshot, KeyInfo, Node, NodePath, Opened, TrustChange,
    TrustPreview,
};
use crate::model::Digest;

use super::action::{Action, Actions};
use super::widgets::error_box;

pub(in crate::ui) use facts::{Health, IndexHealth, of_selected as health_of_selected};
pub use referrers::referrer_count;
pub(in crate::ui) use subject::{label_of, platform_label};

use facts::Facts;
use wants::Wants;

/// What a tab shows of its image.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum View {
    #[default]
    Overview,
    Platforms,
    Layers,
    Files,
    Config,
    Referrers,
    Signatures,
    Raw,
}

/// What a view needs to draw.
pub struct ViewContext<'a> {
    pub image: &'a ImageSnapshot,
    /// What is known of the files of the manifest that is shown.
    pub files: Option<&'a FilesSnapshot>,
    /// The manifest (or index) that is selected; the root where nothing else is.
    pub selected: &'a NodePath,
    /// The user's own keys, as far as they were listed.
    pub keys: &'a [KeyInfo],
    /// Now, for relative dates; fixed in tests.
    pub now: jiff::Timestamp,
    pub actions: &'a mut Actions,
}

impl View {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Platforms,
        Self::Layers,
        Self::Files,
        Self::Config,
        Self::Referrers,
        Self::Signatures,
        Self::Raw,
    ];

    /// The word on the tab, and its accessible name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Platforms => "Platforms",
            Self::Layers => "Layers",
            Self::Files => "Files",
            Self::Config => "Config",
            Self::Referrers => "Referrers",
            Self::Signatures => "Signatures",
            Self::Raw => "Raw",
        }
    }
}

/// What a tab keeps of its views between frames: folds, filters, what is marked, and rows
/// that were made ready. Made anew it shows everything from its beginning.
#[derive(Debug, Default)]
pub struct ViewState {
    facts: Facts,
    wants: Wants,
    overview: overview::OverviewState,
    platforms: platforms::PlatformsState,
    layers: layers::LayersState,
    files: files::FilesState,
    config: config::ConfigState,
    referrers: referrers::ReferrersState,
    signatures: signatures::SignaturesState,
    raw: raw::RawState,
    pub(in crate::ui) comparison: compare::CompareState,
    pub(in crate::ui) repository: repository::RepositoryState,
    /// The image that is marked among several.
    several: Option<usize>,
}

impl ViewState {
    /// Files is to show what a layer of this manifest holds, and this path in it.
    pub(in crate::ui) fn show_files(
        &mut self,
        manifest: &NodePath,
        layer: usize,
        path: Option<Vec<u8>>,
    ) {
        self.files.show_layer(manifest, layer, path);
    }

    /// Looks through everything that is known under `root`, where that is not done yet.
    pub(in crate::ui) fn look_through(&mut self, root: &Arc<Node>) {
        self.facts.index_health(root);
    }

    /// What is missing or damaged of what was looked through last; nothing before that.
    pub(in crate::ui) fn index_health(&self) -> Option<&IndexHealth> {
        self.facts.known_index_health()
    }

    /// What a change of the trust policy would write is known.
    pub(in crate::ui) fn trust_previewed(&mut self, preview: &Arc<TrustPreview>) {
        self.signatures.trust_previewed(preview);
    }

    /// The signature or referrer in the manifest `digest` is to be seen, once it is there.
    pub(in crate::ui) fn bring_into_view(&mut self, digest: &Digest) {
        self.signatures.bring_into_view(digest.clone());
        self.referrers.select(digest.clone());
    }

    /// The trust policy was changed, or could not be by `change`.
    pub(in crate::ui) fn trust_settled(&mut self, change: Option<&TrustChange>) {
        self.signatures.trust_settled(change);
    }
}

/// Draws `view` of the image into all the space of `ui`, with its own margin and its own
/// scroll bars; also while the image is on its way, where it could not be opened, and
/// where there are several. `state` belongs to the tab and is the same for all its views.
pub fn show(ui: &mut egui::Ui, view: View, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let snapshot = context.image;
    match (snapshot.opened.value(), snapshot.opened.error()) {
        (Some(Opened::Image(_)), _) => {
            match view {
                View::Overview => overview::show(ui, state, context),
                View::Platforms => platforms::show(ui, state, context),
                View::Layers => layers::show(ui, state, context),
                View::Files => files::show(ui, state, context),
                View::Config => config::show(ui, state, context),
                View::Referrers => referrers::show(ui, state, context),
                View::Signatures => signatures::show(ui, state, context),
                View::Raw => raw::show(ui, state, context),
            }
            // after the view, which may have asked for it among others
            let selected = context.selected;
            state.wants.ask_node(context, selected);
        }
        (Some(Opened::Several(images)), _) => several::show(ui, state, images, context),
        (None, Some(error)) => page::scrolling(ui, |ui| {
            overview::title(ui, &snapshot.title());
            ui.add_space(page::SECTION);
            error_box(ui, error, Some(reload(context)), context.actions);
        }),
        (None, None) => pending::image(ui, &snapshot.title()),
    }
}

/// What `Try again` does.
fn reload(context: &ViewContext<'_>) -> Action {
    Action::Send(Command::Reload {
        image: context.image.id,
    })
}

/// Draws the space of an image that was just asked for, before anything is known of it.
pub fn opening(ui: &mut egui::Ui, name: &str) {
    pending::image(ui, name);
}
