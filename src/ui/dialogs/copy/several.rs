//! A place that holds several images, of which one is picked here.

use std::sync::Arc;

use super::destination::Names;
use super::{CopyDialog, Known};
use crate::engine::{Opened, Remote};
use crate::model::{PathReference, Reference};
use crate::transport::NamedImage;
use crate::ui::action::Actions;
use crate::ui::dialogs::source::Asked;

/// The images of a place.
#[derive(Debug)]
pub(super) struct Several {
    place: PathReference,
    pub(super) images: Arc<[NamedImage]>,
    /// The one that is picked.
    pub(super) at: Option<usize>,
}

impl CopyDialog {
    /// Keeps the images of the place in mind, also when one of them is picked.
    pub(super) fn see_several(&mut self, known: &Known) {
        let image = known.image.as_deref();
        if self.several.is_none()
            && let Some(image) = image
            && let Remote::Ready(Opened::Several(images)) = &image.opened
            && let Some(Reference::Path(place)) = &image.reference
        {
            self.several = Some(Several {
                place: place.clone(),
                images: Arc::clone(images),
                at: None,
            });
        }
    }

    /// The dialog is about the image that was picked from now on.
    pub(super) fn turn_to_picked(&mut self, actions: &mut Actions) {
        let picked = self.several.as_ref().and_then(|several| {
            let image = several.images.get(several.at?)?;
            Some(Reference::Path(several.place.with_name(image.name.clone())))
        });
        let Some(reference) = picked else {
            return;
        };
        let names = Names::of(&reference);
        let (kind, host) = (self.destination.kind, self.host.as_deref());
        // what somebody typed stays
        let own = [self.target.as_ref(), None];
        let own = own
            .into_iter()
            .find(|target| self.destination == self.names.suggested(*target, kind, host));
        if let Some(target) = own {
            self.destination = names.suggested(target, kind, host);
        }
        self.names = names;
        self.choices = self.choices.of_another();
        self.images_asked = Asked::NOTHING;
        self.source.turn_to(reference, actions);
    }
}
