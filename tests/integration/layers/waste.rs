//! What is wasted: dive's way, and the right one.

use std::collections::BTreeSet;
use std::sync::Arc;

use porthole::layer::LayerIndex;
use porthole::layer::waste::{Waste, Why};
use serde_json::Value;

use super::cli::image;
use super::desk::noise;
use super::{Tar, fixture, porthole, scan};
use crate::support::peers;

fn waste(layers: &[Vec<u8>]) -> Waste {
    let layers: Arc<[LayerIndex]> = layers.iter().map(|layer| scan(layer)).collect();
    Waste::of(&layers)
}

#[test]
fn dives_score_is_reproduced_with_its_quirks() {
    let waste = waste(&[
        Tar::new()
            .dir("d")
            .file("d/a", &[1; 1000])
            .file("d/b", &[2; 500])
            .file("e", &[3; 100])
            .bytes(),
        Tar::new()
            .dir("d")
            .file("d/a", &[4; 600])
            .file("f", &[5; 50])
            .bytes(),
        // a removed file counts nothing, a removed folder all that was in it
        Tar::new().file(".wh.e", b"").bytes(),
        Tar::new().file(".wh.d", b"").bytes(),
    ]);
    // d/a: 1000 + 600 (least 600), e: 100 + 0 (least 0); d, only ever a leaf where it is
    // removed: 600 + 500 once, so its least is all of it
    let least = 600 + 500 + 50 + 1100;
    let all = 1600 + 500 + 100 + 50 + 1100;
    assert!((waste.dive.efficiency - f64::from(least) / f64::from(all)).abs() < 1e-9);
    assert_eq!(waste.dive.wasted_bytes, 1600 + 100);
    let files: Vec<_> = waste
        .dive
        .files
        .iter()
        .map(|f| (&f.path[..], f.bytes, f.count))
        .collect();
    assert_eq!(files, [(&b"/d/a"[..], 1600, 2), (b"/e", 100, 2)]);
    assert!((waste.dive.wasted_user_percent - 1700.0 / 650.0).abs() < 1e-9);
}

/// Layers of a few names each, put, replaced, linked and removed as the dice fall.
fn by_chance(seed: u64) -> Vec<Vec<u8>> {
    let dice = noise(seed * 2 + 1, 4000);
    let mut dice = dice.into_iter().cycle();
    let mut next = |sides: u8| usize::from(dice.next().unwrap() % sides);
    let folders = ["", "a/", "a/b/", "c/", "c/d/e/"];
    let names = ["x", "y", "z", "w"];
    let mut there: Vec<String> = Vec::new();
    let layers = (0..5).map(|_| {
        let mut tar = Tar::new();
        for folder in folders.iter().skip(1) {
            tar = tar.dir(folder.trim_end_matches('/'));
        }
        let mut names_here = BTreeSet::new();
        for _ in 0..2 + next(6) {
            let path = format!("{}{}", folders[next(5)], names[next(4)]);
            if !names_here.insert(path.clone()) {
                continue;
            }
            tar = match next(6) {
                0 if !there.is_empty() => {
                    // what some layer below has
                    let gone = there[next(200) % there.len()].clone();
                    let (folder, name) = gone.rsplit_once('/').unwrap_or(("", &gone));
                    let slash = if folder.is_empty() { "" } else { "/" };
                    tar.file(&format!("{folder}{slash}.wh.{name}"), b"")
                }
                1 => tar.symlink(&path, "x"),
                _ => tar.file(&path, &noise(next(200) as u64, 1 + 9 * next(200))),
            };
        }
        there.extend(names_here);
        tar.bytes()
    });
    layers.collect()
}

