//! Which entry of `index.json` a reference names.

use std::collections::{HashMap, HashSet};

use crate::model::{
    Descriptor, Digest, ImageName, Index, RegistryReference, annotation, is_cosign_tag,
};
use crate::transport::{NamedImage, Problem};

/// What a name, or the lack of one, stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pick {
    One(Box<Descriptor>),
    /// A manifest in the folder that no entry points at.
    Unlisted(Digest),
    Several(Vec<NamedImage>),
}

/// Finds the entry that `wanted` names.
///
/// A name is compared exactly, in this order, and the first that fits anything decides:
/// 1. `org.opencontainers.image.ref.name`, as containers/image does;
/// 2. containerd's full name, `io.containerd.image.name`;
/// 3. either of them as Docker completes a short name: `busybox:1.37` for
///    `docker.io/library/busybox:1.37`;
/// 4. the end of a `ref.name` behind a colon, as regclient does: `1.37` for
///    `example.com/busybox:1.37`.
///
/// Entries of image types are looked at first, then the others. `@N` counts all entries
/// from 0. A digest stands for the manifest that has it, whether an entry points at it
/// or not.
///
/// Without a name it is the only image; or the only one that has a name, since oras and
/// cosign keep referrers beside it without one; or the image that all entries point at. What
/// has one of cosign's tags for its name vouches for an image and is none.
pub(super) fn pick(index: &Index, wanted: Option<&ImageName>) -> Result<Pick, Problem> {
    match wanted {
        Some(ImageName::Position(position)) => at(index, *position).map(Pick::one),
        Some(ImageName::Name(name)) => named(index, name).map(Pick::one),
        Some(ImageName::Digest(digest)) => Ok(with_digest(index, digest)),
        None => only(index),
    }
}

impl Pick {
    fn one(entry: &Descriptor) -> Self {
        Self::One(Box::new(entry.clone()))
    }
}

fn at(index: &Index, position: usize) -> Result<&Descriptor, Problem> {
    match index.entries.get(position) {
        Some(Ok(entry)) => Ok(entry),
        Some(Err(problem)) => Err(broken_entry(position, problem)),
        None => Err(Problem::NoSuchName {
            wanted: format!("@{position}"),
            names: names(index),
        }),
    }
}

fn with_digest(index: &Index, digest: &Digest) -> Pick {
    let mut entries = index.descriptors().map(|(_, entry)| entry);
    match entries.find(|entry| entry.digest == *digest) {
        Some(entry) => Pick::one(entry),
        None => Pick::Unlisted(digest.clone()),
    }
}

fn named<'a>(index: &'a Index, name: &str) -> Result<&'a Descriptor, Problem> {
    let tail = format!(":{name}");
    let complete = name.parse::<RegistryReference>().ok();
    let complete = complete.map(|reference| reference.to_string());
    // something was added to it, and nothing changed
    let complete = complete.filter(|complete| complete.contains(name));
    let tiers: [&dyn Fn(&Descriptor) -> bool; 4] = [
        &|entry| entry.annotation(annotation::REF_NAME) == Some(name),
        &|entry| entry.annotation(annotation::CONTAINERD_NAME) == Some(name),
        &|entry| {
            let there = [annotation::CONTAINERD_NAME, annotation::REF_NAME];
            let there = there.map(|key| entry.annotation(key));
            complete.is_some() && there.contains(&complete.as_deref())
        },
        &|entry| {
            let there = entry.annotation(annotation::REF_NAME);
            there.is_some_and(|there| there.ends_with(&tail))
        },
    ];
    for images in [true, false] {
        for fits in tiers {
            let entries = index.descriptors().map(|(_, entry)| entry);
            let found: Vec<_> = entries
                .filter(|entry| is_image(entry) == images && fits(entry))
                .collect();
            let Some(first) = found.first() else { continue };
            if found.iter().any(|entry| entry.digest != first.digest) {
                return Err(Problem::NameTwice { count: found.len() });
            }
            return Ok(first);
        }
    }
    Err(Problem::NoSuchName {
        wanted: name.to_owned(),
        names: names(index),
    })
}

