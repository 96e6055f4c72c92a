//! The sample image: comes with the program, and is put on the disk as an OCI layout when it
//! is asked for, so that it opens like any other.

use std::path::Path;

use tokio::fs;

use super::sample_files::{FILES, NAME};
use super::{Failure, Outcome, disk_failure, save};

/// Puts the layout into the folder of the cache. What is there already and the same stays;
/// `index.json` comes last, so that a layout that can be opened is whole.
pub(super) async fn unpack(cache: Option<&Path>) -> Result<Outcome, Failure> {
    let Some(cache) = cache else {
        return Err(Failure::refused(
            "there is no folder that the sample image could be put in",
            "Set HOME or XDG_CACHE_HOME",
        ));
    };
    let folder = cache.join("sample");
    for (name, bytes) in FILES {
        let path = folder.join(name);
        if fs::read(&path).await.is_ok_and(|there| there == bytes) {
            continue;
        }
        let written = async {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).await?;
            }
            save::write(&path, bytes).await
        };
        let failed = |error| disk_failure("cannot write the sample image to", &path, &error);
        written.await.map_err(failed)?;
    }
    let Some(folder) = folder.to_str().filter(|folder| !folder.contains(':')) else {
        return Err(Failure::refused(
            "the folder of the cache has a name that no reference can hold",
            "Set XDG_CACHE_HOME to a folder without colons in its name",
        ));
    };
    Ok(Outcome::SampleReady {
        reference: format!("oci:{folder}:{NAME}"),
    })
}
