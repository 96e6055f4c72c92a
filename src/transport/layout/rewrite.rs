//! Writing a layout's archive anew: what is in it, and what was gathered beside it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use serde_json::Value;

use super::archive::There;
use super::blob;
use super::destination::MARKER;
use super::entries::{self, Listed};
use crate::model::{Digest, limits};
use crate::transport::archive::{Archive, Writer};
use crate::transport::local::{Files, Stage, Target, Work, problem_of, write_problem};
use crate::transport::{Problem, stamp};

/// The permissions of files in the archive.
const MODE: u32 = 0o644;

pub(super) fn read_index(archive: &Archive, work: &Work) -> Result<Value, Problem> {
    let bytes = archive.read("index.json", limits::MANIFEST_BYTES, work)?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::Broken {
        file: "index.json".to_owned(),
        why: error.to_string(),
    })
}

/// What a commit changes of an archive.
pub(super) struct New<'a> {
    pub(super) listed: &'a [Listed],
    /// The names of what it needs, gathered or there before.
    pub(super) needed: &'a BTreeSet<String>,
    /// The names of what was found in the archive when it was asked.
    pub(super) relied: &'a BTreeSet<String>,
    pub(super) removed: &'a BTreeSet<Digest>,
}

/// Writes the archive anew: what is there but for what is taken out, and what was gathered.
///
/// # Errors
/// [`Problem::WrittenMeanwhile`] where somebody who does not wait for a turn wrote it, and what is
/// needed of it is gone, or what came would be lost.
pub(super) fn write(
    target: &Target,
    stage: &Stage,
    There { archive, seen }: &There,
    new: &New<'_>,
    work: &Work,
) -> Result<(), Problem> {
    let there = archive.as_deref();
    let disk = &target.disk;
    let io = |error: io::Error| match problem_of(&error) {
        Problem::Cancelled => Problem::Cancelled,
        _ => write_problem(&error),
    };
    let mut index = match there {
        Some(there) => read_index(there, work)?,
        None => entries::empty(),
    };
    let mut changed = false;
    for listed in new.listed {
        changed |= entries::put(&mut index, listed)?;
    }
    for digest in new.removed {
        entries::remove_digest(&mut index, &digest.to_string());
        changed = true;
    }
    let folder = stage.folder(disk).map_err(io)?;
    let mut gathered = blob::in_folder(&folder).map_err(io)?;
    gathered.retain(|name| new.needed.contains(name));
    let mut before = match there {
        Some(there) => blob::in_archive(there)?,
        None => BTreeSet::new(),
    };
    let is_here = |name: &String| before.contains(name) || gathered.contains(name);
    if !new.relied.iter().all(is_here) {
        return Err(Problem::WrittenMeanwhile);
    }
    if !changed && gathered.is_empty() {
        return stage.remove(disk).map_err(io);
    }
    let unfinished = stage.unfinished(disk).map_err(io)?;
    let others = match there {
        Some(there) => there.others(blob::is_layouts, work)?,
        None => Vec::new(),
    };
    disk.remove(&unfinished).map_err(io)?;
    let file = disk.create(&unfinished).map_err(io)?;
    let mut writer = Writer::new(file, unfinished, MODE, disk, work);
    let index = serde_json::to_vec(&index).expect("a JSON value can be written");
    writer.file("oci-layout", MARKER).map_err(io)?;
    writer.file("index.json", &index).map_err(io)?;
    for digest in new.removed {
        before.remove(&blob::name(digest));
    }
    let mut folders = BTreeSet::new();
    for name in gathered.union(&before) {
        for (end, _) in name.match_indices('/') {
            if folders.insert(&name[..end]) {
                writer.folder(&name[..end]).map_err(io)?;
            }
        }
        if gathered.contains(name) {
            let mut file = File::open(folder.join(name)).map_err(io)?;
            let length = file.metadata().map_err(io)?.len();
            writer.copy(name, &mut file, length).map_err(io)?;
        } else if let Some(there) = there {
            let content = there.open(name, None, work)?;
            writer
                .stream(name, content.reader, content.length)
                .map_err(io)?;
        }
    }
    for other in others {
        let length = other.length();
        writer.entries(other, length).map_err(io)?;
    }
    // one that takes the place of another is safe before it does
    let forced = there.is_some();
    writer.finish(forced).map_err(io)?;
    if stamp(&target.reference) != *seen {
        // what somebody else wrote meanwhile would be lost
        return Err(Problem::WrittenMeanwhile);
    }
    stage.name(disk, forced).map_err(io)?;
    stage.remove(disk).map_err(io)
}
