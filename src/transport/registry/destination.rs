//! One image of a registry as a place to write to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};

use crate::model::{Descriptor, Digest, RawDocument, Reference, RegistryReference};
use crate::transport::destination::describe_referrer;
use crate::transport::{
    Destination, Mount, Mounted, Naming, Payload, Problem, ReferrerRemove, ReferrerWrite,
    SignatureWrite, TagEdit, Takes, TransportError,
};

use super::auth::Scope;
use super::client::{Client, Request};
use super::fault::Fault;
use super::referrer::lists;
use super::source::failure;
use super::upload::{Begun, mount, upload};
use super::{fallback, manifest, put};

/// One image of a registry, to be written.
pub struct RegistryDestination {
    client: Client,
    /// Where it is written to: at the location that `registries.conf` names.
    image: RegistryReference,
    reference: Reference,
    /// Referrers that the registry does not list by itself, by what they refer to.
    unlisted: Mutex<BTreeMap<Digest, Vec<Descriptor>>>,
}

impl RegistryDestination {
    /// Writes `image` through `client`.
    pub fn new(client: Client, image: RegistryReference) -> Self {
        let reference = Reference::Registry(image.clone());
        // what is blocked is refused with the first request
        let image = client.home(&image).unwrap_or(image);
        Self {
            client,
            reference,
            image,
            unlisted: Mutex::default(),
        }
    }

    /// The client that it writes through.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// The image as it was named, wherever `registries.conf` says that it is.
    pub(super) fn named_image(&self) -> &RegistryReference {
        match &self.reference {
            Reference::Registry(image) => image,
            // it is made of nothing else
            Reference::Path(_) | Reference::Daemon(_) => &self.image,
        }
    }

    /// The image that is written.
    pub(super) const fn image(&self) -> &RegistryReference {
        &self.image
    }

    pub(super) fn fail(&self, what: impl Into<String>, fault: Fault) -> TransportError {
        failure(what.into(), &self.image, fault)
    }

    /// What the image is put under: its tag, where it has one beside a digest.
    fn own_name(&self) -> String {
        let tag = self.image.tag().map(str::to_owned);
        tag.unwrap_or_else(|| self.image.identifier())
    }

    async fn head_manifest(
        &self,
        identifier: &str,
        kind: &str,
    ) -> Result<Option<HeaderMap>, Fault> {
        let scope = Scope::push(self.image.repository());
        let head = manifest::head(&self.client, &self.image, identifier, kind, scope).await;
        present(head.map(|(headers, _)| headers))
    }

    /// The digest of what a tag stands for now; nothing where there is no such tag.
    pub(super) async fn digest_of(&self, tag: &str) -> Result<Option<Digest>, Fault> {
        let Some(headers) = self.head_manifest(tag, "").await? else {
            return Ok(None);
        };
        if let Some(said) = manifest::said_digest(&headers) {
            return Ok(Some(said));
        }
        // one that does not say it is read
        match manifest::tagged(&self.client, &self.image, tag).await {
            Ok((raw, _)) => Ok(Some(raw.digest().clone())),
            Err(fault) if fault.problem == Problem::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn has(&self, blob: &Descriptor) -> Result<bool, Fault> {
        let scope = Scope::push(self.image.repository());
        let path = format!("blobs/{}", blob.digest);
        let request = Request::of(Method::HEAD, &self.image, &path, scope);
        let reply = match present(self.client.open(&request).await)? {
            Some(reply) => reply,
            None => return Ok(false),
        };
        let length = reply.answer.headers().get(CONTENT_LENGTH);
        let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        // one of another size is not the blob, whatever the registry says
        Ok(length.is_none_or(|length| length == blob.size))
    }

    async fn put_referring(&self, raw: &RawDocument) -> Result<(), Fault> {
        if describe_referrer(raw).is_none() {
            return Err(Fault::lasting(Problem::Broken {
                file: "manifest".to_owned(),
                why: "it refers to nothing".to_owned(),
            }));
        }
        self.put_listed(&raw.digest().to_string(), raw).await
    }

    /// Writes a manifest under `name`. One that refers to something, whatever else it is, is
    /// noted for the fallback tag where the registry does not list it by itself.
    async fn put_listed(&self, name: &str, raw: &RawDocument) -> Result<(), Fault> {
        let stored = put::manifest(&self.client, &self.image, name, raw).await?;
        if !stored.subject {
            self.note_unlisted(raw).await;
        }
        Ok(())
    }

    /// Notes a manifest that lies there for the fallback tag, where it refers to something and
    /// the registry does not list it by itself.
    pub(super) async fn note_unlisted(&self, raw: &RawDocument) {
        let Some((subject, descriptor)) = describe_referrer(raw) else {
            return;
        };
        if lists(&self.client, &self.image, &subject.digest, raw.digest()).await {
            return;
        }
        let unlisted = &self.unlisted;
        let mut unlisted = unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        unlisted.entry(subject.digest).or_default().push(descriptor);
    }
}

/// What was answered, or nothing where it is not there.
fn present<T>(answered: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answered {
        Ok(value) => Ok(Some(value)),
        // a repository that does not exist yet has nothing either
        Err(fault) if fault.status == Some(404) => Ok(None),
        Err(fault) => Err(fault),
    }
}

impl Destination for RegistryDestination {
    fn reference(&self) -> &Reference {
        &self.reference
    }

    fn takes(&self) -> Takes {
        Takes {
            indexes: true,
            manifests: true,
            names: true,
            tags: true,
        }
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Digest>, TransportError>> {
        async {
            let name = self.own_name();
            let found = match self.image.digest().filter(|_| self.image.tag().is_none()) {
                Some(digest) => self
                    .head_manifest(&name, "")
                    .await
                    .map(|head| head.map(|_| digest.clone())),
                None => self.digest_of(&name).await,
            };
            found.map_err(|fault| self.fail(format!("tag {name}"), fault))
        }
        .boxed()
    }

    fn named<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Digest>, TransportError>> {
        async move {
            let what = || format!("tag {name}");
            if self.image.at_tag(name).is_err() {
                let problem = Problem::NoTag;
                return Err(self.fail(what(), problem.into()));
            }
            let found = self.digest_of(name).await;
            found.map_err(|fault| self.fail(what(), fault))
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> BoxFuture<'a, Result<bool, TransportError>> {
        async move {
            let has = self.has(blob).await;
            has.map_err(|fault| self.fail(format!("blob {}", blob.digest), fault))
        }
        .boxed()
    }

    fn put_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        upload(&self.client, &self.image, blob, payload, None).boxed()
    }

    fn has_manifest<'a>(
        &'a self,
        manifest: &'a Descriptor,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        async move {
            let digest = manifest.digest.to_string();
            let head = self
                .head_manifest(&digest, manifest.media_type.as_str())
                .await;
            let head = head.map_err(|fault| self.fail(format!("manifest {digest}"), fault))?;
            Ok(head.is_some())
        }
        .boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        raw: &'a RawDocument,
        naming: Naming<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let name = match naming {
                Naming::Digest => raw.digest().to_string(),
                Naming::Own => self.own_name(),
                Naming::Tag(tag) => tag.to_owned(),
            };
            let put = self.put_listed(&name, raw).await;
            put.map_err(|fault| self.fail(format!("manifest {name}"), fault))
        }
        .boxed()
    }

