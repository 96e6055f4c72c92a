//! The places in the explorer, and the tags of a repository in a tab.

use std::collections::HashMap;

use porthole::engine::{
    Command, Failure, FailureKind, Listed, Place, PlaceImage, PlaceSnapshot, Remote, TagFacts,
};
use porthole::model::{Digest, MediaType, Platform, Reference};
use porthole::transport::RateLimit;

use super::scripted;
use super::*;

const HOST: &str = "registry.example.com";

fn put(window: &mut Window, place: &Place, listed: Remote<Listed>) {
    put_with(window, place, listed, HashMap::new());
}

fn put_with(
    window: &mut Window,
    place: &Place,
    listed: Remote<Listed>,
    facts: HashMap<Arc<str>, Remote<Arc<TagFacts>>>,
) {
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place: place.clone(),
        generation: 1,
        listed,
        facts: Arc::new(facts),
    }));
    window.harness.run();
}

fn names(names: &[&str]) -> Listed {
    Listed::Names(names.iter().map(|name| Arc::from(*name)).collect())
}

fn failed(previous: Option<Listed>, kind: FailureKind) -> Remote<Listed> {
    let error = Arc::new(Failure::new(
        kind,
        "the list is closed",
        "Type a repository",
    ));
    Remote::Failed { error, previous }
}

fn add_registry(window: &mut Window) -> Place {
    window.choose("Registry", "Add a registry…");
    window.field("Host").type_text(HOST);
    window.press(Modifiers::NONE, Key::Enter);
    let place = Place::Registry(HOST.to_owned());
    let expected = Command::ListPlace {
        place: place.clone(),
    };
    assert_eq!(window.sent(), [expected]);
    place
}

/// The settings as the next run reads them.
fn next_run(window: &Window) -> Settings {
    let app = window.harness.state().borrow();
    let kept = app.as_ref().unwrap().settings().places.clone();
    let written = serde_json::to_string(&kept).unwrap();
    let mut settings = Settings::default();
    settings.places = serde_json::from_str(&written).unwrap();
    settings
}

#[test]
fn a_registry_is_added_listed_and_kept() {
    let mut window = window();
    let place = add_registry(&mut window);
    assert!(window.says_like(|text| text.contains("Listing…")));
    put(
        &mut window,
        &place,
        Remote::Ready(names(&["base", "team/app"])),
    );
    window.click(Role::TreeItem, "team/app");
    let repository = Place::Repository(format!("{HOST}/team/app"));
    let list = Command::ListPlace {
        place: repository.clone(),
    };
    assert_eq!(window.sent(), [list]);
    assert!(window.has(Role::Tab, "registry.example.com/team/app"));
    // a second click shows the same tab
    window.click(Role::TreeItem, "team/app");
    assert_eq!(window.sent(), []);

    // in the next run it is there, folded, and asked for when it is unfolded
    let settings = next_run(&window);
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    window.harness.run();
    assert_eq!(window.sent(), []);
    window.click(Role::TreeItem, HOST);
    assert_eq!(window.sent(), [Command::ListPlace { place }]);
}

#[test]
fn where_the_list_is_closed_a_repository_is_typed_and_kept() {
    let mut window = window();
    let place = add_registry(&mut window);
    put(&mut window, &place, failed(None, FailureKind::Access));
    assert!(window.says_like(|text| text.contains("the list is closed")));
    window.click(Role::Link, "Type a repository…");
    window.field("Repository").type_text("hidden/app");
    window.press(Modifiers::NONE, Key::Enter);
    let repository = Place::Repository(format!("{HOST}/hidden/app"));
    assert_eq!(window.sent(), [Command::ListPlace { place: repository }]);
    assert!(window.has(Role::TreeItem, "hidden/app"));
    let kept = next_run(&window);
    assert_eq!(kept.places.registries()[0].repositories, ["hidden/app"]);
}

