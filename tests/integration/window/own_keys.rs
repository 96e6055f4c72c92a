//! Signatures that were made with a key: whose it is, and the way from there to a policy by
//! which they are judged.

use porthole::engine::{Chore, ImageId, KeyChore, KeyInfo, Outcome, TrustChange};
use porthole::signature::SubjectReport;
use porthole::signature::policy::{Entries, NEW_POLICY, PolicyEdit, SignerEntry, Way};

use super::policy::list;
use super::trust::{edits, preview_asked, reads, show_preview, signatures};
use super::*;
use crate::signature::made;

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";

/// Signatures of as many keys, and the fingerprint of the last.
fn by_keys(count: usize) -> (SubjectReport, String) {
    let subject = made::subject("image");
    let mut found = Vec::new();
    let mut last = String::new();
    for _ in 0..count {
        let key = made::Key::new();
        let mut bundle = made::signed_bundle(&key, &subject, made::SIGNING);
        last = format!("SHA256:{}", key.public.fingerprint());
        let claims = &mut Arc::make_mut(&mut bundle).claims;
        claims.signer = Some(format!("the key {last}"));
        claims.key = Some(last.clone());
        found.push(bundle);
    }
    let discovered = made::discovered(&subject, found);
    let name = "dir:/images/app".into();
    let report = porthole::signature::policy::judge(&discovered, &subject, &name, None, None);
    (report, last)
}

fn key(name: &str, fingerprint: &str) -> KeyInfo {
    let mut key = scripted::key(name, "ECDSA P-256");
    let facts = key.facts.as_mut().unwrap();
    facts.fingerprint = fingerprint.to_owned();
    facts.public = PUBLIC.to_owned();
    key
}

/// A window with signatures of as many keys, of which the last is the user's own.
fn shown(count: usize) -> (Window, ImageId, String) {
    let (report, fingerprint) = by_keys(count);
    let (mut window, image) = signatures(Some(report), false);
    let list = Command::Chore(Chore::Keys(KeyChore::List));
    let asked = window.sent().into_iter().filter(|sent| *sent == list);
    assert_eq!(asked.count(), 1, "the user's keys are asked for once");
    window.slots.put_outcome(Outcome::Keys {
        keys: [key("other", "SHA256:0"), key("release-2026", &fingerprint)].into(),
        folder: "/home/user/keys".into(),
    });
    window.harness.run();
    (window, image, fingerprint)
}

/// How far down what is called so lies.
fn top(window: &Window, role: Role, name: &str) -> f32 {
    let node = window.harness.get_by_role_and_label(role, name);
    node.rect().top()
}

#[test]
fn a_signature_of_ones_own_key_is_known_and_the_key_trusted() {
    let (mut window, _, fingerprint) = shown(1);
    assert!(window.says("claims to be by your key release-2026"));
    // one form of a fingerprint: short on the screen, whole for whoever copies it
    let short = format!("{}…{}", &fingerprint[..15], &fingerprint[67..]);
    assert!(reads(&window, &fingerprint));
    let copy = format!("Copy fingerprint {short}");
    assert!(window.has(Role::Button, &copy), "{copy}");
    assert!(window.says_like(|text| text.contains(&format!("as it says by the key {short}"))));

    window.click(Role::Button, "Trust this key…");
    let change = preview_asked(&mut window).expect("what would be written is asked for");
    show_preview(&mut window, NEW_POLICY, change.clone(), false);
    let TrustChange::Trust(proposal) = change else {
        panic!("{change:?}");
    };
    let PolicyEdit::Trust { scope, signer } = &proposal.edit else {
        panic!("{proposal:?}");
    };
    assert_eq!(scope, "dir:/images/app");
    assert_eq!(signer.name, "release-2026");
    assert_eq!(signer.way, Way::Key(PUBLIC.to_owned()));
}

/// The answer lies under the button, in sight, however many signatures there are.
#[test]
fn what_would_be_written_stands_under_its_button() {
    let (mut window, ..) = shown(6);
    let button = window
        .harness
        .get_by_role_and_label(Role::Button, "Trust this key…");
    button.click_accesskit();
    window.harness.run();
    let change = preview_asked(&mut window).unwrap();
    show_preview(&mut window, NEW_POLICY, change, false);
    let button = top(&window, Role::Button, "Trust this key…");
    let answer = top(&window, Role::Button, "Add to the trust policy");
    assert!(button < answer, "{button} {answer}");
    assert!((0.0..800.0).contains(&answer), "{answer} is out of sight");
}

/// With a key that nobody knows the way leads to a signer, for this image.
#[test]
fn another_key_is_named_for_the_image_at_hand() {
    let (report, _) = by_keys(1);
    let (mut window, _) = signatures(Some(report), false);
    window.sent();
    window.click(Role::Button, "Check with a key…");
    list(&mut window, Entries::default());
    window.slots.put_outcome(Outcome::Keys {
        keys: [key("release-2026", "SHA256:0")].into(),
        folder: "/home/user/keys".into(),
    });
    window.harness.run();
    assert_eq!(window.value(Role::TextInput, "Scope"), "dir:/images/app");
    assert!(window.has(Role::Button, "Browse for key file"));
    window.pick("Whose key", "your key release-2026");
    assert_eq!(window.value(Role::TextInput, "Signer name"), "release-2026");
    assert!(!window.has(Role::TextInput, "Key file"));
    window.click(Role::Button, "Write to the policy");
    let signer = SignerEntry {
        name: "release-2026".to_owned(),
        way: Way::Key(PUBLIC.to_owned()),
    };
    let scope = "dir:/images/app".to_owned();
    assert_eq!(edits(&mut window), [PolicyEdit::Trust { scope, signer }]);
}
