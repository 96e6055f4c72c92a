//! Adding to the user's trust policy: the whole file is written anew, or nothing.

use std::sync::Arc;

use crate::config::read_trust_file;
use crate::engine::TrustSettings;
use crate::engine::shared::Shared;

use super::{Failure, Outcome, disk_failure, save};

/// Puts `entry` at the end of the policy and judges by it from now on. An entry that would
/// make the policy one that cannot be read is not written.
pub(super) async fn add(shared: &Shared, entry: &str) -> Result<Outcome, Failure> {
    let Some(path) = shared.trust.load().file.clone() else {
        return Err(Failure::refused(
            "there is no folder that the trust policy could be put in",
            "Set HOME or XDG_CONFIG_HOME",
        ));
    };
    let read = read_trust_file(&path)
        .map_err(|error| Failure::refused(error.to_string(), "Check that the file may be read"))?;
    let before = match read {
        Some(bytes) => String::from_utf8(bytes).map_err(|_| {
            Failure::refused(
                format!("{} is not text in UTF-8", path.display()),
                "Correct the file",
            )
        })?,
        None => "# Whom Porthole trusts. See docs/trust-policy.md.\nversion = 1\n".to_owned(),
    };
    let text = format!("{before}{entry}");
    toml::from_str::<toml::Table>(&text).map_err(|error| {
        Failure::refused(
            format!("{} would not be a policy any more: {error}", path.display()),
            "Correct the file by hand",
        )
    })?;
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| disk_failure("cannot make the folder of", &path, &error))?;
    }
    save::write(&path, text.as_bytes())
        .await
        .map_err(|error| disk_failure("cannot write", &path, &error))?;
    let settings = TrustSettings::read(&shared.config.trust);
    shared.trust.store(Arc::new(settings));
    Ok(Outcome::TrustSaved { path })
}
