//! Layers on their way into an archive for Docker: unpacked, several at once, each hashed
//! twice, as it came and as it is stored.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::model::{Algorithm, Descriptor, Digest, Hasher, limits};
use crate::transport::archive::{Packing, Windows, unpack};
use crate::transport::local::{Disk, Stage, Work, fill, problem_of, write_problem};
use crate::transport::{Payload, Problem};

/// How much is written at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// What layers are called that are still to become whole.
const UNFINISHED: &str = ".layer-";

/// What was put so far: configs in memory, layers in a folder.
pub(in crate::transport) struct Unpacked {
    stage: Arc<Stage>,
    disk: Disk,
    put: Mutex<HashMap<Digest, Put>>,
    windows: Arc<Windows>,
}

/// A blob that was put.
#[derive(Clone)]
pub(super) enum Put {
    Whole(Bytes),
    Layer(UnpackedLayer),
}

/// A layer as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnpackedLayer {
    pub(super) file: PathBuf,
    pub(super) diff_id: Digest,
    /// Whether this program has written it: what an earlier one left is hashed again.
    pub(super) ours: bool,
}

impl Unpacked {
    pub(in crate::transport) fn new(stage: Arc<Stage>, disk: Disk) -> Self {
        Self {
            stage,
            disk,
            put: Mutex::default(),
            windows: Arc::default(),
        }
    }

    pub(super) const fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }

    fn put(&self) -> MutexGuard<'_, HashMap<Digest, Put>> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A blob that was put.
    pub(super) fn get(&self, digest: &Digest) -> Option<Put> {
        self.put().get(digest).cloned()
    }

    /// Whether the blob was put.
    pub(in crate::transport) fn holds(&self, digest: &Digest) -> bool {
        self.put().contains_key(digest)
    }

    /// The digest that a layer has as it is stored.
    pub(in crate::transport) fn stored_as(&self, digest: &Digest) -> Option<Digest> {
        match self.put().get(digest)? {
            Put::Layer(layer) => Some(layer.diff_id.clone()),
            Put::Whole(_) => None,
        }
    }

    /// Whether the blob was put, now or by a copy that was interrupted. Waits for the disk.
    pub(in crate::transport) fn has(&self, digest: &Digest) -> Result<bool, Problem> {
        if self.put().contains_key(digest) {
            return Ok(true);
        }
        let folder = self.stage.left().map_err(|error| write_problem(&error))?;
        let Some(layer) = folder.and_then(|folder| left(&folder, digest)) else {
            return Ok(false);
        };
        self.put().insert(digest.clone(), Put::Layer(layer));
        Ok(true)
    }

    /// Takes a blob that is no layer.
    pub(in crate::transport) async fn put_whole(
        &self,
        blob: &Descriptor,
        payload: Arc<dyn Payload>,
    ) -> Result<(), Error> {
        if blob.size > limits::DOCKER_CONFIG_BYTES {
            return Err(Error::Here(Problem::TooLarge {
                found: Some(blob.size),
                limit: limits::DOCKER_CONFIG_BYTES,
            }));
        }
        let mut stream = payload.open(0).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() as u64 > blob.size {
                break;
            }
        }
        check(blob, bytes.len() as u64, || {
            Digest::of(blob.digest.algorithm(), &bytes)
        })
        .map_err(Error::Here)?;
        let whole = Put::Whole(bytes.into());
        self.put().insert(blob.digest.clone(), whole);
        Ok(())
    }

    /// Takes a layer, and unpacks it into the folder.
    pub(in crate::transport) async fn put_layer(
        &self,
        blob: &Descriptor,
        payload: Arc<dyn Payload>,
    ) -> Result<(), Error> {
        let mut stream = payload.open(0).await?;
        let (pieces, waiting) = mpsc::channel::<Bytes>(1);
        let cancelled = CancellationToken::new();
        let guard = cancelled.clone().drop_guard();
        let work = Work::new(cancelled, None);
        let writing = {
            let (stage, disk, blob) = (Arc::clone(&self.stage), self.disk.clone(), blob.clone());
            let windows = Arc::clone(&self.windows);
            spawn_blocking(move || write_layer(&stage, (&disk, &windows), &blob, waiting, &work))
        };
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => {
                    if pieces.send(piece).await.is_err() {
                        // the writer has failed, and says why
                        break;
                    }
                }
                Err(error) => {
                    drop(guard);
                    drop(pieces);
                    // it ends, and removes what it has written
                    let _ = writing.await;
                    return Err(error.into());
                }
            }
        }
        drop(pieces);
        let written = writing.await;
        let layer = written.map_err(|_| Error::Here(Problem::Cancelled))?;
        let layer = layer.map_err(Error::Here)?;
        drop(guard);
        self.put().insert(blob.digest.clone(), Put::Layer(layer));
        Ok(())
    }
}

/// Why a blob was not taken.
pub(in crate::transport) enum Error {
    /// What it is copied from failed.
    Payload(crate::transport::TransportError),
    Here(Problem),
}

impl From<crate::transport::TransportError> for Error {
    fn from(error: crate::transport::TransportError) -> Self {
        Self::Payload(error)
    }
}

/// Compares a blob with its descriptor.
fn check(blob: &Descriptor, length: u64, digest: impl FnOnce() -> Digest) -> Result<(), Problem> {
    if length != blob.size {
        return Err(Problem::WrongSize {
            expected: blob.size,
            found: Some(length),
        });
    }
    let found = digest();
    if found == blob.digest {
        return Ok(());
    }
    Err(Problem::WrongDigest {
        expected: blob.digest.clone(),
        found,
    })
}

