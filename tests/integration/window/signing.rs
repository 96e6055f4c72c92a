//! Signing from the window, over an engine that plans and answers what the test says.

use porthole::engine::{
    Addition, AdditionId, AdditionReport, AdditionRequest, AdditionSnapshot, Chore, Failure,
    FailureKind, IdentityFrom, JobId, KeyChore, NodePath, Outcome, PlannedService, Remote, Secret,
    ServiceRole, SignBy, SignFormat, SignIn, Signing, WrittenPiece,
};
use porthole::ui::views::View;

use super::scripted;
use super::*;

/// A window with the index open, with the dialog that signs it and two keys.
fn asking() -> (Window, ImageId) {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.sent();
    window.choose("Image", "Sign…");
    let sent = window.sent();
    assert!(sent.contains(&Command::Chore(Chore::Keys(KeyChore::List))));
    window.slots.put_outcome(scripted::keys());
    window.harness.run();
    (window, image)
}

/// What the window asked the engine to plan last.
pub fn planned(window: &mut Window) -> Option<(AdditionId, AdditionRequest)> {
    let sent = window.sent().into_iter().rev();
    sent.into_iter().find_map(|command| match command {
        Command::PlanAddition { addition, request } => Some((addition, *request)),
        _ => None,
    })
}

pub fn snapshot(id: AdditionId, request: &AdditionRequest, what: &str) -> AdditionSnapshot {
    let plan = scripted::addition_plan(what, r#"{"subject":"exactly this"}"#);
    AdditionSnapshot {
        id,
        request: request.clone(),
        plan: Remote::Ready(Arc::new(plan)),
        job: None,
        report: Remote::NotAsked,
        ask: None,
        sign_in: None,
    }
}

pub fn put(window: &mut Window, snapshot: AdditionSnapshot) {
    window.slots.put_addition(Arc::new(snapshot));
    window.harness.run();
}

pub fn report(what: &str) -> AdditionReport {
    let subject = porthole::model::Digest::sha256(b"index");
    AdditionReport {
        reference: scripted::REFERENCE.to_owned(),
        written: vec![WrittenPiece {
            place: format!("a referrer of {subject}"),
            subject,
            label: "index".to_owned(),
            what: what.to_owned(),
            digest: None,
            checked: "signed by the key release".to_owned(),
            vouched: Vec::new(),
        }],
        notes: Vec::new(),
    }
}

fn signings(request: &AdditionRequest) -> &[Signing] {
    match &request.addition {
        Addition::Sign(signings) => signings,
        other => panic!("{other:?}"),
    }
}

pub fn key_of(signing: &Signing) -> &str {
    match &signing.by {
        SignBy::Key(key) => key,
        other => panic!("{other:?}"),
    }
}

fn wrong() -> Arc<Failure> {
    Arc::new(Failure::new(
        FailureKind::Other,
        "the key could not be opened: the passphrase or the file is wrong",
        "Try again",
    ))
}

#[test]
fn what_will_be_signed_is_shown_then_signed_and_seen() {
    let (mut window, image) = asking();
    let (id, request) = planned(&mut window).expect("a plan is asked for");
    assert_eq!(request.reference, scripted::REFERENCE);
    assert!(!request.recursive);
    let [signing] = signings(&request) else {
        panic!("{request:?}");
    };
    assert_eq!(
        (key_of(signing), signing.format),
        ("release", SignFormat::Bundle)
    );
    assert!(!window.is_enabled(Role::Button, "Sign"), "no plan yet");
    put(&mut window, snapshot(id, &request, "Sigstore bundle"));
    assert!(window.has(Role::Row, "index: Sigstore bundle"));
    assert!(window.says(r#"{"subject":"exactly this"}"#));
    assert!(window.says_like(|text| text.starts_with("Into a referrer of sha256:")));
    assert!(window.says_like(|text| {
        text == "porthole sign docker://registry.example.com/edge/api:1.8.2 --key release"
    }));
    window.fill(Role::PasswordInput, "Passphrase", "wrong");
    window.click(Role::Button, "Sign");
    let add = |word: &str| Command::Add {
        addition: id,
        request: Box::new(request.clone()),
        passphrases: vec![Some(Secret::new(word.to_owned()))],
        accept: false,
    };
    assert_eq!(window.sent(), [add("wrong")]);

    // while it runs nothing can be chosen, and it can be stopped
    let job = JobId::next();
    let mut now = snapshot(id, &request, "Sigstore bundle");
    now.job = Some(job);
    now.report = Remote::Pending { previous: None };
    put(&mut window, now.clone());
    assert!(!window.is_enabled(Role::Button, "Sign"));
    assert!(!window.is_enabled(Role::RadioButton, "Index alone"));
    assert!(window.has(Role::Button, "Go on in the background"));

    // a wrong passphrase is asked for again, and what was typed is gone
    now.report = Remote::Failed {
        error: wrong(),
        previous: None,
    };
    now.ask = Some(0);
    put(&mut window, now.clone());
    // it is said under the field, and nowhere else
    let wrong = window
        .harness
        .get_by_role_and_label(Role::Note, "The passphrase or the file is wrong");
    let wrong = wrong.rect();
    assert!(!window.says_like(|text| text.contains("Failed")));
    assert!(!window.has(Role::Button, "Copy error"));
    assert!(window.has(Role::Row, "index: Sigstore bundle"));
    let field = window
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Passphrase");
    assert!(field.accesskit_node().is_focused());
    assert!(field.rect().bottom() <= wrong.top(), "under the field");
    field.type_text("correct horse");
    window.harness.run();
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent(), [add("correct horse")]);
    assert!(
        !window.has(Role::Note, "The passphrase or the file is wrong"),
        "what failed before is not said of what is on its way"
    );

    now.job = Some(JobId::next());
    now.ask = None;
    now.report = Remote::Ready(Arc::new(report("Sigstore bundle")));
    put(&mut window, now);
    assert!(window.says("index: Sigstore bundle"));
    assert!(window.says_like(|text| text.starts_with("Read back: signed by")));
    // what shows the image is asked for again, wherever it was signed from
    window.slots.put_outcome(Outcome::Added {
        addition: id,
        reference: scripted::REFERENCE.to_owned(),
    });
    window.harness.run();
    assert_eq!(window.sent(), [Command::Reload { image }]);
    let signed = format!("Signed {}", scripted::REFERENCE);
    assert!(window.says(&signed), "{signed}");
    window.click(Role::Button, "Show signatures");
    let forgotten = Command::ForgetAddition { addition: id };
    assert!(window.sent().contains(&forgotten));
    let app = window.harness.state().borrow();
    let tab = app.as_ref().unwrap().tabs().focused().unwrap();
    assert_eq!(tab.view, View::Signatures);
    assert_eq!(tab.selected, Some(NodePath::root()), "what was signed");
}

/// Whatever was signed is what is shown then, and what the program says of it is short.
#[test]
fn what_was_signed_is_selected_where_it_is_shown() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "One platform");
    let (id, request) = planned(&mut window).unwrap();
    let mut now = snapshot(id, &request, "Sigstore bundle");
    put(&mut window, now.clone());
    window.click(Role::Button, "Sign");
    let mut done = report("Sigstore bundle");
    let hash = "6ce14457515e0814".repeat(4);
    done.written[0].checked = format!("signed by the ECDSA P-256 key SHA256:{hash}");
    now.job = Some(JobId::next());
    now.report = Remote::Ready(Arc::new(done));
    put(&mut window, now);
    let short = "Read back: signed by the ECDSA P-256 key SHA256:6ce14457…0814";
    assert!(window.says(short));
    window.click(Role::Button, "Show signatures");
    let app = window.harness.state().borrow();
    let tab = app.as_ref().unwrap().tabs().focused().unwrap();
    let selected = tab.selected.clone().expect("something is selected");
    let digest = tab.image().unwrap().digest(&selected).unwrap();
    assert!(!selected.is_root(), "not the index");
    assert!(
        request.reference.ends_with(&digest.to_string()),
        "{request:?}"
    );
}

