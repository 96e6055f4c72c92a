//! References: where an image lives, written as users of skopeo and Docker write it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Digest, DigestError, limits};

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

/// An image in a registry. Without tag and digest the tag is `latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RegistryReference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
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

impl RegistryReference {
    /// The registry's host with its port, where it has one. Docker Hub is `docker.io`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository, for Docker Hub with its `library/`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag that was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that was written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a manifest is asked for by: the digest, else the tag, else `latest`.
    pub fn identifier(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same repository at a digest, without a tag.
    pub fn at_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The same repository at a tag.
    ///
    /// # Errors
    /// Where `tag` is not one.
    pub fn at_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError::Tag(tag.to_owned()));
        }
        Ok(Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self.clone()
        })
    }

    /// Host and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// As people write it: without the host and `library/` of Docker Hub, a digest short.
    pub fn familiar(&self) -> String {
        let repository = if self.host == DOCKER_HUB {
            self.repository
                .strip_prefix("library/")
                .unwrap_or(&self.repository)
        } else {
            &self.repository
        };
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{repository}:{tag}"),
            (None, Some(digest)) => format!("{repository}@{}", digest.short()),
            (None, None) => format!("{repository}:latest"),
        }
    }
}

/// The host that Docker's short names stand for.
const DOCKER_HUB: &str = "docker.io";

impl FromStr for RegistryReference {
    type Err = ReferenceError;

    /// Docker's rules (distribution `reference` grammar): the part before the first slash
    /// is a host where it has a dot or a colon, is `localhost`, or is in brackets; without
    /// a host it is Docker Hub's, and there a single name lies in `library/`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        check(text)?;
        if is_image_id(text) {
            return Err(ReferenceError::ImageId);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((first, path)) if is_host(first) => (first, path),
            _ => (DOCKER_HUB, rest),
        };
        let (path, tag) = match path.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (path, None),
        };
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag(tag.to_owned()));
        }
        check_host(host)?;
        // a host that only its upper case tells from a name of Docker Hub keeps that: written
        // and read again it would be another one
        let host = match host {
            host if is_host(&host.to_ascii_lowercase()) => host.to_ascii_lowercase(),
            host => host.to_owned(),
        };
        let host = match host.as_str() {
            "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
            _ => host,
        };
        let repository = if host == DOCKER_HUB && !path.contains('/') && is_repository(path) {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        if !is_repository(&repository) {
            return Err(ReferenceError::Repository(path.to_owned()));
        }
        if repository.len() > 255 {
            return Err(ReferenceError::RepositoryTooLong(repository.len()));
        }
        Ok(Self {
            host,
            repository,
            tag: tag.map(ToOwned::to_owned),
            digest,
        })
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

/// 64 hexadecimal characters, alone or behind `sha256:`; Docker refuses both as names.
fn is_image_id(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':'])
        || first.starts_with('[')
        || first.eq_ignore_ascii_case("localhost")
        || first.chars().any(|c| c.is_ascii_uppercase())
}

fn check_host(host: &str) -> Result<(), ReferenceError> {
    let error = || ReferenceError::Host(host.to_owned());
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(error)?;
        address.parse::<std::net::Ipv6Addr>().map_err(|_| error())?;
        match port {
            "" => (None, None),
            port => (None, Some(port.strip_prefix(':').ok_or_else(error)?)),
        }
    } else {
        match host.split_once(':') {
            Some((name, port)) => (Some(name), Some(port)),
            None => (Some(host), None),
        }
    };
    if let Some(port) = port {
        // written in one way only: a rule for this port would not know it with zeros before it
        let zeros = port.len() > 1 && port.starts_with('0');
        let digits = !zeros && port.bytes().all(|b| b.is_ascii_digit());
        if !digits || port.parse::<u16>().is_err() {
            return Err(error());
        }
    }
    let good_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match name {
        Some(name) if name.len() > 253 || !name.split('.').all(good_label) => Err(error()),
        _ => Ok(()),
    }
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn is_repository(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(is_path_component)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the distribution specification.
fn is_path_component(part: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !edge(part.chars().next()) || !edge(part.chars().last()) {
        return false;
    }
    let mut separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    separators.all(|s| matches!(s, "" | "." | "_" | "__") || s.chars().all(|c| c == '-'))
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

impl fmt::Display for RegistryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        if self.tag.is_none() && self.digest.is_none() {
            f.write_str(":latest")?;
        }
        Ok(())
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
