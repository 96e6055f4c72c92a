//! What refers to a manifest in a place, and how sure the answer is.
//!
//! A place is asked in several ways, and each answers for itself: "none", "cannot list
//! them" and "could not be read" are three things, and only the first says that nothing
//! is there.

use std::collections::HashMap;
use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{Descriptor, Digest, RawDocument, limits};

use super::TransportError;

/// A place that can say what refers to its manifests.
pub trait ReferrerListing: Send + Sync {
    /// Everything that is known here to refer to `subject`, one level deep.
    ///
    /// Nothing of it was checked but its form: only the manifest of a referrer tells what
    /// it is and what it refers to. What is the same for all subjects (a list of tags, a
    /// look through a folder) is asked for once and kept as long as this value lives.
    fn referrers<'a>(&'a self, subject: &'a Digest) -> BoxFuture<'a, Listing>;

    /// Whether the place says that it does not exist yet, so that nothing in it refers to
    /// anything. One that cannot tell does not say so.
    fn is_new(&self) -> BoxFuture<'_, bool> {
        async { false }.boxed()
    }
}

/// What a place answered about one subject.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Each digest once, in the order in which they were found.
    pub referrers: Vec<ListedReferrer>,
    /// How each way of asking was answered.
    pub asked: Vec<Asked>,
    /// How many more there are past [`limits::LISTED_REFERRERS`].
    pub left_out: usize,
    /// Where each digest stands in `referrers`.
    positions: HashMap<Digest, usize>,
}

/// One referrer as the place knows it.
#[derive(Clone, Debug)]
pub struct ListedReferrer {
    pub descriptor: Descriptor,
    /// Where it was found, each place once.
    pub found: Vec<Found>,
    /// Its manifest, where the place had to read it to find it.
    pub raw: Option<RawDocument>,
}

/// Where a referrer was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub way: Way,
    /// The tag, where it was by one.
    pub tag: Option<String>,
}

/// A way to ask what refers to a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// distribution-spec, "Listing Referrers".
    Api,
    /// distribution-spec, "Referrers Tag Schema".
    FallbackTag,
    /// Tags that cosign names after the digest.
    CosignTag,
    /// Entries of a layout's `index.json`.
    IndexJson,
    /// Manifests in a layout that nothing lists.
    Blob,
    /// Entries of the index that the subject lies in, as BuildKit writes attestations.
    InIndex,
}

/// How one way of asking was answered.
#[derive(Clone, Debug)]
pub struct Asked {
    pub way: Way,
    pub answer: Answer,
}

/// An answer to one way of asking.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was asked, and so many were named.
    Named(usize),
    /// The place does not know this way.
    NotSupported,
    /// It could not be read, or not to its end. What was named before that is listed.
    NotRead(TransportError),
}

/// What the answers come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListingOutcome {
    /// The place was asked: what is listed is what there is, be it nothing.
    Listed,
    /// The place was asked and has no way to list referrers.
    CannotList,
    /// Something could not be read: there may be more than is listed.
    NotRead,
}

impl Way {
    /// A word for machines, as in the JSON of `porthole referrers`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::FallbackTag => "fallback-tag",
            Self::CosignTag => "cosign-tag",
            Self::IndexJson => "index.json",
            Self::Blob => "blob",
            Self::InIndex => "index",
        }
    }

    /// For people: what was asked.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Api => "the referrers API",
            Self::FallbackTag => "the referrers tag",
            Self::CosignTag => "cosign's tags",
            Self::IndexJson => "index.json",
            Self::Blob => "every blob",
            Self::InIndex => "the index",
        }
    }

    /// Whether every kind of referrer can be found this way.
    const fn is_general(self) -> bool {
        !matches!(self, Self::CosignTag | Self::InIndex)
    }
}

impl Found {
    /// Found in a way that needs no tag.
    pub const fn by(way: Way) -> Self {
        Self { way, tag: None }
    }

    /// Found by `tag`.
    pub fn by_tag(way: Way, tag: impl Into<String>) -> Self {
        Self {
            way,
            tag: Some(tag.into()),
        }
    }
}

/// For machines, as in the JSON of `porthole referrers`: `fallback-tag:sha256-…`.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.way.name())?;
        match &self.tag {
            Some(tag) => write!(f, ":{tag}"),
            None => Ok(()),
        }
    }
}

