//! The engine against real bytes: what is shown, in which order, and how it ends.

mod bad;
mod check;
mod chores;
mod copies;
mod jobs;
mod local;
mod open;
mod places;
mod registry;
mod reload;
mod tags;
mod trust;
mod want;
