//! Blobs: whether they are there, and their bytes as a stream.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::DropGuard;

use super::files::fill;
use super::{Content, Files, problem_of};
use crate::model::Descriptor;
use crate::transport::buffer::Buffer;
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
    let buffers = Buffers::default();
    let first = (length > 0).then(|| read_piece(reader, length, buffers.clone()));
    let state = (first, buffers, guard, fail);
    let pieces = stream::unfold(state, |(reading, buffers, guard, fail)| async move {
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
                let next = (remaining > 0).then(|| read_piece(reader, remaining, buffers.clone()));
                Some((Ok(bytes), (next, buffers, guard, fail)))
            }
            Err(problem) => Some((Err(fail(problem)), (None, buffers, guard, fail))),
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

fn read_piece(
    mut reader: Box<dyn Read + Send>,
    remaining: u64,
    buffers: Buffers,
) -> JoinHandle<io::Result<Piece>> {
    spawn_blocking(move || {
        let wanted = usize::try_from(remaining.min(PIECE_BYTES)).unwrap_or_default();
        let mut lent = buffers.take(wanted);
        let filled = fill(&mut reader, &mut lent.buffer[..wanted])?;
        Ok(Piece {
            remaining: remaining - filled as u64,
            bytes: Bytes::from_owner(lent).slice(..filled),
            reader,
        })
    })
}

/// The buffers of one stream: each is used again once nobody holds what was read into it, so
/// that the system need not find and clear memory for every piece.
#[derive(Clone, Default)]
struct Buffers {
    free: Arc<Mutex<Vec<Buffer>>>,
}

/// A buffer that goes back where it came from.
struct Lent {
    buffer: Buffer,
    buffers: Buffers,
}

impl Buffers {
    /// One of at least `length` bytes, whatever they are.
    fn take(&self, length: usize) -> Lent {
        let free = self.lock().pop().filter(|free| free.len() >= length);
        Lent {
            buffer: free.unwrap_or_else(|| Buffer::new(length)),
            buffers: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.buffers.lock().push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn a_buffer_is_used_again_once_nobody_holds_it() {
        let buffers = Buffers::default();
        let mut remaining = PIECE_BYTES * 9 + 17;
        let mut reader: Box<dyn Read + Send> = Box::new(io::repeat(7).take(remaining));
        while remaining > 0 {
            let piece = read_piece(reader, remaining, buffers.clone()).await;
            let piece = piece.unwrap().unwrap();
            (reader, remaining) = (piece.reader, piece.remaining);
            assert!(buffers.lock().is_empty(), "it is held");
            drop(piece.bytes);
            assert_eq!(buffers.lock().len(), 1, "there is one for all of them");
        }
        // nobody clears it in vain
        assert_eq!(buffers.take(5).buffer[..5], [7; 5]);
    }

    #[tokio::test]
    async fn a_piece_that_somebody_holds_is_not_written_over() {
        let bytes: Vec<u8> = (0..PIECE_BYTES * 3 + 17).map(|at| (at / 7) as u8).collect();
        let content = |reader: Vec<u8>, length: usize| Content {
            reader: Box::new(Cursor::new(reader)),
            length: length as u64,
        };
        let guard = || CancellationToken::new().drop_guard();
        let fail = |problem| TransportError::new("blob", "here", problem);
        let whole = content(bytes.clone(), bytes.len());
        let held: Vec<_> = stream(whole, guard(), fail).collect().await;
        let held: Vec<Bytes> = held.into_iter().map(|piece| piece.unwrap()).collect();
        assert_eq!(held.len(), 4);
        assert_eq!(held.concat(), bytes);
        // one by one, each in the buffer of the one before
        let mut pieces = stream(content(bytes.clone(), bytes.len()), guard(), fail);
        let mut seen = Vec::new();
        while let Some(piece) = pieces.next().await {
            seen.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(seen, bytes);
        // what ends early gives what there is
        let cut = content(bytes[..1000].to_vec(), bytes.len());
        let cut: Vec<_> = stream(cut, guard(), fail).collect().await;
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].as_ref().unwrap(), &bytes[..1000]);
    }
}
