//! The console as a whole: what is on the screen and what keys do.

mod behaviour;
mod bytes;
mod keys;
mod random;
mod screens;
mod session;
mod source;
mod tasks;
