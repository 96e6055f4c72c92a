//! Layers that bring a table of their files: eStargz and zstd:chunked.

use porthole::engine::LayerState;
use porthole::layer::Origin;
use porthole::model::{Descriptor, Digest};
use serde_json::json;

use super::desk::{GZIP, blob_requests, listed, noise, put, range, read};
use super::{Tar, gzip};
use crate::support::registry::Registry;
use crate::support::watch::Watch;

/// A layer as stargz writes it: each content in a gzip member of its own, then the table.
pub fn stargz(files: &[(&str, Vec<u8>)]) -> (Vec<u8>, String) {
    let mut packed = Vec::new();
    let mut entries = vec![json!({"name": "d/", "type": "dir", "mode": 0o755})];
    for (name, content) in files {
        let tar = Tar::new().file(name, content).bytes();
        packed.extend(gzip(&tar[..512], 6));
        entries.push(json!({
            "name": name, "type": "reg", "size": content.len(), "mode": 0o644,
            "modtime": "2023-11-14T22:13:20Z", "offset": packed.len(),
            "digest": Digest::sha256(content), "chunkDigest": Digest::sha256(content),
        }));
        packed.extend(gzip(&tar[512..tar.len() - 1024], 6));
    }
    let table = serde_json::to_vec(&json!({"version": 1, "entries": entries})).unwrap();
    let begins = packed.len();
    packed.extend(gzip(
        &Tar::new().file("stargz.index.json", &table).bytes(),
        6,
    ));
    packed.extend([
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0,
    ]);
    packed.extend(format!("{begins:016x}STARGZ").bytes());
    packed.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    (packed, Digest::sha256(&table).to_string())
}

#[test]
fn an_estargz_layer_is_listed_by_its_table_and_its_files_are_read_by_ranges() {
    let contents = [
        ("d/a", noise(1, 300_000)),
        ("d/b", b"small".to_vec()),
        ("d/c", noise(2, 200_000)),
    ];
    let (packed, table) = stargz(&contents);
    let layer = |digest: &str| {
        let mut layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
        let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
        layer.annotations.insert(key, digest.to_owned());
        layer
    };
    let registry = Registry::start();
    let right = layer(&table);
    let digest = right.digest.clone();
    put(&registry, &[right], std::slice::from_ref(&packed), &[]);
    let watch = Watch::start();
    let (image, files) = listed(&watch, &registry);
    assert_eq!(files.layers[0].state, LayerState::Ready);
    assert_eq!(files.layers[0].index.origin, Origin::Stargz);
    assert_eq!(files.list.value().unwrap().len(), 4);
    for (name, content) in &contents {
        let found = read(&watch, image, &format!("/{name}"));
        assert_eq!(found.bytes, content, "{name}");
        assert!(found.verified);
    }
    let asked = blob_requests(&registry, &digest);
    let all: Option<u64> = asked.iter().map(range).sum();
    assert!(all.is_some(), "only parts were asked for");
    let list: u64 = asked[..2].iter().filter_map(range).sum();
    assert!(list < 2_000, "the list cost {list} bytes");

    // a table that is not the one that was promised is not believed: the layer is read
    let other = Registry::start();
    let wrong = layer(&Digest::sha256(b"another").to_string());
    put(&other, &[wrong], std::slice::from_ref(&packed), &[]);
    let watch = Watch::start();
    let (_, files) = listed(&watch, &other);
    assert_eq!(files.layers[0].index.origin, Origin::Layer);
    assert!(files.tree().unwrap().find(b"/d/c").is_some());
}

#[test]
fn a_zstd_chunked_layer_is_listed_by_its_table_and_its_files_are_read_by_ranges() {
    let contents = [("d/a", noise(1, 300_000)), ("d/b", b"small".to_vec())];
    let frame = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let mut packed = Vec::new();
    let mut entries = vec![json!({"name": "d/", "type": "dir", "mode": 0o755})];
    for (name, content) in &contents {
        let tar = Tar::new().file(name, content).bytes();
        packed.extend(frame(&tar[..512]));
        let offset = packed.len();
        packed.extend(frame(content));
        let end = packed.len();
        packed.extend(frame(&tar[512 + content.len()..tar.len() - 1024]));
        entries.push(json!({
            "name": name, "type": "reg", "size": content.len(), "mode": 0o644,
            "offset": offset, "endOffset": end, "digest": Digest::sha256(content),
        }));
    }
    packed.extend(frame(&[0; 1024]));
    let table = frame(&serde_json::to_vec(&json!({"version": 1, "entries": entries})).unwrap());
    let unpacked = zstd::decode_all(&table[..]).unwrap().len();
    packed.extend(0x184D_2A50u32.to_le_bytes());
    packed.extend((table.len() as u32).to_le_bytes());
    let position = packed.len();
    packed.extend(&table);
    let media_type = "application/vnd.oci.image.layer.v1.tar+zstd";
    let mut layer = Descriptor::new(media_type, Digest::sha256(&packed), packed.len() as u64);
    let prefix = "io.github.containers.zstd-chunked.manifest";
    let checksum = Digest::sha256(&table).to_string();
    layer
        .annotations
        .insert(format!("{prefix}-checksum"), checksum);
    let place = format!("{position}:{}:{unpacked}:1", table.len());
    layer
        .annotations
        .insert(format!("{prefix}-position"), place);
    let registry = Registry::start();
    let digest = layer.digest.clone();
    put(&registry, &[layer], std::slice::from_ref(&packed), &[]);
    let watch = Watch::start();
    let (image, files) = listed(&watch, &registry);
    assert_eq!(files.layers[0].index.origin, Origin::ZstdChunked);
    for (name, content) in &contents {
        let found = read(&watch, image, &format!("/{name}"));
        assert_eq!(found.bytes, content, "{name}");
        assert!(found.verified);
    }
    let asked = blob_requests(&registry, &digest);
    assert!(asked.iter().all(|request| range(request).is_some()));
}
