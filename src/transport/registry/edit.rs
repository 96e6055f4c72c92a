//! Changing what a tag stands for, and taking referrers back: distribution-spec, "Referrers
//! Tag Schema" and "Deleting Manifests".
//!
//! As with the list of referrers: a tag cannot be changed only if nobody else changed it, so
//! whoever writes looks again a moment later.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::RawDocument;
use crate::transport::destination::describe_referrer;
use crate::transport::edit::{Edit, Edited, ReferrerRemove, Removal, TagEdit};
use crate::transport::{Delete, Destination, Problem, TransportError};

use super::destination::RegistryDestination;
use super::fault::Fault;
use super::{fallback, manifest, put};

/// How often a tag is looked at before it is given up.
const TRIES: u32 = 32;

/// How often what was written must be found there, one time after the other.
const LOOKS: u32 = 2;

/// How long after the writing it is looked at again: longer than another one takes between
/// its reading and its writing.
const SETTLE: Duration = Duration::from_millis(150);

impl RegistryDestination {
    /// What `tag` stands for; nothing where there is no such tag.
    async fn under(&self, tag: &str) -> Result<Option<RawDocument>, Fault> {
        match manifest::tagged(self.client(), self.image(), tag).await {
            Ok((raw, _)) => Ok(Some(raw)),
            Err(fault) if fault.problem == Problem::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

impl TagEdit for RegistryDestination {
    fn edit_tag<'a>(
        &'a self,
        tag: &'a str,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let fail = |fault: Fault| self.fail(format!("tag {tag}"), fault);
            let _held = self.client().hold_tag(self.image(), tag).await;
            let (mut wrote, mut settled) = (false, 0);
            for _ in 0..TRIES {
                let there = self.under(tag).await.map_err(fail)?;
                let edited = edit(there.as_ref()).map_err(|p| fail(Fault::lasting(p)))?;
                if let Edited::Other { blobs, manifest } = edited {
                    settled = 0;
                    for (descriptor, bytes) in blobs {
                        if !self.has_blob(&descriptor).await? {
                            self.put_blob(&descriptor, Arc::new(bytes)).await?;
                        }
                    }
                    // the blobs took their time: what is written over is what was read
                    let now = self.under(tag).await.map_err(fail)?;
                    let digest = |raw: Option<RawDocument>| raw.map(|raw| raw.digest().clone());
                    if digest(now) != digest(there) {
                        continue;
                    }
                    let put = put::manifest(self.client(), self.image(), tag, &manifest).await;
                    put.map_err(fail)?;
                    wrote = true;
                } else {
                    settled += 1;
                    if !wrote || settled == LOOKS {
                        return Ok(());
                    }
                }
                let chance = RandomState::new().build_hasher().finish() % 150;
                tokio::time::sleep(SETTLE + Duration::from_millis(chance)).await;
            }
            Err(fail(Fault::protocol(format!(
                "others write the tag {tag} all the time"
            ))))
        }
        .boxed()
    }
}

impl ReferrerRemove for RegistryDestination {
    fn remove_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<Removal, TransportError>> {
        async move {
            let what = format!("manifest {}", raw.digest());
            let Some((subject, _)) = describe_referrer(raw) else {
                let (file, why) = ("manifest".to_owned(), "it refers to nothing".to_owned());
                return Err(self.fail(what, Fault::lasting(Problem::Broken { file, why })));
            };
            // first the list: what it names must be there
            let (client, image) = (self.client(), self.image());
            let unlisted = fallback::remove(client, image, &subject.digest, raw.digest()).await;
            let unlisted = unlisted.map_err(|fault| self.fail(what, fault))?;
            match self.delete_manifest(raw.digest()).await {
                Ok(()) => Ok(Removal::Deleted),
                Err(error) if unlisted && matches!(error.problem, Problem::NoDelete { .. }) => {
                    Ok(Removal::Unlisted)
                }
                Err(error) => Err(error),
            }
        }
        .boxed()
    }
}