#[test]
fn what_is_no_host_and_no_repository_is_refused_while_it_is_typed() {
    let mut window = window();
    window.choose("Registry", "Browse a repository…");
    window
        .field("Repository")
        .type_text("registry.example.com/team/app:1");
    window.harness.run();
    assert!(window.says_like(|text| text.contains("Leave the tag out")));
    assert!(!window.is_enabled(Role::Button, "Browse tags"));
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(window.sent(), []);
}

fn tags_tab(window: &mut Window) -> Place {
    window.browse("registry.example.com/team/app")
}

fn facts(created: &str) -> Remote<Arc<TagFacts>> {
    Remote::Ready(Arc::new(TagFacts {
        digest: Digest::sha256(created.as_bytes()),
        media_type: MediaType::new(MediaType::OCI_INDEX),
        platforms: vec![
            Platform::new("linux", "amd64"),
            Platform::new("linux", "arm64"),
        ],
        size: Some(12_000_000),
        created: Some(created.to_owned()),
        spared: None,
    }))
}

/// The tags on the screen from top to bottom.
fn rows(window: &Window) -> Vec<String> {
    let rows = window.harness.query_all_by_role(Role::Row);
    let rows = rows.filter_map(|row| row.accesskit_node().label());
    rows.map(|row| {
        let row = row.strip_prefix("Open ").unwrap_or(&row).to_owned();
        row.split(',').next().unwrap_or_default().to_owned()
    })
    .collect()
}

#[test]
fn tags_are_filtered_ordered_opened_and_copied() {
    let mut window = window();
    let place = tags_tab(&mut window);
    let tags = ["1.9", "latest", "1.10", "1.10-rc1"];
    put(
        &mut window,
        &place,
        Remote::Pending {
            previous: Some(names(&tags[..2])),
        },
    );
    assert!(window.says("2 tags so far…"));
    let known = [
        ("1.9", facts("2023-01-01T00:00:00Z")),
        ("latest", facts("2023-11-01T00:00:00Z")),
        ("1.10", facts("2023-05-01T00:00:00Z")),
    ];
    let known = known.map(|(tag, facts)| (Arc::from(tag), facts));
    put_with(
        &mut window,
        &place,
        Remote::Ready(names(&tags)),
        HashMap::from(known),
    );
    assert!(window.says("4 tags"));
    // the newest first, until something else is wanted
    assert_eq!(rows(&window), ["1.10", "1.10-rc1", "1.9", "latest"]);
    window.click(Role::ColumnHeader, "Tag");
    assert_eq!(rows(&window), ["1.9", "1.10-rc1", "1.10", "latest"]);
    window.click(Role::ColumnHeader, "Tag");
    assert_eq!(rows(&window), ["1.10", "1.10-rc1", "1.9", "latest"]);
    window.click(Role::ColumnHeader, "Built");
    assert_eq!(rows(&window), ["latest", "1.10", "1.9", "1.10-rc1"]);
    window.click(Role::ColumnHeader, "Built");
    assert_eq!(rows(&window), ["1.9", "1.10", "latest", "1.10-rc1"]);
    window.click(Role::RadioButton, "As listed");
    assert_eq!(rows(&window), tags);
    window.click(Role::RadioButton, "Name");
    assert_eq!(rows(&window), ["1.10", "1.10-rc1", "1.9", "latest"]);
    window.click(Role::RadioButton, "Date");
    assert_eq!(rows(&window), ["latest", "1.10", "1.9", "1.10-rc1"]);
    assert!(window.says("4 of 4, the dates of 3 are known"));

    window.field("Filter tags").click();
    window.harness.run();
    window.field("Filter tags").type_text("10");
    window.harness.run();
    assert_eq!(rows(&window), ["1.10", "1.10-rc1"]);
    window.sent();
    let row = window.harness.query_all_by_role(Role::Row).next().unwrap();
    let open = row.accesskit_node().label().unwrap();
    assert!(open.contains("linux/amd64, linux/arm64"), "{open}");
    window.click(Role::Row, &open);
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "docker://registry.example.com/team/app:1.10");
}

