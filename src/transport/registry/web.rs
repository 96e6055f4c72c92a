//! What is on the web and no part of a registry: signatures in a lookaside, a TUF
//! repository, the services that are asked when something is signed. Credentials of
//! registries are sent to none of them.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::model::Descriptor;
use crate::transport::{BlobStream, Problem, TransportError};

use super::address::Host;
use super::auth::{Form, bearer};
use super::client::{Client, Request};
use super::fault::{Again, Fault};
use super::http::Ask;
use super::outgoing::Sent;
use super::{blob, retry, status};

/// What is sent to a service.
#[derive(Clone)]
pub enum Message {
    /// Nothing: something is asked for.
    Get,
    /// A document of this type. It may hold secrets.
    Post(&'static str, Bytes, Repeat),
}

/// When a document may be sent a second time, as after a connection that broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Whenever that may help: sent twice it does no more than sent once.
    Freely,
    /// Only where it was not sent, or was put off without being looked at.
    Unread,
}

/// A service that gave no answer.
#[derive(Clone, Debug)]
pub struct Unanswered {
    pub error: TransportError,
    /// Whether it may have got what was sent, and have done what it was asked for.
    pub sent: bool,
}

/// What a service answered. Its body may hold secrets.
#[derive(Clone)]
pub struct Answered {
    pub status: u16,
    /// The body of a success, whole; nothing of an error's. Wiped when it is dropped.
    pub body: Zeroizing<Vec<u8>>,
    /// What an error says, for people.
    pub said: String,
    /// Where an error says that what was asked for lies already (`Location`). Nothing was
    /// asked there.
    pub location: Option<String>,
    /// Whether it may have done what it was asked for, whatever it says now: it said nothing
    /// of it, or that something broke, now or at an earlier try.
    pub in_doubt: bool,
}

/// How much of an answer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Within {
    /// Bytes of the body.
    pub bytes: u64,
    /// Time for all tries together.
    pub time: Duration,
}

/// A try that did not end well: with an answer, or with none.
struct Tried {
    fault: Fault,
    answered: Option<Answered>,
}

impl Borrow<Fault> for Tried {
    fn borrow(&self) -> &Fault {
        &self.fault
    }
}

impl From<Fault> for Tried {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            answered: None,
        }
    }
}

impl Repeat {
    /// Whether trying again can help, and may be.
    const fn again(self, fault: &Fault) -> Again {
        match self {
            // nobody was there: whoever begins to listen a moment later gets it once
            _ if !fault.sent && fault.is_unreachable() => Again::Soon,
            Self::Unread if !fault.is_put_off() => Again::Never,
            Self::Freely | Self::Unread => fault.again,
        }
    }
}

impl Answered {
    /// Whether it is a success.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// The text `fields` as a form (RFC 6749, appendix B), wiped when it is dropped.
pub fn form(fields: &[(&str, &str)]) -> Bytes {
    Form::new(fields).into_bytes()
}

impl Client {
    /// Sends a message to a service, and not on to wherever its answer points: it may hold
    /// secrets, as `token` does, which only this address gets. It is sent again where that may
    /// help and [`Repeat`] allows it, by the rule for registries. An error that the service
    /// tells of is an answer, too. Plain http is spoken on this machine, and to hosts that
    /// the user allowed it for.
    ///
    /// # Errors
    /// Where the address is none, the service cannot be reached, or does not answer `within`
    /// what is waited for.
    pub async fn ask(
        &self,
        address: &str,
        message: &Message,
        token: Option<&Secret>,
        accept: &'static str,
        within: Within,
    ) -> Result<Answered, Unanswered> {
        let asked = self.asked(address, message, token, accept, within).await;
        // the query of an address may hold what is nobody's business
        let shown = address.split('?').next().unwrap_or_default();
        asked.map_err(|fault| Unanswered {
            error: TransportError::new("answer", shown, fault.problem),
            sent: fault.sent,
        })
    }

