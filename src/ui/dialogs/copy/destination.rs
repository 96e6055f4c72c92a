//! Where a copy goes: a kind of place, and the rest of the reference as it is typed.

use crate::model::{ImageName, Reference, RegistryReference};
use crate::ui::dialogs::folder::expand_home;

/// A kind of place that images are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui::dialogs) enum Kind {
    Registry,
    Oci,
    OciArchive,
    Dir,
    DockerArchive,
    Daemon,
}

/// Where a copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui::dialogs) struct Destination {
    pub(in crate::ui::dialogs) kind: Kind,
    /// What follows the prefix.
    pub(in crate::ui::dialogs) rest: String,
}

/// What the source is called, to call the copy the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// `edge/api`.
    repository: String,
    tag: Option<String>,
}

impl Kind {
    /// All of them with their names, those that hold everything first.
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::Registry, "Registry"),
        (Self::Oci, "OCI folder"),
        (Self::OciArchive, "OCI archive"),
        (Self::Dir, "Flat folder"),
        (Self::DockerArchive, "Docker archive"),
        (Self::Daemon, "Docker or Podman"),
    ];

    /// Those that lie on the disk: what an export goes to.
    pub(super) const ON_DISK: [(Self, &'static str); 4] = [
        (Self::Oci, "OCI folder"),
        (Self::OciArchive, "OCI archive"),
        (Self::Dir, "Flat folder"),
        (Self::DockerArchive, "Docker archive"),
    ];

    /// What stands before the rest of a reference.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Registry => "docker://",
            Self::Oci => "oci:",
            Self::OciArchive => "oci-archive:",
            Self::Dir => "dir:",
            Self::DockerArchive => "docker-archive:",
            Self::Daemon => "docker-daemon:",
        }
    }

    /// An example of the rest.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Registry => "registry.example.com/team/app:1.0",
            Self::Oci => "/path/to/folder:name",
            Self::OciArchive => "/path/to/file.tar:name",
            Self::Dir => "/path/to/folder",
            Self::DockerArchive => "/path/to/file.tar:team/app:1.0",
            Self::Daemon => "team/app:1.0",
        }
    }

    /// What such a place is, in a sentence.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Registry => "Holds everything: indexes, signatures and other referrers",
            Self::Oci => "An OCI layout folder: holds everything, several images by name",
            Self::OciArchive => "An OCI layout in one tar file",
            Self::Dir => "skopeo's flat folder: one image or index, signatures as files",
            Self::DockerArchive => "What docker load reads: one image of one platform",
            Self::Daemon => "The engine on this computer: one image of one platform",
        }
    }

    /// Whether an index can be held.
    pub(super) const fn holds_indexes(self) -> bool {
        !matches!(self, Self::DockerArchive | Self::Daemon)
    }

    /// Whether it lies on the disk; then whether it is one file.
    pub(in crate::ui::dialogs) const fn on_disk(self) -> Option<bool> {
        match self {
            Self::Oci | Self::Dir => Some(false),
            Self::OciArchive | Self::DockerArchive => Some(true),
            Self::Registry | Self::Daemon => None,
        }
    }
}

impl Destination {
    /// What `text` names, with or without a prefix.
    pub(in crate::ui::dialogs) fn read(text: &str) -> Self {
        let mut destination = Self {
            kind: Kind::Registry,
            rest: text.to_owned(),
        };
        destination.take_prefix();
        destination
    }

    /// A reference that was pasted whole says its own kind.
    pub(in crate::ui::dialogs) fn take_prefix(&mut self) {
        let text = self.rest.trim_start();
        let found = Kind::ALL.iter().find_map(|(kind, _)| {
            let rest = text.strip_prefix(kind.prefix())?;
            Some((*kind, rest.to_owned()))
        });
        if let Some((kind, rest)) = found {
            *self = Self { kind, rest };
        }
    }

