//! The config.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{Command, FailureKind, Node, Parts, Remote};
use porthole::model::{ImageConfig, MediaType};
use porthole::transport::BlobState;
use porthole::ui::views::View;

use super::{commands, copied, rows, shown, words};
use crate::support::snapshots::{Made, failure, raw, snapshot};

/// A manifest with this config in the place of its own.
fn with_config(config: Remote<Arc<ImageConfig>>) -> Arc<Node> {
    let node = Made::default().node();
    Arc::new(Node {
        document: Arc::clone(&node.document),
        parts: Parts::Manifest {
            config,
            blobs: vec![BlobState::Present; 4].into(),
        },
    })
}

fn config(bytes: &[u8]) -> Remote<Arc<ImageConfig>> {
    let raw = raw(bytes.to_vec(), MediaType::OCI_CONFIG);
    Remote::Ready(Arc::new(ImageConfig::read(raw)))
}

#[test]
fn a_config_is_shown_in_sections() {
    let mut harness = shown(View::Config, snapshot(Made::default().node()));
    let all = words(&harness);
    for said in [
        "Config of linux/amd64",
        "Architecture: amd64",
        "Created: 3 days ago, 19 Nov 2026 12:00:00 UTC",
        "Command: --listen :8443",
        "PATH: /usr/bin",
        "LANG: C.UTF-8",
        "org.opencontainers.image.version: 1.8.2",
    ] {
        assert!(all.contains(said), "{said:?} is not in:\n{all}");
    }
    harness.get_by_label("PATH: /usr/bin").click_secondary();
    harness.run();
    harness.get_by_label("Copy name and value").click();
    harness.run();
    assert_eq!(copied(&mut harness), ["PATH=/usr/bin"]);
}

#[test]
fn ten_thousand_variables_do_not_make_ten_thousand_rows() {
    let environment: Vec<_> = (0..10_000).map(|at| format!("N{at}={at}")).collect();
    let made = Made {
        run: serde_json::json!({"Env": environment}),
        ..Made::default()
    };
    let harness = shown(View::Config, snapshot(made.node()));
    assert!(words(&harness).contains("N3: 3"));
    assert!(rows(&harness).len() < 60, "{}", rows(&harness).len());
}

#[test]
fn a_config_that_is_not_json_says_so_and_shows_its_bytes() {
    let harness = shown(
        View::Config,
        snapshot(with_config(config(b"not json at all"))),
    );
    let all = words(&harness);
    assert!(all.contains("the config is not JSON"), "{all}");
    harness.get_by_role(Role::Document);

    let harness = shown(
        View::Config,
        snapshot(with_config(config(b"\x1f\x8b\x08\xff"))),
    );
    assert!(words(&harness).contains("the config is not JSON"));
    harness.get_by_role_and_label(Role::Document, "Bytes");
}

#[test]
fn a_config_that_cannot_be_had_says_why() {
    let failed = Remote::Failed {
        error: failure(FailureKind::Missing).into(),
        previous: None,
    };
    let mut harness = shown(View::Config, snapshot(with_config(failed)));
    assert!(words(&harness).contains("no answer within 10 s"));
    harness.get_by_label("Try again").click();
    harness.run();
    let image = harness.state().image.id;
    assert_eq!(commands(&mut harness), [Command::Reload { image }]);
}

#[test]
fn the_whole_config_is_copied_as_it_is() {
    let node = Made::default().node();
    let bytes = node.config().unwrap().raw().bytes().clone();
    let mut harness = shown(View::Config, snapshot(node));
    harness.get_by_label("Copy config").scroll_to_me();
    harness.run();
    harness.get_by_label("Copy config").click();
    harness.run();
    assert_eq!(
        copied(&mut harness),
        [String::from_utf8(bytes.to_vec()).unwrap()]
    );
}
