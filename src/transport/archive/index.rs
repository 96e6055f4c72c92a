//! Where each file of an archive lies.

use std::collections::HashMap;
use std::io::Read;

use super::entry::Kind;
use super::kept::Kept;
use super::names;
use super::section::Section;
use super::stream::{Plain, Stream, Unpacked};
use super::walk::{Ending, Step, Walk};
use crate::model::limits;
use crate::transport::Problem;
use crate::transport::local::{Start, Work};

/// The entries of an archive by their names.
pub(super) struct Index {
    entries: HashMap<Box<str>, Listed>,
    ending: Ending,
}

/// What lies under a name. Where there are several, the last one, as unpacking leaves it.
struct Listed {
    entry: Indexed,
    /// Whether there are several.
    again: bool,
}

enum Indexed {
    File(Place),
    /// The name that it leads to; nothing where that is outside.
    Link(Option<Box<str>>),
    Other(&'static str),
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// In bytes from the start of the archive, unpacked.
    pub(super) offset: u64,
    /// In bytes.
    pub(super) size: u64,
    /// Whether the archive goes on to its end.
    pub(super) complete: bool,
    /// Its first bytes, zeros where it has fewer; known of the files of a compressed archive,
    /// where a later look would cost much.
    pub(super) start: Start,
}

impl Index {
    /// Reads the headers of a plain archive.
    pub(super) fn of_plain(section: Section, work: &Work) -> Result<Self, Problem> {
        let stream = Plain {
            section,
            work: work.clone(),
        };
        Self::of(Walk::new(stream), |_, place| Ok(place))
    }

    /// Unpacks an archive whole, and keeps the small files on the way.
    pub(super) fn of_packed(
        unpacked: Box<dyn Read + Send>,
        kept: &mut Kept,
    ) -> Result<Self, Problem> {
        Self::of(Walk::new(Unpacked(unpacked)), |walk, mut place| {
            let mut bytes = Vec::new();
            let wanted = if kept.wants(place.size) {
                place.size
            } else {
                place.size.min(place.start.len() as u64)
            };
            place.complete = walk.read_content(wanted, &mut bytes)?;
            let known = bytes.len().min(place.start.len());
            place.start[..known].copy_from_slice(&bytes[..known]);
            if place.complete && bytes.len() as u64 == place.size {
                kept.put(place.offset, bytes.into());
            }
            Ok(place)
        })
    }

    /// Walks to the end. `look` may read the content of each file.
    fn of<S: Stream>(
        mut walk: Walk<S>,
        mut look: impl FnMut(&mut Walk<S>, Place) -> Result<Place, Problem>,
    ) -> Result<Self, Problem> {
        let mut entries: HashMap<Box<str>, Listed> = HashMap::new();
        let mut count = 0;
        let mut last: Option<Box<str>> = None;
        let ending = loop {
            let entry = match walk.next()? {
                Step::Entry(entry) => entry,
                Step::End(ending) => break ending,
            };
            count += 1;
            if count > limits::ARCHIVE_ENTRIES {
                return Err(Problem::Beyond {
                    what: "entries",
                    limit: limits::ARCHIVE_ENTRIES,
                });
            }
            last = None;
            let Some(name) = names::normal(&entry.name) else {
                continue;
            };
            let found = match entry.kind {
                Kind::File { offset, size } => {
                    let place = Place {
                        offset,
                        size,
                        complete: true,
                        start: Start::default(),
                    };
                    Indexed::File(look(&mut walk, place)?)
                }
                Kind::Symlink(target) => {
                    Indexed::Link(names::symlink(&name, &target).map(Into::into))
                }
                Kind::Hardlink(target) => Indexed::Link(names::normal(&target).map(Into::into)),
                Kind::Other(what) => Indexed::Other(what),
            };
            let name: Box<str> = name.into();
            let folder = matches!(found, Indexed::Other(_));
            let again = entries.contains_key(&name) && !folder;
            entries.insert(
                name.clone(),
                Listed {
                    entry: found,
                    again,
                },
            );
            last = Some(name);
        };
        if ending == (Ending::CutOff { in_content: true })
            && let Some(Listed {
                entry: Indexed::File(place),
                ..
            }) = last.and_then(|last| entries.get_mut(&last))
        {
            place.complete = false;
        }
        Ok(Self { entries, ending })
    }

    /// How the archive ends.
    pub(super) const fn ending(&self) -> &Ending {
        &self.ending
    }

    /// The names in a folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let inside = |name: &str| {
            let name = name.strip_prefix(folder)?.strip_prefix('/')?;
            (!name.contains('/')).then(|| name.to_owned())
        };
        self.entries
            .keys()
            .filter_map(|name| inside(name))
            .collect()
    }

    /// Whether not one entry was found.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the file `name` lies, over one link at most.
    pub(super) fn file(&self, name: &str) -> Result<Place, Problem> {
        let not_a_file = |found| {
            Err(Problem::NotAFile {
                file: name.to_owned(),
                found,
            })
        };
        let target = match &self.listed(name)?.entry {
            Indexed::File(place) => return Ok(*place),
            Indexed::Other(found) => return not_a_file(found),
            Indexed::Link(None) => return not_a_file("a link that leads out of the archive"),
            Indexed::Link(Some(target)) => target,
        };
        match &self.listed(target)?.entry {
            Indexed::File(place) => Ok(*place),
            Indexed::Other(found) => not_a_file(found),
            Indexed::Link(_) => not_a_file("a link to a link"),
        }
    }

    /// Refuses a name that several entries have: which one is meant would be a guess.
    pub(super) fn only(&self, name: &str) -> Result<(), Problem> {
        if self.listed(name)?.again {
            return Err(Problem::Broken {
                file: name.to_owned(),
                why: "the archive holds it more than once".to_owned(),
            });
        }
        Ok(())
    }

    fn listed(&self, name: &str) -> Result<&Listed, Problem> {
        self.entries.get(name).ok_or(Problem::NotInArchive {
            // without the mark of its end nobody knows what followed
            cut_off: self.ending != Ending::Marked,
        })
    }
}
