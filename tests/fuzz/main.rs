//! Mutated network input through every parser: nothing a network can send makes offhook panic.
//!
//! `FUZZ_INPUTS` sets how many inputs each target gets (`make fuzz` sets a million in all), `FUZZ_SEED` where they start.

mod endpoint_peer;
mod lines;
mod mutate;
mod rtcp_reports;
mod rtp_streams;
mod sdp_descriptions;
mod seeds;
mod sip_datagrams;
mod sip_endpoint;
mod srtp_packets;
