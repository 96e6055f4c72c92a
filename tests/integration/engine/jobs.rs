//! What is kept of jobs that have ended.

use porthole::engine::{Command, JobState};

use crate::support::watch::Watch;

#[test]
fn ended_jobs_are_forgotten_when_asked_to_and_when_there_are_too_many() {
    let watch = Watch::start();
    for _ in 0..120 {
        watch.open_and_settle("docker://Not A Reference!");
    }
    let jobs = watch.engine.jobs();
    assert_eq!(jobs.len(), 100);
    assert!(
        jobs.iter()
            .all(|job| matches!(job.state, JobState::Failed(_)))
    );
    assert!(
        jobs.windows(2).all(|pair| pair[0].id < pair[1].id),
        "the oldest first"
    );
    watch.engine.send(Command::ClearJobs);
    watch.wait(|| watch.engine.jobs().is_empty().then_some(()));
}
