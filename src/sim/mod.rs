//! The AWS simulator: a deterministic world behind the real wire protocols of STS, Organizations, CloudTrail and Cost
//! Explorer, on loopback only.
//!
//! It imports `domain` alone, never `aws` or `sync`: a misunderstanding of AWS must not cancel itself out.

pub mod costs;
pub mod events;
pub mod server;
pub mod world;
