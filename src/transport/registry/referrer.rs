//! Referrers: distribution-spec, "Listing Referrers" and "Referrers Tag Schema", and the
//! tags that cosign names after a digest.
//!
//! One request to the API for each digest, and one list of tags for the repository, which
//! says which of the tags made of digests exist. Where the list of tags is refused, the
//! tags are asked for one by one.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, join_all};
use reqwest::header::HeaderMap;

use crate::model::{
    Algorithm, Content, CosignTag, Descriptor, Digest, Document, MediaType, RawDocument,
    RegistryReference, limits, referrers_tag,
};
use crate::transport::{Answer, Found, Listing, Problem, ReferrerListing, Way};

use super::client::Client;
use super::error_body::describe_other;
use super::fault::Fault;
use super::page::{Pages, too_many};
use super::source::{RegistrySource, failure};
use super::{manifest, tag};

/// Says that the registry left out what does not fit a filter.
const FILTERS: &str = "oci-filters-applied";

/// Most pages of tags that are read. Where a repository has more, asking for single tags
/// is quicker than reading all of them.
const TAG_PAGES: usize = 20;

/// The tags of a repository that are made of digests.
pub(super) struct DigestTags {
    tags: HashSet<String>,
    /// Why one that is not among them may exist all the same.
    unfinished: Option<Fault>,
}

impl ReferrerListing for RegistrySource {
    fn referrers<'a>(&'a self, subject: &'a Digest) -> BoxFuture<'a, Listing> {
        async move {
            let mut listing = Listing::default();
            let (api, tags) = join(self.by_api(subject), self.digest_tags()).await;
            let answered = matches!(api.answer, Answer::Named(_));
            api.put(&mut listing);
            // what was attached before a registry got the API may be listed there only
            if !answered || tags.tags.contains(&referrers_tag(subject)) {
                self.by_fallback_tag(subject, &tags).await.put(&mut listing);
            }
            self.by_cosign_tags(subject, &tags).await.put(&mut listing);
            listing
        }
        .boxed()
    }

    fn is_new(&self) -> BoxFuture<'_, bool> {
        async {
            let tags = self.digest_tags().await;
            let unfinished = tags.unfinished.as_ref();
            unfinished.is_some_and(|fault| fault.status == Some(404) && is_name_unknown(fault))
        }
        .boxed()
    }
}

/// What one way of asking brought.
struct Brought {
    way: Way,
    answer: Answer,
    referrers: Vec<(Descriptor, Found, Option<RawDocument>)>,
}

impl Brought {
    const fn nothing(way: Way, answer: Answer) -> Self {
        Self {
            way,
            answer,
            referrers: Vec::new(),
        }
    }

    /// Adds it to what the other ways brought.
    fn put(self, listing: &mut Listing) {
        for (descriptor, found, raw) in self.referrers {
            listing.add(descriptor, found, raw);
        }
        listing.answered(self.way, self.answer);
    }
}

impl RegistrySource {
    /// Asks the API, unless the registry is known to have none.
    async fn by_api(&self, subject: &Digest) -> Brought {
        let way = Way::Api;
        if self.client().lacks_referrers(&self.home()) {
            return Brought::nothing(way, Answer::NotSupported);
        }
        let mut referrers = Vec::new();
        let mut answered = false;
        let read = self.read_api(subject, &mut referrers, &mut answered).await;
        let answer = match read {
            Ok(()) => Answer::Named(referrers.len()),
            Err(fault) if !answered && is_not_supported(&fault) => {
                // one that knows manifests may only mean this one, as a bad request is one of many
                let of_this = fault.codes.iter().any(|code| code == "MANIFEST_UNKNOWN");
                if !of_this && fault.status != Some(400) {
                    self.client().note_lack_of_referrers(&self.home());
                }
                Answer::NotSupported
            }
            Err(fault) => self.not_read(format!("referrers of {subject}"), fault),
        };
        Brought {
            way,
            answer,
            referrers: with_found(referrers, &Found::by(way)),
        }
    }

