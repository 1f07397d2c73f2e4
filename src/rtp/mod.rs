//! One media stream: packets, source filter, jitter buffer, keypad events, paced sender, RTCP, SRTP, DTLS.
//!
//! Pure: every `now` is an argument, every random value comes from a seed. [`Receiver::handle_packet`] and
//! [`Rtcp::handle`] take whatever a network sends.

mod delay;
mod dtls;
mod dtmf;
mod format;
mod jitter;
mod packet;
mod quality;
mod receiver;
mod reception;
mod relay;
mod replay;
mod rtcp;
mod seal;
mod sender;
mod source;
mod srtp;

pub use dtls::{Certificate, DtlsError, Handshake, Keys};
pub use dtmf::{DtmfReceiver, DtmfSender};
pub use format::Format;
pub use jitter::{Frame, JitterBuffer};
pub use packet::{Packet, PacketError};
pub use quality::Quality;
pub use receiver::{FrameKind, Receiver};
pub use reception::{Reception, StreamStats};
pub use relay::Relay;
pub use rtcp::{Rtcp, RtcpNews};
pub use sender::Sender;
pub use source::SourceFilter;
pub use srtp::{Profile, Srtp, SrtpError};

/// Payload type of comfort noise at 8 kHz, RFC 3389.
pub const COMFORT_NOISE_PAYLOAD_TYPE: u8 = 13;
/// The clock everything is counted in here, Hz; streams with another one are translated as they arrive.
pub const CLOCK_RATE: u32 = crate::audio::TELEPHONE_RATE;
/// Timestamp units of one 20 ms frame.
pub const FRAME_UNITS: u32 = crate::audio::FRAME_SAMPLES as u32;
