//! What is chosen of an image, and the options of the copy that come of it.

use std::collections::BTreeSet;

use crate::copy::{CopyOptions, Format, Selection, Wanted};
use crate::model::Digest;
use crate::ui::dialogs::source::SourceImage;

/// Which images are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pick {
    /// All of them where the place can hold an index, else the one that the image was opened
    /// for, or the one for this system.
    #[default]
    Usual,
    All,
    System,
    /// The one for the platform that the image was opened for, which is not this system's.
    Asked,
    /// Those that are ticked.
    Some,
}

/// What becomes of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IndexFate {
    /// It is written with what is taken: anew where that is not all of it.
    #[default]
    Written,
    /// It stays as it is, and names what will not be there.
    Sparse,
    /// The one image that is taken is written in its place.
    Single,
}

/// What is chosen in the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) pick: Pick,
    pub(super) ticked: BTreeSet<Digest>,
    /// What is ticked too, as it was asked for before the images were known.
    wanted: Vec<Wanted>,
    pub(super) fate: IndexFate,
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
        Self::of(&CopyOptions::default())
    }
}

impl Choices {
    /// The choices that [`Choices::options`] makes `options` of.
    pub(super) fn of(options: &CopyOptions) -> Self {
        let (pick, wanted) = match &options.selection {
            Selection::Usual => (Pick::Usual, Vec::new()),
            Selection::All => (Pick::All, Vec::new()),
            Selection::Some(wanted) => (Pick::Some, wanted.clone()),
        };
        Self {
            pick,
            ticked: BTreeSet::new(),
            wanted,
            fate: match (options.single, options.sparse) {
                (true, _) => IndexFate::Single,
                (false, true) => IndexFate::Sparse,
                (false, false) => IndexFate::Written,
            },
            referrers: !options.no_referrers,
            signatures: !options.remove_signatures,
            preserve: options.preserve_digests,
            foreign: options.foreign_layers,
            also: options.also.join(", "),
            format: options.format,
        }
    }

    /// The same of another image, of which nothing is chosen yet.
    pub(super) fn of_another(&self) -> Self {
        Self {
            pick: Pick::Usual,
            ticked: BTreeSet::new(),
            wanted: Vec::new(),
            ..self.clone()
        }
    }

    /// The choice that is in force for a place.
    pub(super) fn in_force(&self, images: &[SourceImage], holds_indexes: bool) -> Pick {
        match self.pick {
            Pick::Usual if holds_indexes => Pick::All,
            Pick::Usual if images.iter().any(|image| image.asked) => Pick::Asked,
            Pick::Usual => Pick::System,
            other => other,
        }
    }

    /// Whether an image is taken where `pick` is in force.
    fn takes(&self, pick: Pick, image: &SourceImage) -> bool {
        match pick {
            Pick::All | Pick::Usual => true,
            Pick::System => image.system,
            Pick::Asked => image.asked,
            Pick::Some => {
                self.ticked.contains(&image.digest)
                    || self.wanted.iter().any(|wanted| fits(wanted, image))
            }
        }
    }

    /// Those of `images` that are taken.
    pub(super) fn taken<'i>(
        &self,
        images: &'i [SourceImage],
        holds_indexes: bool,
    ) -> impl Iterator<Item = &'i SourceImage> {
        let pick = self.in_force(images, holds_indexes);
        images.iter().filter(move |image| self.takes(pick, image))
    }

    /// Whether each of `images` is taken.
    pub(super) fn ticks(&self, images: &[SourceImage], holds_indexes: bool) -> Vec<bool> {
        let pick = self.in_force(images, holds_indexes);
        let ticks = images.iter().map(|image| self.takes(pick, image));
        ticks.collect()
    }

    /// Ticks an image, or takes it out; from then on only what is ticked counts.
    pub(super) fn toggle(&mut self, images: &[SourceImage], at: usize, holds_indexes: bool) {
        let taken = self.taken(images, holds_indexes);
        self.take(taken.map(|image| image.digest.clone()).collect::<Vec<_>>());
        let digest = &images[at].digest;
        if !self.ticked.remove(digest) {
            self.ticked.insert(digest.clone());
        }
        if self.ticked.len() == images.len() {
            self.pick = Pick::All;
        }
    }

    /// Takes these images alone.
    pub(super) fn take(&mut self, images: impl IntoIterator<Item = Digest>) {
        self.ticked = images.into_iter().collect();
        self.wanted.clear();
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
        !images.is_empty() && self.taken(images, holds_indexes).next().is_none()
    }

    /// How many of `images` are left out.
    pub(super) fn left_out(&self, images: &[SourceImage], holds_indexes: bool) -> usize {
        images.len() - self.taken(images, holds_indexes).count()
    }

    /// What becomes of an index of these images, as far as what is taken allows it.
    pub(super) fn fate(&self, images: &[SourceImage], holds_indexes: bool) -> IndexFate {
        let taken = self.taken(images, holds_indexes).count();
        match self.fate {
            IndexFate::Single if holds_indexes && taken == 1 => IndexFate::Single,
            IndexFate::Sparse if holds_indexes && taken < images.len() => IndexFate::Sparse,
            _ => IndexFate::Written,
        }
    }

    /// The options that say the same; `images` are those of an index, nothing where the
    /// source is none.
    pub(super) fn options(&self, images: Option<&[SourceImage]>, holds: bool) -> CopyOptions {
        let images = images.unwrap_or_default();
        let fate = self.fate(images, holds);
        let named = || {
            let taken = self.taken(images, holds);
            Selection::Some(taken.map(|image| wanted(image, images)).collect())
        };
        let selection = match (self.pick, self.in_force(images, holds)) {
            _ if images.is_empty() => Selection::Usual,
            // one image is not all of an index, even of one that has no other
            _ if fate == IndexFate::Single => named(),
            (Pick::Usual, Pick::All | Pick::System) => Selection::Usual,
            (_, Pick::All) => Selection::All,
            _ => named(),
        };
        CopyOptions {
            selection,
            single: fate == IndexFate::Single,
            sparse: fate == IndexFate::Sparse,
            no_referrers: !self.referrers,
            remove_signatures: self.referrers && !self.signatures,
            format: self.format,
            preserve_digests: self.preserve,
            foreign_layers: self.foreign,
            also: self.names(),
        }
    }
}

