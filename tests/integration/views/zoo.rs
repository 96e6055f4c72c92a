//! Everything that images should not be, in every view, in light and dark, wide and
//! narrow: nothing panics, and everything has a name.

use std::collections::BTreeMap;
use std::sync::Arc;

use porthole::engine::{FailureKind, ImageSnapshot, NodePath, Remote};
use porthole::model::{Digest, MediaType};
use porthole::ui::views::View;
use serde_json::json;

use super::{Shown, builder, words};
use crate::support::snapshots::{
    Layer, Made, failure, index, large_index, snapshot, snapshot_of, unread,
};

/// Images that are wrong in one way each.
fn zoo() -> Vec<(&'static str, ImageSnapshot)> {
    let nasty = "../../etc/passwd\u{202e}gpj.exe\u{0}\u{1b}[31m\n\t";
    let made = Made {
        run: json!({
            "Entrypoint": [nasty, "", " "], "Env": ["", "=", "A", nasty], "User": nasty,
            "Labels": {nasty: nasty, "": "", "org.opencontainers.image.source": "https://a b/\u{202e}"},
            "WorkingDir": nasty, "ExposedPorts": {nasty: {}}, "Healthcheck": {"Test": 7},
        }),
        created: "the day before yesterday\u{202e}",
        layers: vec![
            Layer::new(nasty, 0),
            Layer::new("", u64::MAX),
            Layer::new("x", u64::MAX),
        ],
        ..Made::default()
    };
    let huge = "long ".repeat(200_000);
    let heavy = Made {
        annotations: BTreeMap::from([
            ("huge".to_owned(), huge.clone()),
            (huge.clone(), "v".into()),
        ]),
        run: json!({"Labels": {"huge": huge}, "Env": [format!("H={huge}")], "User": huge}),
        layers: vec![Layer::new(&huge, 5)],
        ..Made::default()
    };
    let bare = Made {
        layers: Vec::new(),
        run: json!(null),
        created: "",
        empty_steps: Vec::new(),
        ..Made::default()
    };
    let many = Made {
        layers: (0..200).map(|at| Layer::new("RUN x", at)).collect(),
        ..Made::default()
    };
    let odd_entries = [
        json!(7),
        json!({"digest": "md5:00", "size": 1}),
        json!({"mediaType": "text/html", "size": 1, "digest": Digest::sha256(b"h")}),
        json!({"mediaType": MediaType::OCI_MANIFEST, "size": 1, "digest": Digest::sha256(b"p"),
            "platform": {"os": nasty, "architecture": "", "os.version": nasty, "os.features": [nasty]}}),
        json!({"mediaType": MediaType::OCI_MANIFEST, "size": 9, "digest": Digest::sha256(b"a"),
            "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": "not a digest"}}),
    ];
    let failed = |kind| Remote::Failed {
        error: failure(kind).into(),
        previous: None,
    };
    let mut history =
        serde_json::from_slice::<serde_json::Value>(Made::default().node().document.bytes())
            .unwrap();
    history["layers"] = json!([]);
    vec![
        ("nasty names", snapshot(made.node())),
        ("a megabyte everywhere", snapshot(heavy.node())),
        ("nothing in it", snapshot(bare.node())),
        ("200 layers", snapshot(many.node())),
        (
            "fewer layers than steps",
            snapshot(unread(history.to_string(), "")),
        ),
        (
            "odd entries",
            snapshot(index(
                &odd_entries,
                vec![
                    Remote::NotAsked,
                    Remote::NotAsked,
                    failed(FailureKind::Missing),
                    failed(FailureKind::Damaged),
                    Remote::Pending { previous: None },
                ],
            )),
        ),
        ("an empty index", snapshot(index(&[], Vec::new()))),
        ("ten thousand entries", snapshot(large_index(10_000))),
        (
            "not JSON",
            snapshot(unread("<html>", MediaType::OCI_MANIFEST)),
        ),
        (
            "no text",
            snapshot(unread(vec![0xff; 3_000], MediaType::OCI_INDEX)),
        ),
        ("no bytes", snapshot(unread("", ""))),
        ("an array", snapshot(unread("[1]", MediaType::OCI_INDEX))),
        (
            "both",
            snapshot(unread(r#"{"manifests":[],"layers":[]}"#, "")),
        ),
        (
            "Docker's first schema",
            snapshot(unread(r#"{"schemaVersion":1}"#, MediaType::DOCKER_SCHEMA1)),
        ),
        (
            "a deep text",
            snapshot(unread(
                format!("{}1{}", "[".repeat(100), "]".repeat(100)),
                "",
            )),
        ),
        ("too deep a text", snapshot(unread("[".repeat(5_000), ""))),
        (
            "a manifest without its config",
            snapshot(unread(Made::default().node().document.bytes().clone(), "")),
        ),
        (
            "on its way",
            snapshot_of(Remote::Pending { previous: None }),
        ),
        ("not asked for", snapshot_of(Remote::NotAsked)),
        (
            "nothing but a failure",
            snapshot_of(Remote::Failed {
                error: Arc::new(failure(FailureKind::Access)),
                previous: None,
            }),
        ),
    ]
}

#[test]
fn nothing_panics_and_everything_has_a_name() {
    let sizes = [(1190.0, 740.0), (776.0, 540.0), (300.0, 200.0)];
    for (what, image) in zoo() {
        for view in View::ALL {
            for theme in [egui::Theme::Dark, egui::Theme::Light] {
                let size = sizes[view as usize % sizes.len()];
                for size in [size, sizes[0]] {
                    let mut shown = Shown::new(view, image.clone());
                    // something that is not there may be selected
                    if what == "odd entries" {
                        shown.selected = NodePath::root().child(view as usize);
                    }
                    let mut harness = builder()
                        .with_size([size.0, size.1])
                        .with_theme(theme)
                        .allow_missing_glyphs()
                        .build_ui_state(Shown::draw, shown);
                    harness.run_steps(3);
                    harness.check_accessibility();
                    let words = words(&harness);
                    for hidden in ['\u{202e}', '\u{0}', '\u{1b}'] {
                        assert!(!words.contains(hidden), "{what} in {view:?}: {hidden:?}");
                    }
                    assert!(words.len() < 200_000, "{what} in {view:?}: {}", words.len());
                }
            }
        }
    }
}

#[test]
fn a_selection_that_is_nowhere_is_no_end() {
    for view in View::ALL {
        let mut shown = Shown::new(view, snapshot(Made::default().node()));
        shown.selected = NodePath::root().child(7).child(3);
        let mut harness = builder().build_ui_state(Shown::draw, shown);
        harness.run_steps(3);
    }
}
