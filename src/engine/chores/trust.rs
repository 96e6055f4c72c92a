//! The user's trust policy: listed, and changed. The whole file is written anew, or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::read_trust_file;
use crate::engine::TrustSettings;
use crate::engine::shared::Shared;
use crate::engine::trust::imported;
use crate::model::Digest;
use crate::signature::policy::{
    EditError, Entries, Import, NEW_POLICY, PolicyEdit, Preview, Proposal, edited, entries,
    explicit_name, previewed,
};

use super::{Failure, Outcome, disk_failure, save};

/// The user's trust policy, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    pub path: PathBuf,
    /// Nothing where it is changed by hand only, and `problem` says why.
    pub entries: Option<Entries>,
    /// Why nothing is judged by it, or why it is not listed.
    pub problem: Option<Arc<Failure>>,
}

/// A change of the policy that is shown before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustChange {
    /// A signer is to be trusted.
    Trust(Proposal),
    /// A policy of others, or a key, is taken over.
    Import {
        file: PathBuf,
        /// Which images a key is for.
        scope: Option<String>,
        /// The trust store of a policy of Notation, where it is not beside it.
        store: Option<PathBuf>,
    },
}

/// What a change would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPreview {
    /// The policy's file.
    pub path: PathBuf,
    pub change: TrustChange,
    pub edit: PolicyEdit,
    /// SHA-256 of what stands in the file.
    pub base: Digest,
    pub preview: Preview,
    /// What was taken over, and what was not.
    pub import: Option<Import>,
    /// Whether the file was changed after it was shown first: nothing was written.
    pub changed: bool,
}

/// Lists what stands in it. A file that is not there is one that nothing stands in.
pub(super) fn list(shared: &Shared) -> Result<Outcome, Failure> {
    let path = path(shared)?;
    let read = text(&path).and_then(|text| {
        entries(&text).map_err(|error| {
            Failure::refused(
                format!("{}: {error}", path.display()),
                "Open it in an editor",
            )
        })
    });
    let (entries, problem) = match read {
        Ok(entries) => (Some(entries), shared.trust.load().problem.clone()),
        Err(failure) => (None, Some(Arc::new(failure))),
    };
    Ok(Outcome::TrustListed(Arc::new(TrustFile {
        path,
        entries,
        problem,
    })))
}

/// Makes one change and judges by what came of it from now on. One that would make the
/// policy one that cannot be used is not written.
pub(super) async fn edit(shared: &Shared, edit: &PolicyEdit) -> Outcome {
    let mut edit = edit.clone();
    explicit(&mut edit);
    match write(shared, &edit, None).await {
        // there is no other file that it could be
        Ok(path) => Outcome::TrustSaved {
            path: path.unwrap_or_default(),
        },
        Err(failure) => failed(failure, None),
    }
}

/// A place on this machine is called so from wherever it is opened.
fn explicit(edit: &mut PolicyEdit) {
    if let PolicyEdit::Trust { scope, .. } = edit {
        *scope = explicit_name(scope);
    }
}

fn failed(failure: Failure, change: Option<&TrustChange>) -> Outcome {
    Outcome::TrustFailed {
        failure: Arc::new(failure),
        change: change.cloned().map(Box::new),
    }
}

/// What a change would write, by the file as it stands now.
pub(super) async fn preview(shared: &Arc<Shared>, change: TrustChange) -> Outcome {
    match previewing(shared, &change).await {
        Ok(preview) => Outcome::TrustPreviewed(Arc::new(preview)),
        Err(failure) => failed(failure, Some(&change)),
    }
}

/// Writes what was shown. Where the file is another one by now, what would be written to
/// that is shown instead.
pub(super) async fn write_shown(shared: &Arc<Shared>, shown: &TrustPreview) -> Outcome {
    let written = write(shared, &shown.edit, Some(&shown.base)).await;
    match written {
        Ok(Some(path)) => Outcome::TrustSaved { path },
        Ok(None) => match previewing(shared, &shown.change).await {
            Ok(preview) => Outcome::TrustPreviewed(Arc::new(TrustPreview {
                changed: true,
                ..preview
            })),
            Err(failure) => failed(failure, Some(&shown.change)),
        },
        Err(failure) => failed(failure, Some(&shown.change)),
    }
}

