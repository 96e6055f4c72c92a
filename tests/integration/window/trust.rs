//! Trust in the window: verdicts and why, "Trust this signer…", the report.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use porthole::engine::{
    Chore, Failure, FailureKind, ImageId, NodePath, Outcome, Remote, TrustChange, TrustPreview,
};
use porthole::model::Digest;
use porthole::signature::policy::{
    Foreign, NEW_POLICY, Policy, PolicyEdit, Way, import, judge, previewed,
};
use porthole::signature::{Found, SubjectReport, TrustRoot, Verdict};

use super::*;
use crate::signature::{fixtures, made};

const REFERENCE: &str = "dir:/images/app";

/// What is found of a real signature, by a policy that names `identity`, or by none.
fn report(identity: Option<&str>) -> SubjectReport {
    let (found, subject) = fixtures::directory("dir-img-cosign-fulcio-rekor-valid");
    let discovered = made::discovered(&subject, vec![found]);
    let policy = identity.map(|identity| {
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"release\"]\n[[signer]]\nname = \"release\"\nidentity = {identity:?}\nissuer = \"https://github.com/login/oauth\"\n"
        );
        Policy::read(&text, "trust.toml", &|_: &str| Err(String::new())).unwrap()
    });
    let root = TrustRoot::embedded().unwrap();
    judge(
        &discovered,
        &subject,
        &"dir:/images/app".into(),
        policy.as_ref(),
        Some(&root),
    )
}

/// The image with this report, or with none.
fn snapshot(image: ImageId, report: Option<SubjectReport>, by_hand: bool) -> ImageSnapshot {
    let mut snapshot = scripted::folder(image, REFERENCE);
    let root = &snapshot.image().unwrap().root;
    let digest = root.document.raw().digest().clone();
    let report = report.map(|report| (digest, Remote::Ready(Arc::new(report))));
    snapshot.signatures = Arc::new(report.into_iter().collect());
    snapshot.by_hand = by_hand;
    // later than what was shown before
    static GENERATION: AtomicU64 = AtomicU64::new(1);
    snapshot.generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    snapshot
}

pub(super) fn signatures(report: Option<SubjectReport>, by_hand: bool) -> (Window, ImageId) {
    let (mut window, image) = Window::opening(REFERENCE);
    window.show(snapshot(image, report, by_hand));
    window.click(Role::Tab, "Signatures");
    (window, image)
}

/// Whether a text stands somewhere: of a button, or by itself.
pub(super) fn reads(window: &Window, text: &str) -> bool {
    let mut nodes = window.harness.query_all_by(|node| {
        let texts = [node.label(), node.value()];
        texts.iter().flatten().any(|found| found.contains(text))
    });
    nodes.next().is_some()
}

/// Presses a button that may have been scrolled out of sight.
pub(super) fn click_anywhere(window: &mut Window, name: &str) {
    let harness = &window.harness;
    harness
        .get_by_role_and_label(Role::Button, name)
        .click_accesskit();
    window.harness.run();
}

/// The change of which it was asked what it would write.
pub(super) fn preview_asked(window: &mut Window) -> Option<TrustChange> {
    let mut sent = window.sent().into_iter();
    sent.find_map(|command| match command {
        Command::Chore(Chore::PreviewTrust(change)) => Some(change),
        _ => None,
    })
}

/// Answers what a change of the policy would write, where somebody asks, by this policy.
pub(super) fn answered(window: &mut Window, policy: &str) -> Option<Arc<TrustPreview>> {
    let change = preview_asked(window)?;
    Some(show_preview(window, policy, change, false))
}

