//! Offer and answer of one G.711 stream with telephone-event.

use std::net::{IpAddr, SocketAddr};

use super::session::{Direction, Media, Session, usable};

/// Our side of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we take RTP, as the other side sees it.
    pub addr: SocketAddr,
    /// Packet length we want, milliseconds (20).
    pub ptime: u16,
    /// `o=` session id: the same for the whole call.
    pub session_id: u64,
    /// `o=` version: one more with every description sent in a call (RFC 3264 8).
    pub version: u64,
}

/// A codec both sides speak, with the payload type to use on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu(u8),
    /// G.711 A-law.
    Pcma(u8),
}

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Where to send RTP; none while the other side holds with c=0.0.0.0.
    pub remote: Option<SocketAddr>,
    /// Codec.
    pub codec: Codec,
    /// Payload type of telephone-event, when spoken.
    pub dtmf_pt: Option<u8>,
    /// Clock of telephone-event, Hz.
    pub dtmf_clock: u32,
    /// Packet length the other side wants, milliseconds.
    pub ptime: u16,
    /// What we do: `SendOnly` means we send and the other side is silent.
    pub direction: Direction,
}

/// An offer that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The answer to send.
    pub answer: String,
    /// The stream.
    pub agreed: Agreed,
}

/// Why an offer or answer cannot be taken; answered 488.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No audio over plain RTP.
    #[error("no audio stream over RTP/AVP is offered")]
    NoAudio,
    /// No common codec.
    #[error("neither PCMU nor PCMA is offered")]
    NoCodec,
    /// No address, a name, or a multicast group.
    #[error("the audio stream has no unicast IP address in its c= line")]
    NoAddress,
}

/// Answers an offer: the first audio stream that fits is taken, every other one is rejected with port 0.
///
/// # Errors
/// [`Refusal`] when no stream fits; the first audio stream's reason.
pub fn negotiate(offer: &Session, local: LocalMedia) -> Result<Negotiated, Refusal> {
    let (chosen, agreed) = choose(offer)?;
    let mut answer = description(local);
    answer.media = offer.media.iter().map(rejected).collect();
    if let Some(section) = answer.media.get_mut(chosen) {
        *section = accepted(&agreed, local, &offer.media[chosen]);
    }
    Ok(Negotiated { answer: answer.to_string(), agreed })
}

/// Our offer: PCMU, PCMA, telephone-event.
pub fn offer(local: LocalMedia) -> String {
    offer_with_dtmf(local, DTMF_PT)
}

/// [`offer`] with telephone-event under a payload type of the caller's choice.
pub fn offer_with_dtmf(local: LocalMedia, dtmf_pt: u8) -> String {
    let mut session = description(local);
    session.media.push(Media {
        kind: "audio".into(),
        port: local.addr.port(),
        protocol: "RTP/AVP".into(),
        formats: vec!["0".into(), "8".into(), dtmf_pt.to_string()],
        attributes: vec![
            "rtpmap:0 PCMU/8000".into(),
            "rtpmap:8 PCMA/8000".into(),
            format!("rtpmap:{dtmf_pt} telephone-event/8000"),
            format!("fmtp:{dtmf_pt} 0-16"),
            format!("ptime:{}", local.ptime),
            "sendrecv".into(),
        ],
        ..Media::default()
    });
    session.to_string()
}

/// Reads the answer to [`offer`].
///
/// # Errors
/// [`Refusal`] when the answer takes nothing we can speak.
pub fn accept_answer(answer: &Session) -> Result<Agreed, Refusal> {
    choose(answer).map(|(_, agreed)| agreed)
}

/// Payload type we give telephone-event when we offer.
const DTMF_PT: u8 = 101;

/// Packet lengths we send, milliseconds; others are answered with the nearest.
const PTIME_MS: (u16, u16) = (10, 60);

/// Packet length when nothing is said (RFC 3551), milliseconds.
const PTIME_DEFAULT_MS: u16 = 20;

