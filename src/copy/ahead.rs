//! What refers to the parts of an index, asked for while the parts themselves are read: the
//! index names them, so that neither has to wait for the other.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future, stream};

use crate::model::{Digest, Document};
use crate::transport::{Listing, Source, TransportError};

use super::beside::files_of;
use super::planner::AT_ONCE;

/// What the source answered about some of the subjects of a copy.
#[derive(Default)]
pub(super) struct Ahead {
    listings: HashMap<Digest, Listing>,
    files: HashMap<Digest, Result<Vec<Bytes>, TransportError>>,
}

impl Ahead {
    /// Asks `source` about `document` and the manifests that it lists. What fails is known
    /// once it is needed.
    pub async fn ask(source: &dyn Source, document: &Document) -> Self {
        let root = document.raw().digest();
        let listed = document.index().into_iter();
        let listed = listed.flat_map(|index| index.descriptors());
        let listed = listed
            .map(|(_, entry)| entry)
            .filter(|entry| !entry.media_type.is_index());
        let mut seen = HashSet::new();
        let subjects = std::iter::once(root).chain(listed.map(|entry| &entry.digest));
        let subjects = subjects.filter(|digest| seen.insert(*digest));
        let asked = subjects.map(|digest| {
            let listing = match source.referrer_listing() {
                Some(place) => place.referrers(digest).map(Some).boxed(),
                None => future::ready(None).boxed(),
            };
            let files = match files_of(source) {
                Some((files, _)) => files.signatures(digest).map(Some).boxed(),
                None => future::ready(None).boxed(),
            };
            future::join(listing, files).map(move |answers| (digest, answers))
        });
        let asked: Vec<_> = asked.collect();
        let mut asked = stream::iter(asked).buffer_unordered(AT_ONCE);
        let mut ahead = Self::default();
        while let Some((digest, (listing, files))) = asked.next().await {
            ahead
                .listings
                .extend(listing.map(|listing| (digest.clone(), listing)));
            ahead
                .files
                .extend(files.map(|files| (digest.clone(), files)));
        }
        ahead
    }

    /// What refers to `subject`, where it was asked for.
    pub fn listing(&mut self, subject: &Digest) -> Option<Listing> {
        self.listings.remove(subject)
    }

    /// The signatures in files beside `manifest`, where they were asked for.
    pub fn files(&mut self, manifest: &Digest) -> Option<Result<Vec<Bytes>, TransportError>> {
        self.files.remove(manifest)
    }
}
