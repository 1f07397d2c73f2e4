//! One binary, several targets: `OFFHOOK_FUZZ` names one of [`TARGETS`]. libFuzzer drives it by coverage.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../src/audio/mod.rs"]
pub mod audio;
#[path = "../../src/rtp/mod.rs"]
pub mod rtp;
#[path = "../../src/sip/mod.rs"]
pub mod sip;

mod media;
mod signalling;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 9] = [
    ("sip", signalling::sip),
    ("stream", signalling::stream),
    ("endpoint", signalling::endpoint),
    ("digest", signalling::digest),
    ("sdp", signalling::sdp),
    ("rtp", media::rtp),
    ("rtcp", media::rtcp),
    ("srtp", media::srtp),
    ("dtls", media::dtls),
];

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("OFFHOOK_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.unwrap_or_else(|| panic!("OFFHOOK_FUZZ={wanted:?} is none of {:?}", TARGETS.map(|(name, _)| name))).1
});

fuzz_target!(|data: &[u8]| TARGET(data));
