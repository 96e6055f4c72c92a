//! Images dragged inside the window, onto a place.

use egui::{Event, PointerButton, Pos2};
use porthole::engine::{Listed, Place, PlaceSnapshot, Remote};

use super::scripted;
use super::*;

/// A window with an image open and two registries, one of them unfolded to a repository.
fn places() -> (Window, ImageId) {
    let mut settings = Settings::default();
    settings.places.add_registry("mirror.example.com");
    settings.places.add_registry("other.example.com");
    settings.places.add_folder("oci:/mnt/stick");
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place: Place::Registry("mirror.example.com".to_owned()),
        generation: 1,
        listed: Remote::Ready(Listed::Names([Arc::from("team/app")].into())),
        facts: Arc::default(),
    }));
    window.harness.run();
    window.sent();
    let image = window.open("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.sent();
    (window, image)
}

pub(super) fn center(window: &Window, role: Role, name: &str) -> Pos2 {
    window
        .harness
        .get_by_role_and_label(role, name)
        .rect()
        .center()
}

/// Presses at one place, moves to another and lets go.
pub(super) fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let middle = from + (to - from) * 0.5;
    let events = [
        Event::PointerMoved(from),
        button(from, true),
        Event::PointerMoved(middle),
        Event::PointerMoved(to),
        Event::PointerMoved(to),
        button(to, false),
    ];
    for event in events {
        window.harness.event(event);
        window.harness.step();
    }
    window.harness.run();
}

/// Where the copy that is asked for would go.
fn destination(window: &mut Window) -> Option<String> {
    let sent = window.sent().into_iter();
    sent.filter_map(|command| match command {
        Command::PlanCopy { request, .. } => Some(request.destination),
        _ => None,
    })
    .last()
}

#[test]
fn a_tab_is_dropped_on_a_registry_a_repository_and_a_folder() {
    for (target, expected) in [
        (
            "other.example.com",
            "docker://other.example.com/edge/api:1.8.2",
        ),
        ("team/app", "docker://mirror.example.com/team/app:1.8.2"),
        ("stick", "oci:/mnt/stick:1.8.2"),
    ] {
        let (mut window, image) = places();
        let tab = center(&window, Role::Tab, "edge/api:1.8.2");
        let place = center(&window, Role::TreeItem, target);
        drag(&mut window, tab, place);
        assert_eq!(destination(&mut window).as_deref(), Some(expected));
        // nothing is written by a drop alone, and the tab is where it was
        assert!(window.has(Role::TextInput, "Destination"));
        let app = window.harness.state().borrow();
        let tabs = app.as_ref().unwrap().tabs();
        assert_eq!((tabs.len(), tabs.focused_id()), (1, Some(image)));
    }
}

#[test]
fn a_row_of_the_explorer_is_dropped_on_an_open_repository() {
    let (mut window, _) = places();
    window.click(Role::TreeItem, "team/app");
    window.sent();
    let row = center(
        &window,
        Role::ListBoxOption,
        "edge/api:1.8.2, registry.example.com",
    );
    let pane = Pos2::new(800.0, 400.0);
    drag(&mut window, row, pane);
    let expected = "docker://mirror.example.com/team/app:1.8.2";
    assert_eq!(destination(&mut window).as_deref(), Some(expected));
}

#[test]
fn a_row_that_is_let_go_elsewhere_does_nothing() {
    let (mut window, _) = places();
    let row = center(
        &window,
        Role::ListBoxOption,
        "edge/api:1.8.2, registry.example.com",
    );
    drag(&mut window, row, Pos2::new(800.0, 500.0));
    assert!(!window.has(Role::TextInput, "Destination"));
    assert_eq!(destination(&mut window), None);
}

/// The question what to do with a folder that was dropped while something is open.
fn dropped() -> Window {
    let (mut window, _) = places();
    window.drop_path("/images/release");
    assert_eq!(window.sent(), [], "it is asked first");
    assert!(window.has(Role::Button, "Open it"));
    window
}

#[test]
fn what_is_dropped_while_something_is_open_is_asked_about_and_opened() {
    let mut window = dropped();
    window.press(Modifiers::NONE, Key::Enter);
    let sent = window.sent();
    let opened = |command: &Command| matches!(command, Command::Open { input, .. } if input == "/images/release");
    assert!(sent.iter().any(opened), "{sent:?}");
    assert!(window.has(Role::Tab, "/images/release"));
}

#[test]
fn what_is_dropped_while_something_is_open_is_copied_where_that_is_wanted() {
    let mut window = dropped();
    window.click(Role::Button, "Copy it…");
    assert!(window.has(Role::TextInput, "Destination"));
    let tabs = window.harness.state().borrow();
    assert_eq!(tabs.as_ref().unwrap().tabs().len(), 1, "no tab for it");
}

#[test]
fn what_is_dropped_while_a_repository_is_open_may_go_there() {
    let (mut window, _) = places();
    window.click(Role::TreeItem, "team/app");
    window.sent();
    window.drop_path("/images/release");
    window.click(Role::Button, "Copy it…");
    let field = window.field("Destination");
    let value = field.accesskit_node().value();
    assert_eq!(value.as_deref(), Some("mirror.example.com/team/app"));
}
