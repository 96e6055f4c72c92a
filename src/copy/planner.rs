//! Making a plan: reading what is to be copied, and asking the destination what it has.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::future::{try_join, try_join_all};

use crate::model::{Digest, Document, MediaKind, Platform, Reference};
use crate::transport::{Destination, Resolved, Source};

use super::ahead::Ahead;
use super::aside;
use super::belonging::{self, Found};
use super::beside::{self, Places, Signed};
use super::blobs::blobs;
use super::chosen;
use super::error::{Attached, CopyError};
use super::gather::{Gather, Node};
use super::kept::Kept;
use super::options::{CopyOptions, Format, Selection, Wanted};
use super::plan::{Action, LeftBehind, Plan, PlannedDocument, PlannedName, Role};
use super::settle;

/// How many blobs, or sets of signatures, are asked for at once.
pub(super) const AT_ONCE: usize = 16;

/// Plans a copy of what `source` stands for to `destination`. `there` reads the destination,
/// where it can be read; `host` is this machine's platform, for places that hold one image.
/// Nothing is written.
///
/// # Errors
/// Where a place fails, or the copy would not be what is asked for.
pub async fn plan(
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    there: Option<Arc<dyn Source>>,
    options: &CopyOptions,
    host: &Platform,
) -> Result<Plan, CopyError> {
    if matches!(&options.selection, Selection::Some(wanted) if wanted.is_empty()) {
        return Err(CopyError::refused(
            "no image is chosen, so that there is nothing to copy",
            "Choose at least one platform (--platform OS/ARCH), or all of them (--all)",
        ));
    }
    let (resolved, replaces) = try_join(source.resolve(), async {
        destination.prepare().await?;
        destination.current().await
    })
    .await?;
    let raw = match resolved {
        Resolved::Document { raw, .. } => raw,
        Resolved::Several(images) => {
            let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
            return Err(CopyError::refused(
                format!("{} holds {} images", source.reference(), images.len()),
                format!(
                    "Add one of their names behind a colon: {}",
                    names.join(", ")
                ),
            ));
        }
    };
    let from = raw.digest().clone();
    let document = Document::read(raw.clone());
    let is_index = document.index().is_some();
    let mut gather = Gather {
        source: &source,
        destination: &destination,
        options,
        wanted: None,
        seen: Mutex::default(),
        kept: Kept::default(),
        // the name comes after the lists
        unlisted: matches!(destination.reference(), Reference::Registry(_))
            && replaces.as_ref() != Some(&from),
    };
    if let Some(index) = document.index() {
        gather.wanted = wanted(options, gather.writes_one(), host);
        if options.sparse && gather.writes_one() {
            return Err(not_sparse(
                "one image is written, and no index",
                "Leave it out (without --sparse)",
            ));
        }
        gather.settle(index, host).await?;
    }
    let ask_ahead = async {
        // of what is chosen of an index it is not known yet
        let asks = !options.no_referrers && options.format == Format::Keep;
        Ok(match gather.wanted() {
            None if asks => Ahead::ask(&*source, &document).await,
            _ => Ahead::default(),
        })
    };
    let (root, mut ahead) = try_join(gather.root(raw), ask_ahead).await?;
    if let (Selection::Some(wanted), false) = (&options.selection, is_index) {
        chosen::alone(&*source, &document, wanted, host).await?;
    }
    if options.sparse && is_index && root.changed() {
        return Err(not_sparse(
            "the other format writes the index anew",
            "Keep the format (--format keep), or leave that out (without --sparse)",
        ));
    }
    let replaces = replaces.map(|there| known_as(&root, there));
    refuse_changes(&root, &*destination, options)?;
    if !destination.takes().manifests {
        refuse_unpacking(&root, &*destination, options)?;
    }

    let mut nodes = Vec::new();
    root.walk(&mut nodes);
    let mut left: Vec<_> = gather.unread().into_iter().map(not_read).collect();
    left.extend(gather.attesting(&root.from.digest));
    let places = Places {
        source: &source,
        destination: &destination,
        there: there.as_ref(),
    };
    let subjects = (&root, &nodes[..], &from);
    let found = belonging_to(&places, options, subjects, &mut ahead, &mut left).await?;
    let mut belongings = found.manifests;
    settle::write_damaged(&*destination, &mut belongings).await?;
    settle::write_unlisted(&*destination, &mut belongings).await?;
    let signatures = if options.no_referrers {
        Vec::new()
    } else {
        let manifests = nodes.iter().map(|node| signed(node, options));
        let list = (root.from.digest != from).then(|| Signed {
            manifest: from.clone(),
            own: false,
            changed: true,
            stays: Some("it is about the whole index, of which one image is copied"),
        });
        let manifests: Vec<_> = manifests.chain(list).collect();
        let mut sets = places
            .signatures(options, &manifests, &mut ahead, &mut left)
            .await?;
        for (manifest, files) in found.files {
            beside::add_files(&mut sets, (&manifest, manifest == *root.digest()), files);
        }
        places.note_there(&mut sets).await?;
        sets
    };

    let names = names(&*destination, options, &root).await?;
    let unpacks = !destination.takes().manifests;

    // an engine that has the image is given it all the same: it tells no more than its ID
    let mut stands = replaces.as_ref().filter(|_| !unpacks);
    if let (Some(there), Some(raw)) = (stands, &root.raw)
        && there == raw.digest()
        && !settle::is_listed(&*destination, raw).await?
    {
        // what is called by its digest alone is seen before it is listed
        stands = None;
    }
    let mut own: Vec<_> = nodes.iter().map(|node| planned(node, stands)).collect();
    // the image comes last of all: nobody sees it before it is whole
    let image = own.pop();
    let mut known: HashSet<_> = own.iter().map(|document| document.digest.clone()).collect();
    for belonging in &belongings {
        let entries = belonging.nodes().into_iter();
        let entries = entries.filter(|entry| known.insert(entry.digest().clone()));
        own.extend(entries.map(|entry| planned(entry, None)));
        own.push(PlannedDocument {
            children: belonging.entries.iter().flat_map(Node::listed).collect(),
            ..belonging.document.clone()
        });
    }
    own.extend(image);
    let mount_from = destination
        .mounting()
        .and_then(|mounting| mounting.can_mount(source.reference()));
    let blobs = blobs(
        &source,
        &*destination,
        options,
        (&nodes, &belongings),
        mount_from.as_ref(),
    )
    .await?;
    Ok(Plan {
        source: source.reference().to_string(),
        destination: destination.reference().to_string(),
        options: options.clone(),
        from,
        digest: root.digest().clone(),
        replaces,
        names,
        documents: own,
        blobs,
        signatures,
        left_behind: left,
        left_out: gather.left_out(),
        mount_from,
        unpacks,
    })
}