/// What the file of a layer is called: both its digests.
fn layer_name(blob: &Digest, diff_id: &Digest) -> String {
    let (algorithm, hex) = (blob.algorithm().name(), blob.hex());
    format!("{algorithm}-{hex}.{}", diff_id.hex())
}

/// The layer that an interrupted copy left.
fn left(folder: &Path, blob: &Digest) -> Option<UnpackedLayer> {
    let begins = format!("{}-{}.", blob.algorithm().name(), blob.hex());
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let hex = name.strip_prefix(&begins)?;
        Some(UnpackedLayer {
            diff_id: format!("sha256:{hex}").parse().ok()?,
            file: entry.path(),
            ours: false,
        })
    })
}

fn write_layer(
    stage: &Stage,
    (disk, windows): (&Disk, &Windows),
    blob: &Descriptor,
    waiting: mpsc::Receiver<Bytes>,
    work: &Work,
) -> Result<UnpackedLayer, Problem> {
    let io = |error: io::Error| write_problem(&error);
    let folder = stage.folder(disk).map_err(io)?;
    let unfinished = folder.join(format!("{UNFINISHED}{}", blob.digest.hex()));
    let written =
        unpack_into((disk, windows), &unfinished, blob, waiting, work).and_then(|diff_id| {
            let file = folder.join(layer_name(&blob.digest, &diff_id));
            disk.rename(&unfinished, &file).map_err(io)?;
            Ok(UnpackedLayer {
                file,
                diff_id,
                ours: true,
            })
        });
    if written.is_err() {
        // the next try writes over it
        let _ = disk.remove(&unfinished);
    }
    written
}

/// Unpacks what comes into the file at `path`: its digest there.
fn unpack_into(
    (disk, windows): (&Disk, &Windows),
    path: &Path,
    blob: &Descriptor,
    waiting: mpsc::Receiver<Bytes>,
    work: &Work,
) -> Result<Digest, Problem> {
    let io = |error: io::Error| match problem_of(&error) {
        Problem::Io { .. } => write_problem(&error),
        stopped => stopped,
    };
    disk.remove(path).map_err(io)?;
    let file = disk.create(path).map_err(io)?;
    let counted = Arc::new(Mutex::new(Counted {
        waiting,
        piece: Bytes::new(),
        hasher: Hasher::new(blob.digest.algorithm()),
        length: 0,
    }));
    let mut packed = Shared(Arc::clone(&counted));
    let mut start = [0; 16];
    let known = fill(&mut packed, &mut start).map_err(io)?;
    let packing = Packing::of_start(&start[..known]);
    // many layers with large windows would take much memory together
    let _window = windows
        .take(packing.window(&start[..known]), work)
        .map_err(io)?;
    let whole = io::Cursor::new(start[..known].to_vec()).chain(packed);
    let unpacked = unpack(packing, whole, blob.size, work)?;
    let diff_id = pump(disk, path, file, unpacked, work);
    let mut packed = counted.lock().unwrap_or_else(PoisonError::into_inner);
    // whatever stands behind the end of a stream belongs to the blob too
    io::copy(&mut *packed, &mut io::sink()).map_err(io)?;
    work.go_on().map_err(io)?;
    // bytes that are not the blob's need not unpack either
    check(blob, packed.length, || packed.hasher.clone().finish())?;
    diff_id
}

/// Hashes and writes on one thread what another one unpacks.
fn pump(
    disk: &Disk,
    path: &Path,
    mut file: File,
    mut unpacked: Box<dyn Read + Send>,
    work: &Work,
) -> Result<Digest, Problem> {
    let (full, to_write): (SyncSender<Vec<u8>>, Receiver<Vec<u8>>) = sync_channel(4);
    let (empty, to_fill) = sync_channel(8);
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let mut hasher = Hasher::new(Algorithm::Sha256);
            for piece in to_write {
                hasher.update(&piece);
                disk.write(&mut file, path, &piece)?;
                // used again, where there is room
                let _ = empty.try_send(piece);
            }
            Ok::<_, io::Error>(hasher.finish())
        });
        let mut ended = Ok(());
        loop {
            let mut piece: Vec<u8> = to_fill.try_recv().unwrap_or_default();
            piece.resize(PIECE_BYTES, 0);
            match work.go_on().and_then(|()| fill(&mut unpacked, &mut piece)) {
                Ok(0) => break,
                Ok(read) => {
                    piece.truncate(read);
                    if full.send(piece).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    ended = Err(match problem_of(&error) {
                        Problem::Io { why } => Problem::Broken {
                            file: "the layer".to_owned(),
                            why,
                        },
                        stopped => stopped,
                    });
                    break;
                }
            }
        }
        drop(full);
        let written = match writing.join() {
            Ok(written) => written.map_err(|error| write_problem(&error)),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        ended.and(written)
    })
}

/// What comes of a blob, hashed as it is read.
struct Counted {
    waiting: mpsc::Receiver<Bytes>,
    piece: Bytes,
    hasher: Hasher,
    length: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(piece) = self.waiting.blocking_recv() else {
                return Ok(0);
            };
            self.hasher.update(&piece);
            self.length += piece.len() as u64;
            self.piece = piece;
        }
        let read = buffer.len().min(self.piece.len());
        buffer[..read].copy_from_slice(&self.piece.split_to(read));
        Ok(read)
    }
}

/// The same bytes, for a reader that is given away.
struct Shared(Arc<Mutex<Counted>>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.read(buffer)
    }
}
