//! Writing what `docker load` takes, as containers/image writes it: layers as
//! `<DiffID>.tar`, the config as `<digest>.json`, a folder a layer for readers of before
//! Docker 1.10, then `manifest.json` and `repositories`.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::json;

use super::legacy;
use super::unpacked::{Put, Unpacked, UnpackedLayer};
use crate::model::{
    Algorithm, Document, Hasher, ImageConfig, MediaType, RawDocument, RegistryReference,
};
use crate::transport::Problem;
use crate::transport::archive::Writer;
use crate::transport::buffer::Buffer;
use crate::transport::local::{Disk, Work, problem_of, write_problem};

/// The permissions of files in the archive.
const MODE: u32 = 0o444;

/// Writes the image of the manifest `raw` under these names to the file at `path`.
///
/// # Errors
/// Where something that it names was not put, the config does not name the layers as they
/// are, or the disk fails.
pub(in crate::transport) fn write(
    raw: &RawDocument,
    names: &[RegistryReference],
    unpacked: &Unpacked,
    path: &Path,
    (disk, work): (&Disk, &Work),
) -> Result<File, Problem> {
    let io = |error: io::Error| match problem_of(&error) {
        Problem::Cancelled => Problem::Cancelled,
        _ => write_problem(&error),
    };
    let document = Document::read(raw.clone());
    let manifest = document.manifest().ok_or(Problem::CannotHold {
        what: "something that is no image",
    })?;
    let config = match unpacked.get(&manifest.config.digest) {
        Some(Put::Whole(bytes)) => bytes,
        _ => return Err(gone("the config")),
    };
    let mut layers = Vec::with_capacity(manifest.layers.len());
    for layer in &manifest.layers {
        match unpacked.get(&layer.digest) {
            Some(Put::Layer(layer)) => layers.push(layer),
            _ => return Err(gone("a layer")),
        }
    }
    compare(&config, &layers)?;
    disk.remove(path).map_err(io)?;
    let file = disk.create(path).map_err(io)?;
    let mut writer = Writer::new(file, path.to_owned(), MODE, disk, work);
    let mut written = HashSet::new();
    for layer in &layers {
        if !written.insert(&layer.diff_id) {
            continue;
        }
        let mut stored = File::open(&layer.file).map_err(io)?;
        if !layer.ours {
            hash_again(&mut stored, layer, disk, work)?;
        }
        let length = stored.metadata().map_err(io)?.len();
        writer
            .copy(&legacy::layer_file(&layer.diff_id), &mut stored, length)
            .map_err(io)?;
    }
    let config_name = format!("{}.json", manifest.config.digest.hex());
    writer.file(&config_name, &config).map_err(io)?;
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let chain = legacy::layers(&config, &diff_ids).map_err(|why| Problem::Broken {
        file: "the config".to_owned(),
        why,
    })?;
    for layer in &chain {
        let id = &layer.id;
        let target = format!("../{}", legacy::layer_file(&layer.diff_id));
        writer
            .symlink(&format!("{id}/layer.tar"), &target)
            .map_err(io)?;
        writer.file(&format!("{id}/VERSION"), b"1.0").map_err(io)?;
        writer
            .file(&format!("{id}/json"), layer.json.as_bytes())
            .map_err(io)?;
    }
    let mut tags: Vec<String> = Vec::new();
    for name in names.iter().map(full_name) {
        if !tags.contains(&name) {
            tags.push(name);
        }
    }
    let files: Vec<_> = diff_ids.iter().map(legacy::layer_file).collect();
    let list = json!([{"Config": config_name, "RepoTags": tags, "Layers": files}]);
    writer
        .file("manifest.json", list.to_string().as_bytes())
        .map_err(io)?;
    let mut repositories: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    if let Some(last) = chain.last() {
        for name in names {
            let tag = name.tag().unwrap_or("latest");
            let of_repository = repositories.entry(name.name()).or_default();
            of_repository.insert(tag, &last.id);
        }
    }
    let repositories = serde_json::to_vec(&repositories).expect("a JSON value can be written");
    writer.file("repositories", &repositories).map_err(io)?;
    // it takes the place of nothing
    writer.finish(false).map_err(io)
}

/// A name as `RepoTags` has it: with host and tag.
fn full_name(name: &RegistryReference) -> String {
    format!("{}:{}", name.name(), name.tag().unwrap_or("latest"))
}

fn gone(what: &str) -> Problem {
    Problem::Write {
        why: format!("{what} that the image names was not put"),
    }
}

/// What `docker load` looks at: the config's DiffIDs are those of the layers.
fn compare(config: &[u8], layers: &[UnpackedLayer]) -> Result<(), Problem> {
    let raw = RawDocument::hash(
        bytes::Bytes::copy_from_slice(config),
        Algorithm::Sha256,
        MediaType::new(MediaType::DOCKER_CONFIG),
    );
    let config = ImageConfig::read(raw);
    let broken = |why: String| Problem::Broken {
        file: "the config".to_owned(),
        why,
    };
    if let Some(problem) = &config.problem {
        return Err(broken(problem.to_string()));
    }
    if config.diff_ids.len() != layers.len() {
        return Err(broken(format!(
            "it is of {} layers, and the manifest of {}",
            config.diff_ids.len(),
            layers.len()
        )));
    }
    for (position, (said, layer)) in config.diff_ids.iter().zip(layers).enumerate() {
        if *said != layer.diff_id.to_string() {
            return Err(broken(format!(
                "it says that layer {position} unpacks to {said}, and it unpacks to {}",
                layer.diff_id
            )));
        }
    }
    Ok(())
}

/// Hashes what an earlier program left; it may have been cut off by the system's end.
fn hash_again(
    stored: &mut File,
    layer: &UnpackedLayer,
    disk: &Disk,
    work: &Work,
) -> Result<(), Problem> {
    use io::{Read, Seek};
    let io = |error: io::Error| problem_of(&error);
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = Buffer::new(256 << 10);
    loop {
        work.go_on().map_err(io)?;
        let read = stored.read(&mut buffer).map_err(io)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    stored.rewind().map_err(io)?;
    let found = hasher.finish();
    if found == layer.diff_id {
        return Ok(());
    }
    disk.remove(&layer.file)
        .map_err(|error| write_problem(&error))?;
    Err(Problem::WrongDigest {
        expected: layer.diff_id.clone(),
        found,
    })
}
