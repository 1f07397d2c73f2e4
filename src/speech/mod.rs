//! The speech room.
