//! The names of all repositories: `_catalog`, docker's distribution API.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;

use crate::model::{RegistryReference, limits};
use crate::transport::{Problem, TransportError};

use super::auth::Scope;
use super::client::{Client, Request};
use super::error_body::describe_other;
use super::fault::Fault;
use super::page::{Pages, too_many};
use super::tag;

/// How many names are asked for at once.
const PAGE: usize = 1000;

/// Names that a registry lists.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Each once, in order of arrival.
    pub names: Vec<String>,
    /// How many entries of the list were left out: they are no such names.
    pub skipped: usize,
    /// Why there may be more; nothing where these are all.
    pub unfinished: Option<TransportError>,
}

impl Names {
    /// Those of a list that was read to its end, or to where `fault` came up.
    ///
    /// # Errors
    /// The fault, where nothing came before it.
    fn until(self, fault: Option<TransportError>) -> Result<Self, TransportError> {
        match fault {
            Some(fault) if self.names.is_empty() => Err(fault),
            unfinished => Ok(Self { unfinished, ..self }),
        }
    }

    /// All names.
    ///
    /// # Errors
    /// Where there may be more.
    fn whole(self) -> Result<Vec<String>, TransportError> {
        match self.unfinished {
            Some(fault) => Err(fault),
            None => Ok(self.names),
        }
    }
}

/// The names of the repositories of the registry of `image`, as far as it lists them.
///
/// # Errors
/// Where it lists none.
pub async fn catalog(client: &Client, image: &RegistryReference) -> Result<Names, TransportError> {
    listed(client, image, &mut |_| ()).await
}

/// The names of [`catalog`]; after each page `report` is given all that came so far.
///
/// # Errors
/// Where they cannot be listed, or not to the end.
pub async fn catalog_as_it_comes(
    client: &Client,
    image: &RegistryReference,
    mut report: impl FnMut(&[String]) + Send,
) -> Result<Vec<String>, TransportError> {
    listed(client, image, &mut report).await?.whole()
}

async fn listed(
    client: &Client,
    image: &RegistryReference,
    report: &mut (dyn FnMut(&[String]) + Send),
) -> Result<Names, TransportError> {
    let mut names = Names::default();
    let read = async { read(client, &client.home(image)?, &mut names, report).await };
    let fault = read.await.err().map(|mut fault| {
        let host = image.host();
        if matches!(fault.status, Some(404 | 405)) {
            fault.problem = Problem::NoCatalog;
        }
        let closed = matches!(
            fault.problem,
            Problem::Unauthorized { .. } | Problem::Forbidden { .. }
        );
        let mut error = super::source::failure("the list of repositories".to_owned(), image, fault);
        host.clone_into(&mut error.place);
        if closed {
            let hint = error.hint();
            error.more().advice = Some(format!(
                "{hint}; or name a repository (porthole tags {host}/REPOSITORY)"
            ));
        }
        error
    });
    names.until(fault)
}

async fn read(
    client: &Client,
    image: &RegistryReference,
    Names { names, skipped, .. }: &mut Names,
    report: &mut (dyn FnMut(&[String]) + Send),
) -> Result<(), Fault> {
    let mut request = Request::of(Method::GET, image, "", Scope::catalog());
    request.path = format!("/v2/_catalog?n={PAGE}");
    let mut pages = Pages::of(client, image, request, "application/json");
    let mut known = HashSet::new();
    while let Some(page) = pages.next().await? {
        let parsed: Option<Value> = serde_json::from_slice(&page.body).ok();
        let listed = match parsed.as_ref().and_then(|page| page.get("repositories")) {
            Some(Value::Array(listed)) => listed.as_slice(),
            Some(Value::Null) => &[],
            _ => {
                let what = describe_other(&page.headers, &page.body);
                return Err(Fault::protocol(format!(
                    "it sent {what} where a list of repositories was asked for"
                )));
            }
        };
        let odd = |entry: &&Value| !entry.is_string() && !entry.is_null();
        *skipped += listed.iter().filter(odd).count();
        for name in listed.iter().filter_map(Value::as_str) {
            if !known.insert(name.to_owned()) {
                continue;
            }
            let valid = format!("{}/{name}", image.host()).parse::<RegistryReference>();
            if valid.is_err() {
                *skipped += 1;
                continue;
            }
            if names.len() >= limits::TAGS {
                return Err(too_many("repositories", limits::TAGS));
            }
            names.push(name.to_owned());
        }
        report(names);
    }
    Ok(())
}

/// The tags of the repository of `image`, as far as it lists them.
///
/// # Errors
/// Where it lists none.
pub async fn tags(client: &Client, image: &RegistryReference) -> Result<Names, TransportError> {
    listed_tags(client, image, &mut |_| ()).await
}

/// The names of [`tags`]; after each page `report` is given all tags that came so far.
///
/// # Errors
/// Where they cannot be listed, or not to the end.
pub async fn tags_as_they_come(
    client: &Client,
    image: &RegistryReference,
    mut report: impl FnMut(&[String]) + Send,
) -> Result<Vec<String>, TransportError> {
    listed_tags(client, image, &mut report).await?.whole()
}

async fn listed_tags(
    client: &Client,
    image: &RegistryReference,
    report: &mut (dyn FnMut(&[String]) + Send),
) -> Result<Names, TransportError> {
    let failed = |fault| super::source::failure("tags".to_owned(), image, fault);
    let home = client.home(image).map_err(failed)?;
    let list = tag::list_as_they_come(client, &home, limits::PAGES, report).await;
    let names = Names {
        names: list.tags,
        skipped: list.skipped,
        unfinished: None,
    };
    names.until(list.unfinished.map(failed))
}
