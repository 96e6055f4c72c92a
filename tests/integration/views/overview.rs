//! The overview.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use porthole::engine::{Command, FailureKind, NodePath, Opened, Remote};
use porthole::model::text::{count, size};
use porthole::transport::{BlobState, Connection, Note, RateLimit, Security};
use porthole::ui::action::Action;
use porthole::ui::views::View;

use super::{commands, copied, rows, shown, wishes, words};
use crate::support::snapshots::{
    Layer, Made, failure, from_layout, index, index_of, large_index, snapshot, unread,
};

#[test]
fn an_image_answers_at_a_glance() {
    let harness = shown(View::Overview, from_layout("busybox-small", "1.37.0"));
    let all = words(&harness);
    for said in [
        "busybox-small:1.37.0",
        "Multi-platform image",
        ", document verified",
        "based on",
        "docker.io/library/scratch",
        "built ",
        "3 layers",
        "Entry point: /bin/sh -c",
        "Ports: 8080/tcp, 53/udp",
        "Health check: true, every 30 s",
        "Chosen because it is for linux/amd64",
        "2 attestations",
        "Documents verified",
        "source: salsa.debian.org",
    ] {
        assert!(all.contains(said), "{said:?} is not in:\n{all}");
    }
    assert_eq!(
        rows(&harness)[0],
        "Layer 0: ADD busybox-static_1:1.37.0-6+b9_amd64.deb in /, 1.1 MB"
    );
    // a timestamp is never shown raw
    assert!(!all.contains("2026-01-01T00:00:00Z"), "{all}");
}

#[test]
fn a_mirror_and_the_pulls_that_are_left_are_told() {
    let mut image = from_layout("busybox-small", "1.37.0");
    let connection = Connection {
        host: "mirror.example.com".to_owned(),
        security: Security::HttpsUnverified,
        user: None,
        mirror_of: Some("docker.io".to_owned()),
        rate_limit: Some(RateLimit {
            limit: 100,
            remaining: 76,
            window: Some(std::time::Duration::from_secs(21_600)),
            by_address: true,
        }),
    };
    image.connection = Some(connection);
    let all = words(&shown(View::Overview, image));
    for said in [
        "mirror.example.com, for docker.io",
        "76 of 100 pulls are left, counted by address over 6 h",
        "https, not verified",
    ] {
        assert!(all.contains(said), "{said:?} is not in:\n{all}");
    }
}

#[test]
fn a_chip_selects_its_platform() {
    let image = snapshot(index_of(&[
        Made::default(),
        Made::for_platform("linux/arm64"),
    ]));
    let id = image.id;
    let mut harness = shown(View::Overview, image);
    let total = size(71_500_000 + 700);
    let name = format!("linux/arm64 {total}");
    harness.get_by_role_and_label(Role::Button, &name).click();
    harness.run();
    let path = NodePath::root().child(1);
    assert_eq!(wishes(&mut harness), [Action::Select(id, path)]);
    assert!(words(&harness).contains("Selected here; a pull for linux/amd64 takes linux/amd64"));
}

#[test]
fn attestations_are_counted_and_are_no_chips() {
    let harness = shown(View::Overview, from_layout("buildkit-app", "1"));
    let all = words(&harness);
    assert!(all.contains("attestation"), "{all}");
    let chips = harness.query_all_by_label_contains("unknown/unknown");
    assert_eq!(chips.count(), 0);
}

#[test]
fn missing_and_damaged_parts_are_said() {
    let mut made = Made::default();
    made.layers[0].state = BlobState::Missing;
    made.layers[1].state = BlobState::Missing;
    let harness = shown(View::Overview, snapshot(made.node()));
    let all = words(&harness);
    assert!(all.contains("Incomplete"), "{all}");
    assert!(all.contains("2 layers are not in this folder"), "{all}");

    made.layers[1].state = BlobState::WrongSize {
        expected: 10,
        found: 9,
    };
    let harness = shown(View::Overview, snapshot(made.node()));
    let all = words(&harness);
    assert!(all.contains("Damaged"), "{all}");
    assert!(all.contains("1 layer is damaged"), "{all}");
    assert!(all.contains("1 layer is not in this folder"), "{all}");
    assert!(!all.contains("Every byte verified"));
}

#[test]
fn only_what_was_read_is_said_to_be_verified() {
    let mut made = Made::default();
    let mut harness = shown(View::Overview, snapshot(made.node()));
    let all = words(&harness);
    assert!(all.contains("Documents verified"), "{all}");
    assert!(!all.contains("Every byte verified"), "{all}");
    harness
        .get_by_role_and_label(Role::Link, "Check bytes")
        .click();
    harness.run();
    let image = harness.state().image.id;
    let manifest = NodePath::root();
    assert_eq!(
        commands(&mut harness),
        [Command::CheckBlobs { image, manifest }]
    );

    for layer in &mut made.layers {
        layer.state = BlobState::Verified;
    }
    // the config's blob is still only present
    let harness = shown(View::Overview, snapshot(made.node()));
    assert!(!words(&harness).contains("Every byte verified"));
}

