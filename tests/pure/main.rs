//! Behaviours of the pure rooms: values in, values out, virtual time.

mod audio_codecs;
mod audio_concealment;
mod audio_g711;
mod audio_keypad;
mod audio_resampler;
mod audio_tones;
mod audio_voice;
mod babble;
mod call_barge_in;
mod call_endings;
mod call_stage;
mod call_turns;
mod line;
mod media_allocates_nothing;
mod rtp_dtmf;
mod rtp_hostile_bytes;
mod rtp_jitter;
mod rtp_packet;
mod rtp_receiver;
mod rtp_rtcp;
mod rtp_sender;
mod rtp_source;
mod rtp_srtp;
mod rtp_wideband;
#[path = "../talk/shops.rs"]
#[expect(dead_code, reason = "the second business is for the conversation's tests")]
mod shops;
mod slow_model;
mod slow_tools;
