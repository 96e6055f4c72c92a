//! The commands of the menu `Tools`.

use crate::ui::app::App;
use crate::ui::commands::{Command, CommandId as Id, Menu};

pub(super) const COMMANDS: &[Command] = &[Command::new(
    Id::Keys,
    Menu::Tools,
    0,
    "Keys…",
    "Make, import, give out and delete the keys that you sign with",
    App::show_keys,
)];
