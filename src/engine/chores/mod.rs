//! Chores: what is done once, away from any image, and ends with an [`Outcome`].

mod cache;
pub(super) mod keys;
mod login;
mod registry;
mod sample;
mod sample_files;
mod save;
mod trust;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Secret;
use crate::signature::policy::PolicyEdit;

pub(super) use registry::names as tag_names;

pub use keys::{KeyChore, KeyInfo, KeyTarget};
pub use trust::{TrustChange, TrustFile, TrustPreview};

use super::crash;
use super::shared::Shared;
use super::{Failure, Outcome};

/// Something to be done in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Counts the bytes of the cache on disk.
    MeasureCache,
    /// Empties the cache, in memory and on disk.
    ClearCache,
    /// Writes a text to a file, whole or not at all.
    SaveText { path: PathBuf, text: String },
    /// The same where no such file is there; ends with [`Outcome::FileThere`] where one is.
    SaveNewText { path: PathBuf, text: String },
    /// Lists what stands in the user's trust policy. Ends with [`Outcome::TrustListed`].
    ListTrust,
    /// Changes the user's trust policy and judges by it. Ends with
    /// [`Outcome::TrustSaved`] or [`Outcome::TrustFailed`].
    EditTrust(PolicyEdit),
    /// Finds out what a change of the user's trust policy would write. Ends with
    /// [`Outcome::TrustPreviewed`] or [`Outcome::TrustFailed`].
    PreviewTrust(TrustChange),
    /// Writes what was shown, where the file is still the same; else ends with
    /// [`Outcome::TrustPreviewed`] of the file as it is, and as [`Chore::EditTrust`].
    WriteTrust(Arc<TrustPreview>),
    /// Asks a registry (a host, or a host with a path) whether it takes name and password,
    /// and keeps them where docker, podman and skopeo find them. Ends with
    /// [`Outcome::LoggedIn`] or [`Outcome::LoginFailed`].
    LogIn {
        registry: String,
        user: String,
        password: Secret,
    },
    /// Forgets what is kept for a registry. Ends with [`Outcome::LoggedOut`] or
    /// [`Outcome::LoginFailed`].
    LogOut { registry: String },
    /// Asks a registry whether it takes what is kept for it. Ends with
    /// [`Outcome::LoginTested`] or [`Outcome::LoginFailed`].
    TestLogin { registry: String },
    /// Lists the logins that are kept somewhere and what `registries.conf` says. Ends with
    /// [`Outcome::Logins`].
    ListLogins,
    /// Lists the hosts with certificates of their own, and those that are not checked. Ends
    /// with [`Outcome::Hosts`].
    ListHosts,
    /// Lists the tags of a repository.
    ListTags { repository: String },
    /// Lists the repositories of a registry.
    ListRepositories { host: String },
    /// Deletes a tag, or a manifest with its tags. Ends with [`Outcome::Deleted`] or
    /// [`Outcome::DeleteFailed`].
    Delete {
        reference: String,
        /// Also where other tags go with it.
        with_other_tags: bool,
    },
    /// Looks whether everything that a copy's report, in this file, names is still there.
    CheckReport { path: PathBuf },
    /// Does something with the user's own signing keys. Where that fails it ends with
    /// [`Outcome::KeyFailed`] unless it says otherwise.
    Keys(KeyChore),
    /// Puts the sample image that comes with the program on the disk.
    UnpackSample,
}

/// Does a chore and tells what came of it, also where it crashed.
pub(super) async fn run(shared: Arc<Shared>, chore: Chore) {
    let failed = failed(&chore);
    let done = crash::caught(done(&shared, chore)).await;
    shared.slots.put_outcome(done.unwrap_or_else(failed));
}

