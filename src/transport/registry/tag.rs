//! Tags of a repository: distribution-spec, "Listing Tags".

use std::collections::HashSet;

use serde_json::Value;

use crate::model::{RegistryReference, limits};

use super::client::{Client, Reached};
use super::error_body::describe_other;
use super::fault::Fault;
use super::page::{Pages, too_many};

/// How many tags are asked for at once. Registries that allow fewer give fewer.
const PAGE: usize = 1000;

/// Most pages in a row that bring nothing new.
const STALE: usize = 3;

/// The tags of a repository, as far as they could be read.
#[derive(Clone, Debug, Default)]
pub(super) struct TagList {
    /// Each once, in the order in which they came; what is no tag is left out.
    pub(super) tags: Vec<String>,
    /// Why there may be more; nothing where these are all.
    pub(super) unfinished: Option<Fault>,
    /// What was listed as a tag and is no text: it may stand for one.
    pub(super) odd: Option<Fault>,
    /// How many entries of the list were left out: they are no tags.
    pub(super) skipped: usize,
    /// How the registry was reached, where it answered.
    pub(super) reached: Option<Reached>,
}

/// Lists the tags of the repository of `image`, at most `most` pages of them
/// ([`limits::PAGES`] and no more).
///
/// Registries differ: one ignores `n` and sends all at once, one cuts at `n` without
/// naming the next page, one names a next page that brings the same again, and some send
/// `null` or digests among the tags.
pub(super) async fn list(client: &Client, image: &RegistryReference, most: usize) -> TagList {
    list_as_they_come(client, image, most, &mut |_| ()).await
}

/// As [`list`]; after each page `report` is given all tags that came so far.
pub(super) async fn list_as_they_come(
    client: &Client,
    image: &RegistryReference,
    most: usize,
    report: &mut (dyn FnMut(&[String]) + Send),
) -> TagList {
    let mut list = TagList::default();
    list.unfinished = read(client, image, most, &mut list, report).await.err();
    list
}

async fn read(
    client: &Client,
    image: &RegistryReference,
    most: usize,
    list: &mut TagList,
    report: &mut (dyn FnMut(&[String]) + Send),
) -> Result<(), Fault> {
    let first = format!("tags/list?n={PAGE}");
    let mut pages = Pages::new(client, image, &first, "application/json");
    let mut known = HashSet::new();
    let mut stale = 0;
    // asked for without having been told of: it may be the same page again
    let mut guessed = false;
    for count in 0.. {
        if count >= most && pages.has_more() {
            return Err(too_many("pages", most));
        }
        let Some(page) = pages.next().await? else {
            break;
        };
        let parsed: Option<Value> = serde_json::from_slice(&page.body).ok();
        let listed: &[Value] = match parsed.as_ref().and_then(|page| page.get("tags")) {
            Some(Value::Array(listed)) => listed,
            // a repository without tags
            Some(Value::Null) => &[],
            _ => {
                let what = describe_other(&page.headers, &page.body);
                let what = if what.is_empty() {
                    "nothing".to_owned()
                } else {
                    what
                };
                return Err(Fault::protocol(format!(
                    "it sent {what} where a list of tags was asked for"
                )));
            }
        };
        list.reached = Some(page.reached);
        let odd = |entry: &Value| !entry.is_string() && !entry.is_null();
        if list.odd.is_none() && listed.iter().any(odd) {
            list.odd = Some(Fault::protocol("it lists a tag that is no text"));
        }
        list.skipped += listed.iter().filter(|entry| odd(entry)).count();
        let before = list.tags.len();
        for tag in listed.iter().filter_map(Value::as_str) {
            if !known.insert(tag.to_owned()) {
                continue;
            }
            if image.at_tag(tag).is_err() {
                list.skipped += 1;
                continue;
            }
            if list.tags.len() >= limits::TAGS {
                return Err(too_many("tags", limits::TAGS));
            }
            list.tags.push(tag.to_owned());
        }
        let news = list.tags.len() > before;
        report(&list.tags);
        if guessed && !news {
            return Ok(());
        }
        stale = if news { 0 } else { stale + 1 };
        if stale >= STALE {
            return Err(Fault::protocol("its pages bring nothing new"));
        }
        guessed = false;
        // as many as were asked for, and no word of more: it may have been cut
        if !pages.has_more()
            && listed.len() == PAGE
            && let Some(last) = list.tags.last()
        {
            pages.go_on(&format!("{first}&last={last}"));
            guessed = true;
        }
    }
    Ok(())
}
