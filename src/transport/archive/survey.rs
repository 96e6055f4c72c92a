//! A look at the names in an archive, to tell what sort of image it holds.

use std::fs::File;
use std::io::{self, Read};

use tar::Header;

use super::names;
use super::packing::{Packing, unpack};
use super::section::Section;
use super::stream::{Plain, Stream, Unpacked};
use super::walk::{self, BLOCK, Step, Walk};
use crate::model::{Transport, limits};
use crate::transport::local::Work;

/// How much of a compressed archive is unpacked to look at it, in bytes: enough to see the
/// first few layers of an image.
const UNPACKED: u64 = 16 << 20;

/// Which of the files that make an archive an image were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::transport) struct Survey {
    marker: bool,
    index: bool,
    /// A layout's folder for blobs. Beside `manifest.json` it is there only with a layout.
    blobs: bool,
    manifest: bool,
    /// Not everything was looked at.
    cut_short: bool,
}

impl Survey {
    /// What the archive is. One that is both, as Docker 25 and later write them, is read
    /// as a layout: there the digests are those of the registry.
    pub(in crate::transport) const fn transport(self) -> Option<Transport> {
        if self.marker || self.index || (self.blobs && self.cut_short) {
            Some(Transport::OciArchive)
        } else if self.manifest {
            Some(Transport::DockerArchive)
        } else {
            None
        }
    }

    /// Whether names that were not looked at could say more.
    pub(in crate::transport) const fn is_cut_short(self) -> bool {
        self.cut_short
    }

    fn see(&mut self, name: &str) {
        match name {
            "oci-layout" => self.marker = true,
            "index.json" => self.index = true,
            "manifest.json" => self.manifest = true,
            "blobs" => self.blobs = true,
            name if name.starts_with("blobs/") => self.blobs = true,
            _ => {}
        }
    }
}

/// Whether these bytes begin with the header of a tar entry: its checksum is right.
pub(in crate::transport) fn is_header(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK as usize).is_some_and(|block| {
        let header = Header::from_byte_slice(block);
        walk::checked_size(header).is_some()
    })
}

/// Reads the names at the root of an archive until one decides: all of a plain archive, the
/// first of a compressed one.
pub(in crate::transport) fn survey(file: File) -> io::Result<Survey> {
    let section = Section::whole(file)?;
    let packing = Packing::of(&section)?;
    let work = Work::default();
    if packing == Packing::None {
        return Ok(look(Walk::new(Plain { section, work }), false));
    }
    let length = section.length();
    let Ok(unpacked) = unpack(packing, section, length, &work) else {
        return Ok(Survey {
            cut_short: true,
            ..Survey::default()
        });
    };
    Ok(look(
        Walk::new(Unpacked(Box::new(unpacked.take(UNPACKED)))),
        true,
    ))
}

fn look<S: Stream>(mut walk: Walk<S>, blobs_decide: bool) -> Survey {
    let mut survey = Survey {
        cut_short: blobs_decide,
        ..Survey::default()
    };
    for _ in 0..limits::ARCHIVE_ENTRIES {
        // what cannot be read says nothing; opening it says why
        let Ok(Step::Entry(entry)) = walk.next() else {
            break;
        };
        if let Some(name) = names::normal(&entry.name) {
            survey.see(&name);
        }
        if survey.marker || (survey.blobs && blobs_decide) {
            break;
        }
    }
    survey
}
