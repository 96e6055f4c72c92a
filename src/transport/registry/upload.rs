//! Uploads of blobs: distribution-spec, "Pushing blobs".
//!
//! A blob goes out in one request behind the one that opens the session. Where a registry
//! does not take that, it goes in chunks; where the connection breaks, the registry is asked
//! how much it has, and the rest follows; where the session is lost, another one begins.
//! What does not end well is cancelled, so that no half of a blob stays behind.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Url};

use crate::model::{Descriptor, RegistryReference};
use crate::transport::{Payload, Problem, TransportError};

use super::auth::Scope;
use super::client::{Client, Reply, Request};
use super::fault::{Again, Fault};
use super::outgoing::{Outgoing, Sent};
use super::source::failure;
use super::{page, retry};

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
    /// Whether it is to be cancelled when it is dropped.
    open: bool,
}

/// Why a blob did not arrive.
enum Trouble {
    /// What should have been sent could not be read.
    Payload(TransportError),
    Registry(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Registry(fault)
    }
}

/// What a request for a mount came to.
pub(super) enum Begun {
    /// The blob is there.
    Mounted,
    /// An upload is open.
    Session(Box<Session>),
}

/// Asks for a blob to be taken from the repository `from` of the same registry.
///
/// # Errors
/// Where the registry refuses, or fails.
pub(super) async fn mount(
    client: &Client,
    image: &RegistryReference,
    blob: &Descriptor,
    from: &str,
) -> Result<Begun, Fault> {
    let path = format!(
        "blobs/uploads/?mount={}&from={}",
        escaped(&blob.digest.to_string()),
        escaped(from)
    );
    let scope = Scope::mount(image.repository(), from);
    let request = Request::of(Method::POST, image, &path, scope);
    let reply = client.begin(&request).await?;
    if reply.answer.status().as_u16() == 201 {
        return Ok(Begun::Mounted);
    }
    let session = Session::new(client, image, &request, &reply)?;
    Ok(Begun::Session(Box::new(session)))
}

/// Writes a blob. `begun` is an upload that is open already.
///
/// # Errors
/// Where the payload is not what its descriptor says or cannot be read, or the registry
/// refuses or fails more often than is tried.
pub(super) async fn upload(
    client: &Client,
    image: &RegistryReference,
    blob: &Descriptor,
    payload: Arc<dyn Payload>,
    begun: Option<Session>,
) -> Result<(), TransportError> {
    let outgoing = Arc::new(Outgoing::new(blob.clone(), payload));
    let sent = send(client, image, &outgoing, begun).await;
    sent.map_err(|trouble| match trouble {
        Trouble::Payload(error) => error,
        Trouble::Registry(fault) => {
            let what = format!("blob {}", blob.digest);
            failure(what, image, super::put::not_taken(fault, false))
        }
    })
}

async fn send(
    client: &Client,
    image: &RegistryReference,
    outgoing: &Arc<Outgoing>,
    mut begun: Option<Session>,
) -> Result<(), Trouble> {
    let rule = *client.retry();
    let (mut tries, mut waited) = (0, Duration::ZERO);
    loop {
        let mut session = match begun.take() {
            Some(session) => session,
            None => start(client, image).await?,
        };
        let whole = !client.wants_chunks(image);
        let ended = if whole {
            session.whole(outgoing).await
        } else {
            session.chunks(outgoing, 0).await
        };
        let Err(mut fault) = ended else {
            return Ok(());
        };
        if let Some(error) = outgoing.take_failure() {
            session.cancel().await;
            return Err(Trouble::Payload(error));
        }
        if whole && refuses_whole(&fault) && outgoing.size() > 0 {
            tracing::debug!(problem = %fault.problem, "uploading in chunks");
            session.cancel().await;
            client.note_chunks(image);
            continue;
        }
        if fault.again != Again::Never {
            // as far as the registry has it, it need not come again
            match session.go_on(outgoing).await {
                Ok(()) => return Ok(()),
                Err(None) => {}
                Err(Some(later)) => fault = later,
            }
            if let Some(error) = outgoing.take_failure() {
                session.cancel().await;
                return Err(Trouble::Payload(error));
            }
        }
        session.cancel().await;
        let lost = matches!(fault.status, Some(404 | 416));
        if lost {
            fault.again = Again::Soon;
        }
        let Some(pause) = retry::pause(&rule, &fault, tries, waited) else {
            return Err(fault.into());
        };
        tracing::debug!(tries, problem = %fault.problem, "the upload begins again");
        tokio::time::sleep(pause).await;
        waited += pause;
        tries += 1;
    }
}

/// Whether the registry, or what stands before it, does not take a blob in one request.
const fn refuses_whole(fault: &Fault) -> bool {
    matches!(fault.status, Some(405 | 411 | 413 | 501))
}

/// Opens an upload.
async fn start(client: &Client, image: &RegistryReference) -> Result<Session, Fault> {
    let scope = Scope::push(image.repository());
    let request = Request::of(Method::POST, image, "blobs/uploads/", scope);
    let reply = client.begin(&request).await?;
    Session::new(client, image, &request, &reply)
}

impl Session {
    fn new(
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
            open: true,
        })
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
    async fn whole(&mut self, outgoing: &Arc<Outgoing>) -> Result<(), Fault> {
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
    async fn chunks(&mut self, outgoing: &Arc<Outgoing>, mut at: u64) -> Result<(), Fault> {
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
    async fn go_on(&mut self, outgoing: &Arc<Outgoing>) -> Result<(), Option<Fault>> {
        let at = match self.status().await {
            Ok(at) if at <= outgoing.size() => at,
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
    async fn cancel(&mut self) {
        if let Some((client, request)) = self.cancelling() {
            let _ = tokio::time::timeout(CANCELLING, client.try_once(&request)).await;
        }
    }
}

impl Drop for Session {
    /// Whoever waited for the upload does not any more.
    fn drop(&mut self) {
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

/// `text` as a value of a query.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
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

    #[test]
    fn values_of_queries_are_escaped() {
        assert_eq!(escaped("sha256:ab/c d+e"), "sha256%3Aab/c%20d%2Be");
    }
}
