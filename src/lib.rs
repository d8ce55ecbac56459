//! bailiwick: a terminal operations console for teams who look after many clients' AWS accounts.
//!
//! `ARCHITECTURE.md` lists the rooms. A room imports only rooms listed before it.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

pub mod domain;

pub mod config;
pub mod trail;
pub mod analysis;
pub mod vault;
pub mod aws;
pub mod connect;
pub mod checks;
pub mod sync;
pub mod desk;
pub mod cli;
pub mod tui;
pub mod sim;
pub mod app;
