//! One image of a registry as a place to read from.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::OnceCell;

use crate::model::{Annotations, Descriptor, RawDocument, Reference, RegistryReference};
use crate::transport::{
    BlobStream, Connection, Problem, ReferrerListing, Resolved, Source, TransportError,
};

use super::client::{Client, Reached};
use super::fault::Fault;
use super::referrer::DigestTags;
use super::{blob, manifest};

/// One image of a registry.
pub struct RegistrySource {
    client: Client,
    image: RegistryReference,
    reference: Reference,
    connection: Mutex<Option<Connection>>,
    /// The tags made of digests, once somebody asked for referrers.
    tags: OnceCell<Arc<DigestTags>>,
}

impl RegistrySource {
    /// Reads `image` through `client`.
    pub fn new(client: Client, image: RegistryReference) -> Self {
        Self {
            client,
            reference: Reference::Registry(image.clone()),
            image,
            connection: Mutex::default(),
            tags: OnceCell::new(),
        }
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) const fn image(&self) -> &RegistryReference {
        &self.image
    }

    pub(super) const fn tags(&self) -> &OnceCell<Arc<DigestTags>> {
        &self.tags
    }

    pub(super) fn remember(&self, reached: Reached) {
        let connection = Connection {
            host: self.image.host().to_owned(),
            security: reached.security,
            user: reached.user,
        };
        let mut kept = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some(connection);
    }
}

/// The failure of `what` in the repository of `image`.
pub(super) fn failure(what: String, image: &RegistryReference, fault: Fault) -> TransportError {
    let unknown_repository = fault.codes.iter().any(|code| code == "NAME_UNKNOWN");
    match fault.problem {
        // the registry says which of the two it does not know
        Problem::NotFound if unknown_repository => TransportError::new(
            format!("repository {}", image.repository()),
            image.host(),
            Problem::NotFound,
        ),
        problem => TransportError::new(what, image.name(), problem),
    }
}

impl Source for RegistrySource {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>> {
        async {
            let resolved = manifest::resolve(&self.client, &self.image).await;
            let (raw, reached) = resolved.map_err(|fault| {
                let kind = if self.image.digest().is_some() {
                    "manifest"
                } else {
                    "tag"
                };
                let what = format!("{kind} {}", self.image.identifier());
                failure(what, &self.image, fault)
            })?;
            self.remember(reached);
            Ok(Resolved::Document {
                raw,
                annotations: Annotations::new(),
                notes: Vec::new(),
            })
        }
        .boxed()
    }

    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        async {
            let read = manifest::pointed_at(&self.client, &self.image, descriptor).await;
            let (raw, reached) = read.map_err(|fault| {
                failure(
                    format!("manifest {}", descriptor.digest),
                    &self.image,
                    fault,
                )
            })?;
            self.remember(reached);
            Ok(raw)
        }
        .boxed()
    }

    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>> {
        async {
            let what = format!("blob {}", descriptor.digest);
            let opened = blob::open(&self.client, &self.image, descriptor, range).await;
            let (pieces, reached) =
                opened.map_err(|fault| failure(what.clone(), &self.image, fault))?;
            if let Some(reached) = reached {
                self.remember(reached);
            }
            let image = Arc::new((what, self.image.clone()));
            let pieces = pieces
                .map(move |piece| piece.map_err(|fault| failure(image.0.clone(), &image.1, fault)));
            Ok(pieces.boxed())
        }
        .boxed()
    }

    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        Some(self)
    }

    fn connection(&self) -> Option<Connection> {
        let kept = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }
}
