//! Logging in from the window.

use porthole::engine::{Chore, Failure, FailureKind, Outcome, Remote};
use porthole::transport::Security;

use super::scripted;
use super::*;

/// The field for the password: it has a role of its own.
fn password(window: &Window) -> Node<'_> {
    window
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Password")
}

fn fill(window: &mut Window, user: &str, word: &str) {
    window.field("User").focus();
    window.harness.run();
    window.field("User").type_text(user);
    window.harness.run();
    password(window).focus();
    window.harness.run();
    password(window).type_text(word);
    window.harness.run();
}

/// What the window asked the engine to log in with: registry, user and password.
fn asked(window: &mut Window) -> Option<(String, String, String)> {
    window.sent().into_iter().find_map(|command| match command {
        Command::Chore(Chore::LogIn {
            registry,
            user,
            password,
        }) => Some((registry, user, password.expose().to_owned())),
        _ => None,
    })
}

fn tell(window: &mut Window, outcome: Outcome) {
    window.slots.put_outcome(outcome);
    window.harness.run();
}

fn taken(registry: &str) -> Outcome {
    Outcome::LoggedIn {
        registry: registry.to_owned(),
        security: Security::Https,
        places: vec!["/run/auth.json".to_owned()],
        in_the_clear: true,
    }
}

#[test]
fn a_registry_that_refuses_offers_a_login_and_is_asked_again() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    let error = scripted::refused();
    let failed = Remote::Failed {
        error,
        previous: None,
    };
    window.show(scripted::snapshot(image, 1, failed));
    window.sent();
    window.click(Role::Button, "Log in…");
    assert!(!window.is_enabled(Role::Button, "Log in"));
    fill(&mut window, "alice", "s3cret word");
    window.click(Role::Button, "Log in");
    let expected = ("registry.example.com", "alice", "s3cret word");
    let (registry, user, word) = asked(&mut window).unwrap();
    assert_eq!((registry.as_str(), user.as_str(), word.as_str()), expected);
    assert!(!window.is_enabled(Role::Button, "Log in"), "it is asked");
    tell(&mut window, taken("registry.example.com"));
    assert!(!window.has(Role::Button, "Log in"), "the dialog is gone");
    assert_eq!(window.sent(), [Command::Reload { image }]);
    assert!(window.says("Logged in to registry.example.com"));
    assert!(window.says_like(|text| text.contains("unencrypted in /run/auth.json")));
}

#[test]
fn what_the_registry_does_not_take_can_be_corrected() {
    let mut window = window();
    window.choose("Registry", "Log in…");
    window.field("Registry").type_text("registry.example.com");
    fill(&mut window, "alice", "wrong");
    window.press(Modifiers::COMMAND, Key::Enter);
    assert!(asked(&mut window).is_some());
    let failure = Failure::new(
        FailureKind::Access,
        "the registry does not take this name and password",
        "Check both",
    );
    tell(
        &mut window,
        Outcome::LoginFailed {
            registry: "registry.example.com".to_owned(),
            failure: Arc::new(failure),
        },
    );
    assert!(window.says_like(|text| text.contains("does not take this name")));
    password(&window).type_text("er");
    window.harness.run();
    window.click(Role::Button, "Log in");
    assert_eq!(asked(&mut window).unwrap().2, "wronger");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::Button, "Log in"));
}

#[test]
fn a_password_is_never_shown() {
    let mut window = window();
    window.choose("Registry", "Log in…");
    window.field("Registry").type_text("registry.example.com");
    fill(&mut window, "alice", "s3cret");
    let seen = |text: &str| text.contains("s3cret");
    let said = window.harness.query_all_by(|node| {
        node.value().is_some_and(|value| seen(&value))
            || node.label().is_some_and(|label| seen(&label))
    });
    assert_eq!(said.count(), 0, "no screen reader is told");
    // it is not kept to be undone either
    window.press(CTRL, Key::Z);
    window.press(CTRL, Key::A);
    let copied = window.watch(key_events(CTRL, Key::C), copied);
    assert_eq!(copied, None);
}