/// Refuses to leave images out of an index that is kept as it is, where it is not kept.
fn not_sparse(why: &str, hint: &str) -> CopyError {
    CopyError::refused(
        format!("no sparse index can be written, which stays as it is byte for byte: {why}"),
        hint,
    )
}

/// What the destination has as `there`, as it is called here: such a place as knows digests of
/// one algorithm alone has it under another name, and an engine by its config.
fn known_as(root: &Node, there: Digest) -> Digest {
    match &root.raw {
        Some(raw) if there.matches(raw.bytes()) => raw.digest().clone(),
        Some(raw) if root.config().as_ref() == Some(&there) => raw.digest().clone(),
        _ => there,
    }
}

/// An index in the one that is copied, which the copy goes on without.
fn not_read(index: Digest) -> LeftBehind {
    LeftBehind {
        what: "an index that lies in it".to_owned(),
        digest: Some(index),
        why: "the source does not have it, and what is wanted was found elsewhere".to_owned(),
    }
}

/// What the image will be called too, and what those names stand for now.
async fn names(
    destination: &dyn Destination,
    options: &CopyOptions,
    root: &Node,
) -> Result<Vec<PlannedName>, CopyError> {
    // it is nothing only for what lies in an index
    let Some(image) = &root.raw else {
        return Ok(Vec::new());
    };
    if !options.also.is_empty() && !destination.takes().names {
        return Err(CopyError::refused(
            format!("{} holds one image under no name", destination.reference()),
            "Leave the other names out (--also), or copy to a place that has names",
        ));
    }
    let mut seen = HashSet::new();
    let wanted: Vec<_> = options
        .also
        .iter()
        .filter(|name| seen.insert(*name))
        .collect();
    let asked = wanted.into_iter().map(|name| async move {
        Ok::<_, CopyError>(PlannedName {
            replaces: destination
                .named(name)
                .await?
                .map(|there| known_as(root, there)),
            name: name.clone(),
            raw: image.clone(),
        })
    });
    try_join_all(asked).await
}

