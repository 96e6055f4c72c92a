//! A blob on its way into a file: hashed as it comes, and gone on with where an earlier try
//! stopped.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::disk::{Disk, PARTIAL, REPLACING, is_at, write_problem};
use super::target::try_hold;
use crate::model::{Descriptor, Hasher};
use crate::transport::buffer::Buffer;
use crate::transport::{Payload, Problem, TransportError};

/// How much is read at once where a part is hashed again, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// A file that becomes a blob, in the hands of one writer.
struct Partial {
    file: File,
    path: PathBuf,
    at: u64,
    hasher: Hasher,
}

impl Partial {
    /// Opens what an earlier writer left, or begins anew. Where another one is writing the
    /// same, this one gets a file of its own.
    fn open(disk: &Disk, folder: &Path, blob: &Descriptor) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let common = folder.join(format!("{PARTIAL}{}", blob.digest.hex()));
        let file = disk.create(&common)?;
        let (mut file, path) = if try_hold(&file).unwrap_or(false) && is_at(&file, &common) {
            (file, common)
        } else {
            let mut tries = 0;
            loop {
                let count = COUNTER.fetch_add(1, Ordering::Relaxed);
                let own = format!("{}-{}-{count}", blob.digest.hex(), std::process::id());
                let own = folder.join(format!("{PARTIAL}{own}"));
                let file = disk.create(&own)?;
                file.lock()?;
                tries += 1;
                // whoever tidied up may have come before it was held
                if is_at(&file, &own) || tries > REPLACING {
                    break (file, own);
                }
            }
        };
        let mut hasher = Hasher::new(blob.digest.algorithm());
        let mut at = 0;
        let length = file.metadata()?.len();
        if length > 0 && length < blob.size {
            let mut buffer = Buffer::new(PIECE_BYTES);
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
                at += read as u64;
            }
        }
        let mut partial = Self {
            file,
            path,
            at,
            hasher,
        };
        if at == 0 {
            partial.restart(blob)?;
        }
        Ok(partial)
    }

    fn restart(&mut self, blob: &Descriptor) -> io::Result<()> {
        self.at = 0;
        self.hasher = Hasher::new(blob.digest.algorithm());
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok(())
    }
}

/// How many bytes lie between two beginnings of [`Ahead`].
const AHEAD_BYTES: u64 = 16 << 20;

/// Lets the disk begin with a large file while the rest of it still comes, so that little is
/// left to wait for at the end, where all of it is forced there.
struct Ahead {
    /// Nothing where it is not going to be forced.
    wanted: bool,
    next: u64,
    flushing: Option<std::thread::JoinHandle<()>>,
}

impl Ahead {
    /// So much of `file` is written.
    fn at(&mut self, at: u64, file: &File) {
        if !self.wanted || at < self.next.max(AHEAD_BYTES) {
            return;
        }
        self.next = at + AHEAD_BYTES;
        if self.flushing.as_ref().is_some_and(|one| !one.is_finished()) {
            return;
        }
        // what fails here fails again at the end, where it is told
        if let Ok(file) = file.try_clone() {
            self.flushing = Some(std::thread::spawn(move || {
                let _ = file.sync_data();
            }));
        }
    }
}

/// Writes a blob as `target`, hashed on the way. Goes on where an earlier
/// try stopped; what turns out to be wrong is thrown away. `ahead` says that it is going to
/// be forced to the disk, which begins with it then.
///
/// # Errors
/// Where the payload cannot be read or is not what `blob` says, or the disk fails. `place`
/// is the destination as it is named in errors.
pub(super) async fn write_blob(
    (disk, ahead): (&Disk, bool),
    target: &Path,
    blob: &Descriptor,
    payload: Arc<dyn Payload>,
    place: &str,
) -> Result<(), TransportError> {
    let folder = target.parent().unwrap_or(target);
    let fail = |problem| TransportError::new(format!("blob {}", blob.digest), place, problem);
    let opened = {
        let (disk, folder, blob) = (disk.clone(), folder.to_owned(), blob.clone());
        spawn_blocking(move || {
            disk.create_folder(&folder)?;
            Partial::open(&disk, &folder, &blob)
        })
    };
    let partial = opened
        .await
        .map_err(|_| fail(Problem::Cancelled))?
        .map_err(|error| fail(write_problem(&error)))?;
    let continued = partial.at > 0;
    let mut stream = payload.open(partial.at).await?;
    // one waits while another is written: writing overlaps reading, in little memory
    let (pieces, waiting) = mpsc::channel::<bytes::Bytes>(1);
    let writing = {
        let (disk, blob, target) = (disk.clone(), blob.clone(), target.to_owned());
        spawn_blocking(move || write_pieces((&disk, ahead), partial, waiting, &blob, &target))
    };
    let mut at_end = Ok(());
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) if piece.is_empty() => {}
            Ok(piece) => {
                if pieces.send(piece).await.is_err() {
                    // the writer has failed, and says why
                    break;
                }
            }
            Err(error) => {
                at_end = Err(error);
                break;
            }
        }
    }
    if at_end.is_ok() {
        // a mark that this is the end: without it, nobody waits for the rest any more
        let _ = pieces.send(bytes::Bytes::new()).await;
    }
    drop(pieces);
    let written = writing.await.map_err(|_| fail(Problem::Cancelled))?;
    at_end?;
    match written {
        Ok(()) => Ok(()),
        // what was left by an earlier try may have been wrong
        Err(Problem::WrongDigest { .. } | Problem::WrongSize { .. }) if continued => {
            Box::pin(write_blob((disk, ahead), target, blob, payload, place)).await
        }
        Err(problem) => Err(fail(problem)),
    }
}

/// Writes what comes and gives it its name, where it is what `blob` says. An empty piece is
/// the end; where it does not come, what is there stays for the next try.
fn write_pieces(
    (disk, ahead): (&Disk, bool),
    mut partial: Partial,
    mut waiting: mpsc::Receiver<bytes::Bytes>,
    blob: &Descriptor,
    target: &Path,
) -> Result<(), Problem> {
    let io = |error: io::Error| write_problem(&error);
    let wrong = |partial: &Partial, problem| {
        // where even that fails, the next try finds it out
        let _ = disk.remove(&partial.path);
        Err(problem)
    };
    let mut ahead = Ahead {
        wanted: ahead,
        next: 0,
        flushing: None,
    };
    loop {
        let piece = waiting.blocking_recv().ok_or(Problem::Cancelled)?;
        if piece.is_empty() {
            break;
        }
        ahead.at(partial.at, &partial.file);
        partial.at += piece.len() as u64;
        if partial.at > blob.size {
            let (expected, found) = (blob.size, None);
            return wrong(&partial, Problem::WrongSize { expected, found });
        }
        partial.hasher.update(&piece);
        disk.write(&mut partial.file, &partial.path, &piece)
            .map_err(io)?;
    }
    if partial.at != blob.size {
        let (expected, found) = (blob.size, Some(partial.at));
        return wrong(&partial, Problem::WrongSize { expected, found });
    }
    let found = partial.hasher.clone().finish();
    if found != blob.digest {
        let expected = blob.digest.clone();
        return wrong(&partial, Problem::WrongDigest { expected, found });
    }
    disk.rename(&partial.path, target).map_err(io)
}
