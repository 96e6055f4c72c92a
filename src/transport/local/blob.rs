//! Blobs: whether they are there, and their bytes as a stream.

use std::io::{self, Read};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::DropGuard;

use super::{Content, Files, problem_of};
use crate::model::Descriptor;
use crate::transport::{BlobState, BlobStream, Problem, TransportError};

/// How much is read at once, in bytes: a piece is hashed while the next one is read.
const PIECE_BYTES: u64 = 256 << 10;

/// Looks at the blob in the file `name` without reading it.
pub(in crate::transport) fn presence(
    files: &dyn Files,
    name: &str,
    descriptor: &Descriptor,
) -> BlobState {
    match files.length(name) {
        Ok(found) if descriptor.has_size(found) => BlobState::Present,
        Ok(found) => BlobState::WrongSize {
            expected: descriptor.size,
            found,
        },
        Err(problem) if problem.is_missing() => BlobState::Missing,
        Err(problem) => BlobState::Unreadable {
            why: problem.to_string(),
        },
    }
}

/// `content` piece by piece, or what there is of it where it ends early. `fail` says whose
/// bytes they are; `guard` ends the work on them when nobody waits any more.
pub(super) fn stream(
    content: Content,
    guard: DropGuard,
    fail: impl Fn(Problem) -> TransportError + Send + 'static,
) -> BlobStream {
    let Content { reader, length, .. } = content;
    let first = (length > 0).then(|| read_piece(reader, length));
    let state = (first, guard, fail);
    let pieces = stream::unfold(state, |(reading, guard, fail)| async move {
        let piece = match reading?.await {
            Ok(piece) => piece.map_err(|error| problem_of(&error)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Problem::Cancelled),
            },
        };
        match piece {
            Ok(Piece { bytes, .. }) if bytes.is_empty() => None,
            Ok(Piece {
                bytes,
                reader,
                remaining,
            }) => {
                let next = (remaining > 0).then(|| read_piece(reader, remaining));
                Some((Ok(bytes), (next, guard, fail)))
            }
            Err(problem) => Some((Err(fail(problem)), (None, guard, fail))),
        }
    });
    pieces.boxed()
}

/// A piece that was read, and what is left to read.
struct Piece {
    bytes: Bytes,
    reader: Box<dyn Read + Send>,
    remaining: u64,
}

fn read_piece(mut reader: Box<dyn Read + Send>, remaining: u64) -> JoinHandle<io::Result<Piece>> {
    spawn_blocking(move || {
        let wanted = remaining.min(PIECE_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
        (&mut reader).take(wanted).read_to_end(&mut bytes)?;
        Ok(Piece {
            remaining: remaining - bytes.len() as u64,
            bytes: Bytes::from(bytes),
            reader,
        })
    })
}
