//! Copying and exporting from the window, over an engine that plans what the test says.

use porthole::copy::{CopyOptions, Selection, Wanted};
use porthole::engine::{
    CopyId, CopyRequest, CopySnapshot, Failure, FailureKind, JobId, Outcome, Remote,
};

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
    let failure = Failure {
        headline: "the engine holds one image and no index of several".to_owned(),
        hint: "Choose one platform".to_owned(),
        details: Vec::new(),
        kind: FailureKind::Other,
    };
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
fn a_copy_that_failed_is_a_job_that_can_be_made_again() {
    let mut window = window();
    let job = JobId::next();
    window
        .slots
        .put_job(Arc::new(porthole::engine::JobSnapshot {
            id: job,
            kind: porthole::engine::JobKind::Copy,
            title: "Copy a to b".into(),
            image: ImageId::next(),
            progress: Arc::new(porthole::engine::Progress::new(
                porthole::engine::Unit::Bytes,
            )),
            state: porthole::engine::JobState::Failed(scripted::refused()),
            started: std::time::Instant::now(),
            ended: Some(std::time::Instant::now()),
        }));
    window.harness.run();
    window.click(Role::Link, "Retry");
    assert_eq!(window.sent(), [Command::Retry { job }]);
}

/// A copy that is done, with its report.
fn put_done(window: &mut Window) -> (CopyId, String) {
    let (copy, destination) = (
        CopyId::next(),
        "docker://mirror.example.com/other".to_owned(),
    );
    window.slots.put_copy(Arc::new(CopySnapshot {
        id: copy,
        request: CopyRequest {
            source: scripted::REFERENCE.to_owned(),
            destination: destination.clone(),
            options: CopyOptions::default(),
            platform: None,
        },
        plan: Remote::NotAsked,
        progress: None,
        job: None,
        report: Remote::Ready(Arc::new(report())),
        without_lost: None,
        left_behind: None,
    }));
    (copy, destination)
}

/// Where words are on the screen.
fn rect_of(window: &Window, words: &str) -> egui::Rect {
    let mut found = window.harness.query_all_by_value(words);
    found.next().expect("it is said").rect()
}

/// The report of another copy is asked for, by a program that reads the screen, behind the
/// dialog that is open.
pub fn show_report_of_another(window: &mut Window) {
    running(window, Some(report()));
    window
        .harness
        .get_by_role_and_label(Role::Link, "Report…")
        .click_accesskit();
    window.harness.run();
    assert!(window.says_like(|text| text.starts_with("500 B sent in 1.5 s")));
}

#[test]
fn what_is_said_lies_over_no_button_of_a_dialog_and_waits_for_its_end() {
    let (mut window, _) = asking("Copy…");
    let (copy, destination) = put_done(&mut window);
    window
        .slots
        .put_outcome(Outcome::Copied { copy, destination });
    window.harness.run();
    window.harness.run_steps(400);
    assert!(!window.has(Role::Link, "Open"), "the dialog is open");
    // what leads nowhere is said at once, where no dialog has a button, and is no target
    window
        .slots
        .put_outcome(Outcome::Failed(scripted::refused()));
    window.harness.run();
    let said = rect_of(&window, "edge/api:1.8.2 may not be read");
    let title = rect_of(&window, "Copy edge/api:1.8.2");
    assert!(said.bottom() < title.top(), "{said:?} over {title:?}");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.has(Role::Link, "Open"), "its time did not run");
    window.harness.run_steps(250);
    assert!(!window.has(Role::Link, "Open"), "after twelve seconds");
}

