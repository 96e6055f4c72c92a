//! The policy in the settings: listed, edited, taken over from others.

use std::sync::Arc;

use porthole::engine::{Chore, Failure, FailureKind, Outcome, TrustChange, TrustFile};
use porthole::signature::policy::{
    Entries, Level, NEW_POLICY, PolicyEdit, RuleEntry, SignerEntry, Way,
};

use super::trust::{
    answered, click_anywhere, edits, fail, fill, saved, show_preview, signatures, written,
};
use super::*;

/// A policy of others is shown with what cannot be taken over, before it is written.
#[test]
fn a_policy_of_others_is_taken_over_after_it_is_shown() {
    let mut window = settings(entries());
    window.click(Role::Button, "Import…");
    assert!(!window.is_enabled(Role::Button, "Show what would be written"));
    window.fill(Role::TextInput, "File", "/etc/containers/policy.json");
    window.click(Role::Button, "Show what would be written");
    let shown = answered(&mut window, NEW_POLICY).unwrap();
    let TrustChange::Import { file, scope, .. } = &shown.change else {
        panic!("{:?}", shown.change);
    };
    assert_eq!(file, std::path::Path::new("/etc/containers/policy.json"));
    assert_eq!(*scope, None);
    for said in ["scope = \"*\"", "reject = true", "registries.d"] {
        assert!(window.says_like(|text| text.contains(said)), "{said}");
    }
    let left = "the entry for a.example.com: its images are accepted unsigned there; they are judged by the rule for * here";
    assert!(window.has(Role::Note, left));
    assert_eq!(written(&mut window), []);
    // what is shown is of what is filled in
    window.fill(Role::TextInput, "Scope", "*");
    assert!(!window.has(Role::Button, "Write to the policy"));
    window.fill(Role::TextInput, "Scope", " ");
    click_anywhere(&mut window, "Write to the policy");
    assert_eq!(written(&mut window), [shown]);
    saved(&mut window);
    assert!(!window.has(Role::TextInput, "File"), "it is done");
}

/// A rule that rejects is listed as one, written in the window, and made into another.
#[test]
fn a_rule_that_rejects_every_image_is_written_and_listed() {
    let mut window = settings(Entries {
        rules: vec![RuleEntry::rejecting("old.example.com/**")],
        ..entries()
    });
    assert!(window.says("every image is rejected"));
    window.click(Role::Button, "Add a rule…");
    window.fill(Role::TextInput, "Scope", "bad.example.com/**");
    window.click(Role::CheckBox, "Reject every image");
    window.click(Role::Button, "Write to the policy");
    let rule = RuleEntry::rejecting("bad.example.com/**");
    assert_eq!(
        edits(&mut window),
        [PolicyEdit::PutRule { before: None, rule }]
    );
}

/// Whoever goes back while a file is looked at can go on.
#[test]
fn going_back_from_an_import_leaves_the_page_usable() {
    let mut window = settings(entries());
    let look = |window: &mut Window, file: &str| {
        window.click(Role::Button, "Import…");
        window.fill(Role::TextInput, "File", file);
        window.click(Role::Button, "Show what would be written");
    };
    look(&mut window, "/etc/containers/policy.json");
    let buttons = window
        .harness
        .query_all_by_role_and_label(Role::Button, "Back");
    buttons.last().unwrap().click_accesskit();
    window.harness.run();
    look(&mut window, "/other.json");
    let looks = |command: &Command| matches!(command, Command::Chore(Chore::PreviewTrust(_)));
    let sent = window.sent();
    let asked = sent.iter().filter(|command| looks(command)).count();
    assert_eq!(asked, 2, "both were asked for: {sent:?}");
    // what the first comes to is not what is waited for
    let change = |file: &str| TrustChange::Import {
        file: file.into(),
        scope: None,
        store: None,
    };
    let first = change("/etc/containers/policy.json");
    show_preview(&mut window, NEW_POLICY, first, false);
    assert!(!window.is_enabled(Role::Button, "Show what would be written"));
    show_preview(&mut window, NEW_POLICY, change("/other.json"), false);
    assert!(window.is_enabled(Role::Button, "Write to the policy"));
}

