//! Reading layers through, and what is made of them: the tree, filters, a saved index.
//!
//! `cargo bench --bench layers`

#[path = "support/layers.rs"]
mod support;

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use porthole::layer::{
    Allowance, FileList, FileQuery, FileRows, FileSort, FileTree, LayerIndex, NameFilter, Scanner,
    saved,
};
use porthole::model::{Algorithm, Descriptor, Digest, MediaType};

const SIZE: usize = 64 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::new(6);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
    packer.write_all(bytes).expect("memory can be written");
    packer.finish().expect("as above")
}

fn scan(layer: &Descriptor, bytes: &[u8]) -> LayerIndex {
    let mut scanner = Scanner::new(layer, Algorithm::Sha256, Allowance::Everything);
    for piece in bytes.chunks(256 << 10) {
        scanner.feed(piece);
    }
    scanner.finish()
}

fn indexing(c: &mut Criterion) {
    let plain = support::usual(SIZE);
    let zstd = zstd::encode_all(&plain[..], 3).expect("memory can be packed");
    let mut group = c.benchmark_group("index a layer");
    group.throughput(Throughput::Bytes(plain.len() as u64));
    group.sample_size(10);
    for (name, packed) in [("gzip", gzip(&plain)), ("zstd", zstd), ("plain", plain)] {
        let layer = Descriptor::new(
            MediaType::OCI_LAYER,
            Digest::sha256(&packed),
            packed.len() as u64,
        );
        group.bench_function(name, |b| b.iter(|| scan(&layer, black_box(&packed))));
    }
    group.finish();
}

fn trees(c: &mut Criterion) {
    let layer = support::million(Vec::new());
    let descriptor = Descriptor::new(
        MediaType::OCI_LAYER,
        Digest::sha256(&layer),
        layer.len() as u64,
    );
    let index = scan(&descriptor, &layer);
    drop(layer);
    let layers: Arc<[LayerIndex]> = [index.clone()].into();
    let mut group = c.benchmark_group("a million entries");
    group.sample_size(10);
    group.bench_function("build the tree", |b| {
        b.iter(|| FileTree::build(Arc::clone(&layers), 0));
    });
    let tree = Arc::new(FileTree::build(Arc::clone(&layers), 0));
    let named = |filter| FileQuery {
        name: Some(filter),
        ..FileQuery::default()
    };
    for (name, query) in [
        ("list all", FileQuery::default()),
        (
            "list by size",
            FileQuery {
                sort: FileSort::Size,
                ..FileQuery::default()
            },
        ),
        (
            "filter by a text",
            named(NameFilter::Text("file0042".to_owned())),
        ),
        (
            "filter by a glob",
            named(NameFilter::Glob("*.so".to_owned())),
        ),
        (
            "filter by an expression",
            named(NameFilter::Regex("^/folder2.*9.txt$".to_owned())),
        ),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| FileList::new(Arc::clone(&tree), black_box(query.clone())));
        });
    }
    let list = FileList::new(Arc::clone(&tree), FileQuery::default());
    let list = Arc::new(list.expect("there is no pattern"));
    group.bench_function("open and close the largest folder", |b| {
        let mut rows = FileRows::new(Arc::clone(&list));
        b.iter(|| {
            rows.open(0);
            rows.close(0);
        });
    });
    group.bench_function("find a name", |b| {
        b.iter(|| list.position(black_box(b"/flat/name400000.so")));
    });
    let bytes = saved::encode(&index, &descriptor.digest).expect("it is whole");
    group.bench_function("read a saved index", |b| {
        b.iter(|| saved::decode(black_box(&bytes), &descriptor.digest));
    });
    group.finish();
}

criterion_group!(benches, indexing, trees);
criterion_main!(benches);