impl ListingOutcome {
    /// A word for machines, as in the JSON of `porthole referrers`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::CannotList => "cannot-list",
            Self::NotRead => "not-read",
        }
    }
}

impl Listing {
    /// Adds a referrer. One that is there already is remembered as found once more.
    pub fn add(&mut self, descriptor: Descriptor, found: Found, raw: Option<RawDocument>) {
        if let Some(position) = self.positions.get(&descriptor.digest) {
            let there = &mut self.referrers[*position];
            if !there.found.contains(&found) {
                there.found.push(found);
            }
            if there.raw.is_none() {
                there.raw = raw;
            }
            return;
        }
        if self.referrers.len() >= limits::LISTED_REFERRERS {
            self.left_out += 1;
            return;
        }
        let position = self.referrers.len();
        self.positions.insert(descriptor.digest.clone(), position);
        self.referrers.push(ListedReferrer {
            descriptor,
            found: vec![found],
            raw,
        });
    }

    /// Notes how a way of asking was answered.
    pub fn answered(&mut self, way: Way, answer: Answer) {
        self.asked.push(Asked { way, answer });
    }

    /// What the answers come to.
    pub fn outcome(&self) -> ListingOutcome {
        outcome(&self.asked)
    }
}

/// What the answers come to: one that could not be read spoils the whole; and unless one
/// general way was answered, nothing can be said at all.
pub(crate) fn outcome(asked: &[Asked]) -> ListingOutcome {
    let mut listed = false;
    for Asked { way, answer } in asked {
        match answer {
            Answer::NotRead(_) => return ListingOutcome::NotRead,
            Answer::Named(_) => listed |= way.is_general(),
            Answer::NotSupported => {}
        }
    }
    if listed {
        ListingOutcome::Listed
    } else {
        ListingOutcome::CannotList
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Problem;

    #[test]
    fn one_answer_that_could_not_be_read_spoils_the_whole() {
        let not_read = || {
            let problem = Problem::RateLimited { retry_after: None };
            Answer::NotRead(TransportError::new("tags", "host/name", problem))
        };
        let cases = [
            (vec![], ListingOutcome::CannotList),
            (vec![(Way::Api, Answer::Named(0))], ListingOutcome::Listed),
            (
                vec![
                    (Way::Api, Answer::NotSupported),
                    (Way::FallbackTag, Answer::Named(0)),
                ],
                ListingOutcome::Listed,
            ),
            (
                vec![
                    (Way::Api, Answer::NotSupported),
                    (Way::FallbackTag, Answer::NotSupported),
                ],
                ListingOutcome::CannotList,
            ),
            (
                vec![
                    (Way::Api, Answer::NotSupported),
                    (Way::FallbackTag, Answer::NotSupported),
                    (Way::CosignTag, Answer::Named(1)),
                ],
                ListingOutcome::CannotList,
            ),
            (
                vec![(Way::Api, Answer::Named(3)), (Way::CosignTag, not_read())],
                ListingOutcome::NotRead,
            ),
            (
                vec![(Way::Api, not_read()), (Way::FallbackTag, Answer::Named(0))],
                ListingOutcome::NotRead,
            ),
        ];
        for (answers, expected) in cases {
            let asked = answers
                .into_iter()
                .map(|(way, answer)| Asked { way, answer });
            let asked: Vec<_> = asked.collect();
            assert_eq!(outcome(&asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn what_is_found_twice_is_listed_once() {
        let mut listing = Listing::default();
        let descriptor = |text: &str| Descriptor::new("", Digest::sha256(text.as_bytes()), 1);
        listing.add(descriptor("a"), Found::by(Way::Api), None);
        listing.add(descriptor("b"), Found::by(Way::Api), None);
        let tag = Found::by_tag(Way::CosignTag, "x.sig");
        listing.add(descriptor("a"), tag.clone(), None);
        listing.add(descriptor("a"), tag.clone(), None);
        let found: Vec<_> = listing.referrers.iter().map(|r| r.found.clone()).collect();
        assert_eq!(
            found,
            [vec![Found::by(Way::Api), tag], vec![Found::by(Way::Api)]]
        );
    }
}
