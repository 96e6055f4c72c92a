//! Copies through the engine: planned while somebody chooses, and made in turn.

use std::net::TcpListener;

use porthole::copy::CopyOptions;
use porthole::engine::{Command, CopyId, CopyRequest, JobKind, JobState, Remote};

use crate::support::watch::Watch;

fn request(source: &str, destination: &str) -> Box<CopyRequest> {
    Box::new(CopyRequest {
        source: source.to_owned(),
        destination: destination.to_owned(),
        options: CopyOptions::default(),
        platform: None,
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
