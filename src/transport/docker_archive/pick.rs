//! Which image of `manifest.json` a reference names.

use super::manifest_json::Listed;
use crate::model::{ImageName, RegistryReference};
use crate::transport::Problem;
use crate::transport::layout::can_be_typed;

/// What a name, or the lack of one, stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The image at this position.
    One(usize),
    Several,
}

/// Finds the image that `wanted` names: exactly, or as Docker completes short names
/// (`busybox` for `docker.io/library/busybox:latest`). `@N` counts from 0. Nothing in the
/// list has a digest: who has derived the manifests may find one.
pub(super) fn pick(listed: &[Listed], wanted: Option<&ImageName>) -> Result<Pick, Problem> {
    match wanted {
        Some(ImageName::Position(position)) if *position < listed.len() => Ok(Pick::One(*position)),
        Some(ImageName::Position(position)) => Err(no_such(listed, format!("@{position}"))),
        Some(ImageName::Digest(digest)) => Err(no_such(listed, digest.to_string())),
        Some(ImageName::Name(name)) => named(listed, name).map(Pick::One),
        None => only(listed),
    }
}

/// A name that stands for the image at `position` and for no other.
pub(super) fn name(listed: &[Listed], position: usize) -> ImageName {
    let image = listed.get(position);
    let own = |tag: &&String| {
        can_be_typed(tag) && is_name(tag) && named(listed, tag).is_ok_and(|at| at == position)
    };
    match image.and_then(|image| image.tags.iter().find(own)) {
        Some(tag) => ImageName::Name(tag.clone()),
        None => ImageName::Position(position),
    }
}

fn named(listed: &[Listed], name: &str) -> Result<usize, Problem> {
    let wanted = complete(name);
    let fits: [&dyn Fn(&String) -> bool; 2] = [&|tag| tag == name, &|tag| {
        wanted.is_some() && complete(tag) == wanted
    }];
    for fits in fits {
        let has = |(_, image): &(usize, &Listed)| image.tags.iter().any(fits);
        let found: Vec<_> = listed.iter().enumerate().filter(has).collect();
        let Some((first, image)) = found.first() else {
            continue;
        };
        if found.iter().any(|(_, other)| !same(other, image)) {
            return Err(Problem::NameTwice { count: found.len() });
        }
        return Ok(*first);
    }
    Err(no_such(listed, name.to_owned()))
}

fn only(listed: &[Listed]) -> Result<Pick, Problem> {
    let first = listed.first().ok_or(Problem::NoImages)?;
    Ok(if listed.iter().all(|image| same(image, first)) {
        Pick::One(0)
    } else {
        Pick::Several
    })
}

/// Whether two entries list the same files.
fn same(one: &Listed, other: &Listed) -> bool {
    one.config == other.config && one.layers == other.layers
}

/// A name with everything that Docker adds to it.
fn complete(name: &str) -> Option<String> {
    let reference = name.parse::<RegistryReference>().ok()?;
    Some(reference.to_string())
}

/// Old versions of Docker write `<none>:<none>` where there is no name.
fn is_name(tag: &str) -> bool {
    !tag.contains('<')
}

fn no_such(listed: &[Listed], wanted: String) -> Problem {
    let tags = listed.iter().flat_map(|image| &image.tags);
    Problem::NoSuchName {
        wanted,
        names: tags.filter(|tag| is_name(tag)).cloned().collect(),
    }
}
