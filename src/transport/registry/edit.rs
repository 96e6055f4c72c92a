//! Changing what a tag stands for, and taking referrers back: distribution-spec, "Referrers
//! Tag Schema" and "Deleting Manifests".
//!
//! As with the list of referrers: a tag cannot be changed only if nobody else changed it, so
//! whoever writes looks again a moment later.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::Instant;

use crate::model::{Descriptor, RawDocument};
use crate::transport::destination::describe_referrer;
use crate::transport::edit::{Edit, Edited, ReferrerRemove, Removal, TagChange, TagEdit};
use crate::transport::{Delete, Destination, Problem, TransportError};

use super::destination::RegistryDestination;
use super::fault::Fault;
use super::{fallback, manifest, put};

/// How often a tag is looked at before it is given up.
const TRIES: u32 = 32;

/// How many tags are looked at at once.
const AT_ONCE: usize = 8;

/// How often what was written must be found there, one time after the other.
const LOOKS: u32 = 2;

/// Shortest wait before it is looked at again: one that is shorter would be over while another
/// program waits for a processor between its look and its writing. With 20 ms a signature of four
/// that were made at once on two busy processors was lost.
const LEAST: Duration = Duration::from_millis(150);

/// Longest such wait: nobody waits for a copy without end.
const MOST: Duration = Duration::from_secs(1);

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

impl RegistryDestination {
    /// Lists what lies under tags and refers to something itself, where the registry does not.
    async fn list(&self, there: &[RawDocument]) -> Result<(), TransportError> {
        for raw in there {
            self.note_unlisted(raw).await;
        }
        // without lists that are to be written nothing is asked or sent
        self.commit().await
    }
}

/// A tag that is being changed.
struct Changing<'a> {
    tag: &'a str,
    /// Made in this order.
    edits: Vec<Edit<'a>>,
    /// When it was written last.
    wrote: Option<Instant>,
    /// How long it is waited after that.
    settle: Duration,
    /// Whether others were seen to write it.
    contested: bool,
    /// How often what was written was found there, one time after the other.
    found: u32,
}

impl Changing<'_> {
    /// When it is looked at again.
    fn due(&self) -> Instant {
        let pause = pause(self.settle, self.contested);
        // those who saw each other count from now, each in its own time
        match self.wrote.filter(|_| !self.contested) {
            Some(wrote) => wrote + pause * (self.found + 1),
            None => Instant::now() + pause,
        }
    }

    /// What the tag is to stand for instead of `there`; nothing where all is there.
    fn wanted(&self, there: Option<&RawDocument>) -> Result<Option<Written>, Problem> {
        for edit in &self.edits {
            if let Edited::Other { blobs, manifest } = edit(there)? {
                return Ok(Some((blobs, manifest)));
            }
        }
        Ok(None)
    }
}

/// What came of looking at a tag.
enum Looked<'a> {
    /// All is there; what the tag stands for.
    Ended(Option<RawDocument>),
    /// It is to be looked at again.
    Again(Changing<'a>),
}

/// A manifest, and the blobs that it needs beside those that are there.
type Written = (Vec<(Descriptor, Bytes)>, RawDocument);

impl RegistryDestination {
    /// Looks at a tag once, and writes what it lacks.
    async fn look<'a>(&self, mut changing: Changing<'a>) -> Result<Looked<'a>, TransportError> {
        let tag = changing.tag;
        let began = Instant::now();
        let fail = |fault: Fault| self.fail(format!("tag {tag}"), fault);
        let there = self.under(tag).await.map_err(fail)?;
        let wanted = changing.wanted(there.as_ref());
        let wanted = wanted.map_err(|problem| fail(Fault::lasting(problem)))?;
        let Some((blobs, manifest)) = wanted else {
            changing.found += 1;
            let ended = changing.wrote.is_none() || changing.found == LOOKS;
            return Ok(match ended {
                true => Looked::Ended(there),
                false => Looked::Again(changing),
            });
        };
        changing.found = 0;
        changing.contested |= changing.wrote.is_some();
        let mut now = there.as_ref().map(|raw| raw.digest().clone());
        let read = now.clone();
        if !blobs.is_empty() {
            for (descriptor, bytes) in blobs {
                if !self.has_blob(&descriptor).await? {
                    self.put_blob(&descriptor, Arc::new(bytes)).await?;
                }
            }
            // they took their time: what is written over is what was read
            let there = self.under(tag).await.map_err(fail)?;
            now = there.map(|raw| raw.digest().clone());
        }
        if now == read {
            let put = put::manifest(self.client(), self.image(), tag, &manifest).await;
            put.map_err(fail)?;
            changing.wrote = Some(Instant::now());
            changing.settle = settle(began.elapsed());
        } else {
            changing.contested = true;
        }
        Ok(Looked::Again(changing))
    }
}

