//! Themes, zoom, and what is kept between runs.

use porthole::ui::theme::Tokens;

use super::*;

#[test]
fn a_theme_changes_what_is_drawn() {
    let mut window = window();
    let ground = |window: &Window| window.harness.ctx.global_style().visuals.panel_fill;
    window.choose("View", "Light theme");
    assert_eq!(ground(&window), Tokens::light().panel);
    window.choose("View", "Dark theme");
    assert_eq!(ground(&window), Tokens::dark().panel);
    window.click(Role::Button, "View");
    assert!(window.is_on(Role::MenuItem, "Dark theme"));
    assert!(!window.is_on(Role::MenuItem, "Light theme"));
}

#[test]
fn zoom_is_a_command() {
    let mut window = window();
    window.press(CTRL, Key::Plus);
    assert!((window.harness.ctx.zoom_factor() - 1.1).abs() < 0.01);
    window.press(CTRL, Key::Minus);
    window.press(CTRL, Key::Minus);
    assert!((window.harness.ctx.zoom_factor() - 0.9).abs() < 0.01);
    window.press(CTRL, Key::Num0);
    assert!((window.harness.ctx.zoom_factor() - 1.0).abs() < 0.01);
}

#[test]
fn what_was_set_is_there_in_the_next_run() {
    let mut storage = Memory::default();
    let mut window = window();
    window.choose("View", "Light theme");
    window.press(CTRL, Key::Plus);
    window.press(CTRL, Key::B);
    let image = window.open("x");
    window.show(super::scripted::ready(image));
    if let Some(app) = window.harness.state().borrow_mut().as_mut() {
        eframe::App::save(app, &mut storage);
    }

    let settings = Settings::load(Some(&storage));
    let mut window = Window::new(Setup {
        settings: settings.clone(),
        ..Setup::default()
    });
    assert_eq!(settings.theme, egui::ThemePreference::Light);
    assert!((window.harness.ctx.zoom_factor() - 1.1).abs() < 0.01);
    assert!(!settings.explorer_open);
    window.press(CTRL, Key::B);
    assert!(window.has(Role::ListBoxOption, "edge/api:1.8.2, registry.example.com"));
    let written = storage.0.values().cloned().collect::<String>();
    assert!(
        !written.contains("\"x\""),
        "what was typed is not kept: {written}"
    );
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
