//! Copies through the engine: planned while somebody chooses, and made in turn.

use std::net::TcpListener;

use porthole::copy::CopyOptions;
use porthole::engine::{Command, CopyId, CopyRequest, JobKind, JobState, Remote};

use crate::support::layout::Layout;
use crate::support::watch::Watch;

fn request(source: &str, destination: &str) -> Box<CopyRequest> {
    Box::new(CopyRequest {
        source: source.to_owned(),
        destination: destination.to_owned(),
        options: CopyOptions::default(),
    })
}

/// The phases of the copies that run, in the order in which they were started.
fn phases(watch: &Watch) -> Vec<&'static str> {
    let jobs = watch.engine.jobs();
    let copies = jobs.iter().filter(|job| job.kind == JobKind::Copy);
    copies
        .filter_map(|job| match job.state {
            JobState::Running { phase } => Some(phase),
            _ => None,
        })
        .collect()
}

#[test]
fn copies_are_made_in_turn_and_one_that_is_cancelled_makes_room() {
    let watch = Watch::start();
    // it takes connections and never says a word
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        let source = format!("docker://{host}/a:{number}");
        let destination = format!("oci:{}/{number}", folder.path().display());
        watch.engine.send(Command::Copy {
            copy: CopyId::next(),
            request: request(&source, &destination),
        });
    }
    let expected = ["planning", "planning", "waiting"];
    watch.wait(|| (phases(&watch) == expected).then_some(()));
    let first = watch.engine.jobs()[0].id;
    watch.engine.send(Command::Cancel { job: first });
    watch.wait(|| (phases(&watch) == ["planning", "planning"]).then_some(()));
}

#[test]
fn a_plan_follows_the_choices_and_only_the_last_of_them_is_made() {
    let watch = Watch::start();
    let folder = tempfile::tempdir().unwrap();
    let source = format!(
        "oci:{}/tests/fixtures/images/busybox-small:1.37.0",
        env!("CARGO_MANIFEST_DIR")
    );
    let copy = CopyId::next();
    let place = |name: &str| format!("oci:{}/{name}", folder.path().display());
    for name in ["one", "two", "three"] {
        watch.engine.send(Command::PlanCopy {
            copy,
            request: request(&source, &place(name)),
        });
    }
    let plan = watch.wait(|| {
        let snapshot = watch.engine.copy(copy)?;
        match (
            &snapshot.plan,
            snapshot.request.destination == place("three"),
        ) {
            (Remote::Ready(plan), true) => Some(plan.clone()),
            _ => None,
        }
    });
    assert_eq!(plan.destination, place("three"));
    let left = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(left.count(), 0, "a plan writes nothing");
    watch.engine.send(Command::ForgetCopy { copy });
    watch.wait(|| watch.engine.copy(copy).is_none().then_some(()));
}

#[test]
fn a_copy_that_is_made_again_goes_on_in_its_job() {
    let watch = Watch::start();
    let folder = tempfile::tempdir().unwrap();
    let source = format!("oci:{}/late:1", folder.path().display());
    let place = format!("oci:{}/copy:1", folder.path().display());
    let other = format!("oci:{}/other:1", folder.path().display());
    for destination in [&place, &other] {
        watch.engine.send(Command::Copy {
            copy: CopyId::next(),
            request: request(&source, destination),
        });
    }
    let failed = |jobs: &[std::sync::Arc<porthole::engine::JobSnapshot>]| {
        let failed = |job: &porthole::engine::JobSnapshot| matches!(job.state, JobState::Failed(_));
        jobs.len() == 2 && jobs.iter().all(|job| failed(job))
    };
    watch.wait(|| failed(&watch.engine.jobs()).then_some(()));
    let before: Vec<_> = watch.engine.jobs().iter().map(|job| job.id).collect();
    // the source is there by now
    let mut layout = Layout::new(folder.path().join("late"));
    let image = layout.image("linux/amd64", &["late"]);
    layout.name("1", &image);
    watch.engine.send(Command::Retry { job: before[0] });
    watch.wait(|| (watch.engine.jobs()[0].state == JobState::Done).then_some(()));
    let jobs = watch.engine.jobs();
    let after: Vec<_> = jobs.iter().map(|job| job.id).collect();
    assert_eq!(after, before, "no row comes or moves");
    assert!(
        jobs[0].title.starts_with("Export oci:"),
        "{}",
        jobs[0].title
    );
    assert!(folder.path().join("copy/index.json").is_file());
}
