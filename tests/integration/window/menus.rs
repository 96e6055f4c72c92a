//! The context menus of images: in the explorer, of tags, of tabs.

use std::collections::HashMap;

use porthole::engine::{
    Command, CompareRequest, ComparedImage, Listed, Place, PlaceImage, PlaceSnapshot, Remote,
    TagFacts,
};
use porthole::model::{Digest, MediaType, Platform, Reference};

use super::scripted;
use super::*;

const OTHER: &str = "docker://registry.example.com/other:1";

impl Window {
    /// Opens the context menu of what has this role and name.
    fn open_menu(&mut self, role: Role, name: &str) {
        let node = self.harness.get_by_role_and_label(role, name);
        node.click_secondary();
        self.harness.run();
    }

    /// The entry of an open context menu; the bar above has buttons of the same names.
    fn entry(&self, name: &str) -> Option<egui::Rect> {
        let nodes = self.harness.query_all_by_role_and_label(Role::Button, name);
        let mut rects = nodes.into_iter().map(|node| node.rect());
        rects.find(|rect| rect.top() > 80.0)
    }

    /// Chooses an entry of the context menu of what has this role and name.
    pub(super) fn choose_of(&mut self, role: Role, name: &str, entry: &str) {
        self.open_menu(role, name);
        let rect = self.entry(entry).expect(entry);
        self.watch(click_events(rect), |_| None::<()>);
        assert_eq!(self.entry(entry), None, "the menu is closed");
    }

    /// What an entry of a context menu puts on the clipboard.
    fn copied_of(&mut self, role: Role, name: &str, entry: &str) -> Option<String> {
        self.open_menu(role, name);
        let rect = self.entry(entry).expect(entry);
        self.watch(click_events(rect), copied)
    }

    /// Compares what was asked about with [`OTHER`]; what was asked of the engine.
    fn compare_with_other(&mut self) -> CompareRequest {
        self.field("The other image").type_text(OTHER);
        self.press(Modifiers::NONE, Key::Enter);
        let sent = self.sent();
        let request = sent.into_iter().find_map(|command| match command {
            Command::Compare { request, .. } => Some(*request),
            _ => None,
        });
        request.expect("it is compared")
    }
}

fn image(reference: &str, platform: Option<Platform>) -> ComparedImage {
    ComparedImage {
        reference: reference.to_owned(),
        platform,
    }
}

fn put(window: &mut Window, place: &Place, listed: Listed, facts: &[(&str, TagFacts)]) {
    let facts = facts.iter().cloned().map(|(tag, facts)| {
        let facts = Remote::Ready(Arc::new(facts));
        (Arc::from(tag), facts)
    });
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place: place.clone(),
        generation: 1,
        listed: Remote::Ready(listed),
        facts: Arc::new(facts.collect::<HashMap<_, _>>()),
    }));
    window.harness.run();
}

/// A window with a folder unfolded that has one image.
fn unfolded(folder: &str, title: &str, reference: &str, digest: &Digest) -> Window {
    let (mut window, id) = Window::opening(reference);
    window.show(scripted::folder(id, reference));
    let name = folder.rsplit('/').next().unwrap();
    window.click(Role::TreeItem, name);
    let image = PlaceImage {
        title: title.to_owned(),
        detail: "there".to_owned(),
        reference: Reference::parse_prefixed(reference).unwrap().unwrap(),
        digest: Some(digest.clone()),
        own_name: None,
    };
    let place = Place::Local(folder.to_owned());
    put(&mut window, &place, Listed::Images([image].into()), &[]);
    window
}

#[test]
fn an_image_of_a_folder_is_copied_by_digest_and_compared() {
    let digest = Digest::sha256(b"v2");
    let reference = "oci:/images/small:v2";
    let mut window = unfolded("oci:/images/small", "v2", reference, &digest);
    let row = "v2, there";
    let found = window.copied_of(Role::TreeItem, row, "Copy reference");
    assert_eq!(found.as_deref(), Some("oci:/images/small:v2"));
    let found = window.copied_of(Role::TreeItem, row, "Copy reference by digest");
    assert_eq!(found, Some(format!("oci:/images/small:@{digest}")));
    window.choose_of(Role::TreeItem, row, "Compare with…");
    let asked = window.compare_with_other();
    assert_eq!(asked.before, image("oci:/images/small:v2", None));
    assert_eq!(asked.after, image(OTHER, None));
}

#[test]
fn where_a_place_has_no_names_by_digest_the_digest_itself_is_copied() {
    let digest = Digest::sha256(b"flat");
    let folder = "dir:/images/flat";
    let mut window = unfolded(folder, "the only one", folder, &digest);
    let row = "the only one, there";
    window.open_menu(Role::TreeItem, row);
    assert_eq!(window.entry("Copy reference by digest"), None);
    window.press(Modifiers::NONE, Key::Escape);
    let found = window.copied_of(Role::TreeItem, row, "Copy digest");
    assert_eq!(found, Some(digest.to_string()));
}

#[test]
fn an_image_of_an_engine_is_copied_by_its_id_and_compared() {
    let mut window = window();
    window.click(Role::TreeItem, "Docker and Podman");
    let id = Digest::sha256(b"config");
    let busybox = PlaceImage {
        title: "busybox:1".to_owned(),
        detail: "4.4 MB".to_owned(),
        reference: Reference::Daemon("busybox:1".to_owned()),
        digest: None,
        own_name: Some(Reference::Daemon(id.to_string())),
    };
    let images = Listed::Images([busybox].into());
    put(&mut window, &Place::Engines, images, &[]);
    window.sent();
    let row = "busybox:1, 4.4 MB";
    let found = window.copied_of(Role::TreeItem, row, "Copy reference by digest");
    assert_eq!(found, Some(format!("docker-daemon:{id}")));
    window.choose_of(Role::TreeItem, row, "Compare with…");
    let asked = window.compare_with_other();
    assert_eq!(asked.before, image("docker-daemon:busybox:1", None));
}

