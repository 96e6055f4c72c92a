//! Copying and exporting from the window, over an engine that plans what the test says.

use porthole::copy::{CopyOptions, Selection, Wanted};
use porthole::engine::{CopyId, CopyRequest, CopySnapshot, Failure, FailureKind, Outcome, Remote};

use super::scripted;
use super::*;

/// A window with the index open, with the dialog that `command` opens.
pub fn asking(command: &str) -> (Window, ImageId) {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.sent();
    window.choose("Image", command);
    (window, image)
}

/// What the window asked the engine to plan last.
pub fn planned(window: &mut Window) -> Option<(CopyId, CopyRequest)> {
    let sent = window.sent().into_iter().rev();
    sent.into_iter().find_map(|command| match command {
        Command::PlanCopy { copy, request } => Some((copy, *request)),
        _ => None,
    })
}

pub fn to(window: &mut Window, destination: &str) -> (CopyId, CopyRequest) {
    window.field("Destination").focus();
    window.harness.run();
    window.press(CTRL, Key::A);
    window.field("Destination").type_text(destination);
    window.harness.run();
    planned(window).expect("a plan is asked for")
}

pub fn wanted(request: &CopyRequest) -> Vec<String> {
    match &request.options.selection {
        Selection::Some(wanted) => wanted.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

pub fn put(
    window: &mut Window,
    id: CopyId,
    request: &CopyRequest,
    plan: Remote<Arc<porthole::copy::Plan>>,
) {
    window.slots.put_copy(Arc::new(CopySnapshot {
        id,
        request: request.clone(),
        plan,
        progress: None,
        job: None,
        report: Remote::NotAsked,
        without_lost: None,
        left_behind: None,
    }));
    window.harness.run();
}

/// A plan of two blobs that are sent, one that is there, over a tag that moves.
pub fn plan(request: &CopyRequest) -> Remote<Arc<porthole::copy::Plan>> {
    Remote::Ready(Arc::new(scripted::plan(
        &request.source,
        &request.destination,
        &request.options,
    )))
}

#[test]
fn nothing_is_written_before_the_plan_is_there_and_the_button_pressed() {
    let (mut window, image) = asking("Copy…");
    assert!(!window.is_enabled(Role::Button, "Copy"));
    assert_eq!(planned(&mut window), None, "there is no destination yet");
    let (id, request) = to(&mut window, "mirror.example.com/edge/api:1.8.2");
    assert_eq!(request.source, scripted::REFERENCE);
    assert_eq!(
        request.destination,
        "docker://mirror.example.com/edge/api:1.8.2"
    );
    assert_eq!(request.options, CopyOptions::default());
    put(&mut window, id, &request, plan(&request));
    assert!(window.has(Role::Label, "Already there: 1 blob, 65.3 MB"));
    assert!(window.has(Role::Label, "Sent: 2 blobs, 107 MB"));
    assert!(window.says_like(|text| text.starts_with("The tag 1.8.2 exists there and points to")));
    assert!(window.says_like(|text| text.starts_with("porthole copy docker://registry.example")));
    window.click(Role::Button, "Copy 107 MB");
    let sent = window.sent();
    let [
        Command::Copy {
            copy,
            request: made,
        },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!((*copy, &**made), (id, &request));
    assert!(!window.has(Role::TextInput, "Destination"), "it is closed");
    assert!(window.sent().is_empty(), "and not planned again");

    // when it is done, a click opens it
    window.slots.put_outcome(Outcome::Copied {
        copy: id,
        destination: request.destination.clone(),
    });
    window.harness.run();
    window.click(Role::Link, "Open");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*input, request.destination);

    // and the place is among the recent ones, the next time
    window.harness.run();
    let tabs = window.harness.state().borrow();
    let kept = tabs.as_ref().unwrap().settings().destinations.clone();
    drop(tabs);
    assert_eq!(kept, [request.destination]);
    let _ = image;
}

#[test]
fn choices_become_options_and_are_planned_again() {
    let (mut window, _) = asking("Copy…");
    to(&mut window, "mirror.example.com/edge/api:1.8.2");
    window.click(Role::CheckBox, "linux/arm64");
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(wanted(&request), ["linux/amd64", "linux/arm/v7"]);
    assert!(!request.options.sparse);
    window.click(Role::RadioButton, "Keep it as it is");
    assert!(planned(&mut window).unwrap().1.options.sparse);
    window.click(Role::RadioButton, "This system’s");
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(wanted(&request), ["linux/amd64"]);
    assert!(!window.is_on(Role::CheckBox, "linux/arm64"));
    window.click(Role::RadioButton, "All 3");
    assert_eq!(
        planned(&mut window).unwrap().1.options.selection,
        Selection::All
    );
    window.click(Role::CheckBox, "Signatures");
    let (_, request) = planned(&mut window).unwrap();
    assert!(request.options.remove_signatures && !request.options.no_referrers);
    window.click(Role::CheckBox, "SBOMs, provenance and other referrers");
    let (_, request) = planned(&mut window).unwrap();
    assert!(request.options.no_referrers && !request.options.remove_signatures);
    assert!(!window.is_enabled(Role::CheckBox, "Signatures"));
    window.click(Role::Link, "More options");
    window.click(Role::CheckBox, "Preserve digests");
    assert!(planned(&mut window).unwrap().1.options.preserve_digests);
}

#[test]
fn what_the_engine_refuses_is_said_and_cannot_be_started() {
    let (mut window, image) = asking("Copy…");
    let (id, request) = to(&mut window, "docker-daemon:edge/api:1.8.2");
    assert_eq!(request.options.selection, Selection::Usual);
    assert!(
        !window.is_on(Role::CheckBox, "linux/arm64"),
        "one image only"
    );
    let failure = Failure::new(
        FailureKind::Other,
        "the engine holds one image and no index of several",
        "Choose one platform",
    );
    let refused = Remote::Failed {
        error: Arc::new(failure),
        previous: None,
    };
    put(&mut window, id, &request, refused);
    assert!(window.says_like(|text| text.contains("holds one image")));
    assert!(!window.is_enabled(Role::Button, "Copy"));
    window.click(Role::Button, "Try again");
    assert_eq!(planned(&mut window).unwrap().0, id);
    // given up, the engine forgets it; the tab's own image stays
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(window.sent(), [Command::ForgetCopy { copy: id }]);
    let _ = image;
}

#[test]
fn what_is_no_reference_is_said_and_not_planned() {
    let (mut window, _) = asking("Copy…");
    window.field("Destination").focus();
    window.harness.run();
    window
        .field("Destination")
        .type_text("mirror.example.com/Edge:1");
    window.harness.run();
    let last = planned(&mut window).map(|(_, request)| request.destination);
    assert_ne!(last.as_deref(), Some("docker://mirror.example.com/Edge:1"));
    assert!(!window.is_enabled(Role::Button, "Copy"));
}

#[test]
fn an_export_goes_to_the_disk_and_a_path_is_picked() {
    let (mut window, image) = {
        let mut window = Window::new(Setup {
            picked: Picked::Path("/mnt/stick".into()),
            ..Setup::default()
        });
        let image = window.open("registry.example.com/edge/api:1.8.2");
        (window, image)
    };
    window.show(scripted::ready(image));
    window.sent();
    window.choose("Image", "Export…");
    let (_, request) = planned(&mut window).unwrap();
    assert!(request.destination.starts_with("oci:/"), "{request:?}");
    assert!(request.destination.ends_with("/api:1.8.2"), "{request:?}");
    window.click(Role::Button, "Browse for destination");
    let (id, request) = planned(&mut window).unwrap();
    assert_eq!(request.destination, "oci:/mnt/stick:1.8.2");
    put(&mut window, id, &request, plan(&request));
    window.press(Modifiers::COMMAND, Key::Enter);
    let sent = window.sent();
    assert!(
        matches!(sent.as_slice(), [Command::Copy { .. }]),
        "{sent:?}"
    );
}

#[test]
fn what_the_source_has_lost_is_gone_on_without() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, "mirror.example.com/edge/api:1.8.2");
    let index = scripted::index();
    let entries = index.root.document.index().unwrap().descriptors();
    let images: Vec<_> = entries.map(|(_, entry)| entry.digest.clone()).collect();
    let mut rest = request.clone();
    let whole = [&images[0], &images[2]].map(|digest| Wanted::Digest(digest.clone()));
    rest.options.selection = Selection::Some(whole.to_vec());
    let failure = Failure::new(
        FailureKind::Missing,
        "the source does not have a blob of the image for linux/arm64",
        "Copy the others alone (--platform linux/amd64), or get it again",
    );
    window.slots.put_copy(Arc::new(CopySnapshot {
        id,
        request: request.clone(),
        plan: Remote::Failed {
            error: Arc::new(failure),
            previous: None,
        },
        progress: None,
        job: None,
        report: Remote::NotAsked,
        without_lost: Some(Box::new(rest)),
        left_behind: None,
    }));
    window.harness.run();
    // nothing of the command line is said here
    assert!(window.says_like(|text| text == "Copy the others alone, or get it again"));
    assert!(!window.says_like(|text| text.contains("--platform")));
    window.click(Role::Button, "Go on without linux/arm64");
    let (id, request) = planned(&mut window).unwrap();
    assert_eq!(wanted(&request), ["linux/amd64", "linux/arm/v7"]);
    assert!(!window.is_on(Role::CheckBox, "linux/arm64"));
    // what refers to the images may be what is lost
    let mut rest = request.clone();
    rest.options.no_referrers = true;
    window.slots.put_copy(Arc::new(CopySnapshot {
        id,
        request: request.clone(),
        plan: Remote::Failed {
            error: Arc::new(Failure::new(
                FailureKind::Missing,
                "the source does not have a blob of the SBOM",
                "Copy it without (--no-referrers)",
            )),
            previous: None,
        },
        progress: None,
        job: None,
        report: Remote::NotAsked,
        without_lost: Some(Box::new(rest)),
        left_behind: None,
    }));
    window.harness.run();
    window.click(Role::Button, "Go on without what refers to it");
    let (_, request) = planned(&mut window).unwrap();
    assert!(request.options.no_referrers);
    assert_eq!(wanted(&request), ["linux/amd64", "linux/arm/v7"]);
}

#[test]
fn what_was_planned_is_forgotten_when_another_dialog_takes_its_place() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, "mirror.example.com/edge/api:1.8.2");
    put(&mut window, id, &request, plan(&request));
    assert_eq!(window.sent(), []);
    super::copy_report::show_report_of_another(&mut window);
    assert_eq!(window.sent(), [Command::ForgetCopy { copy: id }]);
}
