//! Saving files that take far more room than their layers should: asked before.

use porthole::engine::{
    Failure, FailureKind, FilesRequest, NodePath, Outcome, SaveRequest, SaveTarget,
};
use porthole::layer::Allowance;

use super::*;

const WHY: &str = "the files have 1.1 TB in holes, more than the 268 MB that they should";

fn request(allowance: Allowance) -> SaveRequest {
    SaveRequest {
        path: b"/var/big".to_vec(),
        at: Some(1),
        to: SaveTarget::File("/home/me/big".into()),
        allowance,
        replace: true,
    }
}

/// Tells the window that the engine did not save it.
fn refuse(window: &mut Window, image: ImageId) {
    let failure = Failure::new(
        FailureKind::Other,
        WHY.to_owned(),
        "Write them anyway only if you know them (porthole export-files)",
    );
    window.slots.put_outcome(Outcome::SaveTooMuch {
        image,
        manifest: NodePath::root(),
        request: request(Allowance::Usual),
        failure: Arc::new(failure),
    });
    window.harness.run();
}

/// A window with an image, of which a file was not saved.
fn refused() -> (Window, ImageId) {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.sent();
    refuse(&mut window, image);
    (window, image)
}

#[test]
fn what_takes_too_much_room_is_saved_after_a_question() {
    let (mut window, image) = refused();
    assert!(window.says("/var/big was not saved."));
    assert!(window.has(Role::Note, WHY), "how much, and where from");
    assert!(window.says("Write them anyway only if you know them"));
    assert!(window.says("Where to: /home/me/big"));
    // nobody agrees by a key that was meant for something else
    window.press(Modifiers::NONE, Key::Enter);
    window.press(CTRL, Key::Enter);
    assert_eq!(window.sent(), []);
    window.click(Role::Button, "Save anyway");
    let save = Command::Files {
        image,
        manifest: NodePath::root(),
        request: FilesRequest::Save(request(Allowance::Everything)),
    };
    assert_eq!(window.sent(), [save]);
    assert!(!window.has(Role::Button, "Save anyway"));
}

#[test]
fn what_takes_too_much_room_may_be_left() {
    let (mut window, _) = refused();
    window.click(Role::Button, "Do not save");
    assert!(!window.has(Role::Button, "Save anyway"));
    assert_eq!(window.sent(), []);
}

#[test]
fn nobody_is_asked_over_another_dialog() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(Modifiers::NONE, Key::F1);
    window.sent();
    refuse(&mut window, image);
    assert!(!window.has(Role::Button, "Save anyway"));
    assert!(window.says(WHY), "it is said all the same");
    window.click(Role::Button, "Close");
    assert_eq!(window.sent(), []);
}
