//! One upload session of a registry: distribution-spec, "Pushing blobs".

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Url};

use crate::model::RegistryReference;
use crate::transport::{Problem, TransportError};

use super::auth::Scope;
use super::client::{Client, Reply, Request};
use super::fault::{Again, Fault};
use super::outgoing::{Outgoing, Sent};
use super::page;
use super::unfinished::{KEPT_FOR, Left};
use super::upload::escaped;

/// How many bytes go into one chunk, where the registry wants no larger ones.
const CHUNK_BYTES: u64 = 16 << 20;

/// Largest least chunk that a registry may ask for, in bytes.
const LARGEST_CHUNK_BYTES: u64 = 1 << 30;

/// How often an upload may be found to stand somewhere else than it was left.
const RESYNCS: usize = 10;

/// Longest wait for a cancellation.
const CANCELLING: Duration = Duration::from_secs(5);

/// What a registry says is the least size of a chunk.
const CHUNK_MIN: &str = "oci-chunk-min-length";

/// An upload that a registry has opened.
pub(super) struct Session {
    client: Client,
    image: RegistryReference,
    scope: Scope,
    /// Path with query at the registry, or an address on another host.
    location: Result<String, Url>,
    chunk: u64,
    /// What is sent in it.
    pub(super) outgoing: Option<Arc<Outgoing>>,
    /// Whether it was kept from an earlier time.
    was_left: bool,
    /// Whether it is to be cancelled, or kept, when it is dropped.
    open: bool,
}

impl Session {
    pub(super) fn new(
        client: &Client,
        image: &RegistryReference,
        request: &Request,
        reply: &Reply,
    ) -> Result<Self, Fault> {
        let headers = reply.answer.headers();
        let location = location(request, headers)?
            .ok_or_else(|| Fault::protocol("it opened an upload without saying where"))?;
        let said = headers
            .get(CHUNK_MIN)
            .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        Ok(Self {
            client: client.clone(),
            image: image.clone(),
            scope: request.scope.clone(),
            location,
            chunk: said
                .unwrap_or_default()
                .clamp(CHUNK_BYTES, LARGEST_CHUNK_BYTES),
            outgoing: None,
            was_left: false,
            open: true,
        })
    }

    /// One that was kept.
    pub(super) fn left(client: &Client, left: Left) -> Self {
        Self {
            client: client.clone(),
            scope: Scope::push(left.image.repository()),
            image: left.image,
            location: left.location,
            chunk: left.chunk,
            outgoing: None,
            was_left: true,
            open: true,
        }
    }

    /// A request for what `location` with `query` names.
    fn request(&self, method: Method, query: &str) -> Request {
        let mut request = Request::of(method, &self.image, "", self.scope.clone());
        let add = |address: &str| match (query.is_empty(), address.contains('?')) {
            (true, _) => address.to_owned(),
            (false, true) => format!("{address}&{query}"),
            (false, false) => format!("{address}?{query}"),
        };
        match &self.location {
            Ok(path) => request.path = add(path),
            Err(url) => {
                let mut url = url.clone();
                if !query.is_empty() {
                    let all = match url.query() {
                        Some(own) if !own.is_empty() => format!("{own}&{query}"),
                        _ => query.to_owned(),
                    };
                    url.set_query(Some(&all));
                }
                request.elsewhere = Some(url);
            }
        }
        request
    }

    /// Where the upload goes on, as an answer says.
    fn follow(&mut self, request: &Request, headers: &HeaderMap) -> Result<(), Fault> {
        if let Some(location) = location(request, headers)? {
            self.location = location;
        }
        Ok(())
    }

    /// All of it in the request that ends the upload.
    pub(super) async fn whole(&mut self, outgoing: &Arc<Outgoing>) -> Result<(), Fault> {
        let body = match outgoing.size() {
            0 => Sent::Nothing,
            size => Sent::Part(Arc::clone(outgoing), 0, size),
        };
        self.finish(outgoing, body).await
    }