    /// The whole reference; nothing while there is none.
    pub(in crate::ui::dialogs) fn text(&self) -> Option<String> {
        let rest = self.rest.trim();
        if rest.is_empty() {
            return None;
        }
        let rest = if self.kind.on_disk().is_some() {
            expand_home(rest)
        } else {
            rest.to_owned()
        };
        Some(format!("{}{rest}", self.kind.prefix()))
    }

    /// Why what stands there is no reference.
    pub(super) fn problem(&self) -> Option<String> {
        let text = self.text()?;
        match Reference::parse_prefixed(&text) {
            Some(Err(error)) => Some(error.to_string()),
            _ => None,
        }
    }

    /// Puts another path in, and keeps the name behind it.
    pub(super) fn set_path(&mut self, path: &str) {
        let name = match self.rest.split_once(':') {
            Some((_, name)) if self.kind != Kind::Dir => format!(":{name}"),
            _ => String::new(),
        };
        self.rest = format!("{path}{name}");
    }
}

impl Names {
    /// What `reference` is called.
    pub(super) fn of(reference: &Reference) -> Self {
        let of_registry = |image: &RegistryReference| Self {
            repository: image.repository().to_owned(),
            tag: image.tag().map(ToOwned::to_owned),
        };
        match reference {
            Reference::Registry(image) => of_registry(image),
            Reference::Daemon(name) => name
                .parse()
                .map(|image: RegistryReference| of_registry(&image))
                .unwrap_or_default(),
            Reference::Path(path) => {
                let file = path.path.file_name().unwrap_or_default().to_string_lossy();
                let file = file.trim_end_matches(".tar").to_ascii_lowercase();
                let tag = match &path.name {
                    Some(ImageName::Name(name)) => name.rsplit([':', '/']).next(),
                    _ => None,
                };
                Self {
                    repository: file,
                    tag: tag.map(ToOwned::to_owned),
                }
            }
        }
    }

