//! The user's trust policy: listed, and changed. The whole file is written anew, or nothing.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::read_trust_file;
use crate::engine::TrustSettings;
use crate::engine::shared::Shared;
use crate::signature::policy::{Entries, NEW_POLICY, PolicyEdit, edited, entries};

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
    match write(shared, edit).await {
        Ok(path) => Outcome::TrustSaved { path },
        Err(failure) => Outcome::TrustFailed(Arc::new(failure)),
    }
}

async fn write(shared: &Shared, edit: &PolicyEdit) -> Result<PathBuf, Failure> {
    let path = path(shared)?;
    // the next change begins with what this one wrote
    let _held = shared.trust_edits.lock().await;
    let before = text(&path)?;
    let text = edited(&before, edit).map_err(|error| {
        Failure::refused(
            format!("{} is not changed: {error}", path.display()),
            "Look at it again, or open it in an editor",
        )
    })?;
    let config = &shared.config.trust;
    TrustSettings::try_policy(config, &path, &text).map_err(|failure| {
        let headline = format!("the policy is not changed: {}", failure.headline);
        Failure {
            headline,
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
    shared.trust.store(Arc::new(TrustSettings::read(config)));
    Ok(path)
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
