//! Lists that come in pages: distribution-spec, "Listing Tags" and "Listing Referrers".

use std::collections::HashSet;

use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, LINK};

use crate::model::{RegistryReference, limits};
use crate::transport::Problem;

use super::address::{Host, Scheme};
use super::client::{Client, Request, Whole};
use super::fault::Fault;

/// Asks for one page after the other. Ends where a registry sends it in circles, on to
/// another host, or past a limit.
pub(super) struct Pages<'a> {
    client: &'a Client,
    image: &'a RegistryReference,
    /// What each page is asked for with, but for its path.
    request: Request,
    accept: &'static str,
    /// The next page, with its leading slash; nothing behind the last one.
    next: Option<Result<String, Fault>>,
    asked: HashSet<String>,
    bytes: u64,
}

impl<'a> Pages<'a> {
    /// Begins with `path` under the repository of `image`.
    pub(super) fn new(
        client: &'a Client,
        image: &'a RegistryReference,
        path: &str,
        accept: &'static str,
    ) -> Self {
        let request = Request::get(image, path, HeaderMap::new());
        Self::of(client, image, request, accept)
    }

    /// Begins with `request`.
    pub(super) fn of(
        client: &'a Client,
        image: &'a RegistryReference,
        request: Request,
        accept: &'static str,
    ) -> Self {
        Self {
            client,
            image,
            accept,
            next: Some(Ok(request.path.clone())),
            request,
            asked: HashSet::new(),
            bytes: 0,
        }
    }

