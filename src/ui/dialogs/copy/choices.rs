//! What is chosen of an image, and the options of the copy that come of it.

use std::collections::BTreeSet;

use crate::copy::{CopyOptions, Format, Selection, Wanted};
use crate::model::Digest;
use crate::ui::dialogs::source::SourceImage;

/// Which images are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pick {
    /// All of them where the place can hold an index, else the one for this system.
    #[default]
    Usual,
    All,
    System,
    /// Those that are ticked.
    Some,
}

/// What is chosen in the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) pick: Pick,
    pub(super) ticked: BTreeSet<Digest>,
    /// Keep an index of which not all is taken as it is.
    pub(super) sparse: bool,
    pub(super) referrers: bool,
    pub(super) signatures: bool,
    pub(super) preserve: bool,
    pub(super) foreign: bool,
    /// Other names that the copy gets, as they are typed.
    pub(super) also: String,
    pub(super) format: Format,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            pick: Pick::Usual,
            ticked: BTreeSet::new(),
            sparse: false,
            referrers: true,
            signatures: true,
            preserve: false,
            foreign: false,
            also: String::new(),
            format: Format::Keep,
        }
    }
}

impl Choices {
    /// The choice that is in force for a place.
    pub(super) fn in_force(&self, holds_indexes: bool) -> Pick {
        match self.pick {
            Pick::Usual if holds_indexes => Pick::All,
            Pick::Usual => Pick::System,
            other => other,
        }
    }

    /// Whether an image is taken.
    pub(super) fn takes(&self, image: &SourceImage, holds_indexes: bool) -> bool {
        match self.in_force(holds_indexes) {
            Pick::All | Pick::Usual => true,
            Pick::System => image.system,
            Pick::Some => self.ticked.contains(&image.digest),
        }
    }

    /// Ticks an image, or takes it out; from then on only what is ticked counts.
    pub(super) fn toggle(&mut self, images: &[SourceImage], at: usize, holds_indexes: bool) {
        if self.in_force(holds_indexes) != Pick::Some {
            let taken = images.iter().filter(|i| self.takes(i, holds_indexes));
            self.ticked = taken.map(|image| image.digest.clone()).collect();
        }
        let digest = &images[at].digest;
        if !self.ticked.remove(digest) {
            self.ticked.insert(digest.clone());
        }
        self.pick = match self.ticked.len() == images.len() {
            true => Pick::All,
            false => Pick::Some,
        };
    }

    /// Takes these images alone.
    pub(super) fn take(&mut self, images: impl Iterator<Item = Digest>) {
        self.ticked = images.collect();
        self.pick = Pick::Some;
    }

    /// The other names that were typed, each once.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.also.split([',', ' ']).filter(|name| !name.is_empty()) {
            if !names.iter().any(|there| there == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Whether there are images, and none of them is taken.
    pub(super) fn takes_none(&self, images: &[SourceImage], holds_indexes: bool) -> bool {
        !images.is_empty() && self.left_out(images, holds_indexes) == images.len()
    }

    /// How many of `images` are left out.
    pub(super) fn left_out(&self, images: &[SourceImage], holds_indexes: bool) -> usize {
        let out = images.iter().filter(|i| !self.takes(i, holds_indexes));
        out.count()
    }

    /// The options that say the same; `images` are those of an index, nothing where the
    /// source is none.
    pub(super) fn options(&self, images: Option<&[SourceImage]>, holds: bool) -> CopyOptions {
        let selection = match (images, self.pick) {
            (None | Some([]), _) | (_, Pick::Usual) => Selection::Usual,
            (Some(_), Pick::All) => Selection::All,
            (Some(images), Pick::System | Pick::Some) => {
                let taken = images.iter().filter(|image| self.takes(image, holds));
                Selection::Some(taken.map(|image| wanted(image, images)).collect())
            }
        };
        let some = matches!(selection, Selection::Some(_));
        CopyOptions {
            selection,
            single: false,
            sparse: some && holds && self.sparse,
            no_referrers: !self.referrers,
            remove_signatures: self.referrers && !self.signatures,
            format: self.format,
            preserve_digests: self.preserve,
            foreign_layers: self.foreign,
            also: self.names(),
        }
    }
}

/// By its platform where that means this image alone, else by its digest.
fn wanted(image: &SourceImage, images: &[SourceImage]) -> Wanted {
    let by_digest = || Wanted::Digest(image.digest.clone());
    let Some(platform) = &image.platform else {
        return by_digest();
    };
    let wanted = Wanted::Platform(platform.clone());
    let fitting = images.iter().filter(|other| {
        let described = crate::model::Descriptor {
            platform: other.platform.clone(),
            ..crate::model::Descriptor::new("", other.digest.clone(), 0)
        };
        wanted.fits(&described)
    });
    match fitting.count() {
        1 => wanted,
        _ => by_digest(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str, mark: &str, system: bool) -> SourceImage {
        SourceImage {
            label: text.to_owned(),
            platform: text.parse().ok(),
            digest: Digest::sha256(mark.as_bytes()),
            size: None,
            failed: false,
            system,
            index: false,
        }
    }

    fn three() -> Vec<SourceImage> {
        vec![
            image("linux/amd64", "a", true),
            image("linux/arm64", "b", false),
            image("linux/arm/v7", "c", false),
        ]
    }

    #[test]
    fn what_nobody_chose_is_left_to_the_place() {
        let choices = Choices::default();
        assert_eq!(
            choices.options(Some(&three()), true),
            CopyOptions::default()
        );
        assert_eq!(choices.left_out(&three(), true), 0);
        assert_eq!(choices.left_out(&three(), false), 2);
    }

    #[test]
    fn ticking_begins_with_what_was_taken() {
        let images = three();
        let mut choices = Choices {
            sparse: true,
            ..Choices::default()
        };
        choices.toggle(&images, 1, true);
        assert_eq!(choices.left_out(&images, true), 1);
        let options = choices.options(Some(&images), true);
        let Selection::Some(wanted) = &options.selection else {
            panic!("{options:?}");
        };
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        assert_eq!(wanted, ["linux/amd64", "linux/arm/v7"]);
        assert!(options.sparse);
        assert!(!choices.options(Some(&images), false).sparse);
        choices.toggle(&images, 1, true);
        assert_eq!(choices.pick, Pick::All);
        assert_eq!(
            choices.options(Some(&images), true).selection,
            Selection::All
        );
    }

    #[test]
    fn a_platform_that_means_two_images_is_named_by_digest() {
        let images = vec![
            image("linux/arm", "a", true),
            image("linux/arm/v7", "b", false),
        ];
        let mut choices = Choices {
            pick: Pick::System,
            ..Choices::default()
        };
        let options = choices.options(Some(&images), true);
        let by_digest = Wanted::Digest(images[0].digest.clone());
        assert_eq!(options.selection, Selection::Some(vec![by_digest]));
        choices.referrers = false;
        choices.signatures = false;
        choices.also = "latest, 1.8 latest".to_owned();
        let options = choices.options(None, true);
        assert_eq!(options.selection, Selection::Usual);
        assert!(options.no_referrers && !options.remove_signatures);
        assert_eq!(options.also, ["latest", "1.8"]);
    }
}
