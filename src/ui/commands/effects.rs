//! What each command of the table does. The effects themselves are the application's.

use crate::engine::{Chore, Command as EngineCommand, Place};
use crate::model::Reference;
use crate::ui::app::{App, Tab};
use crate::ui::dialogs::Dialog;

pub(super) fn open_reference(app: &mut App) {
    app.focus_address();
}

pub(super) fn open_folder(app: &mut App) {
    app.pick_folder();
}

pub(super) fn paste_and_open(app: &mut App) {
    app.request_paste();
}

pub(super) fn open_recent(app: &mut App) {
    app.show_dialog(Dialog::recents());
}

pub(super) fn open_sample(app: &mut App) {
    app.engine().send(EngineCommand::Chore(Chore::UnpackSample));
}

pub(super) fn toggle_favourite(app: &mut App) {
    let text = app.tabs().focused().and_then(Tab::lasting_text);
    if let Some(text) = text.map(ToOwned::to_owned) {
        app.settings_mut().favourites.toggle(&text);
    }
}

pub(super) fn browse_tags(app: &mut App) {
    if let Some(Reference::Registry(registry)) = app.tabs().focused().and_then(Tab::reference) {
        app.open_place(Place::Repository(registry.name()));
    }
}

pub(super) fn copy(app: &mut App) {
    app.copy_focused(false);
}

pub(super) fn export(app: &mut App) {
    app.copy_focused(true);
}

pub(super) fn settings(app: &mut App) {
    app.show_settings();
}

pub(super) fn log_in(app: &mut App) {
    let host = match app.tabs().focused().and_then(Tab::reference) {
        Some(Reference::Registry(registry)) => registry.host().to_owned(),
        _ => String::new(),
    };
    app.show_dialog(Dialog::login(&host, None));
}

pub(super) fn find_files(app: &mut App) {
    let found = app.tabs().focused().and_then(|tab| {
        let reference = tab.reference()?.to_string();
        Some((tab.image_id(), reference))
    });
    if let Some((image, reference)) = found {
        app.show_dialog(Dialog::find(image, reference));
    }
}

pub(super) fn palette(app: &mut App) {
    app.show_dialog(Dialog::palette());
}

pub(super) fn shortcuts(app: &mut App) {
    app.show_dialog(Dialog::Shortcuts);
}

pub(super) fn about(app: &mut App) {
    app.show_dialog(Dialog::about());
}

pub(super) fn reopen_tab(app: &mut App) {
    app.reopen_tab();
}

pub(super) fn close_tab(app: &mut App) {
    if let Some(image) = app.tabs().focused_id() {
        app.close_tab(image);
    }
}

pub(super) fn quit(app: &mut App) {
    app.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
}

pub(super) fn copy_reference(app: &mut App) {
    if let Some(reference) = app.tabs().focused().and_then(Tab::reference) {
        app.copy(reference.to_string(), "reference");
    }
}

pub(super) fn copy_digest(app: &mut App) {
    if let Some(node) = app.tabs().focused().and_then(Tab::node) {
        app.copy(node.document.raw().digest().to_string(), "digest");
    }
}

pub(super) fn copy_reference_by_digest(app: &mut App) {
    let Some(tab) = app.tabs().focused() else {
        return;
    };
    if let (Some(reference), Some(node)) = (tab.reference(), tab.node())
        && let Some(by_digest) = reference.at_digest(node.document.raw().digest())
    {
        app.copy(by_digest.to_string(), "reference by digest");
    }
}

pub(super) fn back(app: &mut App) {
    app.go(true);
}

pub(super) fn forward(app: &mut App) {
    app.go(false);
}

pub(super) fn toggle_explorer(app: &mut App) {
    let settings = app.settings_mut();
    settings.explorer_open = !settings.explorer_open;
}

pub(super) fn toggle_jobs(app: &mut App) {
    let settings = app.settings_mut();
    settings.jobs_open = !settings.jobs_open;
}

pub(super) fn clear_jobs(app: &mut App) {
    app.engine().send(EngineCommand::ClearJobs);
}

pub(super) fn zoom_in(app: &mut App) {
    egui::gui_zoom::zoom_in(app.ctx());
}

pub(super) fn zoom_out(app: &mut App) {
    egui::gui_zoom::zoom_out(app.ctx());
}

pub(super) fn zoom_reset(app: &mut App) {
    app.ctx().set_zoom_factor(1.0);
}

pub(super) fn reload(app: &mut App) {
    if let Some(image) = app.tabs().focused_id() {
        app.reload(image);
    }
}

pub(super) fn check_bytes(app: &mut App) {
    if let Some(tab) = app.tabs().focused() {
        app.engine().send(EngineCommand::CheckBlobs {
            image: tab.image_id(),
            manifest: tab.subject(),
        });
    }
}