/// Who has closed the dialog is told all the same that the passphrase was wrong.
#[test]
fn a_wrong_passphrase_is_said_where_the_dialog_is_gone() {
    let (mut window, _) = asking();
    let (id, request) = planned(&mut window).unwrap();
    let mut now = snapshot(id, &request, "Sigstore bundle");
    put(&mut window, now.clone());
    window.click(Role::Button, "Sign");
    now.job = Some(JobId::next());
    now.report = Remote::Pending { previous: None };
    put(&mut window, now.clone());
    window.click(Role::Button, "Go on in the background");
    now.ask = Some(0);
    now.report = Remote::Failed {
        error: wrong(),
        previous: None,
    };
    put(&mut window, now);
    assert!(window.says_like(|text| text.contains("the passphrase or the file is wrong")));
}

#[test]
fn choices_become_requests_and_are_planned_again() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "Index and 3 platforms");
    assert!(planned(&mut window).unwrap().1.recursive);
    window.click(Role::RadioButton, "One platform");
    let (_, request) = planned(&mut window).unwrap();
    let root = scripted::index().root;
    let first = root.document.index().unwrap().descriptors().next().unwrap();
    assert!(request.reference.ends_with(&format!("@{}", first.1.digest)));
    assert!(!request.recursive);
    window.pick("Format", "Notation, COSE");
    assert_eq!(planned(&mut window), None, "its certificates are missing");
    assert!(window.says("Name the certificates of the key"));
    window.fill(Role::TextInput, "Certificates", "/keys/chain.pem");
    window.pick("Expires", "In 30 days");
    let (_, request) = planned(&mut window).unwrap();
    let [signing] = signings(&request) else {
        panic!("{request:?}");
    };
    assert_eq!(signing.format, SignFormat::NotationCose);
    assert_eq!(signing.chain.as_deref(), Some(Path::new("/keys/chain.pem")));
    assert_eq!(signing.expiry.map(|time| time.as_secs()), Some(30 * 86_400));
    // another key of another kind signs in the format that it can
    window.pick("Key", "archive   OpenPGP RSA");
    let (_, request) = planned(&mut window).unwrap();
    let [signing] = signings(&request) else {
        panic!("{request:?}");
    };
    assert_eq!(
        (key_of(signing), signing.format),
        ("archive", SignFormat::Simple)
    );
    assert_eq!((&signing.chain, signing.expiry), (&None, None));
    window.fill(Role::TextInput, "Lookaside", "/srv/sigstore");
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(
        signings(&request)[0].lookaside.as_deref(),
        Some(Path::new("/srv/sigstore"))
    );
}

