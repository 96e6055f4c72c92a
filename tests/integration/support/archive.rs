//! Makes archives, right ones and wrong ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use porthole::model::Digest;
use serde_json::{Value, json};
use tar::{EntryType, Header};

use super::layout::listing;

/// A tar archive under construction.
#[derive(Clone, Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// A file. Its name is written as it is, whatever it says.
    pub fn file(&mut self, name: &str, content: &[u8]) -> &mut Self {
        self.header(EntryType::Regular, name, "", content.len() as u64);
        self.content(content)
    }

    pub fn symlink(&mut self, name: &str, target: &str) -> &mut Self {
        self.header(EntryType::Symlink, name, target, 0)
    }

    pub fn hardlink(&mut self, name: &str, target: &str) -> &mut Self {
        self.header(EntryType::Link, name, target, 0)
    }

    /// An entry without content.
    pub fn special(&mut self, kind: EntryType, name: &str) -> &mut Self {
        self.header(kind, name, "", 0)
    }

    /// PAX records for the entry that comes next.
    pub fn pax(&mut self, records: &[(&str, &str)]) -> &mut Self {
        let mut text = String::new();
        for (key, value) in records {
            // the length counts its own digits
            let rest = key.len() + value.len() + 3;
            let length = (rest..).find(|l| l.to_string().len() + rest == *l).unwrap();
            text.push_str(&format!("{length} {key}={value}\n"));
        }
        self.header(EntryType::XHeader, "PaxHeaders/0", "", text.len() as u64);
        self.content(text.as_bytes())
    }

    /// A header, and nothing behind it.
    pub fn header(&mut self, kind: EntryType, name: &str, link: &str, size: u64) -> &mut Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self
    }

    /// The content of the header before it, with its padding.
    pub fn content(&mut self, content: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(content);
        self.raw(&vec![
            0;
            content.len().next_multiple_of(512) - content.len()
        ])
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// What is there so far, without the mark of the end.
    pub fn unfinished(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The whole archive.
    pub fn finish(&self) -> Vec<u8> {
        [&self.bytes[..], &[0; 1024]].concat()
    }
}

/// Every file of a folder as an archive, each name behind `prefix`.
pub fn of_folder(folder: &Path, prefix: &str) -> Tar {
    let mut tar = Tar::new();
    for (path, _) in listing(folder) {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        tar.file(&format!("{prefix}{name}"), &fs::read(&path).unwrap());
    }
    tar
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Writes `bytes` to a file in `folder`.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

/// What `docker save` wrote before version 25, under construction.
#[derive(Default)]
pub struct Saved {
    pub tar: Tar,
    pub list: Vec<Value>,
}

impl Saved {
    /// Adds an image with these layers, each in a folder of its own; gives its config.
    pub fn image(&mut self, tags: &[&str], layers: &[&[u8]]) -> Vec<u8> {
        let files: Vec<_> = layers
            .iter()
            .map(|layer| {
                let file = format!("{}/layer.tar", Digest::sha256(layer).hex());
                self.tar.file(&file, layer);
                file
            })
            .collect();
        self.image_of(tags, layers, &files)
    }

    /// Adds an image whose layers lie in `files` already.
    pub fn image_of(&mut self, tags: &[&str], layers: &[&[u8]], files: &[String]) -> Vec<u8> {
        let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::sha256(layer)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "tags": tags,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = config.to_string().into_bytes();
        let name = format!("{}.json", Digest::sha256(&config).hex());
        self.tar.file(&name, &config);
        self.list
            .push(json!({"Config": name, "RepoTags": tags, "Layers": files}));
        config
    }

    /// The archive, with the list of images at its end.
    pub fn finish(&self) -> Vec<u8> {
        let mut tar = self.tar.clone();
        tar.file(
            "manifest.json",
            Value::from(self.list.clone()).to_string().as_bytes(),
        );
        tar.finish()
    }
}