pub(super) fn show_preview(
    window: &mut Window,
    policy: &str,
    change: TrustChange,
    changed: bool,
) -> Arc<TrustPreview> {
    let (edit, who, import) = match &change {
        TrustChange::Trust(proposal) => (proposal.edit.clone(), proposal.who.clone(), None),
        TrustChange::Import { file, scope, .. } => {
            let files = |_: &str| Err("it is not there".to_owned());
            let path = file.display().to_string();
            let foreign = Foreign {
                path: &path,
                bytes: FOREIGN.as_bytes(),
                files: &files,
                scope: scope.as_deref(),
            };
            let import = import(policy, &files, &foreign).unwrap();
            (import.edit.clone(), import.who.clone(), Some(import))
        }
    };
    let preview = TrustPreview {
        path: "/home/a/.config/porthole/trust.toml".into(),
        preview: previewed(policy, &edit, &who).unwrap(),
        change,
        edit,
        base: Digest::sha256(policy.as_bytes()),
        import,
        changed,
    };
    let preview = Arc::new(preview);
    let shown = Outcome::TrustPreviewed(Arc::clone(&preview));
    window.slots.put_outcome(shown);
    window.harness.run();
    preview
}

/// A policy of containers.
const FOREIGN: &str = r#"{"default": [{"type": "reject"}], "transports": {"docker": {"a.example.com": [{"type": "insecureAcceptAnything"}]}}}"#;

/// What is to be written as it was shown.
pub(super) fn written(window: &mut Window) -> Vec<Arc<TrustPreview>> {
    let sent = window.sent().into_iter();
    sent.filter_map(|command| match command {
        Command::Chore(Chore::WriteTrust(shown)) => Some(shown),
        _ => None,
    })
    .collect()
}

/// Offline is switched in the palette's table and the settings, seen in the status bar and
/// the view, and kept.
#[test]
fn offline_is_switched_seen_and_kept() {
    let (mut window, image) = signatures(Some(report(None)), false);
    assert!(!window.has(Role::Button, "Offline"));
    window.sent();
    window.choose("Edit", "Work offline");
    assert_eq!(window.sent(), [Command::SetOffline(true)]);
    assert!(window.has(Role::Button, "Offline"));
    let mut offline = snapshot(image, Some(report(None)), false);
    offline.offline = true;
    window.show(offline);
    assert!(window.says_like(|text| text.starts_with("Offline. Nobody but the registry")));
    // it is kept, and holds before anything is opened
    let mut settings = Settings::default();
    settings.offline = true;
    let mut kept = Window::new(Setup {
        settings,
        references: vec![REFERENCE.to_owned()],
        ..Setup::default()
    });
    kept.harness.run();
    let sent = kept.sent();
    assert_eq!(sent[0], Command::SetOffline(true));
    assert!(matches!(sent[1], Command::Open { .. }), "{sent:?}");
    // the status bar leads to where it is switched
    window.click(Role::Button, "Offline");
    assert!(window.is_on(Role::CheckBox, "Work offline"));
    window.click(Role::CheckBox, "Work offline");
    assert!(window.sent().contains(&Command::SetOffline(false)));
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::Button, "Offline"));
    click_anywhere_link(&mut window, "Go online");
    assert_eq!(window.sent(), [Command::SetOffline(false)]);
}

fn click_anywhere_link(window: &mut Window, name: &str) {
    let link = window.harness.get_by_role_and_label(Role::Link, name);
    link.click_accesskit();
    window.harness.run();
}

pub(super) fn edits(window: &mut Window) -> Vec<PolicyEdit> {
    let sent = window.sent().into_iter();
    sent.filter_map(|command| match command {
        Command::Chore(Chore::EditTrust(edit)) => Some(edit),
        _ => None,
    })
    .collect()
}

