//! The commands of the menu `Registry`.

use crate::ui::app::App;
use crate::ui::commands::effects;
use crate::ui::commands::situation::{has_repository, is_in_registry};
use crate::ui::commands::{Command, CommandId as Id, Menu};
use crate::ui::dialogs::Dialog;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        Id::AddRegistry,
        Menu::Registry,
        0,
        "Add a registry…",
        "Keep a registry in the explorer and list its repositories",
        |app| app.show_dialog(Dialog::registry()),
    ),
    Command::new(
        Id::BrowseRepository,
        Menu::Registry,
        0,
        "Browse a repository…",
        "List the tags of a repository by its name",
        |app| app.show_dialog(Dialog::repository("")),
    ),
    Command::new(
        Id::BrowseTags,
        Menu::Registry,
        0,
        "Browse tags of this image",
        "List the tags of the repository that the open image is in",
        effects::browse_tags,
    )
    .when(is_in_registry),
    Command::new(
        Id::CopyTags,
        Menu::Registry,
        0,
        "Copy all tags…",
        "Copy every tag of the repository to another one or to a folder",
        App::copy_focused_tags,
    )
    .when(has_repository),
    Command::new(
        Id::LogIn,
        Menu::Registry,
        1,
        "Log in…",
        "Give a registry a name and password, and keep them where other tools find them",
        effects::log_in,
    ),
];