/// How a chore fails, as whoever asked for it waits for that.
fn failed(chore: &Chore) -> Box<dyn FnOnce(Failure) -> Outcome + Send> {
    let of_trust = |change: Option<TrustChange>| -> Box<dyn FnOnce(Failure) -> Outcome + Send> {
        Box::new(|failure| Outcome::TrustFailed {
            failure: Arc::new(failure),
            change: change.map(Box::new),
        })
    };
    match chore {
        Chore::EditTrust(_) => of_trust(None),
        Chore::PreviewTrust(change) => of_trust(Some(change.clone())),
        Chore::WriteTrust(shown) => of_trust(Some(shown.change.clone())),
        Chore::Keys(_) => Box::new(|failure| Outcome::KeyFailed {
            failure: Arc::new(failure),
            ask: false,
        }),
        Chore::LogIn { registry, .. }
        | Chore::LogOut { registry }
        | Chore::TestLogin { registry } => {
            let registry = registry.clone();
            Box::new(|failure| Outcome::LoginFailed {
                registry,
                failure: Arc::new(failure),
            })
        }
        Chore::Delete { reference, .. } => {
            let reference = reference.clone();
            Box::new(|failure| Outcome::DeleteFailed {
                reference,
                others: Vec::new(),
                failure: Arc::new(failure),
            })
        }
        _ => Box::new(|failure| Outcome::Failed(Arc::new(failure))),
    }
}

async fn done(shared: &Arc<Shared>, chore: Chore) -> Result<Outcome, Failure> {
    match chore {
        Chore::MeasureCache => Ok(cache::measure(shared).await),
        Chore::ClearCache => cache::clear(shared).await,
        Chore::SaveText { path, text } => save::save(path, &text).await,
        Chore::SaveNewText { path, text } => save::save_new(path, &text).await,
        Chore::ListTrust => trust::list(shared),
        Chore::EditTrust(edit) => Ok(trust::edit(shared, &edit).await),
        Chore::PreviewTrust(change) => Ok(trust::preview(shared, change).await),
        Chore::WriteTrust(shown) => Ok(trust::write_shown(shared, &shown).await),
        Chore::LogIn {
            registry,
            user,
            password,
        } => Ok(login::log_in(shared, registry, user, password).await),
        Chore::LogOut { registry } => Ok(login::log_out(shared, registry).await),
        Chore::TestLogin { registry } => Ok(login::test(shared, registry).await),
        Chore::ListLogins => login::list(shared).await,
        Chore::ListHosts => login::hosts(shared).await,
        Chore::ListTags { repository } => registry::tags(shared, &repository).await,
        Chore::ListRepositories { host } => registry::catalog(shared, &host).await,
        Chore::Delete {
            reference,
            with_other_tags,
        } => Ok(registry::delete(shared, reference, with_other_tags).await),
        Chore::CheckReport { path } => registry::check_report(shared, &path).await,
        Chore::Keys(chore) => Ok(keys::run(shared, chore).await),
        Chore::UnpackSample => sample::unpack(shared.config.cache.as_deref()).await,
    }
}

/// A failure of the disk at `path`.
fn disk_failure(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    let place = path.display().to_string();
    let place = crate::model::text::visible(&place);
    Failure::refused(
        format!("{what} {place}: {error}"),
        "Check that the folder is there, may be written and has room",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::crash;

    /// Whoever waits for an outcome of its own would wait for ever for another one.
    #[test]
    fn a_chore_that_crashes_fails_as_the_one_that_it_is() {
        let registry = || "r.example.com".to_owned();
        let change = TrustChange::Import {
            file: "policy.json".into(),
            scope: None,
            store: None,
        };
        let outcome = |chore: &Chore| failed(chore)(crash::failure());
        let told = outcome(&Chore::PreviewTrust(change.clone()));
        let Outcome::TrustFailed { change: told, .. } = told else {
            panic!("{told:?}");
        };
        assert_eq!(told.as_deref(), Some(&change));
        let log_out = Chore::LogOut {
            registry: registry(),
        };
        let told = outcome(&log_out);
        assert!(
            matches!(&told, Outcome::LoginFailed { registry: of, .. } if *of == registry()),
            "{told:?}"
        );
        let told = outcome(&Chore::Delete {
            reference: registry(),
            with_other_tags: false,
        });
        assert!(matches!(told, Outcome::DeleteFailed { .. }), "{told:?}");
        let told = outcome(&Chore::UnpackSample);
        assert!(matches!(told, Outcome::Failed(_)), "{told:?}");
    }
}