#[test]
fn to_trust_a_signer_is_explained_written_and_judged_by() {
    let (mut window, image) = signatures(Some(report(None)), false);
    assert!(window.says_like(|text| text.contains("Not judged: signed by mitr@redhat.com")));
    assert!(window.says_like(|text| text.contains("no trust policy")));
    assert!(answered(&mut window, NEW_POLICY).is_none());
    window.click(Role::Button, "Trust this signer…");
    assert!(window.says_like(|text| text.contains("Reading the trust policy")));
    answered(&mut window, NEW_POLICY).unwrap();
    // what it means and what is written, before it is
    let meaning = "Every image of dir:/images/app is accepted when it is signed by mitr@redhat.com, as long as https://github.com/login/oauth vouches for it and the log has it.";
    assert!(window.says(meaning));
    assert!(window.says_like(|text| text.contains("scope = \"dir:/images/app\"")));
    assert_eq!(edits(&mut window), []);
    window.click(Role::Button, "Cancel");
    assert!(!window.says(meaning));
    window.click(Role::Button, "Trust this signer…");
    let first = answered(&mut window, NEW_POLICY).unwrap();
    window.click(Role::Button, "Add to the trust policy");
    assert_eq!(written(&mut window), std::slice::from_ref(&first));
    // somebody else changed the file meanwhile: what is written now is shown first
    let other = format!(
        "{NEW_POLICY}\n[[rule]]\nscope = \"dir:/images/app\"\nsigners = [\"bob\"]\n[[signer]]\nname = \"bob\"\nkey_file = \"b.pub\"\n"
    );
    show_preview(&mut window, &other, first.change.clone(), true);
    assert!(window.says_like(|text| text.contains("changed meanwhile, and nothing was written")));
    assert!(window.says_like(|text| text.contains("or by bob")));
    window.click(Role::Button, "Add to the trust policy");
    let sent = written(&mut window);
    let [PolicyEdit::Trust { scope, signer }] = [&sent[0].edit] else {
        panic!("{sent:?}");
    };
    assert_eq!(scope, "dir:/images/app");
    let way = Way::Identity {
        identity: "mitr@redhat.com".to_owned(),
        issuer: "https://github.com/login/oauth".to_owned(),
    };
    assert_eq!(signer.way, way);
    assert!(!window.says(meaning));
    // it is written: everything open is judged again
    let path = "/home/a/.config/porthole/trust.toml".into();
    window.slots.put_outcome(Outcome::TrustSaved { path });
    window.harness.run();
    assert!(window.sent().contains(&Command::JudgeAgain));
    window.show(snapshot(
        image,
        Some(report(Some("mitr@redhat.com"))),
        false,
    ));
    assert!(window.says_like(|text| text.contains("Accepted: signed by release")));
    assert!(
        !window.has(Role::Button, "Trust this signer…"),
        "it is trusted"
    );
}

/// Where a wider rule is in force, one signer more is not all that is asked for.
#[test]
fn to_trust_a_signer_beside_a_stricter_rule_says_what_that_asks_for() {
    // the verdict was given by a policy that asked for less
    let (mut window, _) = signatures(Some(report(Some("release@example.com"))), false);
    click_anywhere(&mut window, "Trust this signer…");
    let policy = format!(
        "{NEW_POLICY}\n[[rule]]\nscope = \"*\"\nsigners = [\"release\"]\nat_least = 2\nlevel = \"both\"\n"
    );
    answered(&mut window, &policy).unwrap();
    assert!(!window.says_like(|text| text.contains("Every image")));
    for said in [
        "2 of these signed it",
        "for the index and for every platform",
        "begins as the one for *",
        "at_least = 2",
        "signers = [\"release\", \"mitr@redhat.com",
    ] {
        assert!(window.says_like(|text| text.contains(said)), "{said}");
    }
}

pub(super) fn fail(window: &mut Window, failure: Failure, change: Option<TrustChange>) {
    window.slots.put_outcome(Outcome::TrustFailed {
        failure: Arc::new(failure),
        change: change.map(Box::new),
    });
    window.harness.run();
}

/// A change that failed elsewhere takes no proposal away; what is being written cannot be
/// called off.
#[test]
fn a_proposal_ends_with_its_own_change() {
    let (mut window, _) = signatures(Some(report(None)), false);
    window.click(Role::Button, "Trust this signer…");
    let shown = answered(&mut window, NEW_POLICY).unwrap();
    let failure = || Failure::new(FailureKind::Other, "cannot write", "Look");
    let other = TrustChange::Import {
        file: "/a".into(),
        scope: None,
        store: None,
    };
    for change in [None, Some(other)] {
        fail(&mut window, failure(), change);
        assert!(window.has(Role::Button, "Add to the trust policy"));
    }
    window.click(Role::Button, "Add to the trust policy");
    assert!(window.says_like(|text| text.contains("Writing the trust policy")));
    assert!(!window.has(Role::Button, "Cancel"));
    fail(&mut window, failure(), Some(shown.change.clone()));
    assert!(!window.says_like(|text| text.contains("Writing the trust policy")));
    assert!(!window.says_like(|text| text.contains("Trust this signer?")));
}

