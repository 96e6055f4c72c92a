//! How large the cache is, and emptying it.

use super::{Failure, Outcome, Shared, disk_failure};

pub(super) async fn measure(shared: &Shared) -> Outcome {
    let bytes = shared.store.disk_size().await;
    Outcome::CacheMeasured { bytes }
}

pub(super) async fn clear(shared: &Shared) -> Result<Outcome, Failure> {
    shared.shelf.clear();
    let cleared = shared.store.clear().await;
    let freed = cleared.map_err(|error| {
        let folder = shared.config.cache.clone().unwrap_or_default();
        disk_failure("the cache could not be emptied:", &folder, &error)
    })?;
    Ok(Outcome::CacheCleared { freed })
}