    fn commit(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        async move {
            let unlisted = {
                let unlisted = self.unlisted.lock();
                let mut unlisted = unlisted.unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *unlisted)
            };
            let adding = unlisted.iter().map(|(subject, referrers)| async move {
                let added = fallback::add(&self.client, &self.image, subject, referrers).await;
                added.map_err(|fault| self.fail(format!("referrers of {subject}"), fault))
            });
            try_join_all(adding).await.map(drop)
        }
        .boxed()
    }

    fn mounting(&self) -> Option<&dyn Mount> {
        Some(self)
    }

    fn tag_editing(&self) -> Option<&dyn TagEdit> {
        Some(self)
    }

    fn referrer_removal(&self) -> Option<&dyn ReferrerRemove> {
        Some(self)
    }

    fn referrer_writing(&self) -> Option<&dyn ReferrerWrite> {
        Some(self)
    }

    fn signature_writing(&self) -> Option<&dyn SignatureWrite> {
        Some(self)
    }
}

impl Mount for RegistryDestination {
    fn can_mount(&self, source: &Reference) -> Option<RegistryReference> {
        match source {
            Reference::Registry(image)
                if image.host() == self.image.host()
                    && image.repository() != self.image.repository() =>
            {
                Some(image.clone())
            }
            _ => None,
        }
    }

    fn mount<'a>(
        &'a self,
        blob: &'a Descriptor,
        from: &'a RegistryReference,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<Mounted, TransportError>> {
        async move {
            let begun = mount(&self.client, &self.image, blob, from.repository()).await;
            let session = match begun {
                Ok(Begun::Mounted) => return Ok(Mounted::Yes),
                Ok(Begun::Session(session)) => Some(*session),
                // whatever it is, writing shows whether it matters
                Err(fault) => {
                    tracing::debug!(problem = %fault.problem, "no mount");
                    None
                }
            };
            upload(&self.client, &self.image, blob, payload, session).await?;
            Ok(Mounted::Written)
        }
        .boxed()
    }
}

impl ReferrerWrite for RegistryDestination {
    fn put_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let put = self.put_referring(raw).await;
            put.map_err(|fault| self.fail(format!("manifest {}", raw.digest()), fault))
        }
        .boxed()
    }

    fn is_listed<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<bool, TransportError>> {
        async move {
            let Some((subject, _)) = describe_referrer(raw) else {
                return Ok(true);
            };
            let (client, image) = (&self.client, &self.image);
            if lists(client, image, &subject.digest, raw.digest()).await {
                return Ok(true);
            }
            let listed = fallback::lists(client, image, &subject.digest, raw.digest()).await;
            listed.map_err(|fault| self.fail(format!("referrers of {}", subject.digest), fault))
        }
        .boxed()
    }
}
