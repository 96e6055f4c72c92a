//! `porthole inspect`: what an image is.

use std::io::Write;
use std::sync::Arc;

use clap::Args;

use crate::engine::{EngineConfig, Extent, Failure, Image, ImageSnapshot, Node, NodePath};
use crate::model::{Choice, Platform};

use super::{CliError, blobs, output, wait};

/// Show what an image is: platforms, config and layers.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Print the manifest's exact bytes and nothing else.
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,

    /// Pick the image for this platform out of an index, as in linux/arm64/v8.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,
}

impl Inspect {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        // the exact bytes of the root need nothing under it
        let extent = if self.raw && self.platform.is_none() {
            Extent::Shown
        } else {
            Extent::Everything
        };
        let snapshot = wait::open(config, &self.reference, self.platform.clone(), extent)?;
        let image = snapshot.image().ok_or_else(wait::nothing_found)?;
        let path = match &self.platform {
            Some(platform) => picked(image, platform)?,
            None => NodePath::root(),
        };
        let node = image
            .node(&path)
            .ok_or_else(|| failed_child(image, &path))?;
        let mut out = std::io::stdout().lock();
        if self.raw {
            out.write_all(node.document.bytes())?;
        } else if self.json {
            let object = output::json(&snapshot, image, &path, node);
            serde_json::to_writer_pretty(&mut out, &object).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            output::text(&mut out, &snapshot, image, &path, node)?;
        }
        out.flush()?;
        match node.document.problem() {
            Some(problem) => Err(Failure::refused(
                format!("{}: {problem}", self.reference),
                "The exact bytes are shown by --raw",
            )
            .into()),
            None if self.raw => Ok(()),
            None => Ok(blobs::judge(shown_below(image, &path).unwrap_or(node))?),
        }
    }
}

/// The image that is shown below an index.
fn shown_below<'a>(image: &'a Image, path: &NodePath) -> Option<&'a Arc<Node>> {
    let chosen = image.chosen.as_ref().filter(|_| path.is_root())?;
    image.node(&chosen.path)
}

/// The manifest for `platform`, through nested indexes.
pub(super) fn picked(image: &Image, platform: &Platform) -> Result<NodePath, Failure> {
    if image.root.document.index().is_none() {
        return Ok(NodePath::root());
    }
    let fits = |chosen: &&crate::engine::Chosen| chosen.choices.iter().all(Choice::fits);
    if let Some(chosen) = image.chosen.as_ref().filter(fits) {
        return Ok(chosen.path.clone());
    }
    let mut there = Vec::new();
    platforms(&image.root, &mut there);
    let list = if there.is_empty() {
        "The index names no platform".to_owned()
    } else {
        format!("There are: {}", there.join(", "))
    };
    Err(Failure::refused(
        format!("there is no image for {platform} in the index"),
        list,
    ))
}

fn platforms(node: &Node, found: &mut Vec<String>) {
    let Some(index) = node.document.index() else {
        return;
    };
    for (position, entry) in index.descriptors() {
        if let Some(platform) = entry.platform.as_ref().filter(|p| !p.is_unknown()) {
            found.push(platform.to_string());
        }
        if let Some(child) = node.child(position).and_then(|child| child.value()) {
            platforms(child, found);
        }
    }
}

/// Why the picked child cannot be shown.
fn failed_child(image: &Image, path: &NodePath) -> Failure {
    let parent = path.parent().and_then(|parent| image.node(&parent));
    let child = path
        .positions()
        .last()
        .and_then(|position| parent?.child(*position));
    match child.and_then(|child| child.error()) {
        Some(error) => Failure::clone(error),
        None => Failure::refused("the image for this platform could not be read", "Try again"),
    }
}

/// The reference of the node at `path`: by digest where the place knows such names.
pub(super) fn reference_of(snapshot: &ImageSnapshot, path: &NodePath, image: &Image) -> String {
    let by_digest = image.digest(path).filter(|_| !path.is_root());
    let reference = match by_digest {
        Some(digest) => snapshot.reference_at(digest),
        None => None,
    };
    match reference.as_ref().or(snapshot.reference.as_ref()) {
        Some(reference) => reference.to_string(),
        None => snapshot.input.to_string(),
    }
}
