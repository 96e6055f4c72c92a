//! What a person types, drops or pastes, and what it stands for.

mod paste;
mod paths;
mod web;

use porthole::transport::{LocateError, locate};

/// The reference that `text` stands for, in full.
fn located(text: &str) -> String {
    match locate(text) {
        Ok(located) => located.reference.to_string(),
        Err(error) => panic!("{text:?}: {error}"),
    }
}

fn refused(text: &str) -> LocateError {
    match locate(text) {
        Ok(located) => panic!("{text:?} was read as {}", located.reference),
        Err(error) => error,
    }
}
