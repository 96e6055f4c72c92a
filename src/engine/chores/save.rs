//! Writing a file whole or not at all.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::config::whole_file::{write_new, write_over};

use super::{Failure, Outcome, disk_failure};

pub(super) async fn save(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    match write(&path, text.as_bytes()).await {
        Ok(()) => Ok(Outcome::Saved { path }),
        Err(error) => Err(disk_failure("cannot write", &path, &error)),
    }
}

/// The same, but never over what is there, also where it came a moment ago.
pub(super) async fn save_new(path: PathBuf, text: &str) -> Result<Outcome, Failure> {
    match aside(&path, text.as_bytes(), write_new).await {
        Ok(()) => Ok(Outcome::Saved { path }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Outcome::FileThere { path }),
        Err(error) => Err(disk_failure("cannot write", &path, &error)),
    }
}

/// Writes beside `path` and renames, so that what was there before stays until all is written.
/// Its mode stays as it was, and a link stays one: what it leads to is written.
pub(super) async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    aside(path, bytes, write_over).await
}

/// Writes on a thread that may wait for a disk.
async fn aside(
    path: &Path,
    bytes: &[u8],
    write: fn(&Path, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (path, bytes) = (path.to_owned(), bytes.to_owned());
    let written = tokio::task::spawn_blocking(move || write(&path, &bytes));
    written.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn what_comes_in_between_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
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
        assert_eq!(fs::read_to_string(&path).unwrap(), texts[first]);
        // nothing that was written in vain stays
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_new_file_is_as_any_other_and_one_that_was_there_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let any = folder.path().join("any");
        fs::write(&any, "").unwrap();
        for name in ["new", "over"] {
            let path = folder.path().join(name);
            match name {
                "new" => save_new(path.clone(), "text").await.unwrap(),
                _ => save(path.clone(), "text").await.unwrap(),
            };
            assert_eq!(mode(&path), mode(&any), "{name}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            save(path.clone(), "other").await.unwrap();
            assert_eq!(mode(&path), 0o640, "{name}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        }
    }
}
