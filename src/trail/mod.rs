//! The trail room.