#[test]
fn several_sign_in_turn_with_what_they_share() {
    let (mut window, _) = asking();
    window.click(Role::Link, "Another signer");
    window.pick("Key 2", "archive   OpenPGP RSA");
    window.click(Role::Link, "More options");
    let field = window
        .harness
        .get_by_role_and_label(Role::MultilineTextInput, "Annotations");
    field.focus();
    window.harness.run();
    let field = window
        .harness
        .get_by_role_and_label(Role::MultilineTextInput, "Annotations");
    field.type_text("build");
    window.harness.run();
    assert!(window.says_like(|text| text.contains("is no annotation: write KEY=VALUE")));
    window.sent();
    let field = window
        .harness
        .get_by_role_and_label(Role::MultilineTextInput, "Annotations");
    field.type_text("=42");
    window.harness.run();
    let (id, request) = planned(&mut window).unwrap();
    let [one, two] = signings(&request) else {
        panic!("{request:?}");
    };
    assert_eq!(one.annotations.get("build").map(String::as_str), Some("42"));
    assert!(two.annotations.is_empty(), "OpenPGP signs none");
    assert_eq!(two.format, SignFormat::Simple);
    put(&mut window, snapshot(id, &request, "Sigstore bundle"));
    window.fill(Role::PasswordInput, "Passphrase", "one");
    window.fill(Role::PasswordInput, "Passphrase 2", "two");
    window.click(Role::Button, "Sign");
    let sent = window.sent();
    let Some(Command::Add { passphrases, .. }) = sent.last() else {
        panic!("{sent:?}");
    };
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    assert_eq!(passphrases, &[secret("one"), secret("two")]);
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(window.sent(), [], "it goes on in the background");
}

