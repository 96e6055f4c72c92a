//! Dialogs over the window. One is open at a time; Escape and a click beside it close it.

mod about;
mod addition;
mod attach;
mod compare;
mod copy;
mod copy_tags;
mod delete;
mod diagnostics;
mod dropped;
mod find;
mod finder;
mod folder;
mod fuzzy;
mod keys;
pub mod kit;
mod login;
mod palette;
mod place;
mod quit;
mod recents;
mod remove;
mod report;
mod save;
mod save_anyway;
mod save_report;
mod settings;
mod shortcuts;
mod sign;
mod source;

use std::sync::Arc;

use egui::{Align2, Color32, Context, Frame, Id, Margin, Modal, Ui, vec2};

pub use self::addition::Adding;
pub use self::addition::PlaceKind;
pub use self::attach::AttachDialog;
pub use self::copy::{Beginning, CopyDialog, Target};
pub use self::copy_tags::{CopyTagsDialog, TagsReport};
pub use self::delete::Delete;
pub use self::diagnostics::Diagnostics;
pub use self::dropped::Dropped;
use self::finder::Finder;
pub use self::folder::expand_home;
pub use self::keys::{Keys, list_keys};
pub use self::remove::{Remove, RemoveWish};
pub use self::report::CopyReport;
pub use self::save::SaveWish;
pub use self::save_anyway::SaveAnyway;
pub use self::settings::{Hosts, Logins, SettingsDialog};
pub use self::sign::SignDialog;
pub use self::source::Source;
use super::action::Actions;
use super::commands::Situation;
use super::recents::Recents;
use super::theme::Tokens;
use crate::engine::{Command, ComparedImage, Engine, ImageId};
use crate::model::Platform;
use crate::signature::SubjectReport;

/// The dialog that is open.
#[derive(Debug)]
pub enum Dialog {
    /// Finds a command.
    Palette(Finder),
    /// Finds an image that was open before.
    Recents(Finder),
    /// Takes the path of a folder, where no dialog service runs.
    Folder(folder::Folder),
    /// Chooses what to compare an image with.
    Compare(compare::CompareWith),
    /// Finds names in all layers of an image.
    FindFiles(find::FindFiles),
    /// Saves files of an image.
    SaveFiles(save::SaveFiles),
    /// Saves the report on the signatures of an image.
    SaveReport(save_report::SaveReport),
    /// Asks before files are saved that take far more room than they should.
    SaveAnyway(SaveAnyway),
    Shortcuts,
    About(about::About),
    Diagnostics(Diagnostics),
    /// Copies or exports an image.
    Copy(Box<CopyDialog>),
    /// Copies all tags of a repository or layout.
    CopyTags(Box<CopyTagsDialog>),
    /// What became of each of them.
    TagsReport(TagsReport),
    /// Signs an image.
    Sign(Box<SignDialog>),
    /// Attaches something to an image.
    Attach(Box<AttachDialog>),
    /// Asks before a referrer is taken back.
    Remove(Remove),
    /// The user's keys.
    Keys(Keys),
    /// Asks what to do with something that was dropped.
    Dropped(Dropped),
    /// Asks before something is deleted.
    Delete(Delete),
    /// What a copy did.
    Report(CopyReport),
    Settings(SettingsDialog),
    /// Asks for a login.
    Login(login::Login),
    /// Takes the name of a registry or repository.
    Place(place::PlacePrompt),
    /// Asks before jobs are lost.
    Quit(quit::Quit),
}

impl Dialog {
    /// Finds a command.
    pub fn palette() -> Self {
        Self::Palette(Finder::default())
    }

    /// Finds an image that was open before.
    pub fn recents() -> Self {
        Self::Recents(Finder::default())
    }

    /// Takes the path of a folder.
    pub fn folder() -> Self {
        Self::Folder(folder::Folder::default())
    }

    /// Chooses what to compare `image` with: `platforms` are others of the same image.
    pub fn compare(image: ComparedImage, platforms: Vec<Platform>) -> Self {
        Self::Compare(compare::CompareWith::new(image, platforms))
    }

    /// Finds names in all layers of the image that `reference` stands for.
    pub fn find(image: ImageId, reference: String) -> Self {
        Self::FindFiles(find::FindFiles::new(image, reference))
    }

    /// Saves files of an image, into `folder` unless somebody says something else.
    pub fn save(wish: SaveWish, folder: Option<&str>) -> Self {
        Self::SaveFiles(save::SaveFiles::new(wish, folder))
    }

    /// The same for the report on the signatures of the image called `name`.
    pub fn save_report(report: Arc<SubjectReport>, name: String, folder: Option<&str>) -> Self {
        Self::SaveReport(save_report::SaveReport::new(report, name, folder))
    }

    /// Takes the host of a registry for the explorer.
    pub const fn registry() -> Self {
        let wanted = place::Wanted::Registry;
        Self::Place(place::PlacePrompt::new(wanted, String::new()))
    }

    /// Takes the name of a repository of the registry `host`, or of any where that is empty.
    pub fn repository(host: &str) -> Self {
        let text = match host {
            "" => String::new(),
            host => format!("{host}/"),
        };
        Self::Place(place::PlacePrompt::new(place::Wanted::Repository, text))
    }