#[test]
fn what_is_said_lies_above_the_jobs_and_keeps_its_buttons_whole() {
    let mut window = window();
    running(&mut window, None);
    let long = "docker://mirror.example.com/".to_owned() + &"a-long-name/".repeat(30) + "x:1";
    for number in 0..5 {
        let (copy, _) = put_done(&mut window);
        let destination = format!("{long}{number}");
        window
            .slots
            .put_outcome(Outcome::Copied { copy, destination });
    }
    window.harness.run_steps(4);
    let jobs = rect_of(&window, "Jobs");
    let links = window
        .harness
        .query_all_by_role_and_label(Role::Link, "Report…");
    let links: Vec<_> = links.map(|node| node.rect()).collect();
    assert_eq!(links.len(), 3, "the rest is counted");
    assert!(window.says("2 more behind the bell"));
    let last = format!("Copied to {long}4");
    let said = window.harness.query_all_by_value(&last);
    let said: Vec<_> = said.map(|node| node.rect()).collect();
    for rect in links.iter().chain(&said) {
        assert!(
            rect.bottom() < jobs.top(),
            "{rect:?} over the jobs at {jobs:?}"
        );
        assert!(rect.left() > 700.0 && rect.right() < 1200.0, "{rect:?}");
    }
    assert!(links.iter().all(|link| link.width() > 40.0), "{links:?}");
    assert!(!said.is_empty());
}

#[test]
fn what_shows_the_place_of_a_copy_is_asked_for_again() {
    let (mut window, image) = Window::opening("oci:/images/release");
    window.show(scripted::several(image));
    let place = window.browse("mirror.example.com/team/app");
    let known = |place: &Place, names: &[&str]| {
        let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        Arc::new(porthole::engine::PlaceSnapshot {
            place: place.clone(),
            generation: 1,
            listed: Remote::Ready(porthole::engine::Listed::Names(names.into())),
            facts: Arc::default(),
        })
    };
    let registry = Place::Registry("mirror.example.com".to_owned());
    let folder = Place::Local("oci:/images/release".to_owned());
    window.slots.put_place(known(&place, &["1"]));
    window.slots.put_place(known(&registry, &["team/app"]));
    window.slots.put_place(known(&folder, &[]));
    window.harness.run();
    window.sent();
    let list = |place: &Place| Command::ListPlace {
        place: place.clone(),
    };
    let new = "docker://mirror.example.com/team/new:1";
    for (destination, expected) in [
        ("docker://mirror.example.com/team/app:2", vec![list(&place)]),
        (new, vec![list(&registry)]),
        (
            "oci:/images/release:third",
            vec![list(&folder), Command::Reload { image }],
        ),
        ("dir:/elsewhere", vec![]),
    ] {
        window.slots.put_outcome(Outcome::Copied {
            copy: CopyId::next(),
            destination: destination.to_owned(),
        });
        window.harness.run();
        assert_eq!(window.sent(), expected, "{destination}");
    }
}

/// A copy to a registry whose job has this state.
fn put_copy_job(window: &mut Window, state: porthole::engine::JobState) -> JobId {
    let id = running(window, None);
    let job = window.slots.copy(id).unwrap().job.unwrap();
    let jobs = window.slots.jobs();
    let mut snapshot =
        porthole::engine::JobSnapshot::clone(jobs.iter().find(|there| there.id == job).unwrap());
    snapshot.ended = state.is_final().then(std::time::Instant::now);
    snapshot.state = state;
    window.slots.put_job(Arc::new(snapshot));
    window.harness.run_steps(4);
    job
}

/// Why a blob could not be written.
fn read_only() -> Arc<Failure> {
    let digest = porthole::model::Digest::sha256(b"blob");
    Arc::new(Failure {
        headline: format!("blob {digest} of mirror.example.com/edge/api: the place is read only"),
        hint: "Choose another one".to_owned(),
        details: vec!["The registry said: denied".to_owned()],
        kind: FailureKind::Access,
    })
}

#[test]
fn a_failed_copy_says_the_cause_first_and_all_of_it_unfolded() {
    use porthole::engine::JobState;
    let mut window = window();
    let failure = read_only();
    put_copy_job(&mut window, JobState::Failed(Arc::clone(&failure)));
    assert!(window.says_like(|text| text.starts_with("the place is read only: blob sha256:")));
    assert!(!window.says(&failure.headline));
    window.click(Role::Button, "Show why it failed: Copy a to b");
    for said in [
        &*failure.headline,
        "Choose another one",
        "The registry said: denied",
    ] {
        assert!(window.says(said), "{said}");
    }
    assert!(rect_of(&window, &failure.headline).bottom() < 800.0);
    // nothing is still being copied
    assert!(window.has(Role::ProgressIndicator, &blob_in("not begun")));
    window.click(Role::Button, "Hide why it failed: Copy a to b");
    assert!(!window.says(&failure.headline));
}