    async fn asked(
        &self,
        address: &str,
        message: &Message,
        token: Option<&Secret>,
        accept: &'static str,
        within: Within,
    ) -> Result<Answered, Fault> {
        // before it is sent, nothing can have come of it
        let unsent = |why| Fault::from(Problem::Address { why }).unsent();
        let url = Url::parse(address).map_err(|e| unsent(format!("it is no address: {e}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let (method, body, repeat) = match message {
            Message::Get => (Method::GET, Sent::Nothing, Repeat::Freely),
            Message::Post(kind, body, repeat) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                (Method::POST, Sent::Whole(body.clone()), *repeat)
            }
        };
        let wrong = || unsent("its token has characters that none has".to_owned());
        let authorization = match token {
            None => None,
            Some(token) => Some(bearer(token).ok_or_else(wrong)?),
        };
        let ask = Ask {
            method,
            headers,
            authorization,
            body,
        };
        let (host, rule) = (Host::of(&url), self.retry());
        // of all tries together
        let doubt = AtomicBool::new(false);
        let is_asked = AtomicBool::new(false);
        let tried = retry::run(rule, || async {
            let tried = match self.may_ask_others() {
                Ok(()) => {
                    is_asked.store(true, Ordering::Relaxed);
                    self.try_asking(&url, &ask, within.bytes).await
                }
                // what came of earlier tries stays in doubt
                Err(problem) => Err(Fault::from(problem).unsent().into()),
            };
            is_asked.store(false, Ordering::Relaxed);
            tried.map_err(|mut tried| {
                self.http().hosts().note(&host, &tried.fault, rule.pause);
                let broken = matches!(tried.fault.problem, Problem::Server { .. });
                let broken = broken && !tried.fault.is_put_off();
                let silent = tried.answered.is_none() && tried.fault.sent;
                doubt.fetch_or(broken || silent, Ordering::Relaxed);
                tried.fault.again = repeat.again(&tried.fault);
                tried
            })
        });
        let in_doubt = |tried: Tried| match tried.answered {
            Some(answered) => Ok(Answered {
                in_doubt: doubt.load(Ordering::Relaxed),
                ..answered
            }),
            None => Err(Fault {
                sent: doubt.load(Ordering::Relaxed),
                ..tried.fault
            }),
        };
        match tokio::time::timeout(within.time, tried).await {
            Ok(tried) => tried.or_else(in_doubt),
            // in a pause between two tries nothing is on its way
            Err(_) => Err(Fault {
                sent: doubt.load(Ordering::Relaxed) || is_asked.load(Ordering::Relaxed),
                ..Fault::timeout("waiting for it to do what it was asked for", within.time)
            }),
        }
    }

    /// One try. What is no success is a fault, beside the answer that it is of.
    async fn try_asking(&self, url: &Url, ask: &Ask, limit: u64) -> Result<Answered, Tried> {
        let answer = self.http().once(url.clone(), ask).await?;
        let status = answer.status();
        if status.is_success() {
            let (_, body) = answer.whole(limit).await?;
            return Ok(Answered {
                status: status.as_u16(),
                body: taken_over(body),
                said: String::new(),
                location: None,
                in_doubt: false,
            });
        }
        let (headers, body) = answer.error_body().await;
        let location = headers.get(LOCATION).and_then(|to| to.to_str().ok());
        Err(Tried {
            fault: status::meaning(status, &headers, &body),
            answered: Some(Answered {
                status: status.as_u16(),
                body: Zeroizing::default(),
                location: location.map(ToOwned::to_owned),
                said: body.message,
                in_doubt: false,
            }),
        })
    }

    /// A blob from the addresses that its manifest names, the first one that has it, as it
    /// comes: not checked.
    ///
    /// # Errors
    /// Where none has it, or none may be asked.
    pub(in crate::transport) async fn blob_elsewhere(
        &self,
        descriptor: &Descriptor,
        range: Option<Range<u64>>,
    ) -> Result<BlobStream, TransportError> {
        let what = format!("blob {}", descriptor.digest);
        let fail = move |fault: Fault| {
            let host = fault.told.and_then(|told| told.elsewhere);
            let place = host.unwrap_or_else(|| "the address that its manifest names".to_owned());
            TransportError::new(what.clone(), place, fault.problem)
        };
        let opened = blob::open_elsewhere(self, descriptor, range).await;
        let pieces = opened.map_err(&fail)?;
        Ok(pieces.map(move |piece| piece.map_err(&fail)).boxed())
    }

    /// What lies at an address, at most `limit` bytes of it; nothing where the server says
    /// that it has nothing there. Plain http is spoken on this machine, and to hosts that
    /// the user allowed it for.
    ///
    /// # Errors
    /// Where the address is none, the server cannot be reached, refuses, or sends more.
    pub async fn fetch(&self, address: &str, limit: u64) -> Result<Option<Bytes>, TransportError> {
        let fetched = self.file(address, limit, &[404, 403]).await;
        fetched.map_err(|problem| TransportError::new("file", address, problem))
    }

    /// The same; these statuses mean that nothing is there.
    pub(super) async fn file(
        &self,
        address: &str,
        limit: u64,
        nothing: &[u16],
    ) -> Result<Option<Bytes>, Problem> {
        let url = Url::parse(address).map_err(|error| Problem::Address {
            why: format!("{address} is no address: {error}"),
        })?;
        let request = Request::of_others(url);
        match self.whole(&request, limit).await {
            Ok(whole) => Ok(Some(whole.body)),
            Err(Fault {
                status: Some(status),
                ..
            }) if nothing.contains(&status) => Ok(None),
            Err(fault) => Err(fault.problem),
        }
    }
}

/// The same memory where nobody else has it, so that no copy stays that is not wiped.
fn taken_over(body: Bytes) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::from(body))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::taken_over;

    #[test]
    fn what_is_wiped_is_what_was_received_and_not_a_copy() {
        let mut received = BytesMut::with_capacity(64);
        received.extend_from_slice(b"{\"value\":\"s3cret\"}");
        let received = received.freeze();
        let place = received.as_ptr();
        let body = taken_over(received);
        assert_eq!(body.as_ptr(), place);
        assert_eq!(**body, *b"{\"value\":\"s3cret\"}");
    }
}
