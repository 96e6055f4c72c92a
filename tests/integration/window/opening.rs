//! From the address bar, a drop, a paste or a folder dialog to an open image.

use porthole::engine::{Command, Opened, Remote};
use porthole::ui::app::folder_picker::Picked;

use super::scripted::{self, REFERENCE};
use super::*;

#[test]
fn a_reference_that_was_typed_is_opened_with_enter() {
    let (window, _) = Window::opening("busybox:1.36");
    assert!(window.has(Role::Tab, "busybox:1.36"));
    assert!(window.is_on(Role::Tab, "busybox:1.36"));
}

#[test]
fn a_window_with_nothing_to_show_waits_for_a_reference() {
    let mut window = window();
    window.field("Reference").type_text("busybox");
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent().len(), 1);
}

#[test]
fn a_reference_that_was_typed_is_opened_with_the_button() {
    let mut window = window();
    assert!(!window.is_enabled(Role::Button, "Open"));
    window.press(CTRL, Key::L);
    window.field("Reference").type_text("  busybox ");
    window.harness.run();
    window.click(Role::Button, "Open");
    let sent = window.sent();
    let [
        Command::Open {
            input,
            platform: None,
            ..
        },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "busybox");
}

#[test]
fn control_l_gives_the_field_the_focus_and_replaces_what_is_there() {
    let (mut window, image) = Window::opening("a:1");
    window.show(scripted::ready(image));
    assert!(!window.field("Reference").is_focused());
    window.press(CTRL, Key::L);
    assert!(window.field("Reference").is_focused());
    window.field("Reference").type_text("b:2");
    window.harness.run();
    assert_eq!(window.field("Reference").value().as_deref(), Some("b:2"));
}

#[test]
fn the_field_shows_the_whole_reference_of_what_is_open() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    assert_eq!(
        window.field("Reference").value().as_deref(),
        Some(REFERENCE)
    );
}

#[test]
fn escape_brings_back_what_is_open() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(CTRL, Key::L);
    window.field("Reference").type_text("something else");
    window.harness.run();
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        window.field("Reference").value().as_deref(),
        Some(REFERENCE)
    );
    assert_eq!(window.sent(), []);
}

#[test]
fn what_is_open_already_is_shown_and_asked_for_again() {
    let (mut window, image) = Window::opening("a:1");
    window.open("b:1");
    window.press(CTRL, Key::L);
    window.field("Reference").type_text("a:1");
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent(), [], "another tab has it: only show that one");
    assert!(window.is_on(Role::Tab, "a:1"));
    window.press(CTRL, Key::L);
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent(), [Command::Reload { image }]);
}

#[test]
fn references_of_the_command_line_are_opened() {
    let references = vec!["a:1".to_owned(), "oci:/tmp/x".to_owned()];
    let mut window = Window::new(Setup {
        references,
        ..Setup::default()
    });
    let inputs: Vec<_> = window
        .sent()
        .into_iter()
        .map(|command| match command {
            Command::Open { input, .. } => input,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(inputs, ["a:1", "oci:/tmp/x"]);
    assert!(window.is_on(Role::Tab, "x"));
}

#[test]
fn a_dropped_folder_is_opened() {
    let mut window = window();
    window.drop_path("/images/release");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "/images/release");
}

#[test]
fn files_that_are_held_over_the_window_are_named() {
    let mut window = window();
    for name in ["/images/release", "/images/next"] {
        window
            .harness
            .input_mut()
            .hovered_files
            .push(egui::HoveredFile {
                path: Some(name.into()),
                ..egui::HoveredFile::default()
            });
    }
    window.harness.run_steps(3);
    assert!(window.says("Drop to open"));
    for text in ["release", "next", "2 items open, each in a tab of its own"] {
        assert!(window.says(text), "{text}");
    }
}

#[test]
fn a_paste_is_opened() {
    let mut window = window();
    window.harness.key_press_modifiers(CTRL_SHIFT, Key::V);
    window.harness.event(egui::Event::Paste(
        "\n docker pull busybox:1 \nmore".to_owned(),
    ));
    window.harness.run();
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "docker pull busybox:1");
}

#[test]
fn an_empty_clipboard_is_said_and_a_later_paste_is_left_to_the_field() {
    let mut window = window();
    window.harness.key_press_modifiers(CTRL_SHIFT, Key::V);
    window.harness.run_steps(20);
    let text = "There is no text on the clipboard";
    assert!(window.says(text));
    window.press(CTRL, Key::L);
    window
        .harness
        .event(egui::Event::Paste("busybox".to_owned()));
    window.harness.run();
    assert_eq!(window.sent(), []);
    assert_eq!(
        window.field("Reference").value().as_deref(),
        Some("busybox")
    );
}

#[test]
fn a_folder_from_the_dialog_of_the_desktop_is_opened() {
    let mut window = Window::new(Setup {
        picked: Picked::Path("/images/release".into()),
        ..Setup::default()
    });
    window.press(CTRL, Key::O);
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "/images/release");
}

