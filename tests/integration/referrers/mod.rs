//! What refers to an image: in registries with and without an API for it, in layouts, on
//! the command line, and as others see it.

mod artifact;
mod bad;
mod cli;
mod engine;
mod layout;
mod outcomes;
mod pages;
mod peers;
mod registry;