#[test]
fn a_policy_that_could_not_be_written_is_said() {
    let (mut window, _) = signatures(Some(report(None)), false);
    let failure = Failure::new(
        FailureKind::Other,
        "cannot write /home/a/trust.toml",
        "Check that the folder is there",
    );
    fail(&mut window, failure, None);
    assert!(window.says_like(|text| text.contains("cannot write /home/a/trust.toml")));
    assert!(!window.sent().contains(&Command::JudgeAgain));
}

#[test]
fn why_not_stands_first_with_what_was_expected_and_found() {
    let (mut window, _) = signatures(Some(report(Some("release@example.com"))), false);
    let rejected = "Rejected: signed by an identity that the policy does not name";
    assert!(window.says_like(|text| text.contains(rejected)));
    assert!(window.says_like(|text| text.contains("asks for 1 of: release@example.com")));
    // the failed check is unfolded, the others are not
    // one under the other, so that they can be compared
    let left = |text: &str| {
        let mut nodes = window.harness.query_all_by_value(text);
        nodes.next().expect(text).rect().left()
    };
    assert_eq!(left("found"), left("expected"));
    assert_eq!(left("mitr@redhat.com"), left("release@example.com"));
    for check in [
        "Identity, failed",
        "Bytes intact, passed",
        "Log entry, passed",
    ] {
        assert!(reads(&window, check), "{check}");
    }
    // certificate and log entry
    click_anywhere(&mut window, "Certificate");
    assert!(reads(&window, "sigstore-intermediate"));
    click_anywhere(&mut window, "Log entry");
    assert!(reads(&window, "c0d23d6ad406973f"));
}

/// What a signature says of itself is told as that, the digest that it is about too.
#[test]
fn what_a_signature_claims_to_be_about_is_said_whatever_is_proven() {
    let with = |covers: &dyn Fn(String) -> Vec<String>| {
        let mut shown = report(None);
        let mut found = Found::clone(&shown.signatures[0].found);
        found.listed_for = shown.subject.digest.clone();
        found.claims.covers = covers(found.listed_for.to_string());
        shown.signatures[0].found = Arc::new(found);
        signatures(Some(shown), false).0
    };
    let other = || format!("sha256:{}", "a".repeat(64));
    let window = with(&|here| vec![here]);
    assert!(window.says("claims to be about this digest"));
    let window = with(&|here| vec![other(), here]);
    assert!(window.says("claims to be about this digest, and 1 more"));
    let window = with(&|_| vec![other()]);
    assert!(window.says_like(|text| text.contains("which is another digest")));
    let window = with(&|_| Vec::new());
    assert!(!window.says_like(|text| text.contains("claims to be about")));
}

#[test]
fn the_report_is_saved_as_a_page_or_as_json() {
    let (mut window, _) = signatures(Some(report(Some("mitr@redhat.com"))), false);
    let save = |window: &mut Window, name: &str| {
        window.click(Role::Link, "Save report…");
        let proposed = "~/Downloads/verification.html";
        assert_eq!(window.value(Role::TextInput, "Path"), proposed);
        assert!(window.has(Role::Button, "Browse for path"));
        if name.ends_with(".json") {
            window.click(Role::RadioButton, "JSON");
            let proposed = "~/Downloads/verification.json";
            assert_eq!(window.value(Role::TextInput, "Path"), proposed);
        }
        window.fill(Role::TextInput, "Path", " ");
        assert!(!window.is_enabled(Role::Button, "Save"), "no file is named");
        window.fill(Role::TextInput, "Path", name);
        // Enter in the last field does what the button does
        window.press(Modifiers::NONE, Key::Enter);
        let sent = window.sent();
        let saved = sent.into_iter().find_map(|command| match command {
            // nothing that is there is replaced
            Command::Chore(Chore::SaveNewText { path, text }) => Some((path, text)),
            _ => None,
        });
        assert!(!window.has(Role::Button, "Save"), "the dialog is gone");
        saved.expect("a file is written")
    };
    let (path, page) = save(&mut window, "/tmp/report.html");
    assert_eq!(path, std::path::Path::new("/tmp/report.html"));
    assert!(page.starts_with("<!DOCTYPE html>") || page.starts_with("<!doctype html>"));
    for part in [
        "mitr@redhat.com",
        "trust.toml",
        "Transparency log",
        "Sigstore public good",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (path, text) = save(&mut window, "/tmp/report.json");
    assert_eq!(path, std::path::Path::new("/tmp/report.json"));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json, report_json(&json));
    assert_eq!(json["verdict"], "accepted");
    assert!(json["judged"].is_string() && json["trustRoots"][0]["sha256"].is_string());
    let checks = json["signatures"][0]["checks"].as_array().unwrap();
    assert!(checks.len() > 8, "every check is in it");
}

