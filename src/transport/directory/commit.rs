//! The end of writing a flat folder: the image becomes the new one, its signatures lie
//! beside it, and what only the old one needed goes.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::destination::{Kept, manifest_path, path, primary};
use super::{blob, signature, version};
use crate::model::{
    Algorithm, Content, Descriptor, Digest, Document, MediaType, RawDocument, limits,
};
use crate::transport::Problem;
use crate::transport::local::{Target, file_in, write_problem};

/// Says which image replaces another one while it does: until then the signatures beside
/// `manifest.json` may be the old one's.
const REPLACING: &str = ".partial-replacing";

/// What was put and is not yet visible.
#[derive(Default)]
pub(super) struct New {
    /// Nothing where the image is there already.
    pub(super) manifest: Option<RawDocument>,
    pub(super) signed: Vec<Signed>,
}

/// The signatures of a manifest.
pub(super) struct Signed {
    pub(super) manifest: Digest,
    pub(super) own: bool,
    pub(super) signatures: Vec<Bytes>,
}

/// Makes what was put the image of the folder.
pub(super) fn commit(target: &Target, new: New) -> Result<(), Problem> {
    let there = primary(target)?;
    let before = there.as_deref().map(Digest::sha256);
    let raw = match (new.manifest, there) {
        (Some(raw), _) => raw,
        (None, Some(bytes)) => {
            RawDocument::hash_manifest(bytes.into(), Algorithm::Sha256, MediaType::default())
        }
        // nothing was put
        (None, None) => return Ok(()),
    };
    let kept = keep(target, &raw)?;
    version::ensure(target, kept.other_algorithm)?;
    for signed in new.signed.iter().filter(|signed| !signed.own) {
        let prefix = format!("{}.", blob::name(&signed.manifest));
        write_signatures(target, &prefix, &signed.signatures, true)?;
    }
    let digest = Digest::sha256(raw.bytes());
    let disk = &target.disk;
    let io = |error: io::Error| write_problem(&error);
    let marker = target.root.join(REPLACING);
    let interrupted = fs::read(&marker).is_ok_and(|said| said == digest.to_string().as_bytes());
    let same = before.as_ref() == Some(&digest);
    if !same {
        let replaces = before.is_some();
        if replaces {
            disk.replace(&marker, digest.to_string().as_bytes())
                .map_err(io)?;
            // what goes with the old image goes when the new one is safe
            target.force().map_err(io)?;
            disk.sync_folder(&target.root).map_err(io)?;
        }
        disk.put(&target.root.join("manifest.json"), raw.bytes(), replaces)
            .map_err(io)?;
        if replaces {
            disk.sync_folder(&target.root).map_err(io)?;
        }
    }
    let own = new.signed.iter().find(|signed| signed.own);
    let own = own.map(|signed| signed.signatures.as_slice());
    write_signatures(target, "", own.unwrap_or_default(), same && !interrupted)?;
    tidy(target, &kept)?;
    disk.sweep(&target.root).map_err(io)
}

/// Everything of the folder that the image `raw` needs.
///
/// # Errors
/// Where something of it is not there.
fn keep(target: &Target, raw: &RawDocument) -> Result<Kept, Problem> {
    let mut kept = Kept::default();
    collect(target, raw, &mut kept, 0)?;
    Ok(kept)
}

fn collect(
    target: &Target,
    raw: &RawDocument,
    kept: &mut Kept,
    depth: usize,
) -> Result<(), Problem> {
    if depth > limits::INDEX_DEPTH {
        return Err(Problem::Beyond {
            what: "indexes in each other",
            limit: limits::INDEX_DEPTH,
        });
    }
    let note = |kept: &mut Kept, digest: &Digest| {
        kept.other_algorithm |= digest.algorithm() != Algorithm::Sha256;
    };
    let document = Document::read(raw.clone());
    match document.content() {
        Content::Index(index) => {
            for (_, entry) in index.descriptors() {
                // a sparse index names what is not here
                if let Some(child) = child(target, entry) {
                    note(kept, &entry.digest);
                    if kept.manifests.insert(manifest_path(&entry.digest)) {
                        collect(target, &child, kept, depth + 1)?;
                    }
                }
            }
        }
        Content::Manifest(_) | Content::Unknown => {
            for named in document.blobs() {
                let path = path(&named.digest);
                let there = fs::metadata(target.root.join(&path));
                let whole = there.is_ok_and(|there| named.has_size(there.len()));
                if !whole && named.urls.is_empty() {
                    return Err(Problem::Write {
                        why: format!("blob {} is gone: somebody else changed it", named.digest),
                    });
                }
                note(kept, &named.digest);
                kept.blobs.insert(path);
            }
        }
        Content::Invalid(_) => {}
    }
    Ok(())
}