fn entries() -> Entries {
    Entries {
        rules: vec![RuleEntry {
            scope: "registry.example.com/**".to_owned(),
            signers: vec!["release".to_owned()],
            at_least: 1,
            attestations: vec!["https://spdx.dev/Document".to_owned()],
            level: Level::Both,
        }],
        signers: vec![
            SignerEntry {
                name: "release".to_owned(),
                way: Way::KeyFile("release.pub".to_owned()),
            },
            SignerEntry {
                name: "wabbit".to_owned(),
                way: Way::Other("notation".to_owned()),
            },
        ],
        automatic: true,
    }
}

pub(super) fn settings(entries: Entries) -> Window {
    let mut window = window();
    window.harness.run();
    window.press(CTRL, Key::Comma);
    window.click(Role::RadioButton, "Trust");
    assert!(window.sent().contains(&Command::Chore(Chore::ListTrust)));
    list(&mut window, entries);
    window
}

pub(super) fn list(window: &mut Window, entries: Entries) {
    put(window, Some(entries), None);
}

fn put(window: &mut Window, entries: Option<Entries>, problem: Option<Failure>) {
    window
        .slots
        .put_outcome(Outcome::TrustListed(Arc::new(TrustFile {
            path: "/home/a/.config/porthole/trust.toml".into(),
            entries,
            problem: problem.map(Arc::new),
        })));
    window.harness.run();
}

/// Of a file that is changed by hand only nothing is said that it does not say.
#[test]
fn a_policy_that_is_not_listed_is_not_taken_for_an_empty_one() {
    let mut window = settings(entries());
    let problem = Failure::new(
        FailureKind::Other,
        "trust.toml is a policy of another program",
        "It is judged by; change it in an editor",
    );
    put(&mut window, None, Some(problem));
    assert!(window.says_like(|text| text.contains("a policy of another program")));
    assert!(window.says_like(|text| text.contains("It is judged by")));
    for untrue in [
        "There is no rule: no image is judged.",
        "There is nobody yet.",
    ] {
        assert!(!window.says_like(|text| text.contains(untrue)), "{untrue}");
    }
    for button in ["Add a rule…", "Add a signer…"] {
        assert!(!window.has(Role::Button, button), "{button}");
    }
    assert!(!window.has(Role::CheckBox, "Verify every image when it is opened"));
}

#[test]
fn the_policy_is_listed_and_its_entries_go_after_a_question() {
    let mut window = settings(entries());
    for text in [
        "/home/a/.config/porthole/trust.toml",
        "registry.example.com/**",
        "whoever holds the key in release.pub",
        "by notation, as it stands in the file",
    ] {
        assert!(window.says(text), "{text}");
    }
    assert!(window.says_like(|text| text.starts_with("signed by release; with an attestation")));
    // the way of one that is written otherwise is left to the file
    let count = |window: &Window, name: &str| {
        window
            .harness
            .query_all_by_role_and_label(Role::Link, name)
            .count()
    };
    assert_eq!(
        (count(&window, "Change…"), count(&window, "Remove…")),
        (2, 3)
    );
    click_first(&mut window, "Remove…");
    assert_eq!(edits(&mut window), [], "it asks first");
    window.click(Role::Button, "Keep it");
    assert!(!window.has(Role::Button, "Remove it"));
    click_first(&mut window, "Remove…");
    window.click(Role::Button, "Remove it");
    let scope = "registry.example.com/**".to_owned();
    assert_eq!(edits(&mut window), [PolicyEdit::RemoveRule { scope }]);
    // one that cannot be made is said where it was asked for
    let failure = Failure::new(
        FailureKind::Other,
        "the policy is not changed: it is gone",
        "Look again",
    );
    fail(&mut window, failure, None);
    assert!(window.says_like(|text| text.contains("the policy is not changed")));
    let path = "/home/a/.config/porthole/trust.toml".into();
    window.slots.put_outcome(Outcome::TrustSaved { path });
    window.harness.run();
    let sent = window.sent();
    assert!(sent.contains(&Command::JudgeAgain));
    assert!(
        sent.contains(&Command::Chore(Chore::ListTrust)),
        "listed anew"
    );
    list(
        &mut window,
        Entries {
            rules: Vec::new(),
            ..entries()
        },
    );
    assert!(window.says("There is no rule: no image is judged."));
}

/// Clicks the first of the links called so.
fn click_first(window: &mut Window, name: &str) {
    let first = |window: &Window| {
        let mut all = window.harness.query_all_by_role_and_label(Role::Link, name);
        all.next().unwrap().click();
    };
    first(window);
    window.harness.run();
}

