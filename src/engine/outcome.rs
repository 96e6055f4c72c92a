//! What came of something that was asked for once: told once, in order, and then forgotten.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Failure, ImageId};

/// How a chore or a look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The folder or file of this image is not as it was when it was read.
    ChangedOnDisk {
        image: ImageId,
    },
    /// So many bytes are in the cache on disk.
    CacheMeasured {
        bytes: u64,
    },
    /// The cache is empty; so many bytes were freed.
    CacheCleared {
        freed: u64,
    },
    /// A text was written to this file.
    Saved {
        path: PathBuf,
    },
    /// The trust policy was written to this file and is judged by.
    TrustSaved {
        path: PathBuf,
    },
    /// The sample image is on the disk, and this opens it.
    SampleReady {
        reference: String,
    },
    Failed(Arc<Failure>),
}
