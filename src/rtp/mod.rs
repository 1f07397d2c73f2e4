//! One media stream: packets, source filter, jitter buffer, keypad events, paced sender, RTCP.
//!
//! Pure: every `now` is an argument, every random value comes from a seed. [`Receiver::handle_packet`] and
//! [`Rtcp::handle`] take whatever a network sends.

mod delay;
mod dtmf;
mod jitter;
mod packet;
mod receiver;
mod reception;
mod relay;
mod rtcp;
mod sender;
mod source;

pub use dtmf::{DtmfReceiver, DtmfSender};
pub use jitter::{Frame, JitterBuffer};
pub use packet::{Packet, PacketError};
pub use receiver::{FrameKind, Receiver};
pub use reception::{Reception, StreamStats};
pub use relay::Relay;
pub use rtcp::{Rtcp, RtcpNews};
pub use sender::Sender;
pub use source::SourceFilter;

/// Payload type of comfort noise at 8 kHz, RFC 3389.
pub const COMFORT_NOISE_PAYLOAD_TYPE: u8 = 13;
/// RTP clock of everything we speak, Hz: timestamps count these.
pub const CLOCK_RATE: u32 = crate::audio::TELEPHONE_RATE;
/// Timestamp units of one 20 ms frame.
pub const FRAME_UNITS: u32 = crate::audio::FRAME_SAMPLES as u32;