#[test]
fn a_closed_folder_dialog_changes_nothing() {
    let mut window = Window::new(Setup {
        picked: Picked::Nothing,
        ..Setup::default()
    });
    window.press(CTRL, Key::O);
    assert_eq!(window.sent(), []);
    assert!(window.harness.query_by_label("Path").is_none());
}

#[test]
fn without_a_dialog_service_the_path_is_typed() {
    let mut window = window();
    window.choose("File", "Open folder…");
    assert!(window.field("Path").is_focused());
    assert!(!window.is_enabled(Role::Button, "Open folder"));
    window.field("Path").type_text("/images/release");
    window.harness.run();
    window.click(Role::Button, "Open folder");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "/images/release");
    assert!(window.harness.query_by_label("Path").is_none());
}

#[test]
fn a_failure_says_what_happened_what_to_try_and_tries_again() {
    let (mut window, image) = Window::opening("x");
    let opened = Remote::Failed {
        error: scripted::refused(),
        previous: None,
    };
    window.show(scripted::snapshot(image, 1, opened));
    for text in [
        "edge/api:1.8.2 may not be read",
        "Log in, or ask for pull rights",
    ] {
        assert!(window.says(text), "{text}");
    }
    window.click(Role::Button, "Try again");
    assert_eq!(window.sent(), [Command::Reload { image }]);
}

#[test]
fn what_was_known_stays_when_asking_again_fails() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    let opened = Remote::Failed {
        error: scripted::refused(),
        previous: Some(Opened::Image(scripted::index())),
    };
    window.show(scripted::snapshot(image, 2, opened));
    assert!(window.has(Role::Button, "Bytes: Documents verified"));
    window.click(Role::Link, "Try again");
    assert_eq!(window.sent(), [Command::Reload { image }]);
}

#[test]
fn of_several_images_in_a_folder_one_is_chosen() {
    let (mut window, image) = Window::opening("oci:/images/release");
    window.show(scripted::several(image));
    assert!(!window.has(Role::Tab, "Overview"), "there is no image yet");
    window.click(Role::Row, "Open second");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "oci:/images/release:second");
}

#[test]
fn what_was_opened_is_recent_and_opens_again() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(CTRL, Key::W);
    window.sent();
    let row = "edge/api:1.8.2, registry.example.com";
    window.harness.get_all_by_label(row).next().unwrap().click();
    window.harness.run();
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, REFERENCE);
}

#[test]
fn what_failed_is_not_recent() {
    let (mut window, image) = Window::opening("x");
    let opened = Remote::Failed {
        error: scripted::refused(),
        previous: None,
    };
    window.show(scripted::snapshot(image, 1, opened));
    let app = window.harness.state().borrow();
    assert!(app.as_ref().unwrap().settings().recents.is_empty());
}

#[test]
fn a_recent_image_is_taken_out_of_the_list() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    let row = "edge/api:1.8.2, registry.example.com";
    window
        .harness
        .get_by_role_and_label(Role::ListBoxOption, row)
        .click_secondary();
    window.harness.run();
    window.click(Role::Button, "Remove from recent");
    assert!(!window.has(Role::ListBoxOption, row));
}

#[test]
fn what_will_be_asked_about_is_said_while_it_is_held_over_the_window() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    let held = egui::HoveredFile {
        path: Some("/images/release".into()),
        ..egui::HoveredFile::default()
    };
    window.harness.input_mut().hovered_files.push(held);
    window.harness.run_steps(3);
    assert!(window.says("Drop to open or copy"));
    assert!(!window.says("It opens in a new tab"));
}

#[test]
fn an_archive_from_the_dialog_of_the_desktop_is_opened() {
    let mut window = Window::new(Setup {
        picked: Picked::Path("/images/release.tar".into()),
        ..Setup::default()
    });
    window.choose("File", "Open archive…");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "/images/release.tar");
}

#[test]
fn of_a_long_reference_the_tag_is_seen_and_all_of_it_when_it_is_edited() {
    let long = format!(
        "registry.example.com/{}edge/api:1.8.2",
        "platform/team/".repeat(12)
    );
    let (mut window, _) = Window::opening(&long);
    let shown = |window: &Window| painted_like(window, |text| text.ends_with("edge/api:1.8.2"));
    let cut = |text: &str| text.starts_with("registry.") && text.contains('…');
    let (text, clip) = painted_like(&window, cut).expect("the middle is left out");
    assert!(clip.contains_rect(text.shrink(1.0)), "{text:?} in {clip:?}");
    assert!(shown(&window).is_some());
    assert_eq!(window.field("Reference").value().as_deref(), Some(&*long));
    window.field("Reference").click();
    window.harness.run();
    assert!(painted(&window, &long).is_some(), "what is edited is whole");
    // and all of it is selected
    window.field("Reference").type_text("b:2");
    window.harness.run();
    assert_eq!(window.field("Reference").value().as_deref(), Some("b:2"));
}
