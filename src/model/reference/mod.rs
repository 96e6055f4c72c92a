//! References: where an image lives, written as users of skopeo and Docker write it.

mod registry;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Digest, DigestError, limits};

pub use registry::RegistryReference;

/// A place that images live in, with the prefix that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A registry, over the distribution API.
    Docker,
    /// An OCI layout folder.
    Oci,
    /// An OCI layout in a tar archive.
    OciArchive,
    /// skopeo's flat folder.
    Dir,
    /// What `docker save` writes.
    DockerArchive,
    /// The socket of Docker or Podman.
    DockerDaemon,
}

/// A parsed reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    Registry(RegistryReference),
    Path(PathReference),
    /// `docker-daemon:NAME`, the name as the engine knows it.
    Daemon(String),
}

/// An image in a folder or archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathReference {
    pub transport: Transport,
    pub path: PathBuf,
    pub name: Option<ImageName>,
}

/// Which of the images in a folder or archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ImageName {
    /// The one with this name, compared exactly.
    Name(String),
    /// The one at this position, counted from 0: `@N`.
    Position(usize),
    /// Any manifest that is there, listed by name or not: `@sha256:HEX`.
    Digest(Digest),
}

/// Why a text is not a reference.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReferenceError {
    #[error("the reference is empty")]
    Empty,
    #[error("the reference has {0} bytes, more than the {max} that are read", max = limits::REFERENCE_BYTES)]
    TooLong(usize),
    #[error("{0:?} is not the name of a registry host")]
    Host(String),
    #[error("{0:?} is not a repository name")]
    Repository(String),
    #[error("this is the ID of an image, which only the engine that has it knows")]
    ImageId,
    #[error("the repository name has {0} characters, more than the 255 that registries take")]
    RepositoryTooLong(usize),
    #[error("{0:?} is not a tag")]
    Tag(String),
    #[error("what stands behind the @ is not a digest: {0}")]
    Digest(#[from] DigestError),
    #[error("no path stands behind {0}:")]
    NoPath(&'static str),
    #[error("{0:?} is neither a position nor a digest")]
    Position(String),
    #[error("dir: holds one image and takes no name, but {0:?} was given")]
    DirName(String),
    #[error("the reference holds the control character U+{0:04X}")]
    Control(u32),
}

impl ReferenceError {
    /// What to try.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "Type a reference such as docker.io/library/busybox or oci:FOLDER:NAME",
            Self::TooLong(_) | Self::Control(_) => "Check what was pasted",
            Self::Host(_) => {
                "A host is a name or address with an optional port: registry.example.com:5000"
            }
            Self::ImageId => "Write the name of the image, with @sha256: and its digest behind it",
            Self::Repository(_) | Self::RepositoryTooLong(_) => {
                "Repository names are lower case letters and digits, with . _ - between them, in parts separated by /"
            }
            Self::Tag(_) => {
                "Tags are up to 128 letters, digits, _ . and -, and begin with none of . and -"
            }
            Self::Digest(_) => "Write @sha256: and 64 hexadecimal characters",
            Self::NoPath(_) => "Write the folder or file behind the colon",
            Self::Position(_) => {
                "Write oci:FOLDER:@0 for the first image, or oci:FOLDER:@sha256: and its digest"
            }
            Self::DirName(_) => "Write dir:FOLDER",
        }
    }
}

impl Transport {
    /// All of them, as they are listed in the help.
    pub const ALL: [Self; 6] = [
        Self::Docker,
        Self::Oci,
        Self::OciArchive,
        Self::Dir,
        Self::DockerArchive,
        Self::DockerDaemon,
    ];

    /// The word before the colon.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Oci => "oci",
            Self::OciArchive => "oci-archive",
            Self::Dir => "dir",
            Self::DockerArchive => "docker-archive",
            Self::DockerDaemon => "docker-daemon",
        }
    }
}

impl Reference {
    /// Reads a reference that begins with the prefix of a transport. Gives nothing where
    /// it begins with none: then it is a path or a registry's, which only a look at the
    /// file system can tell.
    ///
    /// # Errors
    /// Where what stands behind the prefix is not what the transport takes.
    pub fn parse_prefixed(text: &str) -> Option<Result<Self, ReferenceError>> {
        if let Some(rest) = text.strip_prefix("docker://") {
            return Some(rest.parse().map(Self::Registry));
        }
        let (prefix, rest) = text.split_once(':')?;
        let transport = Transport::ALL
            .into_iter()
            .find(|t| *t != Transport::Docker && t.prefix() == prefix)?;
        Some(check(text).and_then(|()| match transport {
            Transport::DockerDaemon if rest.is_empty() => Err(ReferenceError::Empty),
            Transport::DockerDaemon => Ok(Self::Daemon(rest.to_owned())),
            _ => PathReference::parse(transport, rest).map(Self::Path),
        }))
    }