fn child(target: &Target, entry: &Descriptor) -> Option<RawDocument> {
    let name = manifest_path(&entry.digest);
    let bytes = file_in(&target.root, name.to_str()?, limits::MANIFEST_BYTES)?;
    RawDocument::verify_manifest(bytes.into(), &entry.digest, entry.media_type.clone()).ok()
}

/// Makes `new` the signatures whose names begin with `prefix`. With `and_old` those that are
/// there stay where they are, whatever is in them, and what is missing comes behind them.
fn write_signatures(
    target: &Target,
    prefix: &str,
    new: &[Bytes],
    and_old: bool,
) -> Result<(), Problem> {
    let path = |number: usize| target.root.join(signature::name(prefix, number));
    let read = |number: usize| {
        let name = signature::name(prefix, number);
        file_in(&target.root, &name, limits::SIGNATURE_BYTES)
    };
    let stays = |number: &usize| and_old && fs::symlink_metadata(path(*number)).is_ok();
    // readers stop at the first gap; what lies behind one stays nevertheless
    let there: Vec<_> = (1..=limits::SIGNATURES)
        .take_while(stays)
        .filter_map(read)
        .collect();
    let missing = new.iter().filter(|one| !there.contains(&one.to_vec()));
    let io = |error: io::Error| write_problem(&error);
    let mut free = 1;
    for signature in missing {
        free += (free..).take_while(stays).count();
        let number = free;
        if number > limits::SIGNATURES {
            let (what, limit) = ("signatures", limits::SIGNATURES);
            return Err(Problem::Beyond { what, limit });
        }
        free += 1;
        if read(number).is_none_or(|there| there != *signature) {
            let path = path(number);
            let replaces = path.exists();
            let put = target.disk.put(&path, signature, replaces);
            put.map_err(io)?;
            target.note(path);
        }
    }
    if and_old {
        return Ok(());
    }
    for number in free.. {
        if !path(number).exists() {
            break;
        }
        target.disk.remove(&path(number)).map_err(io)?;
    }
    Ok(())
}

/// Removes what an image would have left here and this one does not need: manifests first,
/// so that none is there without its blobs.
fn tidy(target: &Target, kept: &Kept) -> Result<(), Problem> {
    let io = |error: io::Error| write_problem(&error);
    let mut blobs = Vec::new();
    for entry in fs::read_dir(&target.root).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let file = Path::new(&name);
        match kind(&name) {
            Some(Kind::Manifest) if !kept.manifests.contains(file) => {
                target.disk.remove(&target.root.join(file)).map_err(io)?;
            }
            Some(Kind::Signature(manifest)) if !kept.manifests.contains(Path::new(&manifest)) => {
                target.disk.remove(&target.root.join(file)).map_err(io)?;
            }
            Some(Kind::Blob) if !kept.blobs.contains(file) => blobs.push(target.root.join(file)),
            _ => {}
        }
    }
    if !blobs.is_empty() {
        target.disk.sync_folder(&target.root).map_err(io)?;
    }
    for blob in blobs {
        target.disk.remove(&blob).map_err(io)?;
    }
    Ok(())
}

/// What a file of an image is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Blob,
    Manifest,
    /// Beside the manifest in this file.
    Signature(String),
}

/// What the file `name` is by its name; nothing where it is none of an image.
fn kind(name: &OsStr) -> Option<Kind> {
    let name = name.to_str()?;
    let (content, rest) = match name.split_once('.') {
        None => (name, None),
        Some((content, rest)) => (content, Some(rest)),
    };
    let digest: Option<Digest> = match content.split_once('-') {
        None => format!("sha256:{content}").parse().ok(),
        Some((algorithm, hex)) => format!("{algorithm}:{hex}").parse().ok(),
    };
    // only names as they are written
    digest.filter(|digest| blob::name(digest) == content)?;
    match rest {
        None => Some(Kind::Blob),
        Some("manifest.json") => Some(Kind::Manifest),
        Some(rest) => {
            let number = rest.strip_prefix("signature-")?;
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| Kind::Signature(format!("{content}.manifest.json")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_images_leave_is_known_by_its_name() {
        let hex = "a".repeat(64);
        let long = format!("sha512-{}", "b".repeat(128));
        let kind = |name: &str| kind(OsStr::new(name));
        assert_eq!(kind(&hex), Some(Kind::Blob));
        assert_eq!(kind(&long), Some(Kind::Blob));
        let manifest = format!("{hex}.manifest.json");
        assert_eq!(kind(&manifest), Some(Kind::Manifest));
        let signature = kind(&format!("{hex}.signature-12"));
        assert_eq!(signature, Some(Kind::Signature(manifest)));
        for name in [
            "manifest.json",
            "version",
            "signature-1",
            "letter.txt",
            &hex[1..],
            &format!("sha256-{hex}"),
            &format!("{hex}.txt"),
            &format!("{hex}.signature-"),
            &"A".repeat(64),
            "",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }
}