/// The first blob of a copy, as its bar is called.
fn blob_in(state: &str) -> String {
    let digest = porthole::model::Digest::sha256(b"a");
    format!("{} {state}", digest.short())
}

#[test]
fn a_copy_that_fails_while_the_jobs_are_hidden_says_so_and_shows_them() {
    use porthole::engine::JobState;
    let mut window = window();
    window.press(CTRL, Key::J);
    let job = put_copy_job(&mut window, JobState::Failed(read_only()));
    let said = "Copy edge/api:1.8.2 → mirror.example.com: the place is read only: blob sha256:";
    let says = |window: &Window| window.says_like(|text| text.starts_with(said));
    assert!(says(&window));
    window.click(Role::Link, "Retry");
    assert_eq!(window.sent(), [Command::Retry { job }]);
    assert!(!says(&window));
    // it fails once more, in the same job
    let state = JobState::Running { phase: "copying" };
    let jobs = window.slots.jobs();
    let mut snapshot = porthole::engine::JobSnapshot::clone(&jobs[0]);
    for state in [state, JobState::Failed(read_only())] {
        snapshot.state = state;
        window.slots.put_job(Arc::new(snapshot.clone()));
        window.harness.run_steps(4);
    }
    assert!(says(&window));
    window.click(Role::Link, "Show jobs");
    assert!(window.says("Jobs"));
}

/// A job that copies, with the plan of its copy; `report` where it is done.
fn running(window: &mut Window, report: Option<porthole::copy::Report>) -> CopyId {
    use porthole::engine::{JobKind, JobSnapshot, JobState, Progress, Unit};
    let id = CopyId::next();
    let job = JobId::next();
    let request = CopyRequest {
        source: scripted::REFERENCE.to_owned(),
        destination: "docker://mirror.example.com/edge/api:1.8.2".to_owned(),
        options: CopyOptions::default(),
        platform: None,
    };
    let made = scripted::plan(&request.source, &request.destination, &request.options);
    let done = report.is_some();
    window.slots.put_copy(Arc::new(CopySnapshot {
        id,
        progress: Some(Arc::new(porthole::copy::CopyProgress::of(&made))),
        plan: Remote::Ready(Arc::new(made)),
        job: Some(job),
        report: report.map_or(Remote::NotAsked, |report| Remote::Ready(Arc::new(report))),
        without_lost: None,
        left_behind: None,
        request,
    }));
    let progress = Progress::new(Unit::Bytes);
    progress.expect(107_000_000);
    window.slots.put_job(Arc::new(JobSnapshot {
        id: job,
        kind: JobKind::Copy,
        title: "Copy a to b".into(),
        image: ImageId::next(),
        progress: Arc::new(progress),
        state: match done {
            true => JobState::Done,
            false => JobState::Running { phase: "copying" },
        },
        started: std::time::Instant::now(),
        ended: done.then(std::time::Instant::now),
    }));
    window.harness.step();
    window.harness.step();
    id
}

#[test]
fn the_blobs_of_a_copy_are_unfolded_under_its_job() {
    let mut window = window();
    running(&mut window, None);
    let bars = |window: &Window| {
        let bars = window.harness.query_all_by_role(Role::ProgressIndicator);
        bars.filter(|node| {
            let label = node.accesskit_node().label();
            label.is_some_and(|label| label.starts_with("sha256:"))
        })
        .count()
    };
    assert_eq!(bars(&window), 0);
    let fold = "Show the blobs of Copy a to b";
    window
        .harness
        .get_by_role_and_label(Role::Button, fold)
        .click();
    window.harness.run_steps(4);
    assert_eq!(bars(&window), 2, "what is there already is not copied");
    window
        .harness
        .get_by_role_and_label(Role::Button, "Hide the blobs of Copy a to b")
        .click();
    window.harness.run_steps(4);
    assert_eq!(bars(&window), 0);
}

