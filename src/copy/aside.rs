//! What refers to an index that is written anew: it is about the one as it was, and stays.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use crate::model::{ArtifactKind, Descriptor, Digest};
use crate::transport::Source;

use super::belonging::names_any;
use super::plan::LeftBehind;
use super::planner::AT_ONCE;

/// Why what is about an index stays where that is written anew.
pub(super) const ANEW: &str =
    "the index is written anew, and it is about the one as it was (--sparse keeps that)";

/// Why what is about an index stays where one image of it is written.
pub(super) const ONE_IMAGE: &str = "one image of the index is written, and it is about the whole (without --single it comes along)";

/// What refers at `source` to the `whole` index and to those in it (`inner`), which are not
/// copied as they are; `why` says why it stays.
pub(super) async fn about<'a>(
    source: &dyn Source,
    whole: Option<&'a Digest>,
    inner: impl Iterator<Item = &'a Digest>,
    why: &str,
) -> Vec<LeftBehind> {
    let Some(listing) = source.referrer_listing() else {
        return Vec::new();
    };
    let whole = whole.map(|index| (index, "the whole index")).into_iter();
    let indexes = whole.chain(inner.map(|index| (index, "an index that lies in it")));
    let mut seen = HashSet::new();
    let asked = indexes
        .filter(|(index, _)| seen.insert(*index))
        .map(|(index, called)| async move { (listing.referrers(index).await, called) });
    let asked: Vec<_> = asked.collect();
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut left = Vec::new();
    for (answer, called) in answers {
        if !names_any(&answer.asked) {
            continue;
        }
        left.extend(answer.referrers.into_iter().map(|referrer| LeftBehind {
            what: in_words(&referrer.descriptor, called),
            digest: Some(referrer.descriptor.digest),
            why: why.to_owned(),
        }));
    }
    left
}

/// What `referrer` is to an index that is `called` so.
fn in_words(referrer: &Descriptor, called: &str) -> String {
    let Some(own) = &referrer.artifact_type else {
        return format!("what refers to {called}");
    };
    let kind = ArtifactKind::of_type(Some(own), &referrer.annotations);
    format!("{kind} of {called}")
}
