//! What can go wrong with a place, said in a person's words.

use std::time::Duration;

use crate::model::{Digest, text};

use super::Refusal;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A failure: what was asked, of which place, what happened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what} of {place}: {problem}")]
pub struct TransportError {
    /// What was asked for: `manifest 1.37`, `blob sha256:…`.
    pub what: String,
    /// Where: a reference, a host with a repository, a path. Never with credentials.
    pub place: String,
    #[source]
    pub problem: Problem,
    /// More than the problem alone tells, where there is more.
    pub more: Option<Box<More>>,
}

/// What is known of a failure beside its problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct More {
    /// What to try.
    pub advice: Option<String>,
    /// For those who unfold it.
    pub details: Vec<String>,
    /// The tag that is not there, where that is what happened.
    pub missing_tag: Option<MissingTag>,
}

/// A tag that its repository has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTag {
    /// Host and name, as [`RegistryReference::name`](crate::model::RegistryReference::name).
    pub repository: String,
    pub tag: String,
    pub others: OtherTags,
}

/// Some of the tags that a repository has in place of one that is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OtherTags {
    /// They could not be listed, or there are none.
    #[default]
    Unknown,
    /// Those that are close to it, the closest first.
    Close(Vec<String>),
    /// None is close: the newest, and whether there are more.
    Newest { tags: Vec<String>, more: bool },
}

impl OtherTags {
    pub fn tags(&self) -> &[String] {
        match self {
            Self::Unknown => &[],
            Self::Close(tags) | Self::Newest { tags, .. } => tags,
        }
    }

    /// In a sentence; nothing where none is known.
    fn in_words(&self) -> Option<String> {
        let listed = self.tags().join(", ");
        match self {
            Self::Unknown => None,
            Self::Close(_) => Some(format!("Tags that are close: {listed}")),
            Self::Newest { more, .. } => {
                let more = if *more { ", …" } else { "" };
                Some(format!("There are other tags: {listed}{more}"))
            }
        }
    }
}

