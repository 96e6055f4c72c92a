//! The command line, run as the user runs it.

mod completion;
mod inspect;
mod places;
