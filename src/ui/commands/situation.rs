//! What decides whether a command can run, and the conditions made of it.

use egui::ThemePreference;

use super::Enabled;
use crate::engine::{Parts, Place};
use crate::model::Reference;
use crate::ui::app::Tab;
use crate::ui::dialogs::{Delete, PlaceKind};
use crate::ui::views::View;

/// The window as far as commands ask about it.
pub struct Situation<'a> {
    /// The tab that has the focus.
    pub tab: Option<&'a Tab>,
    /// How many are open.
    pub tabs: usize,
    pub closed_tabs: bool,
    pub recents: bool,
    /// Whether the image of that tab is a favourite.
    pub favourite: bool,
    pub can_go_back: bool,
    pub can_go_forward: bool,
    pub finished_jobs: bool,
    pub explorer_open: bool,
    pub jobs_open: bool,
    /// Whether nobody but the registry of an image is asked about it.
    pub offline: bool,
    pub theme: ThemePreference,
}

/// A condition that says `why` where it does not hold.
const fn need(holds: bool, why: &'static str) -> Enabled {
    if holds { Ok(()) } else { Err(why) }
}

pub(super) const fn always(_: &Situation<'_>) -> Enabled {
    Ok(())
}

pub(super) const fn has_tab(situation: &Situation<'_>) -> Enabled {
    need(situation.tab.is_some(), "No image is open")
}

pub(super) const fn has_several_tabs(situation: &Situation<'_>) -> Enabled {
    need(situation.tabs > 1, "There is no other tab")
}

pub(super) const fn has_closed_tab(situation: &Situation<'_>) -> Enabled {
    need(situation.closed_tabs, "No tab was closed")
}

pub(super) const fn has_recents(situation: &Situation<'_>) -> Enabled {
    need(situation.recents, "Nothing was open before")
}

pub(super) const fn can_go_back(situation: &Situation<'_>) -> Enabled {
    need(situation.can_go_back, "Nothing was shown before")
}

pub(super) const fn can_go_forward(situation: &Situation<'_>) -> Enabled {
    need(situation.can_go_forward, "Back was not used")
}

pub(super) const fn has_finished_jobs(situation: &Situation<'_>) -> Enabled {
    need(situation.finished_jobs, "No job has ended")
}

pub(super) fn has_image(situation: &Situation<'_>) -> Enabled {
    has_tab(situation)?;
    let image = situation.tab.and_then(Tab::image);
    need(image.is_some(), "The image is not known yet")
}

pub(super) fn has_text_reference(situation: &Situation<'_>) -> Enabled {
    has_tab(situation)?;
    let reference = situation.tab.and_then(Tab::reference);
    need(reference.is_some(), "The reference was not understood")
}

pub(super) fn is_in_registry(situation: &Situation<'_>) -> Enabled {
    has_tab(situation)?;
    let reference = situation.tab.and_then(Tab::reference);
    need(
        matches!(reference, Some(Reference::Registry(_))),
        "The image is not in a registry",
    )
}

pub(super) fn has_repository(situation: &Situation<'_>) -> Enabled {
    let tab = situation.tab;
    let is_listed = tab.is_some_and(|tab| matches!(tab.place(), Some(Place::Repository(_))));
    let reference = tab.and_then(Tab::reference);
    need(
        is_listed || matches!(reference, Some(Reference::Registry(_))),
        "Open a repository, or an image in a registry",
    )
}

pub(super) fn can_be_signed(situation: &Situation<'_>) -> Enabled {
    has_image(situation)?;
    let place = situation.tab.and_then(Tab::reference).map(PlaceKind::of);
    need(
        place.is_some_and(PlaceKind::holds_signatures),
        "This place holds no signatures: copy the image to a registry, an OCI folder or a flat folder",
    )
}

pub(super) fn can_have_referrers(situation: &Situation<'_>) -> Enabled {
    has_image(situation)?;
    let place = situation.tab.and_then(Tab::reference).map(PlaceKind::of);
    need(
        place.is_some_and(PlaceKind::holds_referrers),
        "This place holds nothing that refers to an image: copy it to a registry or an OCI folder",
    )
}

pub(super) fn can_be_deleted(situation: &Situation<'_>) -> Enabled {
    has_image(situation)?;
    let reference = situation.tab.and_then(Tab::reference);
    need(
        reference.is_some_and(Delete::can),
        "Only what is in a registry, or has a name in an OCI folder, can be deleted",
    )
}

/// Whether the view in front has a field that narrows it down or finds in it.
pub(super) fn can_find(situation: &Situation<'_>) -> Enabled {
    has_tab(situation)?;
    let has_field = situation.tab.is_some_and(|tab| {
        tab.place().is_some()
            || tab.comparison().is_some()
            || matches!(tab.view, View::Files | View::Referrers | View::Raw)
    });
    need(
        has_field,
        "Files, Referrers, Raw and lists of tags can be searched",
    )
}

pub(super) fn can_be_favourite(situation: &Situation<'_>) -> Enabled {
    has_tab(situation)?;
    let text = situation.tab.and_then(Tab::lasting_text);
    need(text.is_some(), "The reference was not understood")
}

pub(super) fn has_digest(situation: &Situation<'_>) -> Enabled {
    has_image(situation)?;
    let node = situation.tab.and_then(Tab::node);
    need(node.is_some(), "The selected manifest is not known yet")
}

pub(super) fn has_name_by_digest(situation: &Situation<'_>) -> Enabled {
    has_digest(situation)?;
    let by_digest = situation.tab.and_then(|tab| {
        let digest = tab.node()?.document.raw().digest();
        tab.reference()?.at_digest(digest)
    });
    need(
        by_digest.is_some(),
        "Only images in registries, layouts and their archives have a reference by digest",
    )
}

pub(super) fn has_manifest(situation: &Situation<'_>) -> Enabled {
    has_digest(situation)?;
    let tab = situation.tab;
    let node = tab.and_then(|tab| tab.image()?.node(&tab.subject()));
    need(
        node.is_some_and(|node| matches!(node.parts, Parts::Manifest { .. })),
        "Select a manifest first: an index has no blobs of its own",
    )
}

pub(super) fn is_view(situation: &Situation<'_>, view: View) -> bool {
    situation.tab.is_some_and(|tab| tab.view == view)
}

pub(super) fn is_theme(situation: &Situation<'_>, theme: ThemePreference) -> bool {
    situation.theme == theme
}