#[test]
fn a_platform_that_failed_says_so_on_its_chip() {
    let images = [Made::default(), Made::for_platform("linux/arm64")];
    let entries: Vec<_> = images.iter().map(Made::entry).collect();
    let children = vec![
        Remote::Ready(images[0].node()),
        Remote::Failed {
            error: failure(FailureKind::Damaged).into(),
            previous: None,
        },
    ];
    let harness = shown(View::Overview, snapshot(index(&entries, children)));
    harness.get_by_role_and_label(Role::Button, "linux/arm64 damaged");
    assert!(words(&harness).contains("1 entry is damaged"));
}

#[test]
fn of_many_platforms_the_first_are_chips_and_are_asked_for() {
    let mut harness = shown(View::Overview, snapshot(large_index(10_000)));
    let image = harness.state().image.id;
    let sent = commands(&mut harness);
    let [
        Command::Want {
            entries,
            index,
            image: of,
        },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!((of, index), (&image, &NodePath::root()));
    assert_eq!(entries.start, 0);
    assert!((10..=40).contains(&entries.end), "{entries:?}");
    harness.run_steps(3);
    assert_eq!(commands(&mut harness), []);
    let more = format!("+ {} more", count(10_000 - entries.end as u64));
    harness.get_by_label(&more).click();
    harness.run();
    assert_eq!(
        wishes(&mut harness),
        [Action::ShowView(image, View::Platforms)]
    );
}

#[test]
fn many_layers_are_summed_up() {
    let made = Made {
        layers: (0..200)
            .map(|at| Layer::new(&format!("RUN step {at}"), 1_000_000 + at))
            .collect(),
        ..Made::default()
    };
    let mut harness = shown(View::Overview, snapshot(made.node()));
    assert!(words(&harness).contains("200 MB compressed, 200 layers"));
    let link = harness.get_by_role_and_label(Role::Link, "188 more layers");
    link.click();
    harness.run();
    let image = harness.state().image.id;
    assert_eq!(
        wishes(&mut harness),
        [Action::ShowView(image, View::Layers)]
    );
}

#[test]
fn a_label_with_an_address_is_a_link_and_a_value_is_copied() {
    let mut harness = shown(View::Overview, snapshot(Made::default().node()));
    harness
        .get_by_role_and_label(Role::Link, "git.example.com/edge/api")
        .click();
    harness.run();
    let address = "https://git.example.com/edge/api".to_owned();
    assert_eq!(wishes(&mut harness), [Action::Browse(address)]);

    let row = harness.get_by_role_and_label(Role::Label, "User: 10001");
    row.click_secondary();
    harness.run();
    harness.get_by_label("Copy name and value").click();
    harness.run();
    assert_eq!(copied(&mut harness), ["User=10001"]);
}

#[test]
fn the_digest_is_copied_whole() {
    let image = snapshot(Made::default().node());
    let digest = image.image().unwrap().root.document.raw().digest().clone();
    let mut harness = shown(View::Overview, image);
    harness
        .get_by_label(&format!("Copy digest {}", digest.short()))
        .click();
    harness.run();
    assert_eq!(copied(&mut harness), [digest.to_string()]);
    let badge = format!("{digest}, document verified");
    assert_eq!(harness.query_all_by_label(&badge).count(), 1);
}

#[test]
fn what_the_place_tells_is_shown() {
    let mut image = snapshot(Made::default().node());
    if let Remote::Ready(Opened::Image(image)) = &mut image.opened {
        let why = "it ends in the middle of a file".to_owned();
        image.notes = [
            Note::DerivedManifest {
                from: "manifest.json",
            },
            Note::BrokenOff { why },
        ]
        .into();
    }
    let all = words(&shown(View::Overview, image));
    assert!(all.contains("it was derived from manifest.json"), "{all}");
    assert!(all.contains("it ends in the middle of a file"), "{all}");
    assert!(all.contains("1 warning"), "{all}");
}

#[test]
fn an_attestation_says_what_it_states_about_what() {
    let mut image = from_layout("buildkit-app", "1");
    let id = image.id;
    image.generation += 1;
    let mut harness = shown(View::Platforms, image);
    harness.get_by_label_contains("for linux/arm64, ").click();
    harness.run();
    let selected = harness.state().selected.clone();
    assert!(wishes(&mut harness).contains(&Action::Select(id, selected)));
    harness.state_mut().view = View::Overview;
    harness.run();
    let all = words(&harness);
    assert!(all.contains("Is: attestation: "), "{all}");
    assert!(all.contains("About: linux/arm64, sha256:"), "{all}");
    assert!(rows(&harness)[0].starts_with("https://slsa.dev/provenance/"));
    assert!(!all.contains("Entry point"), "{all}");
}

#[test]
fn an_artifact_shows_its_files() {
    let value = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.sbom",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": [{"mediaType": "application/spdx+json", "size": 12_400,
            "digest": "sha256:2c4473c2c286d24fc2dfa77d6639748462a732a9d975e5954f53eb02f9070a98",
            "annotations": {"org.opencontainers.image.title": "sbom.spdx.json"}}],
    });
    let bytes = serde_json::to_vec(&value).unwrap();
    let harness = shown(View::Overview, snapshot(unread(bytes, "")));
    let all = words(&harness);
    assert!(all.contains("Artifact"), "{all}");
    assert!(all.contains("Is: SPDX SBOM"), "{all}");
    assert!(all.contains("Type: application/vnd.example.sbom"), "{all}");
    assert!(all.contains("12.4 KB in 1 file"), "{all}");
    assert_eq!(rows(&harness), ["sbom.spdx.json, 12.4 KB, not checked"]);
}

