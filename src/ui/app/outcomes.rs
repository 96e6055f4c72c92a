//! What came of chores and looks: said, or shown where it belongs.

use std::path::Path;
use std::sync::Arc;

use super::{App, Tab};
use crate::engine::{Command, JobKind, JobSnapshot, JobState, Outcome, SaveTarget, SavedFiles};
use crate::model::text;
use crate::ui::action::Action;
use crate::ui::dialogs::{Dialog, Hosts, Logins, SaveAnyway};
use crate::ui::panels::jobs::Title;

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
                    self.toasts.say(text);
                }
                Outcome::Saved { path } => {
                    let path = path.display().to_string();
                    let text = format!("Saved {}", text::visible(&path));
                    self.toasts.say(text);
                }
                Outcome::FileThere { path } => self.file_there(&path),
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
                Outcome::TagsEnded { tags } => self.tags_copied(tags),
                // seen where they are listed
                Outcome::TagEnded { .. } => {}
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
                Outcome::Failed(failure) => self.toasts.fail(&failure),
            }
        }
    }

    /// A report was not written over what is there: its dialog asks.
    fn file_there(&mut self, path: &Path) {
        match &mut self.dialog {
            Some(Dialog::Report(report)) => report.file_there(path),
            _ => {
                let path = path.display().to_string();
                let path = text::visible(&path);
                self.warn(format!("{path} is there already, and was not replaced"));
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
        if saved.without_target > 0 {
            words.push_str(&format!(
                "; {} hard links left out, as what they name is not there",
                saved.without_target
            ));
        }
        self.toasts.say(words);
    }

    /// Asks whether files are saved that were refused. Nobody is asked over another dialog,
    /// nor for an image that is closed: it is only said then, and the job can be tried again.
    fn ask_to_save_anyway(&mut self, asked: SaveAnyway) {
        if self.dialog.is_some() || self.tabs.get(asked.image).is_none() {
            return self.toasts.fail(&asked.failure);
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

    /// Keeps the failures of jobs among the messages. They are not shown over the window where
    /// the jobs panel or the tab of the image says them already. What the tab in front says
    /// in full is said there alone.
    pub(super) fn note_failed_jobs(&mut self) {
        let in_front = self.tabs.focused().filter(|tab| tab.failure().is_some());
        let in_front = in_front.map(Tab::image_id);
        for job in self.jobs.iter() {
            let JobState::Failed(failure) = &job.state else {
                // one that is made again may fail again
                self.noted_failures.remove(&job.id);
                self.said_in_tab.remove(&job.id);
                continue;
            };
            if !self.noted_failures.insert(job.id) {
                continue;
            }
            let opens = matches!(job.kind, JobKind::Open | JobKind::Reload);
            if opens && Some(job.image) == in_front {
                self.said_in_tab.insert(job.id);
                continue;
            }
            let only_there = matches!(job.kind, JobKind::Copy | JobKind::CopyTags | JobKind::Save);
            if self.settings.jobs_open || !only_there {
                self.toasts.record(failure);
                continue;
            }
            let copies = self.engine.copies();
            let copy = copies.iter().find(|copy| copy.job == Some(job.id));
            let title = copy.map_or_else(
                || job.title.to_string(),
                |copy| Title::of(&copy.request).whole(),
            );
            let links = vec![
                ("Retry", Action::Send(Command::Retry { job: job.id })),
                ("Show jobs", Action::ShowJobs),
            ];
            self.toasts.fail_unseen(&title, failure, links);
        }
        if !self.said_in_tab.is_empty() {
            let said = |job: &&Arc<JobSnapshot>| self.said_in_tab.contains(&job.id);
            self.jobs = self.jobs.iter().filter(|job| !said(job)).cloned().collect();
        }
    }
}
