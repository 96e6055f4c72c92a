//! The one rule for trying again. What would be done twice by being asked for twice is only
//! tried again where it was not looked at.

use std::borrow::Borrow;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::config::Retry;

use super::fault::{Again, Fault};

/// Runs `attempt` until it succeeds, trying again cannot help, or was done often enough.
/// The pauses grow, with some chance in them so that many do not come back at once; a
/// pause that the registry asked for is kept, as long as all pauses together stay within
/// what `retry` allows.
///
/// Dropping the future ends it, in a pause too.
pub(super) async fn run<T, E: Borrow<Fault>, F: Future<Output = Result<T, E>>>(
    retry: &Retry,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E> {
    let mut waited = Duration::ZERO;
    let mut tries = 0;
    loop {
        let failed = match attempt().await {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
        let fault = failed.borrow();
        let Some(pause) = pause(retry, fault, tries, waited) else {
            return Err(failed);
        };
        tracing::debug!(tries, ?pause, problem = %fault.problem, "trying again");
        tokio::time::sleep(pause).await;
        waited += pause;
        tries += 1;
    }
}

/// How long to wait before the next try; nothing where there is to be none.
pub(super) fn pause(
    retry: &Retry,
    fault: &Fault,
    tries: u32,
    waited: Duration,
) -> Option<Duration> {
    if tries >= retry.limit {
        return None;
    }
    match fault.again {
        Again::Never => None,
        Again::Soon => {
            let doubled = retry.pause.saturating_mul(1 << tries.min(16));
            Some(jitter(doubled.min(retry.longest_pause)))
        }
        Again::After(asked) => (waited + asked <= retry.patience).then_some(asked),
    }
}

/// `pause` or up to a quarter more.
fn jitter(pause: Duration) -> Duration {
    // every RandomState is made with other keys: that is chance enough here
    let chance = RandomState::new().build_hasher().finish() % 1024;
    pause + pause.mul_f64(chance as f64 / 4096.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Problem;

    const RETRY: Retry = Retry {
        limit: 3,
        pause: Duration::from_millis(100),
        longest_pause: Duration::from_millis(300),
        patience: Duration::from_secs(10),
    };

    fn fault(again: Again) -> Fault {
        Fault::new(Problem::RateLimited { retry_after: None }, again)
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        for (tries, expected) in [(0, 100), (1, 200), (2, 300)] {
            let pause = pause(&RETRY, &fault(Again::Soon), tries, Duration::ZERO).unwrap();
            let expected = Duration::from_millis(expected);
            assert!(
                pause >= expected && pause <= expected.mul_f64(1.25),
                "{tries}: {pause:?}"
            );
        }
        assert_eq!(pause(&RETRY, &fault(Again::Soon), 3, Duration::ZERO), None);
        assert_eq!(pause(&RETRY, &fault(Again::Never), 0, Duration::ZERO), None);
    }

    #[test]
    fn what_the_registry_asks_for_is_waited_within_the_patience() {
        let seconds = Duration::from_secs;
        let asked = |asked, waited| {
            pause(
                &RETRY,
                &fault(Again::After(seconds(asked))),
                0,
                seconds(waited),
            )
        };
        assert_eq!(asked(4, 0), Some(seconds(4)));
        assert_eq!(asked(4, 6), Some(seconds(4)));
        assert_eq!(asked(4, 7), None);
        assert_eq!(asked(11, 0), None);
    }
}
