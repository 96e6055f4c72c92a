//! The user's keys in the window: made, taken in, given out, deleted.

use porthole::engine::{Chore, Failure, FailureKind, KeyChore, KeyTarget, Outcome, Secret};
use porthole::signature::x509::KeyKind;

use super::scripted::{key, keys};
use super::*;

/// A window that shows the keys, which `listed` are.
fn showing(listed: Outcome) -> Window {
    let mut window = window();
    window.choose("Tools", "Keys…");
    assert_eq!(asked(&mut window), [KeyChore::List]);
    tell(&mut window, listed);
    window
}

fn none() -> Outcome {
    Outcome::Keys {
        keys: Arc::default(),
        folder: "/home/user/.config/porthole/keys".into(),
    }
}

fn asked(window: &mut Window) -> Vec<KeyChore> {
    let sent = window.sent().into_iter();
    sent.map(|command| match command {
        Command::Chore(Chore::Keys(chore)) => chore,
        other => panic!("{other:?}"),
    })
    .collect()
}

fn tell(window: &mut Window, outcome: Outcome) {
    window.slots.put_outcome(outcome);
    window.harness.run();
}

fn failure(headline: &str) -> Arc<Failure> {
    Arc::new(Failure::new(
        FailureKind::Other,
        headline.to_owned(),
        "Try again",
    ))
}

fn failed(window: &mut Window, headline: &str, ask: bool) {
    let failure = failure(headline);
    tell(window, Outcome::KeyFailed { failure, ask });
}

#[test]
fn where_there_is_none_one_is_made_with_a_passphrase_typed_twice() {
    let mut window = showing(none());
    assert!(window.says("There are no keys yet"));
    window.click(Role::Button, "New key…");
    assert!(!window.is_enabled(Role::Button, "Make the key"));
    // an example in an empty field says that it is one
    let name = window.field("Name").accesskit_node();
    assert_eq!(name.placeholder(), Some("for example release-2026"));
    window.fill(Role::TextInput, "Name", "release");
    assert!(window.says_like(|text| text.contains("whoever reads the file has the key")));
    window.fill(Role::PasswordInput, "New passphrase", "correct horse");
    assert!(!window.is_enabled(Role::Button, "Make the key"));
    window.fill(Role::PasswordInput, "Passphrase once more", "correct house");
    assert!(window.says("The two are not the same."));
    assert!(!window.is_enabled(Role::Button, "Make the key"));
    window.fill(Role::PasswordInput, "Passphrase once more", "correct horse");
    window.pick("Kind", "Ed25519");
    assert_eq!(asked(&mut window), []);
    // Enter keeps the keyboard where more is to come, and confirms in the last field
    window.field("Name").focus();
    window.harness.run();
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.field("Name").is_focused());
    assert_eq!(asked(&mut window), []);
    let last = "Passphrase once more";
    let last = window
        .harness
        .get_by_role_and_label(Role::PasswordInput, last);
    last.focus();
    window.harness.run();
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(
        asked(&mut window),
        [KeyChore::Generate {
            target: KeyTarget::Named("release".to_owned()),
            kind: KeyKind::Ed25519,
            passphrase: Secret::new("correct horse".to_owned()),
        }]
    );
    assert!(!window.is_enabled(Role::Button, "Make the key"), "once");
    // where it is refused nothing that was typed is lost
    failed(&mut window, "release.key is there already", false);
    assert!(window.says_like(|text| text.contains("is there already")));
    window.fill(Role::TextInput, "Name", "release-2");
    window.click(Role::Button, "Make the key");
    let sent = asked(&mut window);
    assert!(
        matches!(&sent[..], [KeyChore::Generate { target: KeyTarget::Named(name), .. }] if name == "release-2")
    );
    let key = key("release", "Ed25519");
    tell(&mut window, Outcome::KeyKept { key });
    assert_eq!(asked(&mut window), [KeyChore::List]);
    tell(&mut window, keys());
    assert!(window.is_on(
        Role::Row,
        "release, ECDSA P-256, SHA256:fingerprint-of-release"
    ));
}