    /// The last part of the repository.
    fn short(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// `edge/api:1.8.2`.
    fn tagged(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.repository),
            None => self.repository.clone(),
        }
    }

    /// A name for a file or folder: `api-1.8.2`.
    pub(super) fn file(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}-{tag}", self.short()),
            None => self.short().to_owned(),
        }
    }

    /// Where an image of these names could go in a place of a kind. `host` is a registry
    /// that is known.
    pub(super) fn suggest(&self, kind: Kind, host: Option<&str>) -> String {
        let tag = self.tag.as_deref().unwrap_or("latest");
        let (short, file) = (self.short(), self.file());
        if short.is_empty() {
            return String::new();
        }
        match kind {
            Kind::Registry => {
                host.map_or_else(String::new, |host| format!("{host}/{}", self.tagged()))
            }
            Kind::Oci => format!("~/{short}:{tag}"),
            Kind::OciArchive => format!("~/{file}.tar:{tag}"),
            Kind::Dir => format!("~/{file}"),
            Kind::DockerArchive => format!("~/{file}.tar:{}", self.tagged()),
            Kind::Daemon => self.tagged(),
        }
    }

    /// Where an image of these names goes if nobody says anything else: to what it was
    /// dropped on, or to a place of this kind.
    pub(super) fn suggested(
        &self,
        target: Option<&super::Target>,
        kind: Kind,
        host: Option<&str>,
    ) -> Destination {
        match target {
            Some(target) => Destination::read(&self.in_place(target)),
            None => Destination {
                kind,
                rest: self.suggest(kind, host),
            },
        }
    }

    /// The reference of these names in a place that something was dropped on.
    pub(super) fn in_place(&self, target: &super::Target) -> String {
        match target {
            super::Target::Registry(host) => format!("docker://{host}/{}", self.tagged()),
            super::Target::Repository(name) => match &self.tag {
                Some(tag) => format!("docker://{name}:{tag}"),
                None => format!("docker://{name}"),
            },
            super::Target::Folder(text) => {
                let tag = self.tag.as_deref().unwrap_or("latest");
                if text.starts_with("dir:") {
                    text.clone()
                } else {
                    format!("{text}:{tag}")
                }
            }
            super::Target::Engine => format!("docker-daemon:{}", self.tagged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Transport;
    use crate::ui::dialogs::copy::Target;

    fn names(text: &str) -> Names {
        Names::of(&Reference::parse_prefixed(text).unwrap().unwrap())
    }

    #[test]
    fn what_is_pasted_says_its_own_kind() {
        for (text, kind, rest) in [
            ("docker://h/a:1", Kind::Registry, "h/a:1"),
            ("oci:/tmp/x:1", Kind::Oci, "/tmp/x:1"),
            ("oci-archive:/tmp/x.tar", Kind::OciArchive, "/tmp/x.tar"),
            ("docker-archive:x.tar", Kind::DockerArchive, "x.tar"),
            ("dir:/tmp/x", Kind::Dir, "/tmp/x"),
            ("docker-daemon:a:1", Kind::Daemon, "a:1"),
            ("h:5000/a:1", Kind::Registry, "h:5000/a:1"),
        ] {
            let read = Destination::read(text);
            assert_eq!((read.kind, read.rest.as_str()), (kind, rest), "{text}");
        }
        assert_eq!(Destination::read(" ").text(), None);
        assert!(Destination::read("docker://h/A:1").problem().is_some());
        assert_eq!(Destination::read("docker://h/a:1").problem(), None);
        for transport in Transport::ALL {
            let named = |kind: Kind| {
                kind.prefix()
                    .starts_with(&format!("{}:", transport.prefix()))
            };
            assert!(
                Kind::ALL.iter().any(|(kind, _)| named(*kind)),
                "{transport:?}"
            );
        }
    }

    #[test]
    fn a_copy_is_called_as_its_source() {
        let image = names("docker://r.example.com/edge/api:1.8.2");
        let home = [
            (Kind::Registry, "m:5000/edge/api:1.8.2"),
            (Kind::Oci, "~/api:1.8.2"),
            (Kind::OciArchive, "~/api-1.8.2.tar:1.8.2"),
            (Kind::Dir, "~/api-1.8.2"),
            (Kind::DockerArchive, "~/api-1.8.2.tar:edge/api:1.8.2"),
            (Kind::Daemon, "edge/api:1.8.2"),
        ];
        for (kind, expected) in home {
            assert_eq!(image.suggest(kind, Some("m:5000")), expected);
        }
        assert_eq!(image.suggest(Kind::Registry, None), "");
        let folder = names("oci:/images/Release:edge/api:2");
        assert_eq!(folder.suggest(Kind::Daemon, None), "release:2");
    }

    #[test]
    fn what_is_dropped_keeps_its_name_where_it_lands() {
        let image = names("docker://r.example.com/edge/api:1.8.2");
        for (target, expected) in [
            (
                Target::Registry("m:1".into()),
                "docker://m:1/edge/api:1.8.2",
            ),
            (
                Target::Repository("m:1/x/y".into()),
                "docker://m:1/x/y:1.8.2",
            ),
            (Target::Folder("oci:/a".into()), "oci:/a:1.8.2"),
            (Target::Engine, "docker-daemon:edge/api:1.8.2"),
        ] {
            assert_eq!(image.in_place(&target), expected);
        }
    }

    #[test]
    fn a_path_that_was_picked_keeps_the_name() {
        let mut destination = Destination::read("oci:~/api:1.8.2");
        destination.set_path("/mnt/stick");
        assert_eq!(destination.text().unwrap(), "oci:/mnt/stick:1.8.2");
        let mut destination = Destination::read("dir:~/api");
        destination.set_path("/mnt/stick");
        assert_eq!(destination.text().unwrap(), "dir:/mnt/stick");
    }
}
