//! Uploads of blobs: distribution-spec, "Pushing blobs".
//!
//! A blob goes out in one request behind the one that opens the session. Where a registry
//! does not take that, it goes in chunks; where the connection breaks, the registry is asked
//! how much it has, and the rest follows; where the session is lost, another one begins.
//! What does not end well is cancelled, so that no half of a blob stays behind, or kept for
//! whoever tries again (`Network::keep_uploads`).

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use crate::model::{Descriptor, RegistryReference};
use crate::transport::{Payload, TransportError};

use super::auth::Scope;
use super::client::{Client, Request};
use super::fault::{Again, Fault};
use super::outgoing::Outgoing;
use super::retry;
use super::session::Session;
use super::source::failure;

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

/// Writes a blob; goes on where an earlier upload of it was left. `begun` is an upload that
/// is open already.
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
    let mut left = client.unfinished().take(image, &blob.digest);
    let marks = left.as_mut().map(|left| std::mem::take(&mut left.marks));
    let outgoing = Outgoing::new(blob.clone(), payload, marks.unwrap_or_default());
    let left = left.map(|left| Session::left(client, left));
    let sent = send(client, image, &Arc::new(outgoing), (left, begun)).await;
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
    (mut left, mut begun): (Option<Session>, Option<Session>),
) -> Result<(), Trouble> {
    let rule = *client.retry();
    let (mut tries, mut waited) = (0, Duration::ZERO);
    loop {
        let goes_on = left.is_some();
        let mut session = match left.take().or_else(|| begun.take()) {
            Some(session) => session,
            None => start(client, image).await?,
        };
        session.outgoing = Some(Arc::clone(outgoing));
        let whole = !client.wants_chunks(image);
        let ended = match (goes_on, whole) {
            (true, _) => session.go_on(outgoing).await,
            (false, true) => session.whole(outgoing).await.map_err(Some),
            (false, false) => session.chunks(outgoing, 0).await.map_err(Some),
        };
        let Err(fault) = ended else {
            return Ok(());
        };
        if let Some(error) = outgoing.take_failure() {
            session.end_for(&error).await;
            return Err(Trouble::Payload(error));
        }
        // what was left may be of no use any more: all of it goes into another one
        let told = fault.filter(|fault| !goes_on || fault.again != Again::Never);
        let Some(mut fault) = told else {
            session.cancel().await;
            continue;
        };
        if whole && !goes_on && refuses_whole(&fault) && outgoing.size() > 0 {
            tracing::debug!(problem = %fault.problem, "uploading in chunks");
            session.cancel().await;
            client.note_chunks(image);
            continue;
        }
        let mut of_use = fault.again != Again::Never;
        if of_use && !goes_on {
            // as far as the registry has it, it need not come again
            match session.go_on(outgoing).await {
                Ok(()) => return Ok(()),
                Err(None) => of_use = false,
                Err(Some(later)) => fault = later,
            }
            if let Some(error) = outgoing.take_failure() {
                session.end_for(&error).await;
                return Err(Trouble::Payload(error));
            }
        }
        if matches!(fault.status, Some(404 | 416)) {
            // it is lost
            of_use = false;
            fault.again = Again::Soon;
        }
        let pause = retry::pause(&rule, &fault, tries, waited);
        // what answered may do so for this upload alone
        of_use &= fault.again != Again::Never && (pause.is_none() || fault.status.is_none());
        let Some(pause) = pause else {
            if of_use {
                session.leave().await;
            } else {
                session.cancel().await;
            }
            return Err(fault.into());
        };
        if of_use {
            left = Some(session);
        } else {
            session.cancel().await;
        }
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
    fn values_of_queries_are_escaped() {
        assert_eq!(escaped("sha256:ab/c d+e"), "sha256%3Aab/c%20d%2Be");
    }
}
