//! The image that a dialog is about, and what its index lists.

use crate::engine::{Command, Image, ImageId, Node, NodePath, Parts, Remote};
use crate::model::{Digest, Platform, Reference, text};
use crate::ui::action::{Action, Actions};
use crate::ui::views::platform_label;

/// What a dialog is about: an image that is copied, signed or attached to.
#[derive(Debug)]
pub struct Source {
    /// What opens it.
    pub text: String,
    /// What that is called.
    pub reference: Reference,
    /// The image in the engine.
    pub image: ImageId,
    /// Whether it was opened for this dialog, and is to be closed with it.
    pub own: bool,
}

/// Most images of an index that are listed.
const LISTED: usize = 500;

/// An image of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceImage {
    pub(super) label: String,
    pub(super) platform: Option<Platform>,
    pub(super) digest: Digest,
    /// Manifest, config and layers, in bytes; nothing before it was read.
    pub(super) size: Option<u64>,
    /// Whether it is the one for this system.
    pub(super) system: bool,
}

impl Source {
    /// What it is called, for a title.
    pub(super) fn title(&self) -> String {
        let title = text::visible(&self.reference.title()).into_owned();
        text::middle(&title, 80).into_owned()
    }

    /// Asks for what the index lists, once: `wanted` says whether it was asked for.
    pub(super) fn ask_for_sizes(
        &self,
        images: Option<&[SourceImage]>,
        wanted: &mut bool,
        actions: &mut Actions,
    ) {
        if let Some(images) = images
            && !std::mem::replace(wanted, true)
            && images.iter().any(|image| image.size.is_none())
        {
            actions.push(Action::Send(Command::Want {
                image: self.image,
                index: NodePath::root(),
                entries: 0..images.len(),
            }));
        }
    }

    /// The dialog is done: what was opened for it is closed.
    pub(super) fn end(&self, actions: &mut Actions) {
        if self.own {
            let image = self.image;
            actions.push(Action::Send(Command::Close { image }));
        }
    }
}

/// The images of an index and of those in it, without attestations; nothing where the
/// source is no index.
pub(super) fn images(image: &Image) -> Option<Vec<SourceImage>> {
    image.root.document.index()?;
    let chosen = image.chosen.as_ref().map(|chosen| &chosen.path);
    let mut found = Vec::new();
    collect(&image.root, &NodePath::root(), chosen, &mut found);
    Some(found)
}

fn collect(node: &Node, path: &NodePath, chosen: Option<&NodePath>, found: &mut Vec<SourceImage>) {
    let Some(index) = node.document.index() else {
        return;
    };
    for (position, entry) in index.descriptors() {
        if found.len() >= LISTED || entry.is_buildkit_attestation() {
            continue;
        }
        let at = path.child(position);
        let child = node.child(position).and_then(Remote::value);
        if let Some(child) = child.filter(|child| matches!(child.parts, Parts::Index { .. })) {
            collect(child, &at, chosen, found);
            continue;
        }
        let manifest = child.and_then(|child| {
            let manifest = child.document.manifest()?;
            Some(child.document.raw().size() + manifest.blob_size())
        });
        let platform = entry.platform.clone().filter(|p| !p.is_unknown());
        found.push(SourceImage {
            label: match &platform {
                Some(platform) => platform_label(platform),
                None => entry.digest.short(),
            },
            platform,
            digest: entry.digest.clone(),
            size: manifest,
            system: chosen == Some(&at),
        });
    }
}
