//! A folder: made beside the one that was chosen and renamed to it when everything is there.
//!
//! Nothing that is written is opened through a link: folders are made first, in a folder
//! that nobody else may enter; every file is a new one; links come last.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::layer::{FileNode, LayerError};

use super::content::{Sink, read};
use super::holes::Writer;
use super::link::{self, Target};
use super::plan::Content;
use super::{From, Plan, Progress, Report, failed};

pub(super) async fn write(
    plan: &Plan,
    from: From<'_>,
    target: &Path,
    progress: Progress<'_>,
) -> Result<Report, LayerError> {
    check_target(target)?;
    let above = match target.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    let made = tempfile::Builder::new()
        .prefix(".porthole-")
        .tempdir_in(above)
        .map_err(|error| failed(target, &error))?;
    let mut report = Report {
        bytes: plan.bytes,
        left_out: plan.special.len(),
        ..plan.report()
    };
    let root = made.path();
    for number in &plan.folders {
        let node = plan.node(*number)?;
        let path = place(plan, root, &node)?;
        if path != root {
            fs::create_dir(&path).map_err(|error| clash(&node, &error))?;
        }
        report.folders += 1;
    }
    let mut writing = Writing {
        plan,
        root,
        progress,
        file: None,
        special: 0,
    };
    read(plan, &from, &mut writing).await?;
    report.without_special_bits = writing.special;
    report.files = plan.contents.len();
    names(plan, root)?;
    report.files += plan.names.len();
    let top = plan.top()?;
    for number in &plan.symlinks {
        let node = plan.node(*number)?;
        let (text, turned) = match link::target(plan, &node, top) {
            Target::AsItStands(text) => (text, false),
            Target::Turned(text) => (text, true),
        };
        let path = place(plan, root, &node)?;
        symlink(&text, &path).map_err(|error| clash(&node, &error))?;
        report.links += 1;
        report.turned += usize::from(turned);
    }
    // the innermost first: a folder's own time changes with what is put into it
    for number in plan.folders.iter().rev() {
        let node = plan.node(*number)?;
        let path = place(plan, root, &node)?;
        let mode = node.entry().map_or(0o755, |entry| entry.mode());
        let dated = File::open(&path).and_then(|folder| date(&folder, &node));
        // not every system dates folders
        drop(dated);
        // whoever saved it can look into it and remove it
        let mode = mode & 0o1777 | 0o700;
        set_mode(&path, mode).map_err(|error| clash(&node, &error))?;
    }
    let made = made.keep();
    let renamed = fs::remove_dir(target)
        .or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
        .and_then(|()| fs::rename(&made, target));
    if let Err(error) = renamed {
        // what was made is of no use under its own name
        let _ = fs::remove_dir_all(&made);
        return Err(failed(target, &error));
    }
    Ok(report)
}

/// Only a folder that is not there, or holds nothing, is written to.
fn check_target(target: &Path) -> Result<(), LayerError> {
    let refused = |why: &str| {
        Err(LayerError::Refused {
            path: target.display().to_string(),
            why: why.to_owned(),
        })
    };
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(target, &error)),
        Ok(found) if !found.is_dir() => refused("it is there, and is no folder"),
        Ok(_) => match fs::read_dir(target).map(|mut entries| entries.next().is_some()) {
            Ok(false) => Ok(()),
            Ok(true) => refused("there is something in it"),
            Err(error) => Err(failed(target, &error)),
        },
    }
}

/// The path of a node under `root`, of names that cannot lead elsewhere.
fn place(plan: &Plan, root: &Path, node: &FileNode<'_>) -> Result<PathBuf, LayerError> {
    let mut path = root.to_owned();
    for name in plan.names_of(node) {
        let odd = matches!(name, b"" | b"." | b"..") || name.iter().any(|b| matches!(b, b'/' | 0));
        let name = os_name(name).filter(|_| !odd);
        let Some(name) = name else {
            return Err(LayerError::Refused {
                path: String::from_utf8_lossy(&node.path()).into_owned(),
                why: "this system has no such names".to_owned(),
            });
        };
        path.push(name);
    }
    Ok(path)
}

#[cfg(unix)]
fn os_name(name: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(OsString::from_vec(name.to_vec()))
}

#[cfg(not(unix))]
fn os_name(name: &[u8]) -> Option<OsString> {
    let name = std::str::from_utf8(name).ok()?;
    let odd = |c: char| matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') || c < ' ';
    let ends = name.ends_with(['.', ' ']);
    (!name.contains(odd) && !ends).then(|| name.into())
}

/// The other names of files that are written: the same file, or a copy where the system
/// refuses that.
fn names(plan: &Plan, root: &Path) -> Result<(), LayerError> {
    for name in &plan.names {
        let node = plan.node(name.node)?;
        let first = plan.node(plan.contents[name.content].node)?;
        let (from, to) = (place(plan, root, &first)?, place(plan, root, &node)?);
        let linked = fs::hard_link(&from, &to).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => copy(&from, &to),
        });
        linked.map_err(|error| clash(&node, &error))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut new = File::create_new(to)?;
    io::copy(&mut File::open(from)?, &mut new)?;
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &[u8], path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path)
}

#[cfg(not(unix))]
fn symlink(target: &[u8], path: &Path) -> io::Result<()> {
    use std::io::Write as _;
    // where links want special rights, what a link says is kept as a text
    File::create_new(path)?.write_all(target)
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

fn date(file: &File, node: &FileNode<'_>) -> io::Result<()> {
    let Some((seconds, nanoseconds)) = node.entry().map(|entry| entry.mtime()) else {
        return Ok(());
    };
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    // the fraction counts upwards, before 1970 as well
    let part = Duration::from_nanos(nanoseconds.into());
    let at = second.and_then(|second| second.checked_add(part));
    at.map_or(Ok(()), |at| file.set_modified(at))
}

/// A name could not be made: mostly because this system takes two names for one.
fn clash(node: &FileNode<'_>, error: &io::Error) -> LayerError {
    let why = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            "this system takes another name of the same folder for the same".to_owned()
        }
        _ => error.to_string(),
    };
    LayerError::Write {
        path: String::from_utf8_lossy(&node.path()).into_owned(),
        why,
    }
}

struct Writing<'a> {
    plan: &'a Plan,
    root: &'a Path,
    progress: Progress<'a>,
    file: Option<Writer<io::BufWriter<File>>>,
    special: usize,
}

impl Sink for Writing<'_> {
    fn begin(&mut self, content: &Content) -> Result<(), LayerError> {
        let node = self.plan.node(content.node)?;
        let path = place(self.plan, self.root, &node)?;
        let file = File::create_new(&path).map_err(|error| clash(&node, &error))?;
        let file = io::BufWriter::with_capacity(128 << 10, file);
        self.file = Some(Writer::new(file, content.has_holes()));
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        if let Some(file) = &mut self.file {
            file.bytes(bytes)
                .map_err(|error| failed(self.root, &error))?;
        }
        (self.progress)(bytes.len() as u64)
    }

    fn end(&mut self, content: &Content) -> Result<(), LayerError> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        let node = self.plan.node(content.node)?;
        let mode = node.entry().map_or(0o644, |entry| entry.mode());
        self.special += usize::from(mode & 0o6000 != 0);
        let done = file
            .finish()
            .and_then(|file| file.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| date(&file, &node));
        done.map_err(|error| clash(&node, &error))?;
        let path = place(self.plan, self.root, &node)?;
        set_mode(&path, mode & 0o777).map_err(|error| clash(&node, &error))
    }
}
