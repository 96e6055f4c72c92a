//! The commands of the menu `Image`.

use egui::{Key, Modifiers};

use super::{CTRL, CTRL_SHIFT, key};
use crate::ui::app::App;
use crate::ui::commands::effects;
use crate::ui::commands::situation::{
    can_be_deleted, can_be_favourite, can_be_signed, can_have_referrers, has_image, has_manifest,
    has_tab, has_text_reference,
};
use crate::ui::commands::{Command, CommandId as Id, Menu};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        Id::Reload,
        Menu::Image,
        0,
        "Reload",
        "Ask the place again; what is known stays visible meanwhile",
        effects::reload,
    )
    .keys(&[key(Modifiers::NONE, Key::F5), key(CTRL, Key::R)])
    .when(has_tab),
    Command::new(
        Id::CheckBytes,
        Menu::Image,
        0,
        "Check bytes",
        "Read config and layers of the selected manifest through and compare their digests",
        effects::check_bytes,
    )
    .when(has_manifest),
    Command::new(
        Id::CompareWith,
        Menu::Image,
        0,
        "Compare with…",
        "Show how the image differs from another one, or from another of its platforms",
        App::compare_focused,
    )
    .when(has_text_reference),
    Command::new(
        Id::FindFiles,
        Menu::Image,
        0,
        "Find in all layers…",
        "Search for a name in every layer of every platform of the image",
        effects::find_files,
    )
    .keys(&[key(CTRL_SHIFT, Key::F)])
    .when(has_text_reference),
    Command::new(
        Id::Copy,
        Menu::Image,
        1,
        "Copy…",
        "Copy the image with everything that belongs to it to another place",
        effects::copy,
    )
    .keys(&[key(CTRL_SHIFT, Key::K)])
    .when(has_image),
    Command::new(
        Id::Export,
        Menu::Image,
        1,
        "Export…",
        "Write the image to a folder or an archive",
        effects::export,
    )
    .keys(&[key(CTRL_SHIFT, Key::E)])
    .when(has_image),
    Command::new(
        Id::Sign,
        Menu::Image,
        2,
        "Sign…",
        "Sign the image, or the index with its platforms, with a key of yours",
        App::sign_focused,
    )
    .keys(&[key(CTRL_SHIFT, Key::S)])
    .when(can_be_signed),
    Command::new(
        Id::Attach,
        Menu::Image,
        2,
        "Attach…",
        "Attach an SBOM, any file or a signed statement to the image",
        App::attach_to_focused,
    )
    .when(can_have_referrers),
    Command::new(
        Id::Favourite,
        Menu::Image,
        3,
        "Favourite",
        "Keep the image among the favourites of the explorer",
        effects::toggle_favourite,
    )
    .keys(&[key(CTRL, Key::D)])
    .when(can_be_favourite)
    .checked(|situation| situation.favourite),
    Command::new(
        Id::Delete,
        Menu::Image,
        4,
        "Delete…",
        "Delete the tag or manifest from its registry, or its name from the OCI folder",
        App::delete_focused,
    )
    .when(can_be_deleted),
];
