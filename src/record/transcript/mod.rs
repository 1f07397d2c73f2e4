//! Transcripts of other people's making: whatever the file looks like, afterwards it is lines with a speaker and times.

mod gong;
mod heard;
mod webvtt;
mod zoom;

pub use gong::{GongCall, gong};
pub use heard::{Heard, Party, Said, Side, Unreadable};
pub use webvtt::webvtt;
pub use zoom::{zoom, zoom_people};
