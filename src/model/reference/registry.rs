//! Images in registries, by Docker's rules: a host, a repository, a tag and a digest.

use std::fmt;
use std::str::FromStr;

use super::{ReferenceError, check};
use crate::model::Digest;

/// An image in a registry. Without tag and digest the tag is `latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RegistryReference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
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
