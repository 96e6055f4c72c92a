//! How fast jobs go, from the counts that frames see.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{JobId, JobSnapshot};

/// Shortest time between two looks that a speed is made of.
const STEP: Duration = Duration::from_millis(300);
/// How much the latest step counts against those before.
const WEIGHT: f64 = 0.4;

/// The speed of every job that is shown.
#[derive(Debug, Default)]
pub struct Meters(HashMap<JobId, Meter>);

#[derive(Clone, Copy, Debug)]
struct Meter {
    at: Instant,
    done: u64,
    /// In the job's unit a second.
    rate: Option<f64>,
}

/// What a job's progress comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speed {
    /// In the job's unit a second.
    pub rate: Option<f64>,
    /// Time left.
    pub left: Option<Duration>,
}

impl Meters {
    /// Forgets the jobs that are not there any more.
    pub fn forget_all_but(&mut self, jobs: &[Arc<JobSnapshot>]) {
        if !self.0.is_empty() {
            self.0.retain(|id, _| jobs.iter().any(|job| job.id == *id));
        }
    }

    /// The speed of `job`, with what it has done until `now`.
    pub(super) fn of(&mut self, job: &JobSnapshot, now: Instant) -> Speed {
        if job.state.is_final() {
            return Speed::default();
        }
        let done = job.progress.done();
        let meter = self.0.entry(job.id).or_insert(Meter {
            at: job.started,
            done: 0,
            rate: None,
        });
        meter.look(done, now);
        let rate = meter.rate;
        let rest = job.progress.total().map(|total| total.saturating_sub(done));
        let left = match (rate, rest) {
            (Some(rate), Some(rest)) if rate > 0.0 => {
                Duration::try_from_secs_f64(rest as f64 / rate).ok()
            }
            _ => None,
        };
        Speed { rate, left }
    }
}

impl Meter {
    fn look(&mut self, done: u64, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        if passed < STEP {
            return;
        }
        let step = done.saturating_sub(self.done) as f64 / passed.as_secs_f64();
        self.rate = Some(match self.rate {
            Some(before) => before + (step - before) * WEIGHT,
            None => step,
        });
        self.at = now;
        self.done = done;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_what_is_done() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut meter = Meter {
            at: start,
            done: 0,
            rate: None,
        };
        meter.look(50, at(100));
        assert_eq!(meter.rate, None, "too soon to tell");
        meter.look(1000, at(1000));
        assert_eq!(meter.rate, Some(1000.0));
        meter.look(1000, at(2000));
        assert_eq!(meter.rate, Some(600.0), "a stall is seen, smoothed");
    }
}
