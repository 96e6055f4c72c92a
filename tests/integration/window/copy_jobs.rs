//! The rows of copies in the jobs panel: their blobs, how they ended, and what can be done then.

use porthole::copy::{CopyOptions, Report};
use porthole::engine::{
    CopyId, CopyRequest, CopySnapshot, Failure, FailureKind, JobId, JobKind, JobSnapshot, JobState,
    Progress, Remote, Unit,
};

use super::copy_told::rect_of;
use super::scripted;
use super::*;

/// A job that copies, with the plan of its copy; `report` where it is done.
pub fn running(window: &mut Window, report: Option<Report>) -> CopyId {
    let id = CopyId::next();
    let job = JobId::next();
    let request = CopyRequest {
        source: scripted::REFERENCE.to_owned(),
        destination: "docker://mirror.example.com/edge/api:1.8.2".to_owned(),
        options: CopyOptions::default(),
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

/// A copy to a registry whose job has this state.
pub fn put_copy_job(window: &mut Window, state: JobState) -> JobId {
    let id = running(window, None);
    let job = window.slots.copy(id).unwrap().job.unwrap();
    let jobs = window.slots.jobs();
    let mut snapshot = JobSnapshot::clone(jobs.iter().find(|there| there.id == job).unwrap());
    snapshot.ended = state.is_final().then(std::time::Instant::now);
    snapshot.state = state;
    window.slots.put_job(Arc::new(snapshot));
    window.harness.run_steps(4);
    job
}

/// Why a blob could not be written.
fn read_only() -> Arc<Failure> {
    let digest = porthole::model::Digest::sha256(b"blob");
    Arc::new(
        Failure::new(
            FailureKind::Access,
            format!("blob {digest} of mirror.example.com/edge/api: the place is read only"),
            "Choose another one",
        )
        .with_details(vec!["The registry said: denied".to_owned()]),
    )
}

#[test]
fn a_failed_copy_says_the_cause_first_and_all_of_it_unfolded() {
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
    let mut snapshot = JobSnapshot::clone(&jobs[0]);
    for state in [state, JobState::Failed(read_only())] {
        snapshot.state = state;
        window.slots.put_job(Arc::new(snapshot.clone()));
        window.harness.run_steps(4);
    }
    assert!(says(&window));
    window.click(Role::Link, "Show jobs");
    assert!(window.says("Jobs"));
}

#[test]
fn a_copy_that_failed_is_a_job_that_can_be_made_again() {
    let mut window = window();
    let job = JobId::next();
    window.slots.put_job(Arc::new(JobSnapshot {
        id: job,
        kind: JobKind::Copy,
        title: "Copy a to b".into(),
        image: ImageId::next(),
        progress: Arc::new(Progress::new(Unit::Bytes)),
        state: JobState::Failed(scripted::refused()),
        started: std::time::Instant::now(),
        ended: Some(std::time::Instant::now()),
    }));
    window.harness.run();
    window.click(Role::Link, "Retry");
    assert_eq!(window.sent(), [Command::Retry { job }]);
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

/// A copy that failed, and what of it could be made.
fn put_failed(window: &mut Window, change: impl FnOnce(&mut CopySnapshot)) -> CopyId {
    let job = put_copy_job(window, JobState::Failed(read_only()));
    let copies = window.slots.copies();
    let copy = copies.iter().find(|copy| copy.job == Some(job)).unwrap();
    let mut copy = CopySnapshot::clone(copy);
    change(&mut copy);
    let id = copy.id;
    window.slots.put_copy(Arc::new(copy));
    window.harness.run_steps(4);
    id
}

#[test]
fn a_failed_copy_leads_back_to_its_plan_without_what_cannot_be_copied() {
    type Change = fn(&mut CopySnapshot);
    let cases: [(&str, Change); 3] = [
        ("Without signatures…", |copy| {
            let mut rest = copy.request.clone();
            rest.options.remove_signatures = true;
            copy.left_behind = Some(Box::new(rest));
        }),
        ("Without what refers to it…", |copy| {
            let mut rest = copy.request.clone();
            rest.options.no_referrers = true;
            rest.options.also = vec!["latest".to_owned()];
            copy.left_behind = Some(Box::new(rest));
        }),
        ("Without what is lost…", |copy| {
            let mut rest = copy.request.clone();
            let wanted = ["linux/amd64", "linux/arm/v7"].map(|text| text.parse().unwrap());
            rest.options.selection = porthole::copy::Selection::Some(wanted.to_vec());
            copy.without_lost = Some(Box::new(rest));
        }),
    ];
    for (link, change) in cases {
        let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
        window.show(scripted::ready(image));
        window.sent();
        let copy = put_failed(&mut window, change);
        let snapshot = window.slots.copy(copy).unwrap();
        let rest = snapshot
            .left_behind
            .as_ref()
            .or(snapshot.without_lost.as_ref());
        let rest = rest.unwrap();
        window.click(Role::Link, link);
        // nothing is written before the plan was seen
        let (planning, request) = super::copy::planned(&mut window).unwrap();
        assert_eq!(request, **rest, "{link}");
        assert_ne!(planning, copy, "the row keeps its copy");
        super::copy::put(&mut window, planning, &request, super::copy::plan(&request));
        window.click(Role::Button, "Copy 107 MB");
        // it goes on in its row
        let made = Command::Copy {
            copy,
            request: Box::new(request),
        };
        let forgotten = Command::ForgetCopy { copy: planning };
        let sent = window.sent();
        assert!(
            sent.contains(&made) && sent.contains(&forgotten),
            "{sent:?}"
        );
        assert_eq!(sent.len(), 2, "{sent:?}");
    }
}

#[test]
fn a_title_is_whole_where_its_row_has_room() {
    let mut window = window();
    window.harness.set_size(egui::vec2(1024.0, 700.0));
    let id = running(&mut window, None);
    let mut copy = CopySnapshot::clone(&window.slots.copy(id).unwrap());
    let there = "docker://mirror.example.com/edge/another-name:1.8.2";
    copy.request.destination = there.to_owned();
    window.slots.put_copy(Arc::new(copy));
    window.harness.run_steps(4);
    let title = "Copy edge/api:1.8.2 → mirror.example.com/edge/another-name:1.8.2";
    let (words, clip) = painted(&window, title).expect("nothing of it is left out");
    let bars = window.harness.query_all_by_role(Role::ProgressIndicator);
    let bar = bars.map(|bar| bar.rect()).next().unwrap();
    assert!(clip.contains_rect(words) && words.right() < bar.left());
    assert!(bar.width() > 90.0, "{bar:?}");
}

#[test]
fn a_job_that_begins_is_brought_into_sight() {
    let mut window = window();
    for _ in 0..30 {
        running(&mut window, None);
    }
    window.harness.run_steps(8);
    let titles = window.harness.query_all_by_value("Copy a to b");
    let lowest = titles
        .map(|title| title.rect().bottom())
        .fold(0.0, f32::max);
    assert!(lowest < 790.0, "{lowest}");
}