/// What is wanted of an index; nothing for all of it. `one` says that one image is written.
fn wanted(options: &CopyOptions, one: bool, host: &Platform) -> Option<Vec<Wanted>> {
    match &options.selection {
        Selection::Some(wanted) => Some(wanted.clone()),
        Selection::Usual if one => Some(vec![Wanted::Platform(host.clone())]),
        Selection::All | Selection::Usual => None,
    }
}

/// Refuses where what is written has another digest than it must have.
fn refuse_changes(
    root: &Node,
    destination: &dyn Destination,
    options: &CopyOptions,
) -> Result<(), CopyError> {
    let mut nodes = Vec::new();
    root.walk(&mut nodes);
    if options.preserve_digests
        && let Some(changed) = nodes.iter().find(|node| node.changed())
    {
        let (why, hint) = match options.format {
            Format::Keep => (
                "leaving images out writes the index anew",
                "Copy all of it, keep the index as it is (--sparse), or let digests change (without --preserve-digests)",
            ),
            Format::Oci | Format::Docker => (
                "the other format has other digests",
                "Keep the format (--format keep), or let digests change (without --preserve-digests)",
            ),
        };
        return Err(CopyError::refused(
            format!(
                "the digest of {} would change: {why}",
                changed.role.describe()
            ),
            hint,
        ));
    }
    let wanted = match destination.reference() {
        Reference::Registry(image) => image.digest().cloned(),
        Reference::Path(path) => match &path.name {
            Some(crate::model::ImageName::Digest(digest)) => Some(digest.clone()),
            _ => None,
        },
        Reference::Daemon(_) => None,
    };
    match wanted {
        Some(wanted) if wanted != *root.digest() => Err(CopyError::refused(
            format!(
                "the destination names {wanted}, and the image would be {}",
                root.digest()
            ),
            "Name a tag, or the digest that the image has",
        )),
        _ => Ok(()),
    }
}

/// Refuses what cannot be unpacked into a place that keeps config and layers only.
fn refuse_unpacking(
    root: &Node,
    destination: &dyn Destination,
    options: &CopyOptions,
) -> Result<(), CopyError> {
    let place = destination.reference();
    if options.preserve_digests {
        return Err(CopyError::refused(
            format!("{place} keeps no manifest, so that no digest of one is preserved"),
            "Copy to oci:, dir: or a registry, or let digests change (without --preserve-digests)",
        ));
    }
    let document = root.raw.clone().map(Document::read);
    let manifest = document.as_ref().and_then(Document::manifest);
    let Some(manifest) = manifest.filter(|manifest| !manifest.is_artifact()) else {
        return Err(CopyError::refused(
            format!("{place} takes images only, and this is none"),
            "Copy it to oci:, dir: or a registry",
        ));
    };
    for (position, layer) in manifest.layers.iter().enumerate() {
        let mut fetched = "";
        let why = match layer.media_type.kind() {
            MediaKind::Layer {
                encrypted: true, ..
            } => "is encrypted".to_owned(),
            MediaKind::Layer { foreign: true, .. }
                if !layer.urls.is_empty() && !options.foreign_layers =>
            {
                fetched = ", or fetch such layers too (--foreign-layers)";
                "is not to be distributed, and would be missing unless it is fetched".to_owned()
            }
            MediaKind::Layer { .. } => continue,
            _ => format!("is of the type {}", layer.media_type),
        };
        return Err(CopyError::refused(
            format!("{place} takes unpacked layers only, and layer {position} {why}"),
            format!("Copy it to oci:, dir: or a registry{fetched}"),
        ));
    }
    Ok(())
}