#[test]
fn formats_that_do_not_fit_say_why() {
    let (mut window, _) = asking();
    window.click(Role::ComboBox, "Format");
    assert!(!window.is_enabled(
        Role::Button,
        "OpenPGP, simple signing, it is made with an OpenPGP key"
    ));
    assert!(window.is_enabled(Role::Button, "Notation, JWS"));
    window.press(Modifiers::NONE, Key::Escape);

    let (mut window, image) = Window::opening("dir:/images/flat");
    window.show(scripted::folder(image, "dir:/images/flat"));
    window.sent();
    window.click(Role::Button, "Image");
    assert!(!window.is_enabled(Role::MenuItem, "Attach…"));
    window.click(Role::MenuItem, "Sign…");
    window.slots.put_outcome(scripted::keys());
    window.harness.run();
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(signings(&request)[0].format, SignFormat::Cosign);
    window.click(Role::ComboBox, "Format");
    assert!(!window.is_enabled(
        Role::Button,
        "Sigstore bundle, a flat folder holds no referrers"
    ));
}

#[test]
fn a_place_that_holds_none_cannot_be_signed() {
    let (mut window, image) = Window::opening("docker-archive:/images/app.tar");
    window.show(scripted::folder(image, "docker-archive:/images/app.tar"));
    window.click(Role::Button, "Image");
    assert!(!window.is_enabled(Role::MenuItem, "Sign…"));
    assert!(!window.is_enabled(Role::MenuItem, "Attach…"));
}

#[test]
fn without_keys_they_are_reached_and_the_dialog_comes_back_with_them() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.choose("Image", "Sign…");
    window.slots.put_outcome(Outcome::Keys {
        keys: Arc::default(),
        folder: "/keys".into(),
    });
    window.harness.run();
    assert!(window.says_like(|text| text.starts_with("There are no keys yet")));
    assert_eq!(planned(&mut window), None);
    window.click(Role::Link, "Keys…");
    window.slots.put_outcome(scripted::keys());
    window.harness.run();
    window.click(Role::Button, "Close");
    let (_, request) = planned(&mut window).expect("the first key is taken");
    assert_eq!(key_of(&signings(&request)[0]), "release");
}

#[test]
fn where_keys_are_not_listed_that_is_said() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.choose("Image", "Sign…");
    assert!(window.says("The keys are being listed"));
    window.sent();
    window.slots.put_outcome(Outcome::KeysNotListed(wrong()));
    window.harness.run();
    assert!(window.says_like(|text| text.starts_with("The keys could not be listed: the key ")));
    assert!(!window.says_like(|text| text.starts_with("There are no keys yet")));
    window.click(Role::Link, "List them again");
    let again = Command::Chore(Chore::Keys(KeyChore::List));
    assert_eq!(window.sent(), [again]);
    window.slots.put_outcome(scripted::keys());
    window.harness.run();
    let (_, request) = planned(&mut window).expect("the first key is taken");
    assert_eq!(key_of(&signings(&request)[0]), "release");
}

#[test]
fn a_passphrase_is_for_the_key_that_it_was_typed_for() {
    let (mut window, _) = asking();
    let typed = |window: &Window| window.value(Role::PasswordInput, "Passphrase");
    window.fill(Role::PasswordInput, "Passphrase", "of release");
    assert_ne!(typed(&window), "");
    window.pick("Key", "archive   OpenPGP RSA");
    assert_eq!(typed(&window), "");
    window.fill(Role::PasswordInput, "Passphrase", "of archive");
    window.click(Role::RadioButton, "An identity");
    window.click(Role::RadioButton, "A key");
    assert_eq!(typed(&window), "");
}

