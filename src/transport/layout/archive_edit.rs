//! Changing what a name in an archive's layout stands for, and taking referrers back: both wait
//! for the commit, and are seen with everything else that it writes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::archive::LayoutArchiveDestination;
use super::edit::check_refers;
use super::rewrite::read_index;
use super::{blob, entries};
use crate::model::{Digest, MediaType, RawDocument, limits};
use crate::transport::edit::{Edit, Edited, ReferrerRemove, Removal, TagEdit};
use crate::transport::local::{Files as _, Work};
use crate::transport::{Destination as _, Naming, Problem, TransportError};

/// What is changed with the next commit beside what is added.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits {
    /// What names stand for then.
    pub(super) named: HashMap<String, RawDocument>,
    /// What is taken out.
    pub(super) removed: BTreeSet<Digest>,
}

impl LayoutArchiveDestination {
    /// The manifest that is called `name` in the archive that is there, checked; nothing
    /// where none is.
    async fn named_there(&self, name: &str) -> Result<Option<RawDocument>, TransportError> {
        let Some(there) = self.there().await? else {
            return Ok(None);
        };
        let (what, name) = (format!("name {name}"), name.to_owned());
        let reading = self.target().run(what, move |_| {
            let work = Work::default();
            let index = read_index(&there, &work)?;
            let digest = entries::named(&index, &name).and_then(|digest| digest.parse().ok());
            let Some(digest): Option<Digest> = digest else {
                return Ok(None);
            };
            let bytes = there.read(&blob::name(&digest), limits::MANIFEST_BYTES, &work)?;
            if !digest.matches(&bytes) {
                let found = Digest::of(digest.algorithm(), &bytes);
                let expected = digest;
                return Err(Problem::WrongDigest { expected, found });
            }
            let raw = RawDocument::hash(bytes.into(), digest.algorithm(), MediaType::default());
            Ok(Some(raw))
        });
        reading.await
    }
}

impl TagEdit for LayoutArchiveDestination {
    fn edit_tag<'a>(
        &'a self,
        tag: &'a str,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            // nobody comes between the reading and the writing
            self.take_turn().await?;
            let there = self.under_tag(tag).await?;
            let what = format!("name {tag}");
            let edited = edit(there.as_ref());
            let edited = edited.map_err(|problem| self.target().fail(what, problem))?;
            let Edited::Other { blobs, manifest } = edited else {
                return Ok(());
            };
            for (descriptor, bytes) in &blobs {
                if !self.has_blob(descriptor).await? {
                    self.put_blob(descriptor, Arc::new(bytes.clone())).await?;
                }
            }
            let before = self.edits().named.insert(tag.to_owned(), manifest.clone());
            if let Some(before) = before {
                self.making().await?.unlist(tag);
                self.need_no_more(before.digest());
            }
            self.put_manifest(&manifest, Naming::Tag(tag)).await
        }
        .boxed()
    }

    fn under_tag<'a>(
        &'a self,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, TransportError>> {
        async move {
            let edited = self.edits().named.get(tag).cloned();
            match edited {
                Some(edited) => Ok(Some(edited)),
                None => self.named_there(tag).await,
            }
        }
        .boxed()
    }
}

impl ReferrerRemove for LayoutArchiveDestination {
    fn remove_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<Removal, TransportError>> {
        async move {
            check_refers(raw).map_err(|(what, problem)| self.target().fail(what, problem))?;
            self.edits().removed.insert(raw.digest().clone());
            Ok(Removal::Deleted)
        }
        .boxed()
    }
}
