//! One of the two images: its documents, opened like any other image.

use std::sync::Arc;

use crate::engine::shared::Shared;
use crate::engine::{Failure, fetch, files};
use crate::model::{
    Descriptor, Digest, Document, ImageConfig, Index, Manifest, Platform, Reference, annotation,
    limits,
};
use crate::transport::{self, Located, Resolved, Source};

use super::{ComparedImage, ComparedSide};

/// An image whose documents are known.
pub(super) struct Side {
    pub source: Arc<dyn Source>,
    pub root: Digest,
    /// Whether somebody asked for one platform.
    pub asked: bool,
    /// What the reference stands for, where that is an index.
    pub index: Option<Index>,
    pub document: Document,
    pub config: Option<ImageConfig>,
    /// Entries of the index that say that they describe the manifest.
    pub describing: Vec<Descriptor>,
}

impl Side {
    /// Opens an image and picks its manifest.
    pub(super) async fn open(shared: &Shared, image: &ComparedImage) -> Result<Self, Failure> {
        let Located {
            reference,
            platform,
            ..
        } = transport::locate(&image.reference).map_err(Failure::from)?;
        let asked = image.platform.clone().or(platform);
        let wanted = asked.clone().unwrap_or(shared.config.platform.clone());
        let source = transport::open(&reference, &shared.client);
        source.prepare(Arc::new(|_| ())).await?;
        let raw = match fetch::resolve(&*source, &shared.store).await? {
            Resolved::Document { raw, .. } => raw,
            Resolved::Several(images) => {
                let names: Vec<_> = images.iter().map(|i| i.name.to_string()).collect();
                return Err(Failure::refused(
                    format!("{reference} holds {} images", names.len()),
                    format!(
                        "Add one of their names behind a colon: {}",
                        crate::model::text::middle(&names.join(", "), 200)
                    ),
                ));
            }
        };
        let root = raw.digest().clone();
        let mut side = Self {
            source,
            root,
            asked: asked.is_some(),
            document: Document::read(raw),
            index: None,
            config: None,
            describing: Vec::new(),
        };
        side.index = side.document.index().cloned();
        side.descend(shared, &wanted, asked.is_some()).await?;
        let Some(manifest) = side.document.manifest() else {
            return Err(Failure::refused(
                format!("{reference} cannot be compared: it is no image"),
                "Choose an image, or an index of images",
            ));
        };
        // a config that cannot be read is said by what is not compared
        let config = fetch::config(&*side.source, &shared.store, &manifest.config).await;
        side.config = config.ok();
        Ok(side)
    }

    /// Down to the manifest, through nested indexes.
    async fn descend(
        &mut self,
        shared: &Shared,
        wanted: &Platform,
        asked: bool,
    ) -> Result<(), Failure> {
        for _ in 0..limits::INDEX_DEPTH {
            let Some(index) = self.document.index() else {
                return Ok(());
            };
            let reference = self.source.reference();
            let choice = index.choose(wanted).filter(|c| c.fits() || !asked);
            let Some(choice) = choice else {
                return Err(Failure::refused(
                    format!("{reference} has no image for {wanted}"),
                    "Choose another platform",
                ));
            };
            let Some(Ok(entry)) = index.entries.get(choice.position) else {
                return Ok(());
            };
            let document = fetch::document(&*self.source, &shared.store, entry).await?;
            let subject = entry.digest.to_string();
            self.describing = index
                .descriptors()
                .map(|(_, other)| other)
                .filter(|other| other.annotation(annotation::BUILDKIT_SUBJECT) == Some(&subject))
                .cloned()
                .collect();
            self.document = document;
        }
        Ok(())
    }

    /// Its manifest; [`Self::open`] saw that it is one.
    pub(super) fn manifest(&self) -> Option<&Manifest> {
        self.document.manifest()
    }

    /// Its layers with the DiffIDs that the config promises.
    pub(super) fn layers(&self) -> Vec<(Descriptor, Option<Digest>)> {
        let manifest = self.manifest();
        manifest.map_or_else(Vec::new, |manifest| {
            files::promised_layers(manifest, self.config.as_ref())
        })
    }

    /// Whether its layers come over a network.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.source.reference(), Reference::Registry(_))
    }

    /// What is shown of it.
    pub(super) fn said(&self) -> ComparedSide {
        let layers = self.manifest().map(|manifest| manifest.layers.clone());
        ComparedSide {
            reference: self.source.reference().to_string(),
            digest: self.document.raw().digest().clone(),
            root: self.root.clone(),
            platform: self
                .config
                .as_ref()
                .map(|config| config.platform.clone())
                .filter(|platform| !platform.os.is_empty()),
            layers: layers.unwrap_or_default().into(),
        }
    }
}
