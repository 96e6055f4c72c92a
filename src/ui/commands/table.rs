//! The table of commands, in the order in which menus and palette show them.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::effects;
use super::situation::{
    always, can_be_deleted, can_be_favourite, can_be_signed, can_find, can_go_back, can_go_forward,
    can_have_referrers, has_closed_tab, has_digest, has_finished_jobs, has_image, has_manifest,
    has_name_by_digest, has_recents, has_several_tabs, has_tab, has_text_reference, is_in_registry,
    is_theme, is_view,
};
use super::{Command, CommandId as Id, Enabled, Menu, Situation};
use crate::ui::app::App;
use crate::ui::dialogs::Dialog;
use crate::ui::views::View;

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
/// Control on every system: Cmd+Tab is the system's own on a Mac.
const REAL_CTRL: Modifiers = Modifiers::CTRL;
const REAL_CTRL_SHIFT: Modifiers = Modifiers::CTRL.plus(Modifiers::SHIFT);

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl Command {
    const fn new(
        id: Id,
        menu: Menu,
        group: u8,
        name: &'static str,
        tooltip: &'static str,
        run: fn(&mut App),
    ) -> Self {
        Self {
            id,
            name,
            tooltip,
            menu,
            group,
            shortcuts: &[],
            enabled: always,
            checked: None,
            run,
        }
    }

    const fn keys(self, shortcuts: &'static [KeyboardShortcut]) -> Self {
        Self { shortcuts, ..self }
    }

    const fn when(self, enabled: fn(&Situation<'_>) -> Enabled) -> Self {
        Self { enabled, ..self }
    }

    const fn checked(self, checked: fn(&Situation<'_>) -> bool) -> Self {
        Self {
            checked: Some(checked),
            ..self
        }
    }
}

/// Every command.
pub static COMMANDS: &[Command] = &[
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
    Command::new(
        Id::ShowOverview,
        Menu::View,
        0,
        "Show overview",
        "What the image is, at a glance",
        |app| app.show_view(View::Overview),
    )
    .keys(&[key(CTRL, Key::Num1)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Overview)),
    Command::new(
        Id::ShowPlatforms,
        Menu::View,
        0,
        "Show platforms",
        "Every manifest of the index",
        |app| app.show_view(View::Platforms),
    )
    .keys(&[key(CTRL, Key::Num2)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Platforms)),
    Command::new(
        Id::ShowLayers,
        Menu::View,
        0,
        "Show layers",
        "The layers, and the instruction that made each",
        |app| app.show_view(View::Layers),
    )
    .keys(&[key(CTRL, Key::Num3)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Layers)),
    Command::new(
        Id::ShowFiles,
        Menu::View,
        0,
        "Show files",
        "Every file, and the layer that it comes from",
        |app| app.show_view(View::Files),
    )
    .keys(&[key(CTRL, Key::Num4)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Files)),
    Command::new(
        Id::ShowConfig,
        Menu::View,
        0,
        "Show config",
        "How a container of the image runs",
        |app| app.show_view(View::Config),
    )
    .keys(&[key(CTRL, Key::Num5)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Config)),
    Command::new(
        Id::ShowReferrers,
        Menu::View,
        0,
        "Show referrers",
        "Signatures, SBOMs and attestations that refer to the image",
        |app| app.show_view(View::Referrers),
    )
    .keys(&[key(CTRL, Key::Num6)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Referrers)),
    Command::new(
        Id::ShowSignatures,
        Menu::View,
        0,
        "Show signatures",
        "What vouches for the image, and why or why not",
        |app| app.show_view(View::Signatures),
    )
    .keys(&[key(CTRL, Key::Num7)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Signatures)),
    Command::new(
        Id::ShowRaw,
        Menu::View,
        0,
        "Show raw",
        "The exact bytes of the document",
        |app| app.show_view(View::Raw),
    )
    .keys(&[key(CTRL, Key::Num8)])
    .when(has_tab)
    .checked(|situation| is_view(situation, View::Raw)),
    Command::new(
        Id::Back,
        Menu::View,
        1,
        "Back",
        "Return to what was shown before",
        effects::back,
    )
    .keys(&[key(Modifiers::ALT, Key::ArrowLeft)])
    .when(can_go_back),
    Command::new(
        Id::Forward,
        Menu::View,
        1,
        "Forward",
        "Go again to where Back came from",
        effects::forward,
    )
    .keys(&[key(Modifiers::ALT, Key::ArrowRight)])
    .when(can_go_forward),
    Command::new(
        Id::NextTab,
        Menu::View,
        1,
        "Next tab",
        "Show the image to the right",
        |app| app.cycle_tabs(true),
    )
    .keys(&[key(REAL_CTRL, Key::Tab), key(REAL_CTRL, Key::PageDown)])
    .when(has_several_tabs),
    Command::new(
        Id::PreviousTab,
        Menu::View,
        1,
        "Previous tab",
        "Show the image to the left",
        |app| app.cycle_tabs(false),
    )
    .keys(&[key(REAL_CTRL_SHIFT, Key::Tab), key(REAL_CTRL, Key::PageUp)])
    .when(has_several_tabs),
    Command::new(
        Id::NextPane,
        Menu::View,
        1,
        "Next pane",
        "Move the keyboard on: address bar, explorer, tabs, view",
        |app| app.go_to_pane(true),
    )
    .keys(&[key(Modifiers::NONE, Key::F6)]),
    Command::new(
        Id::PreviousPane,
        Menu::View,
        1,
        "Previous pane",
        "Move the keyboard back: view, tabs, explorer, address bar",
        |app| app.go_to_pane(false),
    )
    .keys(&[key(Modifiers::SHIFT, Key::F6)]),
    Command::new(
        Id::ToggleExplorer,
        Menu::View,
        2,
        "Explorer",
        "Show or hide the list of images at the left",
        effects::toggle_explorer,
    )
    .keys(&[key(CTRL, Key::B)])
    .checked(|situation| situation.explorer_open),
    Command::new(
        Id::ToggleJobs,
        Menu::View,
        2,
        "Jobs",
        "Show or hide what runs in the background",
        effects::toggle_jobs,
    )
    .keys(&[key(CTRL, Key::J)])
    .checked(|situation| situation.jobs_open),
    Command::new(
        Id::ClearJobs,
        Menu::View,
        2,
        "Clear finished jobs",
        "Forget the jobs that have ended",
        effects::clear_jobs,
    )
    .when(has_finished_jobs),
    Command::new(
        Id::ThemeSystem,
        Menu::View,
        3,
        "System theme",
        "Light or dark, as the desktop is",
        |app| app.set_theme(egui::ThemePreference::System),
    )
    .checked(|situation| is_theme(situation, egui::ThemePreference::System)),
    Command::new(
        Id::ThemeLight,
        Menu::View,
        3,
        "Light theme",
        "Dark text on a light ground",
        |app| app.set_theme(egui::ThemePreference::Light),
    )
    .checked(|situation| is_theme(situation, egui::ThemePreference::Light)),
    Command::new(
        Id::ThemeDark,
        Menu::View,
        3,
        "Dark theme",
        "Light text on a dark ground",
        |app| app.set_theme(egui::ThemePreference::Dark),
    )
    .checked(|situation| is_theme(situation, egui::ThemePreference::Dark)),
    Command::new(
        Id::ZoomIn,
        Menu::View,
        4,
        "Zoom in",
        "Make everything larger",
        effects::zoom_in,
    )
    .keys(&[key(CTRL, Key::Plus), key(CTRL, Key::Equals)]),
    Command::new(
        Id::ZoomOut,
        Menu::View,
        4,
        "Zoom out",
        "Make everything smaller",
        effects::zoom_out,
    )
    .keys(&[key(CTRL, Key::Minus)]),
    Command::new(
        Id::ZoomReset,
        Menu::View,
        4,
        "Reset zoom",
        "Show everything in its own size",
        effects::zoom_reset,
    )
    .keys(&[key(CTRL, Key::Num0)]),
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
        Id::LogIn,
        Menu::Registry,
        1,
        "Log in…",
        "Give a registry a name and password, and keep them where other tools find them",
        effects::log_in,
    ),
    Command::new(
        Id::Keys,
        Menu::Tools,
        0,
        "Keys…",
        "Make, import, give out and delete the keys that you sign with",
        App::show_keys,
    ),
    Command::new(
        Id::Palette,
        Menu::Help,
        0,
        "Command palette…",
        "Find a command by a part of its name",
        effects::palette,
    )
    .keys(&[key(CTRL_SHIFT, Key::P)]),
    Command::new(
        Id::Shortcuts,
        Menu::Help,
        0,
        "Keyboard shortcuts",
        "Every command that has a shortcut",
        effects::shortcuts,
    )
    .keys(&[key(Modifiers::NONE, Key::F1)]),
    Command::new(
        Id::Diagnostics,
        Menu::Help,
        1,
        "Diagnostics…",
        "Versions, folders and the last lines of the log; the size of the cache",
        |app| app.show_diagnostics(),
    ),
    Command::new(
        Id::About,
        Menu::Help,
        1,
        "About Porthole",
        "Version and licences",
        effects::about,
    ),
];
