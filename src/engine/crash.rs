//! What crashes: caught, so that nobody waits for ever for what has ended so; and, in builds
//! for tests, brought about, since what is printed then must hold no secret.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::Failure;

/// Names the step at which a build for tests is to crash.
#[cfg(debug_assertions)]
const CRASH_AT: &str = "PORTHOLE_CRASH_AT";

/// Crashes where a test asked for that at this step.
#[cfg(debug_assertions)]
pub(super) fn at(step: &str) {
    if std::env::var_os(CRASH_AT).is_some_and(|wanted| wanted == step) {
        panic!("a crash on request: {step}");
    }
}

/// Does nothing in what is given out.
#[cfg(not(debug_assertions))]
pub(super) const fn at(_: &str) {}

/// What comes of `work`; a failure where it crashed.
pub(super) async fn caught<T, E: From<Failure>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    // what it was changing is not looked at any more
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(failure().into()))
}

/// That something crashed.
pub(super) fn failure() -> Failure {
    let what = "the program itself failed at this step";
    let hint = "Tell its authors, with what was printed, or with what Diagnostics shows";
    Failure::refused(what, hint)
}