#[test]
fn rules_and_signers_are_written_in_the_window() {
    let mut window = settings(Entries {
        automatic: true,
        ..Entries::default()
    });
    assert!(
        !window.is_enabled(Role::Button, "Add a rule…"),
        "a rule names signers"
    );
    window.click(Role::Button, "Add a signer…");
    assert!(!window.is_enabled(Role::Button, "Write to the policy"));
    fill(&mut window, "Signer name", "release");
    window.click(Role::RadioButton, "Identity");
    fill(&mut window, "Identity", "release@example.com");
    assert!(
        !window.is_enabled(Role::Button, "Write to the policy"),
        "nobody vouches for it"
    );
    fill(&mut window, "Issuer", "https://accounts.example.com");
    window.click(Role::Button, "Write to the policy");
    let signer = SignerEntry {
        name: "release".to_owned(),
        way: Way::Identity {
            identity: "release@example.com".to_owned(),
            issuer: "https://accounts.example.com".to_owned(),
        },
    };
    let before = None;
    let put = PolicyEdit::PutSigner { before, signer };
    assert_eq!(edits(&mut window), [put]);

    let mut window = settings(entries());
    window.click(Role::Button, "Add a rule…");
    assert_eq!(window.value(Role::TextInput, "Scope"), "");
    fill(&mut window, "Scope", "host/team/**");
    window.click(Role::CheckBox, "wabbit");
    window.click(Role::Button, "Write to the policy");
    let rule = RuleEntry {
        scope: "host/team/**".to_owned(),
        signers: vec!["wabbit".to_owned()],
        at_least: 1,
        attestations: Vec::new(),
        level: Level::Either,
    };
    let before = None;
    assert_eq!(edits(&mut window), [PolicyEdit::PutRule { before, rule }]);
    saved(&mut window);

    // a change begins with what is there
    click_first(&mut window, "Change…");
    window.click(Role::CheckBox, "wabbit");
    window.click(Role::Button, "Write to the policy");
    let mut rule = entries().rules.remove(0);
    rule.signers.push("wabbit".to_owned());
    let before = Some(rule.scope.clone());
    assert_eq!(edits(&mut window), [PolicyEdit::PutRule { before, rule }]);
    saved(&mut window);

    window.click(Role::CheckBox, "Verify every image when it is opened");
    assert_eq!(edits(&mut window), [PolicyEdit::Automatic(false)]);
}

/// A rule begins with the image that is open; Escape leads back to the page and no further.
#[test]
fn escape_leads_back_from_what_is_filled_in() {
    let (mut window, _) = signatures(None, true);
    window.choose("Edit", "Settings…");
    window.click(Role::RadioButton, "Trust");
    list(&mut window, entries());
    window.click(Role::Button, "Add a rule…");
    assert_eq!(window.value(Role::TextInput, "Scope"), "dir:/images/app");
    assert!(
        !window.has(Role::Button, "Close"),
        "the buttons are those of the rule"
    );
    // the first takes the field the keyboard, where one has it
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::TextInput, "Scope"));
    assert!(window.has(Role::Button, "Add a rule…"), "the settings stay");
    window.click(Role::Button, "Import…");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::Button, "Show what would be written"));
    assert!(window.has(Role::Button, "Add a rule…"), "the settings stay");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::Button, "Add a rule…"));
}

/// What is wrong stands under the field that it is about, and what was typed stays.
#[test]
fn a_file_that_is_not_there_is_said_at_its_field() {
    let mut window = settings(entries());
    window.click(Role::Button, "Add a signer…");
    fill(&mut window, "Signer name", "me");
    fill(&mut window, "Key file", "/nosuch.pub");
    // Enter in a field that is not the last one keeps the keyboard there
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.field("Key file").is_focused());
    assert_eq!(edits(&mut window), []);
    window.click(Role::Button, "Write to the policy");
    let headline = "the policy is not changed: signer \"me\": /nosuch.pub is not there";
    let failure = Failure::new(
        FailureKind::Other,
        headline.to_owned(),
        "Nothing was written: correct it, and write it again",
    );
    fail(&mut window, failure, None);
    let said = window.harness.get_by_role_and_label(Role::Note, headline);
    let (said, field) = (said.rect(), window.field("Key file").rect());
    let below = window.field("Scope").rect();
    assert!(field.bottom() <= said.top() && said.bottom() <= below.top());
    assert_eq!(window.value(Role::TextInput, "Key file"), "/nosuch.pub");
    assert!(!window.has(Role::Button, "Copy error"));
}
