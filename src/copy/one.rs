//! The one image of an index that fits a platform, and writing it alone.

use std::collections::HashSet;

use crate::model::{Descriptor, Digest, Index, Platform};

use super::chosen::{PLATFORMS, is_about, not_there};
use super::error::CopyError;
use super::gather::{Gather, called};
use super::options::{Selection, Wanted};
use super::plan::LeftBehind;

impl Gather<'_> {
    /// Whether one image of an index is written, and no index.
    pub(super) fn writes_one(&self) -> bool {
        self.options.single || !self.destination.takes().indexes
    }

    /// Finds what only the whole index tells, before anything is chosen of it: the image that
    /// fits `host`, this system, and for a platform that no entry is for the first that does
    /// not say what it is for.
    pub(super) async fn settle(&mut self, index: &Index, host: &Platform) -> Result<(), CopyError> {
        let Selection::Some(wanted) = &self.options.selection else {
            return Ok(());
        };
        let mut settled = Vec::with_capacity(wanted.len());
        for one in wanted {
            settled.push(match one {
                Wanted::Local => {
                    let Some((image, _)) = self.best(index, host).await? else {
                        return Err(not_there(&self.seen(), &Wanted::Platform(host.clone())));
                    };
                    Wanted::Digest(image.digest)
                }
                Wanted::Platform(platform) if is_unsaid(index, one) => {
                    match self.best(index, platform).await? {
                        Some((image, false)) => Wanted::Digest(image.digest),
                        _ => one.clone(),
                    }
                }
                _ => one.clone(),
            });
        }
        self.wanted = Some(settled);
        Ok(())
    }

    /// The image that fits `platform` best, and whether it says that it does.
    pub(super) async fn best(
        &self,
        index: &Index,
        platform: &Platform,
    ) -> Result<Option<(Descriptor, bool)>, CopyError> {
        for says in [true, false] {
            if let Some(image) = self.usual(index, (platform, says), 1).await? {
                return Ok(Some((image, says)));
            }
        }
        Ok(None)
    }

    /// Notes what attests an image and lies in the same index, which may stay behind.
    pub(super) fn note_attesting(&self, index: &Index, image: &Descriptor) {
        let images = HashSet::from([image.digest.to_string()]);
        let mut seen = self.seen();
        let about = index.descriptors().filter(|(_, e)| is_about(e, &images));
        for (_, entry) in about {
            let left = LeftBehind {
                what: "an attestation of the image".to_owned(),
                digest: Some(entry.digest.clone()),
                why: "it is an entry of the index, of which one image is written (without --single it comes along)".to_owned(),
            };
            let left = (image.digest.clone(), left);
            if !seen.attesting.contains(&left) {
                seen.attesting.push(left);
            }
        }
    }

    /// What attests the one image that is written, where that is asked for and stays behind.
    pub(super) fn attesting(&self, image: &Digest) -> Vec<LeftBehind> {
        if !self.options.single || self.options.no_referrers {
            return Vec::new();
        }
        let seen = self.seen();
        let about = seen.attesting.iter().filter(|(of, _)| of == image);
        about.map(|(_, left)| left.clone()).collect()
    }

    /// Refuses to write several images where one is written.
    pub(super) fn several(&self, images: &[Descriptor]) -> CopyError {
        let why = if self.destination.takes().indexes {
            format!(
                "one image is to be written, and {} of the index are chosen",
                images.len()
            )
        } else {
            format!(
                "{} holds one image and no index of several",
                self.destination.reference()
            )
        };
        let elsewhere = match self.options.single {
            true => "write an index of them (without --single)",
            false => "copy to oci:, dir: or a registry",
        };
        let chosen = matches!(self.options.selection, Selection::Some(_));
        let hint = if chosen && !images.is_empty() {
            let names = names(images);
            format!("Choose one of these (--platform): {names}; or {elsewhere}")
        } else {
            format!("Choose one platform (--platform OS/ARCH), or {elsewhere}")
        };
        CopyError::refused(why, hint)
    }
}

/// Whether no entry of an index is for the platform that is wanted, and one does not say what it
/// is for.
fn is_unsaid(index: &Index, wanted: &Wanted) -> bool {
    let images = || index.descriptors().map(|(_, entry)| entry);
    !images().any(|entry| wanted.fits(entry))
        && images().any(|entry| entry.platform.is_none() && !entry.is_buildkit_attestation())
}

/// What tells these images apart: their platforms, or their digests.
fn names(images: &[Descriptor]) -> String {
    let platforms = images
        .iter()
        .map(|image| image.platform.as_ref().map(called));
    let platforms: Option<Vec<_>> = platforms.collect();
    let differ = |names: &Vec<String>| names.iter().collect::<HashSet<_>>().len() == names.len();
    // with no variant it would mean those with one, too
    let exact = |image: &Descriptor| {
        let platform = image.platform.clone().map(Wanted::Platform);
        let fitting = images
            .iter()
            .filter(|other| platform.as_ref().is_some_and(|one| one.fits(other)));
        fitting.count() == 1
    };
    let names = platforms
        .filter(|names| differ(names) && images.iter().all(exact))
        .unwrap_or_else(|| {
            images
                .iter()
                .map(|image| image.digest.to_string())
                .collect()
        });
    let more = if names.len() > PLATFORMS { ", …" } else { "" };
    let names: Vec<_> = names.into_iter().take(PLATFORMS).collect();
    format!("{}{more}", names.join(", "))
}
