//! How much is walked over while layers are applied.

use super::*;
use crate::layer::entry::{Extra, NewEntry, whiteout};
use crate::layer::index::IndexBuilder;

/// A layer of these names: folders where they end with `/`, files otherwise.
fn layer<'a>(names: impl IntoIterator<Item = &'a str>) -> LayerIndex {
    let mut builder = IndexBuilder::default();
    for name in names {
        let path = name.trim_end_matches('/').as_bytes();
        let kind = match path.len() == name.len() {
            true => EntryKind::File,
            false => EntryKind::Directory,
        };
        let removed = whiteout(path).map(|(kind, path, _)| (kind, path));
        let (kind, path) = removed.unwrap_or_else(|| (kind, path.to_vec()));
        builder.push(NewEntry {
            path,
            kind,
            marks: Marks::default(),
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            size: 0,
            offset: 0,
            stored: 0,
            link: None,
            sha256: None,
            extra: Extra::default(),
        });
    }
    builder.so_far()
}

/// Else a layer that makes a file of a folder and a folder of the file, again and again,
/// costs its length times what once lay in there.
#[test]
fn what_is_gone_is_not_walked_over_again() {
    const NAMES: usize = 50;
    const ROUNDS: usize = 40;
    let names: Vec<String> = (0..NAMES).map(|number| format!("d/{number}")).collect();
    let names = || names.iter().map(String::as_str);
    let gone: Vec<String> = (0..NAMES).map(|number| format!("d/.wh.{number}")).collect();
    let gone = layer(gone.iter().map(String::as_str));
    let full = layer(names());
    let turned = |between: &[&'static str]| {
        let round = ["d", "d/"].iter().chain(between).copied();
        let rounds = (0..ROUNDS).flat_map(|_| round.clone());
        layer(names().chain(rounds))
    };
    let opaque = || layer(["d/.wh..wh..opq"]);
    let cases: [(&str, Vec<LayerIndex>, usize); 4] = [
        ("nothing comes back", vec![turned(&[])], 0),
        ("one name comes back", vec![turned(&["d/0"])], 1),
        (
            "layer by layer",
            std::iter::once(full.clone())
                .chain((0..ROUNDS).map(|_| layer(["d", "d/"])))
                .collect(),
            0,
        ),
        (
            "opaque folders",
            [full, gone]
                .into_iter()
                .chain((0..ROUNDS).map(|_| opaque()))
                .collect(),
            0,
        ),
    ];
    for (what, layers, back) in cases {
        let mut builder = Builder::new();
        for (position, layer) in layers.iter().enumerate() {
            builder.apply(position as u32, layer);
        }
        let most = NAMES + ROUNDS * (back + 1);
        assert!(builder.steps <= most, "{what}: {} steps", builder.steps);
        let alive = builder.nodes.iter().filter(|node| node.alive).count();
        assert_eq!(alive, 2 + back, "{what}: the root and d");
    }
}

/// Else a layer of nothing but opaque folders costs its length times what lies below.
#[test]
fn what_was_purged_is_looked_through_once_in_a_layer() {
    let mut builder = Builder::new();
    builder.apply(0, &layer(["d"]));
    let node = builder.child(ROOT, b"d").unwrap();
    builder.purged.clear();
    let mut found = Vec::new();
    builder.unpurged(ROOT, &mut found);
    builder.unpurged(ROOT, &mut found);
    assert_eq!(found, [node]);
    builder.apply(1, &LayerIndex::default());
    builder.unpurged(ROOT, &mut found);
    assert_eq!(found, [node, node]);
}
