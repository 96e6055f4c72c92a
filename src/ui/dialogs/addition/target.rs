//! What is added to: an index alone, with what it lists, or one image of it.

use std::sync::Arc;

use egui::Ui;

use crate::engine::{Engine, ImageSnapshot, NodePath, Opened, Remote};
use crate::model::{Digest, Reference, Transport, text};
use crate::ui::action::Actions;
use crate::ui::dialogs::kit;
use crate::ui::dialogs::source::{Asked, Source, SourceImage, images as images_of};

/// Which of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pick {
    /// The index, or the image where there is none.
    #[default]
    Root,
    /// The index and everything that it lists.
    All,
    One,
}

/// What a place can hold beside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Referrers and tags; OpenPGP signatures in a lookaside folder.
    Registry,
    /// Referrers and names.
    Layout,
    /// Signatures as files.
    Directory,
    /// Nothing.
    Closed,
}

/// An image that is added to.
#[derive(Debug)]
pub(in crate::ui::dialogs) struct Target {
    source: Source,
    pick: Pick,
    /// The image of the index, where one is picked.
    one: usize,
    asked: Asked,
}

/// What is known of it in one frame.
pub(in crate::ui::dialogs) struct Known {
    image: Option<Arc<ImageSnapshot>>,
    /// The images of the index; nothing where there is none.
    images: Option<Vec<SourceImage>>,
}

impl PlaceKind {
    /// Whether signatures can be kept there.
    pub const fn holds_signatures(self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Whether what refers to an image can be kept there.
    pub const fn holds_referrers(self) -> bool {
        matches!(self, Self::Registry | Self::Layout)
    }

    /// What the place of `reference` can hold.
    pub const fn of(reference: &Reference) -> Self {
        match reference {
            Reference::Registry(_) => Self::Registry,
            Reference::Path(path) => match path.transport {
                Transport::Oci | Transport::OciArchive => Self::Layout,
                Transport::Dir => Self::Directory,
                _ => Self::Closed,
            },
            Reference::Daemon(_) => Self::Closed,
        }
    }
}

impl Target {
    pub(in crate::ui::dialogs) const fn new(source: Source) -> Self {
        Self {
            source,
            pick: Pick::Root,
            one: 0,
            asked: Asked::NOTHING,
        }
    }

    pub(in crate::ui::dialogs) const fn source(&self) -> &Source {
        &self.source
    }

    pub(in crate::ui::dialogs) const fn place(&self) -> PlaceKind {
        PlaceKind::of(&self.source.reference)
    }

    /// Its name, fit for a title.
    pub(in crate::ui::dialogs) fn title(&self) -> String {
        self.source.title()
    }

    pub(in crate::ui::dialogs) fn known(&self, engine: &Engine) -> Known {
        let image = engine.image(self.source.image);
        let images = image.as_ref();
        let images = images.and_then(|image| images_of(image, engine.platform()));
        Known { image, images }
    }

    /// Asks for what the index lists.
    pub(in crate::ui::dialogs) fn ask_for_more(&mut self, known: &Known, actions: &mut Actions) {
        self.source
            .ask_for_more(known.image.as_deref(), &mut self.asked, actions);
    }

    /// The reference, and whether what it lists is meant too; nothing before the image is
    /// known.
    pub(in crate::ui::dialogs) fn request(&self, known: &Known) -> Option<(String, bool)> {
        known.image.as_ref()?.image()?;
        match (self.pick, &known.images) {
            (Pick::One, Some(images)) => {
                let digest = &images.get(self.one)?.digest;
                let reference = self.source.reference.at_digest(digest)?;
                Some((reference.to_string(), false))
            }
            (Pick::All, Some(_)) => Some((self.source.text.clone(), true)),
            _ => Some((self.source.text.clone(), false)),
        }
    }

    /// Where what is added to stands in the image; nothing before the image is known.
    pub(in crate::ui::dialogs) fn picked(&self, known: &Known) -> Option<NodePath> {
        match (self.pick, &known.images) {
            (Pick::One, Some(images)) => Some(images.get(self.one)?.path.clone()),
            _ => Some(NodePath::root()),
        }
    }

    /// What the window shows of this image has this digest.
    pub(in crate::ui::dialogs) fn open_digest<'k>(&self, known: &'k Known) -> Option<&'k Digest> {
        let image = known.image.as_ref()?.image()?;
        match (self.pick, &known.images) {
            (Pick::One, Some(images)) => Some(&images.get(self.one)?.digest),
            _ => Some(image.root.document.raw().digest()),
        }
    }

    /// The row that says what of it.
    pub(in crate::ui::dialogs) fn show(&mut self, ui: &mut Ui, known: &Known) {
        kit::row(ui, "What", |ui| {
            let Some(images) = &known.images else {
                let words = match known.image.as_deref().map(|image| &image.opened) {
                    Some(Remote::Failed { error, .. }) => text::visible(&error.headline),
                    Some(Remote::Ready(Opened::Several(_))) => {
                        "Several images lie there: open one of them first".into()
                    }
                    Some(Remote::Ready(Opened::Image(_))) => "One image, for one platform".into(),
                    _ => "Reading the image…".into(),
                };
                kit::quiet(ui, &words);
                return;
            };
            let all = match images.len() {
                1 => "Index and its platform".to_owned(),
                count => format!("Index and {} platforms", text::count(count as u64)),
            };
            let mut choices = vec![(Pick::Root, "Index alone"), (Pick::All, all.as_str())];
            let by_digest = |image: &SourceImage| self.source.reference.at_digest(&image.digest);
            if images.iter().any(|image| by_digest(image).is_some()) {
                choices.push((Pick::One, "One platform"));
            }
            kit::segments(ui, &mut self.pick, &choices);
            if self.pick == Pick::One {
                let labels: Vec<_> = images.iter().map(|image| image.label.as_str()).collect();
                let all: Vec<_> = labels.iter().copied().enumerate().collect();
                kit::combo(ui, "Which platform", &mut self.one, &all, 160.0);
            }
        });
    }

    /// The dialog is done: what was opened for it is closed.
    pub(in crate::ui::dialogs) fn end(&self, actions: &mut Actions) {
        self.source.end(actions);
    }
}