    async fn finish(&mut self, outgoing: &Arc<Outgoing>, body: Sent) -> Result<(), Fault> {
        let digest = outgoing.digest().to_string();
        let mut request = self.request(Method::PUT, &format!("digest={}", escaped(&digest)));
        request.headers.insert(CONTENT_TYPE, octets());
        request.body = body;
        let reply = self.client.try_once(&request).await?;
        let said = reply.answer.headers().get("docker-content-digest");
        let said = said.and_then(|said| said.to_str().ok());
        if let Some(said) = said.filter(|said| said.trim() != digest) {
            let shown: String = said.chars().take(100).collect();
            return Err(Fault::protocol(format!(
                "it stored {digest} under the name {shown}"
            )));
        }
        self.open = false;
        Ok(())
    }

    /// From `at` on, chunk by chunk.
    pub(super) async fn chunks(
        &mut self,
        outgoing: &Arc<Outgoing>,
        mut at: u64,
    ) -> Result<(), Fault> {
        let size = outgoing.size();
        let mut resyncs = 0;
        while at < size {
            let end = (at + self.chunk).min(size);
            let mut request = self.request(Method::PATCH, "");
            let range = HeaderValue::from_str(&format!("{at}-{}", end - 1))
                .expect("digits are allowed in headers");
            request.headers.insert(CONTENT_RANGE, range);
            request.headers.insert(CONTENT_TYPE, octets());
            request.body = Sent::Part(Arc::clone(outgoing), at, end);
            match self.client.try_once(&request).await {
                Ok(reply) => {
                    let headers = reply.answer.headers();
                    self.follow(&request, headers)?;
                    match received(headers) {
                        Some(there) if there != end => {
                            resyncs += 1;
                            at = there;
                        }
                        _ => at = end,
                    }
                }
                Err(fault) if fault.status == Some(416) => {
                    resyncs += 1;
                    at = match self.status().await {
                        Ok(at) => at,
                        // one that cannot tell where it stands gets all of it again
                        Err(_) => return Err(fault),
                    };
                }
                Err(fault) => return Err(fault),
            }
            if resyncs > RESYNCS || at > size {
                return Err(Fault::protocol("it does not keep count of an upload"));
            }
        }
        self.finish(outgoing, Sent::Nothing).await
    }

    /// How many bytes the registry has.
    async fn status(&mut self) -> Result<u64, Fault> {
        let request = self.request(Method::GET, "");
        let reply = self.client.open(&request).await?;
        let headers = reply.answer.headers();
        self.follow(&request, headers)?;
        received(headers).ok_or_else(|| Fault::protocol("it does not say how much it has"))
    }

    /// Sends what the registry does not have yet.
    ///
    /// # Errors
    /// Nothing where it cannot tell how much that is; else why the rest did not arrive.
    pub(super) async fn go_on(&mut self, outgoing: &Arc<Outgoing>) -> Result<(), Option<Fault>> {
        let at = match self.status().await {
            Ok(at) if at <= outgoing.size() => at,
            // nobody answered, so nobody said that it is gone
            Err(fault) if fault.status.is_none() && fault.again != Again::Never => {
                return Err(Some(fault));
            }
            other => {
                tracing::debug!(ok = other.is_ok(), "the upload cannot go on");
                return Err(None);
            }
        };
        tracing::debug!(at, "the upload goes on");
        self.chunks(outgoing, at).await.map_err(Some)
    }

    fn cancelling(&mut self) -> Option<(Client, Request)> {
        let was_open = std::mem::replace(&mut self.open, false);
        was_open.then(|| (self.client.clone(), self.request(Method::DELETE, "")))
    }

    /// Lets the registry forget what it has. That it does not is no failure: such uploads
    /// expire.
    pub(super) async fn cancel(&mut self) {
        if let Some((client, request)) = self.cancelling() {
            let _ = tokio::time::timeout(CANCELLING, client.try_once(&request)).await;
        }
    }

