//! What all requests to one host share: how many are under way, how long the host wants to
//! be left alone, and how often it may still be asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::transport::{Problem, RateLimit};

use super::address::Host;
use super::fault::{Again, Fault};

/// Called with all hosts that are being waited for.
type Told = Box<dyn Fn(Vec<Waiting>) + Send + Sync>;

/// The hosts that were asked.
#[derive(Default)]
pub(super) struct Hosts {
    states: Mutex<HashMap<Host, Arc<State>>>,
    /// Called whenever another host asks to be left alone.
    told: OnceLock<Told>,
}

struct State {
    requests: Arc<Semaphore>,
    /// When it may be asked again.
    until: Mutex<Option<Instant>>,
    limit: Mutex<Option<RateLimit>>,
    /// Whether it said that it keeps signatures itself.
    signatures: AtomicBool,
}

/// A host that asked to be left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub host: String,
    /// When it may be asked again.
    pub until: Instant,
}

impl Waiting {
    /// How long it will still be; nothing where it is over.
    pub fn left(&self) -> Option<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.left().unwrap_or_default();
        // a part of a second is still told as one
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        write!(
            f,
            "waiting {seconds} s: {} asked to be left alone",
            self.host
        )
    }
}

impl Hosts {
    /// Waits until `host` may be asked and fewer than `most` requests to it are under way.
    /// What is given back stands for the request.
    ///
    /// # Errors
    /// Where the host wants to be left alone for longer than `patience`.
    pub(super) async fn turn(
        &self,
        host: &Host,
        most: usize,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, Fault> {
        let state = self.state(host, most);
        let permit = Arc::clone(&state.requests).acquire_owned().await;
        let permit = permit.map_err(|_| Fault::lasting(Problem::Cancelled))?;
        // another request may have been told to wait meanwhile
        while let Some(left) = left(&state) {
            if left > patience {
                let retry_after = Some(left);
                return Err(Problem::RateLimited { retry_after }.into());
            }
            tokio::time::sleep(left).await;
        }
        Ok(permit)
    }

    /// Lets `host` alone where `fault` says that it wants that. `pause` stands in where it
    /// does not say for how long.
    pub(super) fn note(&self, host: &Host, fault: &Fault, pause: Duration) {
        let pause = match (&fault.problem, fault.again) {
            (_, Again::After(asked)) => asked,
            (Problem::RateLimited { .. }, _) => pause,
            _ => return,
        };
        let states = lock(&self.states);
        let (Some(state), Some(until)) = (states.get(host), Instant::now().checked_add(pause))
        else {
            return;
        };
        {
            let mut kept = lock(&state.until);
            *kept = (*kept).max(Some(until));
        }
        drop(states);
        if let Some(told) = self.told.get() {
            told(self.waiting());
        }
    }

    /// Calls `told` from now on whenever another host asks to be left alone. Of several the
    /// first counts.
    pub(super) fn tell(&self, told: Told) {
        drop(self.told.set(told));
    }

    /// Remembers how often `host` may still be asked.
    pub(super) fn note_limit(&self, host: &Host, limit: RateLimit) {
        if let Some(state) = lock(&self.states).get(host) {
            *lock(&state.limit) = Some(limit);
        }
    }

    /// How often `host` may still be asked, as it last said.
    pub(super) fn limit(&self, host: &Host) -> Option<RateLimit> {
        let states = lock(&self.states);
        lock(&states.get(host)?.limit).clone()
    }

    /// Remembers that `host` keeps signatures itself.
    pub(super) fn note_signatures(&self, host: &Host) {
        if let Some(state) = lock(&self.states).get(host) {
            state.signatures.store(true, Ordering::Relaxed);
        }
    }

    /// Whether `host` has said that it keeps signatures itself.
    pub(super) fn offers_signatures(&self, host: &Host) -> bool {
        let states = lock(&self.states);
        let state = states.get(host);
        state.is_some_and(|state| state.signatures.load(Ordering::Relaxed))
    }

    /// The hosts that are being waited for.
    pub(super) fn waiting(&self) -> Vec<Waiting> {
        let states = lock(&self.states);
        let mut waiting: Vec<_> = states
            .iter()
            .filter_map(|(host, state)| {
                left(state)?;
                Some(Waiting {
                    host: host.to_string(),
                    until: (*lock(&state.until))?,
                })
            })
            .collect();
        waiting.sort_by(|a, b| a.host.cmp(&b.host));
        waiting
    }

    fn state(&self, host: &Host, most: usize) -> Arc<State> {
        let mut states = lock(&self.states);
        let state = states.entry(host.clone()).or_insert_with(|| {
            Arc::new(State {
                requests: Arc::new(Semaphore::new(most.max(1))),
                until: Mutex::default(),
                limit: Mutex::default(),
                signatures: AtomicBool::default(),
            })
        });
        Arc::clone(state)
    }
}

fn left(state: &State) -> Option<Duration> {
    let until = (*lock(&state.until))?;
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a panic cannot leave a single value half changed
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn limited(seconds: u64) -> Fault {
        let wait = Duration::from_secs(seconds);
        let retry_after = Some(wait);
        Fault::new(Problem::RateLimited { retry_after }, Again::After(wait))
    }

    #[tokio::test]
    async fn no_more_than_so_many_are_under_way_to_one_host() {
        let (hosts, host) = (Hosts::default(), Host::new("r.io"));
        let first = hosts.turn(&host, 2, PATIENCE).await.unwrap();
        let _second = hosts.turn(&host, 2, PATIENCE).await.unwrap();
        let mut third = std::pin::pin!(hosts.turn(&host, 2, PATIENCE));
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        // another host is not kept waiting by it
        let _other = hosts.turn(&Host::new("x.io"), 2, PATIENCE).await.unwrap();
        drop(first);
        drop(third.await.unwrap());
    }

    #[tokio::test]
    async fn a_host_that_wants_to_be_left_alone_is_for_everybody() {
        let (hosts, host) = (Hosts::default(), Host::new("r.io"));
        drop(hosts.turn(&host, 2, PATIENCE).await.unwrap());
        assert!(hosts.waiting().is_empty());
        hosts.note(&host, &limited(600), Duration::ZERO);
        // a shorter wait does not take a longer one back
        hosts.note(&host, &limited(1), Duration::ZERO);
        let fault = hosts.turn(&host, 2, PATIENCE).await.unwrap_err();
        assert!(
            matches!(fault.problem, Problem::RateLimited { retry_after: Some(left) } if left > PATIENCE)
        );
        assert_eq!(hosts.waiting()[0].host, "r.io");
        drop(hosts.turn(&Host::new("x.io"), 2, PATIENCE).await.unwrap());
    }
}
