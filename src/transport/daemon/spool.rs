//! Fetching an image: `GET /images/NAME/get` (Docker Engine API, "Export an image"), to a
//! file without a name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::engine::Engine;
use super::image::Found;
use crate::model::limits;
use crate::transport::{Preparation, Problem, Report};

/// Longest wait for the first byte: an engine may write the whole archive before it.
const FIRST: Duration = Duration::from_secs(600);

/// Longest wait for more.
const NEXT: Duration = Duration::from_secs(120);

/// Fetches the archive of an image. The file has no name: it is gone when nobody reads it
/// any more, also when the program is killed.
pub(super) async fn fetch(
    engine: &Engine,
    found: &Found,
    report: Option<&Report>,
) -> Result<File, Problem> {
    let client = &engine.client;
    let path = format!("/images/{}/get", found.id);
    let mut answer = client.get_within(&path, FIRST).await?;
    if !answer.status().is_success() {
        return Err(client.refused(answer).await);
    }
    let total = answer.content_length().or(found.size);
    let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(folder()).map_err(failed)?);
    let mut done = 0u64;
    while let Some(piece) = client.piece(&mut answer, NEXT).await? {
        done = done.saturating_add(piece.len() as u64);
        if done > limits::ENGINE_IMAGE_BYTES {
            return Err(Problem::TooLarge {
                found: None,
                limit: limits::ENGINE_IMAGE_BYTES,
            });
        }
        file.write_all(&piece).await.map_err(failed)?;
        if let Some(report) = report {
            report(Preparation { done, total });
        }
    }
    file.flush().await.map_err(failed)?;
    Ok(file.into_std().await)
}

/// Where the user wants temporary files, else on a disk: `/tmp` is memory on many systems.
pub(super) fn folder() -> PathBuf {
    let on_disk = Path::new("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && on_disk.is_dir() {
        on_disk.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn failed(error: io::Error) -> Problem {
    Problem::Io {
        why: format!("writing to {}: {error}", folder().display()),
    }
}
