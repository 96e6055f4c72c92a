//! While nothing happens, nothing is drawn.

use std::time::Duration;

use super::scripted;
use super::*;

fn next_frame(window: &Window) -> Duration {
    window.harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay
}

#[test]
fn a_settled_window_asks_for_no_frame() {
    let mut window = window();
    window.harness.run();
    assert_eq!(next_frame(&window), Duration::MAX, "the first page");

    let image = window.open("x");
    window.show(scripted::ready(image));
    window.harness.run();
    assert_eq!(next_frame(&window), Duration::MAX, "an open image");

    window.press(CTRL, Key::L);
    window.harness.run();
    assert_eq!(next_frame(&window), Duration::MAX, "a field with the focus");
}

#[test]
fn a_message_asks_for_the_frame_in_which_it_goes() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(CTRL_SHIFT, Key::C);
    let wait = next_frame(&window);
    assert!(
        wait > Duration::from_secs(1) && wait <= Duration::from_secs(4),
        "{wait:?}"
    );
    window.harness.run_steps(100);
    assert!(!window.says("Copied reference"));
    assert_eq!(next_frame(&window), Duration::MAX);
}
