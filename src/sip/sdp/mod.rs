//! Session descriptions (RFC 8866) and the offer/answer of one audio stream (RFC 3264, 3551, 4568, 4733, 5763, 7587).

mod crypto;
mod fingerprint;
mod negotiate;
mod protect;
mod session;
mod terms;

pub use crypto::{Crypto, Secret, Security, Suite};
pub use fingerprint::Fingerprint;
pub use negotiate::{Agreed, Codec, LocalMedia, Negotiated, Refusal, accept_answer, negotiate, offer, offer_with_dtmf};
pub use protect::{Dtls, Protection, Sdes, Setup};
pub use session::{Direction, Media, RtpMap, SDP_BYTES_MAX, SDP_LINES_MAX, SdpError, Session};
pub use terms::{Encoding, Terms};
