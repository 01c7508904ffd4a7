//! Releases: what a bundle is made of, and what publishing it does.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

#[cfg(unix)]
mod at_a_terminal;
mod deployers_view;
mod deploying;
mod emulator;
mod faults;
mod fixture;
mod local;
mod packaging;
mod proxy;
mod publishing;
mod stacks;
#[cfg(unix)]
mod terminal;
mod this_repository;
mod world;