#[test]
fn a_path_goes_to_the_field_that_asked_for_it() {
    let (mut window, _) = asking();
    window.picked.replace(Picked::Nothing);
    window.pick("Key", "A file…");
    window.click(Role::Button, "Browse for key file");
    assert_eq!(window.value(Role::TextInput, "Key file"), "");
    // the dialog was closed; the next answer is for whom it is asked
    window.click(Role::Link, "More options");
    window
        .picked
        .replace(Picked::Path("/tmp/config.json".into()));
    window.click(Role::Button, "Browse for signing config");
    assert_eq!(window.value(Role::TextInput, "Key file"), "");
    let config = window.value(Role::TextInput, "Signing config");
    assert_eq!(config, "/tmp/config.json");
    // nor is it for another that asks later
    window.fill(Role::TextInput, "Signing config", "other");
    window.picked.replace(Picked::Nothing);
    window.click(Role::Button, "Browse for key file");
    assert_eq!(window.value(Role::TextInput, "Signing config"), "other");
    assert_eq!(window.value(Role::TextInput, "Key file"), "");
}

#[test]
fn it_is_offered_where_images_and_signatures_are() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    let dialog = |window: &Window| window.has(Role::RadioButton, "Index alone");
    let close = |window: &mut Window| window.press(Modifiers::NONE, Key::Escape);
    // the address bar
    window.click(Role::Button, "Sign…");
    assert!(dialog(&window));
    close(&mut window);
    assert!(!dialog(&window));
    // the tab's own menu
    let tab = window
        .harness
        .get_by_role_and_label(Role::Tab, "edge/api:1.8.2");
    tab.click_secondary();
    window.harness.run();
    let item = |window: &Window, name: &str| {
        let items = window
            .harness
            .query_all_by_role_and_label(Role::Button, name);
        items.last().map(|item| item.click())
    };
    assert!(item(&window, "Attach…").is_some());
    window.harness.run();
    assert!(window.has(Role::RadioButton, "Attestation"));
    close(&mut window);
    // the explorer, where the image is not open
    let row = window
        .harness
        .query_all_by_role(Role::ListBoxOption)
        .next()
        .expect("it is among the recent ones");
    row.click_secondary();
    window.harness.run();
    assert!(item(&window, "Sign…").is_some());
    window.harness.run();
    assert!(dialog(&window));
}

#[test]
fn what_a_signer_has_no_use_for_is_not_asked_for_and_not_sent() {
    let (mut window, _) = asking();
    window.click(Role::Link, "More options");
    let rows = |window: &Window| {
        let names = [
            "Signed name",
            "Issuer",
            "Certified by",
            "Signing config",
            "Timestamp roots",
        ];
        names.map(|name| window.has(Role::TextInput, name))
    };
    assert_eq!(rows(&window), [false, false, false, true, false]);
    window.fill(Role::TextInput, "Signing config", "/keys/config.json");
    window.click(Role::RadioButton, "An identity");
    assert_eq!(rows(&window), [false, true, true, true, false]);
    window.fill(Role::TextInput, "Issuer", "https://id.example.com");
    window.fill(Role::TextInput, "Certified by", "https://ca.example.com");
    window.pick("Proved by", "The CI that this runs in");
    assert_eq!(rows(&window), [false, false, true, true, false]);
    let services = |window: &mut Window| {
        let (_, request) = planned(window).unwrap();
        signings(&request)[0].services.clone()
    };
    let sent = services(&mut window);
    assert_eq!(sent.issuer, None);
    assert_eq!(sent.fulcio.as_deref(), Some("https://ca.example.com"));
    window.click(Role::RadioButton, "A key");
    let sent = services(&mut window);
    assert_eq!((sent.issuer, sent.fulcio), (None, None));
    assert_eq!(sent.config.as_deref(), Some(Path::new("/keys/config.json")));
    window.pick("Format", "cosign, older form");
    assert_eq!(rows(&window), [true, false, false, true, false]);
    window.fill(Role::TextInput, "Signed name", "r.example.com/a:1");
    window.pick("Format", "Notation, JWS");
    assert_eq!(rows(&window), [false, false, false, false, true]);
    window.fill(Role::TextInput, "Certificates", "/keys/chain.pem");
    let (_, request) = planned(&mut window).unwrap();
    let signing = &signings(&request)[0];
    assert_eq!(
        (&signing.identity, &signing.services.config),
        (&None, &None)
    );
    // it is not forgotten, where it is of use again
    window.pick("Format", "cosign, older form");
    let (_, request) = planned(&mut window).unwrap();
    let signing = &signings(&request)[0];
    assert_eq!(signing.identity.as_deref(), Some("r.example.com/a:1"));
}

