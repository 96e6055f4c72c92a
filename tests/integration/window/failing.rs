//! What could not be opened: said once, where it was typed or in its tab, with a way on.

use std::time::Instant;

use porthole::engine::{
    Failure, FailureKind, JobId, JobKind, JobSnapshot, JobState, Place, Progress, Remote, Unit,
};
use porthole::transport::{MissingTag, OtherTags, Problem, TransportError};

use super::scripted;
use super::*;

const OTHER: &str = "docker://registry.example.com/edge/api:1.1.0";

fn failed(image: ImageId, error: Arc<Failure>) -> ImageSnapshot {
    let previous = None;
    scripted::snapshot(image, 1, Remote::Failed { error, previous })
}

/// A tag that is not there, and what is known of the others.
fn no_such_tag(others: OtherTags) -> Arc<Failure> {
    let repository = "registry.example.com/edge/api".to_owned();
    let mut error = TransportError::new("tag latest", &repository, Problem::NotFound);
    error.more().missing_tag = Some(MissingTag {
        repository,
        tag: "latest".to_owned(),
        others,
    });
    Arc::new(error.into())
}

/// Types into the address bar whatever comes of it.
fn type_address(window: &mut Window, text: &str) {
    window.press(CTRL, Key::L);
    window.field("Reference").type_text(text);
    window.press(Modifiers::NONE, Key::Enter);
}

#[test]
fn a_text_that_is_no_reference_is_refused_where_it_was_typed() {
    let (mut window, open) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(open));
    let image = window.open("No Reference");
    let snapshot = ImageSnapshot {
        reference: None,
        ..failed(image, scripted::refused())
    };
    window.show(snapshot);
    assert_eq!(window.sent(), [Command::Close { image }]);
    assert!(!window.has(Role::Tab, "No Reference"), "no tab is left");
    assert!(window.is_on(Role::Tab, "edge/api:1.8.2"));
    assert!(window.has(Role::Alert, "edge/api:1.8.2 may not be read"));
    let value = window.field("Reference").value();
    assert_eq!(value.as_deref(), Some("No Reference"));
    assert!(window.field("Reference").is_focused(), "to be corrected");
    window.field("Reference").type_text("another");
    window.harness.run();
    assert!(!window.has(Role::Alert, "edge/api:1.8.2 may not be read"));
}

#[test]
fn what_is_opened_from_a_failed_tab_takes_its_place() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(failed(image, scripted::refused()));
    type_address(&mut window, "b:1");
    let sent = window.sent();
    let [
        Command::Open { input, .. },
        Command::Close { image: closed },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!((input.as_str(), *closed), ("b:1", image));
    assert!(window.is_on(Role::Tab, "b:1"));
    assert!(!window.has(Role::Tab, "edge/api:1.8.2"));
    // one that is there is left alone
    type_address(&mut window, "c:1");
    assert!(window.has(Role::Tab, "b:1") && window.has(Role::Tab, "c:1"));
}

#[test]
fn a_failure_is_said_by_the_tab_in_front_alone() {
    for in_front in [true, false] {
        let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
        if !in_front {
            window.open("another:1");
        }
        let error = scripted::refused();
        window.slots.put_job(Arc::new(JobSnapshot {
            id: JobId::next(),
            kind: JobKind::Open,
            title: "Open edge/api:1.8.2".into(),
            image,
            progress: Arc::new(Progress::new(Unit::Documents)),
            state: JobState::Failed(Arc::clone(&error)),
            started: Instant::now(),
            ended: Some(Instant::now()),
        }));
        window.show(failed(image, error));
        assert_eq!(window.says("Jobs"), !in_front);
        assert_eq!(window.has(Role::Button, "Messages"), in_front, "no unread");
        assert_eq!(window.has(Role::Button, "Try again"), in_front);
    }
}

#[test]
fn in_place_of_a_tag_that_is_not_there_the_others_are_opened() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api");
    let tags = vec!["1.1.0".to_owned(), "1.0.0".to_owned()];
    let missing = no_such_tag(OtherTags::Newest { tags, more: true });
    window.show(failed(image, Arc::clone(&missing)));
    let said = "Not found: There is no tag latest in registry.example.com/edge/api";
    assert!(window.has(Role::Alert, said), "{:?}", window.harness);
    assert!(!window.says(&missing.hint), "not as a plain text");
    assert!(window.has(Role::Link, "1.0.0") && !window.has(Role::Link, "…"));
    window.click(Role::Button, "Show all tags");
    let place = Place::Repository("registry.example.com/edge/api".to_owned());
    assert_eq!(window.sent(), [Command::ListPlace { place }]);
    window.press(CTRL, Key::W);
    window.sent();
    window.click(Role::Link, "1.1.0");
    let sent = window.sent();
    let [Command::Open { input, .. }, Command::Close { .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, OTHER);
}

#[test]
fn a_registry_that_may_hide_what_is_there_offers_a_login() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api");
    window.show(failed(image, no_such_tag(OtherTags::Unknown)));
    window.click(Role::Button, "Log in…");
    let registry = window.field("Registry").value();
    assert_eq!(registry.as_deref(), Some("registry.example.com"));
    assert!(window.field("User").is_focused());
}

#[test]
fn a_certificate_that_is_not_trusted_leads_to_the_settings() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    let error = Failure {
        kind: FailureKind::Certificate,
        ..Failure::clone(&scripted::refused())
    };
    window.show(failed(image, Arc::new(error)));
    let said = "Certificate not trusted: edge/api:1.8.2 may not be read";
    assert!(window.has(Role::Alert, said));
    window.click(Role::Button, "TLS settings…");
    assert!(
        window.is_on(Role::RadioButton, "TLS"),
        "{:?}",
        window.harness
    );
}
