//! The measurement of the first frame.

use std::time::Instant;

use porthole::ui::app::Startup;

#[test]
fn the_time_is_known_once_when_the_second_frame_begins() {
    let ctx = egui::Context::default();
    // asked for by the environment, which a test must not change
    assert!(Startup::from_environment(Instant::now()).is_none());
    let mut startup = Startup::since(Instant::now());
    let frames: Vec<_> = (0..4)
        .map(|_| startup.frame_begins(&ctx).is_some())
        .collect();
    assert_eq!(frames, [false, true, false, false]);
    assert!(
        ctx.has_requested_repaint(),
        "without input there would be no second frame"
    );
}