    /// Reads all pages. `answered` tells whether there was a first one.
    async fn read_api(
        &self,
        subject: &Digest,
        referrers: &mut Vec<Descriptor>,
        answered: &mut bool,
    ) -> Result<(), Fault> {
        let path = format!("referrers/{subject}");
        let home = self.home();
        let mut pages = Pages::new(self.client(), &home, &path, MediaType::OCI_INDEX);
        let mut broken = None;
        while let Some(page) = pages.next().await? {
            *answered = true;
            let filters = filters_applied(&page.headers);
            let body = page.body.clone();
            let read = read_index(body, &page.headers, "a list of referrers", referrers)?;
            self.remember(page.reached);
            if let Some(filters) = filters {
                // nothing asked it to
                let why = format!("it left out what does not fit its own filter {filters:?}");
                broken = broken.or(Some(Fault::protocol(why)));
            }
            broken = broken.or(read);
            if pages.has_more() && referrers.len() >= limits::LISTED_REFERRERS {
                return Err(too_many("referrers", limits::LISTED_REFERRERS));
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// Looks for the tag that lists referrers where there is no API.
    async fn by_fallback_tag(&self, subject: &Digest, tags: &DigestTags) -> Brought {
        let way = Way::FallbackTag;
        let tag = referrers_tag(subject);
        let raw = match self.digest_tag(&tag, tags).await {
            Ok(Some(raw)) => raw,
            Ok(None) => return Brought::nothing(way, Answer::Named(0)),
            Err(answer) => return Brought::nothing(way, answer),
        };
        let mut referrers = Vec::new();
        let mut headers = HeaderMap::new();
        if let Ok(kind) = raw.media_type().as_str().parse() {
            headers.insert(reqwest::header::CONTENT_TYPE, kind);
        }
        let body = raw.bytes().clone();
        let answer = match read_index(body, &headers, "an index of referrers", &mut referrers) {
            Ok(None) => Answer::Named(referrers.len()),
            Ok(Some(fault)) | Err(fault) => self.not_read(format!("tag {tag}"), fault),
        };
        Brought {
            way,
            answer,
            referrers: with_found(referrers, &Found::by_tag(way, tag)),
        }
    }

    /// Looks for the tags that cosign names after the digest.
    async fn by_cosign_tags(&self, subject: &Digest, tags: &DigestTags) -> Brought {
        let way = Way::CosignTag;
        // a registry cannot have a tag that is too long to be one
        let names = CosignTag::ALL.map(|kind| kind.of(subject));
        let names = names
            .into_iter()
            .filter(|name| self.image().at_tag(name).is_ok());
        let asked = names.map(|name| async move {
            let read = self.digest_tag(&name, tags).await;
            (name, read)
        });
        let mut brought = Brought::nothing(way, Answer::Named(0));
        let mut refused = None;
        for (name, read) in join_all(asked).await {
            match read {
                Ok(Some(raw)) => {
                    let document = Document::read(raw.clone());
                    let kind = document.media_type().as_str();
                    let descriptor = Descriptor::new(kind, raw.digest().clone(), raw.size());
                    let found = Found::by_tag(way, name);
                    brought.referrers.push((descriptor, found, Some(raw)));
                }
                Ok(None) => {}
                // what could not be read says more than what is not supported
                Err(answer) => match refused {
                    Some(Answer::NotRead(_)) => {}
                    _ => refused = Some(answer),
                },
            }
        }
        brought.answer = refused.unwrap_or(Answer::Named(brought.referrers.len()));
        brought
    }

    /// The manifest called `name`; nothing where there is no such tag.
    async fn digest_tag(
        &self,
        name: &str,
        tags: &DigestTags,
    ) -> Result<Option<RawDocument>, Answer> {
        let listed = tags.tags.contains(name);
        if !listed {
            match &tags.unfinished {
                None => return Ok(None),
                Some(fault) if is_of_the_way(&fault.problem) => {
                    let what = format!("tags of {}", self.image().repository());
                    return Err(self.not_read(what, fault.clone()));
                }
                Some(_) => {}
            }
        }
        match manifest::tagged(self.client(), &self.home(), name).await {
            Ok((raw, reached)) => {
                self.remember(reached);
                Ok(Some(raw))
            }
            // the list of tags has it: something lies there, whatever is said of it now
            Err(fault) if listed => Err(self.not_read(format!("tag {name}"), fault)),
            Err(fault) if fault.problem == Problem::NotFound && !is_name_unknown(&fault) => {
                Ok(None)
            }
            // manifests are known everywhere: such a 404 is a page of something else
            Err(fault) if fault.status != Some(404) && is_not_supported(&fault) => {
                Err(Answer::NotSupported)
            }
            Err(fault) => Err(self.not_read(format!("tag {name}"), fault)),
        }
    }

    /// The tags made of digests, asked for once for all subjects.
    async fn digest_tags(&self) -> Arc<DigestTags> {
        let tags = self.tags().get_or_init(|| async {
            let list = tag::list(self.client(), &self.home(), TAG_PAGES).await;
            if let Some(reached) = list.reached {
                self.remember(reached);
            }
            let names = list.tags.into_iter();
            let of_digest = |name: &String| {
                let algorithms = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
                let mut algorithms = algorithms.into_iter().map(Algorithm::name);
                algorithms.any(|algorithm| {
                    name.strip_prefix(algorithm)
                        .is_some_and(|rest| rest.starts_with('-'))
                })
            };
            Arc::new(DigestTags {
                tags: names.filter(of_digest).collect(),
                unfinished: list.unfinished.or(list.odd),
            })
        });
        Arc::clone(tags.await)
    }

    fn not_read(&self, what: String, fault: Fault) -> Answer {
        Answer::NotRead(failure(what, &self.home(), fault))
    }
}

/// Whether the referrers API of the registry says that `referrer` refers to `subject`. That
/// it has none is remembered; what else goes wrong is no.
pub(super) async fn lists(
    client: &Client,
    image: &RegistryReference,
    subject: &Digest,
    referrer: &Digest,
) -> bool {
    if client.lacks_referrers(image) {
        return false;
    }
    let source = RegistrySource::new(client.clone(), image.clone());
    let brought = source.by_api(subject).await;
    let mut listed = brought.referrers.iter();
    listed.any(|(descriptor, ..)| descriptor.digest == *referrer)
}

/// Adds what an index lists. Gives the first of its entries that is none.
///
/// # Errors
/// Where it is no index.
fn read_index(
    body: bytes::Bytes,
    headers: &HeaderMap,
    what: &str,
    referrers: &mut Vec<Descriptor>,
) -> Result<Option<Fault>, Fault> {
    let said = super::error_body::content_type(headers);
    let raw = RawDocument::hash(body, Algorithm::Sha256, MediaType::new(&said));
    let document = Document::read(raw);
    let index = match document.content() {
        Content::Index(index) => index,
        Content::Invalid(error) => {
            let sent = describe_other(headers, document.bytes());
            return Err(Fault::protocol(if sent.is_empty() {
                format!("it sent nothing where {what} was asked for")
            } else {
                format!("it sent {sent} where {what} was asked for: {error}")
            }));
        }
        Content::Manifest(_) | Content::Unknown => {
            return Err(Fault::protocol(format!(
                "it sent {} where {what} was asked for",
                document.kind()
            )));
        }
    };
    let mut broken = None;
    for (position, entry) in index.entries.iter().enumerate() {
        match entry {
            Ok(descriptor) => referrers.push(descriptor.clone()),
            Err(problem) if broken.is_none() => {
                let why = format!("entry {position} of {what} cannot be read: {problem}");
                broken = Some(Fault::protocol(why));
            }
            Err(_) => {}
        }
    }
    Ok(broken)
}

fn with_found(
    referrers: Vec<Descriptor>,
    found: &Found,
) -> Vec<(Descriptor, Found, Option<RawDocument>)> {
    let referrers = referrers.into_iter();
    referrers
        .map(|descriptor| (descriptor, found.clone(), None))
        .collect()
}

fn filters_applied(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(FILTERS)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.chars().take(80).collect())
}

/// Whether the registry does not know what it was asked, rather than what was asked for.
/// One that does not know the repository has understood.
fn is_not_supported(fault: &Fault) -> bool {
    matches!(fault.status, Some(400 | 404 | 405 | 406)) && !is_name_unknown(fault)
}

fn is_name_unknown(fault: &Fault) -> bool {
    fault.codes.iter().any(|code| code == "NAME_UNKNOWN")
}

/// Whether asking for something else would end in the same way.
const fn is_of_the_way(problem: &Problem) -> bool {
    let of_settings = matches!(
        problem,
        Problem::ClientCertificate { .. } | Problem::RateLimited { .. } | Problem::Settings { .. }
    );
    of_settings || problem.is_unanswered()
}
