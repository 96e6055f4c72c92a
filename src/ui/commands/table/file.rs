//! The commands of the menu `File`.

use egui::Key;

use super::{CTRL, CTRL_SHIFT, key};
use crate::ui::app::App;
use crate::ui::commands::effects;
use crate::ui::commands::situation::{has_closed_tab, has_recents, has_tab};
use crate::ui::commands::{Command, CommandId as Id, Menu};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        Id::OpenReference,
        Menu::File,
        0,
        "Open reference…",
        "Type a reference or a path in the address bar",
        effects::open_reference,
    )
    .keys(&[key(CTRL, Key::L)]),
    Command::new(
        Id::OpenFolder,
        Menu::File,
        0,
        "Open folder…",
        "Choose an OCI layout folder",
        effects::open_folder,
    )
    .keys(&[key(CTRL, Key::O)]),
    Command::new(
        Id::OpenArchive,
        Menu::File,
        0,
        "Open archive…",
        "Choose an archive that docker, podman or skopeo wrote",
        App::pick_archive,
    )
    .keys(&[key(CTRL_SHIFT, Key::O)]),
    Command::new(
        Id::PasteAndOpen,
        Menu::File,
        0,
        "Paste and open",
        "Open the reference, path or pull command that is on the clipboard",
        effects::paste_and_open,
    )
    .keys(&[key(CTRL_SHIFT, Key::V)]),
    Command::new(
        Id::OpenRecent,
        Menu::File,
        0,
        "Open recent…",
        "Find an image that was open before by a part of its name",
        effects::open_recent,
    )
    .keys(&[key(CTRL, Key::P)])
    .when(has_recents),
    Command::new(
        Id::OpenSample,
        Menu::File,
        0,
        "Open the sample image",
        "Open an image that comes with Porthole: two platforms and an SBOM",
        effects::open_sample,
    ),
    Command::new(
        Id::ReopenTab,
        Menu::File,
        1,
        "Reopen closed tab",
        "Open the image that was closed last once more",
        effects::reopen_tab,
    )
    .keys(&[key(CTRL_SHIFT, Key::T)])
    .when(has_closed_tab),
    Command::new(
        Id::CloseTab,
        Menu::File,
        1,
        "Close tab",
        "Close the image and end what is done for it",
        effects::close_tab,
    )
    .keys(&[key(CTRL, Key::W)])
    .when(has_tab),
    Command::new(
        Id::Quit,
        Menu::File,
        2,
        "Quit",
        "End the program",
        effects::quit,
    )
    .keys(&[key(CTRL, Key::Q)]),
];
