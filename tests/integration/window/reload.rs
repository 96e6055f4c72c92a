//! Asking again: what a reload found, and folders that changed on the disk.

use std::time::{Duration, Instant};

use porthole::engine::{
    Command, JobId, JobKind, JobSnapshot, JobState, Opened, Outcome, Progress, Remote, Unit,
};

use super::scripted;
use super::*;

/// The job of a reload, ended in `state`.
fn ended(image: ImageId, state: JobState) -> JobSnapshot {
    JobSnapshot {
        id: JobId::next(),
        kind: JobKind::Reload,
        title: "Reload edge/api:1.8.2".into(),
        image,
        progress: Arc::new(Progress::new(Unit::Documents)),
        state,
        started: Instant::now(),
        ended: Some(Instant::now() + Duration::from_millis(1)),
    }
}

fn reloading() -> (Window, ImageId) {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(Modifiers::NONE, Key::F5);
    assert_eq!(window.sent(), [Command::Reload { image }]);
    (window, image)
}

#[test]
fn a_tag_that_moved_is_told_with_both_digests() {
    let (mut window, image) = reloading();
    let before = scripted::index().root.document.raw().digest().short();
    let mut other = scripted::index();
    other.root = scripted::manifest("other");
    other.chosen = None;
    let now = other.root.document.raw().digest().short();
    let opened = Remote::Ready(Opened::Image(other));
    window
        .slots
        .put_image(Arc::new(scripted::snapshot(image, 2, opened)));
    window.slots.put_job(Arc::new(ended(image, JobState::Done)));
    window.harness.run();
    assert!(window.says(&format!("1.8.2 moved: {before} → {now}")));
}

#[test]
fn a_tag_that_stayed_is_called_unchanged_once_the_answer_is_there() {
    let (mut window, image) = reloading();
    window.harness.run();
    assert!(!window.says("1.8.2 is unchanged"), "nobody has answered");
    window.slots.put_job(Arc::new(ended(image, JobState::Done)));
    window.harness.run();
    let mut words = window.harness.query_all_by_value("1.8.2 is unchanged");
    let rect = words.next().unwrap().rect();
    assert!(rect.top() > 700.0, "one line at the bottom: {rect:?}");
}

#[test]
fn a_reload_that_failed_says_nothing_of_the_tag() {
    let (mut window, image) = reloading();
    let state = JobState::Failed(scripted::refused());
    window.slots.put_job(Arc::new(ended(image, state)));
    window.harness.run();
    assert!(!window.says_like(|text| text.contains("1.8.2 is unchanged")));
    assert!(!window.says_like(|text| text.contains("moved")));
}

#[test]
fn with_the_focus_folders_are_looked_at_again_and_registries_are_not() {
    let (mut window, folder) = Window::opening("oci:/images/one");
    window.show(scripted::folder(folder, "oci:/images/one"));
    let registry = window.open("x");
    window.show(scripted::ready(registry));
    window.harness.event(egui::Event::WindowFocused(true));
    window.harness.run();
    assert_eq!(window.sent(), [Command::LookAgain { image: folder }]);
}

#[test]
fn a_folder_that_changed_is_told_until_it_is_reloaded_or_dismissed() {
    let (mut window, image) = Window::opening("oci:/images/one");
    window.show(scripted::folder(image, "oci:/images/one"));
    let hint = "This folder has changed on disk";
    for (link, sent) in [
        ("Dismiss", None),
        ("Reload", Some(Command::Reload { image })),
    ] {
        window.slots.put_outcome(Outcome::ChangedOnDisk { image });
        window.harness.run();
        assert!(window.says(hint));
        window.click(Role::Link, link);
        assert!(!window.says(hint), "{link}");
        assert_eq!(window.sent(), Vec::from_iter(sent));
    }
}
