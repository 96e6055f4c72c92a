//! What a tag stands for, in few words: read where somebody looks at it.

use crate::engine::shared::Shared;
use crate::engine::{Failure, fetch};
use crate::model::{
    Descriptor, Digest, Document, MediaType, Platform, RawDocument, Reference, annotation, limits,
};
use crate::transport::{RateLimit, Resolved, Source};

use super::Place;
use super::list::parse;

/// Most platforms that are named of one tag.
const PLATFORMS: usize = 50;

/// What a tag stands for at the moment it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFacts {
    pub digest: Digest,
    pub media_type: MediaType,
    /// Those that an index names, or that of the image.
    pub platforms: Vec<Platform>,
    /// Manifest, config and layers in bytes, of the image for the wanted platform; nothing
    /// where none fits or sizes are not said.
    pub size: Option<u64>,
    /// When that image was built, as it is written.
    pub created: Option<String>,
    /// Why nothing but the digest is known, and that only as the registry says it: it counts
    /// what is read, and little is left.
    pub spared: Option<RateLimit>,
}

/// Reads what `tag` stands for: the document, of an index the image for the wanted
/// platform, and its config. All of it by way of the cache: what the registry says that the
/// tag stands for is not read again where it is there. Where the registry counts what is
/// read and little is left, no more is asked.
pub(super) async fn read(shared: &Shared, place: &Place, tag: &str) -> Result<TagFacts, Failure> {
    let Place::Repository(name) = place else {
        return Err(Failure::refused("only repositories have tags", ""));
    };
    let reference = parse(name)?.at_tag(tag).map_err(|error| {
        Failure::refused(error.to_string(), "The registry lists it all the same")
    })?;
    let source = crate::transport::open(&Reference::Registry(reference), &shared.client);
    let raw = match hinted(shared, &*source).await {
        Some(Hint::Cached(raw)) => raw,
        Some(Hint::Spared(digest, limit)) => {
            return Ok(TagFacts {
                digest,
                media_type: MediaType::default(),
                platforms: Vec::new(),
                size: None,
                created: None,
                spared: Some(limit),
            });
        }
        None => match fetch::resolve(&*source, &shared.store).await? {
            Resolved::Document { raw, .. } => raw,
            Resolved::Several(_) => {
                return Err(Failure::refused("a tag stands for one image", ""));
            }
        },
    };
    let root = Document::read(raw);
    let mut facts = TagFacts {
        digest: root.raw().digest().clone(),
        media_type: root.media_type().clone(),
        platforms: platforms(&root),
        size: None,
        created: created(&root),
        spared: None,
    };
    // what is known so far is worth showing, whatever the rest gives
    if let Some(image) = image(shared, &*source, root).await? {
        let manifest = image.manifest();
        let known = manifest.filter(|manifest| manifest.sizes_known());
        facts.size = known.map(|m| m.blob_size().saturating_add(image.raw().size()));
        let config = manifest.map(|manifest| &manifest.config);
        if let Some(config) = config.filter(|config| config.media_type.is_image_config())
            && let Ok(config) = fetch::config(&*source, &shared.store, config).await
        {
            facts.created = config.created.clone().or(facts.created);
            if facts.platforms.is_empty() && config.problem.is_none() {
                facts.platforms.push(config.platform.clone());
            }
        }
    }
    Ok(facts)
}

/// What can be had without reading what a tag stands for.
enum Hint {
    /// It was read before, and hashed then.
    Cached(RawDocument),
    /// It should not be read.
    Spared(Digest, RateLimit),
}

async fn hinted(shared: &Shared, source: &dyn Source) -> Option<Hint> {
    let digest = source.hint().await?;
    if let Some(raw) = shared.store.get(&digest, &MediaType::default()).await {
        return Some(Hint::Cached(raw));
    }
    let limit = source.connection()?.rate_limit?;
    limit.is_scarce().then_some(Hint::Spared(digest, limit))
}

/// The manifest for the wanted platform, through nested indexes.
async fn image(
    shared: &Shared,
    source: &dyn Source,
    root: Document,
) -> Result<Option<Document>, Failure> {
    let mut document = root;
    for _ in 0..limits::INDEX_DEPTH {
        let Some(index) = document.index() else {
            return Ok(document.manifest().is_some().then_some(document));
        };
        let Some(choice) = index.choose(&shared.config.platform) else {
            return Ok(None);
        };
        let Some(Ok(entry)) = index.entries.get(choice.position) else {
            return Ok(None);
        };
        document = match fetch::document(source, &shared.store, entry).await {
            Ok(document) => document,
            // a sparse index is no error of the tag
            Err(_) => return Ok(None),
        };
    }
    Ok(None)
}

fn platforms(root: &Document) -> Vec<Platform> {
    let entries = root.index().into_iter().flat_map(|index| {
        let entries = index.descriptors().map(|(_, entry)| entry);
        entries.filter(|entry: &&Descriptor| !entry.is_buildkit_attestation())
    });
    entries
        .filter_map(|entry| entry.platform.clone())
        .filter(|platform| !platform.is_unknown())
        .take(PLATFORMS)
        .collect()
}

fn created(root: &Document) -> Option<String> {
    let annotations = match (root.index(), root.manifest()) {
        (Some(index), _) => &index.annotations,
        (_, Some(manifest)) => &manifest.annotations,
        _ => return None,
    };
    annotations.get(annotation::CREATED).cloned()
}
