//! A tab: an open image, and what is shown of it.

use std::sync::Arc;

use crate::engine::{
    Engine, Failure, FilesSnapshot, Image, ImageId, ImageSnapshot, Node, NodePath, Opened, Place,
    PlaceSnapshot,
};
use crate::model::{Digest, Platform, Reference, text};
use crate::ui::recents;
use crate::ui::views::{Health, View, ViewState, health_of_selected};

use super::comparison::Comparison;

/// Longest title that is shown in a tab, in characters.
const TITLE: usize = 36;

/// What a tab of a repository is kept under, before its name.
const REPOSITORY: &str = "repository:";

/// An open image in the window.
pub struct Tab {
    image: ImageId,
    /// What was typed, dropped or clicked.
    pub input: String,
    pub view: View,
    /// What the input says by itself, for a name before the image is known.
    parsed: Option<Reference>,
    /// What a person selected; nothing for what the engine chose.
    pub selected: Option<NodePath>,
    pub view_state: ViewState,
    /// Opened by an earlier run, and not shown in this one yet: it was not asked for.
    pub asleep: bool,
    /// The folder or file is not as it was when it was read.
    pub changed_on_disk: bool,
    snapshot: Option<Arc<ImageSnapshot>>,
    files: Option<Arc<FilesSnapshot>>,
    /// What is shown instead of an image.
    place: Option<Place>,
    place_snapshot: Option<Arc<PlaceSnapshot>>,
    comparison: Option<Comparison>,
    /// What opens the image again in another run, once the input was understood.
    lasting: Option<String>,
}

impl Tab {
    /// A tab that shows an image from its beginning.
    pub fn new(image: ImageId, input: String) -> Self {
        Self {
            image,
            parsed: Reference::parse_prefixed(&input).and_then(Result::ok),
            input,
            view: View::default(),
            selected: None,
            view_state: ViewState::default(),
            asleep: false,
            changed_on_disk: false,
            snapshot: None,
            files: None,
            place: None,
            place_snapshot: None,
            comparison: None,
            lasting: None,
        }
    }

    /// A tab that shows what is in a repository.
    pub fn of_repository(image: ImageId, name: String) -> Self {
        Self {
            place: Some(Place::Repository(name.clone())),
            parsed: None,
            ..Self::new(image, name)
        }
    }

    /// A tab that shows how two images differ.
    pub fn of_comparison(image: ImageId, comparison: Comparison) -> Self {
        let title = comparison.title();
        Self {
            parsed: None,
            comparison: Some(comparison),
            ..Self::new(image, title)
        }
    }