/// Whether an image is what is wanted.
fn fits(wanted: &Wanted, image: &SourceImage) -> bool {
    let described = crate::model::Descriptor {
        platform: image.platform.clone(),
        ..crate::model::Descriptor::new("", image.digest.clone(), 0)
    };
    wanted.fits(&described) || (*wanted == Wanted::Local && image.system)
}

/// By its platform where that means this image alone, else by its digest.
fn wanted(image: &SourceImage, images: &[SourceImage]) -> Wanted {
    let by_digest = || Wanted::Digest(image.digest.clone());
    let Some(platform) = &image.platform else {
        return by_digest();
    };
    let wanted = Wanted::Platform(platform.clone());
    match images.iter().filter(|other| fits(&wanted, other)).count() {
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
            path: crate::engine::NodePath::root(),
            platform: text.parse().ok(),
            digest: Digest::sha256(mark.as_bytes()),
            size: None,
            failed: false,
            system,
            asked: false,
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
            fate: IndexFate::Sparse,
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
    fn one_image_takes_the_place_of_an_index_where_one_is_taken() {
        let mut choices = Choices {
            fate: IndexFate::Single,
            ..Choices::default()
        };
        let images = three();
        assert!(!choices.options(Some(&images), true).single, "of three");
        choices.pick = Pick::System;
        let options = choices.options(Some(&images), true);
        assert!(options.single && !options.sparse);
        assert_eq!(options.arguments(), ["--platform=linux/amd64", "--single"]);
        assert!(!choices.options(Some(&images), false).single, "always so");
        // the only one of an index is all of it, which goes with no single image
        choices.pick = Pick::Usual;
        let options = choices.options(Some(&images[..1]), true);
        assert_eq!(options.arguments(), ["--platform=linux/amd64", "--single"]);
    }

    #[test]
    fn what_it_was_opened_for_is_taken_where_one_image_has_room() {
        let mut images = three();
        images[1].asked = true;
        let choices = Choices::default();
        let options = choices.options(Some(&images), false);
        assert_eq!(options.arguments(), ["--platform=linux/arm64"]);
        assert_eq!(choices.options(Some(&images), true), CopyOptions::default());
    }

    #[test]
    fn options_become_the_choices_that_they_came_of() {
        let images = three();
        let all = CopyOptions {
            selection: Selection::Some(vec![
                "linux/amd64".parse().unwrap(),
                Wanted::Digest(images[2].digest.clone()),
            ]),
            single: false,
            sparse: true,
            no_referrers: false,
            format: Format::Oci,
            preserve_digests: true,
            remove_signatures: true,
            foreign_layers: true,
            also: vec!["latest".to_owned(), "1.8".to_owned()],
        };
        let mut choices = Choices::of(&all);
        let mut expected = all.clone();
        // what means one image is named by its platform
        expected.selection = Selection::Some(vec![
            "linux/amd64".parse().unwrap(),
            "linux/arm/v7".parse().unwrap(),
        ]);
        assert_eq!(choices.options(Some(&images), true), expected);
        choices.toggle(&images, 0, true);
        let options = choices.options(Some(&images), true);
        assert_eq!(options.arguments()[0], "--platform=linux/arm/v7");
        for plain in [
            CopyOptions::default(),
            CopyOptions {
                selection: Selection::All,
                no_referrers: true,
                ..CopyOptions::default()
            },
        ] {
            assert_eq!(Choices::of(&plain).options(Some(&images), true), plain);
        }
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