#[test]
fn a_long_tag_takes_the_room_that_the_platforms_leave() {
    let long = "2026.11.30-build.8842-gdeadbeef1234567890abcdef-release-candidate-2";
    let mut window = window();
    let place = tags_tab(&mut window);
    let known = HashMap::from([(Arc::from(long), facts("2023-01-01T00:00:00Z"))]);
    let listed = Remote::Ready(names(&[long]));
    put_with(&mut window, &place, listed, known);
    let head = |name: &str| {
        let head = window
            .harness
            .get_by_role_and_label(Role::ColumnHeader, name);
        head.rect().width()
    };
    let (tag, platforms) = (head("Tag"), head("Platforms"));
    assert!(tag > 1.5 * platforms, "{tag} {platforms}");
}

#[test]
fn where_few_pulls_are_left_a_tag_has_only_its_digest_and_says_why() {
    let mut window = window();
    let place = tags_tab(&mut window);
    let digest = Digest::sha256(b"a");
    let limit = RateLimit {
        limit: 100,
        remaining: 40,
        window: None,
        by_address: false,
    };
    let spared = Remote::Ready(Arc::new(TagFacts {
        digest: digest.clone(),
        media_type: MediaType::default(),
        platforms: Vec::new(),
        size: None,
        created: None,
        spared: Some(limit),
    }));
    let facts = HashMap::from([(Arc::from("1.9"), spared)]);
    let listed = Remote::Ready(names(&["1.9"]));
    put_with(&mut window, &place, listed, facts);
    let row = format!(
        "Open 1.9, {}, not read: 40 of 100 pulls are left",
        digest.short()
    );
    window.sent();
    window.click(Role::Row, &row);
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "docker://registry.example.com/team/app:1.9");
}

#[test]
fn while_a_list_grows_only_rows_that_stay_are_asked_for() {
    let mut window = window();
    let place = tags_tab(&mut window);
    for newest in 1..=5 {
        let tags: Vec<_> = (0..newest * 100).map(|n| format!("1.0.{n}")).collect();
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        let previous = Some(names(&tags));
        put(&mut window, &place, Remote::Pending { previous });
        assert_eq!(rows(&window)[0], format!("1.0.{}", newest * 100 - 1));
        assert_eq!(window.sent(), [], "others take their place in a moment");
    }
    window.harness.run_steps(40);
    let sent = window.sent();
    let [Command::WantTags { tags, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(&*tags[0], "1.0.499");
}

#[test]
fn of_a_hundred_thousand_tags_only_the_visible_are_asked_for_and_drawn() {
    let mut window = window();
    let place = tags_tab(&mut window);
    let many: Arc<[Arc<str>]> = (0..100_000)
        .map(|n| Arc::from(format!("1.0.{n}")))
        .collect();
    put(&mut window, &place, Remote::Ready(Listed::Names(many)));
    // the order is worked out by a thread, which wakes the window
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while rows(&window).is_empty() {
        assert!(std::time::Instant::now() < end);
        std::thread::sleep(std::time::Duration::from_millis(10));
        window.harness.run();
    }
    assert!(rows(&window).len() < 100);
    let sent = window.sent();
    let Some(Command::WantTags { tags, .. }) = sent.last() else {
        panic!("{sent:?}");
    };
    assert!(tags.len() < 100 && &*tags[0] == "1.0.99999");
    assert!(window.says("100,000 tags"));
}

#[test]
fn a_tab_of_a_repository_is_reloaded_closed_opened_again_and_kept() {
    let mut window = window();
    let place = tags_tab(&mut window);
    let list = || Command::ListPlace {
        place: place.clone(),
    };
    put(
        &mut window,
        &place,
        failed(Some(names(&["a"])), FailureKind::Network),
    );
    assert!(window.says("1 tag; there may be more"));
    window.sent();
    window.press(Modifiers::NONE, Key::F5);
    assert_eq!(window.sent(), [list()]);
    // left as it is, its address lists it again
    window.press(CTRL, Key::L);
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent(), [list()]);
    // elsewhere the name stands for the image that it is the name of
    window.open("docker://registry.example.com/team/app");
    window.press(CTRL, Key::W);
    window.sent();
    window.press(CTRL, Key::W);
    let close = Command::ClosePlace {
        place: place.clone(),
    };
    assert_eq!(window.sent(), [close]);
    window.press(CTRL_SHIFT, Key::T);
    assert_eq!(window.sent()[0], list());
}

#[test]
fn a_folder_that_was_opened_is_unfolded_to_its_images() {
    let (mut window, image) = Window::opening("oci:/images/small:v1");
    let mut snapshot = scripted::ready(image);
    snapshot.reference = Reference::parse_prefixed("oci:/images/small:v1")
        .unwrap()
        .ok();
    window.show(snapshot);
    window.click(Role::TreeItem, "small");
    let place = Place::Local("oci:/images/small".to_owned());
    let list = Command::ListPlace {
        place: place.clone(),
    };
    assert_eq!(window.sent(), [list]);
    let reference = |name: &str| {
        let text = format!("oci:/images/small:{name}");
        Reference::parse_prefixed(&text).unwrap().unwrap()
    };
    let images = ["v1", "v2"].map(|name| PlaceImage {
        title: name.to_owned(),
        detail: "OCI index".to_owned(),
        reference: reference(name),
        digest: None,
        own_name: None,
    });
    put(
        &mut window,
        &place,
        Remote::Ready(Listed::Images(images.into())),
    );
    window.click(Role::TreeItem, "v2, OCI index");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "oci:/images/small:v2");
    // what changed while another window had the focus is seen
    window.harness.event(egui::Event::WindowFocused(true));
    window.harness.run();
    assert!(window.sent().contains(&Command::ListPlace { place }));
}

