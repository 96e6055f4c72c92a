//! The jobs panel.

use std::time::{Duration, Instant};

use porthole::engine::{Command, JobId, JobKind, JobSnapshot, JobState, Progress, Unit, Waiting};

use super::scripted;
use super::*;

fn job(state: JobState) -> JobSnapshot {
    let ended = state.is_final().then(Instant::now);
    let progress = Progress::new(Unit::Bytes);
    progress.expect(158_000_000);
    progress.add(98_000_000);
    JobSnapshot {
        id: JobId::next(),
        kind: JobKind::Check,
        title: "Check edge/api:1.8.2".into(),
        image: ImageId::next(),
        progress: Arc::new(progress),
        state,
        started: Instant::now().checked_sub(Duration::from_secs(2)).unwrap(),
        ended,
    }
}

fn running() -> JobState {
    JobState::Running { phase: "reading" }
}

fn window_with(job: JobSnapshot) -> Window {
    let mut window = window();
    window.slots.put_job(Arc::new(job));
    window.harness.run();
    window
}

#[test]
fn without_jobs_there_is_no_panel() {
    let window = window();
    assert!(!window.says("Jobs"));
}

#[test]
fn a_running_job_shows_how_far_it_is_and_is_cancelled() {
    let job = job(running());
    let id = job.id;
    let mut window = window_with(job);
    assert!(window.says("98.0 of 158 MB"));
    let bar = window
        .harness
        .get_by_role_and_label(Role::ProgressIndicator, "Check edge/api:1.8.2");
    assert_eq!(bar.accesskit_node().numeric_value(), Some(62.0));
    // it has been running for about two seconds
    assert!(window.says_like(|text| text.starts_with('4') && text.ends_with(" MB/s")));
    assert!(window.says("0:02 left"));
    window.click(Role::Link, "Cancel");
    assert_eq!(window.sent(), [Command::Cancel { job: id }]);
}

#[test]
fn a_running_job_is_drawn_at_most_twenty_times_a_second() {
    let window = window_with(job(running()));
    let output = &window.harness.output().viewport_output[&egui::ViewportId::ROOT];
    let wait = output.repaint_delay;
    assert!(
        wait >= Duration::from_millis(50) && wait < Duration::from_millis(200),
        "{wait:?}"
    );
}

#[test]
fn a_hidden_panel_draws_nothing() {
    let mut window = window_with(job(running()));
    window.click(Role::Button, "Hide jobs");
    assert!(window.harness.query_by_label("Cancel").is_none());
    let output = &window.harness.output().viewport_output[&egui::ViewportId::ROOT];
    assert_eq!(output.repaint_delay, Duration::MAX);
    window.click(Role::Button, "1 job");
    assert!(window.has(Role::Link, "Cancel"));
}

#[test]
fn a_failed_job_stays_with_its_error_and_is_retried_or_cleared() {
    let job = job(JobState::Failed(scripted::refused()));
    let id = job.id;
    let mut window = window_with(job);
    assert!(window.says("edge/api:1.8.2 may not be read"));
    window.click(Role::Link, "Retry");
    assert_eq!(window.sent(), [Command::Retry { job: id }]);
    window.click(Role::Link, "Clear finished");
    assert_eq!(window.sent(), [Command::ClearJobs]);
    window.slots.clear_jobs();
    window.harness.run();
    assert!(!window.says("Jobs"));
}

#[test]
fn a_job_that_waits_for_a_registry_says_so_until_the_wait_is_over() {
    let mut window = window_with(job(running()));
    let mut until = Instant::now() + Duration::from_secs(90);
    let host = "registry.example.com".to_owned();
    let waiting = |until| Waiting {
        host: host.clone(),
        until,
    };
    window.slots.put_waiting(vec![waiting(until)]);
    window.harness.run();
    assert!(window.says_like(|text| {
        text.starts_with("waiting ")
            && text.ends_with(" s: registry.example.com asked to be left alone")
    }));
    assert!(window.has(Role::Link, "Cancel"));
    until = Instant::now();
    window.slots.put_waiting(vec![waiting(until)]);
    window.harness.run();
    assert!(!window.says_like(|text| text.starts_with("waiting ")));
}