#[test]
fn dive_itself_says_the_same() {
    let Some(dive) = peers::optional_tool("dive") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut archives = vec![
        fixture("busybox-amd64-docker-archive.tar")
            .display()
            .to_string(),
    ];
    for seed in 0..12 {
        let layout = folder.path().join(seed.to_string());
        image(&layout, &by_chance(seed));
        let archive = format!("{}.tar", layout.display());
        let from = format!("oci:{}:it", layout.display());
        let copied = porthole(&["copy", &from, &format!("docker-archive:{archive}:it:1")]);
        assert!(copied.status.success(), "{copied:?}");
        archives.push(archive);
    }
    let mut wasted = 0;
    for (number, archive) in archives.iter().enumerate() {
        // dive leaves the end of a longer file that was there
        let said = folder.path().join(format!("dive-{number}.json"));
        let said_at = said.display().to_string();
        dive.run(&["--source", "docker-archive", "--json", &said_at, archive]);
        let said: Value = serde_json::from_slice(&std::fs::read(&said).unwrap()).unwrap();
        let theirs = &said["image"];
        let output = porthole(&[
            "files",
            "--wasted",
            "--json",
            &format!("docker-archive:{archive}"),
        ]);
        assert!(output.status.success(), "{output:?}");
        let ours: Value = serde_json::from_slice(&output.stdout).unwrap();
        let ours = &ours["dive"];
        let (one, other) = (&ours["efficiency"], &theirs["efficiencyScore"]);
        let apart = one.as_f64().unwrap() - other.as_f64().unwrap();
        assert!(apart.abs() < 1e-9, "{archive}: {one}, {other} by dive");
        assert_eq!(ours["wastedBytes"], theirs["inefficientBytes"], "{archive}");
        let files = |list: &Value, path: &str, bytes: &str| {
            let each = list.as_array().unwrap().iter();
            each.map(|file| {
                let path = file[path].as_str().unwrap().to_owned();
                (path, file[bytes].as_u64(), file["count"].as_u64())
            })
            .collect::<BTreeSet<_>>()
        };
        let ours = files(&ours["files"], "path", "bytes");
        wasted += ours.len();
        let theirs = files(&theirs["fileReference"], "file", "sizeBytes");
        assert_eq!(ours, theirs, "{archive}");
    }
    assert!(wasted > 20, "there is something to count");
}

#[test]
fn everything_that_no_container_sees_is_counted_once() {
    let waste = waste(&[
        Tar::new()
            .dir("d")
            .file("d/a", &[1; 1000])
            .file("d/b", &[2; 500])
            .file("linked", &[8; 300])
            .file("o/hidden", &[9; 70])
            .bytes(),
        Tar::new()
            .file("d/a", &[4; 600])
            .hardlink("kept", "linked")
            .bytes(),
        Tar::new()
            .file(".wh.d", b"")
            .file(".wh.linked", b"")
            .file("copy", &[8; 300])
            .bytes(),
        Tar::new()
            .file("o/.wh..wh..opq", b"")
            .file("o/new", &[7; 10])
            .bytes(),
    ]);
    assert_eq!(waste.replaced, 1000);
    // d/a and d/b of the removed folder, o/hidden; what a hard link keeps is no waste
    assert_eq!(waste.removed, 600 + 500 + 70);
    assert_eq!(
        waste.duplicated, 300,
        "copy has the content that `kept` leads to"
    );
    assert_eq!(waste.by_layer, [0, 1000, 1100 + 300, 70]);
    let worst = &waste.offenders[0];
    assert_eq!(
        (
            &worst.path[..],
            worst.bytes,
            worst.why,
            worst.layer,
            worst.cause
        ),
        (&b"/d/a"[..], 1000, Why::Replaced, 0, 1)
    );
    assert_eq!(waste.total, 1000 + 500 + 300 + 70 + 600 + 300 + 10);
}

#[test]
fn an_image_without_files_wastes_nothing() {
    let waste = waste(&[Tar::new().dir("d").bytes()]);
    assert_eq!((waste.bytes(), waste.dive.wasted_bytes), (0, 0));
    assert!((waste.efficiency() - 1.0).abs() < f64::EPSILON);
    assert!((waste.dive.efficiency - 1.0).abs() < f64::EPSILON);
}

#[test]
fn each_layer_says_what_it_adds_changes_and_removes() {
    let layers: std::sync::Arc<[_]> = [
        super::Tar::new()
            .dir("etc")
            .file("etc/a", b"a")
            .file("etc/b", b"b")
            .bytes(),
        // the folder is listed again, as builders do
        super::Tar::new()
            .dir("etc")
            .file("etc/a", b"other")
            .file("etc/.wh.b", b"")
            .file("etc/c", b"c")
            .bytes(),
        super::Tar::new().dir("etc").bytes(),
    ]
    .iter()
    .map(|layer| super::scan(layer))
    .collect();
    let waste = porthole::layer::waste::Waste::of(&layers);
    let counts: Vec<_> = waste
        .changes
        .iter()
        .map(|changes| changes.short())
        .collect();
    assert_eq!(counts, ["+3", "+1 ~1 −1", "–"]);
}
