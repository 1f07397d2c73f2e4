//! The caller room.
