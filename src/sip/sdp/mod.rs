//! Session descriptions (RFC 8866) and the offer/answer of one audio stream (RFC 3264, 3551, 4568, 4733, 7587).

mod crypto;
mod negotiate;
mod session;
mod terms;

pub use crypto::{Crypto, Secret, Security, Suite};
pub use negotiate::{
    Agreed, Codec, LocalMedia, Negotiated, Protection, Refusal, accept_answer, negotiate, offer, offer_with_dtmf,
};
pub use session::{Direction, Media, RtpMap, SDP_BYTES_MAX, SDP_LINES_MAX, SdpError, Session};
pub use terms::{Encoding, Terms};
