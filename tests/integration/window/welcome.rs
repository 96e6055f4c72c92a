//! The page that is shown while nothing is open.

use porthole::engine::{Chore, Command, Outcome};

use super::*;

#[test]
fn its_first_button_leads_to_the_address_bar() {
    let mut window = window();
    window.click(Role::Button, "Open a reference");
    assert!(window.field("Reference").is_focused());
}

#[test]
fn its_second_button_opens_a_folder() {
    let mut window = window();
    window.click(Role::Button, "Open a folder");
    assert!(window.field("Path").is_focused());
}

#[test]
fn where_drops_cannot_work_it_says_so_and_offers_to_paste() {
    let mut window = Window::new(Setup {
        drops: DropSupport::NotOnWayland,
        ..Setup::default()
    });
    assert!(window.harness.query_by_label_contains("Drop:").is_none());
    window
        .harness
        .get_by_role_and_label(Role::Button, "Paste and open")
        .click();
    window
        .harness
        .event(egui::Event::Paste("busybox".to_owned()));
    window.harness.run();
    assert_eq!(window.sent().len(), 1);
}

#[test]
fn it_goes_when_something_is_opened() {
    let (window, _) = Window::opening("a:1");
    assert!(!window.has(Role::Button, "Open a reference"));
}

#[test]
fn it_offers_what_was_open_before_where_nothing_else_does() {
    let mut settings = Settings::default();
    settings.recents.add("oci:/images/release");
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    let row = "release, folder";
    let in_explorer = window.harness.get_by_label(row).rect();
    window.press(CTRL, Key::B);
    let on_page = window.harness.get_by_label(row);
    assert!(on_page.rect().left() > in_explorer.left() + 100.0);
    on_page.click();
    window.harness.run();
    assert_eq!(window.sent().len(), 1);
}

#[test]
fn the_sample_image_is_unpacked_and_opened() {
    let mut window = window();
    window.click(Role::Button, "Open the sample image");
    let unpack = Command::Chore(Chore::UnpackSample);
    assert_eq!(window.sent(), [unpack]);
    let reference = "oci:/cache/sample:1.0".to_owned();
    window.slots.put_outcome(Outcome::SampleReady { reference });
    window.harness.run();
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "oci:/cache/sample:1.0");
}
