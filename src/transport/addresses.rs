//! Layers that lie where their addresses say (image-spec, "Non-distributable layers"), for
//! an image on this machine: a registry's source asks there itself.

use std::ops::Range;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{Descriptor, Digest, RawDocument, Reference};

use super::registry::Client;
use super::{
    Beside, BlobCheck, BlobState, BlobStream, Connection, DetachedSignatures, ReferrerListing,
    Report, Resolved, Source, TransportError,
};

/// A place whose blobs are asked for at their addresses where it does not have them.
pub(super) struct WithAddresses {
    pub(super) place: Arc<dyn Source>,
    pub(super) client: Client,
}

impl Source for WithAddresses {
    fn reference(&self) -> &Reference {
        self.place.reference()
    }

    fn prepare(&self, report: Report) -> BoxFuture<'_, Result<(), TransportError>> {
        self.place.prepare(report)
    }

    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>> {
        self.place.resolve()
    }

    fn hint(&self) -> BoxFuture<'_, Option<Digest>> {
        self.place.hint()
    }

    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        self.place.manifest(descriptor)
    }

    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>> {
        async move {
            match self.place.blob(descriptor, range.clone()).await {
                Err(error) if error.problem.is_missing() && !descriptor.urls.is_empty() => {
                    self.client.blob_elsewhere(descriptor, range).await
                }
                opened => opened,
            }
        }
        .boxed()
    }

    fn connection(&self) -> Option<Connection> {
        self.place.connection()
    }

    fn blob_check(&self) -> Option<&dyn BlobCheck> {
        self.place.blob_check().map(|_| self as &dyn BlobCheck)
    }

    fn detached_signatures(&self) -> Option<&dyn DetachedSignatures> {
        self.place.detached_signatures()
    }

    fn lookaside(&self) -> Option<&dyn Beside> {
        self.place.lookaside()
    }

    fn own_signatures(&self) -> Option<Box<dyn DetachedSignatures + '_>> {
        self.place.own_signatures()
    }

    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        self.place.referrer_listing()
    }
}

impl BlobCheck for WithAddresses {
    fn presence<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, BlobState> {
        async move {
            let Some(check) = self.place.blob_check() else {
                return BlobState::NotChecked;
            };
            match check.presence(descriptor).await {
                // its addresses may have it, and are asked once it is wanted
                BlobState::Missing if !descriptor.urls.is_empty() => BlobState::NotChecked,
                state => state,
            }
        }
        .boxed()
    }
}
