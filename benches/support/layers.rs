//! Layers to measure with, and images of them.
#![allow(dead_code)] // each bench needs a part of it

use std::io::Write;
use std::path::Path;

use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::json;

/// Bytes of a tar archive on its way.
pub struct Tar<W: Write>(tar::Builder<W>);

impl<W: Write> Tar<W> {
    pub fn new(out: W) -> Self {
        Self(tar::Builder::new(out))
    }

    pub fn file(&mut self, path: &str, content: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        let added = self.0.append_data(&mut header, path, content);
        added.expect("an archive in memory can be written");
    }

    pub fn finish(self) -> W {
        self.0.into_inner().expect("as above")
    }
}

/// A million entries, all files empty: 500 folders of 999 names, and one of 499,499.
pub fn million<W: Write>(out: W) -> W {
    let mut tar = Tar::new(out);
    for folder in 0..500 {
        for file in 0..999 {
            tar.file(&format!("folder{folder:03}/file{file:04}.txt"), b"");
        }
    }
    for file in 0..500_000 {
        tar.file(&format!("flat/name{file:06}.so"), b"");
    }
    tar.finish()
}

/// Bytes that pack about as well as programs do: words, numbers, and noise between.
pub fn mixed(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 32);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 4 {
            0 => bytes.extend_from_slice(&state.to_le_bytes()),
            1 => bytes.extend_from_slice(b"a word that comes again "),
            2 => bytes.extend_from_slice(format!("{:x}\n", state >> 40).as_bytes()),
            _ => bytes.extend_from_slice(&[0; 12]),
        }
    }
    bytes.truncate(size);
    bytes
}

/// About `size` bytes of files of 9 KB.
pub fn usual(size: usize) -> Vec<u8> {
    let content = mixed(1, size.min(8 << 20));
    let mut tar = Tar::new(Vec::with_capacity(size + (size >> 4)));
    for file in 0..size / 9_000 {
        let at = file * 7_919 % (content.len() - 9_000);
        tar.file(
            &format!("usr/lib/d{:03}/f{file:06}", file / 100),
            &content[at..at + 9_000],
        );
    }
    tar.finish()
}

/// A layout in `folder` of one image with this layer.
pub fn layout(folder: &Path, layer: &[u8], media_type: &str) -> String {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("the temporary folder can be written");
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::sha256(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).expect("as above");
        json!(Descriptor::new(media_type, digest, bytes.len() as u64))
    };
    let layer = blob(media_type, layer);
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}});
    let config = blob(MediaType::OCI_CONFIG, config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    let manifest = blob(MediaType::OCI_MANIFEST, manifest.to_string().as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    std::fs::write(folder.join("index.json"), index.to_string()).expect("as above");
    let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
    std::fs::write(folder.join("oci-layout"), version).expect("as above");
    format!("oci:{}", folder.display())
}