fn only(index: &Index) -> Result<Pick, Problem> {
    let all: Vec<_> = index.descriptors().collect();
    let keep = |fits: &dyn Fn(&Descriptor) -> bool| -> Vec<(usize, &Descriptor)> {
        all.iter().copied().filter(|(_, e)| fits(e)).collect()
    };
    // what BuildKit attests is about an image and none itself
    let vouches = |entry: &Descriptor| name_of(entry).is_some_and(is_cosign_tag);
    let images =
        keep(&|entry| is_image(entry) && !entry.is_buildkit_attestation() && !vouches(entry));
    let candidates = if images.is_empty() {
        all.clone()
    } else {
        images
    };
    let Some((_, first)) = candidates.first().copied() else {
        let mut entries = index.entries.iter().enumerate();
        return Err(entries
            .find_map(|(position, entry)| Some(broken_entry(position, entry.as_ref().err()?)))
            .unwrap_or(Problem::NoImages));
    };
    if candidates
        .iter()
        .all(|(_, entry)| entry.digest == first.digest)
    {
        return Ok(Pick::one(first));
    }
    let mut with_name = candidates.iter().filter(|(_, e)| name_of(e).is_some());
    if let (Some((_, entry)), None) = (with_name.next(), with_name.next()) {
        return Ok(Pick::one(entry));
    }
    Ok(Pick::Several(choices(index, &candidates)))
}

/// Each of `entries` with a name that stands for it and nothing else.
fn choices(index: &Index, entries: &[(usize, &Descriptor)]) -> Vec<NamedImage> {
    let meanings = Meanings::of(index);
    let choice = |(position, entry): &(usize, &Descriptor)| NamedImage {
        name: match meanings.name(entry) {
            Some(name) => ImageName::Name(name.to_owned()),
            None => ImageName::Position(*position),
        },
        descriptor: (*entry).clone(),
    };
    entries.iter().map(choice).collect()
}

/// The names that can be asked for, each once, in order.
pub(super) fn names(index: &Index) -> Vec<String> {
    let meanings = Meanings::of(index);
    let mut seen = HashSet::new();
    index
        .descriptors()
        .filter_map(|(_, entry)| meanings.name(entry))
        .filter(|name| seen.insert(*name))
        .map(ToOwned::to_owned)
        .collect()
}

/// What each name in an index stands for; nothing where it stands for two things.
struct Meanings<'a> {
    ref_names: HashMap<&'a str, Option<&'a Digest>>,
    containerd_names: HashMap<&'a str, Option<&'a Digest>>,
}

impl<'a> Meanings<'a> {
    fn of(index: &'a Index) -> Self {
        let collect = |key: &str| {
            let mut meanings: HashMap<&str, Option<&Digest>> = HashMap::new();
            for (_, entry) in index.descriptors() {
                if let Some(name) = entry.annotation(key) {
                    meanings
                        .entry(name)
                        .and_modify(|there| *there = there.filter(|d| **d == entry.digest))
                        .or_insert(Some(&entry.digest));
                }
            }
            meanings
        };
        Self {
            ref_names: collect(annotation::REF_NAME),
            containerd_names: collect(annotation::CONTAINERD_NAME),
        }
    }

    /// A name that stands for `entry` alone and that can be typed.
    fn name<'b>(&self, entry: &'b Descriptor) -> Option<&'b str> {
        if let Some(name) = entry.annotation(annotation::REF_NAME)
            && can_be_typed(name)
            && self.ref_names.get(name).copied().flatten() == Some(&entry.digest)
        {
            return Some(name);
        }
        let name = entry.annotation(annotation::CONTAINERD_NAME)?;
        let alone = !self.ref_names.contains_key(name)
            && self.containerd_names.get(name).copied().flatten() == Some(&entry.digest);
        (alone && can_be_typed(name)).then_some(name)
    }
}

/// Whether a reference with this name is read as this name again.
pub(in crate::transport) fn can_be_typed(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('@')
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

fn name_of(entry: &Descriptor) -> Option<&str> {
    let name = |key| entry.annotation(key).filter(|name| !name.is_empty());
    name(annotation::REF_NAME).or_else(|| name(annotation::CONTAINERD_NAME))
}

/// Whether the entry is of a type that images have; one without any type may be.
fn is_image(entry: &Descriptor) -> bool {
    let media_type = &entry.media_type;
    media_type.is_index() || media_type.is_manifest() || media_type.is_empty()
}

fn broken_entry(position: usize, problem: &crate::model::DescriptorProblem) -> Problem {
    Problem::Broken {
        file: "index.json".to_owned(),
        why: format!("entry {position}: {problem}"),
    }
}
