//! The cache: manifests, indexes and configs by digest, in memory and on disk.
//!
//! What comes out was hashed again, so a torn or changed file is never believed; that is
//! also why files are renamed into place without waiting for the disk. A cache that cannot
//! be read or written only costs time.

mod disk;
mod memory;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::model::{Digest, MediaType, RawDocument, limits};

use disk::Disk;
use memory::Memory;

/// Most bytes that are kept on disk; the least recently used go first.
pub const DISK_BYTES: u64 = 256 << 20;

/// Most bytes that are kept in memory.
pub const MEMORY_BYTES: usize = 32 << 20;

/// Most bytes of layer indexes that are kept on disk; the least recently used go first.
pub const LAYER_BYTES: u64 = 1 << 30;

/// The cache. Clones share it.
#[derive(Clone)]
pub struct Store {
    memory: Arc<Mutex<Memory>>,
    disk: Option<Arc<Disk>>,
    /// Indexes of layers, by the digests of the layers.
    layers: Option<Arc<Disk>>,
}

impl Store {
    /// A cache in `folder`, which is made when something is first put in; nothing for one
    /// in memory only.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self::with_limits(folder, MEMORY_BYTES, DISK_BYTES)
    }

    /// A cache with other limits, in bytes.
    pub fn with_limits(folder: Option<PathBuf>, memory: usize, disk: u64) -> Self {
        Self {
            memory: Arc::new(Mutex::new(Memory::new(memory))),
            layers: folder.as_ref().map(|folder| {
                let disk = Disk::new(folder.join("layers"), LAYER_BYTES);
                Arc::new(disk.with_largest(limits::LAYER_INDEX_BYTES as u64))
            }),
            disk: folder.map(|folder| Arc::new(Disk::new(folder, disk))),
        }
    }

    /// The document with this digest, where it is here and its bytes hash to it.
    pub async fn get(&self, digest: &Digest, media_type: &MediaType) -> Option<RawDocument> {
        let known = self.lock().get(digest);
        if let Some(bytes) = known {
            return RawDocument::verify_manifest(bytes, digest, media_type.clone()).ok();
        }
        let disk = Arc::clone(self.disk.as_ref()?);
        let wanted = digest.clone();
        let bytes = tokio::task::spawn_blocking(move || disk.read(&wanted))
            .await
            .ok()??;
        match RawDocument::verify_manifest(bytes, digest, media_type.clone()) {
            Ok(raw) => {
                self.lock().put(raw.digest(), raw.bytes());
                Some(raw)
            }
            Err(found) => {
                tracing::warn!(%digest, %found, "dropped a damaged file from the cache");
                let disk = Arc::clone(self.disk.as_ref()?);
                let wanted = digest.clone();
                let removed = tokio::task::spawn_blocking(move || disk.remove(&wanted));
                // only speed is lost if it stays
                let _ = removed.await;
                None
            }
        }
    }

    /// Remembers a document. What was hashed cannot be wrong, so nothing is refused.
    pub async fn put(&self, raw: &RawDocument) {
        self.lock().put(raw.digest(), raw.bytes());
        let Some(disk) = self.disk.clone() else {
            return;
        };
        let raw = raw.clone();
        let written = tokio::task::spawn_blocking(move || disk.write(raw.digest(), raw.bytes()));
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "the cache could not be written");
        }
    }

    /// The file of what was kept about the layer with this digest: not checked, the reader
    /// does that.
    pub async fn layer_index(&self, layer: &Digest) -> Option<File> {
        let disk = Arc::clone(self.layers.as_ref()?);
        let layer = layer.clone();
        let opened = tokio::task::spawn_blocking(move || disk.open(&layer));
        opened.await.ok()?
    }

    /// Keeps what was found out about the layer with this digest, in place of what was.
    pub async fn put_layer_index(&self, layer: &Digest, bytes: Bytes) {
        let Some(disk) = self.layers.clone() else {
            return;
        };
        let layer = layer.clone();
        let written = tokio::task::spawn_blocking(move || {
            // it may be there and damaged
            let _ = disk.remove(&layer);
            disk.write(&layer, &bytes)
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "the cache could not be written");
        }
    }

    /// Forgets what was kept about the layer with this digest.
    pub async fn forget_layer_index(&self, layer: &Digest) {
        let Some(disk) = self.layers.clone() else {
            return;
        };
        let layer = layer.clone();
        // nothing may have been there
        let _ = tokio::task::spawn_blocking(move || disk.remove(&layer)).await;
    }

    /// Bytes held on disk; 0 where there is no such cache, or it cannot be read.
    pub async fn disk_size(&self) -> u64 {
        let disks = [self.disk.clone(), self.layers.clone()];
        let counted = tokio::task::spawn_blocking(move || {
            disks.iter().flatten().map(|disk| disk.size()).sum()
        });
        counted.await.unwrap_or(0)
    }

    /// Forgets everything, in memory and on disk. Gives how many bytes of the disk are free
    /// again.
    ///
    /// # Errors
    /// Where a file cannot be removed; what was removed before stays so.
    pub async fn clear(&self) -> std::io::Result<u64> {
        self.lock().clear();
        let disks = [self.disk.clone(), self.layers.clone()];
        let cleared = tokio::task::spawn_blocking(move || {
            disks.iter().flatten().map(|disk| disk.clear()).sum()
        });
        cleared.await.map_err(std::io::Error::other)?
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        // a panic cannot leave the map half changed
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
