//! The application: what the window keeps between frames, and what happens to it. Split by
//! verb: `logic` before a frame, `ui` draws it, `actions` after it.

mod actions;
mod additions;
mod comparison;
mod copies;
pub mod drops;
pub mod folder_picker;
pub mod history;
mod logic;
mod login;
mod outcomes;
mod panes;
mod persistence;
mod quit;
mod reloads;
mod restore;
mod run;
mod startup;
mod tab;
mod tabs;
mod tag_copies;
mod trust;
mod ui;

use std::collections::HashSet;
use std::sync::Arc;

use egui::Context;

use self::drops::DropSupport;
use self::folder_picker::{FolderPicker, Pending};
use self::history::History;
use self::reloads::Reloads;
use super::action::{Actions, PathWish};
use super::commands::Situation;
use super::dialogs::{Adding, Dialog};
use super::panels::address_bar::AddressBar;
use super::panels::jobs::Meters;
use super::panels::toasts::Toasts;
use super::state::Settings;
use super::theme;
use super::widgets::split;
use crate::diagnostics::Facts;
use crate::engine::{Command, Engine, ImageId, JobId, JobSnapshot, KeyInfo};

pub use comparison::Comparison;
pub use run::run;
pub use startup::Startup;
pub use tab::Tab;
pub use tabs::{ClosedTab, Tabs, TabsParts};

/// What is given to an application from outside, so that a test can give something else.
pub struct Surroundings {
    /// Opens the dialogs of the system that pick a folder or a file.
    pub folder_picker: Box<dyn FolderPicker>,
    /// Now, for relative dates.
    pub now: fn() -> jiff::Timestamp,
    /// Whether files can be dropped on the window.
    pub drops: DropSupport,
    /// Where files are saved, unless somebody says something else: a folder, with `~` for
    /// that of the user.
    pub downloads: Option<String>,
    /// For the diagnostics.
    pub facts: Facts,
    /// Tells how long the first frame took; nothing where nobody asked.
    pub startup: Option<Startup>,
}

/// The window's state.
pub struct App {
    ctx: Context,
    engine: Engine,
    surroundings: Surroundings,
    settings: Settings,
    tabs: Tabs,
    history: History,
    /// As they were when the frame began.
    jobs: Arc<[Arc<JobSnapshot>]>,
    meters: Meters,
    address: AddressBar,
    /// The tab that was opened by the address bar, until it is known whether it could be,
    /// and the one that had the focus before.
    typed: Option<(ImageId, Option<ImageId>)>,
    /// The jobs whose failure is said in the tab that they opened.
    said_in_tab: HashSet<JobId>,
    dialog: Option<Dialog>,
    /// The dialogs that come back when that one is closed, the uppermost last.
    covered: Vec<Dialog>,
    /// What is signed and attached without a dialog by now.
    going_on: Vec<Adding>,
    /// A folder dialog of the system that is open.
    picking: Option<Pending>,
    /// What is to be picked in one after this frame, and for which field; for none where
    /// it is a folder to open.
    wanted_path: Option<(PathWish, Option<egui::Id>)>,
    /// When the clipboard was asked for, to open what is on it; in the time of the input.
    asked_for_paste: Option<f64>,
    /// The images that are in the list of recent ones already.
    noted: HashSet<ImageId>,
    /// The jobs whose failure is among the messages already.
    noted_failures: HashSet<JobId>,
    reloads: Reloads,
    toasts: Toasts,
    /// The program ends, whatever is being done.
    quitting: bool,
    /// The user's keys, as they were listed last.
    keys: Arc<[KeyInfo]>,
    actions: Actions,
    /// The title that the window has.
    title: String,
}

impl App {
    /// An application in `ctx` that shows what `engine` has, and opens `references`.
    pub fn new(
        ctx: &Context,
        engine: Engine,
        settings: Settings,
        surroundings: Surroundings,
        references: Vec<String>,
    ) -> Self {
        theme::install(ctx);
        ctx.options_mut(|options| {
            // both are commands of the table
            options.zoom_with_keyboard = false;
            options.quit_shortcuts.clear();
        });
        ctx.set_theme(settings.theme);
        ctx.set_zoom_factor(settings.zoom);
        split::FILES.set(ctx, settings.files_share);
        split::REFERRERS.set(ctx, settings.referrers_share);
        let jobs = engine.jobs();
        let now = surroundings.now;
        let mut app = Self {
            ctx: ctx.clone(),
            engine,
            surroundings,
            settings,
            tabs: Tabs::default(),
            history: History::default(),
            jobs,
            meters: Meters::default(),
            address: AddressBar::default(),
            typed: None,
            said_in_tab: HashSet::new(),
            dialog: None,
            covered: Vec::new(),
            going_on: Vec::new(),
            picking: None,
            wanted_path: None,
            asked_for_paste: None,
            noted: HashSet::new(),
            noted_failures: HashSet::new(),
            reloads: Reloads::default(),
            toasts: Toasts::new(now),
            quitting: false,
            keys: Arc::default(),
            actions: Actions::default(),
            title: String::new(),
        };
        if app.settings.offline {
            // before anything is opened
            app.engine.send(Command::SetOffline(true));
        }
        app.tabs.restore(&app.settings.session);
        if references.is_empty() && app.tabs.is_empty() {
            // whoever wants to open something can type at once
            app.focus_address();
        }
        for reference in references {
            app.open(&reference);
        }
        app
    }

    /// The context that it draws in.
    pub const fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The engine that it draws.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The open images.
    pub const fn tabs(&self) -> &Tabs {
        &self.tabs
    }

    /// What is kept between runs.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Whether the image of the focused tab is a favourite.
    fn is_favourite(&self) -> bool {
        let text = self.tabs.focused().and_then(Tab::lasting_text);
        text.is_some_and(|text| self.settings.favourites.contains(text))
    }

    /// What the commands of the table ask about.
    pub fn situation(&self) -> Situation<'_> {
        Situation {
            tab: self.tabs.focused(),
            tabs: self.tabs.len(),
            closed_tabs: self.tabs.has_closed(),
            recents: !self.settings.recents.is_empty(),
            favourite: self.is_favourite(),
            can_go_back: self.history.can_go_back(),
            can_go_forward: self.history.can_go_forward(),
            finished_jobs: self.jobs.iter().any(|job| job.state.is_final()),
            explorer_open: self.settings.explorer_open,
            jobs_open: self.settings.jobs_open,
            offline: self.settings.offline,
            theme: self.ctx.options(|options| options.theme_preference),
        }
    }
}