#[test]
fn a_tag_is_copied_by_digest_and_compared() {
    let mut window = window();
    let place = window.browse("registry.example.com/team/app");
    let digest = Digest::sha256(b"1.9");
    let facts = TagFacts {
        digest: digest.clone(),
        media_type: MediaType::new(MediaType::OCI_INDEX),
        platforms: vec![Platform::new("linux", "amd64")],
        size: Some(1_000_000),
        created: None,
        spared: None,
    };
    let tags = Listed::Names(["1.9", "1.10"].map(Arc::from).into());
    put(&mut window, &place, tags, &[("1.9", facts)]);
    window.sent();
    let row = format!("Open 1.9, {}, linux/amd64", digest.short());
    let found = window.copied_of(Role::Row, &row, "Copy reference by digest");
    let by_digest = format!("docker://registry.example.com/team/app@{digest}");
    assert_eq!(found, Some(by_digest));
    window.choose_of(Role::Row, &row, "Compare with…");
    let asked = window.compare_with_other();
    let tag = "docker://registry.example.com/team/app:1.9";
    assert_eq!(asked.before, image(tag, None));
    // of one that was not read yet no digest is known
    window.click(Role::Tab, "registry.example.com/team/app");
    window.open_menu(Role::Row, "Open 1.10");
    assert!(window.entry("Copy reference").is_some());
    assert_eq!(window.entry("Copy reference by digest"), None);
}

#[test]
fn a_recent_image_is_compared() {
    let (mut window, id) = Window::opening("x");
    window.show(scripted::ready(id));
    let row = "edge/api:1.8.2, registry.example.com";
    window.choose_of(Role::ListBoxOption, row, "Compare with…");
    let asked = window.compare_with_other();
    assert_eq!(asked.before, image(scripted::REFERENCE, None));
}

#[test]
fn a_tab_has_a_menu_for_its_image() {
    let (mut window, id) = Window::opening("x");
    window.show(scripted::ready(id));
    let root = scripted::index().root.document.raw().digest().clone();
    let tab = "edge/api:1.8.2";
    let found = window.copied_of(Role::Tab, tab, "Copy reference");
    assert_eq!(found.as_deref(), Some(scripted::REFERENCE));
    let found = window.copied_of(Role::Tab, tab, "Copy reference by digest");
    let by_digest = format!("docker://registry.example.com/edge/api@{root}");
    assert_eq!(found, Some(by_digest));
    for entry in ["Copy…", "Export…"] {
        window.choose_of(Role::Tab, tab, entry);
        assert!(window.has(Role::TextInput, "Destination"), "{entry}");
        window.press(Modifiers::NONE, Key::Escape);
    }
    window.sent();
    // as it is looked at
    window.choose_of(Role::Tab, tab, "Compare with…");
    let asked = window.compare_with_other();
    let amd64 = Some(Platform::new("linux", "amd64"));
    assert_eq!(asked.before, image(scripted::REFERENCE, amd64));
}

#[test]
fn a_tab_is_opened_in_another_and_closed_from_its_menu() {
    let (mut window, first) = Window::opening("x");
    window.show(scripted::ready(first));
    let tab = "edge/api:1.8.2";
    window.choose_of(Role::Tab, tab, "Open in another tab");
    let sent = window.sent();
    let [Command::Open { image, input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "x");
    assert_ne!(*image, first);
    // of what could not be understood there is only the closing
    let tab = "x";
    window.open_menu(Role::Tab, tab);
    assert_eq!(window.entry("Compare with…"), None);
    assert_eq!(window.entry("Copy reference"), None);
    window.press(Modifiers::NONE, Key::Escape);
    window.choose_of(Role::Tab, tab, "Close");
    assert_eq!(window.sent(), [Command::Close { image: *image }]);
}

#[test]
fn tabs_of_repositories_and_comparisons_have_menus_of_their_own() {
    let mut window = window();
    let place = window.browse("registry.example.com/team/app");
    let tab = "registry.example.com/team/app";
    let found = window.copied_of(Role::Tab, tab, "Copy name");
    assert_eq!(found.as_deref(), Some("registry.example.com/team/app"));
    window.sent();
    window.choose_of(Role::Tab, tab, "Close");
    assert_eq!(window.sent(), [Command::ClosePlace { place }]);
}

#[test]
fn the_other_tabs_and_those_that_failed_are_closed_from_the_menu() {
    let (mut window, _) = Window::opening("a:1");
    let b = window.open("b:1");
    window.open_menu(Role::Tab, "a:1");
    assert_eq!(window.entry("Close failed"), None);
    window.press(Modifiers::NONE, Key::Escape);
    let failed = Remote::Failed {
        error: scripted::refused(),
        previous: None,
    };
    window.show(scripted::snapshot(b, 1, failed));
    window.choose_of(Role::Tab, "a:1", "Close failed");
    assert_eq!(window.sent(), [Command::Close { image: b }]);
    let c = window.open("c:1");
    window.choose_of(Role::Tab, "a:1", "Close others");
    assert_eq!(window.sent(), [Command::Close { image: c }]);
    assert!(window.has(Role::Tab, "a:1"));
    window.open_menu(Role::Tab, "a:1");
    assert_eq!(window.entry("Close others"), None, "there are none");
}
