//! What goes out with a request: small bodies whole, blobs as streams that are hashed on
//! their way and can be sent again from any position.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use reqwest::header::{CONTENT_LENGTH, HeaderValue};

use crate::model::{Descriptor, Hasher};
use crate::transport::{BlobStream, Payload, Problem, TransportError};

/// How far the marks lie apart, in bytes: what is read again at most where an upload goes
/// on in the middle.
const MARK_BYTES: u64 = 8 << 20;

/// What is sent with a request. Each exchange makes its own body of it.
#[derive(Clone, Default)]
pub(super) enum Sent {
    #[default]
    Nothing,
    Whole(Bytes),
    /// From the first of these positions up to the second.
    Part(Arc<Outgoing>, u64, u64),
}

/// A blob that is being sent.
pub(super) struct Outgoing {
    payload: Arc<dyn Payload>,
    blob: Descriptor,
    /// The hasher's state at some positions, in order; the first is at 0.
    marks: Mutex<Vec<(u64, Hasher)>>,
    /// Bytes that went out, those that were sent again counted again.
    moved: AtomicU64,
    /// Why the payload ended early; not the registry's fault.
    failed: Mutex<Option<TransportError>>,
}

/// Where a stream of a blob stands.
struct Reading {
    outgoing: Arc<Outgoing>,
    stream: BlobStream,
    hasher: Hasher,
    at: u64,
    from: u64,
    to: u64,
    mark: u64,
}

impl Sent {
    /// Puts it into `request`.
    pub(super) fn put(&self, request: &mut reqwest::Request) {
        match self {
            Self::Nothing => {}
            Self::Whole(bytes) => *request.body_mut() = Some(bytes.clone().into()),
            Self::Part(outgoing, from, to) => {
                // said, so that it is not sent in chunks of unknown number
                let length = HeaderValue::from(to.saturating_sub(*from));
                request.headers_mut().insert(CONTENT_LENGTH, length);
                let stream = Outgoing::stream(outgoing, *from, *to);
                *request.body_mut() = Some(reqwest::Body::wrap_stream(stream));
            }
        }
    }

    /// A number that grows while something goes out.
    pub(super) fn sent(&self) -> u64 {
        match self {
            Self::Nothing | Self::Whole(_) => 0,
            Self::Part(outgoing, ..) => outgoing.moved.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Part(_, from, to) => write!(f, "Part({from}..{to})"),
        }
    }
}

impl Outgoing {
    /// `marks` are those of an earlier one, as far as there are any.
    pub(super) fn new(
        blob: Descriptor,
        payload: Arc<dyn Payload>,
        mut marks: Vec<(u64, Hasher)>,
    ) -> Self {
        if marks.is_empty() {
            marks.push((0, Hasher::new(blob.digest.algorithm())));
        }
        Self {
            payload,
            blob,
            marks: Mutex::new(marks),
            moved: AtomicU64::new(0),
            failed: Mutex::default(),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.blob.size
    }

    pub(super) const fn digest(&self) -> &crate::model::Digest {
        &self.blob.digest
    }

    /// Why the payload failed, told once.
    pub(super) fn take_failure(&self) -> Option<TransportError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.take()
    }

    fn stream(this: &Arc<Self>, from: u64, to: u64) -> BoxStream<'static, io::Result<Bytes>> {
        let this = Arc::clone(this);
        let opened = stream::once(async move {
            let (at, hasher) = this.mark_before(from);
            match this.payload.open(at).await {
                Ok(stream) => Ok(Reading {
                    mark: at + MARK_BYTES,
                    stream,
                    hasher,
                    at,
                    from,
                    to,
                    outgoing: this,
                }),
                Err(error) => Err(this.fail(error)),
            }
        });
        opened
            .map_ok(|reading| {
                stream::try_unfold(reading, |mut reading| async move {
                    Ok(reading.next().await?.map(|piece| (piece, reading)))
                })
            })
            .try_flatten()
            .boxed()
    }

    /// Whether anything went out.
    pub(super) fn has_sent(&self) -> bool {
        self.moved.load(Ordering::Relaxed) > 0
    }

    /// The hasher's state at some positions of what was read.
    pub(super) fn marks(&self) -> Vec<(u64, Hasher)> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.clone()
    }

    fn mark_before(&self, position: u64) -> (u64, Hasher) {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let before = marks.iter().rev().find(|(at, _)| *at <= position);
        before
            .or_else(|| marks.first())
            .cloned()
            .unwrap_or_else(|| (0, Hasher::new(self.blob.digest.algorithm())))
    }

    fn put_mark(&self, at: u64, hasher: &Hasher) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.last().is_none_or(|(last, _)| *last < at) {
            marks.push((at, hasher.clone()));
        }
    }

    /// Keeps why the payload failed; the connection only needs to end.
    fn fail(&self, error: TransportError) -> io::Error {
        let text = error.to_string();
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
        io::Error::other(text)
    }

    fn damaged(&self, problem: Problem) -> io::Error {
        let what = format!("blob {}", self.blob.digest);
        self.fail(TransportError::new(what, "its source", problem))
    }
}

impl Reading {
    /// The next piece to send; nothing at the end. The last piece of the blob is only given
    /// once everything hashed to its digest: what is wrong never arrives whole.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.at >= self.to {
                return Ok(None);
            }
            let size = self.outgoing.blob.size;
            let piece = match self.stream.next().await {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Err(self.outgoing.fail(error)),
                None => {
                    let found = Some(self.at);
                    let expected = size;
                    return Err(self
                        .outgoing
                        .damaged(Problem::WrongSize { expected, found }));
                }
            };
            let start = self.at;
            let room = usize::try_from(self.to - start).unwrap_or(usize::MAX);
            let whole = piece.len();
            if self.to == size && whole > room {
                let (expected, found) = (size, None);
                return Err(self
                    .outgoing
                    .damaged(Problem::WrongSize { expected, found }));
            }
            let mut piece = piece;
            piece.truncate(room);
            self.hasher.update(&piece);
            self.at += piece.len() as u64;
            if self.at == size {
                self.check_end().await?;
            } else if self.at >= self.mark || self.at == self.to {
                self.outgoing.put_mark(self.at, &self.hasher);
                self.mark = self.at + MARK_BYTES;
            }
            let skip = self.from.saturating_sub(start).min(piece.len() as u64);
            let piece = piece.split_off(skip as usize);
            if !piece.is_empty() {
                let length = piece.len() as u64;
                self.outgoing.moved.fetch_add(length, Ordering::Relaxed);
                return Ok(Some(piece));
            }
        }
    }

    /// Checks that nothing follows and that all of it hashes to the digest.
    async fn check_end(&mut self) -> io::Result<()> {
        while let Some(more) = self.stream.next().await {
            match more {
                Ok(more) if more.is_empty() => {}
                Ok(_) => {
                    let (expected, found) = (self.outgoing.blob.size, None);
                    return Err(self
                        .outgoing
                        .damaged(Problem::WrongSize { expected, found }));
                }
                Err(error) => return Err(self.outgoing.fail(error)),
            }
        }
        let found = self.hasher.clone().finish();
        let expected = self.outgoing.blob.digest.clone();
        if found == expected {
            Ok(())
        } else {
            Err(self
                .outgoing
                .damaged(Problem::WrongDigest { expected, found }))
        }
    }
}
