//! Writing a file whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::{Failure, Outcome, disk_failure};

pub(super) async fn save(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    match write(&path, text.as_bytes()).await {
        Ok(()) => Ok(Outcome::Saved { path }),
        Err(error) => Err(disk_failure("cannot write", &path, &error)),
    }
}

/// The same, but never over what is there.
pub(super) async fn save_new(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    if fs::symlink_metadata(&path).await.is_ok() {
        return Ok(Outcome::FileThere { path });
    }
    save(path, text).await
}

/// Writes beside `path` and renames, so that what was there before stays until all is written.
/// Its mode stays as it was, and a link stays one: what it leads to is written.
pub(super) async fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let followed = match fs::canonicalize(path).await {
        Ok(followed) => followed,
        Err(_) if fs::symlink_metadata(path).await.is_err() => path.to_owned(),
        Err(error) => return Err(error),
    };
    let path = followed.as_path();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".tmp-{}-{count}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = async {
        // never over a file that somebody else put there
        let mut file = fs::File::create_new(&temporary).await?;
        if let Ok(before) = fs::metadata(path).await {
            let mode = before.permissions();
            if file.metadata().await?.permissions() != mode {
                file.set_permissions(mode).await?;
            }
        }
        file.write_all(bytes).await?;
        file.sync_all().await?;
        fs::rename(&temporary, path).await
    };
    let written = written.await;
    if written.is_err() {
        // it may never have been made
        let _ = fs::remove_file(&temporary).await;
    }
    written
}
