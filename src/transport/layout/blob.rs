//! Blobs: `blobs/<algorithm>/<hex>`, image-spec `image-layout.md`.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use crate::model::{Algorithm, Digest};
use crate::transport::Problem;
use crate::transport::archive::Archive;
use crate::transport::local::Files as _;

/// Where a blob lies inside of its layout. Only a digest that was parsed makes a name, so
/// there is nothing in it that could lead elsewhere.
pub(super) fn name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// The algorithms that blobs are named by.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

/// The name of the blob that the file `hex` is; nothing where it is none.
fn of_file(algorithm: Algorithm, hex: &str) -> Option<String> {
    // what is not whole has another name
    let digest: Digest = format!("{}:{hex}", algorithm.name()).parse().ok()?;
    Some(name(&digest))
}

/// Whether a layout itself has an entry of this name. Others are somebody else's.
pub(super) fn is_layouts(name: &str) -> bool {
    matches!(name, "oci-layout" | "index.json" | "blobs")
        || ALGORITHMS.into_iter().any(|algorithm| {
            let inside = name
                .strip_prefix("blobs/")
                .and_then(|name| name.strip_prefix(algorithm.name()));
            inside.is_some_and(|inside| match inside.strip_prefix('/') {
                None => inside.is_empty(),
                Some(hex) => of_file(algorithm, hex).is_some(),
            })
        })
}

/// The names of the blobs in the folder.
pub(super) fn in_folder(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for algorithm in ALGORITHMS {
        let listed = match fs::read_dir(folder.join("blobs").join(algorithm.name())) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in listed {
            names.extend(of_file(algorithm, &entry?.file_name().to_string_lossy()));
        }
    }
    Ok(names)
}

/// The names of the blobs in the archive.
pub(super) fn in_archive(archive: &Archive) -> Result<BTreeSet<String>, Problem> {
    let mut names = BTreeSet::new();
    for algorithm in ALGORITHMS {
        let listed = archive.names(&format!("blobs/{}", algorithm.name()))?;
        names.extend(listed.iter().filter_map(|hex| of_file(algorithm, hex)));
    }
    Ok(names)
}