/// What happened.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Problem {
    #[error("it is not there")]
    NotFound,
    #[error("no such file or folder")]
    NoSuchPath,
    #[error("the folder is empty")]
    EmptyFolder,
    #[error("this is not a container image: {found}")]
    NotAnImage { found: String },
    #[error("this is {found}, which another prefix reads")]
    OtherTransport {
        found: &'static str,
        prefix: &'static str,
    },
    #[error("it is not in this folder")]
    NotInFolder,
    #[error("{}", not_in_archive(*cut_off))]
    NotInArchive { cut_off: bool },
    #[error("the archive breaks off before the end of {file}")]
    CutOff { file: String },
    #[error("it is compressed with {how}, which is not read here")]
    Compressed { how: &'static str },
    #[error("unpacked it has more than the {} that are read", text::size(*limit))]
    Unpacks { limit: u64 },
    #[error("it has more than the {limit} {what} that are read")]
    Beyond { what: &'static str, limit: usize },
    #[error("{} is {found}, not a plain file", text::visible(file))]
    NotAFile { file: String, found: &'static str },
    #[error("this is an OCI layout of version {found:?}, and only version 1 is read")]
    LayoutVersion { found: String },
    #[error("this is a dir: folder of version {found}, and versions up to 1.2 are read")]
    DirVersion { found: String },
    #[error("this archive was written by Docker before version 1.10, which had other images")]
    OldDocker,
    #[error("{} is broken: {why}", text::visible(file))]
    Broken { file: String, why: String },
    #[error("nothing here is called {wanted:?}")]
    NoSuchName { wanted: String, names: Vec<String> },
    #[error("no image is listed here")]
    NoImages,
    #[error("{count} images here have this name")]
    NameTwice { count: usize },
    #[error("damaged: its bytes hash to {found}, not to {expected}")]
    WrongDigest { expected: Digest, found: Digest },
    #[error("damaged: {}", wrong_size(*expected, *found))]
    WrongSize { expected: u64, found: Option<u64> },
    #[error("{}", too_large(*found, *limit))]
    TooLarge { found: Option<u64>, limit: u64 },
    #[error("it lists more than the {limit} {what} that are read")]
    TooMany { what: &'static str, limit: usize },
    #[error("the registry wants a login ({status})")]
    Unauthorized { status: u16, message: String },
    #[error("the credentials for {user} were refused ({status})")]
    WrongCredentials {
        status: u16,
        user: String,
        message: String,
    },
    /// Credentials are there, but kept in a way that is not read here.
    #[error("the registry wants a login ({status}); {why}")]
    CredentialsNotReadable { status: u16, why: String },
    #[error("the registry lets everybody in and asks for no login")]
    NoLogin,
    #[error("{prefix} is blocked by {file}")]
    Blocked { prefix: String, file: String },
    #[error("no address that its manifest names gave it: {}", failed.join("; "))]
    NoAddress {
        /// Each with the reason.
        failed: Vec<String>,
    },
    #[error("it is not of the registry itself, and nobody else is asked offline")]
    Offline,
    #[error("access is refused ({status})")]
    Forbidden { status: u16, message: String },
    #[error("the registry limits how often it may be asked (429)")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the registry failed ({status})")]
    Server { status: u16, message: String },
    #[error("the registry answered {status}")]
    Refused { status: u16, message: String },
    #[error("this does not answer as a registry does: {why}")]
    Protocol { why: String },
    #[error("{} ({status})", why.text())]
    NotTaken {
        status: u16,
        why: Refusal,
        message: String,
        /// The manifest or index that was not taken, where it was one.
        manifest: Option<Digest>,
    },
    #[error("the registry does not delete this ({status})")]
    NoDelete { status: u16, message: String },
    #[error(
        "the registry deletes no tag alone, and with {digest} {} would go too",
        others.join(", ")
    )]
    TagNotAlone { digest: Digest, others: Vec<String> },
    #[error("the registry does not list its repositories")]
    NoCatalog,
    #[error("writing failed: {why}")]
    Write { why: String },
    #[error("the place that it is written to is gone")]
    Gone,
    #[error("{what} cannot be held by a place of this kind")]
    CannotHold { what: &'static str },
    #[error("it is no tag")]
    NoTag,
    #[error("{name:?} cannot be what an image is called: {why}")]
    NotAName { name: String, why: &'static str },
    #[error("the folder holds something else: {}", text::visible(found))]
    NotOurs { found: String },
    #[error("nothing can be added to this archive: {why}")]
    NotAddedTo { why: String },
    #[error("it is no plain file, but a folder, a pipe or a device")]
    NoPlainFile,
    #[error("the archive is there already")]
    Exists,
    #[error("somebody else wrote the archive meanwhile, and nothing was changed")]
    WrittenMeanwhile,
    #[error("no connection: {why}")]
    Unreachable { why: String },
    #[error("no answer within {seconds} s while {doing}")]
    Timeout { doing: &'static str, seconds: u64 },
    #[error("the connection broke off: {why}")]
    BrokenOff { why: String },
    #[error("the certificate is not trusted: {why}")]
    Certificate { why: String },
    #[error("the registry wants a client certificate: {why}")]
    ClientCertificate { why: String },
    #[error("the address is not allowed: {why}")]
    Address { why: String },
    #[error("{path} cannot be used: {why}")]
    Settings { path: String, why: String },
    #[error("reading failed: {why}")]
    Io { why: String },
    #[error("no container engine is running here")]
    NoEngine { looked_at: Vec<String> },
    #[error("{engine} cannot be reached: {why}")]
    EngineUnreachable { engine: String, why: String },
    #[error("what listens at {engine} is no container engine: {why}")]
    NotAnEngine { engine: String, why: String },
    #[error("the engine's address {address} cannot be used: {why}")]
    EngineAddress { address: String, why: String },
    #[error("{engine} has no image of this name")]
    NotInEngine { engine: String },
    #[error("{engine} answered {status}")]
    EngineRefused {
        engine: String,
        status: u16,
        message: String,
    },
    #[error("{name:?} is not the name of an engine's image")]
    EngineName { name: String },
    #[error("cancelled")]
    Cancelled,
}

impl TransportError {
    /// A failure of `what` in `place`.
    pub fn new(what: impl Into<String>, place: impl Into<String>, problem: Problem) -> Self {
        Self {
            what: what.into(),
            place: place.into(),
            problem,
            more: None,
        }
    }

    /// What to try, in one sentence.
    pub fn hint(&self) -> String {
        let known = self.more.as_ref().and_then(|more| {
            let other_tags = || more.missing_tag.as_ref()?.others.in_words();
            more.advice.clone().or_else(other_tags)
        });
        known.unwrap_or_else(|| self.problem.hint())
    }

    /// More about it, to be added to.
    pub fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// A failure of the file system.
    pub fn io(what: impl Into<String>, place: impl Into<String>, error: &std::io::Error) -> Self {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => Problem::NoSuchPath,
            _ => Problem::Io {
                why: error.to_string(),
            },
        };
        Self::new(what, place, problem)
    }
}

impl Problem {
    /// Whether no answer came, or none by somebody who is known to be the other side.
    pub const fn is_unanswered(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::BrokenOff { .. }
                | Self::Certificate { .. }
        )
    }

    /// Whether it says that something is not there, and nothing else.
    pub const fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::NoSuchPath
                | Self::NotInFolder
                | Self::NotInArchive { cut_off: false }
        )
    }

    /// What to try, in one sentence.
    pub fn hint(&self) -> String {
        let fixed = match self {
            Self::NotFound => {
                "Check the name, tag or digest; the registry may also hide what needs a login"
            }
            Self::NoSuchPath => "Check the path; a registry reference begins with docker://",
            Self::EmptyFolder | Self::NotAnImage { .. } => {
                "Open a folder with oci-layout and index.json in it, an archive that docker or skopeo wrote, or a registry reference"
            }
            Self::OtherTransport { prefix, .. } => {
                return format!("Write {prefix}: before the path, or the path alone");
            }
            Self::NotInFolder => {
                "A sparse copy leaves out what was not asked for; copy it here from where the image came"
            }
            Self::NotInArchive { cut_off: false } => {
                "A sparse copy leaves out what was not asked for; write the archive again from where the image came"
            }
            Self::NotInArchive { cut_off: true } | Self::CutOff { .. } => {
                "The archive was not written or downloaded to its end; get it again"
            }
            Self::Compressed { .. } => {
                "Unpack it first; archives in gzip and zstd are read as they are"
            }
            Self::Unpacks { .. } => {
                "No image unpacks to so many times its size; if you trust it, unpack it and open the plain archive"
            }
            Self::NoAddress { .. } => {
                "Try again later, get the layer from whoever publishes it, or leave such layers where they are (without --foreign-layers)"
            }
            Self::Offline => "Go online and try again (without --offline)",
            Self::Beyond { .. } => "No image needs as many; check what this is",
            Self::NotAFile { .. } => {
                "Links are followed only inside of the folder or archive; copy the image again from where it came"
            }
            Self::LayoutVersion { .. } | Self::DirVersion { .. } => {
                "Look for a newer version of this program"
            }
            Self::OldDocker => "Load it with docker load and save it again",
            Self::Broken { .. } => "Copy the image again from where it came",
            Self::NoSuchName { names, .. } => {
                return match names.as_slice() {
                    [] => "No image here has a name; write @0 for the first".to_owned(),
                    names => {
                        let shown: Vec<_> =
                            names.iter().take(8).map(|n| text::visible(n)).collect();
                        let more = if names.len() > 8 { ", …" } else { "" };
                        format!("There are: {}{more}", shown.join(", "))
                    }
                };
            }
            Self::NoImages => {
                "Its index.json or manifest.json lists nothing; copy an image into it first"
            }
            Self::NameTwice { .. } => "Choose one by its position: @0, @1, …",
            Self::WrongDigest { .. } | Self::WrongSize { .. } => {
                "The content is not what its digest promises and was not used; copy it again from where it came"
            }
            Self::TooLarge { .. } => {
                "Nothing of this size is a manifest or config; check what was pushed"
            }
            Self::TooMany { .. } => "What was read up to there is shown",
            Self::Unauthorized { .. } => {
                "Log in (porthole login HOST; docker, podman and skopeo login do as well), or check the name"
            }
            Self::WrongCredentials { .. } => {
                "Log in again (porthole login HOST): the stored password or token is not valid"
            }
            Self::CredentialsNotReadable { .. } => {
                "Mend what keeps the credentials, or log in again (porthole login HOST)"
            }
            Self::NoLogin => "Nothing was kept: what the registry has can be read without a login",
            Self::Blocked { .. } => "Remove blocked = true for it from that file, if it is yours",
            Self::Forbidden { .. } => {
                "Log in as somebody who may pull, or ask the owner of the repository for the right"
            }
            Self::RateLimited { retry_after } => {
                return match retry_after {
                    Some(wait) if wait.as_secs() <= DAY => format!(
                        "Try again in {} s, or log in for a higher limit",
                        wait.as_secs()
                    ),
                    Some(_) => "Log in for a higher limit: it asks to be left alone for more \
                                than a day"
                        .to_owned(),
                    None => "Try again later, or log in for a higher limit".to_owned(),
                };
            }
            Self::Server { .. } => "Try again; if it stays so, the registry's operator has to look",
            Self::Refused { .. } | Self::Protocol { .. } => {
                "Check the host: is it a registry that speaks the distribution API?"
            }
            Self::NotTaken { why, .. } => why.hint(),
            Self::NoDelete { .. } => {
                "Deleting is off here, or the login may not: ask the registry's operator"
            }
            Self::TagNotAlone { .. } => {
                "Delete them all (--with-other-tags), or push something else under the tag"
            }
            Self::NoCatalog => "Name the repository (porthole tags HOST/REPOSITORY)",
            Self::Write { .. } => "Check that the place may be written and has room",
            Self::Gone => {
                "Somebody removed or moved it meanwhile; begin again, and it is made anew"
            }
            Self::CannotHold { .. } => {
                "Copy to a registry, an OCI layout (oci:FOLDER) or a folder (dir:FOLDER)"
            }
            Self::NoTag => {
                "A tag has up to 128 letters, digits, dots, dashes and underscores, and begins with none of . and -"
            }
            Self::NotAName { .. } => "Choose a name that does not begin with @, such as a version",
            Self::NotOurs { .. } => "Name an empty or new folder; nothing was changed",
            Self::NotAddedTo { .. } => {
                "Copy the image to a new archive or folder first (porthole copy), and add to that; nothing was changed"
            }
            Self::NoPlainFile => "Write what it gives into a file of your own, and name that",
            Self::Exists => "Name another file, or remove this one first; nothing was changed",
            Self::WrittenMeanwhile => "Try again: what is there by now is read first",
            Self::Unreachable { .. } => "Check the host name, the port and the network",
            Self::Timeout { .. } | Self::BrokenOff { .. } => "Check the network and try again",
            Self::Certificate { .. } => {
                "Put the registry's CA certificate as HOST:PORT/ca.crt into ~/.config/containers/certs.d"
            }
            Self::ClientCertificate { .. } => {
                "Put it as HOST:PORT/client.cert and client.key into ~/.config/containers/certs.d"
            }
            Self::Address { .. } => "Use https, or allow plain http for this host (--plain-http)",
            Self::Settings { .. } => "Mend or remove that file",
            Self::Io { .. } => "Check the permissions and the disk",
            Self::NoEngine { looked_at } => {
                let looked_at = looked_at.join(", ");
                return format!(
                    "Start Docker or Podman, or set DOCKER_HOST; looked at {looked_at}"
                );
            }
            Self::EngineUnreachable { .. } => {
                "Check that it runs and that you may use its socket (the group docker, or a rootless engine)"
            }
            Self::NotAnEngine { .. } => "Check DOCKER_HOST and the Docker context",
            Self::EngineAddress { .. } => {
                "Forward the engine's socket to this machine (ssh -L) and set DOCKER_HOST=unix://PATH"
            }
            Self::NotInEngine { .. } => {
                "See docker images or podman images; for the image of the registry write docker://NAME"
            }
            Self::EngineRefused { .. } => "See in the details what the engine said",
            Self::EngineName { .. } => "Write docker-daemon:NAME:TAG, or an image ID",
            Self::Cancelled => "Open it again when you want to",
        };
        fixed.to_owned()
    }

    /// What the place itself said, where it said something.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Unauthorized { message, .. }
            | Self::WrongCredentials { message, .. }
            | Self::Forbidden { message, .. }
            | Self::Server { message, .. }
            | Self::Refused { message, .. }
            | Self::NotTaken { message, .. }
            | Self::NoDelete { message, .. }
            | Self::EngineRefused { message, .. } => {
                Some(message.as_str()).filter(|m| !m.is_empty())
            }
            _ => None,
        }
    }
}

const fn not_in_archive(cut_off: bool) -> &'static str {
    if cut_off {
        "it is not in what can be read of this archive"
    } else {
        "it is not in this archive"
    }
}

fn wrong_size(expected: u64, found: Option<u64>) -> String {
    match found {
        Some(found) => format!("it has {found} bytes, not {expected}"),
        None => format!("it has more than {expected} bytes"),
    }
}

fn too_large(found: Option<u64>, limit: u64) -> String {
    let limit = text::size(limit);
    match found {
        Some(found) => format!(
            "it has {}, more than the {limit} that are read",
            text::size(found)
        ),
        None => format!("it has more than the {limit} that are read"),
    }
}
