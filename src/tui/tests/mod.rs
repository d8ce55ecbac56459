//! The console as a whole: what is on the screen and what keys do.

mod behaviour;
mod bytes;
mod commands;
mod connect;
mod connect_edges;
mod costs;
mod keys;
mod lock;
mod random;
mod replay;
mod screens;
mod session;
mod sync;
mod source;
mod tasks;
