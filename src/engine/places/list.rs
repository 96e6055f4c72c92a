//! Listing what a place holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Listed, Place, PlaceImage};
use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::model::{Reference, RegistryReference, text};
use crate::transport::daemon::{EngineImage, list_images};
use crate::transport::{Located, NamedImage, Resolved, registry};

/// Shortest time between two parts of a list that are shown.
const BETWEEN: Duration = Duration::from_millis(100);

/// What `place` holds; `report` is given what came so far of a long list.
pub(super) async fn list(
    shared: &Shared,
    place: &Place,
    report: impl FnMut(Listed) + Send,
) -> Result<Listed, Failure> {
    let client = &shared.client;
    match place {
        Place::Local(text) => local(shared, text).await,
        Place::Engines => {
            let images = list_images(&shared.config.network).await?;
            Ok(Listed::Images(images.iter().map(engine_image).collect()))
        }
        Place::Registry(host) => {
            let host = parse(&format!("{host}/any"))?;
            let mut growing = Growing::default();
            let part = growing.every_so_often(report);
            let names = registry::catalog_as_it_comes(client, &host, part).await?;
            Ok(growing.listed(&names))
        }
        Place::Repository(name) => {
            let repository = parse(name)?;
            let mut growing = Growing::default();
            let part = growing.every_so_often(report);
            let tags = registry::tags_as_they_come(client, &repository, part).await?;
            Ok(growing.listed(&tags))
        }
    }
}

/// The repository of a place's name.
pub(super) fn parse(name: &str) -> Result<RegistryReference, Failure> {
    name.parse().map_err(|error| {
        Failure::refused(
            format!("{} is no repository: {error}", text::visible(name)),
            "Write it as HOST/NAME, as in registry.example.com/team/app",
        )
    })
}

/// A list that grows at its end. What was passed on of it is shared by the parts that follow:
/// of a hundred thousand names each part would be megabytes.
#[derive(Default)]
struct Growing {
    names: Vec<Arc<str>>,
    last: Option<Instant>,
}

impl Growing {
    /// All that came so far, of which `names` are the whole.
    fn listed(&mut self, names: &[String]) -> Listed {
        let known = names.iter().zip(&self.names);
        let known = known.take_while(|(name, known)| *name.as_str() == ***known);
        let known = known.count();
        self.names.truncate(known);
        let new = names[known..].iter().map(|name| Arc::from(name.as_str()));
        self.names.extend(new);
        Listed::Names(self.names.as_slice().into())
    }

    /// Passes on the first part at once, and later ones not too often.
    fn every_so_often(
        &mut self,
        mut report: impl FnMut(Listed) + Send,
    ) -> impl FnMut(&[String]) + Send {
        move |names| {
            if self.last.is_none_or(|last| last.elapsed() >= BETWEEN) {
                report(self.listed(names));
                self.last = Some(Instant::now());
            }
        }
    }
}

async fn local(shared: &Shared, input: &str) -> Result<Listed, Failure> {
    let (owned, client) = (input.to_owned(), shared.client.clone());
    let located =
        tokio::task::spawn_blocking(move || crate::transport::locate_through(&client, &owned))
            .await;
    let Ok(located) = located else {
        return Err(Failure::refused("the place was not looked at", "Try again"));
    };
    let Located { reference, .. } = located.map_err(Failure::from)?;
    let source = crate::transport::open(&reference, &shared.client);
    let images = match source.resolve().await? {
        Resolved::Document { raw, .. } => {
            let kind = raw.media_type().short_name().unwrap_or("image");
            vec![PlaceImage {
                title: reference.title(),
                detail: kind.to_owned(),
                digest: Some(raw.digest().clone()),
                own_name: None,
                reference,
            }]
        }
        Resolved::Several(images) => images
            .into_iter()
            .filter_map(|image| local_image(&reference, image))
            .collect(),
    };
    Ok(Listed::Images(images.into()))
}

fn local_image(place: &Reference, image: NamedImage) -> Option<PlaceImage> {
    let Reference::Path(path) = place else {
        return None;
    };
    let entry = &image.descriptor;
    let platform = entry.platform.as_ref().map(ToString::to_string);
    let kind = entry.media_type.short_name().unwrap_or("image");
    Some(PlaceImage {
        title: image.name.to_string(),
        detail: platform.unwrap_or_else(|| kind.to_owned()),
        digest: Some(entry.digest.clone()),
        own_name: None,
        reference: Reference::Path(path.with_name(image.name)),
    })
}

fn engine_image(image: &EngineImage) -> PlaceImage {
    // one that lost its names still has its ID
    let name = image.names.first().cloned();
    let id = image.id.strip_prefix("sha256:").unwrap_or(&image.id);
    let short: String = id.chars().take(12).collect();
    let size = image.size.map(text::size);
    let detail = match size {
        Some(size) => format!("{size}, {}", image.engine),
        None => image.engine.clone(),
    };
    PlaceImage {
        title: name.clone().unwrap_or(short),
        detail,
        digest: None,
        own_name: Some(Reference::Daemon(image.id.clone())),
        reference: Reference::Daemon(name.unwrap_or_else(|| image.id.clone())),
    }
}
