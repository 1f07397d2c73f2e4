//! Session descriptions (RFC 8866) and the offer/answer of one audio stream (RFC 3264, 3551, 4733).

mod negotiate;
mod session;

pub use negotiate::{Agreed, Codec, LocalMedia, Negotiated, Refusal, accept_answer, negotiate, offer, offer_with_dtmf};
pub use session::{Direction, Media, RtpMap, SDP_BYTES_MAX, SDP_LINES_MAX, SdpError, Session};
