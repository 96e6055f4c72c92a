//! Layers and the files in them.

mod access;
mod apply;
mod believed;
mod chunked;
mod cli;
mod deflate;
mod desk;
mod diff;
mod differing;
mod export;
mod filters;
mod listing;
mod promised;
mod searching;
mod waste;

pub use deflate::one_block;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use porthole::layer::{Allowance, FileTree, LayerIndex, Scanner};
use porthole::model::{Algorithm, Descriptor, Digest, MediaType};

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

/// Runs the program with a home of its own.
pub fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap()
}

pub fn descriptor(bytes: &[u8]) -> Descriptor {
    let digest = Digest::sha256(bytes);
    Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64)
}

/// Reads a layer through, in pieces of `piece` bytes.
pub fn scan_in(bytes: &[u8], piece: usize) -> LayerIndex {
    let mut scanner = Scanner::new(&descriptor(bytes), Algorithm::Sha256, Allowance::Usual);
    for piece in bytes.chunks(piece) {
        if !scanner.feed(piece) {
            break;
        }
    }
    scanner.finish()
}

pub fn scan(bytes: &[u8]) -> LayerIndex {
    scan_in(bytes, 64 << 10)
}

/// The tree of layers that are given as tar streams.
pub fn tree(layers: &[Vec<u8>]) -> FileTree {
    let layers: Arc<[_]> = layers.iter().map(|layer| scan(layer)).collect();
    let last = layers.len() - 1;
    FileTree::build(layers, last)
}

/// A tar stream under construction.
pub struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    pub fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub fn header(kind: tar::EntryType, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
        header.set_mtime(1_700_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header
    }

    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        let mut header = Self::header(tar::EntryType::Regular, content.len() as u64);
        self.0.append_data(&mut header, name, content).unwrap();
        self
    }

    pub fn dir(mut self, name: &str) -> Self {
        let mut header = Self::header(tar::EntryType::Directory, 0);
        self.0.append_data(&mut header, name, &[][..]).unwrap();
        self
    }

    pub fn link(mut self, kind: tar::EntryType, name: &str, target: &str) -> Self {
        let mut header = Self::header(kind, 0);
        self.0.append_link(&mut header, name, target).unwrap();
        self
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.link(tar::EntryType::Symlink, name, target)
    }

    pub fn hardlink(self, name: &str, target: &str) -> Self {
        self.link(tar::EntryType::Link, name, target)
    }

    /// An entry whose name is written as it is, whatever is in it.
    pub fn raw(mut self, name: &[u8], content: &[u8]) -> Self {
        let mut header = Self::header(tar::EntryType::Regular, content.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    /// A sparse file of `size` bytes in GNU's form: up to four parts, each with its offset.
    pub fn sparse(mut self, name: &str, size: u64, parts: &[(u64, &[u8])]) -> Self {
        let stored: Vec<u8> = parts.iter().flat_map(|part| part.1.to_vec()).collect();
        let mut header = Self::header(tar::EntryType::GNUSparse, stored.len() as u64);
        header.set_path(name).unwrap();
        let numbers = parts.iter().flat_map(|(at, part)| [*at, part.len() as u64]);
        let places = (386..).step_by(12);
        for (place, number) in places.zip(numbers).chain([(483, size)]) {
            let field = &mut header.as_mut_bytes()[place..place + 12];
            field[0] = 0x80;
            field[4..].copy_from_slice(&number.to_be_bytes());
        }
        header.set_cksum();
        self.0.append(&header, &stored[..]).unwrap();
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

pub fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
