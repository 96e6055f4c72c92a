//! The user's signing keys: listed, made, taken in, given out, deleted.

mod import;
mod list;
mod new;

use std::path::Path;
use std::sync::Arc;

use egui::{Context, Ui};

use self::import::Import;
use self::new::Generate;
use super::addition::KeyList;
use super::kit::{self, Footer, Sheet};
use crate::engine::{Chore, Command, Failure, KeyChore, KeyInfo};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;

/// Width of the dialog and least height of its body, in points.
const WIDTH: f32 = 720.0;
const HEIGHT: f32 = 330.0;

/// The dialog.
#[derive(Debug, Default)]
pub struct Keys {
    keys: KeyList,
    /// Where they lie.
    folder: String,
    /// The name of the key that is marked.
    selected: Option<String>,
    page: Page,
    /// What is being done; nothing else begins meanwhile.
    busy: Option<&'static str>,
    failure: Option<Arc<Failure>>,
}

/// What the dialog shows.
#[derive(Debug, Default)]
enum Page {
    #[default]
    List,
    /// The path that the public half of the marked key goes to.
    Export(String),
    /// Whether the marked key is to go.
    Delete,
    Generate(Generate),
    Import(Import),
}

/// Asks for the keys of the user's folder.
pub fn list_keys() -> Action {
    send(KeyChore::List)
}

fn send(chore: KeyChore) -> Action {
    Action::Send(Command::Chore(Chore::Keys(chore)))
}

impl Keys {
    /// The keys could not be listed.
    pub fn not_listed(&mut self, failure: Arc<Failure>) {
        self.keys.set(Err(failure));
    }

    /// The keys were listed.
    pub fn set_keys(&mut self, keys: Arc<[KeyInfo]>, folder: &Path) {
        let named = |name: &String| keys.iter().any(|key| key.name == *name);
        if !self.selected.as_ref().is_some_and(named) {
            self.selected = keys.first().map(|key| key.name.clone());
        }
        self.keys.set(Ok(keys));
        self.folder = folder.display().to_string();
    }

    /// A key was made or taken in: it is marked in the list.
    pub fn kept(&mut self, key: &KeyInfo) {
        self.selected = Some(key.name.clone());
        self.done();
    }

    /// What was begun is done.
    pub fn done(&mut self) {
        self.busy = None;
        self.failure = None;
        self.page = Page::List;
    }

    /// A file was looked at, to be taken in; says whether that was asked for here.
    pub fn looked(&mut self, key: &KeyInfo) -> bool {
        let Page::Import(import) = &mut self.page else {
            return false;
        };
        self.busy = None;
        self.failure = None;
        import.looked(key);
        true
    }

    /// What was begun did not succeed; says whether that was begun here.
    pub fn failed(&mut self, failure: &Arc<Failure>, ask: bool) -> bool {
        if self.busy.take().is_none() {
            return false;
        }
        if let Page::Import(import) = &mut self.page {
            import.failed(ask);
        }
        self.failure = Some(Arc::clone(failure));
        true
    }

    fn key(&self) -> Option<&KeyInfo> {
        let selected = self.selected.as_ref()?;
        self.keys.find(selected)
    }

    fn turn_to(&mut self, page: Page) {
        self.failure = None;
        self.page = page;
    }

    fn begin(&mut self, chore: KeyChore, doing: &'static str, actions: &mut Actions) {
        self.busy = Some(doing);
        self.failure = None;
        actions.push(send(chore));
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        let (title, why) = match &self.page {
            Page::List | Page::Export(_) | Page::Delete => (
                "Keys",
                "What you sign images with. They are kept encrypted, as cosign does it, and only you may read them.",
            ),
            Page::Generate(_) => (
                "New key",
                "The private half is encrypted with the passphrase before it is written; the public half is what others verify with.",
            ),
            Page::Import(_) => (
                "Import a key",
                "A private key of cosign, in PEM (PKCS #8, PKCS #1, SEC 1) or of OpenPGP. It is copied; the file stays as it is.",
            ),
        };
        let done = Sheet::new("Keys")
            .title(title)
            .why(why)
            .width(WIDTH)
            .body_height(HEIGHT)
            .show(
                ctx,
                &mut (&mut *self, &mut *actions),
                |(keys, actions), ui| keys.body(ui, actions),
                |(keys, actions), footer| keys.footer(footer, actions),
            );
        // from a page Escape leads back to the list
        if done && !matches!(self.page, Page::List) {
            self.turn_to(Page::List);
            return false;
        }
        done
    }

    fn body(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let busy = self.busy.is_some();
        ui.add_enabled_ui(!busy, |ui| match &mut self.page {
            Page::Generate(generate) => generate.show(ui),
            Page::Import(import) => import.show(ui, actions),
            Page::List | Page::Export(_) | Page::Delete => self.list(ui, actions),
        });
        ui.add_space(8.0);
        if let Some(doing) = self.busy {
            kit::note(ui, icons::LOADER, Tokens::of(ui).weak, doing);
        }
        if let Some(failure) = &self.failure {
            error_box(ui, failure, None, actions);
        }
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let busy = self.busy;
        let free = |ready: Result<(), &'static str>| match busy {
            Some(_) => Err("Something is being done"),
            None => ready,
        };
        match &self.page {
            Page::List | Page::Export(_) | Page::Delete => {
                if footer.primary("New key…", free(Ok(()))) {
                    self.turn_to(Page::Generate(Generate::default()));
                }
                if footer.secondary("Import…", free(Ok(()))) {
                    self.turn_to(Page::Import(Import::default()));
                }
                footer.cancel("Close");
            }
            Page::Generate(generate) => {
                if footer.confirm("Make the key", free(generate.ready())) {
                    self.begin(generate.chore(), "Making the key…", actions);
                }
                footer.cancel("Back");
            }
            Page::Import(import) => {
                let (words, doing) = import.next();
                if footer.confirm(words, free(import.ready())) {
                    self.begin(import.chore(), doing, actions);
                }
                footer.cancel("Back");
            }
        }
    }
}
