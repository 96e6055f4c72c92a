//! What a registry holds.

use std::collections::HashMap;
use std::path::Path;

use porthole::model::{Digest, annotation};
use serde_json::Value;

/// Blobs, manifests and tags by repository.
#[derive(Default)]
pub struct Content(HashMap<String, Repository>);

#[derive(Default)]
struct Repository {
    items: HashMap<String, Item>,
    tags: HashMap<String, Digest>,
}

/// A blob or manifest.
#[derive(Clone)]
pub struct Item {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Why something is not given.
pub enum Missing {
    Repository,
    Item,
}

impl Content {
    pub fn put(
        &mut self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Digest {
        let repository = self.0.entry(repository.to_owned()).or_default();
        let digest = Digest::sha256(bytes);
        repository.put(digest.clone(), media_type, bytes.to_vec());
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    pub fn put_layout(&mut self, repository: &str, folder: &Path) {
        let repository = self.0.entry(repository.to_owned()).or_default();
        for algorithm in std::fs::read_dir(folder.join("blobs")).unwrap() {
            let algorithm = algorithm.unwrap();
            for blob in std::fs::read_dir(algorithm.path()).unwrap() {
                let blob = blob.unwrap();
                let name = [algorithm.file_name(), blob.file_name()];
                let name = name.map(|part| part.into_string().unwrap()).join(":");
                let bytes = std::fs::read(blob.path()).unwrap();
                let media_type = media_type(&bytes);
                repository.put(name.parse().unwrap(), &media_type, bytes);
            }
        }
        let index = std::fs::read(folder.join("index.json")).unwrap();
        let index: Value = serde_json::from_slice(&index).unwrap();
        for entry in index["manifests"].as_array().unwrap() {
            if let Some(name) = entry["annotations"][annotation::REF_NAME].as_str() {
                let digest: Digest = entry["digest"].as_str().unwrap().parse().unwrap();
                let item = repository.items.get_mut(&digest.to_string()).unwrap();
                entry["mediaType"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut item.media_type);
                repository.tags.insert(name.to_owned(), digest);
            }
        }
    }

    /// Every blob and manifest of a repository, in no order.
    pub fn items(&self, repository: &str) -> Option<impl Iterator<Item = &Item>> {
        Some(self.0.get(repository)?.items.values())
    }

    /// Every tag of a repository, in no order.
    pub fn tags(&self, repository: &str) -> Option<Vec<String>> {
        Some(self.0.get(repository)?.tags.keys().cloned().collect())
    }

    /// Every repository.
    pub fn repositories(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.keys().cloned().collect();
        names.sort();
        names
    }

    /// Removes a tag; whether it was there.
    pub fn remove_tag(&mut self, repository: &str, tag: &str) -> bool {
        let repository = self.0.get_mut(repository);
        repository.is_some_and(|repository| repository.tags.remove(tag).is_some())
    }

    /// Removes what has this digest, with its tags; whether it was there.
    pub fn remove(&mut self, repository: &str, digest: &str) -> bool {
        let Some(repository) = self.0.get_mut(repository) else {
            return false;
        };
        repository.tags.retain(|_, at| at.to_string() != digest);
        repository.items.remove(digest).is_some()
    }

    /// What is called `identifier`, a tag or digest.
    pub fn get(&self, repository: &str, identifier: &str) -> Result<Item, Missing> {
        let repository = self.0.get(repository).ok_or(Missing::Repository)?;
        let digest = repository.tags.get(identifier).map(ToString::to_string);
        let digest = digest.unwrap_or_else(|| identifier.to_owned());
        repository.items.get(&digest).cloned().ok_or(Missing::Item)
    }
}

impl Repository {
    fn put(&mut self, digest: Digest, media_type: &str, bytes: Vec<u8>) {
        let item = Item {
            digest: digest.clone(),
            media_type: media_type.to_owned(),
            bytes,
        };
        self.items.insert(digest.to_string(), item);
    }
}

/// The type that a document says it has, or that its shape tells.
fn media_type(bytes: &[u8]) -> String {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let guessed = if value.get("layers").is_some() {
        "application/vnd.oci.image.manifest.v1+json"
    } else if value.get("manifests").is_some() {
        "application/vnd.oci.image.index.v1+json"
    } else {
        "application/octet-stream"
    };
    value["mediaType"].as_str().unwrap_or(guessed).to_owned()
}