#[test]
fn a_long_name_keeps_its_tag_and_stands_whole_under_place() {
    let repository = "platform-engineering/infrastructure/observability/very-long-team-name/\
                      telemetry-collector-with-plugins-and-exporters-for-everything";
    let tag = "2026.11.30-build.8842-gdeadbeef1234567890abcdef-multiarch-candidate-2";
    let mut image = snapshot(Made::default().node());
    let text = format!("docker://registry.example.com/{repository}:{tag}");
    let parsed = porthole::model::Reference::parse_prefixed(&text);
    image.reference = parsed.and_then(Result::ok);
    let harness = shown(View::Overview, image);
    let mut drawn = Vec::new();
    for clipped in &harness.output().shapes {
        texts(&clipped.shape, &mut drawn);
    }
    let title = drawn
        .iter()
        .find(|text| text.starts_with("platform-engineering") && text.contains('…'));
    let title = title.expect("the title is cut");
    assert!(title.ends_with("candidate-2"), "{title}");
    assert!(drawn.iter().any(|text| text == tag), "{drawn:?}");
}

/// The texts that are painted, as far as they are to be seen.
fn texts(shape: &egui::Shape, found: &mut Vec<String>) {
    match shape {
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, found)),
        egui::Shape::Text(text) if !text.galley.elided => found.push(text.galley.text().to_owned()),
        _ => {}
    }
}

#[test]
fn where_the_index_is_selected_it_says_whose_layers_are_shown() {
    let mut harness = shown(
        View::Overview,
        snapshot(index_of(&[
            Made::default(),
            Made::for_platform("linux/arm64"),
        ])),
    );
    assert!(!words(&harness).contains("shown below"));
    harness.get_by_role_and_label(Role::Heading, "Layers of linux/amd64");
    harness.state_mut().selected = NodePath::root();
    harness.run();
    let all = words(&harness);
    let said =
        "The index is selected. Shown below: linux/amd64, which a pull for linux/amd64 takes";
    assert!(all.contains(said), "{all}");
    harness.get_by_role_and_label(Role::Heading, "Layers of linux/amd64");
    let chips = harness.query_all_by_label_contains("shown below");
    let chips: Vec<_> = chips
        .filter_map(|chip| chip.accesskit_node().label())
        .collect();
    assert_eq!(chips.len(), 1, "{chips:?}");
    assert!(chips[0].starts_with("linux/amd64 "), "{chips:?}");
}

#[test]
fn the_total_is_that_of_the_command_line() {
    let made = Made {
        layers: vec![Layer::new("RUN true", 100)],
        ..Made::default()
    };
    let node = made.node();
    let manifest = node.document.manifest().unwrap();
    let whole = manifest.config.size + 100 + node.document.raw().size();
    let harness = shown(View::Overview, snapshot(node));
    let all = words(&harness);
    assert!(all.contains(&format!("In total: {}", size(whole))), "{all}");
}

#[test]
fn the_first_heading_of_every_view_stands_in_one_place() {
    let top = |view| {
        let image = snapshot(index_of(&[Made::default()]));
        let harness = shown(view, image);
        let headings = harness.query_all_by_role(Role::Heading);
        headings
            .map(|heading| heading.rect().top())
            .fold(f32::INFINITY, f32::min)
    };
    let overview = top(View::Overview);
    for view in [
        View::Platforms,
        View::Layers,
        View::Config,
        View::Signatures,
    ] {
        assert_eq!(top(view), overview, "{view:?}");
    }
}