/// How long is waited after something was written that others may write, too, where reading and
/// writing it took `took`: the same registry lets others wait as long between theirs, and some
/// of them longer. A tag is looked at once more after twice as long, a list of referrers is not.
pub(super) fn settle(took: Duration) -> Duration {
    (took * 2).clamp(LEAST, MOST)
}

/// How long is waited after something was written that others may write, too: `settle`. Where
/// others were seen to write it, up to twice as long: so that those who saw each other do not
/// go on in step.
pub(super) fn pause(settle: Duration, contested: bool) -> Duration {
    if !contested {
        return settle;
    }
    let most = u64::try_from(settle.as_millis()).unwrap_or(u64::MAX);
    settle + Duration::from_millis(RandomState::new().build_hasher().finish() % most.max(1))
}

impl TagEdit for RegistryDestination {
    fn edit_tag<'a>(
        &'a self,
        tag: &'a str,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let change = TagChange {
                tag: tag.to_owned(),
                edit: Box::new(edit),
            };
            self.edit_tags(&[change]).await
        }
        .boxed()
    }

    fn edit_tags<'a>(
        &'a self,
        changes: &'a [TagChange<'a>],
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let mut by_tag: BTreeMap<&str, Vec<Edit<'_>>> = BTreeMap::new();
            for change in changes {
                by_tag.entry(&change.tag).or_default().push(&*change.edit);
            }
            let (mut held, mut changing) = (Vec::new(), Vec::new());
            for (tag, edits) in by_tag {
                // in the order of their names: of two that want the same tags, neither has
                // what the other waits for
                held.push(self.client().hold_tag(self.image(), tag).await);
                changing.push(Changing {
                    tag,
                    edits,
                    wrote: None,
                    settle: LEAST,
                    contested: false,
                    found: 0,
                });
            }
            let mut ended = Vec::new();
            for _ in 0..TRIES {
                let looks = changing.into_iter().map(|one| self.look(one));
                let looks: Vec<_> = looks.collect();
                let looked = stream::iter(looks).buffer_unordered(AT_ONCE);
                // where one fails, the others are not cut off while they write
                let looked: Vec<_> = looked.collect().await;
                let looked: Result<Vec<_>, _> = looked.into_iter().collect();
                changing = Vec::new();
                for looked in looked? {
                    match looked {
                        Looked::Ended(there) => ended.extend(there),
                        Looked::Again(one) => changing.push(one),
                    }
                }
                if changing.is_empty() {
                    drop(held);
                    return self.list(&ended).await;
                }
                let due = changing.iter().map(Changing::due).max();
                tokio::time::sleep_until(due.unwrap_or_else(Instant::now)).await;
            }
            let tag = changing.first().map_or("", |changing| changing.tag);
            let busy = Fault::protocol(format!("others write the tag {tag} all the time"));
            Err(self.fail(format!("tag {tag}"), busy))
        }
        .boxed()
    }

    fn under_tag<'a>(
        &'a self,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, TransportError>> {
        async move {
            let there = self.under(tag).await;
            there.map_err(|fault| self.fail(format!("tag {tag}"), fault))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_waited_as_long_as_the_registry_lets_others_wait() {
        let millis = Duration::from_millis;
        for (took, expected) in [(0, 150), (9, 150), (100, 200), (400, 800), (5_000, 1_000)] {
            assert_eq!(settle(millis(took)), millis(expected), "{took} ms");
        }
        for _ in 0..20 {
            assert_eq!(pause(millis(100), false), millis(100));
            let contested = pause(millis(100), true);
            assert!(
                (millis(100)..millis(200)).contains(&contested),
                "{contested:?}"
            );
        }
    }
}