/// What a copy of 500 bytes did, which left an SBOM behind.
fn report() -> porthole::copy::Report {
    let digest = porthole::model::Digest::sha256(b"image");
    serde_json::from_value(serde_json::json!({
        "source": scripted::REFERENCE,
        "destination": "docker://mirror.example.com/edge/api:1.8.2",
        "from": digest,
        "digest": digest,
        "replaced": null,
        "documents": [{
            "digest": digest,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "size": 500,
            "role": "child",
            "what": "image for linux/amd64",
            "how": "written",
        }, {
            "digest": digest,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 500,
            "role": "image",
            "how": "unpacked",
        }],
        "blobs": [{
            "digest": digest,
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 2000,
            "how": "copied",
            "storedAs": porthole::model::Digest::sha256(b"unpacked"),
        }],
        "names": [{ "name": "stable", "replaced": digest }, { "name": "new", "replaced": null }],
        "signatures": [{ "manifest": digest, "digest": digest }],
        "leftBehind": [{ "what": "an SBOM", "digest": null, "why": "the place has no room for it (--sparse), or so" }],
        "bytesSent": 500,
        "milliseconds": 1500,
    }))
    .unwrap()
}

#[test]
fn what_a_copy_did_is_shown_and_saved() {
    let mut window = window();
    let report = report();
    running(&mut window, Some(report.clone()));
    window.click(Role::Link, "Report…");
    assert!(window.says_like(|text| text.starts_with("500 B sent in 1.5 s")));
    assert!(window.has(
        Role::Note,
        "Stayed behind: an SBOM, since the place has no room for it, or so"
    ));
    assert!(
        window.says_like(|text| text.starts_with("written    sha256:")
            && text.ends_with("image for linux/amd64"))
    );
    // an archive of Docker's has layers as they unpack, and a manifest of its own
    let stored = porthole::model::Digest::sha256(b"unpacked");
    assert!(
        window.says_like(|text| text.starts_with(&format!("copied     {stored}"))
            && text.contains("unpacked gzip layer, which was sha256:"))
    );
    assert!(window.says_like(|text| text.starts_with("not kept   sha256:")));
    for said in ["named      stable, which stood for ", "signed     sha256:"] {
        assert!(window.says_like(|text| text.starts_with(said)), "{said}");
    }
    assert!(window.says("named      new"));
    // each report has a name of its own
    let offered = window.value(Role::TextInput, "File");
    assert!(
        offered.starts_with("~/copy-report-edge-api-1.8.2-2023111"),
        "{offered}"
    );
    window.fill(Role::TextInput, "File", "x");
    window.press(Modifiers::NONE, Key::Backspace);
    assert!(!window.says_like(|text| text.starts_with("porthole copy --check")));
    assert!(!window.is_enabled(Role::Button, "Save as JSON"));
    window.fill(Role::TextInput, "File", "/tmp/re port.json");
    assert!(window.says("porthole copy --check '/tmp/re port.json'"));
    window.click(Role::Button, "Save as JSON");
    let sent = window.sent();
    let [Command::Chore(porthole::engine::Chore::SaveNewText { path, text })] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(path, Path::new("/tmp/re port.json"));
    // what is there is replaced only by the button that says so
    window
        .slots
        .put_outcome(Outcome::FileThere { path: path.clone() });
    window.harness.run();
    assert!(window.has(Role::Note, "/tmp/re port.json is there already."));
    assert!(!window.has(Role::Button, "Save as JSON"));
    window.click(Role::Button, "Replace the file");
    let replaced = window.sent();
    let [Command::Chore(porthole::engine::Chore::SaveText { path: over, .. })] =
        replaced.as_slice()
    else {
        panic!("{replaced:?}");
    };
    assert_eq!(over, path);
    let saved: porthole::copy::Report = serde_json::from_str(text).unwrap();
    assert_eq!(saved, report);
    window.click(Role::Button, "Open the copy");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*input, report.destination);
    assert!(!window.has(Role::Button, "Save as JSON"));
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
    let failure = Failure {
        headline: "the source does not have a blob of the image for linux/arm64".to_owned(),
        hint: "Copy the others alone (--platform linux/amd64), or get it again".to_owned(),
        details: Vec::new(),
        kind: FailureKind::Missing,
    };
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
            error: Arc::new(Failure {
                headline: "the source does not have a blob of the SBOM".to_owned(),
                hint: "Copy it without (--no-referrers)".to_owned(),
                details: Vec::new(),
                kind: FailureKind::Missing,
            }),
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
    show_report_of_another(&mut window);
    assert_eq!(window.sent(), [Command::ForgetCopy { copy: id }]);
}
