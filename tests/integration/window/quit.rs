//! Ending the program while something is being done.

use std::time::Instant;

use porthole::engine::{JobId, JobKind, JobSnapshot, JobState, Progress, Unit};

use super::*;

fn window_with(kind: JobKind) -> Window {
    let mut window = window();
    window.slots.put_job(Arc::new(JobSnapshot {
        id: JobId::next(),
        kind,
        title: "Check edge/api:1.8.2".into(),
        image: ImageId::next(),
        progress: Arc::new(Progress::new(Unit::Bytes)),
        state: JobState::Running { phase: "reading" },
        started: Instant::now(),
        ended: None,
    }));
    window.harness.run();
    window
}

/// Asks the window to close, as a window manager does, and gives what it answered.
fn ask_to_close(window: &mut Window) -> Vec<egui::ViewportCommand> {
    let input = window.harness.input_mut();
    let viewport = input.viewports.entry(egui::ViewportId::ROOT).or_default();
    viewport.events.push(egui::ViewportEvent::Close);
    window.harness.step();
    let answer = commands(window);
    let input = window.harness.input_mut();
    let viewport = input.viewports.entry(egui::ViewportId::ROOT).or_default();
    viewport.events.clear();
    window.harness.run();
    answer
}

fn commands(window: &Window) -> Vec<egui::ViewportCommand> {
    let output = &window.harness.output().viewport_output;
    output[&egui::ViewportId::ROOT].commands.clone()
}

#[test]
fn with_a_job_running_it_asks_and_names_the_job() {
    let mut window = window_with(JobKind::Check);
    let answer = ask_to_close(&mut window);
    assert!(answer.contains(&egui::ViewportCommand::CancelClose));
    assert!(window.says("A job is not done. It ends when you quit:"));
    assert!(window.says("Check edge/api:1.8.2"));
    window.click(Role::Button, "Stay");
    assert!(!window.has(Role::Button, "Quit anyway"));
}

#[test]
fn quit_anyway_ends_the_program() {
    let mut window = window_with(JobKind::Check);
    ask_to_close(&mut window);
    let button = window
        .harness
        .get_by_role_and_label(Role::Button, "Quit anyway");
    let rect = button.rect();
    let closed = window.watch(click_events(rect), |output| {
        let commands = &output.viewport_output[&egui::ViewportId::ROOT].commands;
        commands
            .contains(&egui::ViewportCommand::Close)
            .then_some(())
    });
    assert!(closed.is_some());
    let again = ask_to_close(&mut window);
    assert!(!again.contains(&egui::ViewportCommand::CancelClose));
}

#[test]
fn what_only_opens_an_image_does_not_hold_it_back() {
    let mut window = window_with(JobKind::Open);
    let answer = ask_to_close(&mut window);
    assert!(!answer.contains(&egui::ViewportCommand::CancelClose));
    assert!(!window.has(Role::Button, "Quit anyway"));
}

#[test]
fn whoever_stays_finds_the_dialog_again_that_was_being_filled_in() {
    let mut window = window_with(JobKind::Check);
    let image = window.open("registry.example.com/edge/api:1.8.2");
    window.show(super::scripted::ready(image));
    window.choose("Image", "Copy…");
    window.field("Destination").focus();
    window.harness.run();
    window
        .field("Destination")
        .type_text("mirror.example.com/app");
    window.harness.run();
    // twice asked is asked once
    for _ in 0..2 {
        let answer = ask_to_close(&mut window);
        assert!(answer.contains(&egui::ViewportCommand::CancelClose));
        assert!(!window.has(Role::TextInput, "Destination"));
    }
    window.click(Role::Button, "Stay");
    assert!(!window.has(Role::Button, "Quit anyway"));
    let typed = window.field("Destination").value();
    assert_eq!(typed.as_deref(), Some("mirror.example.com/app"));
}