    /// The next page; nothing behind the last one.
    ///
    /// # Errors
    /// Where it could not be read; then there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Whole>, Fault> {
        let Some(path) = self.next.take().transpose()? else {
            return Ok(None);
        };
        if self.asked.len() >= limits::PAGES {
            return Err(too_many("pages", limits::PAGES));
        }
        if !self.asked.insert(path.clone()) {
            return Err(Fault::protocol("its pages begin again from the first"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        let request = Request {
            path: path.clone(),
            headers,
            ..self.request.clone()
        };
        let left = limits::LIST_BYTES - self.bytes;
        let limit = left.min(limits::PAGE_BYTES);
        let page = self.client.whole(&request, limit).await?;
        self.bytes += page.body.len() as u64;
        // what came is of use, also where what follows is not to be had
        self.next = next_page(&page.headers, &request.host, &path);
        Ok(Some(page))
    }

    /// Whether another page is said to be there.
    pub(super) const fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Goes on with `path` under the repository, where the registry named no next page.
    pub(super) fn go_on(&mut self, path: &str) {
        self.next = Some(Ok(format!("/v2/{}/{path}", self.image.repository())));
    }
}

/// A list that has more of something than is read.
pub(super) const fn too_many(what: &'static str, limit: usize) -> Fault {
    Fault::lasting(Problem::TooMany { what, limit })
}

/// Where the page behind the one at `path` is, by its headers; nothing behind the last one.
///
/// # Errors
/// Where it is on another host.
pub(super) fn next_page(
    headers: &HeaderMap,
    host: &Host,
    path: &str,
) -> Option<Result<String, Fault>> {
    next_link(headers).map(|link| follow(host, path, &link))
}

/// The address of the next page: a `Link` with `rel="next"` (RFC 8288).
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(LINK).iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    values.find_map(|mut rest| {
        loop {
            // commas and semicolons inside of the brackets belong to the address
            let (_, after) = rest.split_once('<')?;
            let (address, after) = after.split_once('>')?;
            let parameters = after.split_once(",<").or_else(|| after.split_once(", <"));
            let (parameters, more) = match parameters {
                Some((parameters, _)) => (parameters, &after[parameters.len() + 1..]),
                None => (after, ""),
            };
            if parameters.split(';').any(is_next) {
                return Some(address.trim().to_owned());
            }
            rest = more;
        }
    })
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_end_matches(',').trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && value
            .split_whitespace()
            .any(|kind| kind.eq_ignore_ascii_case("next"))
}

/// Where `location`, named in an answer about `path`, leads: a path with its query at the
/// same host, or an address on another one.
///
/// # Errors
/// Where it is no address.
pub(super) fn lead(host: &Host, path: &str, location: &str) -> Result<Result<String, Url>, Fault> {
    let base = host.url(Scheme::Https, path)?;
    let next = base
        .join(location)
        .map_err(|_| Fault::protocol("the address it sends on to is none"))?;
    if Scheme::of(&next).is_none() || !next.username().is_empty() || next.password().is_some() {
        // no more than the host: an address may hold a password
        let why = match next.host_str() {
            Some(_) => format!("it sends on to an address of {}", Host::of(&next)),
            None => format!(
                "it sends on to an address that begins with {}:",
                next.scheme()
            ),
        };
        return Err(Fault::lasting(Problem::Address { why }));
    }
    if !same_host(&base, &next) {
        return Ok(Err(next));
    }
    let query = next.query().map(|query| format!("?{query}"));
    Ok(Ok(format!("{}{}", next.path(), query.unwrap_or_default())))
}

/// The path and query of `link` on a page at `path`. The host is asked as it was before:
/// what stands behind a proxy often knows its own scheme wrongly.
///
/// # Errors
/// Where it leads to another host.
fn follow(host: &Host, path: &str, link: &str) -> Result<String, Fault> {
    let base = host.url(Scheme::Https, path)?;
    let next = base
        .join(link)
        .map_err(|_| Fault::protocol("the address of its next page is none"))?;
    let other_user = !next.username().is_empty() || next.password().is_some();
    if Scheme::of(&next).is_none() || other_user || !same_host(&base, &next) {
        // no more than the host: an address may hold a password
        let why = format!("its next page is on another host, {}", Host::of(&next));
        let mut fault = Fault::lasting(Problem::Address { why });
        fault.told().advice = Some(
            "What was read up to there is all that can be had; tell the registry's operator"
                .to_owned(),
        );
        return Err(fault);
    }
    let query = next.query().map(|query| format!("?{query}"));
    Ok(format!("{}{}", next.path(), query.unwrap_or_default()))
}

fn same_host(one: &Url, other: &Url) -> bool {
    // the ports of http and https are the same place where none is written
    let port = |url: &Url| url.port().filter(|port| !matches!(port, 80 | 443));
    one.host_str() == other.host_str() && port(one) == port(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_all_links() {
        for (links, expected) in [
            (
                vec![r#"</v2/a/tags/list?last=x&n=2>; rel="next""#],
                Some("/v2/a/tags/list?last=x&n=2"),
            ),
            (vec!["</x>; rel=next"], Some("/x")),
            (vec!["</x>;rel=\"NEXT\""], Some("/x")),
            (
                vec![r#"<https://h/a,b;c?d=<>; title="x"; rel="next""#],
                Some("https://h/a,b;c?d=<"),
            ),
            (
                vec![r#"</first>; rel="first", </x>; rel="prev next""#],
                Some("/x"),
            ),
            (
                vec![r#"</first>; rel="first",</x>; rel="next""#],
                Some("/x"),
            ),
            (
                vec![r#"</first>; rel="first""#, r#"</x>; rel="next""#],
                Some("/x"),
            ),
            (vec![r#"</x>; rel="prev""#], None),
            (vec!["</x>"], None),
            (vec!["/x; rel=next"], None),
            (vec!["<"], None),
            (vec![""], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for link in &links {
                headers.append(LINK, link.parse().unwrap());
            }
            assert_eq!(next_link(&headers).as_deref(), expected, "{links:?}");
        }
    }

    #[test]
    fn pages_stay_on_the_host() {
        let path = "/v2/name/tags/list?n=2";
        let leads = |host: &str, link: &str| follow(&Host::new(host), path, link).ok();
        for (host, link, expected) in [
            (
                "h:5000",
                "/v2/name/tags/list?last=b",
                Some("/v2/name/tags/list?last=b"),
            ),
            ("h:5000", "list?last=b", Some("/v2/name/tags/list?last=b")),
            ("h:5000", "?last=b", Some("/v2/name/tags/list?last=b")),
            ("h:5000", "https://h:5000/x?y=z", Some("/x?y=z")),
            ("h:5000", "http://H:5000/x", Some("/x")),
            ("h", "http://h/x", Some("/x")),
            ("h", "http://h:80/x", Some("/x")),
            ("h", "http://h:443/x", Some("/x")),
            ("docker.io", "https://registry-1.docker.io/x", Some("/x")),
            ("h:5000", "https://h/x", None),
            ("h:5000", "https://h:5001/x", None),
            ("h", "https://other/x", None),
            ("h", "//other/x", None),
            ("h", "https://user:word@h/x", None),
            ("h", "ftp://h/x", None),
            ("h", "http://[/x", None),
        ] {
            assert_eq!(leads(host, link).as_deref(), expected, "{host} {link}");
        }
    }
}
