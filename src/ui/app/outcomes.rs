//! What came of chores and looks: said, or shown where it belongs.

use super::App;
use crate::engine::{JobState, Outcome, SaveTarget, SavedFiles};
use crate::model::text;
use crate::ui::dialogs::{Dialog, Hosts, Logins, SaveAnyway};

impl App {
    /// Takes what has ended since the last frame.
    pub(super) fn read_outcomes(&mut self) {
        for outcome in self.engine.take_outcomes() {
            match outcome {
                Outcome::ChangedOnDisk { image } => {
                    if !self.reloads.is_on_its_way(image)
                        && let Some(tab) = self.tabs.get_mut(image)
                    {
                        tab.changed_on_disk = true;
                    }
                }
                Outcome::CacheMeasured { bytes } => self.show_cache_size(bytes),
                Outcome::CacheCleared { freed } => {
                    self.show_cache_size(0);
                    let text = format!("Cache cleared: {} are free again", text::size(freed));
                    self.toasts.say(&self.ctx, text);
                }
                Outcome::Saved { path } => {
                    let path = path.display().to_string();
                    let text = format!("Saved {}", text::visible(&path));
                    self.toasts.say(&self.ctx, text);
                }
                Outcome::FilesSaved { target, report } => self.say_saved(&target, &report),
                Outcome::SaveTooMuch {
                    image,
                    manifest,
                    request,
                    failure,
                } => self.ask_to_save_anyway(SaveAnyway {
                    image,
                    manifest,
                    request,
                    failure,
                }),
                Outcome::TrustListed(file) => self.trust_listed(file),
                Outcome::TrustPreviewed(preview) => self.trust_previewed(&preview),
                Outcome::TrustSaved { path } => self.trust_saved(&path),
                Outcome::TrustFailed { failure, change } => {
                    self.trust_failed(failure, change.as_deref());
                }
                Outcome::Copied { copy, destination } => self.copied(copy, destination),
                Outcome::Deleted { reference } => self.deleted(&reference),
                Outcome::DeleteFailed {
                    reference,
                    others,
                    failure,
                } => self.delete_failed(&reference, others, failure),
                // asked for by the command line only
                Outcome::Listed { .. } | Outcome::ReportChecked { .. } => {}
                Outcome::SampleReady { reference } => self.open(&reference),
                Outcome::LoggedIn {
                    registry,
                    in_the_clear,
                    places,
                    ..
                } => self.logged_in(&registry, in_the_clear, &places),
                Outcome::LoggedOut { registry, places } => self.logged_out(&registry, &places),
                Outcome::LoginTested { registry, user, .. } => self.login_tested(&registry, &user),
                Outcome::LoginFailed { registry, failure } => self.login_failed(&registry, failure),
                Outcome::Logins {
                    logins,
                    registries,
                    aliases,
                    problem,
                } => self.show_logins(Logins {
                    logins,
                    registries,
                    aliases,
                    problem,
                }),
                Outcome::Hosts {
                    hosts,
                    folders,
                    plain_http,
                    unverified,
                    authorities,
                } => self.show_hosts(Hosts {
                    hosts,
                    folders,
                    plain_http,
                    unverified,
                    authorities,
                }),
                Outcome::Added {
                    addition,
                    reference,
                } => self.added(addition, &reference),
                Outcome::Keys { keys, folder } => self.show_key_list(&keys, &folder),
                Outcome::KeysNotListed(failure) => self.keys_not_listed(&failure),
                Outcome::KeyShown { key, saved } => self.key_shown(&key, saved),
                Outcome::KeyKept { key } => self.key_kept(&key),
                Outcome::KeyDeleted { name } => self.key_deleted(&name),
                Outcome::KeyFailed { failure, ask } => self.key_failed(&failure, ask),
                Outcome::Failed(failure) => self.toasts.fail(&self.ctx, &failure),
            }
        }
    }

    fn say_saved(&mut self, target: &SaveTarget, saved: &SavedFiles) {
        let Some(path) = target.path() else { return };
        let path = path.display().to_string();
        let files = match saved.files {
            1 => "1 file".to_owned(),
            files => format!("{} files", text::count(files as u64)),
        };
        let mut words = format!(
            "Saved {files}, {}, to {}",
            text::size(saved.bytes),
            text::visible(&path)
        );
        if saved.turned > 0 {
            words.push_str(&format!(
                "; {} links were turned to stay in it",
                saved.turned
            ));
        }
        if saved.left_out > 0 {
            words.push_str(&format!("; {} devices and pipes left out", saved.left_out));
        }
        self.toasts.say(&self.ctx, words);
    }

    /// Asks whether files are saved that were refused. Nobody is asked over another dialog,
    /// nor for an image that is closed: it is only said then, and the job can be tried again.
    fn ask_to_save_anyway(&mut self, asked: SaveAnyway) {
        if self.dialog.is_some() || self.tabs.get(asked.image).is_none() {
            return self.toasts.fail(&self.ctx, &asked.failure);
        }
        self.show_dialog(Dialog::SaveAnyway(asked));
    }

    fn show_cache_size(&mut self, bytes: u64) {
        if let Some(Dialog::Diagnostics(diagnostics)) = &mut self.dialog {
            diagnostics.cache_bytes = Some(bytes);
        }
        if let Some(Dialog::Settings(settings)) = &mut self.dialog {
            settings.set_cache_bytes(bytes);
        }
    }

    /// Keeps the failures of jobs among the messages. They are not shown over the window:
    /// the jobs panel and the tab of the image say them already.
    pub(super) fn note_failed_jobs(&mut self) {
        for job in self.jobs.iter() {
            if let JobState::Failed(failure) = &job.state
                && self.noted_failures.insert(job.id)
            {
                self.toasts.record(failure);
            }
        }
    }
}
