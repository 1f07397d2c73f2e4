//! The sip room.
