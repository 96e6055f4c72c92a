//! HTTP with an engine: one request at a time, its answers bounded in time and size.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Response, Url};
use serde_json::Value;

use super::address::Way;
use crate::config::Network;
use crate::model::limits;
use crate::transport::Problem;

/// Longest message of an engine that is repeated, in characters.
const MESSAGE_CHARS: usize = 300;

/// Speaks with one engine.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    /// The address, and once it is known the make, for messages.
    pub(super) label: String,
    /// Longest wait for the head of an answer, and for its next piece.
    stall: Duration,
}

impl Client {
    /// A client for the engine at `way`. Nothing is connected yet.
    pub(super) fn new(way: Way, address: &str, network: &Network) -> Result<Self, Problem> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(network.connect_timeout);
        let (builder, base) = match way {
            #[cfg(unix)]
            Way::Socket(path) => {
                // the host is a word that engines expect and that nobody looks up
                let base = Url::parse("http://localhost/");
                (builder.unix_socket(path), base.ok())
            }
            #[cfg(not(unix))]
            Way::Socket(_) => (builder, None),
            Way::Loopback(url) => (builder, Some(url)),
        };
        let refuse = |why: &str| Problem::EngineAddress {
            address: address.to_owned(),
            why: why.to_owned(),
        };
        Ok(Self {
            http: builder.build().map_err(|error| refuse(&cause(&error)))?,
            base: base.ok_or_else(|| refuse("this system has no such sockets"))?,
            label: address.to_owned(),
            stall: network.stall_timeout,
        })
    }

    /// The head of the answer to GET `path`, which is made of checked names only.
    pub(super) async fn get(&self, path: &str) -> Result<Response, Problem> {
        self.get_within(path, self.stall).await
    }

    /// As [`Client::get`], with another longest wait.
    pub(super) async fn get_within(&self, path: &str, wait: Duration) -> Result<Response, Problem> {
        let mut url = self.base.clone();
        url.set_path(path);
        let answer = tokio::time::timeout(wait, self.http.get(url).send()).await;
        match answer {
            Ok(Ok(answer)) => {
                let status = answer.status().as_u16();
                tracing::debug!(engine = self.label, path, status, "answered");
                Ok(answer)
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(Problem::Timeout {
                doing: "waiting for the engine's answer",
                seconds: wait.as_secs(),
            }),
        }
    }

    /// The head of the answer to POST `path` with `length` bytes of `body`; waits `wait` for
    /// it.
    pub(super) async fn post(
        &self,
        path: &str,
        body: reqwest::Body,
        length: u64,
        wait: Duration,
    ) -> Result<Response, Problem> {
        let mut url = self.base.clone();
        url.set_path(path);
        let sending = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/x-tar")
            .header(CONTENT_LENGTH, length)
            .body(body)
            .send();
        match tokio::time::timeout(wait, sending).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(Problem::Timeout {
                doing: "waiting for the engine to load the image",
                seconds: wait.as_secs(),
            }),
        }
    }

    /// The next piece of an answer; nothing at its end.
    pub(super) async fn piece(
        &self,
        answer: &mut Response,
        wait: Duration,
    ) -> Result<Option<Bytes>, Problem> {
        match tokio::time::timeout(wait, answer.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(Problem::BrokenOff { why: cause(&error) }),
            Err(_) => Err(Problem::Timeout {
                doing: "waiting for more from the engine",
                seconds: wait.as_secs(),
            }),
        }
    }

    /// The JSON of an answer that is a success.
    pub(super) async fn json(&self, answer: Response) -> Result<Value, Problem> {
        let bytes = self.whole(answer).await?;
        serde_json::from_slice(&bytes).map_err(|_| Problem::NotAnEngine {
            engine: self.label.clone(),
            why: "its answer is not JSON".to_owned(),
        })
    }

    /// Why the engine did not do what it was asked for.
    pub(super) async fn refused(&self, answer: Response) -> Problem {
        let status = answer.status().as_u16();
        let body = self.whole(answer).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = body.get("message").and_then(Value::as_str);
        Problem::EngineRefused {
            engine: self.label.clone(),
            status,
            message: message
                .unwrap_or_default()
                .chars()
                .take(MESSAGE_CHARS)
                .collect(),
        }
    }

    pub(super) async fn whole(&self, mut answer: Response) -> Result<Bytes, Problem> {
        let mut bytes = BytesMut::new();
        while let Some(piece) = self.piece(&mut answer, self.stall).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limits::ENGINE_ANSWER_BYTES {
                return Err(Problem::TooLarge {
                    found: None,
                    limit: limits::ENGINE_ANSWER_BYTES,
                });
            }
        }
        Ok(bytes.freeze())
    }

    fn failed(&self, error: &reqwest::Error) -> Problem {
        let (engine, why) = (self.label.clone(), cause(error));
        if error.is_connect() {
            Problem::EngineUnreachable { engine, why }
        } else {
            Problem::NotAnEngine {
                engine,
                why: format!("it does not answer as a web server does ({why})"),
            }
        }
    }
}

/// The innermost cause: what the system or the protocol says.
fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
