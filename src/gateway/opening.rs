//! The media side of a call that comes in: our sockets, what we say of them, whose packets are taken, under which keys.

use std::net::{IpAddr, SocketAddr};

use super::cover::Cover;
use super::line::Line;
use super::ports::Pair;
use super::random::random;
use crate::call::Media;
use crate::rtp::SourceFilter;
use crate::sip::Incoming;
use crate::sip::sdp::{self, Agreed, Protection};

/// What a call that is taken has.
pub(super) struct Opened {
    pub(super) sockets: Pair,
    pub(super) filter: SourceFilter,
    pub(super) cover: Cover,
    pub(super) media: Media,
    pub(super) local: sdp::LocalMedia,
    pub(super) terms: sdp::Terms,
    /// The description is our offer: the INVITE had none.
    pub(super) offered: bool,
    /// What goes into the 200.
    pub(super) description: String,
}

impl Line {
    /// Everything for the caller's media; none when the call has been refused.
    pub(super) async fn open_media(&mut self, incoming: &Incoming) -> Option<Opened> {
        let ip = self.media_ip(incoming.source).await;
        let Ok(sockets) = self.ports.bind(self.local.ip()).await else {
            self.too_much(incoming);
            return None;
        };
        let local = local_media(sockets.address(ip));
        let policy = &self.settings.media;
        let mut terms = policy.terms(self.security(incoming.source.ip()));
        let (description, agreed) = match describe(incoming.offer.as_ref(), local, &terms) {
            Ok(described) => described,
            Err(refusal) => {
                tracing::info!(source = %incoming.source, %refusal, "a call's media cannot be taken");
                self.reject(incoming.dialog, 488, "Not Acceptable Here", None);
                return None;
            }
        };
        let media = agreed.as_ref().map_or_else(|| policy.until_answered(), |agreed| policy.media(agreed));
        let mut filter = SourceFilter::new();
        if let Some(remote) = agreed.as_ref().and_then(|agreed| agreed.remote) {
            filter.set_expected(remote, incoming.source.ip());
        }
        stay_protected(&mut terms, agreed.as_ref());
        let offered = agreed.is_none();
        let mut cover = Cover::with(policy.certificate.clone());
        cover.renew(agreed.and_then(|agreed| agreed.protection));
        Some(Opened { sockets, filter, cover, media, local, terms, offered, description })
    }
}

/// What we say first of media at this address.
pub(super) fn local_media(addr: SocketAddr) -> sdp::LocalMedia {
    sdp::LocalMedia { addr, ptime: PTIME_MS, session_id: random::<u64>() >> 2, version: 1 }
}

impl Pair {
    /// The RTP port, at the address others see.
    pub(super) fn address(&self, ip: IpAddr) -> SocketAddr {
        SocketAddr::new(ip, self.rtp.local_addr().map_or(0, |local| local.port()))
    }
}

/// A call that is protected is never taken back to plain media, and offers of ours keep to the way it is protected.
pub(super) fn stay_protected(terms: &mut sdp::Terms, agreed: Option<&Agreed>) {
    let Some(protection) = agreed.and_then(|agreed| agreed.protection.as_ref()) else { return };
    terms.security = sdp::Security::Required;
    terms.setup = match protection {
        Protection::Dtls(dtls) => Some(dtls.setup),
        Protection::Sdes(_) => None,
    };
}

/// What goes into the 200: the answer and what it agrees on, or our offer when the INVITE had none.
fn describe(
    offer: Option<&sdp::Session>,
    local: sdp::LocalMedia,
    terms: &sdp::Terms,
) -> Result<(String, Option<Agreed>), sdp::Refusal> {
    let Some(offer) = offer else { return Ok((sdp::offer(local, terms), None)) };
    let negotiated = sdp::negotiate(offer, local, terms)?;
    Ok((negotiated.answer, Some(negotiated.agreed)))
}

/// Packet length we ask for.
const PTIME_MS: u16 = 20;