    /// Asks for the login of `registry`; `then` is done afterwards.
    pub fn login(registry: &str, then: Option<Command>) -> Self {
        Self::Login(login::Login::new(registry, then))
    }

    /// Version and licences.
    pub fn about() -> Self {
        Self::About(about::About::default())
    }

    /// Asks before these jobs are lost.
    pub const fn quit(jobs: Vec<String>) -> Self {
        Self::Quit(quit::Quit { jobs })
    }

    /// Another dialog takes the place of this one: nothing more is wanted of the engine for it.
    pub(in crate::ui) fn leave(&mut self, engine: &Engine, actions: &mut Actions) {
        match self {
            Self::Copy(copy) => copy.end(actions),
            Self::CopyTags(copy) => copy.end(actions),
            Self::Sign(sign) => sign.leave(engine, actions),
            Self::Attach(attach) => attach.leave(engine, actions),
            Self::Remove(remove) => remove.leave(engine, actions),
            _ => {}
        }
    }

    /// What goes on when the dialog is closed.
    pub(in crate::ui) fn into_going_on(self) -> Option<Adding> {
        match self {
            Self::Sign(sign) => sign.into_going_on(),
            Self::Attach(attach) => attach.into_going_on(),
            Self::Remove(remove) => remove.into_going_on(),
            _ => None,
        }
    }
}

/// Draws the dialog that is open, and closes it where that was asked for. Gives what goes on
/// without it then.
pub fn show(
    ctx: &Context,
    dialog: &mut Option<Dialog>,
    situation: &Situation<'_>,
    images: &Recents,
    engine: &Engine,
    actions: &mut Actions,
) -> Option<Adding> {
    let close = match dialog {
        None => return None,
        Some(Dialog::Palette(finder)) => palette::show(ctx, finder, situation, actions),
        Some(Dialog::Recents(finder)) => recents::show(ctx, finder, images, actions),
        Some(Dialog::Folder(folder)) => folder.show(ctx, actions),
        Some(Dialog::FindFiles(find)) => find.show(ctx, engine, actions),
        Some(Dialog::SaveFiles(save)) => save.show(ctx, actions),
        Some(Dialog::SaveReport(save)) => save.show(ctx, actions),
        Some(Dialog::SaveAnyway(save)) => save.show(ctx, actions),
        Some(Dialog::Compare(choosing)) => choosing.show(ctx, images, actions),
        Some(Dialog::Shortcuts) => shortcuts::show(ctx),
        Some(Dialog::About(about)) => about.show(ctx),
        Some(Dialog::Diagnostics(diagnostics)) => diagnostics.show(ctx, actions),
        Some(Dialog::Copy(copy)) => copy.show(ctx, engine, actions),
        Some(Dialog::CopyTags(copy)) => copy.show(ctx, engine, actions),
        Some(Dialog::TagsReport(report)) => report.show(ctx, engine, actions),
        Some(Dialog::Sign(sign)) => sign.show(ctx, engine, actions),
        Some(Dialog::Attach(attach)) => attach.show(ctx, engine, actions),
        Some(Dialog::Remove(remove)) => remove.show(ctx, engine, actions),
        Some(Dialog::Keys(keys)) => keys.show(ctx, actions),
        Some(Dialog::Dropped(dropped)) => dropped.show(ctx, actions),
        Some(Dialog::Delete(delete)) => delete.show(ctx, actions),
        Some(Dialog::Report(report)) => report.show(ctx, actions),
        Some(Dialog::Settings(settings)) => settings.show(ctx, situation, actions),
        Some(Dialog::Login(login)) => login.show(ctx, actions),
        Some(Dialog::Place(prompt)) => prompt.show(ctx, actions),
        Some(Dialog::Quit(quit)) => quit.show(ctx, actions),
    };
    if !close {
        return None;
    }
    ctx.request_repaint();
    dialog.take().and_then(Dialog::into_going_on)
}

/// Where a dialog lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the middle.
    Middle,
    /// Under the address bar, so that a list can grow downwards.
    Top,
}

/// Draws a dialog called `name`, `width` points wide; `content` says whether it is done.
fn modal(
    ctx: &Context,
    name: &str,
    place: Place,
    width: f32,
    margin: i8,
    content: impl FnOnce(&mut Ui) -> bool,
) -> bool {
    let tokens = Tokens::for_dark(ctx.theme() == egui::Theme::Dark);
    let id = Id::unique(("dialog", name));
    let (align, offset) = match place {
        Place::Middle => (Align2::CENTER_CENTER, vec2(0.0, 0.0)),
        Place::Top => (Align2::CENTER_TOP, vec2(0.0, 84.0)),
    };
    let area = Modal::default_area(id)
        .anchor(align, offset)
        .accessible_name(name);
    let style = ctx.global_style();
    let frame = Frame::window(&style).inner_margin(Margin::same(margin));
    let width = width.min(ctx.content_rect().width() - 48.0);
    let response = Modal::new(id)
        .area(area)
        .frame(frame)
        .backdrop_color(Color32::BLACK.gamma_multiply(if tokens.dark { 0.5 } else { 0.25 }))
        .show(ctx, |ui| {
            ui.set_width(width - 2.0 * f32::from(margin));
            // a dialog is as bright as a button elsewhere
            ui.visuals_mut().widgets.inactive.weak_bg_fill = tokens.panel;
            content(ui)
        });
    response.inner || response.should_close()
}
