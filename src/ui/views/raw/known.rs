//! What the digests in a document are the digests of.

use crate::engine::{ImageSnapshot, NodePath};
use crate::model::{Descriptor, Digest, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::views::subject::{ManifestSubject, platform_label};
use crate::ui::widgets::document::Known;
use crate::ui::widgets::text;

/// The image that digests are looked up in.
pub(in crate::ui::views) struct About<'a> {
    image: &'a ImageSnapshot,
    subject: Option<&'a ManifestSubject<'a>>,
}

impl<'a> About<'a> {
    pub(in crate::ui::views) const fn new(
        image: &'a ImageSnapshot,
        subject: Option<&'a ManifestSubject<'a>>,
    ) -> Self {
        Self { image, subject }
    }

    /// What `digest` is known as in this image. Looks through whole lists: it is called
    /// for what the pointer is over.
    pub(in crate::ui::views) fn known(&self, digest: &Digest) -> Option<Known> {
        self.in_manifest(digest)
            .map(|what| Known { what, action: None })
            .or_else(|| self.in_indexes(digest))
            .or_else(|| self.diff_id(digest))
    }

    fn in_manifest(&self, digest: &Digest) -> Option<String> {
        let manifest = self.subject?.manifest;
        if manifest.config.digest == *digest {
            return Some(format!("config, {}", size_text(manifest.config.size)));
        }
        let layers = &manifest.layers;
        if let Some(at) = layers.iter().position(|layer| layer.digest == *digest) {
            return Some(format!("layer {at}, {}", layers[at].size_text()));
        }
        let about = manifest.subject.as_ref()?;
        (about.digest == *digest).then(|| "the manifest that this one is about".to_owned())
    }

    fn in_indexes(&self, digest: &Digest) -> Option<Known> {
        let image = self.image.image()?;
        if image.root.document.raw().digest() == digest {
            return Some(self.leading_to("the document itself".to_owned(), NodePath::root()));
        }
        let selected = self.subject.map(|subject| subject.path);
        let depth = selected.map_or(0, |path| path.positions().len());
        let mut path = NodePath::root();
        for level in 0..=depth {
            let node = image.node(&path)?;
            let index = node.document.index()?;
            let found = index
                .descriptors()
                .find(|(_, entry)| entry.digest == *digest);
            if let Some((at, entry)) = found {
                return Some(self.leading_to(entry_words(entry), path.child(at)));
            }
            path = path.child(*selected?.positions().get(level)?);
        }
        None
    }

    fn diff_id(&self, digest: &Digest) -> Option<Known> {
        let config = self.subject?.node.config()?;
        let at = config
            .parsed_diff_ids()
            .position(|id| id.as_ref() == Some(digest))?;
        let what = format!("DiffID of layer {at}");
        Some(Known { what, action: None })
    }

    fn leading_to(&self, what: String, path: NodePath) -> Known {
        Known {
            what,
            action: Some(Action::Select(self.image.id, path)),
        }
    }
}

fn entry_words(entry: &Descriptor) -> String {
    let platform = entry
        .platform
        .as_ref()
        .filter(|platform| !platform.os.is_empty() && !platform.is_unknown());
    let kind = entry
        .media_type
        .short_name()
        .unwrap_or(entry.media_type.as_str());
    let kind = text::line(kind);
    let size = size_text(entry.size);
    match platform {
        _ if entry.is_buildkit_attestation() => format!("attestation, {size}"),
        Some(platform) => format!("{}, {kind}, {size}", platform_label(platform)),
        None => format!("{kind}, {size}"),
    }
}
