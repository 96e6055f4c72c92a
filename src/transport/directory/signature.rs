//! Signatures beside the manifests: `signature-1` and so on for `manifest.json`,
//! `<hex>.signature-1` and so on for what it lists, counted up to the first gap. Each is an
//! OpenPGP message, or `\0sigstore-json\n` and JSON.

use bytes::Bytes;

use super::blob;
use crate::model::{Digest, limits};
use crate::transport::Problem;
use crate::transport::local::{Files, Folder, Work, none_behind_a_gap};

/// How many signatures of a manifest there are.
pub(super) fn count(folder: &Folder, manifest: &Digest, is_primary: bool) -> usize {
    let count = |prefix: &String| {
        let names = (1..=limits::SIGNATURES).map(|number| name(prefix, number));
        names.take_while(|name| folder.length(name).is_ok()).count()
    };
    prefixes(manifest, is_primary).iter().map(count).sum()
}

/// The signatures of a manifest, none of them checked.
///
/// # Errors
/// Where one cannot be read, or the first is not there and others are.
pub(super) fn read(
    folder: &Folder,
    manifest: &Digest,
    is_primary: bool,
    work: &Work,
) -> Result<Vec<Bytes>, Problem> {
    let mut found = Vec::new();
    let prefixes = prefixes(manifest, is_primary);
    for prefix in &prefixes {
        for number in 1.. {
            let read = folder.read(&name(prefix, number), limits::SIGNATURE_BYTES, work);
            match read {
                Ok(_) if found.len() == limits::SIGNATURES => {
                    return Err(Problem::Beyond {
                        what: "signatures",
                        limit: limits::SIGNATURES,
                    });
                }
                Ok(bytes) => found.push(Bytes::from(bytes)),
                Err(problem) if problem.is_missing() => break,
                Err(problem) => return Err(problem),
            }
        }
    }
    if found.is_empty() {
        let names = folder.names("")?;
        for prefix in &prefixes {
            none_behind_a_gap(&names, prefix)?;
        }
    }
    Ok(found)
}

/// What the names of a manifest's signatures begin with.
fn prefixes(manifest: &Digest, is_primary: bool) -> Vec<String> {
    let own = format!("{}.", blob::name(manifest));
    if is_primary {
        vec![String::new(), own]
    } else {
        vec![own]
    }
}

/// What the signature of this number is called, counted from 1.
pub(super) fn name(prefix: &str, number: usize) -> String {
    format!("{prefix}signature-{number}")
}
