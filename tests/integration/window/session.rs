//! Tabs that are there again in the next run.

use porthole::engine::Command;

use super::scripted::{self, REFERENCE};
use super::*;

/// What the window would write now, given to a new one.
fn next_run(window: &Window) -> Window {
    let mut storage = Memory::default();
    if let Some(app) = window.harness.state().borrow_mut().as_mut() {
        eframe::App::save(app, &mut storage);
    }
    Window::new(Setup {
        settings: Settings::load(Some(&storage)),
        ..Setup::default()
    })
}

fn opened(window: &mut Window) -> Vec<String> {
    let sent = window.sent().into_iter();
    sent.filter_map(|command| match command {
        Command::Open { input, .. } => Some(input),
        _ => None,
    })
    .collect()
}

#[test]
fn tabs_come_back_with_view_and_selection_and_open_when_they_are_shown() {
    let (mut window, folder) = Window::opening("oci:/images/one");
    window.show(scripted::folder(folder, "oci:/images/one"));
    let image = window.open("x");
    window.show(scripted::ready(image));
    window.click(Role::ComboBox, "Platform");
    window.click(Role::MenuItemRadio, "linux/arm64");
    window.press(CTRL, Key::Num3);

    let mut window = next_run(&window);
    window.harness.run();
    assert!(window.has(Role::Tab, "one"));
    assert!(window.is_on(Role::Tab, "edge/api:1.8.2"));
    assert!(window.is_on(Role::Tab, "Layers"));
    assert_eq!(opened(&mut window), [REFERENCE], "the other one sleeps");
    let selected = {
        let app = window.harness.state().borrow();
        app.as_ref().unwrap().tabs().focused().unwrap().selection()
    };
    assert_eq!(selected.positions(), [1]);

    let mut window = next_run(&window);
    window.harness.run();
    opened(&mut window);
    window.click(Role::Tab, "one");
    let reference = format!(
        "oci:{}",
        std::path::absolute("/images/one").unwrap().display()
    );
    assert_eq!(opened(&mut window), [reference], "two runs later");
}

#[test]
fn what_was_typed_and_not_understood_does_not_come_back() {
    let (window, _) = Window::opening("s3cret");
    let window = next_run(&window);
    assert!(!window.has(Role::Tab, "s3cret"));
    assert!(window.has(Role::Button, "Open a reference"));
}

#[test]
fn how_trees_and_what_is_selected_share_the_room_comes_back() {
    use porthole::ui::widgets::split::{FILES, REFERRERS};
    let window = window();
    FILES.set(&window.harness.ctx, 0.3);
    REFERRERS.set(&window.harness.ctx, 0.7);
    let window = next_run(&window);
    let shares = [FILES, REFERRERS].map(|split| split.share(&window.harness.ctx));
    assert_eq!(shares, [0.3, 0.7]);
}

#[derive(Default)]
struct Memory(std::collections::HashMap<String, String>);

impl eframe::Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}