    /// Ends it where what is sent cannot be read: what cannot be reached now may be later, and
    /// what is wrong stays wrong.
    pub(super) async fn end_for(&mut self, error: &TransportError) {
        if error.problem.is_unanswered() {
            self.leave().await;
        } else {
            self.cancel().await;
        }
    }

    /// Leaves it to whoever tries again, where that is wanted, or lets the registry forget it.
    pub(super) async fn leave(&mut self) {
        if !self.keep() {
            self.cancel().await;
        }
    }

    /// Keeps it for a while, where that is wanted and there is anything in it.
    fn keep(&mut self) -> bool {
        let is_wanted = self.open && self.client.network().keep_uploads;
        let outgoing = self.outgoing.as_ref().filter(|_| is_wanted);
        let outgoing = outgoing.filter(|outgoing| self.was_left || outgoing.has_sent());
        let (Some(outgoing), Ok(runtime)) = (outgoing, tokio::runtime::Handle::try_current())
        else {
            return false;
        };
        let left = Left {
            image: self.image.clone(),
            digest: outgoing.digest().clone(),
            location: self.location.clone(),
            chunk: self.chunk,
            marks: outgoing.marks(),
        };
        self.open = false;
        let client = self.client.clone();
        let (number, gone) = client.unfinished().keep(left);
        runtime.spawn(async move {
            for left in gone {
                Self::left(&client, left).cancel().await;
            }
            tokio::time::sleep(KEPT_FOR).await;
            if let Some(left) = client.unfinished().take_number(number) {
                Self::left(&client, left).cancel().await;
            }
        });
        true
    }
}

impl Drop for Session {
    /// Whoever waited for the upload does not any more.
    fn drop(&mut self) {
        if self.keep() {
            return;
        }
        if let (Some((client, request)), Ok(runtime)) =
            (self.cancelling(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(CANCELLING, client.try_once(&request)).await;
            });
        }
    }
}

fn octets() -> HeaderValue {
    HeaderValue::from_static("application/octet-stream")
}

/// Where an answer says that its upload goes on.
fn location(request: &Request, headers: &HeaderMap) -> Result<Option<Result<String, Url>>, Fault> {
    let Some(said) = headers.get(LOCATION) else {
        return Ok(None);
    };
    let said = said
        .to_str()
        .map_err(|_| Fault::protocol("the address of its upload is none"))?;
    // relative to what was asked, wherever that was
    let found = match &request.elsewhere {
        None => page::lead(&request.host, &request.path, said)?,
        Some(url) => Err(url.join(said).map_err(|_| {
            Fault::lasting(Problem::Address {
                why: "the address of the upload is none".to_owned(),
            })
        })?),
    };
    Ok(Some(found))
}

/// How many bytes an answer says are there: `Range: 0-99` are 100. What says that nothing
/// is there looks as what says that one byte is.
fn received(headers: &HeaderMap) -> Option<u64> {
    let said = headers.get(RANGE)?.to_str().ok()?.trim();
    let said = said.strip_prefix("bytes=").unwrap_or(said);
    let (first, last) = said.split_once('-')?;
    let last: u64 = last.trim().parse().ok()?;
    if first.trim() != "0" {
        return None;
    }
    Some(if last == 0 { 0 } else { last.checked_add(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_has_is_read_from_its_range() {
        for (said, expected) in [
            ("0-99", Some(100)),
            ("bytes=0-99", Some(100)),
            (" 0-99 ", Some(100)),
            ("0-0", Some(0)),
            ("0-18446744073709551615", None),
            ("5-9", None),
            ("-1", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, said.parse().unwrap());
            assert_eq!(received(&headers), expected, "{said:?}");
        }
        assert_eq!(received(&HeaderMap::new()), None);
    }
}
