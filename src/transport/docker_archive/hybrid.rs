//! Archives of Docker 25 and later: an OCI layout beside `manifest.json`.
//!
//! Both list the same images. What `manifest.json` calls an image is looked for in the
//! layout by the config that it names, never by the name alone: then nobody sees another
//! image here than Docker would load.

use super::derive::read_config;
use super::manifest_json::Listed;
use crate::model::{Content, Descriptor, Digest, Document, RegistryReference, annotation, limits};
use crate::transport::Problem;
use crate::transport::archive::Archive;
use crate::transport::layout::Layout;
use crate::transport::local::{LocalImage, Work};

/// Most documents that are read to find one image.
const DOCUMENTS: usize = 1000;

/// The entry of `index.json` that is `image`, or an index with `image` in it. Nothing where
/// the layout does not hold it.
pub(super) fn entry(
    layout: &Layout,
    archive: &Archive,
    image: &Listed,
    work: &Work,
) -> Result<Option<Descriptor>, Problem> {
    let config = read_config(archive, image, work)?;
    let index = layout.index(work)?;
    let complete = |name: &str| {
        name.parse::<RegistryReference>()
            .ok()
            .map(|r| r.to_string())
    };
    let tags: Vec<_> = image.tags.iter().filter_map(|tag| complete(tag)).collect();
    let is_called_so = |entry: &Descriptor| {
        let names = [annotation::CONTAINERD_NAME, annotation::REF_NAME];
        let mut names = names.iter().filter_map(|key| entry.annotation(key));
        names.any(|name| complete(name).is_some_and(|name| tags.contains(&name)))
    };
    let mut entries: Vec<_> = index.descriptors().map(|(_, entry)| entry).collect();
    // two entries may hold the same image; the one of this name says more
    entries.sort_by_key(|entry| !is_called_so(entry));
    let mut search = Search {
        layout,
        config: config.digest(),
        left: DOCUMENTS,
        work,
    };
    Ok(entries
        .into_iter()
        .find(|entry| search.holds(entry, limits::INDEX_DEPTH))
        .cloned())
}

struct Search<'a> {
    layout: &'a Layout,
    config: &'a Digest,
    left: usize,
    work: &'a Work,
}

impl Search<'_> {
    /// Whether the config is that of the manifest `entry`, or of one below it.
    fn holds(&mut self, entry: &Descriptor, depth: usize) -> bool {
        if self.left == 0 || depth == 0 {
            return false;
        }
        self.left -= 1;
        // what cannot be read holds nothing that could be shown
        let Ok(raw) = self.layout.manifest(entry, self.work) else {
            return false;
        };
        match Document::read(raw).content() {
            Content::Manifest(manifest) => manifest.config.digest == *self.config,
            Content::Index(index) => index
                .descriptors()
                .any(|(_, child)| self.holds(child, depth - 1)),
            Content::Unknown | Content::Invalid(_) => false,
        }
    }
}