#[test]
fn an_identity_signs_after_what_others_will_see_was_agreed_to() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "An identity");
    let (_, request) = planned(&mut window).unwrap();
    let identity = SignBy::Identity(IdentityFrom::Browser);
    assert_eq!(signings(&request)[0].by, identity);
    assert!(!window.has(Role::PasswordInput, "Passphrase"));
    window.click(Role::ComboBox, "Format");
    assert!(!window.is_enabled(Role::Button, "Notation, JWS, it is made with a key"));
    window.press(Modifiers::NONE, Key::Escape);
    window.click(Role::Link, "More options");
    window.fill(Role::TextInput, "Issuer", "https://id.example.com");
    let (id, request) = planned(&mut window).unwrap();
    let services = &signings(&request)[0].services;
    assert_eq!(services.issuer.as_deref(), Some("https://id.example.com"));
    let mut now = snapshot(id, &request, "Sigstore bundle");
    let mut plan = scripted::addition_plan("Sigstore bundle", "{}");
    plan.services = vec![PlannedService {
        role: ServiceRole::Log,
        address: "https://log.example.com".to_owned(),
        shows: Some("whoever may read the log sees who signed".to_owned()),
        accepted: false,
    }];
    now.plan = Remote::Ready(Arc::new(plan));
    put(&mut window, now.clone());
    assert!(window.has(Role::Note, "Whoever may read the log sees who signed"));
    assert!(!window.is_enabled(Role::Button, "Sign"));
    window.click(Role::CheckBox, "I agree to what others will see");
    window.click(Role::Button, "Sign");
    let sent = window.sent();
    let [
        Command::Add {
            passphrases,
            accept,
            ..
        },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!((passphrases.as_slice(), *accept), (&[None][..], true));
    // who signs in does so in a browser, which is sent there once
    now.job = Some(JobId::next());
    now.report = Remote::Pending { previous: None };
    now.sign_in = Some(SignIn {
        issuer: "https://id.example.com".to_owned(),
        address: "https://id.example.com/auth?state=1".to_owned(),
    });
    put(&mut window, now);
    let address = "https://id.example.com/auth?state=1".to_owned();
    assert_eq!(window.sent(), [Command::Browse { address }]);
    assert!(window.has(Role::Link, "Open the browser"));
    assert!(window.has(Role::Link, "Copy the address"));
}

#[test]
fn what_goes_on_without_its_dialog_is_looked_after_to_its_end() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "An identity");
    let (id, request) = planned(&mut window).unwrap();
    let mut now = snapshot(id, &request, "Sigstore bundle");
    put(&mut window, now.clone());
    window.click(Role::Button, "Sign");
    now.job = Some(JobId::next());
    now.report = Remote::Pending { previous: None };
    put(&mut window, now.clone());
    window.sent();
    window.click(Role::Button, "Go on in the background");
    assert_eq!(window.sent(), []);
    // somebody has to sign in all the same, and is sent there once
    now.sign_in = Some(SignIn {
        issuer: "https://id.example.com".to_owned(),
        address: "https://id.example.com/auth?state=2".to_owned(),
    });
    put(&mut window, now.clone());
    put(&mut window, now.clone());
    let address = "https://id.example.com/auth?state=2".to_owned();
    assert_eq!(window.sent(), [Command::Browse { address }]);
    // and it is forgotten when it is over
    now.sign_in = None;
    now.report = Remote::Ready(Arc::new(report("Sigstore bundle")));
    put(&mut window, now.clone());
    assert_eq!(window.sent(), [Command::ForgetAddition { addition: id }]);
    put(&mut window, now);
    assert_eq!(window.sent(), []);
}

#[test]
fn what_was_planned_is_forgotten_when_another_dialog_takes_its_place() {
    let (mut window, _) = asking();
    let (id, request) = planned(&mut window).unwrap();
    put(&mut window, snapshot(id, &request, "Sigstore bundle"));
    assert_eq!(window.sent(), []);
    super::copy_report::show_report_of_another(&mut window);
    assert_eq!(window.sent(), [Command::ForgetAddition { addition: id }]);
}