/// The same report, with the time that `json` has.
fn report_json(json: &serde_json::Value) -> serde_json::Value {
    let mut expected = report(Some("mitr@redhat.com")).to_json();
    expected["judged"] = json["judged"].clone();
    expected
}

#[test]
fn where_the_policy_says_so_a_button_verifies_and_nothing_else() {
    let (mut window, image) = signatures(None, true);
    let asked = |window: &mut Window| {
        let sent = window.sent();
        sent.iter()
            .any(|command| matches!(command, Command::Verify { .. }))
    };
    assert!(!asked(&mut window), "to look is not to ask");
    assert!(window.says("Not verified yet"));
    window.click(Role::Button, "Verify");
    let manifest = NodePath::root();
    assert!(window.sent().contains(&Command::Verify { image, manifest }));
    // otherwise the view asks by itself
    let (mut window, _) = signatures(None, false);
    assert!(asked(&mut window));
}

#[test]
fn each_verdict_is_told_apart() {
    let mut unsigned = report(None);
    unsigned.signatures.clear();
    unsigned.verdict = Verdict::Unsigned;
    let mut unknown = unsigned.clone();
    unknown.verdict = Verdict::CannotSay {
        why: "not everything could be read: 403".to_owned(),
        hint: "Log in".to_owned(),
    };
    let mut few = report(Some("release@example.com"));
    few.verdict = Verdict::Rejected {
        why: "signed by 1 of the 2 distinct signers that the policy asks for".to_owned(),
        check: None,
        brief: Some("1 of 2 required signers".to_owned()),
    };
    for (report, said, at_once) in [
        (report(Some("mitr@redhat.com")), "accepted", "accepted"),
        // one look says which check failed
        (
            report(Some("release@example.com")),
            "rejected",
            "rejected: identity",
        ),
        // and what is missing where no check decides
        (few, "rejected", "rejected: 1 of 2 required signers"),
        (report(None), "not judged", "not judged"),
        (unsigned, "unsigned", "unsigned"),
        (unknown, "cannot say", "cannot say"),
    ] {
        let (window, _) = signatures(Some(report), false);
        assert!(
            window.has(Role::Button, &format!("Trust: {at_once}")),
            "{at_once}"
        );
        assert!(
            window.has(Role::Button, &format!("Image: {said}")),
            "{said}"
        );
    }
}

/// The change was made.
pub(super) fn saved(window: &mut Window) {
    let path = "/home/a/.config/porthole/trust.toml".into();
    window.slots.put_outcome(Outcome::TrustSaved { path });
    window.harness.run();
    assert!(!window.has(Role::Button, "Write to the policy"));
    window.sent();
}

pub(super) fn fill(window: &mut Window, name: &str, text: &str) {
    window.field(name).focus();
    window.harness.run();
    window.field(name).type_text(text);
    window.harness.run();
}

#[test]
fn the_way_from_a_verdict_to_the_policy() {
    let (mut window, _) = signatures(Some(report(None)), false);
    window.click(Role::Link, "Trust policy…");
    assert!(window.is_on(Role::RadioButton, "Trust"));
    assert!(window.sent().contains(&Command::Chore(Chore::ListTrust)));
}