    /// The transport it lives in.
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Registry(_) => Transport::Docker,
            Self::Path(path) => path.transport,
            Self::Daemon(_) => Transport::DockerDaemon,
        }
    }

    /// What lies beside this under `digest`: a referrer, or an image of the index. Nothing
    /// where the place has no names for single manifests.
    pub fn at_digest(&self, digest: &Digest) -> Option<Self> {
        match self {
            Self::Registry(image) => Some(Self::Registry(image.at_digest(digest.clone()))),
            Self::Path(path) => match path.transport {
                Transport::Oci | Transport::OciArchive => Some(Self::Path(
                    path.with_name(ImageName::Digest(digest.clone())),
                )),
                _ => None,
            },
            Self::Daemon(_) => None,
        }
    }

    /// The same place at another name: a tag, a name of a layout or archive, an image of an
    /// engine. Nothing where the place has no such names.
    pub fn called(&self, name: &str) -> Option<Self> {
        match self {
            Self::Registry(image) => image.at_tag(name).ok().map(Self::Registry),
            Self::Path(path) => (path.transport != Transport::Dir)
                .then(|| Self::Path(path.with_name(ImageName::Name(name.to_owned())))),
            Self::Daemon(_) => Some(Self::Daemon(name.to_owned())),
        }
    }

    /// A short name for a tab: the last parts that tell images apart.
    pub fn title(&self) -> String {
        match self {
            Self::Registry(registry) => registry.familiar(),
            Self::Path(reference) => {
                let file = reference.path.file_name().map_or_else(
                    || reference.path.display().to_string(),
                    |name| name.to_string_lossy().into_owned(),
                );
                match &reference.name {
                    Some(ImageName::Digest(digest)) => format!("{file}@{}", digest.short()),
                    Some(name) => format!("{file}:{name}"),
                    None => file,
                }
            }
            Self::Daemon(name) => name.clone(),
        }
    }
}

impl PathReference {
    /// A reference to `path` without a name.
    pub fn new(transport: Transport, path: impl Into<PathBuf>) -> Self {
        Self {
            transport,
            path: path.into(),
            name: None,
        }
    }

    /// Splits `PATH[:name]` at its first colon, as containers/image does; a drive letter
    /// of Windows is not one.
    fn parse(transport: Transport, text: &str) -> Result<Self, ReferenceError> {
        let drive = cfg!(windows)
            && text.as_bytes().get(1) == Some(&b':')
            && text.as_bytes()[0].is_ascii_alphabetic();
        let from = if drive { 2 } else { 0 };
        let (path, name) = match text[from..].find(':') {
            Some(at) => (&text[..from + at], Some(&text[from + at + 1..])),
            None => (text, None),
        };
        if path.is_empty() {
            return Err(ReferenceError::NoPath(transport.prefix()));
        }
        let name = name.filter(|n| !n.is_empty()).map(ImageName::from_str);
        let name = name.transpose()?;
        if let (Transport::Dir, Some(name)) = (transport, &name) {
            return Err(ReferenceError::DirName(name.to_string()));
        }
        Ok(Self {
            transport,
            path: Path::new(path).to_owned(),
            name,
        })
    }

    /// The same place with another name.
    pub fn with_name(&self, name: ImageName) -> Self {
        Self {
            name: Some(name),
            ..self.clone()
        }
    }
}

impl FromStr for ImageName {
    type Err = ReferenceError;

    /// No name begins with `@`: a number behind it is a position, and with a colon in it
    /// it is a digest.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        match text.strip_prefix('@') {
            Some(digest) if digest.contains(':') => Ok(Self::Digest(digest.parse()?)),
            Some(number) => Some(number)
                .filter(|number| number.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|number| number.parse().ok())
                .map(Self::Position)
                .ok_or_else(|| ReferenceError::Position(text.to_owned())),
            None => Ok(Self::Name(text.to_owned())),
        }
    }
}

fn check(text: &str) -> Result<(), ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::Empty);
    }
    if text.len() > limits::REFERENCE_BYTES {
        return Err(ReferenceError::TooLong(text.len()));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(ReferenceError::Control(u32::from(c))),
        None => Ok(()),
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Position(position) => write!(f, "@{position}"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(registry) => write!(f, "docker://{registry}"),
            Self::Path(reference) => {
                let prefix = reference.transport.prefix();
                write!(f, "{prefix}:{}", reference.path.display())?;
                match &reference.name {
                    Some(name) => write!(f, ":{name}"),
                    None => Ok(()),
                }
            }
            Self::Daemon(name) => write!(f, "docker-daemon:{name}"),
        }
    }
}