    /// The comparison that is shown instead of an image.
    pub const fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_ref()
    }

    /// The platforms of the image beside the one that is looked at.
    pub fn other_platforms(&self) -> Vec<Platform> {
        let index = self.image().and_then(|image| image.root.document.index());
        let own = self.compared().and_then(|compared| compared.platform);
        let entries = index.into_iter().flat_map(|index| index.descriptors());
        entries
            .filter_map(|(_, entry)| entry.platform.clone())
            .filter(|platform| !platform.is_unknown() && Some(platform) != own.as_ref())
            .collect()
    }

    /// What is shown instead of an image.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The latest of what is known of that.
    pub const fn place_snapshot(&self) -> Option<&Arc<PlaceSnapshot>> {
        self.place_snapshot.as_ref()
    }

    /// What makes the tab again in another run.
    pub fn session_text(&self) -> Option<String> {
        if let Some(comparison) = &self.comparison {
            return Some(comparison.session_text());
        }
        match &self.place {
            Some(Place::Repository(name)) => Some(format!("{REPOSITORY}{name}")),
            _ => self.lasting.clone(),
        }
    }

    /// A tab of an earlier run, which sleeps until it is shown. `reference` is the
    /// [`session_text`](Self::session_text) that it had.
    pub fn asleep(image: ImageId, reference: String) -> Self {
        if let Some(comparison) = Comparison::of_session(&reference) {
            let mut tab = Self::of_comparison(image, comparison);
            tab.asleep = true;
            return tab;
        }
        if let Some(name) = reference.strip_prefix(REPOSITORY) {
            let mut tab = Self::of_repository(image, name.to_owned());
            tab.asleep = true;
            return tab;
        }
        Self {
            // known already: it must not be lost where its place does not answer today
            lasting: Some(reference.clone()),
            asleep: true,
            ..Self::new(image, reference)
        }
    }

    /// Takes the latest of what is known. Says whether something new was there.
    pub(super) fn refresh(&mut self, engine: &Engine) -> bool {
        if let Some(place) = &self.place {
            self.place_snapshot = engine.place(place);
            return false;
        }
        if let Some(comparison) = &mut self.comparison {
            comparison.snapshot = engine.comparison(comparison.id);
            return false;
        }
        let latest = engine.image(self.image);
        let generation = |snapshot: &Option<Arc<ImageSnapshot>>| {
            snapshot.as_ref().map(|snapshot| snapshot.generation)
        };
        let new = generation(&latest) != generation(&self.snapshot);
        if new {
            self.snapshot = latest;
            let opened = self.snapshot.as_ref().and_then(|s| s.opened.value());
            let found = opened.is_some();
            if let Some(Opened::Image(image)) = opened {
                self.view_state.look_through(&image.root);
            }
            if self.lasting.is_none() && found {
                let understood = self.snapshot.as_ref().and_then(|s| s.reference.as_ref());
                self.lasting = understood.map(recents::lasting_text);
            }
        }
        self.files = engine.files(self.image, &self.subject());
        new
    }

    /// What is known of the files of the manifest that the views are about.
    pub const fn files(&self) -> Option<&Arc<FilesSnapshot>> {
        self.files.as_ref()
    }

    /// How the bytes of what is selected are, as far as that is known.
    pub(in crate::ui) fn health(&self) -> Option<Health> {
        health_of_selected(
            self.snapshot.as_ref()?,
            self.view_state.index_health()?,
            &self.selection(),
        )
    }

    /// The manifest that the views are about: where an index is selected, the image that
    /// was chosen in it.
    pub fn subject(&self) -> NodePath {
        let selected = self.selection();
        let chosen = self.image().and_then(|image| image.chosen.as_ref());
        match chosen {
            Some(chosen) if chosen.path.positions().starts_with(selected.positions()) => {
                chosen.path.clone()
            }
            _ => selected,
        }
    }

    /// What opens the image again in another run, once the input was understood.
    pub fn lasting_text(&self) -> Option<&str> {
        self.lasting.as_deref()
    }

    /// The image's id in the engine.
    pub const fn image_id(&self) -> ImageId {
        self.image
    }

    /// The latest of what is known.
    pub const fn snapshot(&self) -> Option<&Arc<ImageSnapshot>> {
        self.snapshot.as_ref()
    }

    /// The image, where one was found.
    pub fn image(&self) -> Option<&Image> {
        self.snapshot.as_ref()?.image()
    }

    /// The digest of what the reference stands for.
    pub fn root_digest(&self) -> Option<&Digest> {
        Some(self.image()?.root.document.raw().digest())
    }

    /// Why there is nothing to show.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        let opened = &self.snapshot.as_ref()?.opened;
        if opened.value().is_none() {
            opened.error()
        } else {
            None
        }
    }

    /// Whether the place holds several images and the reference names none of them.
    pub fn is_several(&self) -> bool {
        let opened = self.snapshot.as_ref().and_then(|s| s.opened.value());
        matches!(opened, Some(Opened::Several(_)))
    }

    /// What the input was understood as.
    pub fn reference(&self) -> Option<&Reference> {
        let understood = self.snapshot.as_ref().and_then(|s| s.reference.as_ref());
        understood.or(self.parsed.as_ref())
    }

    /// What the views are about: what was selected, else what the engine chose, else the
    /// root.
    pub fn selection(&self) -> NodePath {
        let chosen = || self.image().and_then(|image| image.chosen.as_ref());
        self.selected
            .clone()
            .or_else(|| chosen().map(|chosen| chosen.path.clone()))
            .unwrap_or_default()
    }

    /// The selected manifest or index, where it is known.
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.image()?.node(&self.selection())
    }

    /// The whole name, fit for the screen.
    pub fn full_title(&self) -> String {
        let text = match self.reference() {
            Some(reference) => reference.to_string(),
            None => self.input.clone(),
        };
        text::visible(&text).into_owned()
    }

    /// What the address bar shows: what opens this once more. A comparison has no address.
    pub fn address(&self) -> String {
        match self.comparison {
            Some(_) => String::new(),
            None => self.full_title(),
        }
    }

    /// A short name for the tab, with the middle left out where it is long.
    pub fn title(&self) -> String {
        let title = self
            .reference()
            .map_or_else(|| self.input.clone(), Reference::title);
        text::middle(&text::visible(&title), TITLE).into_owned()
    }

    /// Whether `text` is what this tab shows.
    pub(super) fn answers_to(&self, text: &str) -> bool {
        if self.place.is_some() || self.comparison.is_some() {
            return false; // its name stands for its latest image
        }
        self.input == text
            || self
                .reference()
                .is_some_and(|reference| reference.to_string() == text)
    }
}
