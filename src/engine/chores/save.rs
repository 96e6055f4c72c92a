//! Writing a file whole or not at all.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::{Failure, Outcome, disk_failure};

/// How often a name is tried for a file that is to get another one.
const TRIES: usize = 5;

pub(super) async fn save(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    match write(&path, text.as_bytes()).await {
        Ok(()) => Ok(Outcome::Saved { path }),
        Err(error) => Err(disk_failure("cannot write", &path, &error)),
    }
}

/// The same, but never over what is there, also where it came a moment ago.
pub(super) async fn save_new(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    match write_new(&path, text.as_bytes()).await {
        Ok(()) => Ok(Outcome::Saved { path }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Outcome::FileThere { path }),
        Err(error) => Err(disk_failure("cannot write", &path, &error)),
    }
}

/// Writes beside `path` and renames, so that what was there before stays until all is written.
/// Its mode stays as it was, and a link stays one: what it leads to is written.
pub(super) async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let followed = match fs::canonicalize(path).await {
        Ok(followed) => followed,
        Err(_) if fs::symlink_metadata(path).await.is_err() => path.to_owned(),
        Err(error) => return Err(error),
    };
    let path = followed.as_path();
    let (temporary, mut file) = beside(path).await?;
    let written = async {
        if let Ok(before) = fs::metadata(path).await {
            let mode = before.permissions();
            if file.metadata().await?.permissions() != mode {
                file.set_permissions(mode).await?;
            }
        }
        fill(&mut file, bytes).await?;
        fs::rename(&temporary, path).await
    };
    let written = written.await;
    if written.is_err() {
        // what is not there needs no removing
        let _ = fs::remove_file(&temporary).await;
    }
    written
}

/// Writes beside `path` and gives it that name, which nothing may have: the system looks and
/// names in one step.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where something is called so; then it stays as it is.
async fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).await.is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let (temporary, mut file) = beside(path).await?;
    let written = match fill(&mut file, bytes).await {
        Ok(()) => name(&temporary, path, bytes).await,
        failed => failed,
    };
    // what cannot be removed does no harm
    let _ = fs::remove_file(&temporary).await;
    written
}

/// Gives what is written its name, or writes it under that where the disk knows no second
/// names for a file; never over what is there.
async fn name(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::hard_link(temporary, path).await {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let mut file = fs::File::create_new(path).await?;
            let filled = fill(&mut file, bytes).await;
            if filled.is_err() {
                // nobody but this has made it
                let _ = fs::remove_file(path).await;
            }
            filled
        }
        named => named,
    }
}

async fn fill(file: &mut fs::File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes).await?;
    file.sync_all().await
}

/// A file beside `path`, never one that somebody else put there.
async fn beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut tries = 0;
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".tmp-{}-{count}", std::process::id()));
        let temporary = path.with_file_name(name);
        match fs::File::create_new(&temporary).await {
            // an earlier program of the same number was killed
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
            made => return made.map(|file| (temporary, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_in_between_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        // all of them look before one has written
        let texts: Vec<_> = (0..8).map(|count| format!("text {count}")).collect();
        let saving = texts.iter().map(|text| save_new(path.clone(), text));
        let ended = futures_util::future::join_all(saving).await;
        let saved = |outcome: &Result<Outcome, Failure>| match outcome {
            Ok(Outcome::Saved { .. }) => true,
            Ok(Outcome::FileThere { .. }) => false,
            other => panic!("{other:?}"),
        };
        let first: Vec<_> = (0..8).filter(|count| saved(&ended[*count])).collect();
        let [first] = first[..] else {
            panic!("{first:?} were saved");
        };
        assert_eq!(std::fs::read_to_string(&path).unwrap(), texts[first]);
        // and where it came just before it gets its name, on any disk
        let (temporary, _) = beside(&path).await.unwrap();
        for temporary in [&temporary, &folder.path().join("no such file")] {
            let named = name(temporary, &path, b"late").await;
            assert_eq!(named.unwrap_err().kind(), ErrorKind::AlreadyExists);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), texts[first]);
        let other = folder.path().join("other.json");
        // where no file gets a second name, it is written under its own
        name(&folder.path().join("no such file"), &other, b"late")
            .await
            .unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"late");
        std::fs::remove_file(temporary).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
