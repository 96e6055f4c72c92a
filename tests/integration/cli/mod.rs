//! The command line, run as the user runs it.

mod inspect;
mod places;