#[test]
fn a_file_that_is_no_key_says_so_before_a_passphrase_is_thought_of() {
    let mut window = showing(keys());
    window.click(Role::Button, "Import…");
    window.fill(Role::TextInput, "Key file", "/mnt/stick/cert.pem");
    window.click(Role::Button, "Next");
    asked(&mut window);
    let mut found = key("/mnt/stick/cert.pem", "");
    (found.facts, found.encrypted) = (None, false);
    found.problem = Some("the file is no private key in PEM. Give one".to_owned());
    tell(
        &mut window,
        Outcome::KeyShown {
            key: found,
            saved: None,
        },
    );
    assert!(window.has(Role::Note, "The file is no private key in PEM. Give one"));
    assert!(!window.has(Role::PasswordInput, "Passphrase"));
    assert!(!window.has(Role::PasswordInput, "New passphrase"));
    assert!(!window.is_enabled(Role::Button, "Import"));
    // another file is looked at anew
    window.fill(Role::TextInput, "Key file", "/mnt/stick/cosign.key");
    assert!(window.is_enabled(Role::Button, "Next"));
}

#[test]
fn an_encrypted_key_is_taken_in_and_a_wrong_passphrase_asked_for_again() {
    let mut window = showing(keys());
    window.click(Role::Button, "Import…");
    window.fill(Role::TextInput, "Key file", "/mnt/stick/cosign.key");
    window.click(Role::Button, "Next");
    let path = "/mnt/stick/cosign.key";
    assert_eq!(
        asked(&mut window),
        [KeyChore::Show {
            key: path.to_owned()
        }]
    );
    let mut found = key(path, "ECDSA P-256");
    found.facts = None;
    tell(
        &mut window,
        Outcome::KeyShown {
            key: found,
            saved: None,
        },
    );
    assert_eq!(
        window.field("Name").value().as_deref(),
        Some("cosign"),
        "as the file is called"
    );
    window.fill(Role::PasswordInput, "Passphrase", "wrong");
    window.click(Role::Button, "Import");
    let import = |passphrase: &str| KeyChore::Import {
        file: path.into(),
        target: KeyTarget::Named("cosign".to_owned()),
        passphrase: Some(Secret::new(passphrase.to_owned())),
        new: None,
    };
    assert_eq!(asked(&mut window), [import("wrong")]);
    failed(&mut window, "the passphrase or the file is wrong", true);
    assert!(window.says_like(|text| text.contains("the passphrase or the file is wrong")));
    // what was wrong is gone, and the field has the keyboard
    let field = window
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Passphrase");
    assert!(field.accesskit_node().is_focused());
    field.type_text("right");
    window.harness.run();
    window.click(Role::Button, "Import");
    assert_eq!(asked(&mut window), [import("right")]);
    let key = key("cosign", "ECDSA P-256");
    tell(&mut window, Outcome::KeyKept { key });
    assert!(!window.has(Role::Button, "Import"), "the list is back");
}

#[test]
fn a_key_that_is_not_encrypted_gets_a_passphrase_of_its_own() {
    let mut window = showing(none());
    window.click(Role::Button, "Import…");
    window.fill(Role::TextInput, "Key file", "/tmp/plain.pem");
    window.press(Modifiers::COMMAND, Key::Enter);
    let mut found = key("/tmp/plain.pem", "RSA 3072");
    found.encrypted = false;
    let saved = None;
    tell(&mut window, Outcome::KeyShown { key: found, saved });
    assert!(window.says_like(|text| text.starts_with("RSA 3072 SHA256:")));
    window.sent();
    window.fill(Role::PasswordInput, "New passphrase", "one");
    assert!(!window.is_enabled(Role::Button, "Import"));
    window.fill(Role::PasswordInput, "Passphrase once more", "one");
    window.click(Role::Button, "Import");
    assert_eq!(
        asked(&mut window),
        [KeyChore::Import {
            file: "/tmp/plain.pem".into(),
            target: KeyTarget::Named("plain".to_owned()),
            passphrase: None,
            new: Some(Secret::new("one".to_owned())),
        }]
    );
}

