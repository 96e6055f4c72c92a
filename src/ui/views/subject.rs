//! What a view is about: the manifest that is selected, or why there is none.

use std::sync::Arc;

use crate::engine::{Failure, Image, ImageSnapshot, Node, NodePath, Remote};
use crate::model::{Content, Descriptor, Digest, Index, Manifest, Platform, text};

use super::ViewContext;

/// What is selected, as far as it is known.
pub(super) enum Subject<'a> {
    Manifest(ManifestSubject<'a>),
    /// An index of which no image was chosen.
    Index,
    /// A document that is not read here, or cannot be.
    Unread(&'a Arc<Node>),
    /// It is on its way, or nobody asked for it yet.
    Pending,
    Failed(&'a Arc<Failure>),
}

/// A manifest and where it lies.
#[derive(Clone, Copy)]
pub(super) struct ManifestSubject<'a> {
    pub(super) path: &'a NodePath,
    pub(super) node: &'a Arc<Node>,
    pub(super) manifest: &'a Manifest,
    /// What points at it; nothing for the root.
    pub(super) descriptor: Option<&'a Descriptor>,
    /// The index that it lies in; nothing for the root.
    pub(super) siblings: Option<&'a Index>,
}

impl<'a> Subject<'a> {
    /// What `context` is about. Where an index is selected, the image that was chosen in
    /// it.
    pub(super) fn of(context: &ViewContext<'a>) -> Self {
        Self::at_selection(context.image, context.selected)
    }

    /// The same for what is `selected` of an image.
    pub(super) fn at_selection(snapshot: &'a ImageSnapshot, selected: &'a NodePath) -> Self {
        let Some(image) = snapshot.image() else {
            return Self::Pending;
        };
        let found = Self::at(image, selected);
        let chosen = image.chosen.as_ref().map(|chosen| &chosen.path);
        match (found, chosen) {
            (Self::Index, Some(path)) if lies_in(path, selected) => Self::at(image, path),
            (found, _) => found,
        }
    }

    fn at(image: &'a Image, path: &'a NodePath) -> Self {
        let Some(node) = image.node(path) else {
            return match entry(image, path) {
                Some(Remote::Failed { error, .. }) => Self::Failed(error),
                _ => Self::Pending,
            };
        };
        match node.document.content() {
            Content::Index(_) => Self::Index,
            Content::Manifest(manifest) => Self::Manifest(ManifestSubject {
                path,
                node,
                manifest,
                descriptor: image.descriptor(path),
                siblings: path
                    .parent()
                    .and_then(|parent| image.node(&parent)?.document.index()),
            }),
            Content::Unknown | Content::Invalid(_) => Self::Unread(node),
        }
    }
}

impl<'a> ManifestSubject<'a> {
    /// The platform that its config says, else the index.
    pub(super) fn platform(&self) -> Option<&'a Platform> {
        let config = self.node.config().filter(|config| config.problem.is_none());
        let own = config.map(|config| &config.platform);
        let said = self.descriptor.and_then(|d| d.platform.as_ref());
        said.or(own)
            .filter(|platform| !platform.os.is_empty() && !platform.is_unknown())
    }

    /// A word for it: its platform, else what it is.
    pub(super) fn label(&self) -> String {
        match self.platform() {
            Some(platform) if !self.manifest.is_artifact() => platform_label(platform),
            _ if self
                .descriptor
                .is_some_and(Descriptor::is_buildkit_attestation) =>
            {
                "attestation".to_owned()
            }
            _ if self.manifest.is_artifact() => "artifact".to_owned(),
            _ => "image".to_owned(),
        }
    }

    /// Its digest, which its bytes hash to.
    pub(super) fn digest(&self) -> &'a Digest {
        self.node.document.raw().digest()
    }
}

/// What the manifest or index at `path` is called: `linux/amd64 manifest`, `index`.
pub(in crate::ui) fn label_of(image: &Image, path: &NodePath) -> String {
    let Some(node) = image.node(path) else {
        return String::new();
    };
    let kind = node.document.kind();
    match Subject::at(image, path) {
        Subject::Manifest(subject) => match subject.platform() {
            Some(platform) if !subject.manifest.is_artifact() => {
                format!("{} {kind}", platform_label(platform))
            }
            _ => kind.to_owned(),
        },
        _ => kind.to_owned(),
    }
}

/// Whether `path` is `index` or lies in it.
fn lies_in(path: &NodePath, index: &NodePath) -> bool {
    path.positions().starts_with(index.positions())
}

/// A platform for the screen, with the version of its system where it has one.
pub(in crate::ui) fn platform_label(platform: &Platform) -> String {
    let mut label = platform.to_string();
    if let Some(version) = &platform.os_version {
        label.push(' ');
        label.push_str(version);
    }
    text::visible(&label).into_owned()
}

/// What is known of the entry that `path` leads to; nothing for the root and where an
/// index on the way is not known.
fn entry<'a>(image: &'a Image, path: &NodePath) -> Option<&'a Remote<Arc<Node>>> {
    let parent = path.parent()?;
    image.node(&parent)?.child(*path.positions().last()?)
}