fn signed(node: &Node, options: &CopyOptions) -> Signed {
    let changed = node.changed();
    let stays = "the index is written anew, and it is about the one as it was";
    Signed {
        manifest: node.from.digest.clone(),
        own: node.role == Role::Image,
        changed,
        stays: (changed && options.format == Format::Keep).then_some(stays),
    }
}

/// Refuses a conversion that would make signatures or statements worthless.
pub(super) fn invalidated(kinds: &str, what: Attached) -> CopyError {
    CopyError::Stuck {
        why: format!("{kinds} would not be valid any more: they are about another digest"),
        hint: "Keep the format, or leave them behind (--no-referrers; --remove-signatures for signatures alone)".to_owned(),
        what,
    }
}

/// What refers to the image and to everything in its index.
async fn belonging_to(
    places: &Places<'_>,
    options: &CopyOptions,
    (root, nodes, from): (&Node, &[&Node], &Digest),
    ahead: &mut Ahead,
    left: &mut Vec<LeftBehind>,
) -> Result<Found, CopyError> {
    if options.no_referrers {
        return Ok(Found::default());
    }
    let converted = options.format != Format::Keep && nodes.iter().any(|node| node.changed());
    let subjects: Vec<_> = nodes
        .iter()
        .filter(|node| converted || !node.changed())
        .map(|node| node.from.digest.clone())
        .collect();
    let found = belonging::referrers(places, options, &subjects, ahead, left).await?;
    if let Some((kinds, what)) = found.kinds().filter(|_| converted) {
        return Err(invalidated(&kinds, what));
    }
    if !converted {
        let rewritten = root.changed() || *root.digest() != *from;
        let whole = rewritten.then_some(from);
        let inner = nodes.iter().filter(|node| node.changed());
        let inner = inner.map(|node| &node.from.digest);
        // one that is in it as it is, too, is no subject that is left out
        let inner = inner.filter(|index| !subjects.contains(index));
        let why = match options.single {
            true => aside::ONE_IMAGE,
            false => aside::ANEW,
        };
        left.extend(aside::about(&**places.source, whole, inner, why).await);
    }
    Ok(found)
}

fn planned(node: &Node, replaces: Option<&Digest>) -> PlannedDocument {
    let named = node.role == Role::Image;
    let changed = node.changed();
    let action = match &node.raw {
        // it is read again when it is written
        None if node.later => Action::Write,
        None => Action::Skip,
        Some(raw) if named && replaces == Some(raw.digest()) => Action::Skip,
        Some(_) if changed => Action::Convert,
        Some(_) => Action::Write,
    };
    let (media_type, size) = match &node.raw {
        Some(raw) => (Document::read(raw.clone()).media_type().clone(), raw.size()),
        None => (node.from.media_type.clone(), node.from.size),
    };
    PlannedDocument {
        digest: node.digest().clone(),
        media_type,
        size,
        from: changed.then(|| node.from.digest.clone()),
        replaces: None,
        role: node.role.clone(),
        action,
        signs: false,
        children: node.listed().collect(),
        raw: node.raw.clone().filter(|_| action != Action::Skip),
    }
}
