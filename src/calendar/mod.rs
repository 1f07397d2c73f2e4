//! The calendar room.
