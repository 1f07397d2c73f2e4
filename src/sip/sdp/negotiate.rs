//! Offer and answer of one audio stream with telephone-event.

use std::net::{IpAddr, SocketAddr};

use super::protect::{Offered, Protection, protect};
use super::session::{Direction, Media, Session, usable};
use super::terms::{Encoding, Terms};

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

/// A codec both sides speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// Which.
    pub encoding: Encoding,
    /// Payload type on the wire, both ways.
    pub payload_type: u8,
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
    /// Comfort noise (payload type 13) may come.
    pub comfort_noise: bool,
    /// Opus: they can use redundancy in the next packet; they want pauses left out.
    pub fec: bool,
    /// See `fec`.
    pub dtx: bool,
    /// Packet length the other side wants, milliseconds.
    pub ptime: u16,
    /// What we do: `SendOnly` means we send and the other side is silent.
    pub direction: Direction,
    /// SRTP; none: plain RTP.
    pub protection: Option<Protection>,
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
    /// No audio over RTP.
    #[error("no audio stream over RTP/AVP, RTP/SAVP or UDP/TLS/RTP/SAVP is offered")]
    NoAudio,
    /// No common codec.
    #[error("none of our codecs is offered")]
    NoCodec,
    /// Plain media where it must be protected, protected media where it must not be, or no cipher and key we can use.
    #[error("the media offered is not protected the way it has to be here")]
    Security,
    /// No address, a name, or a multicast group.
    #[error("the audio stream has no unicast IP address in its c= line")]
    NoAddress,
}

/// Answers an offer: the first audio stream that fits is taken, every other one is rejected with port 0.
///
/// # Errors
/// [`Refusal`] when no stream fits; the first audio stream's reason.
pub fn negotiate(offer: &Session, local: LocalMedia, terms: &Terms) -> Result<Negotiated, Refusal> {
    let (chosen, agreed) = choose(offer, terms, None)?;
    let mut answer = description(local);
    answer.media = offer.media.iter().map(rejected).collect();
    if let Some(section) = answer.media.get_mut(chosen) {
        *section = accepted(&agreed, local, &offer.media[chosen], terms);
    }
    Ok(Negotiated { answer: answer.to_string(), agreed })
}

/// Our offer: our codecs in our order, telephone-event on their clocks.
pub fn offer(local: LocalMedia, terms: &Terms) -> String {
    offer_with_dtmf(local, DTMF_PT, terms)
}

/// [`offer`] with telephone-event under a payload type of the caller's choice.
pub fn offer_with_dtmf(local: LocalMedia, dtmf_pt: u8, terms: &Terms) -> String {
    let mut media = Media { kind: "audio".into(), port: local.addr.port(), ..Media::default() };
    let offered = Offered::of(terms);
    media.protocol = offered.protocol().into();
    for encoding in &terms.codecs {
        let pt = encoding.payload_type();
        media.formats.push(pt.to_string());
        media.attributes.push(format!("rtpmap:{pt} {}", encoding.map()));
        if *encoding == Encoding::Opus {
            media.attributes.push(format!("fmtp:{pt} {OPUS_PARAMETERS}"));
        }
    }
    let fast = terms.codecs.contains(&Encoding::Opus).then_some((DTMF_FAST_PT, 48_000));
    for (pt, clock) in [(dtmf_pt, 8_000)].into_iter().chain(fast) {
        media.formats.push(pt.to_string());
        media.attributes.extend([format!("rtpmap:{pt} telephone-event/{clock}"), format!("fmtp:{pt} 0-16")]);
    }
    media.attributes.extend(offered.lines(terms));
    media.attributes.extend([format!("ptime:{}", local.ptime), "sendrecv".into()]);
    let mut session = description(local);
    session.media.push(media);
    session.to_string()
}

/// Reads the answer to [`offer`].
///
/// # Errors
/// [`Refusal`] when the answer takes nothing we can speak.
pub fn accept_answer(answer: &Session, terms: &Terms) -> Result<Agreed, Refusal> {
    choose(answer, terms, Some(&Offered::of(terms))).map(|(_, agreed)| agreed)
}

/// Payload type we give telephone-event when we offer.
const DTMF_PT: u8 = 101;
const DTMF_FAST_PT: u8 = 110;

/// Comfort noise, RFC 3389.
const COMFORT_NOISE_PT: &str = "13";

/// We decode to 16 kHz, mono; lost packets are recovered from the next.
const OPUS_PARAMETERS: &str = "maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1";

/// Packet lengths we send, milliseconds; others are answered with the nearest.
const PTIME_MS: (u16, u16) = (10, 60);

/// Packet length when nothing is said (RFC 3551), milliseconds.
const PTIME_DEFAULT_MS: u16 = 20;

