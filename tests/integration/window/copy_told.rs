//! What is said of a copy that is done, and what is asked for again then.

use porthole::copy::CopyOptions;
use porthole::engine::{CopyId, CopyRequest, CopySnapshot, Outcome, Remote};

use super::copy::asking;
use super::copy_jobs::running;
use super::copy_report::report;
use super::scripted;
use super::*;

/// A copy that is done, with its report.
fn put_done(window: &mut Window) -> (CopyId, String) {
    let (copy, destination) = (
        CopyId::next(),
        "docker://mirror.example.com/other".to_owned(),
    );
    window.slots.put_copy(Arc::new(CopySnapshot {
        id: copy,
        request: CopyRequest {
            source: scripted::REFERENCE.to_owned(),
            destination: destination.clone(),
            options: CopyOptions::default(),
        },
        plan: Remote::NotAsked,
        progress: None,
        job: None,
        report: Remote::Ready(Arc::new(report())),
        without_lost: None,
        left_behind: None,
    }));
    (copy, destination)
}

/// Where words are on the screen.
pub fn rect_of(window: &Window, words: &str) -> egui::Rect {
    let mut found = window.harness.query_all_by_value(words);
    found.next().expect("it is said").rect()
}

#[test]
fn what_is_said_lies_over_no_button_of_a_dialog_and_waits_for_its_end() {
    let (mut window, _) = asking("Copy…");
    let (copy, destination) = put_done(&mut window);
    window
        .slots
        .put_outcome(Outcome::Copied { copy, destination });
    window.harness.run();
    window.harness.run_steps(400);
    assert!(!window.has(Role::Link, "Open"), "the dialog is open");
    // what leads nowhere is said at once, where no dialog has a button, and is no target
    window
        .slots
        .put_outcome(Outcome::Failed(scripted::refused()));
    window.harness.run();
    let said = rect_of(&window, "edge/api:1.8.2 may not be read");
    let title = rect_of(&window, "Copy edge/api:1.8.2");
    assert!(said.bottom() < title.top(), "{said:?} over {title:?}");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.has(Role::Link, "Open"), "its time did not run");
    window.harness.run_steps(250);
    assert!(!window.has(Role::Link, "Open"), "after twelve seconds");
}

#[test]
fn what_is_said_lies_above_the_jobs_and_keeps_its_buttons_whole() {
    let mut window = window();
    running(&mut window, None);
    let long = "docker://mirror.example.com/".to_owned() + &"a-long-name/".repeat(30) + "x:1";
    for number in 0..5 {
        let (copy, _) = put_done(&mut window);
        let destination = format!("{long}{number}");
        window
            .slots
            .put_outcome(Outcome::Copied { copy, destination });
    }
    window.harness.run_steps(4);
    let jobs = rect_of(&window, "Jobs");
    let links = window
        .harness
        .query_all_by_role_and_label(Role::Link, "Report…");
    let links: Vec<_> = links.map(|node| node.rect()).collect();
    assert_eq!(links.len(), 3, "the rest is counted");
    let more = rect_of(&window, "2 more behind the bell");
    assert!(more.height() < 24.0, "in one line: {more:?}");
    // what leaves nothing out of its beginning and end is in the line of "Copied to"
    for number in 2..5 {
        let drawn = painted_like(&window, |text| {
            text.starts_with("Copied to docker://mirror") && text.ends_with(&format!("x:1{number}"))
        });
        assert!(
            drawn.is_some_and(|(words, _)| words.height() < 24.0),
            "{number}"
        );
    }
    let last = format!("Copied to {long}4");
    let said = window.harness.query_all_by_value(&last);
    let said: Vec<_> = said.map(|node| node.rect()).collect();
    for rect in links.iter().chain(&said) {
        assert!(
            rect.bottom() < jobs.top(),
            "{rect:?} over the jobs at {jobs:?}"
        );
        assert!(rect.left() > 700.0 && rect.right() < 1200.0, "{rect:?}");
    }
    assert!(links.iter().all(|link| link.width() > 40.0), "{links:?}");
    assert!(!said.is_empty());
}

#[test]
fn what_shows_the_place_of_a_copy_is_asked_for_again() {
    let (mut window, image) = Window::opening("oci:/images/release");
    window.show(scripted::several(image));
    let place = window.browse("mirror.example.com/team/app");
    let known = |place: &Place, names: &[&str]| {
        let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        Arc::new(porthole::engine::PlaceSnapshot {
            place: place.clone(),
            generation: 1,
            listed: Remote::Ready(porthole::engine::Listed::Names(names.into())),
            facts: Arc::default(),
        })
    };
    let registry = Place::Registry("mirror.example.com".to_owned());
    let folder = Place::Local("oci:/images/release".to_owned());
    window.slots.put_place(known(&place, &["1"]));
    window.slots.put_place(known(&registry, &["team/app"]));
    window.slots.put_place(known(&folder, &[]));
    window.harness.run();
    window.sent();
    let list = |place: &Place| Command::ListPlace {
        place: place.clone(),
    };
    let new = "docker://mirror.example.com/team/new:1";
    for (destination, expected) in [
        ("docker://mirror.example.com/team/app:2", vec![list(&place)]),
        (new, vec![list(&registry)]),
        (
            "oci:/images/release:third",
            vec![list(&folder), Command::Reload { image }],
        ),
        ("dir:/elsewhere", vec![]),
    ] {
        window.slots.put_outcome(Outcome::Copied {
            copy: CopyId::next(),
            destination: destination.to_owned(),
        });
        window.harness.run();
        assert_eq!(window.sent(), expected, "{destination}");
    }
}
