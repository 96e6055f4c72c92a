//! The commands of the menu `Edit`.

use egui::Key;

use super::{CTRL, CTRL_SHIFT, key};
use crate::ui::app::App;
use crate::ui::commands::effects;
use crate::ui::commands::situation::{
    can_find, has_digest, has_name_by_digest, has_text_reference,
};
use crate::ui::commands::{Command, CommandId as Id, Menu};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        Id::CopyReference,
        Menu::Edit,
        0,
        "Copy reference",
        "Copy the reference of the image as it was resolved from",
        effects::copy_reference,
    )
    .keys(&[key(CTRL_SHIFT, Key::C)])
    .when(has_text_reference),
    Command::new(
        Id::CopyDigest,
        Menu::Edit,
        0,
        "Copy digest",
        "Copy the digest of the selected manifest or index",
        effects::copy_digest,
    )
    .keys(&[key(CTRL_SHIFT, Key::D)])
    .when(has_digest),
    Command::new(
        Id::CopyReferenceByDigest,
        Menu::Edit,
        0,
        "Copy reference by digest",
        "Copy a reference that always means these bytes",
        effects::copy_reference_by_digest,
    )
    .when(has_name_by_digest),
    Command::new(
        Id::FindInView,
        Menu::Edit,
        1,
        "Find in this view",
        "Type into the field that narrows the view down, or finds in it",
        |app| app.find_in_view(),
    )
    .keys(&[key(CTRL, Key::F)])
    .when(can_find),
    Command::new(
        Id::ToggleOffline,
        Menu::Edit,
        2,
        "Work offline",
        "Ask nobody but the registry of an image: no mirror, no trust root by TUF, no log",
        App::toggle_offline,
    )
    .checked(|situation| situation.offline),
    Command::new(
        Id::Settings,
        Menu::Edit,
        2,
        "Settings…",
        "Theme, cache, logins, certificates and mirrors",
        effects::settings,
    )
    .keys(&[key(CTRL, Key::Comma)]),
];