fn choose(session: &Session) -> Result<(usize, Agreed), Refusal> {
    let mut first = None;
    for (at, media) in session.media.iter().enumerate() {
        match agree(session, media) {
            Ok(agreed) => return Ok((at, agreed)),
            Err(refusal) if media.kind == "audio" => first = first.or(Some(refusal)),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or(Refusal::NoAudio))
}

fn agree(session: &Session, media: &Media) -> Result<Agreed, Refusal> {
    let plain_rtp = matches!(media.protocol.as_str(), "RTP/AVP" | "RTP/AVPF");
    if media.kind != "audio" || media.port == 0 || !plain_rtp {
        return Err(Refusal::NoAudio);
    }
    let codec = media.formats.iter().find_map(|format| codec_of(media, format)).ok_or(Refusal::NoCodec)?;
    let host = session.connection_of(media).ok_or(Refusal::NoAddress)?;
    let ip: Option<IpAddr> = usable(host).map_err(|()| Refusal::NoAddress)?;
    let dtmf = dtmf_of(media);
    Ok(Agreed {
        remote: ip.map(|ip| SocketAddr::new(ip, media.port)),
        codec,
        dtmf_pt: dtmf.map(|(pt, _)| pt),
        dtmf_clock: dtmf.map_or(8000, |(_, clock)| clock),
        ptime: media.ptime.filter(|p| *p > 0).unwrap_or(PTIME_DEFAULT_MS).clamp(PTIME_MS.0, PTIME_MS.1),
        direction: session.direction_of(media).mirrored(),
    })
}

fn codec_of(media: &Media, format: &str) -> Option<Codec> {
    let map = media.rtpmap(format)?;
    let pt = payload_type(format)?;
    match map.encoding.to_ascii_uppercase().as_str() {
        "PCMU" if map.clock == 8000 => Some(Codec::Pcmu(pt)),
        "PCMA" if map.clock == 8000 => Some(Codec::Pcma(pt)),
        _ => None,
    }
}

/// telephone-event: the one on the codec's clock, else the first of any clock.
fn dtmf_of(media: &Media) -> Option<(u8, u32)> {
    let events = || {
        media.formats.iter().filter_map(|format| {
            let map = media.rtpmap(format).filter(|m| m.encoding.eq_ignore_ascii_case("telephone-event"))?;
            Some((payload_type(format)?, map.clock))
        })
    };
    events().find(|(_, clock)| *clock == 8000).or_else(|| events().next())
}

/// RFC 3550: seven bits.
fn payload_type(format: &str) -> Option<u8> {
    format.parse().ok().filter(|pt| *pt < 128)
}

fn description(local: LocalMedia) -> Session {
    let family = if local.addr.is_ipv6() { "IP6" } else { "IP4" };
    let ip = local.addr.ip();
    Session {
        origin: format!("offhook {} {} IN {family} {ip}", local.session_id, local.version),
        connection: Some(ip.to_string()),
        ..Session::default()
    }
}

fn rejected(offered: &Media) -> Media {
    let (kind, protocol, formats) = (offered.kind.clone(), offered.protocol.clone(), offered.formats.clone());
    Media { kind, port: 0, protocol, formats, ..Media::default() }
}

fn accepted(agreed: &Agreed, local: LocalMedia, offered: &Media) -> Media {
    let (pt, name) = match agreed.codec {
        Codec::Pcmu(pt) => (pt, "PCMU"),
        Codec::Pcma(pt) => (pt, "PCMA"),
    };
    let mut formats = vec![pt.to_string()];
    let mut attributes = vec![format!("rtpmap:{pt} {name}/8000")];
    if let Some(dtmf) = agreed.dtmf_pt {
        formats.push(dtmf.to_string());
        attributes.push(format!("rtpmap:{dtmf} telephone-event/{}", agreed.dtmf_clock));
        attributes.push(format!("fmtp:{dtmf} 0-16"));
    }
    attributes.push(format!("ptime:{}", agreed.ptime));
    attributes.push(agreed.direction.name().into());
    let (kind, protocol) = (offered.kind.clone(), offered.protocol.clone());
    Media { kind, port: local.addr.port(), protocol, formats, attributes, ..Media::default() }
}
