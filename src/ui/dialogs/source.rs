//! The image that a dialog is about, and what its index lists.

use std::ops::Range;

use crate::engine::{Command, Extent, ImageId, ImageSnapshot, Node, NodePath, Parts, Remote};
use crate::model::{Choice, Descriptor, Digest, Index, Platform, Reference, text};
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
/// Most entries of indexes that are asked for: some lie in so many that nobody reads all.
const ASKED: usize = 4 * LISTED;

/// How far what an index lists was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    /// Of the snapshot that was asked about last.
    generation: Option<u64>,
    entries: usize,
}

impl Asked {
    /// Nothing was asked for.
    pub(super) const NOTHING: Self = Self {
        generation: None,
        entries: 0,
    };
}

/// An image of an index, or an index in it that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceImage {
    pub(super) label: String,
    pub(super) path: NodePath,
    pub(super) platform: Option<Platform>,
    pub(super) digest: Digest,
    /// Manifest, config and layers, in bytes; nothing before it was read.
    pub(super) size: Option<u64>,
    /// Whether it could not be read.
    pub(super) failed: bool,
    /// Whether it is the one for this system.
    pub(super) system: bool,
    /// Whether it is not, and the one for the platform that the image was opened for.
    pub(super) asked: bool,
    /// Whether it is an index of which nobody knows what lies in it.
    pub(super) index: bool,
}

impl Source {
    /// What it is called, for a title.
    pub(super) fn title(&self) -> String {
        let title = text::visible(&self.reference.title()).into_owned();
        text::middle(&title, 80).into_owned()
    }

    /// Asks for what the index lists, and for what the indexes in it list: one after the
    /// other, since the engine goes on with what it was asked for last. Says whether an index
    /// in it is still to be read.
    pub(super) fn ask_for_more(
        &self,
        image: Option<&ImageSnapshot>,
        asked: &mut Asked,
        actions: &mut Actions,
    ) -> bool {
        let Some((image, root)) = image.and_then(|image| Some((image, &image.image()?.root)))
        else {
            return false;
        };
        let mut unread = Unread::default();
        unread.look(root, &NodePath::root());
        let next = unread.next.take().filter(|_| asked.entries < ASKED);
        let reading = unread.index_on_its_way || (unread.index_not_asked && next.is_some());
        if let Some((index, entries)) = next
            && !unread.on_its_way
            && asked.generation.replace(image.generation) != Some(image.generation)
        {
            asked.entries += entries.len();
            actions.push(Action::Send(Command::Want {
                image: self.image,
                index,
                entries,
            }));
        }
        reading
    }

    /// It is about `reference` from now on, which is opened for it.
    pub(super) fn turn_to(&mut self, reference: Reference, actions: &mut Actions) {
        self.end(actions);
        let image = ImageId::next();
        let text = reference.to_string();
        actions.push(Action::Send(Command::Open {
            image,
            input: text.clone(),
            platform: None,
            extent: Extent::Shown,
        }));
        *self = Self {
            text,
            reference,
            image,
            own: true,
        };
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
/// source is no index. `host` is this system.
pub(super) fn images(open: &ImageSnapshot, host: &Platform) -> Option<Vec<SourceImage>> {
    let image = open.image()?;
    image.root.document.index()?;
    // where nothing fits the first one is shown, which is for another system
    let chosen = image.chosen.as_ref();
    let chosen = chosen.filter(|chosen| chosen.choices.iter().all(Choice::fits));
    let chosen = chosen.map(|chosen| chosen.path.clone());
    let marks = if open.wanted == *host {
        Marks {
            system: chosen,
            asked: None,
        }
    } else {
        let system = fitting(&image.root, host);
        Marks {
            asked: chosen.filter(|chosen| system.as_ref() != Some(chosen)),
            system,
        }
    };
    let mut found = Vec::new();
    collect(&image.root, &NodePath::root(), &marks, &mut found);
    Some(found)
}

/// Which images are marked.
struct Marks {
    /// The one for this system.
    system: Option<NodePath>,
    /// The one for the platform that it was opened for, where that is another one.
    asked: Option<NodePath>,
}

/// Where the image for a platform is, as far as what lies in an index is read.
fn fitting(root: &Node, platform: &Platform) -> Option<NodePath> {
    let (mut node, mut path) = (root, NodePath::root());
    while let Some(index) = node.document.index() {
        let choice = index.choose(platform).filter(Choice::fits)?;
        path = path.child(choice.position);
        let Some(child) = node.child(choice.position).and_then(Remote::value) else {
            break;
        };
        node = child;
    }
    Some(path)
}

/// What of an index and of those in it was not read.
#[derive(Default)]
struct Unread {
    /// The first of them, and what of it nobody asked for.
    next: Option<(NodePath, Range<usize>)>,
    on_its_way: bool,
    index_on_its_way: bool,
    index_not_asked: bool,
}

impl Unread {
    fn look(&mut self, node: &Node, path: &NodePath) {
        let Some(index) = node.document.index() else {
            return;
        };
        let mut entries: Option<Range<usize>> = None;
        for (position, entry) in entries_of(index) {
            let Some(child) = node.child(position) else {
                continue;
            };
            let is_index = entry.media_type.is_index();
            match child {
                Remote::NotAsked => {
                    let first = entries.as_ref().map_or(position, |entries| entries.start);
                    entries = Some(first..position + 1);
                    self.index_not_asked |= is_index;
                }
                Remote::Pending { .. } => {
                    self.on_its_way = true;
                    self.index_on_its_way |= is_index;
                }
                Remote::Ready(_) | Remote::Failed { .. } => {}
            }
            if let Some(child) = child.value() {
                self.look(child, &path.child(position));
            }
        }
        if self.next.is_none() || path.is_root() {
            let own = entries.map(|entries| (path.clone(), entries));
            self.next = own.or(self.next.take());
        }
    }
}

/// The entries of an index that are listed, by position.
fn entries_of(index: &Index) -> impl Iterator<Item = (usize, &Descriptor)> {
    let entries = index.descriptors();
    let entries = entries.filter(|(_, entry)| !entry.is_buildkit_attestation());
    entries.take(LISTED)
}

fn collect(node: &Node, path: &NodePath, marks: &Marks, found: &mut Vec<SourceImage>) {
    let Some(index) = node.document.index() else {
        return;
    };
    for (position, entry) in entries_of(index) {
        if found.len() >= LISTED {
            return;
        }
        let at = path.child(position);
        let known = node.child(position);
        let child = known.and_then(Remote::value);
        let failed = known.is_some_and(|known| known.error().is_some());
        if let Some(child) = child.filter(|child| matches!(child.parts, Parts::Index { .. })) {
            collect(child, &at, marks, found);
            continue;
        }
        let manifest = child.and_then(|child| {
            let manifest = child.document.manifest()?;
            Some(child.document.raw().size() + manifest.blob_size())
        });
        let index = child.is_none() && entry.media_type.is_index();
        let platform = entry.platform.clone().filter(|p| !p.is_unknown() && !index);
        found.push(SourceImage {
            label: match &platform {
                Some(platform) => platform_label(platform),
                None if index => format!("Index {}", entry.digest.short()),
                None => entry.digest.short(),
            },
            platform,
            digest: entry.digest.clone(),
            size: manifest,
            failed,
            index,
            system: marks.system.as_ref() == Some(&at),
            asked: marks.asked.as_ref() == Some(&at),
            path: at,
        });
    }
}
