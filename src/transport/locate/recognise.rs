//! What a path holds, seen from what is in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::model::{
    Algorithm, Content, Document, MediaType, PathReference, RawDocument, Transport, limits, text,
};
use crate::transport::archive::{self, Packing};
use crate::transport::{Problem, TransportError};

/// Most entries of a folder that are counted.
const COUNTED: usize = 1000;

/// How much of a file is read to see what it is, in bytes: a tar archive's first header.
const START: usize = 512;

/// Recognises the image at `path` by what is in it: a folder with `oci-layout` or
/// `index.json` is an OCI layout, one with `manifest.json` and `version` skopeo's `dir:`;
/// these files themselves stand for their folder; a tar archive is an OCI or a Docker one
/// by what it holds.
///
/// Of a compressed archive only the start is unpacked to look. Where that says nothing, it
/// is taken for an OCI one where its name says so, and for what `docker save` writes
/// otherwise.
///
/// # Errors
/// Where nothing is there, it cannot be read, or it is no image; then the error says what
/// it is instead.
pub fn recognise(path: &Path) -> Result<PathReference, TransportError> {
    let fail = |problem| {
        let place = path.display().to_string();
        TransportError::new("image", text::visible(&place).into_owned(), problem)
    };
    look(path)
        .map(|(transport, path)| PathReference::new(transport, path))
        .map_err(fail)
}

/// What is at `path`, said as the reason why `asked` cannot read it.
pub(in crate::transport) fn describe_path(path: &Path, asked: Transport) -> Problem {
    match look(path) {
        Ok((transport, at)) if transport != asked && at == path => other_transport(transport),
        _ => describe(path),
    }
}

/// An image is there, and another transport reads it.
pub(in crate::transport) const fn other_transport(transport: Transport) -> Problem {
    Problem::OtherTransport {
        found: match transport {
            Transport::Oci => "an OCI layout",
            Transport::OciArchive => "an OCI layout in an archive",
            Transport::Dir => "a flat folder as skopeo writes it",
            Transport::DockerArchive => "an archive that Docker saved",
            Transport::Docker | Transport::DockerDaemon => "no file",
        },
        prefix: transport.prefix(),
    }
}

/// What is at `path`, said as the reason why it is no image.
fn describe(path: &Path) -> Problem {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => describe_folder(path),
        Ok(metadata) if metadata.is_file() => describe_file(path, metadata.len()),
        Ok(_) => not_an_image("a pipe, socket or device"),
        Err(error) => failed(&error),
    }
}

fn look(path: &Path) -> Result<(Transport, PathBuf), Problem> {
    let metadata = fs::metadata(path).map_err(|e| failed(&e))?;
    if metadata.is_dir() {
        return match folder_transport(path) {
            Some(transport) => Ok((transport, path.to_owned())),
            None => Err(describe(path)),
        };
    }
    if !metadata.is_file() {
        return Err(describe(path));
    }
    if let Some((transport, folder)) = folder_of_marker(path) {
        return Ok((transport, folder));
    }
    let start = start_of(path).map_err(|e| failed(&e))?;
    if !matches!(Kind::of(&start), Kind::Tar | Kind::Compressed) {
        return Err(describe(path));
    }
    let survey = File::open(path).and_then(archive::survey);
    let survey = survey.map_err(|e| failed(&e))?;
    match survey.transport() {
        Some(transport) => Ok((transport, path.to_owned())),
        None if survey.is_cut_short() => Ok((by_name(path), path.to_owned())),
        None => Err(describe(path)),
    }
}

fn folder_transport(folder: &Path) -> Option<Transport> {
    let has = |name: &str| folder.join(name).is_file();
    if has("oci-layout") || has("index.json") {
        Some(Transport::Oci)
    } else if has("manifest.json") && (has("version") || is_manifest(&folder.join("manifest.json")))
    {
        Some(Transport::Dir)
    } else {
        None
    }
}

/// The image that a file stands for as a part of its folder.
fn folder_of_marker(file: &Path) -> Option<(Transport, PathBuf)> {
    let expected = match file.file_name()?.to_str()? {
        "oci-layout" | "index.json" => Transport::Oci,
        "manifest.json" | "version" => Transport::Dir,
        _ => return None,
    };
    let folder = match file.parent()? {
        here if here == Path::new("") => Path::new("."),
        folder => folder,
    };
    (folder_transport(folder)? == expected).then(|| (expected, folder.to_owned()))
}

/// Whether a `manifest.json` is a manifest or index. What `docker save` writes under this
/// name is a list, and a web page's is neither.
fn is_manifest(file: &Path) -> bool {
    let small = fs::metadata(file).is_ok_and(|m| m.len() <= limits::MANIFEST_BYTES);
    let Some(bytes) = small.then(|| fs::read(file).ok()).flatten() else {
        return false;
    };
    let nothing_said = MediaType::default();
    let document = Document::read(RawDocument::hash(
        Bytes::from(bytes),
        Algorithm::Sha256,
        nothing_said,
    ));
    matches!(document.content(), Content::Index(_) | Content::Manifest(_))
}

/// What the first bytes of a file say about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tar,
    Compressed,
    Json,
    Other,
}

impl Kind {
    fn of(start: &[u8]) -> Self {
        if Packing::of_start(start) != Packing::None {
            Self::Compressed
        } else if archive::is_header(start) {
            Self::Tar
        } else if matches!(start.trim_ascii_start().first(), Some(b'{' | b'[')) {
            Self::Json
        } else {
            Self::Other
        }
    }
}

fn start_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(START);
    let file = File::open(path)?;
    file.take(START as u64).read_to_end(&mut start)?;
    Ok(start)
}

fn by_name(path: &Path) -> Transport {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if name.to_ascii_lowercase().contains("oci") {
        Transport::OciArchive
    } else {
        Transport::DockerArchive
    }
}

fn describe_folder(folder: &Path) -> Problem {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return failed(&error),
    };
    let (mut files, mut folders) = (0, 0);
    for entry in entries.take(COUNTED + 1).flatten() {
        if entry.path().is_dir() {
            folders += 1;
        } else {
            files += 1;
        }
    }
    if files + folders > COUNTED {
        return not_an_image(&format!(
            "a folder with more than {COUNTED} entries, no index.json among them"
        ));
    }
    let parts: Vec<_> = [(files, "file"), (folders, "folder")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| counted(count, what))
        .collect();
    if parts.is_empty() {
        return Problem::EmptyFolder;
    }
    not_an_image(&format!(
        "a folder with {}, no index.json among them",
        parts.join(" and ")
    ))
}

fn describe_file(path: &Path, length: u64) -> Problem {
    let start = match start_of(path) {
        Ok(start) => start,
        Err(error) => return failed(&error),
    };
    match Kind::of(&start) {
        _ if length == 0 => not_an_image("an empty file"),
        Kind::Tar => not_an_image("a tar archive with neither index.json nor manifest.json"),
        Kind::Compressed => not_an_image("a compressed file"),
        Kind::Json => not_an_image("a JSON file that lies in no image folder"),
        Kind::Other => not_an_image(&format!("a file of {}", text::size(length))),
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn not_an_image(found: &str) -> Problem {
    Problem::NotAnImage {
        found: found.to_owned(),
    }
}

fn failed(error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Problem::NoSuchPath,
        _ => Problem::Io {
            why: error.to_string(),
        },
    }
}