#[test]
fn engines_are_asked_when_they_are_unfolded_and_their_errors_are_said() {
    let mut window = window();
    window.harness.run();
    assert_eq!(window.sent(), [], "nobody looks at them yet");
    window.click(Role::TreeItem, "Docker and Podman");
    let list = || Command::ListPlace {
        place: Place::Engines,
    };
    assert_eq!(window.sent(), [list()]);
    put(
        &mut window,
        &Place::Engines,
        failed(None, FailureKind::Missing),
    );
    assert!(window.says_like(|text| text.contains("No Docker or Podman listens")));
    put(
        &mut window,
        &Place::Engines,
        failed(None, FailureKind::Network),
    );
    assert!(window.says_like(|text| text.contains("the list is closed")));
    window.click(Role::Link, "Try again");
    assert_eq!(window.sent(), [list()]);
    let image = PlaceImage {
        title: "busybox:1".to_owned(),
        detail: "4.4 MB, Podman 4.3.1".to_owned(),
        reference: Reference::Daemon("docker.io/library/busybox:1".to_owned()),
        digest: None,
        own_name: None,
    };
    put(
        &mut window,
        &Place::Engines,
        Remote::Ready(Listed::Images([image].into())),
    );
    window.click(Role::TreeItem, "busybox:1, 4.4 MB, Podman 4.3.1");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "docker-daemon:docker.io/library/busybox:1");
    // unfolded they stay so, and the next run asks for them at once
    let settings = next_run(&window);
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    window.harness.run();
    assert_eq!(window.sent(), [list()]);
}

#[test]
fn a_repository_that_was_listed_says_how_many_tags_it_has() {
    let mut window = window();
    let registry = add_registry(&mut window);
    put(&mut window, &registry, Remote::Ready(names(&["edge/api"])));
    assert!(window.has(Role::TreeItem, "edge/api"));
    let repository = Place::Repository(format!("{HOST}/edge/api"));
    let some = Remote::Pending {
        previous: Some(names(&["1.0"])),
    };
    put(&mut window, &repository, some);
    assert!(window.has(Role::TreeItem, "edge/api"), "not while it grows");
    let all = Remote::Ready(names(&["1.0", "1.1", "latest"]));
    put(&mut window, &repository, all);
    assert!(window.has(Role::TreeItem, "edge/api, 3 tags"));
}
