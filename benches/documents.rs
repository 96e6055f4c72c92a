//! Reading the documents that the window waits for: a very large index, and choosing in it.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use porthole::model::{Algorithm, Digest, Document, MediaType, Platform, RawDocument};

/// An index of `entries` images for as many platforms.
fn index(entries: usize) -> Bytes {
    let manifests: Vec<_> = (0..entries)
        .map(|n| {
            serde_json::json!({
                "mediaType": MediaType::OCI_MANIFEST,
                "digest": Digest::sha256(&n.to_le_bytes()),
                "size": 1000 + n,
                "platform": {"os": "linux", "architecture": "arm", "variant": format!("v{n}")},
            })
        })
        .collect();
    let index = serde_json::json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests,
    });
    serde_json::to_vec(&index)
        .expect("JSON values can be written")
        .into()
}

fn documents(c: &mut Criterion) {
    let bytes = index(10_000);
    let said = MediaType::new(MediaType::OCI_INDEX);
    let mut group = c.benchmark_group("index of 10,000 entries");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("hash", |b| {
        b.iter(|| RawDocument::hash(black_box(bytes.clone()), Algorithm::Sha256, said.clone()));
    });
    let raw = RawDocument::hash(bytes.clone(), Algorithm::Sha256, said.clone());
    group.bench_function("read", |b| {
        b.iter(|| Document::read(black_box(raw.clone())))
    });
    let document = Document::read(raw);
    let wanted = Platform::new("linux", "amd64");
    group.bench_function("choose", |b| {
        b.iter(|| {
            document
                .index()
                .and_then(|index| index.choose(black_box(&wanted)))
        });
    });
    group.finish();
}

criterion_group!(benches, documents);
criterion_main!(benches);