/// Files that somebody names may lie where reading takes long: they are not read on a thread
/// that others wait for.
async fn previewing(shared: &Arc<Shared>, change: &TrustChange) -> Result<TrustPreview, Failure> {
    let (shared, change) = (Arc::clone(shared), change.clone());
    let read = tokio::task::spawn_blocking(move || read_for_preview(&shared, change)).await;
    read.unwrap_or_else(|_| {
        let ended = "reading what is to be taken over was ended";
        Err(Failure::refused(ended, "Try again"))
    })
}

fn read_for_preview(shared: &Shared, change: TrustChange) -> Result<TrustPreview, Failure> {
    let path = path(shared)?;
    let before = text(&path)?;
    let (edit, who, import) = match &change {
        TrustChange::Trust(Proposal { edit, who }) => {
            let mut edit = edit.clone();
            explicit(&mut edit);
            (edit, who.clone(), None)
        }
        TrustChange::Import { file, scope, store } => {
            let config = &shared.config.trust;
            let import = imported(
                config,
                &path,
                &before,
                file,
                scope.as_deref(),
                store.clone(),
            )?;
            (import.edit.clone(), import.who.clone(), Some(import))
        }
    };
    let preview = previewed(&before, &edit, &who).map_err(|error| not_changed(&path, &error))?;
    let after = edited(&before, &edit).map_err(|error| not_changed(&path, &error))?;
    TrustSettings::try_policy(&shared.config.trust, &path, &after)?;
    Ok(TrustPreview {
        path,
        change,
        edit,
        base: Digest::sha256(before.as_bytes()),
        preview,
        import,
        changed: false,
    })
}

fn not_changed(path: &Path, error: &EditError) -> Failure {
    Failure::refused(
        format!("{} is not changed: {error}", path.display()),
        "Look at it again, or open it in an editor",
    )
}

/// Changes the file. Gives nothing, and changes nothing, where it is not the one with the
/// digest `base`, if there has to be one.
async fn write(
    shared: &Shared,
    edit: &PolicyEdit,
    base: Option<&Digest>,
) -> Result<Option<PathBuf>, Failure> {
    let path = path(shared)?;
    // the next change begins with what this one wrote
    let _held = shared.trust_edits.lock().await;
    let before = text(&path)?;
    if base.is_some_and(|base| *base != Digest::sha256(before.as_bytes())) {
        return Ok(None);
    }
    let text = edited(&before, edit).map_err(|error| not_changed(&path, &error))?;
    let config = &shared.config.trust;
    TrustSettings::try_policy(config, &path, &text).map_err(|failure| {
        // what is wrong is what was to be written, not the file
        let file = format!("{}: ", path.display());
        let why = failure.headline.strip_prefix(&file);
        let why = why.unwrap_or(&failure.headline);
        Failure {
            headline: format!("the policy is not changed: {why}"),
            hint: "Nothing was written: correct it, and write it again".to_owned(),
            ..failure
        }
    })?;
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| disk_failure("cannot make the folder of", &path, &error))?;
    }
    save::write(&path, text.as_bytes())
        .await
        .map_err(|error| disk_failure("cannot write", &path, &error))?;
    shared.judge_by(TrustSettings::read(config, false));
    Ok(Some(path))
}

fn path(shared: &Shared) -> Result<PathBuf, Failure> {
    shared.trust.load().file.clone().ok_or_else(|| {
        Failure::refused(
            "there is no folder that the trust policy could be put in",
            "Set HOME or XDG_CONFIG_HOME",
        )
    })
}

/// What stands in the file, or in a new one.
fn text(path: &std::path::Path) -> Result<String, Failure> {
    let read = read_trust_file(path)
        .map_err(|error| Failure::refused(error.to_string(), "Check that the file may be read"))?;
    let Some(bytes) = read else {
        return Ok(NEW_POLICY.to_owned());
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::refused(
            format!("{} is not text in UTF-8", path.display()),
            "Correct the file",
        )
    })?;
    if text.trim_start().starts_with('{') {
        return Err(Failure::refused(
            format!("{} is a policy of another program", path.display()),
            "It is judged by; change it in an editor",
        ));
    }
    Ok(text)
}