#[test]
fn the_public_half_is_copied_and_saved() {
    let mut window = Window::new(Setup {
        picked: Picked::Path("/mnt/stick/release.pub".into()),
        ..Setup::default()
    });
    window.choose("Tools", "Keys…");
    tell(&mut window, keys());
    window.sent();
    let button = window
        .harness
        .get_by_role_and_label(Role::Button, "Copy public key")
        .rect();
    let text = window.watch(click_events(button), copied);
    assert_eq!(text.as_deref(), Some("public half of release"));
    window.click(Role::Button, "Export public key…");
    window.fill(Role::TextInput, "File", " ");
    assert!(!window.is_enabled(Role::Button, "Save"), "no file is named");
    window.click(Role::Button, "Browse for file");
    window.click(Role::Button, "Save");
    assert_eq!(
        asked(&mut window),
        [KeyChore::Export {
            key: "release".to_owned(),
            file: Some("/mnt/stick/release.pub".into()),
        }]
    );
    tell(
        &mut window,
        Outcome::KeyShown {
            key: key("release", "ECDSA P-256"),
            saved: Some("/mnt/stick/release.pub".into()),
        },
    );
    assert!(window.says("Saved /mnt/stick/release.pub"));
    assert!(window.has(Role::Button, "Export public key…"));
}

#[test]
fn a_key_is_deleted_after_a_question() {
    let mut window = showing(keys());
    window.click(
        Role::Row,
        "archive, OpenPGP RSA, SHA256:fingerprint-of-archive",
    );
    window.click(Role::Button, "Delete…");
    assert!(window.says_like(|text| text.starts_with("Delete the key archive?")));
    window.click(Role::Button, "Keep it");
    assert_eq!(asked(&mut window), []);
    window.click(Role::Button, "Delete…");
    window.click(Role::Button, "Delete the key");
    let key = "archive".to_owned();
    assert_eq!(asked(&mut window), [KeyChore::Delete { key }]);
    let name = "archive".to_owned();
    tell(&mut window, Outcome::KeyDeleted { name });
    assert_eq!(asked(&mut window), [KeyChore::List]);
}

#[test]
fn a_failure_of_nobody_here_is_still_said() {
    let mut window = window();
    failed(&mut window, "there is no folder for keys", false);
    assert!(window.says_like(|text| text.contains("there is no folder for keys")));
}

#[test]
fn a_list_that_is_not_had_is_no_list_without_keys() {
    let mut window = showing(Outcome::KeysNotListed(failure(
        "the folder may not be read",
    )));
    assert!(window.says_like(|text| text.contains("the folder may not be read")));
    assert!(!window.says("There are no keys yet"));
    assert!(!window.says("Listing the keys…"));
    window.click(Role::Button, "Try again");
    assert_eq!(asked(&mut window), [KeyChore::List]);
    tell(&mut window, none());
    assert!(window.says("There are no keys yet"));
    assert!(!window.says_like(|text| text.contains("the folder may not be read")));
    // without the dialog it is a message
    let mut window = super::window();
    let outcome = Outcome::KeysNotListed(failure("the folder may not be read"));
    tell(&mut window, outcome);
    assert!(window.says_like(|text| text.contains("the folder may not be read")));
}

#[test]
fn what_was_typed_for_one_file_is_not_kept_for_another() {
    let mut window = showing(none());
    window.click(Role::Button, "Import…");
    let look = |window: &mut Window, path: &str| {
        window.fill(Role::TextInput, "Key file", path);
        window.click(Role::Button, "Next");
        let key = key(path, "ECDSA P-256");
        tell(window, Outcome::KeyShown { key, saved: None });
    };
    look(&mut window, "/tmp/one.key");
    window.fill(Role::PasswordInput, "Passphrase", "of one");
    assert_ne!(window.value(Role::PasswordInput, "Passphrase"), "");
    look(&mut window, "/tmp/two.key");
    assert_eq!(window.value(Role::PasswordInput, "Passphrase"), "");
}
