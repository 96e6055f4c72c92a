//! One image of a registry as a place to read from.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::OnceCell;

use crate::config::Endpoint;
use crate::model::{Annotations, Descriptor, Digest, RawDocument, Reference, RegistryReference};
use crate::transport::{
    Beside, BlobStream, Connection, DetachedSignatures, MissingTag, More, OtherTags, Problem,
    ReferrerListing, Resolved, Source, TransportError,
};

use super::auth::Scope;
use super::client::{Client, Reached};
use super::extension::Extension;
use super::fault::Fault;
use super::near::others;
use super::referrer::DigestTags;
use super::{blob, manifest, tag};

/// Most pages of tags that are read to say which are close to one that is missing.
const NEAR_PAGES: usize = 2;

/// Longest wait for them.
const NEAR_WAIT: Duration = Duration::from_secs(5);

/// One image of a registry.
pub struct RegistrySource {
    client: Client,
    image: RegistryReference,
    reference: Reference,
    connection: Mutex<Option<Connection>>,
    /// The place that answered, of several that may.
    serving: Mutex<Option<Endpoint>>,
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
            serving: Mutex::default(),
            tags: OnceCell::new(),
        }
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) const fn image(&self) -> &RegistryReference {
        &self.image
    }

    /// Where the image itself is: at the location that `registries.conf` names, never a mirror.
    pub(super) fn home(&self) -> RegistryReference {
        let home = self.client.home(&self.image);
        // what is blocked is refused with the request
        home.unwrap_or_else(|_| self.image.clone())
    }

    pub(super) const fn tags(&self) -> &OnceCell<Arc<DigestTags>> {
        &self.tags
    }

    pub(super) fn remember(&self, reached: Reached) {
        self.remember_at(&self.home(), false, reached);
    }

    fn remember_at(&self, at: &RegistryReference, mirror: bool, reached: Reached) {
        let connection = Connection {
            host: at.host().to_owned(),
            security: reached.security,
            user: reached.user,
            mirror_of: mirror.then(|| self.image.host().to_owned()),
            rate_limit: reached.rate_limit,
        };
        *lock(&self.connection) = Some(connection);
    }

    /// Asks the places that may have the image, one after the other, until one has what is
    /// asked for: the one that answered before, then mirrors, then the registry itself.
    /// What the mirrors said is told with the registry's own error.
    async fn at_any<T, F>(
        &self,
        digest: Option<&Digest>,
        what: &str,
        ask: impl Fn(RegistryReference) -> F,
    ) -> Result<T, TransportError>
    where
        F: Future<Output = Result<(T, Option<Reached>), Fault>>,
    {
        // mirrors that serve digests only have what is asked for by digest
        let image = match digest {
            Some(digest) => self.image.at_digest(digest.clone()),
            None => self.image.clone(),
        };
        let endpoints = self.client.endpoints(&image);
        let mut endpoints =
            endpoints.map_err(|fault| failure(what.to_owned(), &self.image, fault))?;
        let serving = lock(&self.serving).clone();
        if let Some(serving) = serving {
            let name = serving.image.name();
            // a stable sort: the others keep their order
            endpoints.sort_by_key(|endpoint| endpoint.image.name() != name);
        }
        let mut tried = Vec::new();
        let mut own = None;
        for Endpoint { image, mirror } in endpoints {
            match ask(image.clone()).await {
                Ok((found, reached)) => {
                    if let Some(reached) = reached {
                        self.remember_at(&image, mirror, reached);
                    }
                    *lock(&self.serving) = Some(Endpoint { image, mirror });
                    return Ok(found);
                }
                Err(fault) => {
                    let name = image.name();
                    tracing::debug!(%name, mirror, problem = %fault.problem, "not from there");
                    if mirror {
                        tried.push(format!("The mirror {name}: {}", fault.problem));
                    } else {
                        own = Some((image, fault));
                    }
                }
            }
        }
        // the registry itself is always among them
        let (image, fault) = own.unwrap_or_else(|| {
            let nowhere = Fault::lasting(Problem::NotFound);
            (self.image.clone(), nowhere)
        });
        let mut error = failure(what.to_owned(), &image, fault);
        if !tried.is_empty() {
            error.more().details.splice(0..0, tried);
        }
        Err(error)
    }

    /// Adds the tags that are close to the one that is missing.
    async fn advise(&self, mut error: TransportError) -> TransportError {
        let (None, Problem::NotFound) = (self.image.digest(), &error.problem) else {
            return error;
        };
        if !error.what.starts_with("tag ") {
            return error;
        }
        let tag = self.image.identifier().to_owned();
        let home = self.home();
        let listing = tag::list(&self.client, &home, NEAR_PAGES);
        let others = match tokio::time::timeout(NEAR_WAIT, listing).await {
            Ok(list) => others(&tag, &list.tags, list.unfinished.is_none()),
            Err(_) => OtherTags::Unknown,
        };
        let repository = error.place.clone();
        error.more().missing_tag = Some(MissingTag {
            repository,
            tag,
            others,
        });
        error
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a panic cannot leave a single value half changed
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The failure of `what` in the repository of `image`, with the right that it took and
/// whose credentials were shown.
pub(super) fn failure(what: String, image: &RegistryReference, fault: Fault) -> TransportError {
    let unknown_repository = fault.codes.iter().any(|code| code == "NAME_UNKNOWN");
    let told = fault.told.map(|told| *told).unwrap_or_default();
    let host = told.host.unwrap_or_else(|| image.host().to_owned());
    // an address that a manifest names takes no login
    let right = told.right.as_deref().filter(|_| told.elsewhere.is_none());
    let own = told.advice;
    let advice = own.or_else(|| match (&fault.problem, right) {
        (Problem::Unauthorized { .. }, Some(right)) => Some(format!(
            "Log in to {right} (porthole login {host}), or check the name"
        )),
        (Problem::Forbidden { .. }, Some(right)) => Some(format!(
            "It takes the right to {right}: log in as somebody who has it (porthole login {host}), or ask the owner for it"
        )),
        (Problem::WrongCredentials { .. }, _) => Some(format!(
            "Log in again (porthole login {host}): the stored password or token is not valid"
        )),
        // one that gives codes is a registry, and has understood
        (Problem::Refused { .. }, _) if fault.codes.iter().any(|code| code == "NAME_INVALID") => {
            Some("The registry takes no such name: check the repository".to_owned())
        }
        (Problem::Refused { .. }, _) if !fault.codes.is_empty() => {
            Some("See in the details what the registry said".to_owned())
        }
        _ => None,
    });
    let (what, place) = match fault.problem {
        _ if told.elsewhere.is_some() => (what, told.elsewhere.unwrap_or_default()),
        // the registry says which of the two it does not know
        Problem::NotFound if unknown_repository => (
            format!("repository {}", image.repository()),
            image.host().to_owned(),
        ),
        _ => (what, image.name()),
    };
    let mut error = TransportError::new(what, place, fault.problem);
    if advice.is_some() || !told.details.is_empty() {
        let details = told.details;
        let missing_tag = None;
        *error.more() = More {
            advice,
            details,
            missing_tag,
        };
    }
    error
}

impl Source for RegistrySource {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>> {
        async move {
            let kind = if self.image.digest().is_some() {
                "manifest"
            } else {
                "tag"
            };
            let what = format!("{kind} {}", self.image.identifier());
            let resolved = self.at_any(None, &what, |image| async move {
                let (found, reached) = manifest::resolve(&self.client, &image).await?;
                Ok((found, Some(reached)))
            });
            let (raw, notes) = match resolved.await {
                Ok(found) => found,
                Err(error) => return Err(self.advise(error).await),
            };
            Ok(Resolved::Document {
                raw,
                annotations: Annotations::new(),
                notes,
            })
        }
        .boxed()
    }

    fn hint(&self) -> BoxFuture<'_, Option<Digest>> {
        async move {
            let tag = &self.image.identifier();
            let said = self.at_any(None, tag, |image| async move {
                let scope = Scope::pull(image.repository());
                let head = manifest::head(&self.client, &image, tag, "", scope).await;
                head.map(|(headers, reached)| (manifest::said_digest(&headers), Some(reached)))
            });
            match said.await {
                Ok(said) => said,
                // reading it says why, or does better
                Err(error) => {
                    tracing::debug!(problem = %error.problem, "no hint");
                    None
                }
            }
        }
        .boxed()
    }

    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>> {
        async move {
            let what = format!("manifest {}", descriptor.digest);
            self.at_any(Some(&descriptor.digest), &what, |image| async move {
                let read = manifest::pointed_at(&self.client, &image, descriptor).await;
                read.map(|(raw, reached)| (raw, Some(reached)))
            })
            .await
        }
        .boxed()
    }

    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>> {
        async move {
            let what = format!("blob {}", descriptor.digest);
            let opened = self.at_any(Some(&descriptor.digest), &what, |image| {
                let range = range.clone();
                async move {
                    let opened = blob::open(&self.client, &image, descriptor, range);
                    let (pieces, reached) = opened.await?;
                    Ok(((pieces, image), reached))
                }
            });
            let (pieces, image) = opened.await?;
            let pieces = pieces
                .map(move |piece| piece.map_err(|fault| failure(what.clone(), &image, fault)));
            Ok(pieces.boxed())
        }
        .boxed()
    }

    fn lookaside(&self) -> Option<&dyn Beside> {
        Some(self)
    }

    fn own_signatures(&self) -> Option<Box<dyn DetachedSignatures + '_>> {
        let extension = Extension::of(self)?;
        Some(Box::new(extension))
    }

    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        Some(self)
    }

    fn connection(&self) -> Option<Connection> {
        lock(&self.connection).clone()
    }
}