/// The first stream that fits. `offered` is what we offered when this is an answer.
fn choose(session: &Session, terms: &Terms, offered: Option<&Offered>) -> Result<(usize, Agreed), Refusal> {
    let mut first = None;
    // Who offers a stream both ways gets the protected one.
    let (protected, plain): (Vec<usize>, Vec<usize>) =
        (0..session.media.len()).partition(|&at| session.media[at].protocol.contains("SAVP"));
    for at in protected.into_iter().chain(plain) {
        let media = &session.media[at];
        match agree(session, media, terms, offered) {
            Ok(agreed) => return Ok((at, agreed)),
            Err(refusal) if media.kind == "audio" => first = first.or(Some(refusal)),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or(Refusal::NoAudio))
}

fn agree(session: &Session, media: &Media, terms: &Terms, offered: Option<&Offered>) -> Result<Agreed, Refusal> {
    if media.kind != "audio" || media.port == 0 {
        return Err(Refusal::NoAudio);
    }
    let protection = protect(session, media, terms, offered)?;
    let codec = codec_of(media, terms).ok_or(Refusal::NoCodec)?;
    let host = session.connection_of(media).ok_or(Refusal::NoAddress)?;
    let ip: Option<IpAddr> = usable(host).map_err(|()| Refusal::NoAddress)?;
    let dtmf = dtmf_of(media, codec.encoding.clock());
    let parameters = media.fmtp(&codec.payload_type.to_string()).unwrap_or_default();
    let asked = |name: &str| parameters.split(';').any(|one| one.trim().eq_ignore_ascii_case(name));
    Ok(Agreed {
        remote: ip.map(|ip| SocketAddr::new(ip, media.port)),
        codec,
        dtmf_pt: dtmf.map(|(pt, _)| pt),
        dtmf_clock: dtmf.map_or(8000, |(_, clock)| clock),
        comfort_noise: media.formats.iter().any(|format| format == COMFORT_NOISE_PT),
        fec: asked("useinbandfec=1"),
        dtx: asked("usedtx=1"),
        ptime: packet_ms(media),
        direction: session.direction_of(media).mirrored(),
        protection,
    })
}

/// Of what both speak, what we like best; what we like equally in their order.
fn codec_of(media: &Media, terms: &Terms) -> Option<Codec> {
    let known = media.formats.iter().filter_map(|format| {
        let map = media.rtpmap(format)?;
        let encoding = Encoding::from_name(&map.encoding).filter(|encoding| encoding.clock() == map.clock)?;
        Some((terms.rank(encoding)?, Codec { encoding, payload_type: payload_type(format)? }))
    });
    known.min_by_key(|(rank, _)| *rank).map(|(_, codec)| codec)
}

/// What they ask for, but no longer than they can take.
fn packet_ms(media: &Media) -> u16 {
    let longest = media.attributes.iter().find_map(|line| line.strip_prefix("maxptime:")?.trim().parse().ok());
    let wanted = media.ptime.filter(|p| *p > 0).unwrap_or(PTIME_DEFAULT_MS);
    wanted.min(longest.unwrap_or(PTIME_MS.1)).clamp(PTIME_MS.0, PTIME_MS.1)
}

/// telephone-event: the one on the codec's clock, else the usual one, else the first.
fn dtmf_of(media: &Media, codec_clock: u32) -> Option<(u8, u32)> {
    let events = || {
        media.formats.iter().filter_map(|format| {
            let map = media.rtpmap(format).filter(|m| m.encoding.eq_ignore_ascii_case("telephone-event"))?;
            Some((payload_type(format)?, map.clock))
        })
    };
    let on = |wanted: u32| events().find(|(_, clock)| *clock == wanted);
    on(codec_clock).or_else(|| on(8_000)).or_else(|| events().next())
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

fn accepted(agreed: &Agreed, local: LocalMedia, offered: &Media, terms: &Terms) -> Media {
    let Codec { encoding, payload_type: pt } = agreed.codec;
    let mut formats = vec![pt.to_string()];
    let mut attributes = vec![format!("rtpmap:{pt} {}", encoding.map())];
    if encoding == Encoding::Opus {
        attributes.push(format!("fmtp:{pt} {OPUS_PARAMETERS}"));
    }
    if agreed.comfort_noise {
        formats.push(COMFORT_NOISE_PT.into());
        attributes.push(format!("rtpmap:{COMFORT_NOISE_PT} CN/8000"));
    }
    if let Some(dtmf) = agreed.dtmf_pt {
        formats.push(dtmf.to_string());
        attributes.push(format!("rtpmap:{dtmf} telephone-event/{}", agreed.dtmf_clock));
        attributes.push(format!("fmtp:{dtmf} 0-16"));
    }
    attributes.extend(agreed.protection.iter().flat_map(|protection| protection.lines(terms)));
    attributes.push(format!("ptime:{}", agreed.ptime));
    attributes.push(agreed.direction.name().into());
    let (kind, protocol) = (offered.kind.clone(), offered.protocol.clone());
    Media { kind, port: local.addr.port(), protocol, formats, attributes, ..Media::default() }
}
