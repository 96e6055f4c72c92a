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

/// Images where dive counts in a way that nobody would guess, with what it says: efficiency
/// and wasted bytes.
fn corners() -> Vec<(Vec<Vec<u8>>, f64, u64)> {
    let one = |name: &str, size: usize| Tar::new().file(name, &vec![1; size]).bytes();
    vec![
        // the opaque mark is not seen, but the name that it lies in
        (
            vec![
                Tar::new()
                    .file("d/a", &[1; 1000])
                    .file("e", &[2; 10])
                    .bytes(),
                one("d/.wh..wh..opq", 0),
                one("d", 100),
            ],
            1010.0 / 1110.0,
            100,
        ),
        (vec![one("d", 1000), one("d/.wh..wh..opq", 0)], 0.0, 1000),
        // in the lowest layer a whiteout meets what lies beside it
        (
            vec![
                Tar::new()
                    .file(".wh.a", b"")
                    .dir("a")
                    .file("a/c", &[1; 1000])
                    .bytes(),
                one("a/c", 10),
            ],
            1010.0 / 2010.0,
            1010,
        ),
    ]
}

#[test]
fn dives_corners_are_reproduced() {
    for (layers, efficiency, wasted) in corners() {
        let dive = waste(&layers).dive;
        assert_eq!(dive.wasted_bytes, wasted, "{dive:?}");
        assert!((dive.efficiency - efficiency).abs() < 1e-9, "{dive:?}");
    }
}

/// A sparse file of GNU's older form that is all hole.
fn hole(tar: Tar, name: &str, size: u64) -> Tar {
    let mut header = Tar::header(tar::EntryType::GNUSparse, 0);
    let number = |field: &mut [u8; 12], value: u64| {
        *field = [0; 12];
        // in base 256, as what octal has no room for is written
        field[0] = 0x80;
        field[4..].copy_from_slice(&value.to_be_bytes());
    };
    let gnu = header.as_gnu_mut().unwrap();
    number(&mut gnu.realsize, size);
    number(&mut gnu.sparse[0].offset, size);
    number(&mut gnu.sparse[0].numbytes, 0);
    let mut tar = tar;
    tar.0.append_data(&mut header, name, &[][..]).unwrap();
    tar
}

#[test]
fn sizes_that_lie_and_holes_are_no_waste_and_no_panic() {
    let largest = i64::MAX as u64;
    let huge = || {
        let names = ["a", "b", "c"].into_iter();
        names.fold(Tar::new(), |tar, name| hole(tar, name, largest))
    };
    let layers = [huge().bytes(), huge().bytes(), huge().bytes()];
    let sizes: Vec<_> = scan(&layers[0]).entries().map(|e| e.size()).collect();
    assert_eq!(sizes, [largest; 3], "they are read as what they say");
    let waste = waste(&layers);
    // dive counts holes, as far as can be counted
    assert_eq!(waste.dive.wasted_bytes, u64::MAX);
    assert_eq!((waste.total, waste.bytes()), (0, 0), "nothing is stored");
    assert!((waste.efficiency() - 1.0).abs() < f64::EPSILON);
}

#[test]
fn the_cause_is_the_layer_that_took_the_last_name() {
    let waste = waste(&[
        Tar::new().file("a", &[1; 1000]).hardlink("b", "a").bytes(),
        Tar::new().file(".wh.a", b"").bytes(),
        Tar::new().file("other", b"").bytes(),
        Tar::new().file("b", b"").bytes(),
    ]);
    assert_eq!((waste.replaced, waste.removed), (1000, 0));
    assert_eq!(waste.by_layer, [0, 0, 0, 1000]);
    let [offender] = &waste.offenders[..] else {
        panic!("{:?}", waste.offenders);
    };
    assert_eq!((&offender.path[..], offender.layer), (&b"/a"[..], 0));
    assert_eq!((offender.why, offender.cause), (Why::Replaced, 3));
}

#[test]
fn what_is_not_listed_is_counted() {
    let files = |text: &[u8]| {
        let files = (0..1003).fold(Tar::new(), |tar, n| tar.file(&format!("f{n}"), text));
        files.bytes()
    };
    let layers = [files(b"1"), Tar::new().dir("d").bytes(), files(b"")];
    let waste = waste(&layers);
    assert_eq!((waste.offenders.len(), waste.offenders_left_out), (1000, 3));
    assert_eq!(
        (waste.dive.files.len(), waste.dive.files_left_out),
        (1000, 3)
    );
    let folder = tempfile::tempdir().unwrap();
    let reference = image(folder.path(), &layers).reference("it");
    let output = porthole(&["files", "--wasted", &reference]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("\n3 more are not listed\n"), "{text}");
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
            // not every builder lists them all
            if next(3) > 0 {
                tar = tar.dir(folder.trim_end_matches('/'));
            }
        }
        let mut names_here = BTreeSet::new();
        for _ in 0..2 + next(6) {
            let path = format!("{}{}", folders[next(5)], names[next(4)]);
            if !names_here.insert(path.clone()) {
                continue;
            }
            tar = match next(8) {
                0 => {
                    // what some layer below has, or a folder; in the lowest layer one of its own
                    let gone = there.get(next(200) % there.len().max(8));
                    let folder = || folders[1 + next(4)].trim_end_matches('/').to_owned();
                    let gone = gone.cloned().unwrap_or_else(folder);
                    let (folder, name) = gone.rsplit_once('/').unwrap_or(("", &gone));
                    let slash = if folder.is_empty() { "" } else { "/" };
                    tar.file(&format!("{folder}{slash}.wh.{name}"), b"")
                }
                1 => tar.symlink(&path, "x"),
                2 => tar.file(&format!("{}.wh..wh..opq", folders[next(5)]), b""),
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
    let chances = (0..30).map(by_chance);
    let corners = corners().into_iter().map(|(layers, ..)| layers);
    for (number, layers) in chances.chain(corners).enumerate() {
        let layout = folder.path().join(number.to_string());
        image(&layout, &layers);
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
