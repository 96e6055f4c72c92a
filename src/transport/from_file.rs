//! A file of this machine as something to write: hashed first, and then sent without being
//! held in memory.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::config::open_plain;
use crate::model::{Algorithm, Descriptor, Hasher};

use super::buffer::Buffer;
use super::{BlobStream, Payload, Problem, TransportError};

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// A file that becomes a blob.
#[derive(Clone, Debug)]
pub struct FromFile {
    path: PathBuf,
}

impl FromFile {
    /// Reads the file through. Gives what points at it, and its first bytes, at most
    /// `start` of them; all where it has no more.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn look(
        path: &Path,
        media_type: &str,
        start: usize,
    ) -> Result<(Self, Descriptor, Bytes), TransportError> {
        let own = Self {
            path: path.to_owned(),
        };
        let fail = |error: std::io::Error| own.fail(&error);
        let mut file = own.file().await?;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut first = Vec::new();
        let mut size = 0;
        let mut piece = Buffer::new(PIECE_BYTES);
        loop {
            let read = file.read(&mut piece).await.map_err(fail)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            size += read as u64;
            let room = start.saturating_sub(first.len()).min(read);
            first.extend_from_slice(&piece[..room]);
        }
        let descriptor = Descriptor::new(media_type, hasher.finish(), size);
        Ok((own, descriptor, first.into()))
    }

    /// Opens it; what would be waited for is not.
    async fn file(&self) -> Result<File, TransportError> {
        let path = self.path.clone();
        let opened = tokio::task::spawn_blocking(move || open_plain(&path)).await;
        let failed = |problem| TransportError::new("file", self.place(), problem);
        match opened.map_err(|_| failed(Problem::Cancelled))? {
            Ok(Some(file)) => Ok(File::from_std(file)),
            Ok(None) => Err(failed(Problem::NoPlainFile)),
            Err(error) => Err(self.fail(&error)),
        }
    }

    fn place(&self) -> String {
        crate::model::text::visible(&self.path.display().to_string()).into_owned()
    }

    fn fail(&self, error: &std::io::Error) -> TransportError {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => Problem::NoSuchPath,
            _ => Problem::Broken {
                file: "it".to_owned(),
                why: error.to_string(),
            },
        };
        TransportError::new("file", self.place(), problem)
    }
}

impl Payload for FromFile {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        async move {
            let mut file = self.file().await?;
            let moved = file.seek(SeekFrom::Start(from)).await;
            moved.map_err(|error| self.fail(&error))?;
            let own = self.clone();
            let pieces = ReaderStream::with_capacity(file, PIECE_BYTES);
            Ok(pieces
                .map(move |piece| piece.map_err(|error| own.fail(&error)))
                .boxed())
        }
        .boxed()
    }
}
