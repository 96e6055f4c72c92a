//! What layers hold, and what is attached to them.

use porthole::layer::{fuzz, saved};
use porthole::model::sbom::Sbom;
use porthole::model::{Digest, limits};

use super::{ROUNDS, corpus, run, run_on};
use crate::layers::{Tar, gzip, scan};

#[test]
fn tar() {
    run("tar", ROUNDS / 2, fuzz::tar);
}

#[test]
fn gzip_index() {
    run("gzip-index", ROUNDS, fuzz::gzip_index);
}

#[test]
fn zstd_index() {
    run("zstd-index", ROUNDS, fuzz::zstd_index);
}

/// Large enough for a checkpoint within a block.
#[test]
fn gzip_index_of_long_blocks() {
    let text: Vec<u8> = (0..60_000)
        .flat_map(|n: u32| format!("{n} ").into_bytes())
        .collect();
    let seeds = [gzip(&text, 1), crate::layers::one_block(&text)];
    run_on("gzip-index", &seeds, 12, fuzz::gzip_index);
}

#[test]
fn table_of_contents() {
    run("table-of-contents", 2 * ROUNDS, fuzz::table_of_contents);
}

#[test]
fn kept_index() {
    let digest = Digest::sha256(b"layer");
    let layers: Vec<Vec<u8>> = corpus("tar")
        .into_iter()
        .chain(corpus("gzip-index"))
        .collect();
    let seeds = layers
        .iter()
        .filter_map(|layer| saved::encode(&scan(layer), &digest));
    let seeds: Vec<_> = seeds.collect();
    assert!(seeds.len() > 8, "they can be kept");
    run_on("kept-index", &seeds, ROUNDS / 2, fuzz::kept_index);
    let layer = gzip(&Tar::new().file("a", b"b").bytes(), 6);
    assert!(saved::decode(&saved::encode(&scan(&layer), &digest).unwrap(), &digest).is_some());
}

/// What is read of an SBOM stays within its limits.
fn sbom(bytes: &[u8]) {
    let Ok(sbom) = Sbom::read(bytes) else {
        return;
    };
    assert!(sbom.packages.len() <= limits::ATTACHMENT_ITEMS);
    for package in &sbom.packages {
        assert!(package.files.len() <= limits::PACKAGE_FILES);
    }
}

#[test]
fn sbom_spdx_json() {
    run("sbom-spdx-json", ROUNDS, sbom);
}

#[test]
fn sbom_spdx_tags() {
    run("sbom-spdx-tags", ROUNDS, sbom);
}

#[test]
fn sbom_cyclonedx() {
    run("sbom-cyclonedx", ROUNDS, sbom);
}

#[test]
fn sbom_syft() {
    run("sbom-syft", ROUNDS, sbom);
}
