//! The commands: one table that feeds the menus, the palette, the shortcuts and the dialog
//! that lists them. A command that is not in [`COMMANDS`] does not exist.

mod effects;
pub mod menu_bar;
mod shortcuts;
mod situation;
mod table;

pub use shortcuts::{consume, format_all, format_first};
pub use situation::Situation;
pub use table::COMMANDS;

use egui::KeyboardShortcut;

use super::app::App;

/// Names a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CommandId {
    OpenReference,
    OpenFolder,
    OpenArchive,
    PasteAndOpen,
    OpenRecent,
    OpenSample,
    ReopenTab,
    CloseTab,
    Quit,
    CopyReference,
    CopyDigest,
    CopyReferenceByDigest,
    FindInView,
    ShowOverview,
    ShowPlatforms,
    ShowLayers,
    ShowFiles,
    ShowConfig,
    ShowReferrers,
    ShowSignatures,
    ShowRaw,
    Back,
    Forward,
    NextTab,
    PreviousTab,
    NextPane,
    PreviousPane,
    ToggleExplorer,
    ToggleJobs,
    ClearJobs,
    ThemeSystem,
    ThemeLight,
    ThemeDark,
    ZoomIn,
    ZoomOut,
    ZoomReset,
    Reload,
    CheckBytes,
    Copy,
    Export,
    Sign,
    Attach,
    CompareWith,
    FindFiles,
    Favourite,
    Delete,
    AddRegistry,
    BrowseRepository,
    BrowseTags,
    CopyTags,
    LogIn,
    Keys,
    ToggleOffline,
    Settings,
    Palette,
    Shortcuts,
    Diagnostics,
    About,
}

/// A menu of the menu bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Menu {
    File,
    Edit,
    View,
    Image,
    Registry,
    Tools,
    Help,
}

impl Menu {
    /// All of them, from left to right.
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::Edit,
        Self::View,
        Self::Image,
        Self::Registry,
        Self::Tools,
        Self::Help,
    ];

    /// The word in the menu bar.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Image => "Image",
            Self::Registry => "Registry",
            Self::Tools => "Tools",
            Self::Help => "Help",
        }
    }
}

/// Whether a command can run now; where not, why, for people.
pub type Enabled = Result<(), &'static str>;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Command {
    pub id: CommandId,
    /// In menus and the palette; `…` where more input follows.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub tooltip: &'static str,
    pub menu: Menu,
    /// Commands of a menu with different groups have a line between them.
    pub group: u8,
    /// The first one is shown, all of them work.
    pub shortcuts: &'static [KeyboardShortcut],
    pub enabled: fn(&Situation<'_>) -> Enabled,
    /// Whether it is on, for a command that switches something.
    pub checked: Option<fn(&Situation<'_>) -> bool>,
    pub(in crate::ui) run: fn(&mut App),
}

impl CommandId {
    /// Its row.
    pub fn command(self) -> &'static Command {
        COMMANDS
            .iter()
            .find(|command| command.id == self)
            .expect("a test holds that every id has a row")
    }
}
