//! The settings: what the window keeps itself, and what it found on this machine of
//! credentials, certificates, mirrors and trust, each with the file that it came from.

mod credentials;
mod general;
mod mirrors;
mod tls;
mod trust;

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Context, Ui};

use super::kit::{self, Footer, Sheet};
use crate::engine::{Chore, Command, Failure, KnownAlias, KnownHost, KnownLogin, KnownRegistry};
use crate::ui::action::{Action, Actions};
use crate::ui::commands::Situation;

pub use trust::TrustPage;

/// Height that is kept, so that nothing jumps between the pages, in points.
const HEIGHT: f32 = 420.0;

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    General,
    Credentials,
    Tls,
    Mirrors,
    Trust,
}

const PAGES: [(Page, &str); 5] = [
    (Page::General, "General"),
    (Page::Credentials, "Credentials"),
    (Page::Tls, "TLS"),
    (Page::Mirrors, "Mirrors"),
    (Page::Trust, "Trust"),
];

/// The dialog.
#[derive(Debug, Default)]
pub struct SettingsDialog {
    page: Page,
    asked: bool,
    /// The folder of the cache.
    cache: Option<String>,
    cache_bytes: Option<u64>,
    logins: Option<Logins>,
    /// How registries answered to what is kept for them.
    tested: BTreeMap<String, Test>,
    hosts: Option<Hosts>,
    /// The trust policy.
    pub trust: TrustPage,
}

/// What is kept, and what `registries.conf` says.
#[derive(Clone, Debug)]
pub struct Logins {
    pub logins: Arc<[KnownLogin]>,
    pub registries: Arc<[KnownRegistry]>,
    pub aliases: Arc<[KnownAlias]>,
    /// Why `registries.conf` could not be read.
    pub problem: Option<String>,
}

/// What decides whether a registry is believed.
#[derive(Clone, Debug)]
pub struct Hosts {
    pub hosts: Arc<[KnownHost]>,
    /// The folders that are looked into.
    pub folders: Arc<[String]>,
    /// Hosts that were named for plain http, and for no verification.
    pub plain_http: Arc<[String]>,
    pub unverified: Arc<[String]>,
    /// Files with more authorities.
    pub authorities: Arc<[String]>,
}

/// How a registry answered.
#[derive(Debug)]
enum Test {
    Asking,
    Taken,
    Failed(Arc<Failure>),
}

impl SettingsDialog {
    /// The settings; `cache` is the folder of the cache.
    pub fn new(cache: Option<String>) -> Self {
        Self {
            cache,
            ..Self::default()
        }
    }

    /// Begins with the trust policy.
    pub const fn show_trust(&mut self) {
        self.page = Page::Trust;
    }

    /// Begins with what decides whether a registry is believed.
    pub const fn show_tls(&mut self) {
        self.page = Page::Tls;
    }

    /// So many bytes are in the cache.
    pub const fn set_cache_bytes(&mut self, bytes: u64) {
        self.cache_bytes = Some(bytes);
    }

    /// What is kept was listed.
    pub fn set_logins(&mut self, logins: Logins) {
        self.logins = Some(logins);
    }

    /// What decides whether a registry is believed was listed.
    pub fn set_hosts(&mut self, hosts: Hosts) {
        self.hosts = Some(hosts);
    }

    /// A registry has answered to what is kept for it; nothing where it takes it.
    pub fn tested(&mut self, registry: &str, failure: Option<Arc<Failure>>) {
        let test = failure.map_or(Test::Taken, Test::Failed);
        self.tested.insert(registry.to_owned(), test);
    }

    /// Logins have changed: list them again.
    pub const fn list_again(&mut self) {
        self.asked = false;
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(
        &mut self,
        ctx: &Context,
        situation: &Situation<'_>,
        actions: &mut Actions,
    ) -> bool {
        if !std::mem::replace(&mut self.asked, true) {
            for chore in [
                Chore::MeasureCache,
                Chore::ListLogins,
                Chore::ListHosts,
                Chore::ListTrust,
            ] {
                actions.push(Action::Send(Command::Chore(chore)));
            }
        }
        let done = Sheet::new("Settings")
            .width(820.0)
            .body_height(HEIGHT)
            .fixed()
            .show(
                ctx,
                &mut (&mut *self, &mut *actions),
                |(settings, actions), ui| settings.body(ui, situation, actions),
                |(settings, actions), footer| settings.footer(footer, actions),
            );
        // from what is filled in Escape leads back to the page
        if done && self.page == Page::Trust && self.trust.is_filled_in() {
            self.trust.back();
            return false;
        }
        done
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        if self.page == Page::Trust && self.trust.is_filled_in() {
            self.trust.footer(footer, actions);
        } else {
            footer.cancel("Close");
        }
    }

    fn body(&mut self, ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
        kit::segments(ui, &mut self.page, &PAGES);
        ui.add_space(8.0);
        match self.page {
            Page::General => self.general(ui, situation, actions),
            Page::Credentials => self.credentials(ui, actions),
            Page::Tls => self.tls(ui),
            Page::Mirrors => self.mirrors(ui),
            Page::Trust => self.trust.show(ui, situation, actions),
        }
    }
}
