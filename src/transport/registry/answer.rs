//! Answers: their heads, and their bodies within limits.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

use crate::transport::{Problem, Security, is_too_slow};

use super::address::Host;
use super::error_body::ErrorBody;
use super::fault::Fault;

/// Largest body of an error that is read, in bytes.
const ERROR_BYTES: usize = 64 << 10;

/// How often the longest wait for a piece the whole of a document may take, however short it
/// is.
const FREE: u32 = 2;

/// An answer whose head has come.
pub(super) struct Answer {
    response: reqwest::Response,
    /// How the host that was asked was spoken to, wherever it sent on to.
    pub(super) security: Security,
    /// Whether the host that was asked answered, not one it sent on to.
    pub(super) at_home: bool,
    pub(super) timeouts: Timeouts,
}

/// How long an answer may keep one waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) stall: Duration,
}

impl Answer {
    pub(super) const fn new(
        response: reqwest::Response,
        security: Security,
        timeouts: Timeouts,
    ) -> Self {
        Self {
            response,
            security,
            at_home: true,
            timeouts,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    pub(super) fn url(&self) -> &Url {
        self.response.url()
    }

    /// The host that answered.
    pub(super) fn host(&self) -> Host {
        Host::of(self.url())
    }

    /// The next piece of the body; nothing at its end.
    ///
    /// # Errors
    /// Where the connection breaks off or nothing comes in time.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        let Timeouts { connect, stall } = self.timeouts;
        match tokio::time::timeout(stall, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(Fault::connection(&error, connect)),
            Err(_) => Err(Fault::timeout("reading the answer", stall)),
        }
    }

    /// The whole body, of at most `limit` bytes. What claims or turns out to be larger
    /// is not read to its end.
    pub(super) async fn whole(mut self, limit: u64) -> Result<(HeaderMap, Bytes), Fault> {
        let said = self.response.content_length();
        if said.is_some_and(|said| said > limit) {
            return Err(Problem::TooLarge { found: said, limit }.into());
        }
        let mut body = BytesMut::with_capacity(said.unwrap_or_default().min(1 << 20) as usize);
        let began = Instant::now();
        while let Some(piece) = self.piece().await? {
            if is_too_slow(began, body.len(), self.timeouts.stall * FREE) {
                return Err(Fault::timeout("reading the answer", began.elapsed()));
            }
            if (body.len() + piece.len()) as u64 > limit {
                return Err(Problem::TooLarge { found: None, limit }.into());
            }
            body.extend_from_slice(&piece);
        }
        let headers = std::mem::take(self.response.headers_mut());
        Ok((headers, body.freeze()))
    }

    /// What the answer says about its error, as far as it comes in time.
    pub(super) async fn error_body(mut self) -> (HeaderMap, ErrorBody) {
        let mut body = BytesMut::new();
        let (limit, stall) = (ERROR_BYTES, self.timeouts.stall);
        // one that breaks off, is too long or too slow is good enough for a message
        let reading = async {
            while let Ok(Some(piece)) = self.piece().await {
                let left = limit - body.len();
                body.extend_from_slice(&piece[..piece.len().min(left)]);
                if body.len() == limit {
                    break;
                }
            }
        };
        let in_time = tokio::time::timeout(stall, reading).await;
        drop(in_time);
        let headers = std::mem::take(self.response.headers_mut());
        let error = ErrorBody::read(&headers, &body);
        (headers, error)
    }
}
