//! The commands of the menu `View`.

use egui::{Key, Modifiers};

use super::{CTRL, REAL_CTRL, REAL_CTRL_SHIFT, key};
use crate::ui::commands::effects;
use crate::ui::commands::situation::{
    can_go_back, can_go_forward, has_finished_jobs, has_several_tabs, has_tab, is_theme, is_view,
};
use crate::ui::commands::{Command, CommandId as Id, Menu};
use crate::ui::views::View;

pub(super) const COMMANDS: &[Command] = &[
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
];
